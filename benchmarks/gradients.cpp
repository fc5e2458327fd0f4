// Value and gradient of functions of few variables, in double: kiln, by hand, Eigen's AutoDiffScalar. Where terms overlap, the variables
// are symbols of their own, or slices of one vector (rosenbrock_vector).
#include "side_by_side.hpp"
#if KILN_BENCH_HAND
#include "rivals/gradients.hpp"
#endif
#include "rivals/straight.hpp"
#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

using namespace kiln;

constexpr auto x0 = placeholder<"x0", double>;
constexpr auto x1 = placeholder<"x1", double>;
constexpr auto x2 = placeholder<"x2", double>;
constexpr auto x3 = placeholder<"x3", double>;
constexpr auto x4 = placeholder<"x4", double>;
constexpr auto x5 = placeholder<"x5", double>;
constexpr auto x6 = placeholder<"x6", double>;
constexpr auto x7 = placeholder<"x7", double>;
constexpr auto x8 = placeholder<"x8", double>;
constexpr auto x9 = placeholder<"x9", double>;

/// The functions, for any kind of number.
template <class X>
constexpr X rosenbrock_of(const X* x, int n) {
    X sum = 100.0 * square(x[1] - square(x[0])) + square(1.0 - x[0]);
    for (int i = 1; i + 1 < n; ++i) sum = sum + 100.0 * square(x[i + 1] - square(x[i])) + square(1.0 - x[i]);
    return sum;
}
template <class X>
constexpr X nested_of(const X* x, int n) {
    X y = x[0];
    for (int i = 1; i < n; ++i) y = exp(sin(y * x[i]));
    return y;
}
template <class X>
constexpr X price_of(X spot, X strike, X rate, X sigma, X time) {
    const X spread = sigma * sqrt(time);
    const X d1 = (log(spot / strike) + (rate + 0.5 * square(sigma)) * time) / spread, d2 = d1 - spread;
    return 0.5 * (spot * erfc(-0.70710678118654752 * d1) - strike * exp(-rate * time) * erfc(-0.70710678118654752 * d2));
}

/// As a function that can be traced.
template <value (*F)(const value*, int)>
struct of_ten {
    constexpr value operator()(value a, value b, value c, value d, value e, value p, value q, value r, value s, value t) const {
        const value v[]{a, b, c, d, e, p, q, r, s, t};
        return F(v, 10);
    }
};

template <int N>
using dual = Eigen::AutoDiffScalar<Eigen::Matrix<double, N, 1>>;
namespace Eigen {
template <class D>
auto square(const AutoDiffScalar<D>& x) { return AutoDiffScalar<Matrix<double, D::RowsAtCompileTime, 1>>(x.value() * x.value(), 2 * x.value() * x.derivatives()); }
template <class D>
auto erfc(const AutoDiffScalar<D>& x) {
    const double slope = -1.1283791670955126 * std::exp(-x.value() * x.value());
    return AutoDiffScalar<Matrix<double, D::RowsAtCompileTime, 1>>(std::erfc(x.value()), slope * x.derivatives());
}
}  // namespace Eigen

/// Of N variables: kiln's call, the function by hand of (x, gradient), the function of Eigen's numbers.
template <int N, class Kiln, class Hand, class Eigens>
void add(const std::string& what, const std::string& size, double flops, const double (&from)[N], Kiln kilns, [[maybe_unused]] Hand by_hand, Eigens eigens) {
    auto &x = lasting<numbers<double>>(N), &g = lasting<numbers<double>>(N), &other = lasting<numbers<double>>(N);
    auto &value = lasting<double>(), &other_value = lasting<double>();
    std::copy_n(from, N, x.data());
    row r(what, size, {flops, 8.0 * (2 * N + 1), true});
    r.within(1e-12).kiln([=, &x, &g, &value] { kilns(x.data(), value, g.data()); }, value, g);
#if KILN_BENCH_HAND
    r.rival("hand", [=, &x, &other, &other_value] { other_value = by_hand(x.data(), other.data()); }, other_value, other);
#endif
    r.rival("eigen_autodiff", [=, &x, &other, &other_value] {
        dual<N> v[N];
        for (int k = 0; k < N; ++k) v[k] = dual<N>(x[k], N, k);
        const dual<N> y = eigens(v);
        other_value = y.value();
        for (int k = 0; k < N; ++k) other[k] = y.derivatives()[k];
    }, other_value, other);
}
#if KILN_BENCH_HAND
#define HAND(...) __VA_ARGS__
#else
#define HAND(...) 0
#endif

/// 50 functions of two variables: a whole vector of terms.
void add_pairs() {
    constexpr int n = 50;
    static constexpr auto a = placeholder<"a", double, n>;
    static constexpr auto b = placeholder<"b", double, n>;
    static constexpr auto y = sum(100_c * square(b - square(a)) + square(1_c - a));
    static auto f = function(inputs(a, b), outputs(y, grad(y, a, b)));
    static tensor<double, n> as, bs, da, db, other_da, other_db;
    static double value, other_value;
    scatter(as, 0.5, 1.5);
    scatter(bs, 0.5, 1.5);
    row r("rosenbrock_pairs", "100", {12.0 * n, 32.0 * n, true});
    r.within(1e-12).kiln([] { f.into(value, da, db)(as, bs); }, value, da, db);
#if KILN_BENCH_HAND
    r.rival("hand", [] { other_value = hand::rosenbrock_pairs<n>(as.data(), bs.data(), other_da.data(), other_db.data()); }, other_value, other_da, other_db);
#endif
    r.rival("eigen_autodiff", [] {   // of two variables at a time, since the terms share none
        other_value = 0;
        for (int k = 0; k < n; ++k) {
            const dual<2> v[2]{dual<2>(as.data()[k], 2, 0), dual<2>(bs.data()[k], 2, 1)};
            const dual<2> y_k = rosenbrock_of(v, 2);
            other_value += y_k.value();
            other_da.data()[k] = y_k.derivatives()[0];
            other_db.data()[k] = y_k.derivatives()[1];
        }
    }, other_value, other_da, other_db);
}

/// Rosenbrock's function of one vector, whose terms are made of two slices of it.
template <int N>
void add_vector() {
    static constexpr auto x = placeholder<"x", double, N>;
    static constexpr auto y = trace([](value v) {
        const value a = v[slice(0, -1)];
        return sum(100 * square(v[slice(1, none)] - square(a)) + square(1 - a));
    }, x);
    static auto f = function(inputs(x), outputs(y, grad(y, x)));
    static tensor<double, N> xs, g, other_g;
    static double value, other_value;
    scatter(xs, 0.5, 1.5);
    row r("rosenbrock_vector", std::to_string(N), {12.0 * (N - 1), 16.0 * N, true});
    r.within(1e-12).kiln([] { f.into(value, g)(xs); }, value, g);
#if KILN_BENCH_HAND
    r.rival("hand", [] { other_value = hand::rosenbrock<N>(xs.data(), other_g.data()); }, other_value, other_g);
#endif
    r.rival("straight", [] { other_value = straight::rosenbrock<N>(xs.data(), other_g.data()); }, other_value, other_g);
}

int main(int argc, char** argv) {
    static constexpr auto two = trace([](value a, value b) { const value v[]{a, b}; return rosenbrock_of(v, 2); }, x0, x1);
    static auto f2 = function(inputs(x0, x1), outputs(two, grad(two, x0, x1)));
    add<2>("rosenbrock", "2", 12, {0.7, 1.3}, [](const double* x, double& y, double* g) { f2.into(y, g[0], g[1])(x[0], x[1]); },
           HAND([](const double* x, double* g) { return hand::rosenbrock<2>(x, g); }), [](const auto* v) { return rosenbrock_of(v, 2); });

    static constexpr auto ten = trace(of_ten<rosenbrock_of<value>>{}, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9);
    static auto f10 = function(inputs(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9), outputs(ten, grad(ten, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9)));
    add<10>("rosenbrock", "10", 108, {0.7, 1.3, 0.9, 1.1, 0.6, 1.2, 0.8, 1.4, 0.5, 1.0},
            [](const double* x, double& y, double* g) {
                f10.into(y, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9])(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9]);
            },
            HAND([](const double* x, double* g) { return hand::rosenbrock<10>(x, g); }), [](const auto* v) { return rosenbrock_of(v, 10); });
    add_vector<10>();
    add_vector<100>();
    add_vector<1000>();
    add_pairs();

    static constexpr auto deep = trace(of_ten<nested_of<value>>{}, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9);
    static auto nest = function(inputs(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9), outputs(deep, grad(deep, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9)));
    add<10>("nested_exp_sin", "10", 60, {0.7, 1.3, 0.9, 1.1, 0.6, 1.2, 0.8, 1.4, 0.5, 1.0},
            [](const double* x, double& y, double* g) {
                nest.into(y, g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9])(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9]);
            },
            HAND([](const double* x, double* g) { return hand::nested<10>(x, g); }), [](const auto* v) { return nested_of(v, 10); });

    static constexpr auto price = trace([](value s, value k, value r, value v, value t) { return price_of(s, k, r, v, t); }, x0, x1, x2, x3, x4);
    static auto greeks = function(inputs(x0, x1, x2, x3, x4), outputs(price, grad(price, x0, x1, x2, x3, x4)));
    add<5>("black_scholes", "5_greeks", 40, {100, 105, 0.03, 0.2, 0.75},
           [](const double* x, double& y, double* g) { greeks.into(y, g[0], g[1], g[2], g[3], g[4])(x[0], x[1], x[2], x[3], x[4]); },
           HAND([](const double* x, double* g) { return hand::black_scholes(x[0], x[1], x[2], x[3], x[4], g); }),
           [](const auto* v) { return price_of(v[0], v[1], v[2], v[3], v[4]); });
    return run_all(argc, argv);
}
