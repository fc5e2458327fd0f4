// Costly functions of several numbers are lanes of one vector: the same bits as each by itself, whatever lies in the lane beside it, in any order
// in which one waits for another.
#include "compare.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>

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

// ---- cheap operations side by side
/// "a0" to "a99".
template <int I>
constexpr text<4> numbered{{'a', static_cast<char>('0' + I / 10), static_cast<char>('0' + I % 10), 0}};
template <class T, int I>
constexpr auto number = placeholder<numbered<I>, T>;
/// f of eleven symbols.
constexpr auto of_eleven(auto f) {
    return [&]<int... I>(std::integer_sequence<int, I...>) { return f(number<double, I>...); }(std::make_integer_sequence<int, 11>{});
}

/// How many packs of cheap operations, and sums by lanes, the one kernel of F has with vectors of so many bytes.
template <class F, int Bytes>
constexpr int packs_and_sums = [] {
    using packs = cpu::number_packs<typename known_key<cpu::words_at<typename F::L, 0>>::type, Bytes>;
    int n = 0;
    for (int s = 0; s < packs::plan.n_steps; ++s) n += packs::plan.width[s] > 1 && !packs::is_costly(packs::plan.member[packs::plan.first[s]]);
    return n;
}();

const double special[]{0, -0.0, 0.5, -3.25, 12.75, -1e308, 1e308, 1e-310, -4e-324, std::numeric_limits<double>::infinity(),
                       -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), 3, -7, 1.0 / 3};
constexpr int n_special = sizeof(special) / sizeof(special[0]);
bool alike(double got, double want) { return same_bits(got, want) || (std::isnan(got) && std::isnan(want)); }

struct of_three {
    constexpr value operator()(value a, value b, value c) const { return (a * b - c) * (a - 2.5) / (c * c); }
};
/// Of number K, the next one and the one after that.
template <int K>
struct of_neighbours {
    constexpr value operator()(auto... x) const {
        const value v[]{x...};
        return of_three{}(v[K], v[(K + 1) % 11], v[(K + 2) % 11]);
    }
};
TEST_CASE("eleven products, differences and quotients have the same bits as each by itself", "[cpu][scalars]") {
    static constexpr auto one = trace(of_three{}, number<double, 0>, number<double, 1>, number<double, 2>);
    auto f = function(inputs(number<double, 0>, number<double, 1>, number<double, 2>), one);
    auto g = [&]<int... K>(std::integer_sequence<int, K...>) {
        return of_eleven([](auto... e) { return function(inputs(e...), outputs(of_eleven([](auto... x) { return trace<of_neighbours<K>{}>(x...); })...)); });
    }(std::make_integer_sequence<int, 11>{});
    static_assert(packs_and_sums<decltype(g), 64> > 4 && packs_and_sums<decltype(f), 64> == 0);
    int wrong = 0;
    for (int k = 0; k < n_special * n_special; ++k) {
        double x[11], near[11], apart[22];
        for (int j = 0; j < 11; ++j) x[j] = special[(k % n_special + j * (1 + k / n_special)) % n_special];
        g.into(near[0], near[1], near[2], near[3], near[4], near[5], near[6], near[7], near[8], near[9], near[10])(
            x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]);
        g.into(apart[0], apart[20], apart[4], apart[6], apart[2], apart[10], apart[12], apart[14], apart[16], apart[18], apart[8])(
            x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]);
        const double back[]{apart[0], apart[20], apart[4], apart[6], apart[2], apart[10], apart[12], apart[14], apart[16], apart[18], apart[8]};
        for (int j = 0; j < 11; ++j) {
            const double want = f(x[j], x[(j + 1) % 11], x[(j + 2) % 11]);
            wrong += !alike(near[j], want) + !alike(back[j], want);
        }
        g.into(x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[0])(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]);
        for (int j = 0; j < 11; ++j) wrong += !alike(x[(j + 1) % 11], near[j]);   // results where the arguments were
    }
    CHECK(wrong == 0);
}

/// The sum of |terms| bounds what the order of additions may change.
TEST_CASE("sums of many numbers, products and squares", "[cpu][scalars]") {
    constexpr auto terms = [](auto... x) {
        const value v[]{x...};
        value sum = 3 * v[0] + v[1] * v[1];
        for (int k = 2; k < 11; ++k) sum = sum + v[k] * v[k - 1] + square(1 - v[k]) + v[k] + 100.0 * v[k - 2];
        return sum + 0.125;
    };
    static constexpr auto of_terms = of_eleven([](auto... e) { return trace(decltype(terms){}, e...); });
    static constexpr auto plain = of_eleven([](auto... e) { return trace([](auto... x) { return (... + x); }, e...); });
    auto f = of_eleven([](auto... e) { return function(inputs(e...), outputs(of_terms, plain, of_terms + plain, plain * number<double, 3>)); });
    for (int t = 0; t < 50; ++t) {
        double x[11];
        for (int k = 0; k < 11; ++k) x[k] = std::sin(37.0 * t + 11 * k) * (t % 3 == 0 ? 1e3 : 1);
        long double sum = 3 * static_cast<long double>(x[0]) + static_cast<long double>(x[1]) * x[1] + 0.125L, all = 0, size = std::fabs(sum), all_size = 0;
        const auto add = [&](long double v) { sum += v; size += std::fabs(v); };
        for (int k = 2; k < 11; ++k) {
            add(static_cast<long double>(x[k]) * x[k - 1]);
            add((1 - static_cast<long double>(x[k])) * (1 - static_cast<long double>(x[k])));
            add(x[k]);
            add(100 * static_cast<long double>(x[k - 2]));
        }
        for (const double v : x) { all += v; all_size += std::fabs(v); }
        const auto [a, b, c, d] = f(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]);
        const double eps = std::numeric_limits<double>::epsilon();
        CHECK(std::fabs(static_cast<double>(a - sum)) <= 8 * eps * static_cast<double>(size));
        CHECK(std::fabs(static_cast<double>(b - all)) <= 4 * eps * static_cast<double>(all_size));
        CHECK(std::fabs(static_cast<double>(c - sum - all)) <= 8 * eps * static_cast<double>(size + all_size));
        CHECK(std::fabs(static_cast<double>(d - all * x[3])) <= 5 * eps * static_cast<double>(all_size * std::fabs(x[3])));
    }
    const auto sum = [&](int at, double v, double others) {
        double x[11];
        for (int k = 0; k < 11; ++k) x[k] = k == at ? v : others;
        return std::get<1>(f(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]));
    };
    const double inf = std::numeric_limits<double>::infinity();
    for (int k = 0; k < 11; ++k) {
        CHECK(sum(k, inf, 1) == inf);
        CHECK(sum(k, -inf, 1e308 / 100) == -inf);
        CHECK(std::isnan(sum(k, std::nan(""), inf)));
        CHECK(std::isnan(sum(k, -inf, inf)));
        CHECK(same_bits(sum(k, -0.0, -0.0), -0.0));
        CHECK(same_bits(sum(k, 0.0, -0.0), 0.0));
        CHECK(sum(k, 41, 0.1) == Approx(42));
    }
}

/// Terms whose factors are lanes already, in sums of which a part is a result, too.
TEST_CASE("sums of what lies side by side", "[cpu][scalars]") {
    constexpr auto sums = [](auto... x) {
        const value v[]{x...};
        value all = v[0], some = v[1] * 0.5;
        for (int k = 0; k < 11; ++k) {
            const value u = (1 - v[k]) * (v[k] + 0.25), t = v[k] * v[(k + 1) % 11] - u;
            all = all + square(u) + t * u + 100.0 * t + u;
            if (k < 9) some = some + (t - 3) * (t + 2);
        }
        return values{all, some, all + some, some * v[4]};
    };
    auto f = of_eleven([](auto... e) { return function(inputs(e...), trace(decltype(sums){}, e...)); });
    static_assert(packs_and_sums<decltype(f), 64> > 4 && packs_and_sums<decltype(f), 32> > 4 && packs_and_sums<decltype(f), 16> == 0);
    for (int t = 0; t < 50; ++t) {
        double x[11];
        for (int k = 0; k < 11; ++k) x[k] = std::sin(31.0 * t + 7 * k) * (t % 3 == 0 ? 50 : 1);
        long double all = x[0], some = x[1] * 0.5L, size = std::fabs(x[0]), some_size = std::fabs(x[1]);
        for (int k = 0; k < 11; ++k) {
            const long double u = (1.0L - x[k]) * (x[k] + 0.25L), v = static_cast<long double>(x[k]) * x[(k + 1) % 11] - u, w = 1 + std::fabs(u) + std::fabs(v) + static_cast<long double>(x[k]) * x[k];
            all += u * u + v * u + 100 * v + u;
            size += u * u + w * (std::fabs(u) + 101);
            if (k < 9) {
                some += (v - 3) * (v + 2);
                some_size += (std::fabs(v) + 3) * (w + 2);
            }
        }
        const auto [a, b, c, d] = f(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]);
        const double eps = 16 * std::numeric_limits<double>::epsilon();
        CHECK(std::fabs(static_cast<double>(a - all)) <= eps * static_cast<double>(size));
        CHECK(std::fabs(static_cast<double>(b - some)) <= eps * static_cast<double>(some_size));
        CHECK(std::fabs(static_cast<double>(c - all - some)) <= eps * static_cast<double>(size + some_size));
        CHECK(std::fabs(static_cast<double>(d - some * x[4])) <= eps * static_cast<double>(some_size * std::fabs(x[4])));
    }
}

/// Rosenbrock's function of N variables with its gradient: values, slopes of neighbours, a first and a last one that differ.
template <class T, int... I>
void rosenbrock(std::integer_sequence<int, I...>) {
    constexpr int n = sizeof...(I);
    static constexpr auto y = trace([](auto... x) {
        const value v[]{x...};
        value sum = 100 * square(v[1] - square(v[0])) + square(1 - v[0]);
        for (int k = 1; k + 1 < n; ++k) sum = sum + 100 * square(v[k + 1] - square(v[k])) + square(1 - v[k]);
        return sum;
    }, number<T, I>...);
    auto f = function(inputs(number<T, I>...), outputs(y, grad(y, number<T, I>...)));
    static_assert(packs_and_sums<decltype(f), 16 * sizeof(T)> > 0 || n < 10);
    for (int t = 0; t < 10; ++t) {
        T x[n], g[n], value = 0;
        for (int k = 0; k < n; ++k) x[k] = static_cast<T>(std::cos(5.0 * t + k));
        f.into(value, g[I]...)(x[I]...);
        double want = 0, slope[n]{}, size = 0;
        for (int k = 0; k + 1 < n; ++k) {
            const double a = x[k], u = x[k + 1] - a * a, w = 1 - a;
            want += 100 * u * u + w * w;
            slope[k] += -400 * a * u - 2 * w;
            slope[k + 1] += 200 * u;
            size = std::fmax(size, 400 * (1 + a * a));
        }
        const double eps = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
        CHECK(std::fabs(value - want) <= eps * (1 + want));
        for (int k = 0; k < n; ++k) CHECK(std::fabs(g[k] - slope[k]) <= eps * size);
    }
}
TEST_CASE("Rosenbrock's function of scalars", "[cpu][scalars]") {
    rosenbrock<double>(std::make_integer_sequence<int, 2>{});
    rosenbrock<double>(std::make_integer_sequence<int, 5>{});
    rosenbrock<double>(std::make_integer_sequence<int, 9>{});
    rosenbrock<double>(std::make_integer_sequence<int, 10>{});
    rosenbrock<double>(std::make_integer_sequence<int, 14>{});
    rosenbrock<double>(std::make_integer_sequence<int, 23>{});
    rosenbrock<float>(std::make_integer_sequence<int, 6>{});
    rosenbrock<float>(std::make_integer_sequence<int, 18>{});
    rosenbrock<float>(std::make_integer_sequence<int, 30>{});
}

/// Numbers of three dtypes, conditions, shared parts of sums, results of every kind.
TEST_CASE("numbers of several dtypes side by side", "[cpu][scalars]") {
    static constexpr auto f0 = placeholder<"f0", float>;
    static constexpr auto f1 = placeholder<"f1", float>;
    static constexpr auto f2 = placeholder<"f2", float>;
    static constexpr auto f3 = placeholder<"f3", float>;
    static constexpr auto f4 = placeholder<"f4", float>;
    static constexpr auto i0 = placeholder<"i0", std::int32_t>;
    static constexpr auto i1 = placeholder<"i1", std::int32_t>;
    static constexpr auto i2 = placeholder<"i2", std::int32_t>;
    static constexpr auto i3 = placeholder<"i3", std::int32_t>;
    static constexpr auto mixed = [](value a, value b, value c, value d, value e, value p, value q, value r, value s, value x, value y, value z, value w) {
        const value of[]{a, b, c, d, e}, whole[]{p, q, r, s}, wide[]{x, y, z, w};
        value sum = a * b + c, part = cast<double>(a) * x + y, count = p;
        for (int k = 0; k < 4; ++k) {
            sum = sum + square(of[k] - of[k + 1]) + of[k] * 0.5 + where(of[k] > of[k + 1], of[k] * of[k + 1], of[k + 1]);
            part = part + cast<double>(of[k] * 2.0 - of[k + 1]) * wide[k] + wide[k] / (1.0 + square(wide[(k + 1) % 4]));
            count = count + whole[k] * whole[(k + 1) % 4] - whole[(k + 2) % 4];
        }
        const value shared = a + b + c + d + e + a * c + b * d + c * e;   // of which a part is a result, too
        return values{sum, part, count, shared, shared * 2.0 + sum, (a + b) * (c + d), a > b, cast<float>(p) * a + cast<float>(q) * b, cast<float>(count) - sum,
                      x * y - z, y * z - w, z * w - x, w * x - y, exp(a * b), exp(b * c), exp(c * d), exp(d * e), a + 1.0, b + 1.0, c + 1.0, d + 1.0, e + 1.0,
                      maximum(a, b), maximum(b, c), maximum(c, d), maximum(d, e), -a, -b, -c, -d};
    };
    auto f = function(inputs(f0, f1, f2, f3, f4, i0, i1, i2, i3, number<double, 0>, number<double, 1>, number<double, 2>, number<double, 3>), trace(mixed, f0, f1, f2, f3, f4, i0, i1, i2, i3, number<double, 0>, number<double, 1>, number<double, 2>, number<double, 3>));
    for (unsigned seed = 1; seed < 30; ++seed) compare(f, {}, {.seed = seed});
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (int k = 0; k < 5; ++k) compare(f, {}, {.draw = [=](int input, i64) -> long double { return input == k ? static_cast<long double>(nan) : 1 + input; }});
}
TEST_CASE("numbers of each row side by side", "[cpu][scalars]") {   // columns of one: lanes are what a row has
    static constexpr auto a = placeholder<"a", double, "n", 1>;
    static constexpr auto b = placeholder<"b", double, "n", 1>;
    static constexpr auto m = placeholder<"m", double, 7, 6>;
    auto f = function(inputs(a, b), trace([](value x, value y) {
        value sum = x * y;
        for (int k = 0; k < 9; ++k) sum = sum + square(x * (k + 0.5) - y) + (y * (k - 2.5) - x) * 0.25;
        return values{sum, sum * x, sum - y};
    }, a, b));
    for (const i64 n : {0, 1, 2, 9, 33}) compare(f, {{"n", n}}, {.tolerance = 1e3});
    auto g = function(inputs(m), trace([](value t) {   // elements of a tensor as numbers
        value sum = slice(t, slice(0, 1), slice(0, 1)) * 2.0;
        for (int k = 0; k < 6; ++k) sum = sum + square(slice(t, slice(k, k + 1), slice(k, k + 1)) - slice(t, slice(k + 1, k + 2), slice(5 - k, 6 - k))) * 3.0;
        return values{sum, kiln::sum(sum) + 1.0};
    }, m));
    compare(g, {}, {.tolerance = 1e3});
}

}  // namespace
}  // namespace kiln::testing
