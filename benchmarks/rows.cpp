// Work along the rows of a matrix (softmax, logsumexp, layer normalisation, cross-entropy with its gradient) and whole
// sums and maxima, against Eigen. Eigen's side goes row by row where a row fills its registers, and over the whole matrix
// where it does not (10 columns): the faster way for each.
#include "side_by_side.hpp"

#include <vector>

using namespace kiln;

template <i64 R, i64 C>
struct rows {
    static constexpr bool wide = C >= 64;
    static constexpr auto x = placeholder<"x", float, R, C>;
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

    tensor<float, R, C> in, out;
    tensor<float, R> column;
    tensor<float, C> gains, offsets;
    tensor<std::int32_t, R> answers;
    float cost = 0, eigen_cost = 0;
    matrix eigen_in, eigen_out{R, C};
    column_vector eigen_column{R}, top{R}, total{R};
    row_vector eigen_gains, eigen_offsets;

    rows() {
        scatter(in, -4, 4);
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
        eigen_cost = 0;
        if constexpr (wide) {
            for (Eigen::Index k = 0; k < R; ++k) {
                auto row = eigen_out.row(k).array();
                const float m = eigen_in.row(k).maxCoeff();
                row = (eigen_in.row(k).array() - m).exp();
                const float sum = row.sum();
                row *= 1.0f / (sum * count);
                eigen_out(k, answers(k)) -= 1.0f / count;
                eigen_cost += std::log(sum) + m - eigen_in(k, answers(k));
            }
        } else {
            top = eigen_in.rowwise().maxCoeff();
            eigen_out = (eigen_in.colwise() - top).array().exp();
            total = eigen_out.rowwise().sum();
            eigen_cost = (total.array().log() + top.array()).sum();
            total = (total * count).cwiseInverse();
            eigen_out.array().colwise() *= total.array();
            for (Eigen::Index k = 0; k < R; ++k) {
                eigen_out(k, answers(k)) -= 1.0f / count;
                eigen_cost -= eigen_in(k, answers(k));
            }
        }
        eigen_cost /= count;
    }
};

template <i64 R, i64 C>
void add_rows() {
    using m = rows<R, C>;
    static m d;
    const std::string size = std::to_string(R) + "x" + std::to_string(C);
    constexpr double n = static_cast<double>(R * C);
    const auto both = [&](const std::string& what, work w, auto kilns, auto eigens) {
        time_of(what + "/kiln/" + size, w, kilns);
        time_of(what + "/rival_eigen/" + size, w, eigens);
    };

    static auto softmax_of = function(inputs(m::x), softmax(m::x));
    const auto kiln_softmax = [] { softmax_of.into(d.out)(d.in); };
    const auto eigen_softmax = [] { d.eigen_softmax(); };
    kiln_softmax();
    eigen_softmax();
    must_agree("softmax, " + size, d.out, d.eigen_out);
    both("softmax", {5 * n, 8 * n}, kiln_softmax, eigen_softmax);

    static auto logsumexp_of = function(inputs(m::x), logsumexp<-1>(m::x));
    const auto kiln_logsumexp = [] { logsumexp_of.into(d.column)(d.in); };
    const auto eigen_logsumexp = [] { d.eigen_logsumexp(); };
    kiln_logsumexp();
    eigen_logsumexp();
    must_agree("logsumexp, " + size, d.column, d.eigen_column);
    both("logsumexp", {4 * n, 4 * n + 4.0 * R}, kiln_logsumexp, eigen_logsumexp);

    static auto layer_norm_of = function(inputs(m::x, m::gain, m::offset), m::layer_norm);
    const auto kiln_layer_norm = [] { layer_norm_of.into(d.out)(d.in, d.gains, d.offsets); };
    const auto eigen_layer_norm = [] { d.eigen_layer_norm(); };
    kiln_layer_norm();
    eigen_layer_norm();
    must_agree("layer_norm, " + size, d.out, d.eigen_out);
    both("layer_norm", {7 * n, 8 * n + 8.0 * C}, kiln_layer_norm, eigen_layer_norm);

    static auto cross_entropy_of = function(inputs(m::x, m::labels), outputs(m::loss, grad(m::loss, m::x)));
    const auto kiln_cross_entropy = [] { cross_entropy_of.into(d.cost, d.out)(d.in, d.answers); };
    const auto eigen_cross_entropy = [] { d.eigen_cross_entropy(); };
    kiln_cross_entropy();
    eigen_cross_entropy();
    must_agree("cross_entropy, loss, " + size, d.cost, d.eigen_cost);
    must_agree("cross_entropy, gradient, " + size, d.out, d.eigen_out);
    both("cross_entropy", {6 * n, 8 * n + 4.0 * R}, kiln_cross_entropy, eigen_cross_entropy);
}

constexpr auto x = placeholder<"x", float, "n">;

/// kiln's maximum is NaN where an element is; Eigen's by default is any number then, so Eigen has both.
void add_reductions(i64 n) {
    auto* in = new tensor<float, dynamic>(n);   // lives as long as the benchmarks that are registered below
    scatter(*in);
    auto* eigen_in = new Eigen::ArrayXf(Eigen::Map<Eigen::ArrayXf>(in->data(), n));
    auto* sum_of = new auto(function(inputs(x), sum(x)));
    auto* max_of = new auto(function(inputs(x), max(x)));
    auto* result = new float[2]{};

    const auto kiln_sum = [=] { sum_of->into(result[0])(*in); };
    const auto kiln_max = [=] { max_of->into(result[0])(*in); };
    const auto eigen_sum = [=] { result[1] = eigen_in->sum(); };
    const auto eigen_max = [=] { result[1] = eigen_in->maxCoeff(); };
    const auto eigen_max_nan = [=] { result[1] = eigen_in->maxCoeff<Eigen::PropagateNaN>(); };
    kiln_sum();
    eigen_sum();
    must_agree("sum, " + std::to_string(n), result[0], result[1], 1e-4f);
    kiln_max();
    eigen_max_nan();
    must_agree("max, " + std::to_string(n), result[0], result[1], 0);

    const work w{static_cast<double>(n), 4.0 * static_cast<double>(n)};
    const std::string size = std::to_string(n);
    time_of("sum/kiln/" + size, w, kiln_sum);
    time_of("sum/rival_eigen/" + size, w, eigen_sum);
    time_of("max/kiln/" + size, w, kiln_max);
    time_of("max/rival_eigen/" + size, w, eigen_max);
    time_of("max/rival_eigen_nan/" + size, w, eigen_max_nan);
}

int main(int argc, char** argv) {
    keep_memory();
    add_rows<64, 10>();
    add_rows<1024, 1024>();
    for (const i64 n : {1'000, 100'000}) add_reductions(n);
    return run_all(argc, argv);
}
