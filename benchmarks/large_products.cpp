// Products of matrices from 512 on, and of sizes that only the call knows (odd, skinny, transposed): kiln, OpenBLAS, oneDNN.
#include "rivals/blas.hpp"
#include "rivals/onednn.hpp"

using namespace kiln;

/// op(a) op(b), where `ta` and `tb` say which operand lies transposed.
template <class T, bool ta, bool tb, extent M, extent N, extent K>
struct product {
    static constexpr extent a_rows = ta ? K : M, a_columns = ta ? M : K, b_rows = tb ? N : K, b_columns = tb ? K : N;
    static constexpr auto a = placeholder<"a", T, a_rows, a_columns>;
    static constexpr auto b = placeholder<"b", T, b_rows, b_columns>;
    static constexpr auto transposed(auto x, auto yes) {
        if constexpr (yes) return transpose(x);
        else return x;
    }
    static constexpr auto c = matmul(transposed(a, std::bool_constant<ta>{}), transposed(b, std::bool_constant<tb>{}));

    static void add(const std::string& name, const std::string& suffix, i64 m, i64 n, i64 k) {
        static auto f = function(inputs(a, b), c);
        auto &x = lasting<numbers<T>>(m * k), &y = lasting<numbers<T>>(k * n), &out = lasting<numbers<T>>(m * n);
        [[maybe_unused]] auto& other = lasting<numbers<T>>(m * n);
        scatter(x);
        scatter(y);
        const std::string size = std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + suffix;
        row r(name, size, {2.0 * static_cast<double>(m * n * k), static_cast<double>(sizeof(T)) * static_cast<double>(m * k + k * n + m * n),
                           std::is_same_v<T, double>});
        r.within(1e-4).kiln([&, m, n, k] {
            f.into(tensor_view<T, dynamic, dynamic>(out.data(), m, n))(tensor_view<T, dynamic, dynamic>(x.data(), ta ? k : m, ta ? m : k),
                                                                       tensor_view<T, dynamic, dynamic>(y.data(), tb ? n : k, tb ? k : n));
        }, out);
#if KILN_BENCH_OPENBLAS
        r.rival("openblas", [&, m, n, k] { blas_product(m, n, k, x.data(), ta, y.data(), tb, other.data()); }, other);
#endif
#if KILN_BENCH_ONEDNN
        if constexpr (std::is_same_v<T, float>) {
            onednn::engine();   // one thread
            r.rival("onednn", [&, m, n, k] {
                dnnl::sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0f, x.data(), ta ? m : k, y.data(), tb ? k : n, 0.0f, other.data(), n);
            }, other);
        }
#endif
    }
};

template <class T, i64... E>
void add_cubes(const std::string& name) {
    (product<T, false, false, E, E, E>::add(name, "", E, E, E), ...);
}
template <class T, bool ta = false, bool tb = false>
void add_at_run_time(const std::string& name, i64 m, i64 n, i64 k) {
    product<T, ta, tb, "m", "n", "k">::add(name, std::string(ta ? "_left" : tb ? "_right" : "") + "_at_run_time", m, n, k);
}

int main(int argc, char** argv) {
    keep_memory();
    add_cubes<float, 512, 1024, 2048>("sgemm");
    add_cubes<double, 512, 1024, 2048>("dgemm");
    for (const i64 n : {64, 256, 768}) add_at_run_time<float>("sgemm", n, n, n);
    add_at_run_time<float>("sgemm", 511, 513, 509);
    add_at_run_time<float>("sgemm", 2048, 16, 1024);
    add_at_run_time<float>("sgemm", 16, 2048, 1024);
    add_at_run_time<float>("sgemm", 1000, 1000, 10);
    add_at_run_time<float, true>("sgemm", 500, 300, 700);
    add_at_run_time<float, false, true>("sgemm", 500, 300, 700);
    add_at_run_time<float, true>("sgemm", 784, 128, 64);
    for (const i64 n : {64, 256}) add_at_run_time<double>("dgemm", n, n, n);
    add_at_run_time<double>("dgemm", 511, 513, 509);
    return run_all(argc, argv);
}
