// The derivative with respect to an integer.
// first: grad: with respect to an integer
// first: n: int32.*cast
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using T = int;
#else
using T = double;
#endif
constexpr auto n = placeholder<"n", T>;
constexpr auto x = placeholder<"x", double>;
constexpr auto d = grad(x * cast<double>(n), n);
