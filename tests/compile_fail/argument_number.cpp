// A number where a tensor is wanted.
// first: call: a number for a tensor
// first: x: \(\\?"n\\?"\)
// max-lines: 15
#include <kiln/kiln.hpp>

#include <vector>
using namespace kiln;

constexpr auto x = placeholder<"x", float, "n">;
float user(const std::vector<float>& v) {
    auto f = function(inputs(x), sum(x));
#ifdef KILN_SHOULD_FAIL
    return f(v.front());
#else
    return f(v);
#endif
}
