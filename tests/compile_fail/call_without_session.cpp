// A function with variables that is called without a session.
// first: call: the function has variables
// first: w.*use f\(session, \.\.\.\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
float user(const tensor<float, 3>& data) {
    auto f = function(inputs(x), sum(x * w));
    session s(f);
#ifdef KILN_SHOULD_FAIL
    return f(data);
#else
    return f(s, data);
#endif
}
