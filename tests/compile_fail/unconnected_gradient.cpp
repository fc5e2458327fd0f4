// The derivative with respect to what the cost does not depend on.
// first: grad: the cost does not depend on it
// first: y.*use zeros
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
#ifdef KILN_SHOULD_FAIL
constexpr auto d = grad(square(x), y);
#else
constexpr auto d = grad(square(x), x);
#endif
