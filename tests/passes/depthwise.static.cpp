// Which sums over windows lowering leaves where the image lies, and what they cost.
#include <kiln/kiln.hpp>

namespace kiln {
namespace {

template <class Op, class F>
constexpr int count = [] {
    constexpr graph_view g = F::L::graph.view();
    int n = 0;
    for (int i = 0; i < g.n; ++i) n += g.nodes[i].op == &info<Op>;
    return n;
}();
constexpr auto x = placeholder<"x", float, "n", 8, 10, 16>;
constexpr auto few = placeholder<"few", float, "n", 8, 10, 3>;
constexpr auto w = placeholder<"w", float, 3, 3, 16, 1>;
constexpr auto two = placeholder<"two", float, 3, 3, 3, 2>;
constexpr auto one_each = placeholder<"one_each", float, 3, 3, 1, 16>;
constexpr auto whole = placeholder<"whole", float, 3, 3, 16, 4>;

template <class Y, class... In>
struct lowered_form {
    using F = decltype(function(inputs(In{}...), Y{}));
    static constexpr int forward = count<depthwise_op, F>, image = count<depthwise_image_op, F>, filters = count<depthwise_filters_op, F>,
                         copied = count<patches_op, F> + count<fold_op, F>;
    static constexpr i64 flops = summary_of<typename F::L>().flops.at(1);
};
template <class Y, class... In>
constexpr lowered_form<Y, In...> form(Y, In...) { return {}; }

constexpr auto same_size = form(depthwise_conv2d<same>(x, w), x, w);
static_assert(same_size.forward == 1 && same_size.copied == 0 && same_size.flops == 2 * 9 * 8 * 10 * 16);
constexpr auto grouped = form(conv2d<same, groups<16>>(x, one_each), x, one_each);
static_assert(grouped.forward == 1 && grouped.copied == 0 && grouped.flops == same_size.flops);
constexpr auto doubled = form(depthwise_conv2d<same>(few, two), few, two);   // each channel twice
static_assert(doubled.forward == 1 && doubled.copied == 0);
// the slope of an image is a sum over windows that look back; where windows lie apart, it is one over those that see an element
constexpr auto slopes = form(grad(sum(square(depthwise_conv2d<same>(x, w))), x), x, w);
static_assert(slopes.forward == 2 && slopes.image == 0 && slopes.copied == 0);
constexpr auto apart = form(grad(sum(square(depthwise_conv2d<same, strides<2, 2>>(x, w))), x), x, w);
static_assert(apart.forward == 1 && apart.image == 1 && apart.copied == 0);
constexpr auto of_filters = form(grad(sum(square(depthwise_conv2d<same>(x, w))), w), x, w);
static_assert(of_filters.forward == 1 && of_filters.filters == 1 && of_filters.copied == 0);
constexpr auto pooled = form(avg_pool<window<2, 2>>(x), x);
static_assert(pooled.forward == 1 && pooled.copied == 0);
// few channels of windows that lie apart are copied out, and channels that mix are a product
static_assert(form(avg_pool<window<2, 2>>(few), few).copied == 1 && form(depthwise_conv2d<same, strides<2, 2>>(few, two), few, two).forward == 0);
static_assert(form(conv2d<same>(x, whole), x, whole).forward == 0);

}  // namespace
}  // namespace kiln
