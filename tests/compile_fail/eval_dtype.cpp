// eval with a tensor of another element type.
// first: call: dtypes differ
// first: x: float32.*float64
// max-lines: 15
#include <kiln/kiln.hpp>

#include <vector>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using T = double;
#else
using T = float;
#endif
constexpr auto x = placeholder<"x", float, "n">;
float user(const std::vector<T>& v) {
    return eval(sum(x), x = v);
}
