// A function with an input that nothing needs.
// first: function: unused input
// first: y.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double, 3>;
constexpr auto y = placeholder<"y", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x, y), square(x));
#else
auto f = function(inputs(x), square(x));
#endif
