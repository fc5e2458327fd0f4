// The bits of kiln's own elementary functions are those that stand here, on every instruction set and with every compiler; and
// they do not depend on the lane, on what is in the others, or on how many there are.
#include "backend/cpu/math/measure.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <iterator>

namespace kiln::cpu {
namespace {

using namespace testing;

template <class T>
using whole = std::make_unsigned_t<int_of<sizeof(T)>>;

/// Numbers of all magnitudes and signs, and those where functions end. Largest: where sines leave the standard library out.
template <class T>
T number(std::uint64_t i, double largest) {
    static const T special[]{0, T(-0.0), 1, -1, T(0.5625), T(88.7228), T(88.7229), T(-103.972), T(-103.973), T(709.7827), T(-745.13), 128, -149, -150, 1024, -1074,
                             std::numeric_limits<T>::min(), std::numeric_limits<T>::denorm_min(), -std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::max(),
                             std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()};
    std::uint64_t h = i * 0x9e3779b97f4a7c15;   // splitmix64
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
    h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
    h ^= h >> 31;
    T x = i < std::size(special) ? special[i] : i % 2 ? bits_as<T>(static_cast<whole<T>>(h)) : static_cast<T>(std::ldexp(static_cast<double>(static_cast<std::int64_t>(h)), static_cast<int>(h % 32) - 80));
    return std::fabs(static_cast<double>(x)) > largest ? static_cast<T>(i % 1000) : x;
}
template <class T>
std::uint64_t code(T x) { return std::isnan(x) ? 1 : bits_as<whole<T>>(x); }

template <class V, class F>
std::uint64_t sum_of(F f, double largest) {
    using T = typename V::element_type;
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 1 << 18; i += V::lanes) {
        T x[V::lanes], y[V::lanes];
        for (int k = 0; k < V::lanes; ++k) x[k] = number<T>(i + static_cast<std::uint64_t>(k), largest);
        store(y, f(load<V>(x)));
        for (int k = 0; k < V::lanes; ++k) sum += (code(y[k]) + 0x632be59bd9b4e019 * (i + static_cast<std::uint64_t>(k))) * 0xd6e8feb86659fd93 ^ code(y[k]) << 7;
    }
    return sum;
}
template <class F>
void check(const char* name, F f, std::uint64_t of_float, std::uint64_t of_double, double largest_float = HUGE_VAL, double largest_double = HUGE_VAL) {
    const std::uint64_t a = sum_of<full<float>>(f, largest_float), b = sum_of<full<double>>(f, largest_double);
    char line[200];
    std::snprintf(line, sizeof line, "%s, 0x%016llx, 0x%016llx", name, static_cast<unsigned long long>(a), static_cast<unsigned long long>(b));
    INFO(line);
    CHECK(a == of_float);
    CHECK(b == of_double);
    CHECK(sum_of<simd<float, all_lanes<float> / 2, 8>>(f, largest_float) == of_float);   // as beside doubles
}
#define SUMS(name, ...) check(#name, [](auto v) KILN_INLINE_LAMBDA { return name(v); }, __VA_ARGS__)
/// Both operands from one.
template <class V>
KILN_INLINE V power(V x) { return pow(x, V::splat(typename V::element_type{1.75}) * x); }
template <class V>
KILN_INLINE V root(V x) { return pow(x, V::splat(typename V::element_type{0.3125})); }
template <class V>
KILN_INLINE V angle_of(V x) { return atan2(x, V::splat(typename V::element_type{0.75}) - x); }

TEST_CASE("the bits of elementary functions", "[cpu][math]") {
    SUMS(exp, 0x40376a4bd12bfc1c, 0x317a7081ec555295);
    SUMS(exp2, 0x831a8883888e4ac5, 0x49380ea30599412e);
    SUMS(expm1, 0x6e07e54ff1993ea5, 0x088a0ac0026a1b1f);
    SUMS(log, 0x5f4a3bf9e4a4bfa4, 0x0230190c9ab3e346);
    SUMS(log2, 0x083b23b9ff8392b1, 0xd6825cbe3c8c61dc);
    SUMS(log10, 0x534187e9ed30bed8, 0xcbd6fdd29386c4e0);
    SUMS(log1p, 0x61519d59be8df048, 0x803023a1e02a2911);
    SUMS(sin, 0x62f8075e4cd00613, 0xe1a6061d0451159e, 0x1p17, 0x1p30);
    SUMS(cos, 0x97cef14d3e2bd833, 0x2d21f8e8b50f552a, 0x1p17, 0x1p30);
    SUMS(tanh, 0xe63c0552024baa52, 0xcf8e1d79428a05fe);
    SUMS(logistic, 0xa0d7558a12ae974e, 0x8c5ad3584291e888);
    SUMS(log_one_plus_exp, 0x3e1a7529f0d5eca4, 0xaa6ed22a8dd4b02b);
    SUMS(erf, 0xdd93573509dc2503, 0x796f7be80d72e4f4);
    SUMS(tan, 0xe6392d3220a3c955, 0xde4af57c9dd6ecdc, 0x1p17, 0x1p30);
    SUMS(asin, 0x1c6b7094697b413a, 0x6041469f89e2e1de);
    SUMS(acos, 0xb4dfcf9449f12f90, 0xe92755d66a8ee9b2);
    SUMS(atan, 0x449bd02f83215598, 0x338d1dda19728202);
    SUMS(sinh, 0x1c571aec56dfb687, 0x6c7b8676f477cbc4);
    SUMS(cosh, 0xd6c48808e02334c3, 0x206bf47505244f3b);
    SUMS(asinh, 0x05f67bb3a16243df, 0x134131a23c0e4e3e);
    SUMS(acosh, 0xaf8f6f743343c0ff, 0x83b345876d386819);
    SUMS(atanh, 0xb58e6edc43e4d133, 0x4b126349e8c2f92d);
    SUMS(erfc, 0x087274222e245396, 0xcc102e5c0f97730e);
    SUMS(sqrt, 0x2e916230ed725f63, 0xf99dddef6a436984);
    SUMS(floor, 0x06717ae338e90bff, 0xc365fa8738f8df44);
    SUMS(ceil, 0x148eb481e0727973, 0x14b4c7efa4f3cfba);
    SUMS(trunc, 0xa93a98b9d12b31fb, 0x159f63859110f5f8);
    SUMS(round, 0x58cb519b06b274d3, 0xdb7ec58d362eb7f8);
    SUMS(angle_of, 0x3ca3962102c71156, 0x0462e76175d7fb2f);
    SUMS(power, 0x2ba329f6398f6900, 0x6920c265e4ecbc65);
    SUMS(root, 0xdff33587432caa63, 0x83dfc0271737d321);
}

template <class T, class F>
void alone(F f) {
    using V = full<T>;
    for (std::uint64_t i = 0; i < 4096; ++i) {
        const T x = number<T>(i, HUGE_VAL), in_all = f(V::splat(x)).v[0];
        for (int k = 0; k < V::lanes; ++k) {
            T y[V::lanes];
            for (int j = 0; j < V::lanes; ++j) y[j] = j == k ? x : number<T>(i * 31 + static_cast<std::uint64_t>(j), HUGE_VAL);
            const T r = f(load<V>(y)).v[k];
            if (code(r) != code(in_all)) FAIL("lane " << k << " of " << x << ": " << r << ", not " << in_all);
        }
    }
}
#define ALONE(name)                                                  \
    alone<float>([](auto v) KILN_INLINE_LAMBDA { return name(v); }); \
    alone<double>([](auto v) KILN_INLINE_LAMBDA { return name(v); })
TEST_CASE("a lane does not see the others", "[cpu][math]") {
    ALONE(exp);
    ALONE(exp2);
    ALONE(expm1);
    ALONE(log);
    ALONE(log1p);
    ALONE(sin);
    ALONE(cos);
    ALONE(tanh);
    ALONE(logistic);
    ALONE(log_one_plus_exp);
    ALONE(erf);
    ALONE(tan);
    ALONE(asin);
    ALONE(acos);
    ALONE(atan);
    ALONE(sinh);
    ALONE(asinh);
    ALONE(acosh);
    ALONE(atanh);
    ALONE(erfc);
    ALONE(floor);
    ALONE(angle_of);
    ALONE(power);
}

}  // namespace
}  // namespace kiln::cpu
