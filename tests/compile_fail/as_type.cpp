// A struct for the outputs with a member of another type.
// first: as: a member has another type
// first: output 1.*tensor<float, 10>
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto x = placeholder<"x", float, 10>;
struct report {
    float loss;
#ifdef KILN_SHOULD_FAIL
    tensor<double, 10> p;
#else
    tensor<float, 10> p;
#endif
};
float user() {
    auto f = function(inputs(x), outputs(sum(x), x * 2_c));
    return f.as<report>(tensor<float, 10>()).loss;
}
