// The branches of cond differ in dtype.
// first: cond: the branches differ in dtype
// first: int64.*float32
// first: cond_dtypes\.cpp:[0-9]+
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = trace([](value h) {
#ifdef KILN_SHOULD_FAIL
    return cond(sum(h) > 0, [&] { return argmax(h); }, [&] { return sum(h); });
#else
    return cond(sum(h) > 0, [&] { return max(h); }, [&] { return sum(h); });
#endif
}, x);
