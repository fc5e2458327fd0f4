// A comparison of symbols is a symbol: no silent bool.
// first: (could not convert|value of type|cannot convert|.*bool)
// expect: if \(x > y\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
constexpr auto y = placeholder<"y", float>;
constexpr auto larger() {
#ifdef KILN_SHOULD_FAIL
    if (x > y) return x;
    return y;
#else
    return where(x > y, x, y);
#endif
}
