// Costly functions of several numbers are lanes of one vector: the same bits as each by itself, whatever lies in the lane beside it, in any order
// in which one waits for another.
#include <catch2/catch.hpp>
#include <kiln/kiln.hpp>

#include <cmath>
#include <cstring>
#include <limits>

namespace kiln::testing {
namespace {

template <class T>
bool same_bits(T x, T y) { return std::memcmp(&x, &y, sizeof(T)) == 0; }

template <class T>
void alone_and_together() {
    static constexpr auto a = placeholder<"a", T>;
    static constexpr auto b = placeholder<"b", T>;
    static constexpr auto c = placeholder<"c", T>;
    static constexpr auto d = placeholder<"d", T>;
    static constexpr auto e = placeholder<"e", T>;
    auto sine = function(inputs(a), sin(a));
    auto power = function(inputs(a), exp(a));
    auto root = function(inputs(a), sqrt(a));
    // five numbers, as many as the widest vectors of scalars have lanes and one; exp of sines waits for those; another of two exps waits for them
    auto all = function(inputs(a, b, c, d, e), outputs(sin(a), sin(b), sin(c), sin(d), sin(e), exp(sin(a)), exp(b), exp(exp(c)), sqrt(d), exp(sin(e)), sqrt(a)));
    const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN(), tiny = std::numeric_limits<T>::denorm_min();
    const T at[]{0, T(-0.0), T(0.5), T(-3.25), T(12.75), T(-80), T(-100.5), T(1e6), T(1e30), inf, -inf, nan, tiny, T(88)};
    constexpr int n = sizeof(at) / sizeof(at[0]);
    int wrong = 0;
    const auto check = [&](T got, T want) { wrong += !(same_bits(got, want) || (std::isnan(got) && std::isnan(want))); };
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) {
            const T x[]{at[i], at[j], at[(i + 5) % n], at[(j + 3) % n], at[(i + j) % n]};
            const auto [sa, sb, sc, sd, se, esa, eb, eec, rd, ese, ra] = all(x[0], x[1], x[2], x[3], x[4]);
            check(sa, sine(x[0]));
            check(sb, sine(x[1]));
            check(sc, sine(x[2]));
            check(sd, sine(x[3]));
            check(se, sine(x[4]));
            check(esa, power(sine(x[0])));
            check(eb, power(x[1]));
            check(eec, power(power(x[2])));
            check(rd, root(x[3]));
            check(ese, power(sine(x[4])));
            check(ra, root(x[0]));
        }
    CHECK(wrong == 0);
}
TEST_CASE("functions of several numbers have the same bits as of each", "[cpu][scalars]") {
    alone_and_together<float>();
    alone_and_together<double>();
}
TEST_CASE("numbers of two dtypes share lanes with their like alone", "[cpu][scalars]") {
    static constexpr auto a = placeholder<"a", float>;
    static constexpr auto b = placeholder<"b", double>;
    auto f = function(inputs(a, b), outputs(exp(a), exp(b), exp(-a), exp(-b), exp(cast<double>(a) * b)));
    auto of_float = function(inputs(a), exp(a));
    auto of_double = function(inputs(b), exp(b));
    for (const double x : {-90.0, -1.5, 0.0, 0.75, 700.0}) {
        const auto y = static_cast<float>(x);
        const auto [p, q, r, s, t] = f(y, 1.25 * x);
        CHECK(same_bits<float>(p, of_float(y)));
        CHECK(same_bits<double>(q, of_double(1.25 * x)));
        CHECK(same_bits<float>(r, of_float(-y)));
        CHECK(same_bits<double>(s, of_double(-1.25 * x)));
        CHECK(same_bits<double>(t, of_double(static_cast<double>(y) * (1.25 * x))));
    }
}
TEST_CASE("a pair of functions is followed by what needs both, and gradients", "[cpu][scalars]") {   // a double pendulum's kinetic energy
    static constexpr auto p = placeholder<"p", double>;
    static constexpr auto q = placeholder<"q", double>;
    static constexpr auto u = placeholder<"u", double>;
    static constexpr auto v = placeholder<"v", double>;
    static constexpr auto energy = trace([](value a, value b, value x, value y) {
        return 0.5 * (square(x * cos(a) + y * cos(b)) + square(x * sin(a) + y * sin(b)) + square(x * cos(a)) + square(x * sin(a)));
    }, p, q, u, v);
    auto f = function(inputs(p, q, u, v), outputs(energy, grad(energy, p, q, u, v)));
    for (int k = 0; k < 20; ++k) {
        const double a = 0.7 * k, b = 3 - 0.4 * k, x = 1 + 0.1 * k, y = 2 - 0.3 * k;
        const auto [e, ea, eb, ex, ey] = f(a, b, x, y);   // x^2 + y^2 / 2 + x y cos(a - b)
        const auto near = [](double got, double want) { return std::fabs(got - want) <= 1e-13 * (1 + std::fabs(want)); };
        CHECK(near(e, x * x + 0.5 * y * y + x * y * std::cos(a - b)));
        CHECK(near(ea, -x * y * std::sin(a - b)));
        CHECK(near(eb, x * y * std::sin(a - b)));
        CHECK(near(ex, 2 * x + y * std::cos(a - b)));
        CHECK(near(ey, y + x * std::cos(a - b)));
    }
}

}  // namespace
}  // namespace kiln::testing
