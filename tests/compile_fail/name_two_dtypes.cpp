// One name with two dtypes.
// first: one name, two dtypes: x
// first: float32.*float64
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr char name[] = "x";
#else
constexpr char name[] = "y";
#endif
constexpr auto x = placeholder<"x", float>;
constexpr auto y = placeholder<name, double>;
constexpr auto z = cast<double>(x) + y;
