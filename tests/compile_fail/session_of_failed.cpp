// One mistake is one error: what is made of a function that was refused is silent.
// first: function: missing input
// first: y.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto y = placeholder<"y", float, 3>;
float user(const tensor<float, 3>& data) {
#ifdef KILN_SHOULD_FAIL
    auto f = function(inputs(x), sum(x * y * w));
#else
    auto f = function(inputs(x, y), sum(x * y * w));
#endif
    session s(f);
    s.initialize();
    s[w] = data;
    const float cost = f(s, data, data);
    return cost;
}
