// An input that is no placeholder.
// first: function: an input is no placeholder
// first: square.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(square(x)), x + 1_c);
#else
auto f = function(inputs(x), x + 1_c);
#endif
