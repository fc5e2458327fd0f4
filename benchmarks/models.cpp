// Value and gradient of models over 1000 observations, in double: least squares and logistic regression of 20 variables, a mixture
// of 4 normal distributions (log-sum-exp). kiln, AVX-512 or AVX2 by hand (data in blocks of a vector of observations), Eigen with the gradient by hand.
#include "side_by_side.hpp"
#if KILN_BENCH_HAND
#include "rivals/models.hpp"
#endif
#include <Eigen/Core>

using namespace kiln;

constexpr i64 n = 1000, n_variables = 20, n_parts = 4;
using eigen_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr auto x = placeholder<"x", double, n, n_variables>;
constexpr auto y = placeholder<"y", double, n>;
constexpr auto w = placeholder<"w", double, n_variables>;
constexpr auto linear = matmul(x, w);
constexpr auto squares = 0.5_c * sum(square(linear - y));
constexpr auto entropy = sum(softplus(linear) - y * linear);

constexpr auto a = placeholder<"a", double, n_parts>;
constexpr auto s = placeholder<"s", double, n_parts>;
constexpr auto m = placeholder<"m", double, n_parts>;
constexpr auto likelihood = sum(logsumexp<-1>(a - s - 0.5_c * square((expand_dims<1>(y) - m) * exp(-s))));

struct data {
    tensor<double, n, n_variables> xs;
    tensor<double, n> ys, answers;
    tensor<double, n_variables> ws, g, other_g;
    tensor<double, n_parts> as, ss, ms, da, ds, dm, other_da, other_ds, other_dm;
    numbers<double> blocks{n * n_variables};
    double value = 0, other_value = 0;
    eigen_matrix eigen_x, e{n, n_parts}, u{n, n_parts};
    Eigen::VectorXd eigen_y, eigen_answers, eigen_w, z{n}, r{n}, eigen_g{n_variables};
    Eigen::Array<double, 1, Eigen::Dynamic> narrow;

    data() {
        scatter(xs);
        scatter(ys, -3, 3);
        scatter(ws);
        scatter(as);
        scatter(ss, -0.5, 0.5);
        scatter(ms, -3, 3);
        for (i64 k = 0; k < n; ++k) answers(k) = ys(k) > 0;
#if KILN_BENCH_HAND
        constexpr i64 lanes = hand::width64;
        for (i64 k = 0; k < n; ++k)
            for (i64 v = 0; v < n_variables; ++v) blocks[(k / lanes * n_variables + v) * lanes + k % lanes] = xs(k, v);
#endif
        eigen_x = Eigen::Map<eigen_matrix>(xs.data(), n, n_variables);
        eigen_y = Eigen::Map<Eigen::VectorXd>(ys.data(), n);
        eigen_answers = Eigen::Map<Eigen::VectorXd>(answers.data(), n);
        eigen_w = Eigen::Map<Eigen::VectorXd>(ws.data(), n_variables);
    }
    void eigen_least_squares() {
        r.noalias() = eigen_x * eigen_w;
        r -= eigen_y;
        other_value = 0.5 * r.squaredNorm();
        eigen_g.noalias() = eigen_x.transpose() * r;
    }
    void eigen_logistic() {
        z.noalias() = eigen_x * eigen_w;
        r = (-z.array().abs()).exp();
        other_value = (z.array().max(0.0) + (1.0 + r.array()).log() - eigen_answers.array() * z.array()).sum();
        r = (z.array() > 0).select(1.0, r.array()) / (1.0 + r.array()) - eigen_answers.array();
        eigen_g.noalias() = eigen_x.transpose() * r;
    }
    void eigen_mixture() {
        using parts = Eigen::Map<Eigen::Array<double, 1, Eigen::Dynamic>>;
        const parts al(as.data(), n_parts), sl(ss.data(), n_parts), ml(ms.data(), n_parts);
        narrow = (-sl).exp();
        u = eigen_y.replicate<1, n_parts>();
        u.array() = (u.array().rowwise() - ml).rowwise() * narrow;
        e.array() = (-0.5 * u.array().square()).rowwise() + (al - sl);
        z = e.rowwise().maxCoeff();
        e.array() = (e.colwise() - z).array().exp();
        r = e.rowwise().sum();
        other_value = (z.array() + r.array().log()).sum();
        e.array().colwise() /= r.array();
        parts(other_da.data(), n_parts) = e.colwise().sum();
        parts(other_ds.data(), n_parts) = (e.array() * (u.array().square() - 1)).colwise().sum();
        parts(other_dm.data(), n_parts) = (e.array() * u.array()).colwise().sum() * narrow;
    }
};

int main(int argc, char** argv) {
    static data& d = lasting<data>();
    constexpr double values = n * n_variables;

    static auto squares_of = function(inputs(x, y, w), outputs(squares, grad(squares, w)));
    row r("least_squares", "1000x20", {4 * values + 3 * n, 8 * (values + n), true});
    r.within(1e-10).kiln([] { squares_of.into(d.value, d.g)(d.xs, d.ys, d.ws); }, d.value, d.g);
#if KILN_BENCH_HAND
    r.rival("hand", [] { d.other_value = hand::least_squares<n, n_variables>(d.blocks.data(), d.ys.data(), d.ws.data(), d.other_g.data()); },
            d.other_value, d.other_g);
#endif
    r.rival("eigen", [] { d.eigen_least_squares(); }, d.other_value, d.eigen_g);

    static auto entropy_of = function(inputs(x, y, w), outputs(entropy, grad(entropy, w)));
    row logistics("logistic_regression", "1000x20", {4 * values + 10 * n, 8 * (values + n), true});
    logistics.within(1e-10).kiln([] { entropy_of.into(d.value, d.g)(d.xs, d.answers, d.ws); }, d.value, d.g);
#if KILN_BENCH_HAND
    logistics.rival("hand", [] { d.other_value = hand::logistic<n, n_variables>(d.blocks.data(), d.answers.data(), d.ws.data(), d.other_g.data()); },
                    d.other_value, d.other_g);
#endif
    logistics.rival("eigen", [] { d.eigen_logistic(); }, d.other_value, d.eigen_g);

    static auto likelihood_of = function(inputs(y, a, s, m), outputs(likelihood, grad(likelihood, a, s, m)));
    row mixtures("mixture", "1000x4", {16.0 * n * n_parts, 8.0 * n, true});
    mixtures.within(1e-10).kiln([] { likelihood_of.into(d.value, d.da, d.ds, d.dm)(d.ys, d.as, d.ss, d.ms); }, d.value, d.da, d.ds, d.dm);
#if KILN_BENCH_HAND
    mixtures.rival("hand", [] {
        d.other_value = hand::mixture<n, n_parts>(d.ys.data(), d.as.data(), d.ss.data(), d.ms.data(), d.other_da.data(), d.other_ds.data(), d.other_dm.data());
    }, d.other_value, d.other_da, d.other_ds, d.other_dm);
#endif
    mixtures.rival("eigen", [] { d.eigen_mixture(); }, d.other_value, d.other_da, d.other_ds, d.other_dm);
    return run_all(argc, argv);
}
