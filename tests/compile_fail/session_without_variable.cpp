// A call with a session that was made without the function's variables.
// first: session: it has no variable
// first: w.*known: v
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto v = variable<"v", float, 3>(zeros);
float user(const tensor<float, 3>& data) {
    auto f = function(inputs(x), sum(x * w));
#ifdef KILN_SHOULD_FAIL
    session s(v);
#else
    session s(v, w);
#endif
    return f(s, data);
}
