// Widths of a pad for some of the axes.
// first: pad: one width, or one for each axis
// first: \(4, 6\).*widths: 3
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = pad<width<1>, width<0>, width<2>>(x);
#else
constexpr auto y = pad<width<1>, width<0, 2>>(x);
#endif
