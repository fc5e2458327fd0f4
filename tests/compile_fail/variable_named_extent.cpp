// A variable with an extent that only run time knows.
// first: variable: the shape must be static
// first: \(\\?"n\\?", 3\).*w
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto w = variable<"w", float, "n", 3>(zeros);
#else
constexpr auto w = variable<"w", float, 2, 3>(zeros);
#endif
