// A new value of another dtype.
// first: assign: dtypes differ, use cast
// first: float32.*float64
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto d = placeholder<"d", double, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(d), sum(w), updates(assign(w, d)));
#else
auto f = function(inputs(d), sum(w), updates(assign(w, cast<float>(d))));
#endif
