// Shapes that do not broadcast; a name broadcasts with itself and with 1 alone.
// first: add: shapes do not broadcast
// first: \(\\?"batch\\?", 3\).*\(\\?"batch\\?", 4\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int n = 4;
#else
constexpr int n = 1;
#endif
constexpr auto x = placeholder<"x", float, "batch", 3>;
constexpr auto y = placeholder<"y", float, "batch", n>;
constexpr auto z = tanh(x + y);
