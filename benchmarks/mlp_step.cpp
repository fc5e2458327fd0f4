// One training step of the perceptron 784-128-10 (relu, softmax cross-entropy, 64 samples, gradient descent): forward, backward and
// update as one function, against the same written by hand with AVX-512 or AVX2 and with Eigen.
#include "rivals/eigen.hpp"
#if KILN_BENCH_HAND
#include "rivals/perceptron.hpp"
#endif

using namespace kiln;

constexpr i64 n_samples = 64, n_pixels = 784, n_hidden = 128, n_classes = 10;
[[maybe_unused]] constexpr float rate = 0.01f;

template <extent Batch>
struct model {
    static constexpr auto images = placeholder<"images", float, Batch, n_pixels>;
    static constexpr auto labels = placeholder<"labels", std::int32_t, Batch>;
    static constexpr auto logits = nn::dense<n_classes, "readout">(relu(nn::dense<n_hidden, "hidden">(images)));
    static constexpr auto loss = mean(softmax_cross_entropy(logits, labels));
    static auto step() { return function(inputs(images, labels), loss, updates(nn::sgd(loss, 0.01_c))); }
};

/// All that can be kept from step to step is; products need no memory of their own where Eigen can do without.
struct eigen_model {
    matrix w1, w2, hidden{n_samples, n_hidden}, logits{n_samples, n_classes}, d_logits{n_samples, n_classes},
        d_hidden{n_samples, n_hidden};
    row_vector b1, b2;
    column_vector top{n_samples}, total{n_samples};

    float step(const matrix& images, const std::int32_t* labels) {
        hidden.noalias() = images * w1;
        hidden = (hidden.rowwise() + b1).cwiseMax(0.0f);
        logits.noalias() = hidden * w2;
        logits.rowwise() += b2;

        top = logits.rowwise().maxCoeff();
        d_logits = (logits.colwise() - top).array().exp();
        total = d_logits.rowwise().sum();
        float loss = 0;
        for (Eigen::Index k = 0; k < n_samples; ++k) loss += std::log(total[k]) + top[k] - logits(k, labels[k]);
        d_logits.array().colwise() /= total.array();
        for (Eigen::Index k = 0; k < n_samples; ++k) d_logits(k, labels[k]) -= 1.0f;
        d_logits /= static_cast<float>(n_samples);

        d_hidden.noalias() = d_logits * w2.transpose();
        d_hidden = (hidden.array() > 0.0f).select(d_hidden, 0.0f);
        w2.noalias() -= 0.01f * (hidden.transpose() * d_logits);
        b2 -= 0.01f * d_logits.colwise().sum();
        w1.noalias() -= 0.01f * (images.transpose() * d_hidden);
        b1 -= 0.01f * d_hidden.colwise().sum();
        return loss / static_cast<float>(n_samples);
    }
};

template <class M, class Images, class Labels>
void add(const std::string& what, const Images& images, const Labels& labels) {
    static auto step = M::step();
    static session s(step);
    static eigen_model e;
    static matrix eigen_images = as_matrix(images, n_samples, n_pixels);
    static float loss, other_loss;
    s.initialize(1);
    const auto& w1 = s.template get<"hidden/kernel">();
    const auto& w2 = s.template get<"readout/kernel">();
    const auto& b1 = s.template get<"hidden/bias">();
    const auto& b2 = s.template get<"readout/bias">();
    e.w1 = as_matrix(w1, n_pixels, n_hidden);
    e.w2 = as_matrix(w2, n_hidden, n_classes);
    e.b1 = row_vector::Zero(n_hidden);
    e.b2 = row_vector::Zero(n_classes);
#if KILN_BENCH_HAND
    static auto& h = lasting<hand::perceptron>();
    std::copy_n(w1.data(), w1.size(), h.w1);
    std::copy_n(w2.data(), w2.size(), h.w2);
    std::fill_n(h.b1, n_hidden, 0.0f);
    std::fill_n(h.b2, n_classes, 0.0f);
#endif

    const double first = n_pixels * n_hidden, second = n_hidden * n_classes, weights = first + second + n_hidden + n_classes;
    row r("mlp_step", what, {2.0 * n_samples * (2 * first + 3 * second), 4.0 * (n_samples * n_pixels + n_samples + 2 * weights)});
    r.after(10).within(1e-4);
    r.kiln([&images, &labels] { step.into(loss)(s, images, labels); }, loss, w1, w2, b1, b2);
#if KILN_BENCH_HAND
    const auto by_hand = [&images, &labels] { other_loss = h.step(images.data(), labels.data(), rate); };
    r.rival("hand", by_hand, other_loss, h.w1, h.w2, h.b1, h.b2);
#endif
    r.rival("eigen", [&labels] { other_loss = e.step(eigen_images, labels.data()); }, other_loss, e.w1, e.w2, e.b1, e.b2);
}

int main(int argc, char** argv) {
    keep_memory();
    auto& images = lasting<tensor<float, n_samples, n_pixels>>();
    auto& labels = lasting<tensor<std::int32_t, n_samples>>();
    scatter(images, 0, 1);
    for (i64 k = 0; k < n_samples; ++k) labels(k) = static_cast<std::int32_t>(k % n_classes);

    add<model<n_samples>>("batch_64", images, labels);
    add<model<"batch">>("batch_at_run_time", images, labels);
    return run_all(argc, argv);
}
