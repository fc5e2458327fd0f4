// Slices and pads in kernels: loads that are shifted along rows, columns and outer axes, masks at the edges, in maps, reductions, row
// programs and epilogues; and what becomes one kernel.
#include "compare.hpp"

#include <cmath>

namespace kiln::testing {
namespace {

constexpr auto v = placeholder<"v", float, "n">;
constexpr auto d = placeholder<"d", double, "n">;
constexpr auto m = placeholder<"m", float, "n", "w">;
constexpr auto m10 = placeholder<"m", float, "n", 10>;
constexpr auto y = placeholder<"y", float, "n", "h", "w">;
constexpr auto r = placeholder<"r", float, "n">;
constexpr auto c = placeholder<"c", float, "w">;

const std::initializer_list<i64> lengths{3, 4, 5, 8, 9, 10, 15, 16, 17, 31, 33, 64, 100, 513};

/// The sum of 100 (v[i+1] - v[i]^2)^2 + (1 - v[i])^2.
constexpr value rosenbrock(value x) {
    const value a = x[slice(0, -1)];
    return sum(100 * square(x[slice(1, none)] - square(a)) + square(1 - a));
}

TEST_CASE("maps over parts of a vector", "[cpu][sections]") {
    auto f = function(inputs(v, d), trace([](value a, value b) {
        const value t = a[slice(1, none)] - a[slice(0, -1)];
        return values{t, exp(a)[slice(1, -1)], a[slice(2, none)] * 2.0, pad(a, {1, 2}), pad(exp(a), {2, 0}) + 1.0, pad(t, {1, 0}) - pad(t, {0, 1}),
                      pad(a[slice(1, -1)], {1, 1}) * a, pad(pad(a + 1.0, {1, 0}) * 2.0, {0, 3}), pad(a, {3, 3})[slice(1, -4)] + 1.0,
                      a[slice(-3, none)] * 2.0, a[slice(0, 3)] + a[slice(-3, none)], b[slice(1, -2)], pad(cast(a, dtype::float64), {1, 0})[slice(0, -1)] + b};
    }, v, d));
    for (const i64 n : lengths) compare(f, {{"n", n}});
}
TEST_CASE("parts of every dtype", "[cpu][sections]") {
    const auto of = []<class T>(T) {
        static constexpr auto x = placeholder<"x", T, "n">;
        static constexpr auto q = placeholder<"q", T, "n", 7>;
        auto f = function(inputs(x, q), trace([](value a, value b) {
            return values{a[slice(1, none)], pad(a, {1, 2}), pad(a[slice(1, none)], {0, 2}), pad(b, {1, 2}), slice(b, slice(1, -1), slice(2, none)), pad(b == b, {{1, 0}, {0, 1}}),
                          where(a == a, pad(a[slice(1, none)], {0, 1}), a)};
        }, x, q));
        for (const i64 n : lengths) compare(f, {{"n", n}}, {.high_integer = 90});
    };
    of(std::int8_t{});
    of(std::uint16_t{});
    of(std::int32_t{});
    of(i64{});
    of(float{});
    of(double{});
    of(bool{});
}
TEST_CASE("parts of matrices", "[cpu][sections]") {
    auto f = function(inputs(m, r, c), trace([](value a, value rr, value cc) {
        const value inner = slice(a, slice(1, -1), slice(1, -1));
        return values{a[slice(1, none)] * 2.0, slice(a, slice(none, none), slice(1, none)) + 1.0, inner * 2.0, exp(inner), pad(a, {1, 1}) + 0.5, pad(a, {{1, 2}, {0, 0}}) * 2.0,
                      pad(a, {{0, 0}, {2, 1}}), pad(inner * 3.0, {1, 1}) - a, transpose(inner) * 2.0, pad(transpose(a), {{1, 0}, {0, 1}}) * 0.5, transpose(pad(a, {{1, 0}, {0, 1}})),
                      a[slice(1, none)] * cc, slice(a, slice(none, none), slice(1, none)) * expand_dims(rr, 1), slice(a * cc, slice(none, none), slice(0, -1)),
                      pad(expand_dims(rr, 1) * cc, {1, 1}), a[1] * cc, a[-1], sum(pad(rr, {1, 0})[slice(0, -1)] * rr)};
    }, m, r, c));
    for (const i64 n : {2, 3, 8, 17})
        for (const i64 w : {2, 3, 9, 16, 40}) compare(f, {{"n", n}, {"w", w}});
}
TEST_CASE("reductions of parts", "[cpu][sections]") {
    auto f = function(inputs(m, c), trace([](value a, value cc) {
        const value cut = slice(a, slice(1, none), slice(0, -1)), wide = pad(a, {1, 1});
        return values{sum(cut), sum(cut, 0), sum(cut, 1), max(wide, 1), min(wide * 2.0, 0), sum(square(wide)), sum(exp(cut) * 2.0, 1), softmax(cut), softmax(wide),
                      sum(pad(a, {{1, 0}, {0, 0}}) * pad(a, {{0, 1}, {0, 0}})), mean(a[slice(1, none)] - a[slice(0, -1)], 0), sum(a, 1)[slice(1, none)] * 2.0, pad(sum(a, 0), {1, 1}) + 1.0,
                      pad(max(a, 1), {2, 0}), prod(slice(a, slice(none, none), slice(0, 2)), 1), any(wide > 1.5, 0), sum(slice(a * cc, slice(none, none), slice(1, none)), 0)};
    }, m, c));
    for (const i64 n : {2, 3, 8, 17})
        for (const i64 w : {2, 3, 9, 16, 70, 130}) compare(f, {{"n", n}, {"w", w}}, {.tolerance = 1e3});
    auto g = function(inputs(m10), trace([](value a) {   // rows that stay in registers
        const value cut = slice(a, slice(none, none), slice(1, -1)), wide = pad(a, {{1, 0}, {1, 2}});
        return values{sum(cut, 1), softmax(cut), softmax(wide), sum(wide, 0), max(cut, 0), sum(cut * cut), log(sum(exp(wide), 1)), a - pad(slice(a, slice(none, none), slice(1, none)), {{0, 0}, {1, 0}})};
    }, m10));
    for (const i64 n : {1, 2, 7, 16, 33}) compare(g, {{"n", n}}, {.tolerance = 1e3});
}
TEST_CASE("parts on several threads", "[cpu][sections]") {
    auto f = function(inputs(v, m), trace([](value a, value b) {
        return values{a[slice(1, none)] - a[slice(0, -1)], pad(a * 2.0, {3, 1}), pad(b, {1, 2}) * 2.0, sum(pad(b, {1, 2}), 0), sum(slice(b, slice(1, none), slice(0, -1)), 1),
                      softmax(slice(b, slice(none, none), slice(1, -1)))};
    }, v, m));
    for (const i64 n : {1100, 4099}) compare_threads(f, {{"n", n}, {"w", 9}}, {.tolerance = 1e4});
}
TEST_CASE("a variable that is made of its neighbours", "[cpu][sections]") {
    constexpr auto u = variable<"u", double, 9>(zeros);
    auto step = function(inputs(), u * 1_c, updates(assign(u, u + pad<1>(slice<2, none>(u) - 2_c * slice<1, -1>(u) + slice<0, -2>(u)) * 0.25_c)));
    session s(step);
    s.initialize(1);
    tensor<double, 9> at{0, 0, 0, 0, 16, 0, 0, 0, 0};
    s[u] = at;
    for (int k = 0; k < 3; ++k) {
        tensor<double, 9> next = at.copy();
        for (i64 i = 1; i < 8; ++i) next(i) = at(i) + 0.25 * (at(i + 1) - 2 * at(i) + at(i - 1));
        const auto before = step(s);
        for (i64 i = 0; i < 9; ++i) CHECK(before(i) == at(i));
        for (i64 i = 0; i < 9; ++i) CHECK(s[u](i) == next(i));
        at = next.copy();
    }
}
TEST_CASE("parts along outer axes", "[cpu][sections]") {
    auto f = function(inputs(y), trace([](value a) {
        const value mid = slice(a, slice(none, none), slice(1, -1)), all = slice(a, slice(1, none), slice(1, none), slice(0, -1));
        return values{a[slice(1, none)] * 2.0, mid * 2.0, all + 1.0, sum(mid, 2), sum(all, 1), sum(all, 0), pad(a, {1, 1}) * 2.0, sum(pad(a, {1, 0}), axis_list{1, 2}), transpose<2, 0, 1>(mid) * 2.0,
                      softmax(mid), pad(sum(a, 1), {1, 1}), pad(mid, {{0, 0}, {1, 1}, {0, 0}}) - a, a[1] * 2.0, max(a[slice(1, none)], axis_list{0, 2})};
    }, y));
    for (const i64 n : {2, 3, 9})
        for (const i64 h : {3, 4})
            for (const i64 w : {1, 9, 20}) compare(f, {{"n", n}, {"h", h}, {"w", w}}, {.tolerance = 1e3});
}
TEST_CASE("parts beside contractions", "[cpu][sections]") {
    constexpr auto a = placeholder<"a", float, "n", 6>;
    constexpr auto b = placeholder<"b", float, 5, 7>;
    constexpr auto e = placeholder<"e", float, "n", 9>;
    auto f = function(inputs(a, b, e), trace([](value x, value w, value z) {
        const value p = matmul(slice(x, slice(none, none), slice(1, none)), w);
        return values{p, relu(p) + slice(z, slice(none, none), slice(1, -1)), p * pad(slice(z, slice(1, none), slice(0, 5)), {{1, 0}, {1, 1}}), slice(p, slice(1, none), slice(2, none)) * 2.0, pad(p, {1, 1}) + 1.0,
                      matmul(transpose(slice(x, slice(1, none), slice(0, 5))), x[slice(1, none)]), sum(pad(p, {{1, 0}, {0, 0}}), 0)};
    }, a, b, e));
    for (const i64 n : {2, 5, 16, 40}) compare(f, {{"n", n}}, {.tolerance = 1e3});
}
TEST_CASE("differences and their gradients are one kernel", "[cpu][sections]") {
    auto f = function(inputs(d), trace([](value x) {
        const value s = rosenbrock(x);
        return values{s, grad(s, x)};
    }, d));
    for (const i64 n : lengths) compare(f, {{"n", n}}, {.tolerance = 1e3});
    STATIC_REQUIRE(decltype(f)::L::result.n_calls == 1);
    STATIC_REQUIRE(decltype(f)::L::result.n_slots == 0);
}
/// Values that are those of another column a column later: moved by a lane, or not.
constexpr value chain_of_springs(value x) {   // each end of a spring is pulled by what it says of itself
    const value stretch = x[slice(1, none)] - x[slice(0, -1)], force = stretch * (1 + square(stretch)) * 0.5;
    return pad(force, {1, 0}) - pad(force, {0, 1});
}
constexpr value further_apart(value x) {   // two columns, and the next one
    const value a = x[slice(2, none)] - square(x[slice(0, -2)]) * 3, b = x[slice(1, none)] + square(x[slice(0, -1)]);
    return pad(a, {2, 0}) - pad(a, {0, 2}) + pad(b, {0, 1}) * pad(square(b) + 1, {1, 0});
}
template <class F>
constexpr int repeats = [] {
    using L = typename F::L;
    int n = 0;
    for (int k = 0; k < L::result.n_kernels; ++k) {
        const key_view w{L::result.words + L::result.kernel[k].at, L::result.kernel[k].n};
        for (int i = 0; i < w.n_nodes(); ++i) n += w.node(i).kind == step::operation && w.node(i).slot > 0;
    }
    return n;
}();
template <int N>
constexpr auto few = placeholder<"few", double, N>;
template <int... N>
void few_columns(std::integer_sequence<int, N...>) {   // all sizes are constants
    const auto one = []<int M>(std::integral_constant<int, M>) {
        auto f = function(inputs(few<M>), outputs(trace<rosenbrock>(few<M>), grad(trace<rosenbrock>(few<M>), few<M>), trace<chain_of_springs>(few<M>)));
        compare(f, {}, {.tolerance = 2e3});
    };
    (one(std::integral_constant<int, N>{}), ...);
}
TEST_CASE("values of one column that are those of the next", "[cpu][sections]") {
    constexpr auto of_all = [](value a, value b, value t) {
        const value row = slice(t, slice(0, none), slice(1, none)) - square(slice(t, slice(0, none), slice(0, -1)));
        return values{chain_of_springs(a), chain_of_springs(b), further_apart(b), pad(row, {{0, 0}, {1, 0}}) * 2.0 - pad(row, {{0, 0}, {0, 1}}), sum(square(chain_of_springs(a))), chain_of_springs(tanh(a))};
    };
    auto f = function(inputs(v, d, m), trace(of_all, v, d, m));
    constexpr auto banana = trace<rosenbrock>(v);
    constexpr auto energy = trace([](value x) { return sum(square(chain_of_springs(x))); }, d);
    auto gradients = function(inputs(v), outputs(banana, grad(banana, v)));
    auto second = function(inputs(d), outputs(energy, grad(energy, d)));
    static_assert(repeats<decltype(gradients)> > 0 && repeats<decltype(second)> > 0 && repeats<decltype(f)> > 0);
    for (const i64 n : lengths) {
        compare(f, {{"n", n}, {"w", n % 70 + 2}}, {.tolerance = 1e3});
        compare(gradients, {{"n", n}}, {.tolerance = 2e3});
        compare(second, {{"n", n}}, {.tolerance = 2e3});
    }
    compare_threads(gradients, {{"n", 5000}});
    static constexpr auto fixed = placeholder<"fixed", double, 133>;
    auto g = function(inputs(fixed), outputs(trace<chain_of_springs>(fixed), grad(trace<rosenbrock>(fixed), fixed)));
    compare(g, {}, {.tolerance = 2e3});
    few_columns(std::integer_sequence<int, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 24, 33>{});
    // more around what is moved than the column that it is moved by
    auto padded = function(inputs(v), trace([](value x) {
        const value a = x[slice(1, none)] - square(x[slice(0, -1)]), b = x[slice(2, none)] * 3.0 - square(x[slice(1, -1)]);
        return values{pad(a, {2, 1}) - pad(a, {1, 2}), pad(a, {1, 3}) * 2.0 - pad(a, {0, 4}), pad(a, {4, 0}) - pad(a, {3, 1}) * 3.0, pad(b, {1, 0}) - pad(b, {0, 1})};
    }, v));
    for (const i64 n : lengths) compare(padded, {{"n", n}}, {.tolerance = 1e3});
    // masks that are no edges of columns: conditions of the program, edges of rows
    auto masked = function(inputs(v, m), trace([](value x, value t) {
        const value a = where(x[slice(0, -1)] > 0.0, x[slice(1, none)] - square(x[slice(0, -1)]), 0.0) * 2.0, b = (x[slice(1, none)] - square(x[slice(0, -1)])) * 2.0;
        const value here = slice(t, slice(1, none), slice(1, none)) - square(slice(t, slice(1, none), slice(0, -1)));
        return values{pad(b, {0, 1}) - pad(a, {1, 0}), pad(b, {1, 0}) - pad(a, {0, 1}),
                      pad(here, {{0, 1}, {0, 1}}) * 2.0 - pad(here, {{1, 0}, {1, 0}}) * 2.0, pad(here, {{1, 0}, {0, 1}}) * 2.0 - pad(here, {{1, 0}, {1, 0}}) * 2.0};
    }, v, m));
    for (const i64 n : lengths) compare(masked, {{"n", n % 12 + 2}, {"w", n + 1}}, {.tolerance = 1e3});
    for (const i64 n : lengths) compare(masked, {{"n", n}, {"w", 19}}, {.tolerance = 1e3});
    // equal bodies, of one tensor and of two
    constexpr auto other = placeholder<"other", float, "n">;
    constexpr auto which = placeholder<"which", bool>;
    auto of_two = function(inputs(which, v, other), trace([](value yes, value x, value z) {
        constexpr auto difference = [](value p, value q) { return pad(square(p) * 1.5, {0, 1}) - pad(square(q) * 1.5, {1, 0}); };
        return values{cond(yes, [&] { return difference(x, x); }, [&] { return difference(x, z); }), cond(yes, [&] { return difference(z, x); }, [&] { return difference(z, z); })};
    }, which, v, other));
    for (const i64 n : lengths) compare(of_two, {{"n", n}});
    // a value that another pass reads from scratch memory, and that is wanted a column later
    static constexpr auto later = [](value t) { return pad(square(t) * 0.5, {{0, 0}, {1, 0}}); };
    static constexpr auto now = [](value t) { return pad(square(t) * 0.5, {{0, 0}, {0, 1}}); };
    auto kept = function(inputs(m), trace([](value t) { return softmax(now(t)) * later(t); }, m));
    auto kept_too = function(inputs(m), trace([](value t) { return later(t) * softmax(now(t)); }, m));
    static_assert(repeats<decltype(kept)> > 0 || repeats<decltype(kept_too)> > 0);
    for (const i64 n : lengths) {
        compare(kept, {{"n", 3}, {"w", n}}, {.tolerance = 1e3});
        compare(kept_too, {{"n", 3}, {"w", n}}, {.tolerance = 1e3});
    }
    // what does not overlap is computed
    auto apart = function(inputs(v), trace([](value x) { return x[slice(0, -2)] * 2.0 - square(x[slice(2, none)]); }, v));
    static_assert(repeats<decltype(apart)> == 0);
}
TEST_CASE("the zeros around a multiple are 0, not -0", "[cpu][sections]") {
    static constexpr auto line = placeholder<"line", float, 20>;
    static constexpr auto longer = placeholder<"longer", float, 23>;
    auto f = function(inputs(line, longer), trace([](value a, value b) {
        const value twice = pad(-2.0 * a, {1, 2}), thrice = pad(-3.0 * (exp(a) * -0.5), {1, 2});
        return values{twice, thrice, twice + b, b - pad(-4.0 * exp(a), {1, 2}), pad(-0.0 * exp(a), {1, 2})};
    }, line, longer));
    tensor<float, 20> a;
    tensor<float, 23> b;
    for (i64 k = 0; k < 20; ++k) a(k) = static_cast<float>(k + 1);
    for (i64 k = 0; k < 23; ++k) b(k) = -0.0f;
    const auto [twice, thrice, sum, difference, zeros] = f(a, b);
    for (const i64 k : {0, 21, 22}) {
        CHECK((twice(k) == 0 && !std::signbit(twice(k))));
        CHECK((thrice(k) == 0 && !std::signbit(thrice(k))));
        CHECK((sum(k) == 0 && !std::signbit(sum(k))));                  // 0 + -0
        CHECK((difference(k) == 0 && std::signbit(difference(k))));     // -0 - 0
        CHECK((zeros(k) == 0 && !std::signbit(zeros(k))));
    }
    CHECK(twice(1) == -2);
    CHECK(sum(20) == -40);
    CHECK((zeros(1) == 0 && std::signbit(zeros(1))));
}

}  // namespace
}  // namespace kiln::testing
