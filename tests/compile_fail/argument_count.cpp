// A call with fewer arguments than the function has inputs.
// first: call: one argument for each input
// first: 1 given.*inputs: x, y
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
double user() {
    auto f = function(inputs(x, y), x * y);
#ifdef KILN_SHOULD_FAIL
    return f(2.0);
#else
    return f(2.0, 3.0);
#endif
}
