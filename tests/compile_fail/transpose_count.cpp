// transpose with fewer axes than the operand has.
// first: transpose: axes are no permutation
// first: \(2, 3, 4\).*axes 1, 0
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 2, 3, 4>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = transpose<1, 0>(x);
#else
constexpr auto y = transpose<1, 0, 2>(x);
#endif
