// The same inside a trace. (The words are the compiler's: a conversion of values to bool would make `a || b` ambiguous.)
// first[g++]: could not convert .* from 'kiln::value' to 'bool'
// first[clang]: value of type 'value' is not contextually convertible to 'bool'
// expect: if \(a > b\)
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
