// A number that only run time knows as a rate.
// first: a number between expressions
// first: write 2\.5_c, or a placeholder
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), updates(nn::sgd(sum(square(x - w)), 0.1)));
#else
auto f = function(inputs(x), updates(nn::sgd(sum(square(x - w)), 0.1_c)));
#endif
