// The largest error of the functions that are xsimd's or the standard library's, against long double: a million floats spread
// over all bit patterns, and doubles of all magnitudes. The bounds are those that include/kiln/ops/elementary.hpp states.
#include <kiln/backend/cpu/math.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

namespace kiln::cpu {
namespace {

template <class T>
constexpr int all_lanes = vector_bytes<default_arch> / static_cast<int>(sizeof(T));
template <class T>
using full = simd<T, all_lanes<T>, static_cast<int>(sizeof(T))>;

template <class T>
long double spacing(long double v) {
    constexpr int lowest = std::numeric_limits<T>::min_exponent - 1;
    const int e = v == 0 ? lowest : std::max(std::ilogb(v), lowest);
    return std::ldexp(1.0L, e - std::numeric_limits<T>::digits + 1);
}
struct worst {
    long double ulp = 0;
    double at = 0;
    long double got = 0, want = 0;
};
/// Results that are infinite or denormal are not measured: xsimd's exponential overflows a little early and has no denormals.
template <class T, class F, class G>
void measure(worst& w, const T* x, F f, G exact) {
    full<T> v = load<full<T>>(x);
    v = f(v);
    for (int k = 0; k < full<T>::lanes; ++k) {
        const long double want = exact(static_cast<long double>(x[k]));
        const T got = v.v[k];
        const T nearest = static_cast<T>(want);
        if (std::isnan(want)) {
            if (!std::isnan(got)) w = {HUGE_VALL, static_cast<double>(x[k]), static_cast<long double>(got), want};
            continue;
        }
        if (std::fabs(want) > static_cast<long double>(std::numeric_limits<T>::max()) * 0.6L || std::fabs(want) < static_cast<long double>(std::numeric_limits<T>::min())) continue;
        const long double e = std::isfinite(got) ? std::fabs(static_cast<long double>(got) - want) / spacing<T>(static_cast<long double>(nearest)) : HUGE_VALL;
        if (!(e <= w.ulp)) w = {e, static_cast<double>(x[k]), static_cast<long double>(got), want};
    }
}
/// Elements of [low, high] only.
template <class F, class G>
worst of_floats(F f, G exact, float low = -HUGE_VALF, float high = HUGE_VALF) {
    worst w;
    float x[full<float>::lanes];
    int n = 0;
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4201) {
        const std::uint32_t b = static_cast<std::uint32_t>(bits);
        float v;
        std::memcpy(&v, &b, sizeof v);
        if (!(v >= low && v <= high)) continue;
        x[n++] = v;
        if (n == full<float>::lanes) {
            measure(w, x, f, exact);
            n = 0;
        }
    }
    return w;
}
template <class F, class G>
worst of_doubles(F f, G exact, double low = -HUGE_VAL, double high = HUGE_VAL) {
    worst w;
    std::mt19937_64 random(1);
    double x[full<double>::lanes];
    int n = 0;
    for (int k = 0; k < 200000;) {
        double v;
        const std::uint64_t b = random();
        if (random() % 2) std::memcpy(&v, &b, sizeof v);
        else v = std::ldexp(static_cast<double>(static_cast<std::int64_t>(b)), -58 - static_cast<int>(random() % 8));
        ++k;
        if (!(v >= low && v <= high)) continue;
        x[n++] = v;
        if (n == full<double>::lanes) {
            measure(w, x, f, exact);
            n = 0;
        }
    }
    return w;
}
void check(const char* name, const char* type, const worst& w, double bound) {
    const std::string what = std::string(name) + " of " + type + ": " + std::to_string(static_cast<double>(w.ulp)) + " ULP";
    INFO(what << " at " << w.at << ": got " << w.got << ", want " << w.want);
    CHECK(w.ulp <= bound);
}

#define FUNCTION(name, bound, ...)                                                                                   \
    check(#name, "float32", of_floats([](auto v) { return name(v); }, [](long double v) { return std::name(v); } __VA_OPT__(,) __VA_ARGS__), bound); \
    check(#name, "float64", of_doubles([](auto v) { return name(v); }, [](long double v) { return std::name(v); } __VA_OPT__(,) __VA_ARGS__), bound)

TEST_CASE("the error of borrowed functions", "[cpu][math]") {
    FUNCTION(sqrt, 0.5);
    FUNCTION(tan, 4);
    FUNCTION(asin, 4);
    FUNCTION(acos, 4);
    FUNCTION(atan, 3);
    FUNCTION(sinh, 4);
    FUNCTION(cosh, 4);
    FUNCTION(asinh, 4);
    FUNCTION(acosh, 4);
    FUNCTION(atanh, 4);
    FUNCTION(erfc, 16);
}
TEST_CASE("rounding is exact", "[cpu][math]") {
    FUNCTION(floor, 0);
    FUNCTION(ceil, 0);
    FUNCTION(trunc, 0);
    check("round", "float32", of_floats([](auto v) { return round(v); }, [](long double v) { return std::nearbyint(v); }), 0);
    check("round", "float64", of_doubles([](auto v) { return round(v); }, [](long double v) { return std::nearbyint(v); }), 0);
}

}  // namespace
}  // namespace kiln::cpu
