// eval with a value for an expression that the result is not computed from.
// first: function: unused input
// first: square.*\(\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
#ifdef KILN_SHOULD_FAIL
static_assert(eval(sqrt(x), square(x) = 2, x = 4) == 2);
#else
static_assert(eval(sqrt(x) + square(x), square(x) = 2, x = 4) == 4);
#endif
