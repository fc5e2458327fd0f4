// A slice from the end to a position from the start: how long it is depends on the extent, which only a call knows.
// first: slice: the extent cannot be told
// first: \(\\?"batch\\?"\).*axis 0
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, "batch">;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = slice<-3, 2>(x);
#else
constexpr auto y = slice<-3, none>(x);
#endif
