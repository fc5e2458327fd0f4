// More slices than the operand has axes.
// first: slice: more slices than axes
// first: \(4, 6\).*slices of axes: 3
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = slice<range<1, none>, range<>, range<0, 2>>(x);
#else
constexpr auto y = slice<range<1, none>, range<0, 2>>(x);
#endif
