// A call with a value for an expression that is no input of the function.
// first: call: there is no such input
// first: exp.*inputs: x, square#input1
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
double user() {
    auto f = function(inputs(x, square(x)), square(x) + x);
#ifdef KILN_SHOULD_FAIL
    return f(x = 2, exp(x) = 3);
#else
    return f(x = 2, square(x) = 3);
#endif
}
