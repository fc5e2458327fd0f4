// A convolution of few channels that does what a maximum pool makes of it, and its gradient, which computes what the pool's is.
#include "compare.hpp"

namespace kiln::testing {
namespace {

/// What a contraction does in place of operations on windows: of its right operand (1), of its result (2).
template <class F>
int done_within(const F&, int which) {
    using L = typename F::L;
    int n = 0;
    for (int q = 0; q < L::n_nodes; ++q) n += L::maps.within[q][which] != 0;
    return n;
}
constexpr auto image = placeholder<"image", float, "n", 9, 10, 3>;
constexpr auto w = placeholder<"w", float, 3, 3, 3, 4>;
constexpr auto bias = placeholder<"bias", float, 4>;

template <class P, class X, class W, class B>
void pooled(P p, X x, W filters, B b) {
    const auto loss = sum(square(p));
    auto forward = function(inputs(x, filters, b), p);
    auto training = function(inputs(x, filters, b), outputs(p, grad(loss, filters), grad(loss, b)));
    auto deeper = function(inputs(x, filters, b), outputs(loss, grad(loss, filters), grad(loss, x)));   // the slope has two readers
    CHECK(done_within(forward, 2) == 1);
    CHECK(done_within(training, 2) == 1);
    CHECK(done_within(training, 1) == 1);
    CHECK(done_within(deeper, 2) == 1);
    if constexpr (decltype(deeper)::L::target.vector_bytes == 64) CHECK(done_within(deeper, 1) == 0);   // shorter vectors sum at its places instead
    for (const i64 n : {0, 1, 3, 4, 5, 16, 21}) {
        compare(forward, {{"n", n}}, {.tolerance = 1e3});
        compare(training, {{"n", n}}, {.tolerance = 1e3});
    }
    compare(deeper, {{"n", 19}}, {.tolerance = 1e3});
    compare_threads(training, {{"n", 37}});
}

TEST_CASE("pools of convolutions", "[cpu][pooled_lanes]") {
    pooled(max_pool<window<2, 2>>(relu(conv2d<same>(image, w) + bias)), image, w, bias);   // 9 rows: the last is seen by no window
    pooled(max_pool<window<3, 2>, strides<3, 3>>(relu(conv2d<valid>(image, w) + bias)), image, w, bias);
    pooled(max_pool<window<1, 3>>(conv2d<strides<2, 1>, same>(image, w) + bias), image, w, bias);
}
TEST_CASE("pools of what is made of convolutions", "[cpu][pooled_lanes]") {
    static constexpr auto doubles = placeholder<"doubles", double, "n", 8, 8, 2>;
    static constexpr auto taps = placeholder<"taps", double, 3, 3, 2, 2>;
    static constexpr auto scale = placeholder<"scale", double>;
    auto curved = function(inputs(image, w, bias), max_pool<window<2, 2>>(tanh(conv2d<valid>(image, w) * bias + square(bias))));
    auto scaled = function(inputs(doubles, taps, scale), max_pool<window<4, 2>>(conv2d<same>(doubles, taps) * exp(scale)));
    auto bare = function(inputs(image, w), max_pool<window<2, 2>>(conv2d<same>(image, w)));
    const auto y = relu(conv2d<same>(image, w) + bias);
    auto also_stored = function(inputs(image, w, bias), outputs(y, max_pool<window<2, 2>>(y)));
    auto overlapping = function(inputs(image, w, bias), max_pool<window<3, 3>, strides<2, 2>>(y));
    CHECK(done_within(curved, 2) == 1);
    CHECK(done_within(bare, 2) == 1);
    CHECK(done_within(also_stored, 2) == 0);
    CHECK(done_within(overlapping, 2) == 0);
    for (const i64 n : {1, 18}) {
        compare(curved, {{"n", n}}, {.tolerance = 1e3});
        compare(scaled, {{"n", n}}, {.tolerance = 1e3});
        compare(bare, {{"n", n}}, {.tolerance = 1e3});
        compare(also_stored, {{"n", n}}, {.tolerance = 1e3});
        compare(overlapping, {{"n", n}}, {.tolerance = 1e3});
    }
}
TEST_CASE("pools of a constant number of images", "[cpu][pooled_lanes]") {
    static constexpr auto many = placeholder<"many", float, 17, 9, 10, 3>;
    static constexpr auto few = placeholder<"few", float, 3, 9, 10, 3>;
    const auto pool = [](auto x) { return function(inputs(x, w, bias), max_pool<window<2, 2>>(relu(conv2d<same>(x, w) + bias))); };
    auto of_many = pool(many);
    auto of_few = pool(few);
    CHECK(done_within(of_many, 2) == 1);
    compare(of_many, {}, {.tolerance = 1e3});
    compare(of_few, {}, {.tolerance = 1e3});
}

}  // namespace
}  // namespace kiln::testing
