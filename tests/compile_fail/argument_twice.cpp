// An input that is given twice, and another one not at all.
// first: call: an input is given twice
// first: x.*inputs: x, y
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
double user() {
    auto f = function(inputs(x, y), x * y);
#ifdef KILN_SHOULD_FAIL
    return f(x = 2.0, x = 1.0);
#else
    return f(x = 2.0, y = 1.0);
#endif
}
