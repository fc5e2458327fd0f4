// An input that only stands below another one is not needed.
// first: function: unused input
// first: x.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x, square(x)), square(x) + 1_c);
#else
auto f = function(inputs(square(x)), square(x) + 1_c);
#endif
