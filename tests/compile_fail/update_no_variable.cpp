// An update of what is no variable.
// first: assign: the target is no variable
// first: placeholder.*\(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x), sum(w), updates(assign(x, w)));
#else
auto f = function(inputs(x), sum(w), updates(assign(w, x)));
#endif
