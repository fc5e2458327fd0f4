// Zeros, infinities, NaN, the first and last arguments with a finite result, denormal numbers; pow by IEEE's rules; and the fused
// multiply-add that all is made of.
#include "backend/cpu/math/measure.hpp"

#include <catch2/catch.hpp>

namespace kiln::cpu {
namespace {

using namespace testing;

template <class T>
void same(const char* what, T x, T got, T want) {
    INFO(what << " of " << x << ": got " << got << ", want " << want);
    CHECK((std::isnan(got) ? std::isnan(want) : got == want && std::signbit(got) == std::signbit(want)));
}
/// Exactly what the standard library has, in every lane.
template <class T, class F, class G>
void exactly(const char* what, F f, G g, std::initializer_list<double> at) {
    for (const double e : at) {
        const T x = static_cast<T>(e);
        const auto y = f(full<T>::splat(x)).v;
        same(what, x, y[0], static_cast<T>(g(x)));
        same(what, x, y[all_lanes<T> - 1], static_cast<T>(g(x)));
    }
}
#define EXACTLY(name, ...)                                                                                                 \
    exactly<float>(#name, [](auto v) { return name(v); }, [](double v) { return std::name(v); }, {__VA_ARGS__});           \
    exactly<double>(#name, [](auto v) { return name(v); }, [](long double v) { return std::name(v); }, {__VA_ARGS__})

constexpr double inf = HUGE_VAL, nan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("special values of elementary functions", "[cpu][math]") {
    EXACTLY(exp, 0, -0.0, inf, -inf, nan, 1e30, -1e30, 1e-40);
    EXACTLY(exp2, 0, -0.0, inf, -inf, nan, 1, 10, -10, 127, 128, -126, -149, -150, 1e30, -1e30);
    EXACTLY(expm1, 0, -0.0, inf, -inf, nan, 1e30, -1e30, 1e-40, -1e-40);
    EXACTLY(log, 0, -0.0, 1, inf, -inf, nan, -1, -1e-40);
    EXACTLY(log2, 0, -0.0, 1, 2, 8, 0.125, 0x1p-130, inf, -inf, nan, -1);
    EXACTLY(log10, 0, -0.0, 1, inf, -inf, nan, -1);
    EXACTLY(log1p, 0, -0.0, -1, inf, -inf, nan, -2, 1e-40, -1e-40);
    EXACTLY(sin, 0, -0.0, inf, -inf, nan, 1e-40, -1e-40, 1e-10);
    EXACTLY(cos, 0, -0.0, inf, -inf, nan, 1e-40, 1e-10);
    EXACTLY(tanh, 0, -0.0, inf, -inf, nan, 1e-40, -1e-40, 30, -30);
    EXACTLY(erf, 0, -0.0, inf, -inf, nan, 10, -10);
    EXACTLY(erfc, 0, -0.0, inf, -inf, nan, 30, -30);
    EXACTLY(tan, 0, -0.0, inf, -inf, nan, 1e-40, -1e-40);
    EXACTLY(asin, 0, -0.0, 1, -1, inf, -inf, nan, 1.5, -1.5, 1e-40, -1e-40);
    EXACTLY(acos, 0, -0.0, 1, -1, inf, -inf, nan, 1.5, -1.5, 1e-40, -1e-40);
    EXACTLY(atan, 0, -0.0, 1, -1, inf, -inf, nan, 1e30, -1e30, 1e-40, -1e-40);
    EXACTLY(sinh, 0, -0.0, inf, -inf, nan, 1e30, -1e30, 1e-40, -1e-40);
    EXACTLY(cosh, 0, -0.0, inf, -inf, nan, 1e30, -1e30, 1e-40);
    EXACTLY(asinh, 0, -0.0, inf, -inf, nan, 1e-40, -1e-40);
    EXACTLY(acosh, 1, 0, -0.0, -1, inf, -inf, nan, 0.5, -1e3, -1e7, -1e30);
    EXACTLY(atanh, 0, -0.0, 1, -1, inf, -inf, nan, 1.5, -1e30, 1e-40, -1e-40);
    EXACTLY(sqrt, 0, -0.0, 4, inf, -inf, nan, -1, 1e-40);
    EXACTLY(floor, 0, -0.0, 0.5, -0.5, 2.5, -2.5, 8388607.5, -8388607.5, 1e30, inf, -inf, nan, 1e-40, -1e-40);
    EXACTLY(ceil, 0, -0.0, 0.5, -0.5, 2.5, -2.5, 8388607.5, -8388607.5, 1e30, inf, -inf, nan, 1e-40, -1e-40);
    EXACTLY(trunc, 0, -0.0, 0.5, -0.5, 2.5, -2.5, 8388607.5, -8388607.5, 1e30, inf, -inf, nan, 1e-40, -1e-40);
}
TEST_CASE("special values of the logistic function and its integral", "[cpu][math]") {
    const auto both = [](const char* name, auto f, auto g, std::initializer_list<double> at) {
        exactly<float>(name, f, g, at);
        exactly<double>(name, f, g, at);
    };
    both("logistic", [](auto v) { return logistic(v); }, [](long double v) { return 1 / (1 + std::exp(-v)); },
         {0, -0.0, inf, -inf, nan, 1e-40, 100, 1e30, -1e30});
    both("log_one_plus_exp", [](auto v) { return log_one_plus_exp(v); }, [](long double v) { return v > 100 ? v : std::log1p(std::exp(v)); },
         {inf, -inf, nan, 1000, 1e30, -1e30});
}
TEST_CASE("results are finite up to the limit", "[cpu][math]") {
    const auto finite = [](auto v) { return std::isfinite(v.v[0]) && v.v[0] > 0; };
    using F = full<float>;
    using D = full<double>;
    CHECK(finite(exp(F::splat(88.7228317f))));
    CHECK(!finite(exp(F::splat(88.7228394f))));
    CHECK(finite(expm1(F::splat(88.7228317f))));
    CHECK(!finite(expm1(F::splat(88.7228394f))));
    CHECK(finite(exp(F::splat(-103.972076f))));   // the smallest denormal number
    CHECK(exp(F::splat(-103.972084f)).v[0] == 0);
    CHECK(finite(logistic(F::splat(-103.972076f))));
    CHECK(logistic(F::splat(-103.972084f)).v[0] == 0);
    CHECK(finite(log_one_plus_exp(F::splat(-103.972076f))));
    CHECK(finite(sinh(F::splat(89.4159851f))));
    CHECK(!finite(sinh(F::splat(89.4159927f))));
    CHECK(finite(cosh(F::splat(-89.4159851f))));
    CHECK(!finite(cosh(F::splat(-89.4159927f))));
    CHECK(finite(sinh(D::splat(710.4758600739439))));
    CHECK(!finite(sinh(D::splat(710.475860073944))));
    CHECK(finite(erfc(F::splat(10.05f))));
    CHECK(finite(erfc(D::splat(27.2))));
    CHECK(finite(exp(D::splat(709.782712893384))));
    CHECK(!finite(exp(D::splat(709.7827128933841))));
    CHECK(finite(exp(D::splat(-745.1332191019411))));
    CHECK(exp(D::splat(-745.1332191019412)).v[0] == 0);
    CHECK(finite(logistic(D::splat(-745.1332191019411))));
    CHECK(logistic(D::splat(-745.1332191019412)).v[0] == 0);
    CHECK(finite(exp2(F::splat(127.99999f))));
    CHECK(finite(exp2(D::splat(1023.9999999999999))));
    CHECK(exp2(D::splat(-1074)).v[0] == std::numeric_limits<double>::denorm_min());
}
TEST_CASE("sines of large numbers", "[cpu][math]") {
    for (const double x : {131072.0, 131073.0, 1e10, 1e22, 3.4e38, 1e300}) {
        CHECK(error_of(sin(full<double>::splat(x)).v[0], std::sin(static_cast<long double>(x))) < 1.5);
        CHECK(error_of(cos(full<double>::splat(-x)).v[0], std::cos(static_cast<long double>(x))) < 1.5);
        if (x > 3.4e38) continue;
        const float f = static_cast<float>(x);
        CHECK(error_of(sin(full<float>::splat(f)).v[0], std::sin(static_cast<double>(f))) < 1.5);
        CHECK(error_of(cos(full<float>::splat(f)).v[0], std::cos(static_cast<double>(f))) < 1.5);
    }
}
template <class T>
void powers() {
    using N = std::numeric_limits<T>;
    const T some[]{0, T(-0.0), 1, -1, 2, -2, T(0.5), T(-0.5), 3, -3, T(2.5), T(-2.5), N::infinity(), -N::infinity(), N::quiet_NaN(), N::min(), N::denorm_min(), N::max(), -N::max(),
                   T(1e10), T(-1e10), T(8388607), T(-8388607), T(8388608), T(16777217), T(4503599627370497), T(9007199254740991), T(9007199254740993),
                   1 + N::epsilon(), 1 - N::epsilon() / 2};
    for (const T x : some)
        for (const T y : some) {
            const T got = pow(full<T>::splat(x), full<T>::splat(y)).v[0];
            const auto want = std::pow(static_cast<wider<T>>(x), static_cast<wider<T>>(y));
            INFO("pow(" << x << ", " << y << "): got " << got << ", want " << want);
            CHECK(error_of<T>(got, want) < 1.5);
        }
}
TEST_CASE("pow by IEEE's rules", "[cpu][math]") {
    powers<float>();
    powers<double>();
}
template <class T>
void angles_of_points() {
    using N = std::numeric_limits<T>;
    const T some[]{0, T(-0.0), 1, -1, 2, T(-0.5), N::infinity(), -N::infinity(), N::quiet_NaN(), N::min(), N::denorm_min(), -3 * N::denorm_min(), 5 * N::denorm_min(),
                   N::max(), -N::max(), N::max() / 2, N::max() / 16, 1 + N::epsilon(), T(1e10)};
    for (const T y : some)
        for (const T x : some) {
            const T got = atan2(full<T>::splat(y), full<T>::splat(x)).v[0];
            const auto want = std::atan2(static_cast<wider<T>>(y), static_cast<wider<T>>(x));
            INFO("atan2(" << y << ", " << x << "): got " << got << ", want " << want);
            CHECK(error_of<T>(got, want) < 2);
        }
}
TEST_CASE("atan2 by the C standard's rules", "[cpu][math]") {
    angles_of_points<float>();
    angles_of_points<double>();
}
template <class T, class F>
void fused_exactly(F f) {
    using V = simd<T, 16 / sizeof(T), sizeof(T)>;
    std::mt19937_64 random(1);
    for (int i = 0; i < 200000; ++i) {
        T x[3];
        for (T& e : x) e = static_cast<T>(std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), static_cast<int>(random() % 64) - 96));
        if (i % 2) x[2] = -x[0] * x[1];                                                   // all but cancels
        if (i % 4 == 2) x[2] = std::ldexp(x[0] * x[1], static_cast<int>(random() % 120) - 60);   // rounds twice, seldom
        if (i % 3 == 0) x[0] = static_cast<T>(static_cast<int>(random() % 4096));         // ties
        const T got = f(V::splat(x[0]), V::splat(x[1]), V::splat(x[2])).v[0], want = std::fma(x[0], x[1], x[2]);
        if (got != want) FAIL(x[0] << " * " << x[1] << " + " << x[2] << ": got " << got << ", want " << want);
    }
}
TEST_CASE("multiply-adds round once", "[cpu][math]") {
    fused_exactly<float>([](auto a, auto b, auto c) { return steps::fused(a, b, c); });
    fused_exactly<double>([](auto a, auto b, auto c) { return steps::fused(a, b, c); });
#if !defined(__FMA__)
    const auto emulated = [](auto a, auto b, auto c) { return decltype(a){steps::emulated_fma<default_arch>(a.v, b.v, c.v)}; };
    fused_exactly<float>(emulated);
    fused_exactly<double>(emulated);
#endif
}

}  // namespace
}  // namespace kiln::cpu
