// An input that is an expression, but none that the results are computed from.
// first: function: unused input
// first: square.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x, square(x)), x + 1_c);
#else
auto f = function(inputs(x, square(x)), square(x) + x);
#endif
