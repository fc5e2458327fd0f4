// A comparison of symbols is a symbol: no silent bool.
// first: a symbol is no bool:
// first: use where
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
constexpr auto y = placeholder<"y", float>;
constexpr auto larger() {
#ifdef KILN_SHOULD_FAIL
    if (x > y) return 1;
    return 0;
#else
    return where(x > y, x, y);
#endif
}
