// kiln and libtorch (eager, gradients by autograd, torch::optim::SGD) on the same work: functions of n floats, training steps of the
// perceptron and of LeNet-5. A program of its own, for its headers take a compiler a quarter of a minute.
#include "lenet.hpp"
#include "side_by_side.hpp"

#if KILN_BENCH_LIBTORCH
#include <torch/torch.h>

using namespace kiln;

constexpr i64 n_samples = 64;

/// A tensor of libtorch over the same numbers.
template <class X>
torch::Tensor borrowed(X& x, torch::IntArrayRef shape) { return torch::from_blob(x.data(), shape, torch::kFloat32); }

/// What row compares: numbers in a row.
struct held {
    torch::Tensor t;
    const float* data() const { return t.data_ptr<float>(); }
    long size() const { return static_cast<long>(t.numel()); }
};

template <long N, class Formula, class Theirs>
void add_map(const std::string& what, double flops, Formula formula, Theirs theirs) {
    static constexpr auto x = placeholder<"x", float, N>;
    static auto f = function(inputs(x), formula(x));
    auto &in = lasting<numbers<float>>(N), &out = lasting<numbers<float>>(N);
    scatter(in, -4, 4);
    auto& result = lasting<held>(held{torch::zeros({N})});
    row r("libtorch_" + what, std::to_string(N), {flops * N, 8.0 * N});
    r.kiln([&] { f.into(tensor_view<float, N>(out.data()))(tensor_view<float, N>(in.data())); }, out);
    r.rival("libtorch", [of = borrowed(in, {N}), &result, theirs] {
        const torch::NoGradGuard none;
        result.t = theirs(of);
    }, result);
}
template <long N>
void add_maps() {
    add_map<N>("chain", 20, [](auto x) { return tanh(2_c * x + 0.5_c) * 1.5_c + x / (1_c + x * x); },
               [](const torch::Tensor& x) { return torch::tanh(2 * x + 0.5) * 1.5 + x / (1 + x * x); });
    add_map<N>("softplus", 2, [](auto x) { return softplus(x); }, [](const torch::Tensor& x) { return torch::softplus(x); });
    // kiln's own gelu takes erfc, which keeps its precision where x is far below 0
    add_map<N>("gelu_erf", 5, [](auto x) { return 0.5_c * x * (1_c + erf(0.707106781_c * x)); }, [](const torch::Tensor& x) { return torch::gelu(x); });
}

/// A training step of `model`; theirs(parameters, images) gives the logits.
template <class Model, class Theirs>
void add_step(const std::string& what, Model, Theirs theirs) {
    static constexpr auto images = placeholder<"images", float, n_samples, 784>;
    static constexpr auto labels = placeholder<"labels", std::int32_t, n_samples>;
    static constexpr auto loss = mean(softmax_cross_entropy(trace(Model{}, images), labels));
    static auto step = function(inputs(images, labels), loss, updates(nn::sgd(loss, 0.01_c)));
    static session s(step);
    auto& x = lasting<tensor<float, n_samples, 784>>();
    auto& t = lasting<tensor<std::int32_t, n_samples>>();
    auto& wide_t = lasting<tensor<std::int64_t, n_samples>>();
    scatter(x, 0, 1);
    for (i64 k = 0; k < n_samples; ++k) wide_t(k) = t(k) = static_cast<std::int32_t>(k % 10);
    s.initialize(1);
    std::vector<torch::Tensor> parameters = Model::parameters(s);
    auto &ours = lasting<float>(), &other = lasting<float>();
    row r("libtorch_" + what, "batch_64", {0, 4.0 * n_samples * 785});
    r.after(10).within(1e-4);
    r.kiln([&] { step.into(ours)(s, x, t); }, ours);
    auto& optimizer = lasting<torch::optim::SGD>(parameters, torch::optim::SGDOptions(0.01));
    r.rival("libtorch", [&optimizer, &other, parameters, theirs, of = borrowed(x, {n_samples, 784}), labels_of = torch::from_blob(wide_t.data(), {n_samples}, torch::kInt64)] {
        optimizer.zero_grad();
        const torch::Tensor l = torch::cross_entropy_loss(theirs(parameters, of), labels_of);
        l.backward();
        optimizer.step();
        other = l.item<float>();
    }, other);
}

/// A layer as libtorch has it: [out, in], and [out, in, y, x] with the channels last.
template <class Kernel, class Bias>
void take(std::vector<torch::Tensor>& to, const Kernel& kernel, const Bias& bias, const std::vector<std::int64_t>& shape) {
    const auto w = torch::from_blob(const_cast<float*>(kernel.data()), shape, torch::kFloat32);
    to.push_back((shape.size() == 4 ? w.permute({3, 2, 0, 1}).contiguous(torch::MemoryFormat::ChannelsLast) : w.t().contiguous()).clone().set_requires_grad(true));
    to.push_back(torch::from_blob(const_cast<float*>(bias.data()), {shape.back()}, torch::kFloat32).clone().set_requires_grad(true));
}
struct perceptron {
    constexpr value operator()(value h) const { return nn::dense(relu(nn::dense(h, 128, "hidden")), 10, "readout"); }
    template <class S>
    static std::vector<torch::Tensor> parameters(S& s) {
        std::vector<torch::Tensor> w;
        take(w, s.template get<"hidden/kernel">(), s.template get<"hidden/bias">(), {784, 128});
        take(w, s.template get<"readout/kernel">(), s.template get<"readout/bias">(), {128, 10});
        return w;
    }
};
struct lenet {
    constexpr value operator()(value h) const { return lenet_logits(h); }
    template <class S>
    static std::vector<torch::Tensor> parameters(S& s) {
        std::vector<torch::Tensor> w;
        take(w, s.template get<"first/kernel">(), s.template get<"first/bias">(), {5, 5, 1, 6});
        take(w, s.template get<"second/kernel">(), s.template get<"second/bias">(), {5, 5, 6, 16});
        take(w, s.template get<"third/kernel">(), s.template get<"third/bias">(), {400, 120});
        take(w, s.template get<"fourth/kernel">(), s.template get<"fourth/bias">(), {120, 84});
        take(w, s.template get<"fifth/kernel">(), s.template get<"fifth/bias">(), {84, 10});
        return w;
    }
};

int main(int argc, char** argv) {
    keep_memory();
    torch::set_num_threads(1);
    add_maps<1000>();
    add_maps<100000>();
    add_step("mlp_step", perceptron{}, [](const std::vector<torch::Tensor>& w, const torch::Tensor& x) {
        return torch::linear(torch::relu(torch::linear(x, w[0], w[1])), w[2], w[3]);
    });
    add_step("lenet_step", lenet{}, [](const std::vector<torch::Tensor>& w, const torch::Tensor& x) {
        torch::Tensor h = x.reshape({-1, 1, 28, 28}).contiguous(torch::MemoryFormat::ChannelsLast);
        h = torch::max_pool2d(torch::relu(torch::conv2d(h, w[0], w[1], 1, 2)), 2);
        h = torch::max_pool2d(torch::relu(torch::conv2d(h, w[2], w[3])), 2);
        h = h.permute({0, 2, 3, 1}).reshape({-1, 400});
        h = torch::relu(torch::linear(h, w[4], w[5]));
        h = torch::relu(torch::linear(h, w[6], w[7]));
        return torch::linear(h, w[8], w[9]);
    });
    return run_all(argc, argv);
}
#else
#include <cstdio>
int main() { std::puts("built without libtorch"); }
#endif
