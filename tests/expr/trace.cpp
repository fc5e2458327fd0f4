// trace: ordinary C++ that the compiler runs once; the result is the expression that it made.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <type_traits>

using namespace kiln;

namespace {

template <class A, class B>
constexpr bool alike(A, B) { return std::is_same_v<A, B>; }

constexpr auto x = placeholder<"x", double, "n">;
constexpr auto y = placeholder<"y", double, "n">;
constexpr auto m = placeholder<"m", double, "n", 4>;
constexpr auto i = placeholder<"i", int>;

// the same graph is the same type, traced or not
static_assert(alike(trace([](value a, value b) { return a * b + a; }, x, y), x * y + x));
static_assert(alike(trace([](value a) { return 2 * a; }, x), 2_c * x));
static_assert(alike(trace([](value a) { return a; }, x), x));
static_assert(alike(trace([](value a, value) { return a; }, x, y), x));   // what is not used is not there

// loops, ifs, functions, arrays, shapes are C++'s
constexpr value power(value a, int n) {
    value r = a;
    for (int k = 1; k < n; ++k) r = r * a;
    return r;
}
static_assert(alike(trace([](value a) { return power(a, 3); }, x), x * x * x));
constexpr std::array weights{0.5, 2.0, 0.25};
constexpr auto polynomial = trace([](value a) {
    value r = 0 * a;
    for (const double w : weights) r = r * a + w;
    return r;
}, x);
static_assert(alike(trace([](value a) { return a.rank() == 2 && a.shape(1) == 4 ? sum(a, 1) / static_cast<double>(a.shape(1)) : a; }, m),
                   sum<1>(m) / 4_c));
constexpr int repeats = 3;
constexpr auto repeated = trace([](value a) {
    constexpr double step = 0.5;
    for (int k = 0; k < repeats; ++k) a = tanh(a) + step;
    return a;
}, x);
static_assert(alike(repeated, tanh(tanh(tanh(x) + 0.5_c) + 0.5_c) + 0.5_c));

// structural objects with settings
struct block {
    int n;
    double scale;
    constexpr value operator()(value a) const {
        for (int k = 0; k < n; ++k) a = scale * sin(a);
        return a;
    }
};
static_assert(alike(trace<block{2, 0.5}>(x), 0.5_c * sin(0.5_c * sin(x))));
static_assert(!alike(trace<block{2, 0.5}>(x), trace<block{2, 0.25}>(x)));
constexpr value doubled(value a) { return a + a; }
static_assert(alike(trace<doubled>(x), x + x));
template <int N>
constexpr auto shifted(auto e) {   // a template parameter is a constant
    return trace([](value a) { return a + N; }, e);
}
static_assert(alike(shifted<7>(x), x + 7_c));

// traces in traces
constexpr auto inner = trace([](value a) { return exp(a); }, x);
static_assert(alike(trace([](value a) { return a * a; }, inner), exp(x) * exp(x)));

// derivatives inside
static_assert(alike(trace([](value a) { return grad(sum(a * a), a); }, x), grad(sum(x * x), x)));
constexpr auto steps_of_newton = trace([](value a) {
    const value f = a * a * a - 2, slope = grad(sum(f), a);
    return a - f / slope;
}, x);

TEST_CASE("what a trace computes", "[trace]") {
    auto f = function(inputs(x), outputs(polynomial, repeated, steps_of_newton));
    const auto [p, r, newton] = f(tensor{0.5, 1.0, 2.0});
    CHECK(p(2) == 0.5 * 4 + 2 * 2 + 0.25);
    CHECK(r(0) == Approx(std::tanh(std::tanh(std::tanh(0.5) + 0.5) + 0.5) + 0.5));
    CHECK(newton(1) == Approx(1 + 1.0 / 3));
}

TEST_CASE("several results", "[trace]") {
    constexpr auto both = trace([](value a, value b) { return values{a + b, a - b, sum(a)}; }, x, y);
    static_assert(decltype(both)::size == 3);
    static_assert(alike(get<1>(both), x - y));
    static_assert(alike(get<2>(both), sum(x)));
    auto f = function(inputs(x, y), both);
    const auto [plus, minus, total] = f(tensor{1., 2.}, tensor{5., 7.});
    CHECK(plus(1) == 9);
    CHECK(minus(0) == -4);
    CHECK(total == 3);
    auto g = function(inputs(x, y), outputs(both, x));   // and others beside
    CHECK(std::get<3>(g(tensor{1., 2.}, tensor{5., 7.}))(1) == 2);
}

TEST_CASE("two results of one operation", "[trace]") {
    constexpr auto top = trace([](value a) {
        const value t = top_k(a, 2);
        return values{result(t, 0), result(t, 1)};
    }, m);
    auto f = function(inputs(m), outputs(top, trace([](value a) { return grad(sum(result(top_k(a, 2), 0) * 3), a); }, m)));
    const auto [best, where_it_is, slope] = f(tensor{{1., 9., 3., 7.}, {4., 2., 8., 8.}});
    CHECK(best(0, 0) == 9);
    CHECK(best(0, 1) == 7);
    CHECK(where_it_is(1, 0) == 2);
    CHECK(where_it_is(1, 1) == 3);
    CHECK(slope(0, 1) == 3);
    CHECK(slope(0, 0) == 0);
    CHECK(slope(1, 3) == 3);
}

TEST_CASE("bodies", "[trace]") {
    constexpr auto chosen = trace([](value a, value k) {
        return cond(k > 0, [&] { return a * a; }, [&] { return cond(k < -5, [&] { return -a; }, [&] { return exp(a); }); });
    }, x, i);
    auto f = function(inputs(x, i), outputs(chosen, grad(sum(chosen), x)));
    const tensor in{1., 2., 3.};
    {
        const auto [y1, d1] = f(in, 1);
        CHECK(y1(2) == 9);
        CHECK(d1(2) == 6);
    }
    {
        const auto [y1, d1] = f(in, -7);
        CHECK(y1(2) == -3);
        CHECK(d1(2) == -1);
    }
    {
        const auto [y1, d1] = f(in, 0);
        CHECK(y1(1) == Approx(std::exp(2)));
        CHECK(d1(1) == Approx(std::exp(2)));
    }
    static_assert(eval(trace([](value a) { return cond(a > 0, [&] { return sqrt(a); }, [&] { return -a; }); }, placeholder<"s", double>),
                       placeholder<"s", double> = -4.0) == 4.0);
}

}  // namespace
