// The same inside a trace.
// first: (could not convert|value of type|cannot convert|.*bool)
// expect: if \(a > b\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
constexpr auto y = placeholder<"y", float>;
constexpr auto z = trace([](value a, value b) {
#ifdef KILN_SHOULD_FAIL
    if (a > b) return a;
    return b;
#else
    return where(a > b, a, b);
#endif
}, x, y);
