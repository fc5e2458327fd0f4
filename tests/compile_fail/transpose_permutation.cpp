// transpose with axes that are no permutation.
// first: transpose: axes are no permutation
// first: \(2, 3, 4\).*axes 0, 0, 1
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 2, 3, 4>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = transpose<0, 0, 1>(x);
#else
constexpr auto y = transpose<2, 0, 1>(x);
#endif
