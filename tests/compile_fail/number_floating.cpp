// A floating number beside an integer.
// first: number: not for this dtype, use cast
// first: 2\.5.*int32
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", int>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = x * 2.5_c;
#else
constexpr auto y = x * 2_c;
#endif
