// An input without a default after one that has one.
// first: inputs: it needs a default too
// first: b.*since it comes after a
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(a = 1, b), a + b);
#else
auto f = function(inputs(b, a = 1), a + b);
#endif
