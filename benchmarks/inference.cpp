// One sample through a net, where the call itself is a part of the work: 784-128-10 (relu), bound by reading its weights, and
// 8-32-32-4 (tanh). Against AVX-512 or AVX2 by hand and Eigen, with matrices of static size where they are small.
#include "rivals/eigen.hpp"
#if KILN_BENCH_HAND
#include "rivals/inference.hpp"
#endif

using namespace kiln;

constexpr auto image = placeholder<"image", float, 784>;
constexpr auto digit = nn::dense<10, "digits/readout">(relu(nn::dense<128, "digits/hidden">(image)));
constexpr auto x = placeholder<"x", float, 8>;
constexpr auto hidden = tanh(nn::dense<32, "second">(tanh(nn::dense<32, "first">(x))));
constexpr auto y = nn::dense<4, "third">(hidden);

/// Column-major weights and column vectors: the same memory as kiln's row-major x W. Products without blocking where the size is
/// static: what Eigen does best there.
template <int In, int Out, int KeptIn = In, int KeptOut = Out>
struct eigen_layer {
    Eigen::Matrix<float, KeptOut, KeptIn> w;
    Eigen::Matrix<float, KeptOut, 1> b;
    template <class W, class B>
    eigen_layer(const W& kernel, const B& bias)
        : w(Eigen::Map<const Eigen::Matrix<float, Out, In>>(kernel.data())), b(Eigen::Map<const Eigen::Matrix<float, Out, 1>>(bias.data())) {}
};

void add_digits() {
    static auto net = function(inputs(image), digit);
    static session s(net);
    static auto& in = lasting<tensor<float, 784>>();
    static tensor<float, 10> out, other;
    s.initialize(1);
    scatter(in);
    static const auto& w1 = s.get<"digits/hidden/kernel">();
    static const auto& b1 = s.get<"digits/hidden/bias">();
    static const auto& w2 = s.get<"digits/readout/kernel">();
    static const auto& b2 = s.get<"digits/readout/bias">();
    scatter(s.get<"digits/hidden/bias">());
    scatter(s.get<"digits/readout/bias">());
    static eigen_layer<784, 128, Eigen::Dynamic, Eigen::Dynamic> first(w1, b1);
    static eigen_layer<128, 10, Eigen::Dynamic, Eigen::Dynamic> second(w2, b2);
    static Eigen::VectorXf eigen_in = Eigen::Map<Eigen::VectorXf>(in.data(), 784), eigen_hidden(128), eigen_out(10);

    constexpr double weights = 784 * 128 + 128 * 10, biases = 128 + 10;
    row r("inference", "784-128-10", {2 * weights, 4.0 * (weights + biases + 784 + 10)});
    r.kiln([] { net.into(out)(s, in); }, out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::digits(in.data(), w1.data(), b1.data(), w2.data(), b2.data(), other.data()); }, other);
#endif
    r.rival("eigen", [] {
        eigen_hidden.noalias() = first.w * eigen_in;
        eigen_hidden = (eigen_hidden + first.b).cwiseMax(0.0f);
        eigen_out.noalias() = second.w * eigen_hidden;
        eigen_out += second.b;
    }, eigen_out);
}

void add_tiny() {
    static auto net = function(inputs(x), y);
    static session s(net);
    static tensor<float, 8> in;
    static tensor<float, 4> out, other;
    s.initialize(1);
    scatter(in);
    static const auto& w1 = s.get<"first/kernel">();
    static const auto& w2 = s.get<"second/kernel">();
    static const auto& w3 = s.get<"third/kernel">();
    static const auto& b1 = s.get<"first/bias">();
    static const auto& b2 = s.get<"second/bias">();
    static const auto& b3 = s.get<"third/bias">();
    scatter(s.get<"first/bias">());
    scatter(s.get<"second/bias">());
    scatter(s.get<"third/bias">());
    static eigen_layer<8, 32> first(w1, b1);
    static eigen_layer<32, 32> second(w2, b2);
    static eigen_layer<32, 4> third(w3, b3);
    static Eigen::Matrix<float, 8, 1> eigen_in = Eigen::Map<Eigen::Matrix<float, 8, 1>>(in.data());
    static Eigen::Matrix<float, 4, 1> eigen_out;

    constexpr double weights = 8 * 32 + 32 * 32 + 32 * 4, biases = 32 + 32 + 4;
    row r("inference", "8-32-32-4", {2 * weights + 64, 4.0 * (weights + biases + 8 + 4)});
    r.kiln([] { net.into(out)(s, in); }, out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::tiny(in.data(), w1.data(), b1.data(), w2.data(), b2.data(), w3.data(), b3.data(), other.data()); }, other);
#endif
    r.rival("eigen", [] {
        const Eigen::Matrix<float, 32, 1> h1 = (first.w.lazyProduct(eigen_in) + first.b).array().tanh();
        const Eigen::Matrix<float, 32, 1> h2 = (second.w.lazyProduct(h1) + second.b).array().tanh();
        eigen_out = third.w.lazyProduct(h2) + third.b;
    }, eigen_out);
}

int main(int argc, char** argv) {
    add_digits();
    add_tiny();
    return run_all(argc, argv);
}
