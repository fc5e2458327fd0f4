// matmul with a number.
// first: matmul: a number is no matrix
// first: \(4, 6\).*a number
// first: matmul_number\.cpp:[0-9]+
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 4, 6>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = trace([](value h) { return matmul(h, 2.0); }, x);
#else
constexpr auto y = trace([](value h) { return h * 2.0; }, x);
#endif
