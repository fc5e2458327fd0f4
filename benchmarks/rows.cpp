// Work along the rows of a matrix (softmax, logsumexp, layer normalisation, cross-entropy) and its gradients: kiln, AVX-512 or
// AVX2 by hand, Eigen, oneDNN. Eigen's side goes row by row where a row fills its registers, and over the whole matrix where it does not
// (10 columns): the faster way for each.
#include "rivals/eigen.hpp"
#include "rivals/onednn.hpp"
#if KILN_BENCH_HAND
#include "rivals/layer_norm.hpp"
#endif

using namespace kiln;

template <i64 R, i64 C>
struct rows {
    static constexpr bool wide = C >= 64;
    static constexpr auto x = placeholder<"x", float, R, C>;
    static constexpr auto up = placeholder<"up", float, R, C>;          // what the gradients of matrices come from
    static constexpr auto up_rows = placeholder<"up_rows", float, R>;   // and of columns
    static constexpr auto labels = placeholder<"labels", std::int32_t, R>;
    static constexpr auto gain = placeholder<"gain", float, C>;
    static constexpr auto offset = placeholder<"offset", float, C>;
    static constexpr auto layer_norm = trace(
        [](value v, value g, value o) {
            const value d = v - mean(v, -1, keepdims);
            return d * rsqrt(mean(square(d), -1, keepdims) + 1e-5) * g + o;
        },
        x, gain, offset);
    static constexpr auto loss = mean(softmax_cross_entropy(x, labels));
    static constexpr auto normalised = sum(layer_norm * up);

    tensor<float, R, C> in, ups, out;
    tensor<float, R> column, up_column;
    tensor<float, C> gains, offsets, d_gains, d_offsets;
    tensor<std::int32_t, R> answers;
    numbers<float> other{R * C}, other_gains{C}, other_offsets{C};
    float cost = 0, other_cost = 0;
    matrix eigen_in, eigen_out{R, C};
    column_vector eigen_column{R}, top{R}, total{R};
    row_vector eigen_gains, eigen_offsets;

    rows() {
        scatter(in, -4, 4);
        scatter(ups);
        scatter(up_column);
        scatter(gains);
        scatter(offsets);
        for (i64 k = 0; k < R; ++k) answers(k) = static_cast<std::int32_t>(k % C);
        eigen_in = as_matrix(in, R, C);
        eigen_gains = as_matrix(gains, 1, C);
        eigen_offsets = as_matrix(offsets, 1, C);
    }

    void eigen_softmax() {
        if constexpr (wide) {
            for (Eigen::Index k = 0; k < R; ++k) {
                auto row = eigen_out.row(k).array();
                row = (eigen_in.row(k).array() - eigen_in.row(k).maxCoeff()).exp();
                row *= 1.0f / row.sum();
            }
        } else {
            top = eigen_in.rowwise().maxCoeff();
            eigen_out = (eigen_in.colwise() - top).array().exp();
            total = eigen_out.rowwise().sum().cwiseInverse();
            eigen_out.array().colwise() *= total.array();
        }
    }
    void eigen_logsumexp() {
        if constexpr (wide) {
            for (Eigen::Index k = 0; k < R; ++k) {
                const float m = eigen_in.row(k).maxCoeff();
                eigen_column[k] = std::log((eigen_in.row(k).array() - m).exp().sum()) + m;
            }
        } else {
            top = eigen_in.rowwise().maxCoeff();
            eigen_out = (eigen_in.colwise() - top).array().exp();
            eigen_column = eigen_out.rowwise().sum().array().log() + top.array();
        }
    }
    void eigen_layer_norm() {
        if constexpr (wide) {
            for (Eigen::Index k = 0; k < R; ++k) {
                auto row = eigen_out.row(k).array();
                row = eigen_in.row(k).array() - eigen_in.row(k).sum() / static_cast<float>(C);
                const float scale = 1.0f / std::sqrt(row.square().sum() / static_cast<float>(C) + 1e-5f);
                row = row * scale * eigen_gains.array() + eigen_offsets.array();
            }
        } else {
            top = eigen_in.rowwise().sum() / static_cast<float>(C);
            eigen_out = eigen_in.colwise() - top;
            total = (eigen_out.rowwise().squaredNorm().array() / static_cast<float>(C) + 1e-5f).rsqrt();
            eigen_out = ((eigen_out.array().colwise() * total.array()).rowwise() * eigen_gains.array()).rowwise() +
                        eigen_offsets.array();
        }
    }
    void eigen_cross_entropy() {
        constexpr float count = static_cast<float>(R);
        other_cost = 0;
        if constexpr (wide) {
            for (Eigen::Index k = 0; k < R; ++k) {
                auto row = eigen_out.row(k).array();
                const float m = eigen_in.row(k).maxCoeff();
                row = (eigen_in.row(k).array() - m).exp();
                const float sum = row.sum();
                row *= 1.0f / (sum * count);
                eigen_out(k, answers(k)) -= 1.0f / count;
                other_cost += std::log(sum) + m - eigen_in(k, answers(k));
            }
        } else {
            top = eigen_in.rowwise().maxCoeff();
            eigen_out = (eigen_in.colwise() - top).array().exp();
            total = eigen_out.rowwise().sum();
            other_cost = (total.array().log() + top.array()).sum();
            total = (total * count).cwiseInverse();
            eigen_out.array().colwise() *= total.array();
            for (Eigen::Index k = 0; k < R; ++k) {
                eigen_out(k, answers(k)) -= 1.0f / count;
                other_cost -= eigen_in(k, answers(k));
            }
        }
        other_cost /= count;
    }
};


template <i64 R, i64 C>
void add_rows() {
    using m = rows<R, C>;
    static m& d = lasting<m>();
    const std::string size = std::to_string(R) + "x" + std::to_string(C);
    constexpr double n = static_cast<double>(R * C), line = 4.0 * R, head = 4.0 * C;

    static auto softmax_of = function(inputs(m::x), softmax(m::x));
    row softmaxes("softmax", size, {5 * n, 8 * n});
    softmaxes.kiln([] { softmax_of.into(d.out)(d.in); }, d.out);

    static auto softmax_gradient_of = function(inputs(m::x, m::up), grad(sum(softmax(m::x) * m::up), m::x));
    row softmax_gradients("softmax_gradient", size, {8 * n, 12 * n});
    softmax_gradients.kiln([] { softmax_gradient_of.into(d.out)(d.in, d.ups); }, d.out);

    static auto logsumexp_of = function(inputs(m::x), logsumexp<-1>(m::x));
    row logsumexps("logsumexp", size, {4 * n, 4 * n + line});
    logsumexps.kiln([] { logsumexp_of.into(d.column)(d.in); }, d.column);

    static auto logsumexp_gradient_of = function(inputs(m::x, m::up_rows), grad(sum(logsumexp<-1>(m::x) * m::up_rows), m::x));
    row logsumexp_gradients("logsumexp_gradient", size, {5 * n, 8 * n + line});
    logsumexp_gradients.kiln([] { logsumexp_gradient_of.into(d.out)(d.in, d.up_column); }, d.out);

    static auto layer_norm_of = function(inputs(m::x, m::gain, m::offset), m::layer_norm);
    row layer_norms("layer_norm", size, {7 * n, 8 * n + 2 * head});
    layer_norms.kiln([] { layer_norm_of.into(d.out)(d.in, d.gains, d.offsets); }, d.out);

    static auto layer_norm_gradient_of = function(inputs(m::x, m::gain, m::up), grad(m::normalised, m::x, m::gain, m::offset));
    row layer_norm_gradients("layer_norm_gradient", size, {15 * n, 12 * n + 3 * head});
    layer_norm_gradients.within(1e-4).kiln([] { layer_norm_gradient_of.into(d.out, d.d_gains, d.d_offsets)(d.in, d.gains, d.ups); },
                                           d.out, d.d_gains, d.d_offsets);

    static auto cross_entropy_of = function(inputs(m::x, m::labels), outputs(m::loss, grad(m::loss, m::x)));
    row cross_entropies("cross_entropy", size, {6 * n, 8 * n + line});
    cross_entropies.kiln([] { cross_entropy_of.into(d.cost, d.out)(d.in, d.answers); }, d.cost, d.out);

#if KILN_BENCH_HAND
    softmaxes.rival("hand", [] { hand::softmax<R, C>(d.in.data(), nullptr, d.other.data()); }, d.other);
    softmax_gradients.rival("hand", [] { hand::softmax_gradient<R, C>(d.in.data(), d.ups.data(), d.other.data()); }, d.other);
    logsumexps.rival("hand", [] { hand::logsumexp<R, C>(d.in.data(), d.eigen_column.data()); }, d.eigen_column);
    logsumexp_gradients.rival("hand", [] { hand::softmax<R, C>(d.in.data(), d.up_column.data(), d.other.data()); }, d.other);
    layer_norms.rival("hand", [] { hand::layer_norm<R, C>(d.in.data(), d.gains.data(), d.offsets.data(), d.other.data()); }, d.other);
    layer_norm_gradients.rival("hand", [] {
        hand::layer_norm_gradient<R, C>(d.in.data(), d.gains.data(), d.ups.data(), d.other.data(), d.other_gains.data(), d.other_offsets.data());
    }, d.other, d.other_gains, d.other_offsets);
    cross_entropies.rival("hand", [] { d.other_cost = hand::cross_entropy<R, C>(d.in.data(), d.answers.data(), d.other.data()); },
                          d.other_cost, d.other);
#endif
    softmaxes.rival("eigen", [] { d.eigen_softmax(); }, d.eigen_out);
    logsumexps.rival("eigen", [] { d.eigen_logsumexp(); }, d.eigen_column);
    layer_norms.rival("eigen", [] { d.eigen_layer_norm(); }, d.eigen_out);
    cross_entropies.rival("eigen", [] { d.eigen_cross_entropy(); }, d.other_cost, d.eigen_out);
#if KILN_BENCH_ONEDNN
    softmaxes.rival("onednn", onednn::softmax({R, C}, d.in.data(), d.other.data()), d.other);
    layer_norms.rival("onednn", onednn::layer_norm({R, C}, d.in.data(), d.gains.data(), d.offsets.data(), d.other.data()), d.other);
#endif
}

int main(int argc, char** argv) {
    keep_memory();
    add_rows<64, 10>();
    add_rows<200, 50>();
    add_rows<1024, 1024>();
    return run_all(argc, argv);
}
