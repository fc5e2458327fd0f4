// An optimizer on a loss without variables.
// first: sgd: the loss has no variables
// first: \(\).*nothing to train
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), updates(nn::sgd(sum(square(x)), 0.1_c)));
#else
auto f = function(inputs(x), updates(nn::sgd(sum(square(x - w)), 0.1_c)));
#endif
