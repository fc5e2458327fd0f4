// A name that TensorFlow would refuse too.
// first: symbol: no valid name
// first: learning rate.*letters, digits
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr auto rate = placeholder<"learning rate", float>;
#else
constexpr auto rate = placeholder<"learning_rate", float>;
#endif
constexpr auto z = rate * 2_c;
