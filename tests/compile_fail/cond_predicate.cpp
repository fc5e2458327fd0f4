// cond with a predicate that is no scalar.
// first: cond: wants a scalar bool
// first: \(3\).*bool
// first: cond_predicate\.cpp:[0-9]+
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = trace([](value h) {
#ifdef KILN_SHOULD_FAIL
    return cond(h > 0, [&] { return exp(h); }, [&] { return h; });
#else
    return cond(sum(h) > 0, [&] { return exp(h); }, [&] { return h; });
#endif
}, x);
