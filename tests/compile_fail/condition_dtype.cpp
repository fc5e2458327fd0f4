// where with a condition that is no bool.
// first: where: the condition is no bool
// first: float32.*bool
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = where(x, x, 0_c * x);
#else
constexpr auto y = where(x > 0_c, x, 0_c * x);
#endif
