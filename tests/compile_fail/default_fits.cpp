// A constant as a default that the dtype cannot hold.
// first: number: does not fit the dtype
// first: 300.*int8
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", std::int8_t>;
#ifdef KILN_SHOULD_FAIL
auto f = function(inputs(x = 300_c), x);
#else
auto f = function(inputs(x = 100_c), x);
#endif
