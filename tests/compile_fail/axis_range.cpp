// An axis that the operand does not have.
// first: sum: axis out of range
// first: \(4, 6\).*axis 2
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = sum<2>(x);
#else
constexpr auto y = sum<-2>(x);
#endif
