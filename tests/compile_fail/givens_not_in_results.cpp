// givens of an expression that the results are not computed from.
// first: givens: no result contains it
// first: exp.*\(\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), square(x), givens(exp(x) = 2_c * x));
#else
auto f = function(inputs(x), square(x) + x, givens(square(x) = 2_c * x));
#endif
