// Elementwise functions of n floats: kiln's one kernel, AVX-512 or AVX2 by hand, Eigen Tensor's one expression, oneDNN's primitive
// where there is one. The compiler knows n, except in the rows that say so.
#include "rivals/onednn.hpp"
#include "rivals/xsimd.hpp"
#if KILN_BENCH_HAND
#include "rivals/maps.hpp"
#include "rivals/products.hpp"
#endif
#include "rivals/eigen.hpp"
#include <unsupported/Eigen/CXX11/Tensor>

using namespace kiln;
using eigen_vector = Eigen::TensorMap<Eigen::Tensor<float, 1, Eigen::RowMajor>>;

template <extent N>
constexpr i64 extent_of_view = N.n_names() == 0 ? N.number : dynamic;
/// N floats at p, as kiln's argument of shape (E).
template <extent E, long N, class T>
auto view(T* p) {
    if constexpr (extent_of_view<E> == dynamic) return tensor_view<T, dynamic>(p, N);
    else return tensor_view<T, N>(p);
}
template <extent E, long N>
std::string size_name = std::to_string(N) + (extent_of_view<E> == dynamic ? "_at_run_time" : "");

template <extent E, long N>
struct one_argument {
    static constexpr auto x = placeholder<"x", float, E>;
    numbers<float> in{N}, out{N}, other{N};
    eigen_vector eigen_in{in.data(), N}, eigen_out{other.data(), N};

    template <class Formula, class Hand, class Eigens>
    row add(const std::string& what, double flops, Formula formula, [[maybe_unused]] Hand by_hand, Eigens eigens,
             [[maybe_unused]] int onednns = 0) {
        static auto f = function(inputs(x), formula(x));
        row r(what, size_name<E, N>, {flops * N, 8.0 * N});
        r.within(1e-5).kiln([this] { f.into(view<E, N>(out.data()))(view<E, N>(in.data())); }, out);
#if KILN_BENCH_HAND
        r.rival("hand", [this, by_hand] { hand::map<N>(in.data(), other.data(), by_hand); }, other);
#endif
        r.rival("eigen_tensor", [this, eigens] { eigen_out = eigens(eigen_in); }, other);
#if KILN_BENCH_ONEDNN
        if (onednns != 0) r.rival("onednn", onednn::eltwise(static_cast<dnnl::algorithm>(onednns), {N}, in.data(), other.data()), other);
#endif
        return r;
    }

    void add_all() {
        scatter(in, -4, 4);
#if KILN_BENCH_HAND
        constexpr hand::chain chain{2.0f, 0.5f, 1.5f};
        constexpr hand::gelu_tanh gelu_tanh;
        constexpr hand::gelu_erf gelu_erf;
        constexpr hand::softplus softplus_by_hand;
        constexpr hand::exp_log exp_log;
#else
        constexpr int chain = 0, gelu_tanh = 0, gelu_erf = 0, softplus_by_hand = 0, exp_log = 0;
#endif
#if KILN_BENCH_ONEDNN
        constexpr auto dnnl_tanh = static_cast<int>(dnnl::algorithm::eltwise_gelu_tanh), dnnl_erf = static_cast<int>(dnnl::algorithm::eltwise_gelu_erf),
                       dnnl_softplus = static_cast<int>(dnnl::algorithm::eltwise_soft_relu);
#else
        constexpr int dnnl_tanh = 0, dnnl_erf = 0, dnnl_softplus = 0;
#endif
        [[maybe_unused]] row chains = add("chain", 9, [](auto v) { return tanh(2_c * v + 0.5_c) * 1.5_c + v / (1_c + v * v); }, chain,
            [](const eigen_vector& v) { return (v * 2.0f + 0.5f).tanh() * 1.5f + v / (v * v + 1.0f); });
#if KILN_BENCH_XSIMD
        chains.rival("xsimd", [this] { on_xsimd::chain<N>(in.data(), other.data()); }, other);
#endif
        add("gelu_tanh", 8, [](auto v) { return 0.5_c * v * (1_c + tanh(0.797884561_c * (v + 0.044715_c * (v * v * v)))); }, gelu_tanh,
            [](const eigen_vector& v) { return v * 0.5f * (((v * v * v) * 0.044715f + v) * 0.797884561f).tanh() + v * 0.5f; }, dnnl_tanh);
        add("gelu_erf", 5, [](auto v) { return 0.5_c * v * (1_c + erf(0.707106781_c * v)); }, gelu_erf,
            [](const eigen_vector& v) { return v * 0.5f * ((v * 0.707106781f).erf() + 1.0f); }, dnnl_erf);
        add("softplus", 3, [](auto v) { return softplus(v); }, softplus_by_hand,
            [](const eigen_vector& v) { return (v.exp() + 1.0f).log(); }, dnnl_softplus);
        add("exp_log", 6, [](auto v) { return exp(-(v * v)) * log(1_c + v * v); }, exp_log,
            [](const eigen_vector& v) { return (-(v * v)).exp() * (v * v + 1.0f).log(); });
    }
};

template <extent E, long N>
void add_axpyw() {
    static constexpr auto a = placeholder<"a", float>;
    static constexpr auto x = placeholder<"x", float, E>;
    static constexpr auto y = placeholder<"y", float, E>;
    static constexpr auto w = placeholder<"w", float, E>;
    static constexpr auto v = placeholder<"v", float, E>;
    static auto f = function(inputs(a, x, y, w, v), a * x + (y * w - v));   // two multiply-adds, as by hand: nothing is reordered
    static numbers<float> xs(N), ys(N), ws(N), vs(N), out(N);
    static float factor = 0.75f;
    for (numbers<float>* some : {&xs, &ys, &ws, &vs}) scatter(*some);
    benchmark::DoNotOptimize(factor);

    row r("axpyw", size_name<E, N>, {4.0 * N, 20.0 * N});
    r.kiln([] {
        f.into(view<E, N>(out.data()))(factor, view<E, N>(xs.data()), view<E, N>(ys.data()), view<E, N>(ws.data()), view<E, N>(vs.data()));
    }, out);
    static numbers<float> other(N);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::axpyw<N>(factor, xs.data(), ys.data(), ws.data(), vs.data(), other.data()); }, other);
#endif
    r.rival("eigen_tensor", [] {
        const auto map = [](const numbers<float>& some) { return eigen_vector(some.data(), N); };
        map(other) = map(xs) * factor + (map(ys) * map(ws) - map(vs));
    }, other);
}

template <long N>
void add_bytes() {
    static constexpr auto x = placeholder<"x", std::uint8_t, N>;
    static auto f = function(inputs(x), cast<float>(x) * 0.00392156863_c);
    static numbers<std::uint8_t> in(N);
    static numbers<float> out(N), other(N);
    scatter(in, 0, 256);
    row r("bytes_to_floats", size_name<N, N>, {1.0 * N, 5.0 * N});
    r.kiln([] { f.into(view<N, N>(out.data()))(view<N, N>(in.data())); }, out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::bytes_to_floats<N>(in.data(), 0.00392156863f, other.data()); }, other);
#endif
    r.rival("eigen_tensor", [] {
        using eigen_bytes = Eigen::TensorMap<Eigen::Tensor<std::uint8_t, 1, Eigen::RowMajor>>;
        eigen_vector(other.data(), N) = eigen_bytes(in.data(), N).cast<float>() * 0.00392156863f;
    }, other);
}

template <extent R, extent C, i64 Rows, i64 Columns>
void add_transposes() {
    static constexpr auto x = placeholder<"x", float, R, C>;
    static auto f = function(inputs(x), transpose(x));
    static numbers<float> in(Rows * Columns), out(Rows * Columns), other(Rows * Columns);
    constexpr bool known = extent_of_view<R> != dynamic;
    scatter(in);
    row r("transpose", std::to_string(Rows) + "x" + std::to_string(Columns) + (known ? "" : "_at_run_time"), {0, 8.0 * Rows * Columns});
    r.within(0).kiln([] {
        if constexpr (known) f.into(tensor_view<float, Columns, Rows>(out.data()))(tensor_view<float, Rows, Columns>(in.data()));
        else f.into(tensor_view<float, dynamic, dynamic>(out.data(), Columns, Rows))(tensor_view<float, dynamic, dynamic>(in.data(), Rows, Columns));
    }, out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::transpose<Rows, Columns>(in.data(), other.data()); }, other);
#endif
    r.rival("eigen", [] { Eigen::Map<matrix>(other.data(), Columns, Rows).noalias() = Eigen::Map<matrix>(in.data(), Rows, Columns).transpose(); }, other);
}

int main(int argc, char** argv) {
    add_transposes<96, 96, 96, 96>();
    add_transposes<"n", "m", 500, 300>();
    lasting<one_argument<1'000, 1'000>>().add_all();
    lasting<one_argument<100'000, 100'000>>().add_all();
    lasting<one_argument<"n", 777>>().add_all();
    lasting<one_argument<"n", 10'000>>().add_all();
    add_bytes<1'000>();
    add_bytes<100'000>();
    add_axpyw<1'000, 1'000>();
    add_axpyw<100'000, 100'000>();
    add_axpyw<10'000'000, 10'000'000>();
    add_axpyw<"n", 777>();
    return run_all(argc, argv);
}
