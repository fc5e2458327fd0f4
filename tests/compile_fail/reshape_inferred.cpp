// reshape where the inferred extent does not come out even.
// first: reshape: -1 does not come out even
// first: \(\\?"batch\\?", 6\).*\(4, -1\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, "batch", 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = reshape<4, -1>(x);
#else
constexpr auto y = reshape<-1, 2>(x);
#endif
