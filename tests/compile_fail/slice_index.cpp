// An index that the first axis does not have, in a trace: the user's line is named too.
// first: slice: index out of range
// first: \(4, 6\).*index 4
// first: slice_index\.cpp:15
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int last = 4;
#else
constexpr int last = -1;
#endif
constexpr auto x = placeholder<"x", float, 4, 6>;
constexpr auto y = trace([](value v) { return v[last] * 2; }, x);
