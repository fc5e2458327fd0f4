// A call by name with an input that the function does not have.
// first: call: there is no such input
// first: q.*inputs: x, y
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
constexpr auto q = placeholder<"q", double>;
double user() {
    auto f = function(inputs(x, y), x * y);
#ifdef KILN_SHOULD_FAIL
    return f(x = 2.0, q = 1.0);
#else
    return f(x = 2.0, y = 1.0);
#endif
}
