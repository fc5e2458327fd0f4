// The gradient of an integer.
// first: grad: the cost is no floating number
// first: int64
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, "n">;
#ifdef KILN_SHOULD_FAIL
constexpr auto d = grad(argmax(x), x);
#else
constexpr auto d = grad(max(x), x);
#endif
