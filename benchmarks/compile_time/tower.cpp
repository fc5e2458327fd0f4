// LAYERS traced layers with the gradient of their sum: what a deep model costs the compiler.
#include <kiln/kiln.hpp>

using namespace kiln;

#ifndef LAYERS
#define LAYERS 50
#endif

constexpr auto x = placeholder<"x", float, "batch", 16>;
constexpr auto w = variable<"w", float, 16, 16>(random_normal<0.0, 0.1>);
constexpr auto y = trace([](value h, value w) {
    for (int i = 0; i < LAYERS; ++i) h = tanh(matmul(h, w)) + 0.5 * h;
    return sum(h);
}, x, w);

int main() {
    auto f = function(inputs(x), outputs(y, grad(y, w)));
    session s(f);
    s.initialize(1);
    tensor<float, dynamic, 16> in(8);
    auto [c, g] = f(s, in);
    return c == 0 && g(0, 0) == 0 ? 0 : 1;   // of no input
}
