// A number that the dtype cannot hold.
// first: number: does not fit the dtype
// first: 300.*int8
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", std::int8_t>;
#ifdef KILN_SHOULD_FAIL
constexpr auto y = x + 300_c;
#else
constexpr auto y = x + 100_c;
#endif
