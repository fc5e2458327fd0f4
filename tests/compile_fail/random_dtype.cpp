// Normally distributed integers.
// first: random_normal: not for this dtype
// first: int32
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto noise = random_normal<>(shape<int, 3>);
#else
constexpr auto noise = random_normal<>(shape<float, 3>);
#endif
