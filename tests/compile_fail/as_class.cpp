// A class with a constructor for the outputs.
// first: as: this is no plain struct
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
struct report {
#ifdef KILN_SHOULD_FAIL
    explicit report(float t) : twice(t) {}
#endif
    float twice;
};
float user() {
    auto f = function(inputs(x), x * 2_c);
    return f.as<report>(1).twice;
}
