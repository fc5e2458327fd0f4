// One training step of the perceptron 784-128-10 (relu, softmax cross-entropy, 64 samples, SGD): forward, backward and
// update as one function, against back-propagation written by hand on Eigen.
#include "side_by_side.hpp"

using namespace kiln;

constexpr i64 n_samples = 64, n_pixels = 784, n_hidden = 128, n_classes = 10;

template <extent Batch>
struct model {
    static constexpr auto images = placeholder<"images", float, Batch, n_pixels>;
    static constexpr auto labels = placeholder<"labels", std::int32_t, Batch>;
    static constexpr auto logits = nn::dense<n_classes, "readout">(relu(nn::dense<n_hidden, "hidden">(images)));
    static constexpr auto loss = mean(softmax_cross_entropy(logits, labels));
    static auto step() { return function(inputs(images, labels), loss, updates(nn::sgd(loss, 0.01_c))); }
};

/// By hand. All that can be kept from step to step is; products need no memory of their own where Eigen can do without.
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
    static float loss, eigen_loss;
    s.initialize(1);
    e.w1 = as_matrix(s.template get<"hidden/kernel">(), n_pixels, n_hidden);
    e.w2 = as_matrix(s.template get<"readout/kernel">(), n_hidden, n_classes);
    e.b1 = row_vector::Zero(n_hidden);
    e.b2 = row_vector::Zero(n_classes);

    const auto kiln_step = [&images, &labels] { step.into(loss)(s, images, labels); };
    const auto eigen_step = [&labels] { eigen_loss = e.step(eigen_images, labels.data()); };

    const matrix w1_before = e.w1;
    for (int k = 0; k < 10; ++k) {
        kiln_step();
        eigen_step();
        must_agree("training_step, loss", loss, eigen_loss);
    }
    must_agree("training_step, hidden/kernel", s.template get<"hidden/kernel">(), e.w1);
    must_agree("training_step, hidden/bias", s.template get<"hidden/bias">(), e.b1, 1e-4f);
    must_agree("training_step, readout/kernel", s.template get<"readout/kernel">(), e.w2);
    must_agree("training_step, readout/bias", s.template get<"readout/bias">(), e.b2, 1e-4f);
    const matrix kiln_change = as_matrix(s.template get<"hidden/kernel">(), n_pixels, n_hidden) - w1_before;
    must_agree("training_step, change of hidden/kernel", kiln_change, matrix(e.w1 - w1_before), 1e-3f);

    const double first = n_pixels * n_hidden, second = n_hidden * n_classes, weights = first + second + n_hidden + n_classes;
    const work w{2.0 * n_samples * (2 * first + 3 * second), 4.0 * (n_samples * n_pixels + n_samples + 2 * weights)};
    time_of("training_step/kiln/" + what, w, kiln_step);
    time_of("training_step/rival_eigen/" + what, w, eigen_step);
}

int main(int argc, char** argv) {
    keep_memory();
    tensor<float, n_samples, n_pixels> images;
    tensor<std::int32_t, n_samples> labels;
    scatter(images, 0, 1);
    for (i64 k = 0; k < n_samples; ++k) labels(k) = static_cast<std::int32_t>(k % n_classes);

    add<model<n_samples>>("batch_64", images, labels);
    add<model<"batch">>("batch_at_run_time", images, labels);
    return run_all(argc, argv);
}
