// Products of matrices and dense layers (product, bias, relu) whose sizes the compiler knows: kiln, AVX-512 or AVX2 by hand, Eigen,
// OpenBLAS, oneDNN (its weights in the order that it likes). "_left" and "_right": that operand lies transposed.
#include "rivals/blas.hpp"
#include "rivals/eigen.hpp"
#include "rivals/onednn.hpp"
#if KILN_BENCH_HAND
#include "rivals/products.hpp"
#endif

using namespace kiln;

enum class lies { plain, left_transposed, right_transposed };

template <i64 M, i64 N, i64 K, lies L = lies::plain>
struct sizes {
    static constexpr bool ta = L == lies::left_transposed, tb = L == lies::right_transposed;
    static constexpr i64 a_rows = ta ? K : M, a_columns = ta ? M : K, b_rows = tb ? N : K, b_columns = tb ? K : N;
    static constexpr auto a = placeholder<"a", float, a_rows, a_columns>;
    static constexpr auto b = placeholder<"b", float, b_rows, b_columns>;
    static constexpr auto bias = placeholder<"bias", float, N>;
    static constexpr auto product() {
        if constexpr (ta) return matmul(transpose(a), b);
        else if constexpr (tb) return matmul(a, transpose(b));
        else return matmul(a, b);
    }

    tensor<float, a_rows, a_columns> as;
    tensor<float, b_rows, b_columns> bs;
    tensor<float, N> biases;
    tensor<float, M, N> out;
    numbers<float> other{M * N}, transposed{tb ? N * K : 1};
    matrix eigen_a, eigen_b, eigen_out{M, N};
    row_vector eigen_bias;
    std::string name = std::to_string(M) + "x" + std::to_string(N) + "x" + std::to_string(K) + (ta ? "_left" : tb ? "_right" : "");
    double bytes = 4.0 * (M * K + K * N + M * N);

    sizes() {
        scatter(as);
        scatter(bs);
        scatter(biases);
        eigen_a = as_matrix(as, a_rows, a_columns);
        eigen_b = as_matrix(bs, b_rows, b_columns);
        eigen_bias = as_matrix(biases, 1, N);
    }
#if KILN_BENCH_HAND
    template <class Then>
    void by_hand(Then then) {
        constexpr hand::strides s = ta ? hand::strides{1, M} : hand::strides{K, 1};
        const float* b_rows_contiguous = bs.data();
        if constexpr (tb) {
            hand::transpose<N, K>(bs.data(), transposed.data());
            b_rows_contiguous = transposed.data();
        }
        hand::product<M, N, K, s, N>(as.data(), b_rows_contiguous, then);
    }
#endif
    void eigens() {
        if constexpr (ta) eigen_out.noalias() = eigen_a.transpose() * eigen_b;
        else if constexpr (tb) eigen_out.noalias() = eigen_a * eigen_b.transpose();
        else eigen_out.noalias() = eigen_a * eigen_b;
    }
};

template <i64 M, i64 N, i64 K, lies L = lies::plain>
void add_product() {
    using S = sizes<M, N, K, L>;
    static S& s = lasting<S>();
    static auto f = function(inputs(S::a, S::b), S::product());
    row r("product", s.name, {2.0 * M * N * K, s.bytes});
    r.kiln([] { f.into(s.out)(s.as, s.bs); }, s.out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { s.by_hand(hand::stored<N>{s.other.data()}); }, s.other);
#endif
    r.rival("eigen", [] { s.eigens(); }, s.eigen_out);
#if KILN_BENCH_OPENBLAS
    r.rival("openblas", [] { blas_product(M, N, K, s.as.data(), S::ta, s.bs.data(), S::tb, s.other.data()); }, s.other);
#endif
#if KILN_BENCH_ONEDNN
    if constexpr (L == lies::plain) r.rival("onednn", onednn::matmul(M, N, K, s.as.data(), s.bs.data(), nullptr, s.other.data()), s.other);
#endif
}

template <i64 M, i64 N, i64 K>
void add_dense() {
    using S = sizes<M, N, K>;
    static S& s = lasting<S>();
    static auto f = function(inputs(S::a, S::b, S::bias), relu(matmul(S::a, S::b) + S::bias));
    row r("dense_relu", s.name, {2.0 * M * N * K + 2.0 * M * N, s.bytes + 4.0 * N});
    r.kiln([] { f.into(s.out)(s.as, s.bs, s.biases); }, s.out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { s.by_hand(hand::dense_relu<N>{s.biases.data(), s.other.data()}); }, s.other);
#endif
    r.rival("eigen", [] {
        s.eigens();
        s.eigen_out = (s.eigen_out.rowwise() + s.eigen_bias).cwiseMax(0.0f);
    }, s.eigen_out);
#if KILN_BENCH_ONEDNN
    r.rival("onednn", onednn::matmul(M, N, K, s.as.data(), s.bs.data(), s.biases.data(), s.other.data()), s.other);
#endif
}

/// Bytes as the left operand, cast and scaled: by the contraction, block by block, and into memory first.
template <i64 M, i64 N, i64 K>
void add_cast_product() {
    using S = sizes<M, N, K>;
    static constexpr auto bytes = placeholder<"bytes", std::uint8_t, M, K>;
    static constexpr auto scaled = cast<float>(bytes) * 0.00392156863_c;
    static auto f = function(inputs(bytes, S::b), matmul(scaled, S::b));
    static auto first = function(inputs(bytes), scaled);
    static auto second = function(inputs(S::a, S::b), S::product());
    static S& s = lasting<S>();
    static auto& in = lasting<tensor<std::uint8_t, M, K>>();
    static auto& other = lasting<tensor<float, M, N>>();
    scatter(in, 0, 256);
    row r("cast_product", s.name, {2.0 * M * N * K, M * K + 4.0 * (K * N + M * N)});
    r.kiln([] { f.into(s.out)(in, s.bs); }, s.out);
    r.rival("two_kernels", [] {
        first.into(s.as)(in);
        second.into(other)(s.as, s.bs);
    }, other);
}

int main(int argc, char** argv) {
    keep_memory();
    add_product<32, 32, 32>();
    add_product<64, 64, 64>();
    add_product<100, 100, 100>();
    add_product<128, 128, 128>();
    add_product<200, 200, 200>();
    add_product<256, 256, 256>();
    add_product<384, 384, 384>();
    add_product<57, 133, 311>();
    add_product<1000, 2, 1000>();
    add_product<300, 3, 100>();
    add_product<64, 128, 784>();
    add_product<64, 128, 10, lies::right_transposed>();
    add_product<784, 128, 64, lies::left_transposed>();
    add_cast_product<64, 128, 784>();
    add_cast_product<1024, 128, 784>();
    add_cast_product<20000, 40, 300>();
    add_dense<64, 128, 784>();
    add_dense<128, 128, 784>();
    add_dense<64, 10, 128>();
    return run_all(argc, argv);
}
