// Convolutions and their gradients as kernels have them: windows that lie nowhere, gradients of images as convolutions.
#include "compare.hpp"

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, "n", 7, 9, 16>;
constexpr auto line = placeholder<"line", double, "n", 20, 18>;
constexpr auto few = placeholder<"few", float, "n", 12, 12, 1>;
constexpr auto w = placeholder<"w", float, 3, 2, 16, 20>;
constexpr auto taps = placeholder<"taps", double, 4, 18, 16>;
constexpr auto w5 = placeholder<"w5", float, 5, 5, 1, 6>;

template <class Y, class X, class W>
void with_gradients(Y y, X image, W filters) {
    const auto loss = sum(square(y));
    auto f = function(inputs(image, filters), outputs(y, grad(loss, image), grad(loss, filters)));
    for (const i64 n : {1, 3}) compare(f, {{"n", n}}, {.tolerance = 1e3});
    compare_threads(f, {{"n", 5}});
}

TEST_CASE("convolutions with gradients", "[cpu][convolutions]") {
    with_gradients(conv2d<same>(x, w), x, w);
    with_gradients(relu(conv2d<valid, dilations<2, 3>>(x, w)), x, w);
    with_gradients(conv2d<strides<2, 1>, same>(x, w), x, w);
    with_gradients(conv1d<same>(line, taps), line, taps);
    with_gradients(conv2d<same>(few, w5), few, w5);   // one channel, and columns of less than a vector
}
TEST_CASE("transposed convolutions with gradients", "[cpu][convolutions]") {
    static constexpr auto back = placeholder<"back", float, 3, 2, 20, 16>;
    with_gradients(conv2d_transpose<valid>(x, back), x, back);
}

}  // namespace
}  // namespace kiln::testing
