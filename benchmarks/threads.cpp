// What takes about a millisecond and longer, on two threads and on one. The rival is kiln itself; clocks are those on the wall.
#include "side_by_side.hpp"

using namespace kiln;

/// f and the same function on two threads; call(f) runs it.
template <class F, class Call, class... X>
void add(const std::string& what, const std::string& size, work w, F& one, Call call, const X&... results) {
    auto& two = lasting<F>();
    two.threads(2);
    const auto copied = [](const auto& x) { return std::vector<float>(x.data(), x.data() + x.size()); };
    call(one);
    const std::vector<std::vector<float>> expected{copied(results)...};
    call(two);
    std::size_t k = 0;
    (must_agree("threads, " + what, expected[k++], copied(results), 0), ...);
    time_of("two_threads_" + what + "/kiln/" + size, w, [&two, call] { call(two); })->UseRealTime();
    time_of("two_threads_" + what + "/rival_one_thread/" + size, w, [&one, call] { call(one); })->UseRealTime();
}

void add_maps() {
    constexpr i64 n = 4'000'000;
    static constexpr auto x = placeholder<"x", float, n>;
    static constexpr auto y = placeholder<"y", float, n>;
    static auto chain = function(inputs(x), tanh(2_c * x + 0.5_c) * 1.5_c + x / (1_c + x * x));
    static auto axpy = function(inputs(x, y), 0.75_c * x + y);
    static numbers<float> xs(n), ys(n), out(n);
    scatter(xs);
    scatter(ys);
    using view = tensor_view<float, n>;
    static auto total = function(inputs(x), sum(exp(x)));   // no part of it is a thread's alone
    static auto& sum_of_all = lasting<numbers<float>>(1);
    add("sum_of_exp", std::to_string(n), {8.0 * n, 4.0 * n}, total, [](auto& f) { f.into(sum_of_all[0])(view(xs.data())); }, sum_of_all);
    add("chain", std::to_string(n), {9.0 * n, 8.0 * n}, chain, [](auto& f) { f.into(view(out.data()))(view(xs.data())); }, out);
    add("axpy", std::to_string(n), {2.0 * n, 12.0 * n}, axpy, [](auto& f) { f.into(view(out.data()))(view(xs.data()), view(ys.data())); }, out);
}
void add_rows() {
    constexpr i64 rows = 4096, columns = 1024;
    static constexpr auto x = placeholder<"x", float, rows, columns>;
    static auto softmax_of = function(inputs(x), softmax(x));
    static auto columns_of = function(inputs(x), sum<0>(square(x)));
    static numbers<float> xs(rows * columns), out(rows * columns), sums(columns);
    scatter(xs, -4, 4);
    constexpr double n = rows * columns;
    add("softmax", "4096x1024", {5 * n, 8 * n}, softmax_of,
        [](auto& f) { f.into(tensor_view<float, rows, columns>(out.data()))(tensor_view<float, rows, columns>(xs.data())); }, out);
    add("sum_of_columns", "4096x1024", {2 * n, 4 * n}, columns_of,
        [](auto& f) { f.into(tensor_view<float, columns>(sums.data()))(tensor_view<float, rows, columns>(xs.data())); }, sums);
}
void add_product() {
    constexpr i64 n = 1024;
    static constexpr auto a = placeholder<"a", float, n, n>;
    static constexpr auto b = placeholder<"b", float, n, n>;
    static auto product = function(inputs(a, b), matmul(a, b));
    static numbers<float> as(n * n), bs(n * n), out(n * n);
    scatter(as);
    scatter(bs);
    using view = tensor_view<float, n, n>;
    add("sgemm", "1024x1024x1024", {2.0 * n * n * n, 12.0 * n * n}, product, [](auto& f) { f.into(view(out.data()))(view(as.data()), view(bs.data())); }, out);
}
void add_narrow_product() {
    static constexpr auto a = placeholder<"a", float, 100'000, 64>;
    static constexpr auto b = placeholder<"b", float, 64, 16>;
    static auto product = function(inputs(a, b), relu(matmul(a, b)));
    static auto& as = lasting<tensor<float, 100'000, 64>>();
    static auto& bs = lasting<tensor<float, 64, 16>>();
    static auto& out = lasting<tensor<float, 100'000, 16>>();
    scatter(as);
    scatter(bs);
    constexpr double n = 1e5;
    add("dense_relu", "100000x16x64", {2 * 64 * 16 * n, 4 * (64 + 16) * n}, product, [](auto& f) { f.into(out)(as, bs); }, out);
}
/// All slopes of three convolutions, of few channels, with a bias and a relu between them.
void add_gradients() {
    static constexpr auto x = placeholder<"x", float, 64, 28, 28, 3>;
    static constexpr auto w1 = placeholder<"w1", float, 3, 3, 3, 16>;
    static constexpr auto w2 = placeholder<"w2", float, 3, 3, 16, 16>;
    static constexpr auto w3 = placeholder<"w3", float, 3, 3, 16, 32>;
    static constexpr auto b1 = placeholder<"b1", float, 16>;
    static constexpr auto b2 = placeholder<"b2", float, 16>;
    static constexpr auto y = conv2d<same>(relu(conv2d<same>(relu(conv2d<same>(x, w1) + b1), w2) + b2), w3);
    static auto slopes = function(inputs(x, w1, b1, w2, b2, w3), grad(mean(square(y)), w1, b1, w2, b2, w3));
    static auto& xs = lasting<tensor<float, 64, 28, 28, 3>>();
    static auto &v1 = lasting<tensor<float, 3, 3, 3, 16>>(), &d1 = lasting<tensor<float, 3, 3, 3, 16>>();
    static auto &v2 = lasting<tensor<float, 3, 3, 16, 16>>(), &d2 = lasting<tensor<float, 3, 3, 16, 16>>();
    static auto &v3 = lasting<tensor<float, 3, 3, 16, 32>>(), &d3 = lasting<tensor<float, 3, 3, 16, 32>>();
    static auto &h1 = lasting<tensor<float, 16>>(), &h2 = lasting<tensor<float, 16>>(), &g1 = lasting<tensor<float, 16>>(), &g2 = lasting<tensor<float, 16>>();
    scatter(xs);
    scatter(v1);
    scatter(v2);
    scatter(v3);
    constexpr double places = 64.0 * 28 * 28 * 9;
    add("convolution_gradients", "28x28_3_to_16_to_16_to_32", {2 * places * (2 * 3 * 16 + 3 * 16 * 16 + 3 * 16 * 32), 8.0 * 64 * 28 * 28 * 67}, slopes,
        [](auto& f) { f.into(d1, g1, d2, g2, d3)(xs, v1, h1, v2, h2, v3); }, d1, g1, d2, g2, d3);
}
void add_convolution() {
    static constexpr auto x = placeholder<"x", float, 64, 14, 14, 64>;
    static constexpr auto w = placeholder<"w", float, 3, 3, 64, 64>;
    static constexpr auto up = placeholder<"up", float, 64, 14, 14, 64>;
    static constexpr auto z = conv2d<same>(x, w);
    static auto forward = function(inputs(x, w), z);
    static auto filters = function(inputs(x, up), grad(sum(z * up), w));
    static auto& xs = lasting<tensor<float, 64, 14, 14, 64>>();
    static auto& ups = lasting<tensor<float, 64, 14, 14, 64>>();
    static auto& zs = lasting<tensor<float, 64, 14, 14, 64>>();
    static auto &ws = lasting<tensor<float, 3, 3, 64, 64>>(), &dw = lasting<tensor<float, 3, 3, 64, 64>>();
    scatter(xs);
    scatter(ws);
    scatter(ups);
    constexpr work need{2.0 * 64 * 64 * 64 * 40 * 40, 8.0 * 64 * 14 * 14 * 64};
    add("conv_forward", "14x14_64_to_64_3x3", need, forward, [](auto& f) { f.into(zs)(xs, ws); }, zs);
    add("conv_filter_gradient", "14x14_64_to_64_3x3", need, filters, [](auto& f) { f.into(dw)(xs, ups); }, dw);
}

int main(int argc, char** argv) {
    keep_memory();
    add_maps();
    add_rows();
    add_product();
    add_narrow_product();
    add_convolution();
    add_gradients();
    return run_all(argc, argv);
}
