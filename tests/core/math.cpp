// The functions that the compiler evaluates, called at run time and compared with the long double ones of libm.
// Contraction is off: compilers do not contract in constant evaluation.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#endif
#include <kiln/core/math.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace {

namespace own = kiln::math::constant_evaluation;
using limits = std::numeric_limits<double>;
constexpr double inf = __builtin_huge_val();
constexpr double not_a_number = __builtin_nan("");
constexpr double tiny = 4.9406564584124654e-324;

std::mt19937_64 random_bits(1);
double between(double a, double b) { return std::uniform_real_distribution<double>(a, b)(random_bits); }
/// Either sign, the logarithm evenly distributed between 2^low and 2^high.
double around(double low, double high) {
    return random_bits() % 2 ? std::exp2(between(low, high)) : -std::exp2(between(low, high));
}
/// Any finite number.
double any() {
    const double m = between(1, 2);
    return std::ldexp(random_bits() % 2 ? m : -m, static_cast<int>(random_bits() % 2098) - 1074);
}

bool same(double x, double y) { return (x != x && y != y) || (x == y && std::signbit(x) == std::signbit(y)); }

/// |got - want| in units of the last place of want.
double ulps(double got, long double want) {
    const double nearest = static_cast<double>(want);
    if (!std::isfinite(nearest) || !std::isfinite(got)) return same(got, nearest) ? 0 : 1e9;
    const int digit = std::max(std::ilogb(nearest == 0 ? tiny : nearest), -1022) - 52;
    return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / std::ldexp(1.0L, digit));
}

// libm's own error counts too: below 0.01 ULP where long double is wider than double.
constexpr double slack = std::numeric_limits<long double>::digits > 60 ? 0.01 : 1;

struct function {
    const char* name;
    double (*own)(double);
    long double (*reference)(long double);
    double bound;
    double low, high;  // the interval of interest
};

#define KILN_CASE(f, bound, low, high)                                                                            \
    function {                                                                                                    \
#f, own::f, [](long double x) { return std::f(x); }, bound, low, high                                     \
    }
const function functions[] = {
    KILN_CASE(exp, 1, -746, 710), KILN_CASE(exp2, 1, -1075, 1024), KILN_CASE(expm1, 1, -60, 60),
    KILN_CASE(log, 1, 0, 3),      KILN_CASE(log2, 1, 0, 3),        KILN_CASE(log10, 1, 0, 3),
    KILN_CASE(log1p, 1, -1, 2),   KILN_CASE(sqrt, 0.5, 0, 4),      KILN_CASE(sin, 1, -1e5, 1e5),
    KILN_CASE(cos, 1, -1e5, 1e5), KILN_CASE(tan, 1, -1e5, 1e5),    KILN_CASE(asin, 1, -1, 1),
    KILN_CASE(acos, 1, -1, 1),    KILN_CASE(atan, 1, -4, 4),       KILN_CASE(sinh, 1, -30, 30),
    KILN_CASE(cosh, 1, -30, 30),  KILN_CASE(tanh, 1, -20, 20),     KILN_CASE(asinh, 1, -4, 4),
    KILN_CASE(acosh, 1, 1, 4),    KILN_CASE(atanh, 1, -1, 1),      KILN_CASE(erf, 2, -6, 6),
    KILN_CASE(erfc, 2, -6, 27.5),
};
#undef KILN_CASE

}  // namespace

TEST_CASE("functions evaluated by the compiler keep their error bounds", "[math]") {
    for (const function& f : functions) {
        double worst = 0, at = 0;
        const auto check = [&](double x) {
            const double error = ulps(f.own(x), f.reference(x));
            if (error > worst) worst = error, at = x;
        };
        for (int i = 0; i < 10000; ++i) {
            check(between(f.low, f.high));
            check(between(-1, 1));
            check(around(-80, 12));
            check(1 + around(-53, -1));  // zeros and edges of logarithms and inverse functions
            check(-1 + around(-53, -1));
            check(std::round(between(0, 1e5)) * 1.5707963267948966);  // zeros and poles of the trigonometric ones
            check(any());
        }
        INFO(f.name << ": " << worst << " ULP at " << at);
        CHECK(worst <= f.bound + slack);
    }
}

TEST_CASE("special values are libm's", "[math]") {
    const double special[] = {
        0.0,           -0.0, 1.0,   -1.0,   0.5,    -0.5,         2.0,           -2.0,
        1e-310,        tiny, -tiny, inf,    -inf,   not_a_number, limits::max(), limits::lowest(),
        limits::min(), 28.0, 710.0, -746.0, 1075.0, -1076.0,      1e300,         0x1p52 + 1,
        -0x1p52 - 1};
    for (const function& f : functions)
        for (const double x : special) {
            INFO(f.name << "(" << x << ")");
            CHECK(ulps(f.own(x), f.reference(x)) <= f.bound + slack);
            const double want = static_cast<double>(f.reference(x));
            if (want == 0 || !std::isfinite(want)) CHECK(same(f.own(x), want));
        }
    for (const double x : special)
        for (const double y : special) {
            INFO(x << ", " << y);
            const auto wide_x = static_cast<long double>(x), wide_y = static_cast<long double>(y);
            CHECK(ulps(own::pow(x, y), std::pow(wide_x, wide_y)) <= 1 + slack);
            CHECK(ulps(own::atan2(x, y), std::atan2(wide_x, wide_y)) <= 1 + slack);
            CHECK(same(own::fmod(x, y), std::fmod(x, y)));
            CHECK(same(own::add(x, y), x + y));
            CHECK(same(own::multiply(x, y), x * y));
            CHECK(same(own::divide(x, y), x / y));
            for (const double z : special) CHECK(same(own::fma(x, y, z), std::fma(x, y, z)));
        }
}

TEST_CASE("pow and atan2 keep their error bounds", "[math]") {
    double worst_pow = 0, worst_atan2 = 0;
    for (int i = 0; i < 50000; ++i) {
        const double x = i % 2 ? std::fabs(any()) : between(0, 4);
        const double y = i % 3 ? between(-1100, 1100) / std::log2(x) : any();
        worst_pow = std::max(
            worst_pow, ulps(own::pow(x, y), std::pow(static_cast<long double>(x), static_cast<long double>(y))));
        const double n = static_cast<double>(i % 40 - 20);
        const double base = -between(0, 9);
        worst_pow = std::max(worst_pow, ulps(own::pow(base, n), std::pow(static_cast<long double>(base),
                                                                         static_cast<long double>(n))));
        const double a = any(), b = i % 2 ? any() : between(-1, 1) * a;
        worst_atan2 =
            std::max(worst_atan2,
                     ulps(own::atan2(a, b), std::atan2(static_cast<long double>(a), static_cast<long double>(b))));
    }
    CHECK(worst_pow <= 1 + slack);
    CHECK(worst_atan2 <= 1 + slack);
    CHECK(own::pow(3, 40) == 12157665459056928801.0);
    CHECK(own::pow(10, 15) == 1e15);
}

TEST_CASE("rounding, remainder and basic operations are exact", "[math]") {
    long wrong = 0;
    for (int i = 0; i < 100000; ++i) {
        const double x = i % 2 ? std::round(between(-99, 99)) / 2 : around(-3, 54);
        wrong += !same(own::floor(x), std::floor(x)) + !same(own::ceil(x), std::ceil(x)) +
                 !same(own::trunc(x), std::trunc(x)) + !same(own::round(x), std::nearbyint(x));
        const double a = any();
        double b = any();
        if (i % 4 == 1) b = around(-60, 60) * a;       // fmod with short quotients
        if (i % 4 == 2) b = around(-1080, -1020) / a;  // products that vanish
        if (i % 4 == 3) b = around(1020, 1024) / a;    // products that overflow
        if (!std::isfinite(b)) b = 3;
        wrong += !same(own::fmod(a, b), std::fmod(a, b)) + !same(own::add(a, b), a + b) +
                 !same(own::multiply(a, b), a * b) + !same(own::divide(a, b), a / b) +
                 !same(own::divide(b, a), b / a);
        const double neighbours[] = {any(), -a * b, -a * b * (1 + around(-53, -50)), a * b * around(-120, 120),
                                     around(-1074, -1015)};
        for (const double z : neighbours)
            if (std::isfinite(z)) wrong += !same(own::fma(a, b, z), std::fma(a, b, z));
        const double m = std::ldexp(between(1, 2), -510 - i % 30), n = std::ldexp(between(1, 2), -520);
        wrong += !same(own::fma(m, n, neighbours[4]), std::fma(m, n, neighbours[4]));
        wrong += !same(own::fma(m, n, -m * n), std::fma(m, n, -m * n));
    }
    CHECK(wrong == 0);
}

TEST_CASE("at run time the functions are those of the library", "[math]") {
    using namespace kiln;
    volatile double x = 0.7, half = 2.5, large = 1e39;  // volatile: nothing is folded
    volatile float y = 0.7f, half_float = -3.5f;
    CHECK(math::tanh(x) == std::tanh(x));
    CHECK(math::erfc(y) == std::erfc(y));
    CHECK(math::pow(y, y) == std::pow(y, y));
    CHECK(math::round(half) == 2);
    CHECK(math::round(half_float) == -4);
    CHECK(math::narrow(large) == std::numeric_limits<float>::infinity());
}

namespace {

// What the compiler itself must be able to evaluate.
using namespace kiln;
constexpr float inf_f = __builtin_huge_valf();
constexpr bool negative_zero(double x) { return x == 0 && math::signbit(x); }

static_assert(math::exp(0.0) == 1 && math::exp(1000.0) == inf && math::exp(-1000.0) == 0 && math::exp(-inf) == 0);
static_assert(math::exp(1.0) == 2.718281828459045 && math::exp(-745.0) == tiny);
static_assert(math::isnan(math::exp(not_a_number)) && math::isnan(math::sin(inf)) &&
              math::isnan(math::sqrt(-1.0)));
static_assert(math::log(0.0) == -inf && math::log(-0.0) == -inf && math::isnan(math::log(-1.0)) &&
              math::log(inf) == inf);
static_assert(math::log(tiny) == -744.4400719213812 && math::log2(tiny) == -1074 && math::log10(1e22) == 22);
static_assert(math::log1p(-1.0) == -inf && math::log1p(1e-300) == 1e-300 && math::exp2(-1074.0) == tiny);
static_assert(math::exp2(10.0) == 1024 && math::exp2(1024.0) == inf && math::exp2(-1076.0) == 0);
static_assert(math::sqrt(2.0) == 1.4142135623730951 && negative_zero(math::sqrt(-0.0)) && math::sqrt(inf) == inf);
static_assert(math::sin(1e22) == -0.8522008497671888 && negative_zero(math::sin(-0.0)) && math::cos(0.0) == 1);
static_assert(math::atan2(0.0, -0.0) == 3.141592653589793 && negative_zero(math::atan2(-0.0, 0.0)));
static_assert(math::atan(inf) == 1.5707963267948966 && math::acos(-1.0) == 3.141592653589793);
static_assert(math::tanh(-inf) == -1 && math::sinh(711.0) == inf && math::cosh(-710.0) == 1.1169973830808555e308);
static_assert(math::asinh(-inf) == -inf && math::acosh(1.0) == 0 && math::atanh(1.0) == inf &&
              math::isnan(math::acosh(0.5)));
static_assert(math::erf(inf) == 1 && math::erf(-inf) == -1 && math::erfc(inf) == 0 && math::erfc(-inf) == 2);
static_assert(math::erfc(28.0) == 0 && math::erfc(0.0) == 1 && negative_zero(math::erf(-0.0)));
static_assert(math::pow(2.0, 0.5) == 1.4142135623730951 && math::pow(not_a_number, 0.0) == 1 &&
              math::pow(1.0, not_a_number) == 1);
static_assert(math::pow(-2.0, 3.0) == -8 && math::isnan(math::pow(-2.0, 0.5)) && math::pow(-0.0, -3.0) == -inf);
static_assert(math::pow(0.5, -inf) == inf && math::pow(-1.0, inf) == 1 && negative_zero(math::pow(-inf, -3.0)));
static_assert(math::pow(10.0, 400.0) == inf && math::pow(10.0, -400.0) == 0 &&
              math::pow(10.0, -323.0) == 9.88131291682493e-324);
static_assert(math::round(0.5) == 0 && math::round(1.5) == 2 && math::round(2.5) == 2 &&
              negative_zero(math::round(-0.5)));
static_assert(math::floor(-0.5) == -1 && negative_zero(math::ceil(-0.5)) && math::trunc(-inf) == -inf);
static_assert(math::fmod(-7.5, 2.0) == -1.5 && math::isnan(math::fmod(1.0, 0.0)) && math::fmod(1.0, inf) == 1);
static_assert(math::fma(0x1.0000001p0, 0x1.0000001p0, -0x1.0000002p0) == 0x1p-56);
static_assert(math::fma(1e300, 1e300, -inf) == -inf && math::fma(1e300, 1e300, 1.0) == inf);
static_assert(math::narrow(1e39) == inf_f && math::narrow(-1e39) == -inf_f && math::narrow(1e-60) == 0);
static_assert(math::narrow(0x1.fffffefffffffp127) == std::numeric_limits<float>::max() &&
              math::isnan(math::narrow(not_a_number)));
static_assert(math::narrow(0x1.ffffffp127) == inf_f && math::signbit(math::narrow(-1e-60)));
static_assert(math::exp(88.0f) == 1.6516363e38f && math::exp(89.0f) == inf_f &&
              math::pow(2.0f, 0.5f) == 1.41421356f);
static_assert(math::isinf(-inf) && !math::isinf(not_a_number) && !math::isfinite(not_a_number) &&
              math::isfinite(1e308) && math::signbit(-0.0f));

}  // namespace
