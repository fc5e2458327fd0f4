// Gradients of filters whose convolution a maximum pool looks through: sums at the places that it found.
#include "compare.hpp"

namespace kiln::testing {
namespace {

template <class F>
int sums_at_places(const F&) {
    using L = typename F::L;
    int n = 0;
    for (int q = 0; q < L::n_nodes; ++q) n += L::maps.within[q][1] != 0;
    return n;
}
/// Another reader of the slope of the pool or none. It pays with vectors of so many bytes.
template <int Least = 16, int Most = 64, class X, class W, class Y>
void with_pool(X x, W filters, Y pooled) {
    const auto loss = sum(square(pooled));
    auto alone = function(inputs(x, filters), grad(loss, filters));
    auto both = function(inputs(x, filters), outputs(grad(loss, filters), grad(loss, x)));
    if constexpr (constexpr int bytes = decltype(both)::L::target.vector_bytes; bytes >= Least && bytes <= Most) {
        CHECK(sums_at_places(alone) == 1);
        CHECK(sums_at_places(both) == 1);
    }
    for (const i64 n : {0, 1, 5, 18}) compare(alone, {{"n", n}});
    compare(both, {{"n", 19}});
    compare_threads(alone, {{"n", 37}});
    compare_threads(both, {{"n", 3}});
}
constexpr auto image = placeholder<"image", float, "n", 9, 10, 6>;
constexpr auto w = placeholder<"w", float, 3, 5, 6, 7>;

TEST_CASE("filters behind a pool", "[cpu][pooled_filters]") {
    with_pool(image, w, max_pool<window<2, 2>>(conv2d<valid>(image, w)));   // 7 rows by 6: the last row is seen by no window
    with_pool(image, w, max_pool<window<2, 2>>(relu(conv2d<same>(image, w))));
    with_pool(image, w, max_pool<window<3, 2>, strides<3, 3>>(conv2d<same>(image, w)));
    with_pool(image, w, max_pool<window<2, 3>>(conv2d<same, strides<2, 1>>(image, w)));
    with_pool<16, 32>(image, w, max_pool<window<2, 2>>(conv2d<same, strides<1, 2>>(image, w)));
    with_pool(image, w, max_pool<window<3, 2>>(conv2d<same, dilations<2, 1>>(image, w)));
}
TEST_CASE("filters of any number of channels behind a pool", "[cpu][pooled_filters]") {
    static constexpr auto to_many = placeholder<"to_many", float, 3, 3, 6, 40>;   // whole vectors and a part of one
    static constexpr auto to_two = placeholder<"to_two", float, 3, 5, 6, 2>;
    static constexpr auto wide = placeholder<"wide", float, "n", 7, 8, 16>;
    static constexpr auto of_wide = placeholder<"of_wide", float, 3, 3, 16, 16>;
    static constexpr auto narrow = placeholder<"narrow", float, "n", 8, 8, 3>;
    static constexpr auto of_narrow = placeholder<"of_narrow", float, 3, 3, 3, 5>;
    with_pool<16, 32>(image, to_many, max_pool<window<2, 2>>(relu(conv2d<same>(image, to_many))));
    with_pool(image, to_two, max_pool<window<2, 2>>(relu(conv2d<valid>(image, to_two))));
    with_pool(wide, of_wide, max_pool<window<3, 2>>(relu(conv2d<same>(wide, of_wide))));
    with_pool(narrow, of_narrow, max_pool<window<3, 3>>(conv2d<valid>(narrow, of_narrow)));   // less than a vector of places, but of many
}
TEST_CASE("filters of other axes and dtypes behind a pool", "[cpu][pooled_filters]") {
    static constexpr auto line = placeholder<"line", float, "n", 40, 6>;
    static constexpr auto taps = placeholder<"taps", float, 5, 6, 4>;
    static constexpr auto doubles = placeholder<"doubles", double, "n", 8, 8, 4>;
    static constexpr auto of_doubles = placeholder<"of_doubles", double, 3, 3, 4, 9>;
    with_pool(line, taps, max_pool<window<8>>(conv1d<same>(line, taps)));
    with_pool<32>(doubles, of_doubles, max_pool<window<4, 4>>(relu(conv2d<same>(doubles, of_doubles))));
}
TEST_CASE("what is made of such gradients", "[cpu][pooled_filters]") {
    static constexpr auto rate = placeholder<"rate", float>;
    static constexpr auto scale = placeholder<"scale", float, 7>;
    const auto slope = grad(sum(square(max_pool<window<2, 2>>(relu(conv2d<same>(image, w))))), w);
    auto step = function(inputs(image, w, rate), w - rate * slope);
    auto norm = function(inputs(image, w), outputs(slope, sum(square(slope))));
    auto channels = function(inputs(image, w, scale), outputs(slope * scale, sum<0, 1, 2>(slope)));
    auto wider = function(inputs(image, w), cast<double>(slope) * 0.1_c);   // lanes of the body are fewer than those of sums
    for (const i64 n : {2, 33}) {
        compare(wider, {{"n", n}}, {.as_float = true});
        compare(step, {{"n", n}});
        compare(norm, {{"n", n}});
        compare(channels, {{"n", n}});
    }
    compare_threads(norm, {{"n", 37}});
    compare_threads(channels, {{"n", 37}});
}
TEST_CASE("dense sums where a pool leaves out little", "[cpu][pooled_filters]") {
    static constexpr auto one = placeholder<"one", float, "n", 12, 12, 1>;
    static constexpr auto of_one = placeholder<"of_one", float, 5, 5, 1, 6>;
    const auto loss = sum(square(max_pool<window<2, 1>>(conv2d<valid>(one, of_one))));
    auto both = function(inputs(one, of_one), outputs(grad(loss, of_one), grad(loss, one)));
    if constexpr (decltype(both)::L::target.vector_bytes > 16) CHECK(sums_at_places(both) == 0);
    compare(both, {{"n", 19}});
}

}  // namespace
}  // namespace kiln::testing
