// Products of matrices, and a dense layer (product, bias, relu), against Eigen.
#include "side_by_side.hpp"

using namespace kiln;

template <i64 M, i64 N, i64 K>
struct product {
    static constexpr auto x = placeholder<"x", float, M, K>;
    static constexpr auto w = placeholder<"w", float, K, N>;
    static constexpr auto bias = placeholder<"bias", float, N>;
    static auto plain() { return function(inputs(x, w), matmul(x, w)); }
    static auto dense() { return function(inputs(x, w, bias), relu(matmul(x, w) + bias)); }
};

template <i64 M, i64 N, i64 K>
struct data {
    tensor<float, M, K> x;
    tensor<float, K, N> w;
    tensor<float, N> bias;
    tensor<float, M, N> y;
    matrix eigen_x, eigen_w, eigen_y{M, N};
    row_vector eigen_bias;
    data() {
        scatter(x);
        scatter(w);
        scatter(bias);
        eigen_x = as_matrix(x, M, K);
        eigen_w = as_matrix(w, K, N);
        eigen_bias = as_matrix(bias, 1, N);
    }
};

template <i64 M, i64 N, i64 K>
void add_product() {
    static auto f = product<M, N, K>::plain();
    static data<M, N, K> d;
    const auto kilns = [] { f.into(d.y)(d.x, d.w); };
    const auto eigens = [] { d.eigen_y.noalias() = d.eigen_x * d.eigen_w; };
    kilns();
    eigens();
    const std::string size = std::to_string(M) + "x" + std::to_string(N) + "x" + std::to_string(K);
    must_agree("matmul, " + size, d.y, d.eigen_y);
    const work w{2.0 * M * N * K, 4.0 * (M * K + K * N + M * N)};
    time_of("matmul/kiln/" + size, w, kilns);
    time_of("matmul/rival_eigen/" + size, w, eigens);
}

template <i64 M, i64 N, i64 K>
void add_dense() {
    static auto f = product<M, N, K>::dense();
    static data<M, N, K> d;
    const auto kilns = [] { f.into(d.y)(d.x, d.w, d.bias); };
    const auto eigens = [] {
        d.eigen_y.noalias() = d.eigen_x * d.eigen_w;
        d.eigen_y = (d.eigen_y.rowwise() + d.eigen_bias).cwiseMax(0.0f);
    };
    kilns();
    eigens();
    const std::string size = std::to_string(M) + "x" + std::to_string(N) + "x" + std::to_string(K);
    must_agree("dense_relu, " + size, d.y, d.eigen_y);
    const work w{2.0 * M * N * K + 2.0 * M * N, 4.0 * (M * K + K * N + N + M * N)};
    time_of("dense_relu/kiln/" + size, w, kilns);
    time_of("dense_relu/rival_eigen/" + size, w, eigens);
}

int main(int argc, char** argv) {
    keep_memory();
    add_product<32, 32, 32>();
    add_product<64, 64, 64>();
    add_product<128, 128, 128>();
    add_product<256, 256, 256>();
    add_product<64, 128, 784>();
    add_product<64, 10, 128>();
    add_dense<64, 128, 784>();
    add_dense<64, 10, 128>();
    return run_all(argc, argv);
}
