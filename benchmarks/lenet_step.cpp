// One training step of LeNet-5 (64 samples, gradient descent): forward, backward and update as one function, against the same
// written by hand with AVX-512 or AVX2.
#include "lenet.hpp"
#include "side_by_side.hpp"
#if KILN_BENCH_HAND
#include "rivals/lenet.hpp"
#endif

using namespace kiln;

constexpr i64 n_samples = 64;

template <extent Batch>
struct model {
    static constexpr auto images = placeholder<"images", float, Batch, 784>;
    static constexpr auto labels = placeholder<"labels", std::int32_t, Batch>;
    static constexpr auto logits = trace([](value h) { return lenet_logits(h); }, images);
    static constexpr auto loss = mean(softmax_cross_entropy(logits, labels));
    static auto step() { return function(inputs(images, labels), loss, updates(nn::sgd(loss, 0.01_c))); }
};

template <class M>
void add(const std::string& what) {
    static auto step = M::step();
    static session s(step);
    static auto& images = lasting<tensor<float, n_samples, 784>>();
    static auto& labels = lasting<tensor<std::int32_t, n_samples>>();
    static float loss;
    [[maybe_unused]] static float other_loss;
    scatter(images, 0, 1);
    for (i64 k = 0; k < n_samples; ++k) labels(k) = static_cast<std::int32_t>(k % 10);
    s.initialize(1);
    const auto& f1 = s.template get<"first/kernel">();
    const auto& f2 = s.template get<"second/kernel">();
    const auto& w3 = s.template get<"third/kernel">();
    const auto& w5 = s.template get<"fifth/kernel">();
    const auto& b1 = s.template get<"first/bias">();
    const auto& b2 = s.template get<"second/bias">();

    // multiplications of the convolutions forward and back, of the layers forward and twice back
    constexpr double first = 784.0 * 25 * 6, second = 100.0 * 150 * 16, layers = 400.0 * 120 + 120 * 84 + 84 * 10;
    row r("lenet_step", what, {2 * n_samples * (2 * first + 3 * second + 3 * layers), 4.0 * n_samples * 785 + 8.0 * (150 + 2400 + layers)});
    r.after(10).within(1e-4);
#if KILN_BENCH_HAND
    static auto& h = lasting<hand::lenet>();
    const auto take = [](const auto& from, float* to) { std::copy_n(from.data(), from.size(), to); };
    take(f1, h.f1), take(f2, h.f2), take(w3, h.w3), take(s.template get<"fourth/kernel">(), h.w4), take(w5, h.w5);
    take(b1, h.b1), take(b2, h.b2), take(s.template get<"third/bias">(), h.b3), take(s.template get<"fourth/bias">(), h.b4),
        take(s.template get<"fifth/bias">(), h.b5);
#endif
    r.kiln([] { step.into(loss)(s, images, labels); }, loss, f1, f2, w3, w5, b1, b2);
#if KILN_BENCH_HAND
    r.rival("hand", [] { other_loss = h.step(images.data(), labels.data(), 0.01f); }, other_loss, h.f1, h.f2, h.w3, h.w5, h.b1, h.b2);
#endif
}

int main(int argc, char** argv) {
    add<model<n_samples>>("batch_64");
    add<model<"batch">>("batch_at_run_time");
    return run_all(argc, argv);
}
