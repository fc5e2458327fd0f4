// A traced function that captures.
// first: trace: the function captures
// first: static constexpr
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
auto user([[maybe_unused]] float slope) {
#ifdef KILN_SHOULD_FAIL
    return trace([slope](value h) { return h * slope; }, x);
#else
    return trace([](value h) { return h * 2.0; }, x);
#endif
}
