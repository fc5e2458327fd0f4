// LAYERS traced layers with the gradient of their sum: what a deep model costs the compiler.
#include <kiln/kiln.hpp>

#include <cmath>

using namespace kiln;

#ifndef LAYERS
#define LAYERS 50
#endif

constexpr auto x = placeholder<"x", float, "batch", 16>;
constexpr auto weights = variable<"w", float, 16, 16>(random_normal<0.0, 0.1>);
constexpr auto y = trace([](value h, value w) {
    for (int i = 0; i < LAYERS; ++i) h = tanh(matmul(h, w)) + 0.5 * h;
    return sum(h);
}, x, weights);

int main() {
    auto f = function(inputs(x), outputs(y, grad(y, weights)));
    session s(f);
    s.initialize(1);
    tensor<float, dynamic, 16> in(8);
    in.fill(0.1f);
    const auto [total, slope] = f(s, in);
    return std::isfinite(total) && std::isfinite(slope(0, 0)) && slope(0, 0) != 0 ? 0 : 1;
}
