// reshape to another number of elements.
// first: reshape: counts of elements differ
// first: \(4, 6\).*\(5, 5\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = reshape<5, 5>(x);
#else
constexpr auto y = reshape<3, 8>(x);
#endif
