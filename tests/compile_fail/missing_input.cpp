// A function whose result needs a placeholder that is no input.
// first: function: missing input
// first: y.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, 3>;
constexpr auto y = placeholder<"y", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), x * y);
#else
auto f = function(inputs(x, y), x * y);
#endif
