// Sums over what windows see of channels that do not mix, and their slopes: many geometries, on one thread and on several.
#include "compare.hpp"
#include "geometries.hpp"

namespace kiln::testing {
namespace {

/// How many nodes of this operation the lowered graph has.
template <class Op, class F>
int lowered_to(const F&) {
    constexpr graph_view g = F::L::graph.view();
    int n = 0;
    for (int i = 0; i < g.n; ++i) n += g.nodes[i].op == &info<Op>;
    return n;
}
/// The sums over windows, with filters [places, inner, m], or of m = 0 [places, inner].
template <int G, i64 M, i64 Outer = 3>
constexpr value summed(value image, value filters) {
    constexpr window_geometry g = geometry_number(G, false);
    const value p = reshape_to(call<patches_op>(g.attributes(), reshape_to(image, image_shape(g, Outer))), ints(Outer * g.windows(), g.places(), g.inner));
    return sum_over((M ? expand(p, ints(-1), ints(M)) : p) * expand(filters, ints(M ? -4 : -3), ints(Outer * g.windows())), ints(M ? -3 : -2));
}
/// Sums, the slope of the image and that of filters in one function.
template <int G, class T, i64 M>
void try_products() {
    static constexpr window_geometry g = geometry_number(G, false);
    static constexpr auto x = placeholder<"x", T, 3, g.image() * g.inner>;
    static constexpr auto w = [] {
        if constexpr (M == 0) return placeholder<"w", T, g.places(), g.inner>;
        else return placeholder<"w", T, g.places(), g.inner, M>;
    }();
    static constexpr auto sums = trace([](value image, value filters) { return summed<G, M>(image, filters); }, x, w);
    static constexpr auto loss = sum(square(sums));
    auto f = function(inputs(x, w), outputs(sums, grad(loss, x), grad(loss, w)));
    INFO("geometry " << G << ", multiplier " << M);
    if constexpr (depthwise_products::pays(g)) CHECK(lowered_to<patches_op>(f) + lowered_to<fold_op>(f) == 0);
    compare(f, {});
    compare_threads(f, {});
}
template <class T, i64 M, int From, int... G>
void try_all_products(std::integer_sequence<int, G...>) {
    ([] { if constexpr (tried_here(G)) try_products<From + G, T, M>(); }(), ...);
}
TEST_CASE("channels that do not mix under windows of any geometry", "[cpu][depthwise]") {
    try_all_products<float, 0, 0>(std::make_integer_sequence<int, 40>{});
    try_all_products<double, 0, 48>(std::make_integer_sequence<int, 15>{});
    try_all_products<float, 3, 64>(std::make_integer_sequence<int, 15>{});
    try_all_products<float, 1, 80>(std::make_integer_sequence<int, 6>{});
}

/// y, a function of these, and the slopes of all of them.
template <class Y, class... In>
void try_slopes(const char* what, Y y, In... in) {
    auto f = function(inputs(in...), outputs(y, grad(sum(square(y)), in)...));
    INFO(what);
    CHECK(lowered_to<patches_op>(f) + lowered_to<fold_op>(f) == 0);
    for (const i64 n : {0, 1, 5}) compare(f, {{"n", n}});
    compare_threads(f, {{"n", 9}});
}
template <class... O, class X>
void try_pool(X x, const char* what) { try_slopes(what, avg_pool<O...>(x), x); }
TEST_CASE("means of windows", "[cpu][depthwise]") {
    static constexpr auto many = placeholder<"many", float, "n", 13, 12, 20>;
    static constexpr auto few = placeholder<"few", float, "n", 13, 12, 3>;
    static constexpr auto first = placeholder<"first", double, "n", 5, 13, 12>;
    static constexpr auto signal = placeholder<"signal", float, "n", 3000, 4>;
    try_pool<window<2, 2>>(many, "side by side");
    try_pool<window<3, 3>, strides<2, 2>, same>(many, "padding");
    try_pool<window<3, 3>, strides<2, 1>, dilations<1, 2>>(many, "apart");
    try_pool<window<3, 2>, strides<1, 1>, same>(few, "few channels");
    try_pool<window<5, 5>, strides<1, 1>, count_padding, padding<2, 2, 2, 2>>(few, "padding counts");
    try_pool<window<2, 3>, strides<2, 1>, nchw>(first, "channels first");
    try_pool<window<31>, strides<1>>(signal, "a long line");
}
template <class... O, class X, class W>
void try_convolution(X x, W w, const char* what) { try_slopes(what, depthwise_conv2d<O...>(x, w), x, w); }
TEST_CASE("depthwise convolutions", "[cpu][depthwise]") {
    static constexpr auto many = placeholder<"many", float, "n", 13, 12, 40>;
    static constexpr auto of_many = placeholder<"of_many", float, 3, 3, 40, 1>;
    static constexpr auto of_many_7 = placeholder<"of_many_7", float, 7, 7, 40, 1>;
    static constexpr auto few = placeholder<"few", float, "n", 9, 20, 3>;
    static constexpr auto of_few = placeholder<"of_few", float, 5, 3, 3, 4>;
    static constexpr auto first = placeholder<"first", double, "n", 9, 13, 12>;
    static constexpr auto of_first = placeholder<"of_first", double, 3, 2, 9, 2>;
    static constexpr auto large = placeholder<"large", float, "n", 40, 70, 5>;   // larger than what is copied with its padding
    static constexpr auto of_large = placeholder<"of_large", float, 3, 3, 5, 1>;
    try_convolution<same>(many, of_many, "same");
    try_convolution<same, strides<2, 2>>(many, of_many, "strides");
    try_convolution<valid, dilations<2, 3>>(many, of_many, "dilations");
    try_convolution<same>(few, of_few, "a multiplier");
    try_convolution<nchw, same>(first, of_first, "channels first");
    try_convolution<same>(large, of_large, "a large image");
    try_convolution<same>(many, of_many_7, "7 x 7");
    try_convolution<valid, flipped>(many, of_many_7, "read backwards");
}
TEST_CASE("slopes of slopes of depthwise convolutions", "[cpu][depthwise]") {
    static constexpr auto x = placeholder<"x", float, "n", 7, 8, 10>;
    static constexpr auto w = placeholder<"w", float, 3, 3, 10, 1>;
    const auto slope = grad(sum(square(depthwise_conv2d<same>(x, w))), w);
    auto f = function(inputs(x, w), outputs(grad(sum(square(slope)), x), grad(sum(square(slope)), w)));
    CHECK(lowered_to<patches_op>(f) == 0);
    compare(f, {{"n", 4}}, {.tolerance = 512});
}
TEST_CASE("what a window that pays not is copied out for", "[cpu][depthwise]") {
    static constexpr auto x = placeholder<"x", float, "n", 13, 12, 3>;
    static constexpr auto w = placeholder<"w", float, 3, 3, 3, 1>;
    const auto y = depthwise_conv2d<strides<2, 2>>(x, w);
    auto f = function(inputs(x, w), outputs(y, grad(sum(square(y)), x), grad(sum(square(y)), w)));
    CHECK(lowered_to<patches_op>(f) == 1);
    compare(f, {{"n", 4}});
}

}  // namespace
}  // namespace kiln::testing
