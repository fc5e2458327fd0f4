// A call through a profile is checked as a call of the function.
// first: call: one argument for each input
// first: 1 given.*inputs: x, y
// max-lines: 15
#include <kiln/kiln.hpp>
#include <kiln/run/profile.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
double user() {
    auto f = function(inputs(x, y), x * y);
    profile p(f);
#ifdef KILN_SHOULD_FAIL
    return p(2.0);
#else
    return p(2.0, 3.0);
#endif
}
