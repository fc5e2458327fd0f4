// matmul with a scalar.
// first: matmul: both sides need an axis
// first: \(4, 6\).*\(\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
constexpr auto s = placeholder<"s", float>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = matmul(x, s);
#else
constexpr auto y = x * s;
#endif
