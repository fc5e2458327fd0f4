// The branches of cond differ in shape.
// first: cond: the branches differ in shape
// first: \(\).*\(3\)
// first: cond_shapes\.cpp:[0-9]+
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = trace([](value h) {
#ifdef KILN_SHOULD_FAIL
    return cond(sum(h) > 0, [&] { return sum(h); }, [&] { return h; });
#else
    return cond(sum(h) > 0, [&] { return exp(h); }, [&] { return h; });
#endif
}, x);
