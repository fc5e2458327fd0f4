// A default that is computed from another input.
// first: default: an expression is no value
// first: b.*use givens
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(a, b = 2_c * a), a + b);
#else
auto f = function(inputs(a), a + b, givens(b = 2_c * a));
#endif
