// Two named extents are two numbers: they do not broadcast.
// first: multiply: shapes do not broadcast
// first: \(\\?"rows\\?"\).*\(\\?"columns\\?"\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto x = placeholder<"x", float, "rows">;
constexpr auto y = placeholder<"y", float, "columns">;
#else
constexpr auto x = placeholder<"x", float, "rows">;
constexpr auto y = placeholder<"y", float, "rows">;
#endif
constexpr auto z = x * y;
