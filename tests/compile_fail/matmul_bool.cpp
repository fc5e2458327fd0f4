// matmul of bool.
// first: matmul: not for this dtype
// first: bool.*a number
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using T = bool;
#else
using T = int;
#endif
constexpr auto x = placeholder<"x", T, 4, 6>;
constexpr auto w = placeholder<"w", T, 6, 2>;
constexpr auto y = matmul(x, w);
