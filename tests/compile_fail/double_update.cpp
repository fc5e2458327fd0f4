// Two new values for one variable.
// first: updates: two values for a variable
// first: w.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto v = variable<"v", float, 3>(zeros);
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), sum(w), updates(assign(w, w + x), assign(w, x)));
#else
auto f = function(inputs(x), sum(w), updates(assign(w, w + x), assign(v, x)));
#endif
