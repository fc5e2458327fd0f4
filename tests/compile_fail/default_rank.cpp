// A default of another rank.
// first: default: a number for a tensor
// first: x: \(3\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 3>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x = 1), sum(x));
#else
auto f = function(inputs(x = tensor{1.f, 2.f, 3.f}), sum(x));
#endif
