// A struct for the outputs with more members than there are outputs.
// first: as: one member for each output
// first: 2 outputs.*3 members
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float>;
struct report {
    float loss, twice;
#ifdef KILN_SHOULD_FAIL
    float more;
#endif
};
float user() {
    auto f = function(inputs(x), outputs(square(x), x * 2_c));
    return f.as<report>(1).loss;
}
