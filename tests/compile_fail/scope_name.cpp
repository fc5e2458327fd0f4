// A scope that TensorFlow would refuse too.
// first: scope: no valid name
// first: a b
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;
constexpr auto a = placeholder<"a", float>;

#ifdef KILN_SHOULD_FAIL
constexpr auto z = scope<"a b">([](value x) { return x * 2; }, a);
#else
constexpr auto z = scope<"a_b">([](value x) { return x * 2; }, a);
#endif
