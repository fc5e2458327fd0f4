// A value of a body that is used outside of it.
// first: body: a value used outside of it
// first: \(3\)
// first: body_value\.cpp:18
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = trace([](value h) {
    value leaked = h;
    const value y = cond(sum(h) > 0, [&] {
#ifdef KILN_SHOULD_FAIL
        leaked = exp(h);
#endif
        return leaked;
    }, [&] { return h; });
    return y + leaked;
}, x);
