// One name with two shapes.
// first: one name, two shapes: x
// first: \(3\).*\(4\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr char name[] = "x";
#else
constexpr char name[] = "y";
#endif
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = placeholder<name, float, 4>;
constexpr auto z = sum(x) + sum(y);
