// A symbol has its name already.
// first: named: a symbol has its name
// first: total
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;
constexpr auto a = placeholder<"a", float>;

#ifdef KILN_SHOULD_FAIL
constexpr auto z = named<"total">(a);
#else
constexpr auto z = named<"total">(a * 2_c);
#endif
