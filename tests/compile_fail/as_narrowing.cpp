// A struct for the outputs with a member that cannot hold all values of the output.
// first: as: a member has another type
// first: output 0.*std::int32_t
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", int>;
struct report {
#ifdef KILN_SHOULD_FAIL
    short twice;
#else
    long twice;
#endif
};
long user() {
    auto f = function(inputs(x), x * 2_c);
    return f.as<report>(1).twice;
}
