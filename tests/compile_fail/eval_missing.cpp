// eval without a value for a placeholder.
// first: function: missing input
// first: b.*\(\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
#ifdef KILN_SHOULD_FAIL
static_assert(eval(a + b, a = 10) == 42);
#else
static_assert(eval(a + b, a = 10, b = 32) == 42);
#endif
