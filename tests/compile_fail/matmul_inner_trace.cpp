// The same inside a trace: the user's line is named too.
// first: matmul: inner extents differ
// first: \(\\?"batch\\?", 784\).*\(128, 10\)
// first: matmul_inner_trace\.cpp:18
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int n = 128;
#else
constexpr int n = 784;
#endif
constexpr auto x = placeholder<"x", float, "batch", 784>;
constexpr auto w = placeholder<"w", float, n, 10>;
constexpr auto y = trace([](value h, value w) {
    h = tanh(h);
    h = matmul(h, w);
    return h + 1;
}, x, w);
