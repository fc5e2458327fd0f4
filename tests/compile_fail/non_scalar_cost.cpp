// The gradient of what is no scalar.
// first: grad: the cost is no scalar
// first: \(\\?"n\\?"\).*use sum or mean
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, "n">;
#ifdef KILN_SHOULD_FAIL
constexpr auto d = grad(square(x), x);
#else
constexpr auto d = grad(sum(square(x)), x);
#endif
