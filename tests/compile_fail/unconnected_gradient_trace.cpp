// The same inside a trace.
// first: grad: the cost does not depend on it
// first: y.*use zeros
// first: unconnected_gradient_trace\.cpp:13
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
constexpr auto d = trace([](value a, [[maybe_unused]] value b) {
#ifdef KILN_SHOULD_FAIL
    return grad(square(a), b);
#else
    return grad(square(a), a);
#endif
}, x, y);
