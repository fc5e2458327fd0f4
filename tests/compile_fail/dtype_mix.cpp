// float and double do not mix by themselves.
// first: add: dtypes differ, use cast
// first: float32.*float64
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = placeholder<"y", double, 3>;
#ifdef KILN_SHOULD_FAIL
constexpr auto z = x + y;
#else
constexpr auto z = cast<double>(x) + y;
#endif
