// An argument of another rank.
// first: call: ranks differ
// first: x: \(\\?"n\\?", 3\).*rank 1
// max-lines: 15
#include <kiln/kiln.hpp>

#include <vector>
using namespace kiln;

constexpr auto x = placeholder<"x", float, "n", 3>;
float user(const std::vector<float>& v) {
    auto f = function(inputs(x), sum(x));
#ifdef KILN_SHOULD_FAIL
    return f(v);
#else
    return f(tensor_view<const float, dynamic, 3>(v.data(), 2));
#endif
}
