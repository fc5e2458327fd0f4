// A function that is profiled, whose kernels have names.
#include <kiln/kiln.hpp>
#include <kiln/run/profile.hpp>

#include <cstdio>

using namespace kiln;

constexpr auto x = placeholder<"x", float, "n">;

int main() {
    auto f = function(inputs(x), tanh(x) * 2_c);
    profile p(f);
    p(tensor<float, 3>());
    std::puts(p.table().c_str());
}
