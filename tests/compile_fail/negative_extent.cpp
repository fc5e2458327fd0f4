// A negative extent.
// first: shape: an extent is negative
// first: -3
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto x = placeholder<"x", float, -3>;
#else
constexpr auto x = placeholder<"x", float, 3>;
#endif
