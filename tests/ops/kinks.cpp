// Kinks, ties, branch points and edges: the values and slopes that TensorFlow has there, one line for each.
#include "trial.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>

namespace kiln::testing {
namespace {

constexpr double inf = __builtin_huge_val();
const double nan_ = __builtin_nan("");
using function = value (*)(args);

array vector_of(std::initializer_list<double> v) {
    array a{dtype::float64, {static_cast<i64>(v.size())}, {}};
    for (const double x : v) a.at.push_back(x);
    return a;
}
array number(double v) { return {dtype::float64, {}, {v}}; }

/// The derivatives of sum(f(x...)) by operand k, of order 1, 2, ... by the given modes: "r", "rr", "fr" (forward over
/// reverse, along ones), ...
std::vector<real> slope(function f, const std::vector<array>& x, const char* modes = "r", std::size_t k = 0) {
    trial g;
    for (const array& a : x) g.x.push_back(g.feed(a));
    value y = f({g.b(), g.x.data(), dtype::float64});
    for (const char* m = modes; *m; ++m) {
        if (y.zero()) break;
        const value one = ones_like(y), along = ones_like(g.x[k]);
        value d;
        if (*m == 'r') reverse(g.b(), &y, &one, 1, &g.x[k], 1, &d);
        else forward(g.b(), &g.x[k], &along, 1, &y, 1, &d);
        y = d;
    }
    INFO(g.b().found.what.s);
    CHECK(!g.b().found);
    if (y.zero()) return std::vector<real>(std::max<std::size_t>(x[k].at.size(), 1));
    return g.run(y).at;
}
real slope_at(function f, double x, const char* modes = "r") { return slope(f, {number(x)}, modes)[0]; }

/// NaN equals NaN; else to the last places.
bool same(const std::vector<real>& p, std::initializer_list<double> q) {
    if (p.size() != q.size()) return false;
    const double* w = q.begin();
    for (const real v : p) {
        const real want = *w++;
        if (!(v == want || (std::isnan(v) && std::isnan(want)) || std::fabs(v - want) <= 1e-14L * std::fabs(want))) return false;
    }
    return true;
}

TEST_CASE("kinks of one operand", "[ops]") {
    const function relu_of = [](args a) { return relu(a[0]); }, abs_of = [](args a) { return absolute(a[0]); };
    for (const char* mode : {"r", "f"}) {
        CHECK(same(slope(relu_of, {vector_of({-1, -0.0, 0, 1, inf, -inf, nan_})}, mode), {0, 0, 0, 1, 1, 0, 0}));
        CHECK(same(slope(abs_of, {vector_of({-2, -0.0, 0, 2, inf, -inf})}, mode), {-1, 0, 0, 1, 1, -1}));
    }
    CHECK(slope_at([](args a) { return elu(a[0]); }, 0) == 1);              // the left slope: alpha exp(0)
    CHECK(slope_at([](args a) { return elu(a[0], 0.5); }, 0) == 0.5);
    CHECK(slope_at([](args a) { return leaky_relu(a[0], 0.25); }, 0) == 0.25);
    CHECK(slope_at([](args a) { return sign(a[0]); }, 0) == 0);
    CHECK(slope_at([](args a) { return square(relu(a[0])); }, 0, "rr") == 0);
    CHECK(slope_at([](args a) { return sqrt(a[0]); }, 0) == inf);
    CHECK(slope_at([](args a) { return log(a[0]); }, 0) == inf);
    CHECK(slope_at([](args a) { return reciprocal(a[0]); }, 0) == -inf);
    CHECK(slope_at([](args a) { return softplus(a[0]); }, 0) == 0.5);
    CHECK(slope_at([](args a) { return softplus(a[0]); }, 0, "rr") == 0.25);   // max(x, 0) and exp(-|x|) have kinks there
    CHECK(slope_at([](args a) { return softplus(a[0]); }, -1000) == 0);
    CHECK(slope_at([](args a) { return softplus(a[0]); }, 1000) == 1);
    CHECK(slope_at([](args a) { return sigmoid(a[0]); }, 1000) == 0);
    CHECK(slope_at([](args a) { return sigmoid(a[0]); }, -1000) == 0);
    CHECK(slope_at([](args a) { return tanh(a[0]); }, inf) == 0);
}

TEST_CASE("ties of maximum, minimum and clip", "[ops]") {
    const function larger = [](args a) { return maximum(a[0], a[1]); }, smaller = [](args a) { return minimum(a[0], a[1]); };
    const std::vector<array> tie{vector_of({1, 2, 3}), vector_of({2, 2, 2})};
    CHECK(same(slope(larger, tie, "r", 0), {0, 1, 1}));   // a tie goes to x
    CHECK(same(slope(larger, tie, "r", 1), {1, 0, 0}));
    CHECK(same(slope(smaller, tie, "f", 0), {1, 1, 0}));
    CHECK(same(slope(smaller, tie, "f", 1), {0, 0, 1}));
    const function clipped = [](args a) { return clip(a[0], a[1], a[2]); };
    const std::vector<array> c{vector_of({-2, -1, 0, 1, 2}), vector_of({-1, -1, -1, -1, -1}), vector_of({1, 1, 1, 1, 1})};
    CHECK(same(slope(clipped, c, "r", 0), {0, 1, 1, 1, 0}));   // the closed interval
    CHECK(same(slope(clipped, c, "r", 1), {1, 0, 0, 0, 0}));
    CHECK(same(slope(clipped, c, "r", 2), {0, 0, 0, 0, 1}));
    CHECK(same(slope([](args a) { return clip(a[0], -1, 1); }, {c[0]}, "f"), {0, 1, 1, 1, 0}));
}

TEST_CASE("ties of reductions", "[ops]") {
    const function max_all = [](args a) { return max(a[0]); }, min_all = [](args a) { return min(a[0]); };
    const array x = vector_of({1, 3, 3, 2, 3});
    CHECK(same(slope(max_all, {x}), {0, 1.0 / 3, 1.0 / 3, 0, 1.0 / 3}));   // shared equally
    CHECK(slope([](args a) { return max(a[0]); }, {x}, "f")[0] == 1);
    CHECK(same(slope(min_all, {vector_of({0, -0.0, 1})}), {0.5, 0.5, 0}));
    CHECK(same(slope(max_all, {vector_of({1, nan_})}), {0, 0}));           // nothing equals NaN (TensorFlow: 0 / 0)
    CHECK(slope(max_all, {vector_of({})}, "f")[0] == 0);
    CHECK(same(slope(max_all, {vector_of({-inf, -inf})}), {0.5, 0.5}));
    CHECK(same(slope([](args a) { return square(max(a[0])); }, {vector_of({2, 2, 1})}), {2, 2, 0}));
    CHECK(same(slope([](args a) { return result(top_k(a[0], 2), 0); }, {x}), {0, 1, 1, 0, 0}));   // the first of equals
    CHECK(same(slope([](args a) { return norm(a[0]); }, {vector_of({0, 0})}), {nan_, nan_}));     // as tf.norm
}

TEST_CASE("products with zeros", "[ops]") {
    const function product = [](args a) { return prod(a[0]); };
    CHECK(same(slope(product, {vector_of({2, 3, 4})}), {12, 8, 6}));
    CHECK(same(slope(product, {vector_of({2, 0, 4})}), {0, 8, 0}));
    CHECK(same(slope(product, {vector_of({0, 0, 4})}), {0, 0, 0}));
    CHECK(same(slope(product, {vector_of({0})}), {1}));
    CHECK(slope(product, {vector_of({2, 0, 4})}, "f")[0] == 8);
    // the second derivative along ones: the sum of each row of [[0, c, b], [c, 0, a], [b, a, 0]] for (a, b, c)
    for (const char* modes : {"rr", "fr", "rf"}) {
        INFO(modes);
        CHECK(same(slope(product, {vector_of({2, 3, 4})}, modes), {7, 6, 5}));
        CHECK(same(slope(product, {vector_of({2, 0, 4})}, modes), {4, 6, 2}));
        CHECK(same(slope(product, {vector_of({0, 0, 4})}, modes), {4, 4, 0}));
        CHECK(same(slope(product, {vector_of({0, 0, 0})}, modes), {0, 0, 0}));
    }
    CHECK(same(slope(product, {vector_of({2, 0, 4})}, "rrr"), {2, 2, 2}));
}

TEST_CASE("powers at zero", "[ops]") {
    const function power = [](args a) { return pow(a[0], a[1]); };
    CHECK(same(slope(power, {vector_of({0, 0, 0, 0}), vector_of({0, 1, 2, 3})}, "r", 0), {0, 1, 0, 0}));
    CHECK(same(slope(power, {vector_of({0, 0, 0, 0}), vector_of({0, 1, 2, 3})}, "rr", 0), {0, 0, 2, 0}));
    CHECK(same(slope(power, {vector_of({0, -2, -2, 2}), vector_of({2, 2, 3, 0})}, "r", 1), {0, 0, 0, std::log(2.0)}));
    CHECK(same(slope(power, {vector_of({-2, -2}), vector_of({2, 3})}, "r", 0), {-4, 12}));
    CHECK(slope_at([](args a) { return pow(a[0], 0.5); }, 0) == inf);
    CHECK(slope_at([](args a) { return pow(a[0], 1); }, 0) == 1);
    CHECK(slope_at([](args a) { return pow(a[0], 0); }, 0) == 0);
    CHECK(slope_at([](args a) { return pow(a[0], 2); }, 0, "rr") == 2);
    CHECK(slope_at([](args a) { return pow(a[0], 2); }, 0, "rrr") == 0);
    CHECK(slope_at([](args a) { return pow(a[0], 4); }, 1, "rrr") == 24);
    CHECK(slope_at([](args a) { return pow(a[0], 3); }, 0, "fr") == 0);
}

/// At a branch point the slope of the branch not taken may be infinite: it must not be seen, to any order.
TEST_CASE("where hides the other branch", "[ops]") {
    const function guarded[]{
        [](args a) { return where(a[0] > 0, log(a[0]), 0); },
        [](args a) { return where(a[0] > 0, sqrt(a[0]), 0); },
        [](args a) { return where(a[0] == 0, 0, 1 / a[0]); },
        [](args a) { return where(a[0] > 0, a[0] * log(a[0]), 0); },
        [](args a) { return where(a[0] > 0, pow(a[0], 0.5), 0); },
        [](args a) { return where(a[0] > 0, rsqrt(a[0]), a[0] * 0); },
        [](args a) { return 3 * where(a[0] > 0, square(sqrt(a[0]) + 1), 0); },
        [](args a) { return where(a[0] <= 0, 0, exp(log(a[0]) * 2)); },
        [](args a) { return sum(where(a[0] > 0, log(a[0]), 0)); },
        [](args a) { return where(a[0] > 0, sin(a[0]) / a[0], 0); },
        [](args a) { return where(a[0] > 0, atan2(a[0], a[0]), 0); }};
    for (std::size_t k = 0; k < std::size(guarded); ++k)
        for (const char* modes : {"r", "f", "rr", "fr", "rf", "ff", "rrr"}) {
            INFO("case " << k << ", modes " << modes);
            CHECK(slope_at(guarded[k], 0, modes) == 0);
        }
    CHECK(slope_at([](args a) { return where(a[0] > 0, log(a[0]), a[0]); }, 0) == 1);
    CHECK(slope_at([](args a) { return where(a[0] > 0, log(a[0]), square(a[0])); }, 0, "rr") == 2);
    CHECK(slope_at([](args a) { return where(a[0] > 0, log(a[0]), 0); }, 2, "rr") == -0.25);
    CHECK(slope_at([](args a) { return cond(a[0] > 0, [&] { return log(a[0]); }, [&] { return a[0] * a[0]; }); }, 0, "rr") == 2);
    CHECK(slope_at([](args a) { return cond(a[0] > 0, [&] { return log(a[0]); }, [&] { return 0 * a[0]; }); }, 0) == 0);
}

/// An infinite slope met by one that is zero by definition: the kink is a mask, not a factor.
TEST_CASE("kinks hide infinite slopes", "[ops]") {
    const function hidden[]{
        [](args a) { return log(relu(a[0])); },
        [](args a) { return sqrt(maximum(a[0], 0)); },
        [](args a) { return log(clip(a[0], 0, 1)); }};
    for (std::size_t k = 0; k < std::size(hidden); ++k)
        for (const char* modes : {"r", "f", "rr", "fr"}) {
            INFO("case " << k << ", modes " << modes);
            CHECK(slope_at(hidden[k], -1, modes) == 0);
        }
}

TEST_CASE("softmax and its kin at the edges", "[ops]") {
    const function cross_entropy = [](args a) { return softmax_cross_entropy(a[0], a[1]); };
    const array label{dtype::int32, {}, {1}}, none{dtype::int32, {}, {7}};
    CHECK(same(slope(cross_entropy, {vector_of({0, 0}), label}), {0.5, -0.5}));
    CHECK(same(slope(cross_entropy, {vector_of({1000, -1000}), label}), {1, -1}));
    CHECK(same(slope(cross_entropy, {vector_of({-inf, 3}), label}), {0, 0}));
    CHECK(same(slope(cross_entropy, {vector_of({0, 0}), none}), {0.5, 0.5}));   // no such class: nothing to subtract
    CHECK(same(slope(cross_entropy, {vector_of({0, 0}), label}, "rr"), {0, 0}));
    CHECK(same(slope(cross_entropy, {vector_of({0, 0}), vector_of({0.25, 0.75})}), {0.25, -0.25}));
    CHECK(same(slope([](args a) { return logsumexp(a[0]); }, {vector_of({1e4, 1e4})}), {0.5, 0.5}));
    CHECK(same(slope([](args a) { return logsumexp(a[0]); }, {vector_of({-inf, 0})}), {0, 1}));
    CHECK(same(slope([](args a) { return logsumexp(a[0]); }, {vector_of({-1e4, -1e4})}, "rr"), {0, 0}));
    CHECK(same(slope([](args a) { return sigmoid_cross_entropy(a[0], 1); }, {vector_of({0, 1000, -1000})}), {-0.5, 0, -1}));
    CHECK(same(slope([](args a) { return sigmoid_cross_entropy(a[0], 0); }, {vector_of({0, 1000, -1000})}), {0.5, 1, 0}));
    // integer labels and the distribution with all on one class agree, to second order
    const array x = vector_of({0.5, -1, 2}), two{dtype::int32, {}, {2}}, all_on_two = vector_of({0, 0, 1});
    for (const char* modes : {"r", "f", "fr", "rr"}) {
        const std::vector<real> p = slope(cross_entropy, {x, two}, modes), q = slope(cross_entropy, {x, all_on_two}, modes);
        for (std::size_t k = 0; k < p.size(); ++k) CHECK(std::fabs(p[k] - q[k]) < 1e-15);
    }
}

TEST_CASE("stop_gradient", "[ops]") {
    CHECK(slope_at([](args a) { return a[0] * stop_gradient(a[0]); }, 3) == 3);
    CHECK(slope_at([](args a) { return a[0] * stop_gradient(a[0]); }, 3, "f") == 3);
    CHECK(slope_at([](args a) { return stop_gradient(square(a[0])); }, 3) == 0);
    CHECK(slope_at([](args a) { return a[0] * stop_gradient(a[0]); }, 3, "rr") == 0);
}

}  // namespace
}  // namespace kiln::testing
