// The value of a random node as a constant: it needs a seed.
// expect: a_random_node_without_a_seed_has_no_constant_value
// max-lines: 15
// max-lines[clang]: 16
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto noise = random_uniform<>(shape<float>);
#else
constexpr auto noise = random_uniform<>(shape<float>, seed<7>);
#endif
static_assert(eval(noise) < 1);
