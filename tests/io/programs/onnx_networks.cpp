// Convolutions, pools, networks and their gradients, and what else a model is made of: what kiln does of onnx.py.
#include <cstdint>
#include <string>

#include "onnx_models.hpp"

namespace {

using namespace kiln;

// ---- windows: each with its gradients
template <class... O>
struct convolution_2d { constexpr value operator()(value x, value w) const { return conv2d<O...>(x, w); } };
template <class... O>
struct convolution_1d { constexpr value operator()(value x, value w) const { return conv1d<O...>(x, w); } };
template <class... O>
struct convolution_3d { constexpr value operator()(value x, value w) const { return conv3d<O...>(x, w); } };
template <class... O>
struct convolution_back { constexpr value operator()(value x, value w) const { return conv2d_transpose<O...>(x, w); } };
template <class... O>
struct by_channel { constexpr value operator()(value x, value w) const { return depthwise_conv2d<O...>(x, w); } };
template <class... O>
struct largest { constexpr value operator()(value x) const { return max_pool<O...>(x); } };
template <class... O>
struct average { constexpr value operator()(value x) const { return avg_pool<O...>(x); } };

template <class F>
struct with_gradients {
    constexpr auto operator()(value x, value w) const {
        const value y = F{}(x, w);
        const auto g = grad(sum(y * y), x, w);
        return values{y, g.at[0], g.at[1]};
    }
    constexpr auto operator()(value x) const {
        const value y = F{}(x);
        return values{y, grad(sum(y * y), x)};
    }
};
/// A gradient as an operation, so that its own gradient is a second derivative.
template <class F>
struct slopes_of {
    constexpr auto operator()(value x) const {
        const value y = F{}(x);
        return grad(sum(y * y * y), x);
    }
};
constexpr auto image = placeholder<"image", float, "batch", 7, 6, 4>;
constexpr auto channels_first = placeholder<"image", float, "batch", 4, 7, 6>;
constexpr auto filters = placeholder<"filters", float, 3, 2, 4, 6>;
constexpr auto filters_oihw = placeholder<"filters", float, 6, 4, 3, 2>;

template <class F, class X, class W>
void convolve(const std::string& name, F, X x, W w) {
    const auto a = tame(tensor<float, dynamic, 7, 6, 4>(3)), b = tame(tensor<float, dynamic, 7, 6, 4>(1), 5);
    const auto k = tame(tensor<float, 3, 2, 4, 6>(), 3);
    model(name, function(inputs(x, w), trace(with_gradients<F>{}, x, w))).with(a, k).with(b, k).with(tensor<float, dynamic, 7, 6, 4>(0), k);
}
template <class F, class X, class W>
void convolve_first(const std::string& name, F, X x, W w) {
    const auto a = tame(tensor<float, dynamic, 4, 7, 6>(3)), b = tame(tensor<float, dynamic, 4, 7, 6>(1), 5);
    model(name, function(inputs(x, w), trace(with_gradients<F>{}, x, w)))
        .with(a, tame(tensor<float, 6, 4, 3, 2>())).with(b, tame(tensor<float, 6, 4, 3, 2>(), 9));
}
void convolutions() {
    convolve("net_conv", convolution_2d<>{}, image, filters);
    convolve("net_conv_same_strides", convolution_2d<same, strides<2, 1>>{}, image, filters);
    convolve("net_conv_dilations_padding", convolution_2d<dilations<2, 3>, padding<1, 2, 0, 3>>{}, image, filters);
    convolve("net_conv_flipped", convolution_2d<flipped, full_padding>{}, image, filters);
    convolve_first("net_conv_first", convolution_2d<nchw, oihw, half>{}, channels_first, filters_oihw);
    constexpr auto grouped = placeholder<"filters", float, 6, 2, 3, 2>;
    using in_groups = with_gradients<convolution_2d<nchw, oihw, groups<2>, same>>;
    model("net_conv_groups", function(inputs(channels_first, grouped), trace(in_groups{}, channels_first, grouped)))
        .with(tame(tensor<float, dynamic, 4, 7, 6>(2)), tame(tensor<float, 6, 2, 3, 2>()));
    constexpr auto grouped_last = placeholder<"filters", float, 3, 2, 2, 6>;
    model("net_conv_groups_last", function(inputs(image, grouped_last), trace(convolution_2d<groups<2>, same>{}, image, grouped_last)))
        .with(tame(tensor<float, dynamic, 7, 6, 4>(2)), tame(tensor<float, 3, 2, 2, 6>()));
    constexpr auto deep = placeholder<"filters", float, 3, 2, 4, 2>;
    model("net_conv_by_channel", function(inputs(image, deep), trace(with_gradients<by_channel<same>>{}, image, deep)))
        .with(tame(tensor<float, dynamic, 7, 6, 4>(2)), tame(tensor<float, 3, 2, 4, 2>()));
    constexpr auto back = placeholder<"filters", float, 3, 2, 5, 4>;
    model("net_conv_back", function(inputs(image, back), trace(with_gradients<convolution_back<strides<2, 3>>>{}, image, back)))
        .with(tame(tensor<float, dynamic, 7, 6, 4>(2)), tame(tensor<float, 3, 2, 5, 4>()));
    constexpr auto line = placeholder<"line", double, "batch", 9, 2>;
    constexpr auto line_filters = placeholder<"filters", double, 3, 2, 4>;
    using of_double = with_gradients<convolution_1d<same, strides<2>>>;
    model("net_conv_double", function(inputs(line, line_filters), trace(of_double{}, line, line_filters)))
        .with(tame(tensor<double, dynamic, 9, 2>(2)), tame(tensor<double, 3, 2, 4>()));
    constexpr auto numbers = placeholder<"line", std::int8_t, "batch", 9, 2>;
    constexpr auto number_filters = placeholder<"filters", std::int8_t, 3, 2, 4>;
    model("conv_int8", function(inputs(numbers, number_filters), trace(convolution_1d<padding<1, 0>>{}, numbers, number_filters)))
        .with(tame(tensor<std::int8_t, dynamic, 9, 2>(2)), tame(tensor<std::int8_t, 3, 2, 4>()));
    constexpr auto space = placeholder<"space", float, "batch", 4, 3, 5, 2>;
    constexpr auto space_filters = placeholder<"filters", float, 2, 2, 3, 2, 3>;
    model("net_conv_3d", function(inputs(space, space_filters), trace(with_gradients<convolution_3d<same>>{}, space, space_filters)))
        .with(tame(tensor<float, dynamic, 4, 3, 5, 2>(2)), tame(tensor<float, 2, 2, 3, 2, 3>()));
}
template <class F>
void pool(const std::string& name, F) {
    model(name, function(inputs(image), trace(with_gradients<F>{}, image)))
        .with(tame(tensor<float, dynamic, 7, 6, 4>(3))).with(tame(tensor<float, dynamic, 7, 6, 4>(1), 2));
}
void pools() {
    pool("net_max_pool", largest<window<2, 2>>{});
    pool("net_max_pool_slopes", slopes_of<largest<window<3, 2>, strides<2, 1>, same>>{});
    pool("net_max_pool_same", largest<window<3, 2>, strides<2, 1>, same>{});
    pool("net_avg_pool", average<window<2, 3>>{});
    pool("net_avg_pool_same", average<window<3, 3>, strides<2, 2>, same>{});
    pool("net_avg_pool_padding", average<window<3, 3>, padding<1, 1, 1, 1>, count_padding>{});
    model("net_max_pool_first", function(inputs(channels_first), trace(largest<window<2, 2>, nchw, dilations<2, 1>>{}, channels_first)))
        .with(tame(tensor<float, dynamic, 4, 7, 6>(2)));
    constexpr auto numbers = placeholder<"image", std::int32_t, "batch", 7, 6, 4>;
    model("max_pool_int32", function(inputs(numbers), trace(largest<window<3, 3>, same>{}, numbers)))
        .with(tame(tensor<std::int32_t, dynamic, 7, 6, 4>(2)));
}

// ---- networks
void networks() {
    constexpr auto x = placeholder<"x", float, "batch", 20>;
    constexpr auto y = placeholder<"labels", std::int32_t, "batch">;
    constexpr auto w = variable<"hidden/w", float, 20, 16>(random_normal<0.0, 0.3>);
    constexpr auto b = variable<"hidden/b", float, 16>(full<0.1>);
    constexpr auto v = variable<"readout/w", float, 16, 5>(random_normal<0.0, 0.3>);
    constexpr auto c = variable<"readout/b", float, 5>(zeros);
    constexpr auto logits = matmul(tanh(matmul(x, w) + b), v) + c;
    constexpr auto loss = mean(softmax_cross_entropy(logits, y));
    const auto labels = [](i64 n) {
        tensor<std::int32_t, dynamic> r(n);
        for (i64 k = 0; auto& e : r) e = static_cast<std::int32_t>(k++ * 3 % 5);
        return r;
    };
    model("net_mlp", function(inputs(x, y), outputs(softmax(logits), loss, grad(loss, x, w, b, v, c))))
        .with(tame(tensor<float, dynamic, 20>(8)), labels(8)).with(tame(tensor<float, dynamic, 20>(3), 11), labels(3));

    constexpr auto images = placeholder<"images", float, "batch", 784>;
    constexpr auto digits = trace([](value h) {
        h = reshape(h, {-1, 28, 28, 1});
        h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 4, 5, "first", nn::he_normal, full<0.1>)));
        h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 6, 5, "second", nn::he_normal, full<0.1>)));
        h = relu(nn::dense(reshape(h, {-1, 7 * 7 * 6}), 24, "hidden"));
        return nn::dense(h, 5, "readout");
    }, images);
    model("net_lenet", function(inputs(images), outputs(digits, argmax<1>(digits))))
        .with(tame(tensor<float, dynamic, 784>(5))).with(tame(tensor<float, dynamic, 784>(1), 3));
    constexpr auto cost = mean(softmax_cross_entropy(digits, y));
    model("net_lenet_gradients", function(inputs(images, y), trace([](value l) {
        const nn::parameters_of p("gradients", l);
        value_list r;
        r.put(l);
        for (int k = 0; k < p.n; ++k) r.put(p.gradient[k]);
        return r;
    }, cost)))
        .with(tame(tensor<float, dynamic, 784>(4)), labels(4)).with(tame(tensor<float, dynamic, 784>(1), 3), labels(1));
}

// ---- bodies, random numbers, variables of every dtype, inputs without names
void other_parts() {
    constexpr auto p = placeholder<"p", bool>;
    constexpr auto x = placeholder<"x", float, "batch", 3>;
    model("cond", function(inputs(p, x), trace([](value q, value a) {
        const value m = max(a, {0});
        const auto nested = [&] { return cond(all(a > 0), [&] { return m + 1; }, [&] { return sum(a, {0}) * 2.0; }); };
        const value inner = cond(q, nested, [&] { return min(a, {0}) - m; });
        const value y = cond(!q, [&] { return sum(tanh(a) * m); }, [&] { return sum(a); });
        return values{inner, y, grad(y, a), cond(q, [&] { return ones_like(a); }, [&] { return a; })};
    }, p, x))).with(true, tame(tensor<float, dynamic, 3>(4))).with(false, tame(tensor<float, dynamic, 3>(2)));
    model("random", function(inputs(x), outputs(x * 0.0_c, random_uniform<2.0, 5.0>(x),
                                                random_normal<1.0, 0.5>(shape<double, "batch", 300>))))
        .with(tensor<float, dynamic, 3>(1000));

    constexpr auto n = unnamed_placeholder<float>();
    constexpr auto product = n * 3.0_c;
    model("names", function(inputs(n, product), outputs(n + product))).with(2.0f, 10.0f);
    model("variables", function(inputs(p), trace([](value q) {
        builder& b = *q.b;
        const auto of = [&](const char* name, dtype t) {
            return variable_of(b, name, {b.intern(ints(2, 3)), t}, full_initializer<1>::initial(b, {b.intern(ints(2, 3)), t}, 0));
        };
        return values{of("a", dtype::boolean), of("b", dtype::int8), of("c", dtype::int16), of("d", dtype::int32), of("e", dtype::int64),
                      of("f", dtype::uint8), of("g", dtype::uint16), of("h", dtype::uint32), of("i", dtype::uint64),
                      of("j", dtype::float32), of("k", dtype::float64), !q};
    }, p))).with(true);
}

}  // namespace

int main(int, char** arguments) {
    folder = arguments[1];
    convolutions();
    pools();
    networks();
    other_parts();
}
