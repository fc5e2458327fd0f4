// Shapes that do not broadcast inside a trace, in a helper function of the user.
// first: subtract: shapes do not broadcast
// first: \(5, 3\).*\(5, 4\)
// first: broadcast_trace\.cpp:15
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int n = 4;
#else
constexpr int n = 3;
#endif
constexpr value difference(value a, value b) {
    return a - b;
}
constexpr auto x = placeholder<"x", float, 5, 3>;
constexpr auto y = placeholder<"y", float, 5, n>;
constexpr auto z = trace([](value a, value b) { return square(difference(a, b)); }, x, y);
