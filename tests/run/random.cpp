// Random nodes in functions: what they are drawn from, when they are drawn anew, and what they are distributed like.
#include <kiln/kiln.hpp>

#include "ops/reference.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "n">;
constexpr auto d = placeholder<"d", double, "n">;

template <class V>
std::vector<double> elements(const V& v) {
    std::vector<double> r;
    for (const auto e : v) r.push_back(static_cast<double>(e));
    return r;
}

TEST_CASE("a node is drawn once in a call and anew in the next", "[random]") {
    constexpr auto u = random_uniform<>(x);
    constexpr auto other = random_uniform<>(x);
    auto f = function(inputs(x), outputs(u, u * 2_c, u - u + x, other));
    const std::vector<float> given(100);
    const auto [a, twice, nothing, b] = f(given);
    for (int k = 0; k < 100; ++k) {
        CHECK(twice(k) == 2 * a(k));
        CHECK(nothing(k) == 0);
        CHECK(a(k) != b(k));
    }
    const auto [next, t, n, o] = f(given);
    CHECK((elements(next) != elements(a)));
    CHECK((elements(next) != elements(b)));
    CHECK((elements(o) != elements(b)));
}

TEST_CASE("the bits are Philox of seed, key, step and position", "[random]") {
    using namespace kiln::testing;
    constexpr auto u = random_uniform<>(x, stream<"u">);
    constexpr auto v = random_uniform<>(d, stream<"v">);
    constexpr auto n = random_normal<>(d, stream<"n">);
    constexpr auto c = truncated_normal<0.0, 2.0>(d, stream<"c">);
    auto f = function(inputs(x, d), outputs(u + x, v + d, n, c));
    f.seed(session_seed);
    for (const i64 size : {5, 0, 1, 1000, 8})
        for (int again = 0; again < 2; ++again) {
            const u64 step = f.random_steps() + 1;
            const std::vector<float> ones(static_cast<std::size_t>(size), 1.f);
            const std::vector<double> given(static_cast<std::size_t>(size));
            const auto [a, b, e, g] = f(ones, given);
            const array ra = drawn<uniform_number>("u", dtype::float32, {size}, 1, 1, step), rb = drawn<uniform_number>("v", dtype::float64, {size}, 1, 0, step);
            const array re = drawn<normal_number>("n", dtype::float64, {size}, 1, 0, step), rg = drawn<truncated_number>("c", dtype::float64, {size}, 2, 0, step);
            for (int k = 0; k < size; ++k) {
                const auto i = static_cast<std::size_t>(k);
                CHECK(a(k) == static_cast<float>(ra.at[i]));
                CHECK(b(k) == static_cast<double>(rb.at[i]));
                CHECK(e(k) == Approx(static_cast<double>(re.at[i])).margin(4e-14));
                CHECK(g(k) == Approx(static_cast<double>(rg.at[i])).margin(4e-14));
            }
        }
    CHECK(f.random_steps() == 10);
}

TEST_CASE("a function by itself", "[random]") {
    constexpr auto u = random_uniform<>(shape<double>);
    auto f = function(inputs(), u);
    auto g = f;
    CHECK(f() != g());   // without a seed each draws its own
    f.seed(3);
    g.seed(3);
    const double first = f(), second = f();
    CHECK(first != second);
    CHECK(g() == first);
    auto copy = g;   // goes on where g is
    CHECK(g() == second);
    CHECK(copy() == second);
    f.seed(3);
    CHECK(f() == first);
    f.seed(3, 1);
    CHECK(f() == second);
    CHECK(f.random_steps() == 2);
    f.seed(4);
    CHECK(f() != first);
    CHECK(eval(u) != eval(u));
}

TEST_CASE("a session's functions do not repeat each other", "[random]") {
    constexpr auto w = variable<"w", double>(random_uniform<>);
    constexpr auto u = random_uniform<>(shape<double>, stream<"u">);
    auto f = function(inputs(), u);
    auto g = function(inputs(), u + 0_c * w);
    auto still = function(inputs(), w * 2_c);
    session s(g), other(g);
    s.initialize(1);
    other.initialize(1);
    CHECK(f(s) != f(other));   // initialize does not seed random nodes
    s.seed(42);
    std::vector<double> drawn;
    for (int k = 0; k < 5; ++k) {
        drawn.push_back(f(s));
        drawn.push_back(g(s));
        still(s);
        drawn.push_back(s.run(u));
    }
    CHECK(s.random_steps() == 15);   // a call that draws nothing is no step
    std::vector<double> sorted = drawn;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    other.seed(42);
    for (const double v : drawn) CHECK(g(other) == v);   // the step, not who is called
    f.seed(7);
    CHECK(f(s) != f());
    const double value = s[w];
    s.seed(1);
    CHECK(s[w] == value);
    const session moved = std::move(other);
    CHECK(moved.random_steps() == 15);
}

TEST_CASE("draws that stay", "[random]") {
    constexpr auto u = random_uniform<>(shape<double>);
    auto f = function(inputs(), u);
    session s(f);
    s.seed(9);
    s.freeze_random();
    const double first = f(s);
    CHECK(f(s) == first);
    s.thaw_random();
    const double second = f(s);
    CHECK(second != first);
    s.freeze_random();
    CHECK(f(s) == second);
    CHECK(s.run(u) == second);
    s.thaw_random();
    CHECK(f(s) != second);
    f.freeze_random();
    CHECK(f() == f());
}

TEST_CASE("two levels of seeds", "[random]") {   // TensorFlow's table
    constexpr auto a = random_uniform<>(shape<double>, stream<"a">);
    constexpr auto b = random_uniform<>(shape<double>, stream<"b">);
    constexpr auto five = random_uniform<>(shape<double>, seed<5>);
    constexpr auto six = random_uniform<>(shape<double>, seed<6>);
    constexpr auto again = random_uniform<>(shape<double>, seed<5>);
    auto f = function(inputs(), outputs(a, b, five, six, again));
    session none(f), neither(f), seeded(f), equal(f), unlike(f), by_number(f);
    seeded.seed(1);
    equal.seed(1);
    unlike.seed(2);
    by_number.seed(87654321);
    const auto [na, nb, n5, n6, n5_too] = f(none);
    const auto [ma, mb, m5, m6, m5_too] = f(neither);
    const auto [sa, sb, s5, s6, s5_too] = f(seeded);
    const auto [ea, eb, e5, e6, e5_too] = f(equal);
    const auto [ua, ub, u5, u6, u5_too] = f(unlike);
    const auto [ba, bb, b5, b6, b5_too] = f(by_number);
    CHECK(na != ma);   // neither: never the same
    CHECK(nb != mb);
    CHECK(n5 == m5);   // the node alone
    CHECK(n6 == m6);
    CHECK(n5 != n6);
    CHECK(n5 == b5);   // ... as in a session with TensorFlow's number
    CHECK(sa == ea);   // the session alone
    CHECK(sb == eb);
    CHECK(sa != sb);
    CHECK(sa != ua);
    CHECK(s5 == e5);   // both
    CHECK(s5 != u5);
    CHECK(s5 != n5);
    CHECK(s5 == s5_too);   // two nodes of one seed
    CHECK(std::get<2>(f(none)) != n5);   // a seed is no constant: the next call draws others
}

TEST_CASE("what is constant is what the first call draws", "[random]") {
    constexpr auto u = random_uniform<-1.0, 1.0>(shape<float, 7>, seed<3>);
    constexpr auto dice = random_uniform<1, 7>(shape<int, 2, 3>, seed<4>);
    static constexpr auto third = eval(u)(2);
    static constexpr int last = eval(dice)(1, 2);
    static_assert(third >= -1 && third < 1 && last >= 1 && last < 7);
    auto f = function(inputs(), outputs(u, dice));
    const auto [a, b] = f();
    CHECK(a(2) == third);
    CHECK(b(1, 2) == last);
    CHECK((elements(eval(u)) == elements(a)));
}

TEST_CASE("derivatives do not see random nodes, and see the same bits", "[random]") {
    constexpr auto noise = random_normal<>(d);
    constexpr auto y = sum(square(d) * noise);
    auto f = function(inputs(d), outputs(grad(y, d), noise, grad(sum(noise * d), d), jvp(y, d, noise)));
    const std::vector<double> at{1, 2, 3, 4, 5};
    const auto [slope, n, same, along] = f(at);
    double total = 0;
    for (int k = 0; k < 5; ++k) {
        CHECK(slope(k) == Approx(2 * at[static_cast<std::size_t>(k)] * n(k)));
        CHECK(same(k) == n(k));
        total += 2 * at[static_cast<std::size_t>(k)] * n(k) * n(k);
    }
    CHECK(along == Approx(total));
}

TEST_CASE("dropout in a trace", "[random]") {
    constexpr auto h = placeholder<"h", float, "batch", 40>;
    constexpr auto dropped = trace([](value v) {
        for (int i = 0; i < 2; ++i) v = where(random_uniform<>(v, {"drop", i}) < 0.75, v / 0.75, 0);
        return v;
    }, h);
    constexpr auto slope = grad(sum(dropped), h);
    auto f = function(inputs(h), outputs(dropped, slope));
    f.seed(1);
    tensor<float, dynamic, 40> ones(250);
    ones.fill(1);
    const auto [v, g] = f(ones);
    bool alike = true;
    for (i64 k = 0; k < v.size(); ++k) alike &= std::abs(v.data()[k] - g.data()[k]) < 1e-5f;   // the same mask
    CHECK(alike);
    std::map<double, int> counts;
    for (const double e : elements(v)) ++counts[e];
    REQUIRE(counts.size() == 2);
    CHECK(counts.rbegin()->first == Approx(1 / 0.5625));
    CHECK(std::abs(counts.rbegin()->second - 5625) < 4 * std::sqrt(10000 * 0.5625 * 0.4375));
}

TEST_CASE("random nodes in a body", "[random]") {
    constexpr auto p = placeholder<"p", bool>;
    constexpr auto y = trace([](value c, value v) {
        const value outside = random_uniform<>(v, "outside");
        return cond(c, [&] { return v + random_uniform<>(v, "inside") - outside; }, [&] { return v * 2; });
    }, p, d);
    constexpr auto inside = random_uniform<>(d, stream<"inside">);
    constexpr auto outside = random_uniform<>(d, stream<"outside">);
    auto f = function(inputs(p, d), outputs(y, inside, outside, grad(sum(y), d)));
    const std::vector<double> at{1, 2, 3};
    const auto [a, in, out, slope] = f(true, at);
    for (int k = 0; k < 3; ++k) {
        CHECK(a(k) == Approx(at[static_cast<std::size_t>(k)] + in(k) - out(k)));
        CHECK(slope(k) == 1);
    }
    const auto [b, i2, o2, s2] = f(false, at);
    CHECK(b(2) == 6);
    CHECK(i2(0) != in(0));
    constexpr auto seeded = trace([](value c, value v) {
        return cond(c, [&] { return v + random_uniform<>(v, seed<1>); }, [&] { return v; });
    }, p, placeholder<"q", double>);
    constexpr auto q = placeholder<"q", double>;
    static_assert(eval(seeded, p = true, q = 1.0) > 1 && eval(seeded, p = false, q = 1.0) == 1);
    CHECK(eval(seeded, p = true, q = 1.0) == 1 + eval(random_uniform<>(shape<double>, seed<1>)));
}

TEST_CASE("random steps of a variable", "[random]") {
    constexpr auto w = variable<"w", double, 4>(zeros);
    constexpr auto step = random_normal<>(w);
    auto walk = function(inputs(), step, updates(assign_add(w, step)));
    session s(walk), other(walk);
    s.initialize();
    other.initialize();
    s.seed(5);
    double sum = 0, last = 0;
    for (int k = 0; k < 3; ++k) sum += last = walk(s)(1);
    CHECK(s[w](1) == Approx(sum));
    other.seed(5, 2);   // as if it had walked twice
    CHECK(walk(other)(1) == last);
    CHECK(other[w](1) == last);
}

TEST_CASE("first values that are random expressions", "[random]") {
    constexpr auto w = variable<"w", double, 3>(random_normal<>(shape<double, 3>) * 2_c + 1_c);
    constexpr auto v = variable<"v", double, 3>(random_normal<>(shape<double, 3>, seed<2>));
    constexpr auto again = variable<"again", double, 3>(w);
    auto f = function(inputs(), sum(w + v + again));
    session s(f), other(f);
    s.initialize(1);
    other.seed(77);   // not of the variables
    other.initialize(1);
    CHECK((elements(s[w]) == elements(other[w])));
    CHECK((elements(s[v]) == elements(other[v])));
    CHECK((elements(s[again]) == elements(s[w])));
    other.initialize(2);
    CHECK((elements(s[w]) != elements(other[w])));
    CHECK((elements(s[v]) != elements(other[v])));
    CHECK(s.random_steps() == 0);
}

TEST_CASE("what a session stores is not touched", "[random]") {
    constexpr auto w = variable<"w", float, 3>(ones);
    auto f = function(inputs(x), sum(w) + sum(x * random_uniform<>(x)));
    session s(f);
    s.initialize();
    f(s, std::vector<float>(4));
    REQUIRE(s.rows().size() == 1);
    CHECK(elements(s[w]) == std::vector<double>(3, 1.0));
    session of_no_variable(function(inputs(x), x * random_uniform<>(x)));
    CHECK(of_no_variable.rows().empty());
}

TEST_CASE("one result for any number of threads", "[random]") {
    constexpr auto y = outputs(x + random_uniform<>(x), random_normal<1.0, 2.0>(x), truncated_normal<>(d), random_uniform<>(d) * d, random_uniform<0, 100>(shape<int, 70000>));
    auto f = function(inputs(x, d), y);
    const std::vector<float> a(70001);
    const std::vector<double> b(70001, 1.0);
    f.seed(1);
    f.freeze_random();
    const auto one = f(a, b);
    f.threads(2);
    const auto two = f(a, b);
    f.threads(3);
    const auto three = f(a, b);
    [&]<std::size_t... K>(std::index_sequence<K...>) {
        CHECK(((elements(std::get<K>(one)) == elements(std::get<K>(two))) && ...));
        CHECK(((elements(std::get<K>(one)) == elements(std::get<K>(three))) && ...));
    }(std::make_index_sequence<5>{});
}

// ---- distributions, on a fixed seed
constexpr int many = 100000;

double mean_of(const std::vector<double>& v) {
    double s = 0;
    for (const double e : v) s += e;
    return s / static_cast<double>(v.size());
}
/// Correlation, times the square root of the length: of the order of 1 where there is none.
double correlation(const std::vector<double>& a, const std::vector<double>& b, std::size_t lag = 0) {
    const double ma = mean_of(a), mb = mean_of(b);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t k = 0; k + lag < a.size(); ++k) {
        ab += (a[k] - ma) * (b[k + lag] - mb);
        aa += (a[k] - ma) * (a[k] - ma);
        bb += (b[k] - mb) * (b[k] - mb);
    }
    return ab / std::sqrt(aa * bb) * std::sqrt(static_cast<double>(a.size()));
}
/// Kolmogorov and Smirnov: the largest distance from the distribution function, times the square root of the length; above 1.95
/// in one of a thousand samples.
template <class F>
double distance(std::vector<double> v, F distribution) {
    std::sort(v.begin(), v.end());
    const double n = static_cast<double>(v.size());
    double r = 0;
    for (std::size_t k = 0; k < v.size(); ++k) {
        const double p = distribution(v[k]);
        r = std::max({r, p - static_cast<double>(k) / n, static_cast<double>(k + 1) / n - p});
    }
    return r * std::sqrt(n);
}
template <class F>
void check_moments(const std::vector<double>& v, double mean, double variance, F distribution) {
    const double n = static_cast<double>(v.size());
    const double m = mean_of(v);
    double second = 0;
    for (const double e : v) second += (e - mean) * (e - mean) / n;
    CHECK(std::abs(m - mean) < 4 * std::sqrt(variance / n));
    CHECK(std::abs(second / variance - 1) < 4 * std::sqrt(2 / n));   // at most that of a normal distribution
    CHECK(distance(v, distribution) < 1.95);
}
double phi(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

TEST_CASE("distributions", "[random]") {
    constexpr auto uf = random_uniform<-1.0, 3.0>(shape<float, many>);
    constexpr auto nf = random_normal<1.0, 0.5>(shape<float, many>);
    constexpr auto ud = random_uniform<>(shape<double, many>);
    constexpr auto nd = random_normal<>(shape<double, many>);
    constexpr auto td = truncated_normal<2.0, 3.0>(shape<double, many>);
    auto f = function(inputs(), outputs(uf, nf, ud, nd, td));
    f.seed(20240229);
    const auto [a, b, c, e, g] = f();
    check_moments(elements(a), 1, 16.0 / 12, [](double v) { return (v + 1) / 4; });
    check_moments(elements(b), 1, 0.25, [](double v) { return phi((v - 1) / 0.5); });
    check_moments(elements(c), 0.5, 1.0 / 12, [](double v) { return v; });
    check_moments(elements(e), 0, 1, phi);
    const double inside = phi(2) - phi(-2);
    check_moments(elements(g), 2, 9 * 0.7737413, [&](double v) { return (phi((v - 2) / 3) - phi(-2)) / inside; });
    const std::vector<double> cut = elements(g);
    CHECK(*std::min_element(cut.begin(), cut.end()) > -4);
    CHECK(*std::max_element(cut.begin(), cut.end()) < 8);
}

TEST_CASE("nodes, steps and neighbours are independent", "[random]") {
    constexpr auto u = random_uniform<>(shape<double, many>);
    constexpr auto v = random_uniform<>(shape<double, many>);
    constexpr auto n = random_normal<>(shape<float, many>);
    constexpr auto s = random_uniform<>(shape<double, many>, seed<1>);
    auto f = function(inputs(), outputs(u, v, n, s));
    f.seed(1);
    std::vector<std::vector<double>> all;
    for (int k = 0; k < 3; ++k) {
        const auto [a, b, c, e] = f();
        for (const auto& w : {elements(a), elements(b), elements(c), elements(e)}) all.push_back(w);
    }
    f.seed(2);
    all.push_back(elements(std::get<0>(f())));
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) CHECK(std::abs(correlation(all[i], all[j])) < 4);
        for (const std::size_t lag : {1u, 2u, 3u, 4u, 8u}) CHECK(std::abs(correlation(all[i], all[i], lag)) < 4);
    }
}

TEST_CASE("random integers", "[random]") {
    constexpr auto dice = random_uniform<1, 7>(shape<int, 60000>);
    constexpr auto bytes = random_uniform<-128, 128>(shape<std::int8_t, 51200>);
    constexpr auto words = random_uniform<0, 256>(shape<std::uint8_t, 51200>);
    constexpr auto large = random_uniform<std::numeric_limits<i64>::min(), std::numeric_limits<i64>::max()>(shape<i64, 1000>);
    constexpr auto one = random_uniform<41, 42>(shape<std::uint64_t, 10>);
    auto f = function(inputs(), outputs(dice, bytes, words, large, one));
    f.seed(3);
    const auto [a, b, c, e, g] = f();
    auto chi_square = [](const std::vector<double>& v, double low, int n) {   // mean n - 1, variance 2 (n - 1)
        std::vector<double> count(static_cast<std::size_t>(n));
        for (const double k : v) {
            REQUIRE((k >= low && k < low + n));
            ++count[static_cast<std::size_t>(k - low)];
        }
        const double want = static_cast<double>(v.size()) / n;
        double r = 0;
        for (const double k : count) r += (k - want) * (k - want) / want;
        return (r - (n - 1)) / std::sqrt(2.0 * (n - 1));
    };
    CHECK(std::abs(chi_square(elements(a), 1, 6)) < 4);
    CHECK(std::abs(chi_square(elements(b), -128, 256)) < 4);
    CHECK(std::abs(chi_square(elements(c), 0, 256)) < 4);
    CHECK(std::count_if(e.begin(), e.end(), [](i64 v) { return v < 0; }) > 400);
    CHECK(std::count_if(e.begin(), e.end(), [](i64 v) { return v > i64{1} << 61; }) > 200);
    CHECK(elements(g) == std::vector<double>(10, 41.0));
}

}  // namespace
