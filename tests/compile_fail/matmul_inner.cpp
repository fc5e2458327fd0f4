// matmul of two expressions whose inner extents differ.
// first: matmul: inner extents differ
// first: \(\\?"batch\\?", 784\).*\(128, 10\)
// expect: matmul_inner\.cpp:[0-9]+:
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
constexpr auto y = matmul(x, w);
