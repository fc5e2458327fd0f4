// An axis that is named twice.
// first: mean: an axis is named twice
// first: \(4, 6\).*axis -1
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = mean<axes<1, -1>>(x);
#else
constexpr auto y = mean<axes<1, 0>>(x);
#endif
