// One sample through the net 8-32-32-4 (tanh), where the call itself is a good part of the work; against Eigen with
// matrices of static size.
#include "side_by_side.hpp"

using namespace kiln;

constexpr auto x = placeholder<"x", float, 8>;
constexpr auto hidden = tanh(nn::dense<32, "second">(tanh(nn::dense<32, "first">(x))));
constexpr auto y = nn::dense<4, "third">(hidden);

/// Column-major weights, column vectors, products without blocking: the same memory as kiln's row-major x W, and what
/// Eigen does best at this size.
template <int In, int Out>
struct eigen_layer {
    Eigen::Matrix<float, Out, In> w;
    Eigen::Matrix<float, Out, 1> b;
    template <class W, class B>
    void take(const W& kernel, const B& bias) {
        w = Eigen::Map<const Eigen::Matrix<float, Out, In>>(kernel.data());
        b = Eigen::Map<const Eigen::Matrix<float, Out, 1>>(bias.data());
    }
};

int main(int argc, char** argv) {
    static auto net = function(inputs(x), y);
    static session s(net);
    static tensor<float, 8> in;
    static tensor<float, 4> out;
    s.initialize(1);
    scatter(in);
    scatter(s.get<"first/bias">());
    scatter(s.get<"second/bias">());
    scatter(s.get<"third/bias">());

    static eigen_layer<8, 32> first;
    static eigen_layer<32, 32> second;
    static eigen_layer<32, 4> third;
    static Eigen::Matrix<float, 8, 1> eigen_in = Eigen::Map<Eigen::Matrix<float, 8, 1>>(in.data());
    static Eigen::Matrix<float, 4, 1> eigen_out;
    first.take(s.get<"first/kernel">(), s.get<"first/bias">());
    second.take(s.get<"second/kernel">(), s.get<"second/bias">());
    third.take(s.get<"third/kernel">(), s.get<"third/bias">());

    const auto kilns = [] { net.into(out)(s, in); };
    const auto eigens = [] {
        const Eigen::Matrix<float, 32, 1> h1 = (first.w.lazyProduct(eigen_in) + first.b).array().tanh();
        const Eigen::Matrix<float, 32, 1> h2 = (second.w.lazyProduct(h1) + second.b).array().tanh();
        eigen_out = third.w.lazyProduct(h2) + third.b;
    };
    kilns();
    eigens();
    must_agree("small_net", out, eigen_out);

    constexpr double weights = 8 * 32 + 32 * 32 + 32 * 4, biases = 32 + 32 + 4;
    const work w{2 * weights + 64, 4.0 * (weights + biases + 8 + 4)};
    time_of("small_net/kiln/8-32-32-4", w, kilns);
    time_of("small_net/rival_eigen/8-32-32-4", w, eigens);
    return run_all(argc, argv);
}
