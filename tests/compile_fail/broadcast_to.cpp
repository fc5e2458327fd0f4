// broadcast_to a shape that the operand does not broadcast to.
// first: broadcast_to: shapes do not fit
// first: \(3\).*\(2, 4\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int n = 4;
#else
constexpr int n = 3;
#endif
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = broadcast_to<2, n>(x);
