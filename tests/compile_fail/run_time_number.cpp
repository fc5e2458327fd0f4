// A number that only run time knows in an expression.
// first: a number between expressions
// first: write 2\.5_c, or a placeholder
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", double>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = x * 2.0;
#else
constexpr auto y = x * 2.0_c;
#endif
