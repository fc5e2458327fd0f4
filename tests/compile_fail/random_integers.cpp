// Random integers between bounds that are none.
// first: random_uniform: wants integer bounds
// first: int32
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto dice = random_uniform<1.0, 7.0>(shape<int, 3>);
#else
constexpr auto dice = random_uniform<1, 7>(shape<int, 3>);
#endif
