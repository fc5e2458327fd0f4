// Maps with costly functions, which go by turns: lengths around their steps, fixed and of the run time, sums beside, sections, in place.
#include "compare.hpp"

namespace kiln::testing {
namespace {

struct costly {
    constexpr auto operator()(value x, value y) const {
        const value z = tanh(x) * exp(y);
        return values{z, erf(x) + y, log(1 + x * x), sum(z), max(sin(x))};
    }
};
struct with_sections {
    constexpr auto operator()(value x, value y) const {
        return values{exp(x[slice(1, none)]) + tanh(y[slice(0, -1)]), pad<pad_width{2, 1}>(tanh(x)) * 2.0};
    }
};
template <class T> constexpr auto x = placeholder<"x", T, "n">;
template <class T> constexpr auto y = placeholder<"y", T, "n">;
constexpr auto table = placeholder<"table", float, "m", "n">;

TEST_CASE("costly maps of run-time lengths", "[cpu][long_rows]") {
    auto floats = function(inputs(x<float>, y<float>), trace(costly{}, x<float>, y<float>));
    auto doubles = function(inputs(x<double>, y<double>), trace(costly{}, x<double>, y<double>));
    auto shifted = function(inputs(x<float>, y<float>), trace(with_sections{}, x<float>, y<float>));
    auto rows = function(inputs(table, y<float>), trace([](value t, value b) { return values{gelu(t + b), sum(tanh(t + b), 0)}; }, table, y<float>));
    for (const i64 n : {0, 1, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129, 200, 1000}) {
        compare(floats, {{"n", n}}, {.tolerance = 1e3});
        compare(doubles, {{"n", n}}, {.tolerance = 1e3});
        if (n > 1) compare(shifted, {{"n", n}}, {.tolerance = 1e3});
        compare(rows, {{"m", 3}, {"n", n}}, {.tolerance = 1e3});
    }
    compare_threads(floats, {{"n", 5000}});
}
template <i64 N>
void of_length() {
    static constexpr auto a = placeholder<"a", float, N>;
    static constexpr auto b = placeholder<"b", float, N>;
    auto f = function(inputs(a, b), trace(costly{}, a, b));
    compare(f, {}, {.tolerance = 1e3});
}
TEST_CASE("costly maps of fixed lengths: parts of the call, and functions of their own", "[cpu][long_rows]") {
    of_length<7>();
    of_length<255>();
    of_length<256>();
    of_length<300>();
    of_length<5000>();
}
TEST_CASE("a costly map in place", "[cpu][long_rows]") {
    auto f = function(inputs(x<float>, y<float>), tanh(x<float>) * exp(y<float>));
    for (const i64 n : {1, 70, 333}) {
        std::vector<float> a, b;
        for (i64 k = 0; k < n; ++k) {
            a.push_back(static_cast<float>(k % 17) / 8 - 1);
            b.push_back(static_cast<float>(k % 5) / 4);
        }
        const std::vector<float> before = a;
        f.into(a)(a, b);
        bool near = true;
        for (std::size_t k = 0; k < a.size(); ++k) near &= std::abs(static_cast<double>(a[k]) - std::tanh(static_cast<double>(before[k])) * std::exp(static_cast<double>(b[k]))) < 1e-6;
        CHECK(near);
    }
}

constexpr auto normalised = [](value v, value g, value up) {
    const value d = v - mean(v, -1, keepdims);
    return sum(d * rsqrt(mean(square(d), -1, keepdims) + 1e-5) * g * up);
};
template <class F>
constexpr auto facts = cpu::facts_for<typename known_key<cpu::words_at<typename F::L, 0>>::type, 8>();
template <class F>
constexpr int in_first_pass = [] {
    int n = 0;
    for (int i = 0; i < facts<F>.n; ++i) n += facts<F>.in_pass[i] & 1;
    return n;
}();
TEST_CASE("slopes of normalised rows take three passes", "[cpu][long_rows]") {   // the mean, all sums that need it, the slopes
    constexpr auto gain = placeholder<"gain", float, "n">;
    constexpr auto up = placeholder<"up", float, "m", "n">;
    constexpr auto loss = trace(normalised, table, gain, up);
    auto f = function(inputs(table, gain, up), grad(loss, table, gain));
    for (const i64 n : {1, 17, 64, 100, 600}) compare(f, {{"m", 5}, {"n", n}}, {.tolerance = 1e3});
    static constexpr auto t = placeholder<"t", double, 4, 133>;
    static constexpr auto g = placeholder<"g", double, 133>;
    static constexpr auto u = placeholder<"u", double, 4, 133>;
    auto fixed = function(inputs(t, g, u), grad(trace(normalised, t, g, u), t, g));
    compare(fixed, {}, {.tolerance = 1e3});
    static_assert(facts<decltype(fixed)>.passes == 3);
    static_assert(in_first_pass<decltype(fixed)> == 2);   // x and its sum: all other sums wait for the pass that reads their operands anyway
}
/// What is folded in a later pass than it could be, since that has its operand anyway, and what cannot wait.
TEST_CASE("folds that wait for another pass", "[cpu][long_rows]") {
    constexpr auto w = placeholder<"w", float, "m", "n">;
    auto f = function(inputs(table, w), trace([](value v, value u) {
        const value top = expand_dims<-1>(max(v, -1)), e = v - top, far = expand_dims<-1>(sum(square(e), -1)), product = u * 3.0;
        const value early = expand_dims<-1>(sum(product * u, -1)), late = expand_dims<-1>(sum(product, -1));
        return values{e * product / far + late, sum(e * product * early, -1), sum(product * early, -1), sum(u, 0)};
    }, table, w));
    for (const i64 n : {1, 16, 77, 200}) compare(f, {{"m", 4}, {"n", n}}, {.tolerance = 2e3});
}

/// Few nodes and many ways from one to another: what is looked at along ways must not be looked at along each.
constexpr value recurrence(value a, value b) {
    for (int k = 0; k < 30; ++k) {
        const value c = (a * b + a) * 0.3;
        a = (b - c * 0.5) * 0.7;
        b = c;
    }
    return a;
}
TEST_CASE("deep recurrences in one kernel", "[cpu][long_rows]") {
    auto f = function(inputs(x<float>, table), trace([](value v, value t) {
        value power = tanh(t), sum_of_powers = power;
        for (int k = 0; k < 12; ++k) {
            power = power * power * 0.9;
            sum_of_powers = sum_of_powers + sum_of_powers * power;
        }
        return values{recurrence(v, tanh(v)), pad(recurrence(v[slice(1, none)], v[slice(0, -1)]), {1, 0}) - pad(recurrence(v[slice(1, none)], v[slice(0, -1)]), {0, 1}),
                      sum(power * expand_dims<-1>(max(t, -1)), -1), sum(sum_of_powers - mean(t, -1, keepdims), -1)};
    }, x<float>, table));
    for (const i64 n : {2, 33, 100, 300}) compare(f, {{"m", 3}, {"n", n}}, {.tolerance = 1e3});
}

}  // namespace
}  // namespace kiln::testing
