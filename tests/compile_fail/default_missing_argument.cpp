// A call without an argument for an input that has no default.
// first: call: missing input
// first: a.*inputs: a, b
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
int user() {
    auto f = function(inputs(a, b = 32), a + b);
#ifdef KILN_SHOULD_FAIL
    return f(b = 1);
#else
    return f(a = 1);
#endif
}
