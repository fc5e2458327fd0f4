// A pad of fewer elements than none.
// first: pad: a negative width
// first: \(4, 6\).*\(1, -1\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = pad<1, -1>(x);
#else
constexpr auto y = pad<1, 1>(x);
#endif
