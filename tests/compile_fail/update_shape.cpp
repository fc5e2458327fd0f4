// A new value that does not broadcast to the variable's shape.
// first: assign: shapes do not fit
// first: \(4\).*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr int n = 4;
#else
constexpr int n = 1;
#endif
constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto d = placeholder<"d", float, n>;
auto f = function(inputs(d), sum(w), updates(assign(w, d)));
