// How far functions of lanes are from the true values, in units of the last place: floats against the standard library in
// double, doubles against it in long double. Results that are denormal, zero or infinite count like all others.
#pragma once
#include <kiln/backend/cpu/lanes_in_memory.hpp>
#include <kiln/backend/cpu/math.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>

namespace kiln::cpu::testing {

template <class T>
constexpr int all_lanes = vector_bytes<default_arch> / static_cast<int>(sizeof(T));
template <class T>
using full = simd<T, all_lanes<T>, static_cast<int>(sizeof(T))>;
template <class T>
using wider = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class To, class From>
To bits_as(From x) {
    static_assert(sizeof(To) == sizeof(From));
    To r;
    std::memcpy(&r, &x, sizeof r);
    return r;
}

/// The error of `got` in units of the last place of the number of type T that is nearest to `want`, infinite for a wrong NaN or
/// a zero of the wrong sign. A result beyond the largest number counts as the next power of two.
template <class T>
double error_of(T got, wider<T> want) {
    using W = wider<T>;
    if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : HUGE_VAL;
    if (std::isinf(want)) return got == static_cast<T>(want) ? 0 : HUGE_VAL;
    if (want == 0 || got == 0) {
        if (std::signbit(want) != std::signbit(got)) return HUGE_VAL;
        if (want == 0) return got == 0 ? 0 : HUGE_VAL;
    }
    constexpr int lowest = std::numeric_limits<T>::min_exponent - 1, highest = std::numeric_limits<T>::max_exponent;
    const int exponent = std::clamp(std::ilogb(want), lowest, highest - 1);
    if (std::isinf(got) && std::fabs(want) >= std::ldexp(W{1}, highest)) return std::signbit(got) == std::signbit(want) ? 0 : HUGE_VAL;
    const W value = std::isinf(got) ? std::copysign(std::ldexp(W{1}, highest), static_cast<W>(got)) : static_cast<W>(got);
    return static_cast<double>(std::fabs(value - want) * std::ldexp(W{1}, std::numeric_limits<T>::digits - 1 - exponent));
}

struct worst {
    double ulp = 0, at = 0, got = 0, want = 0;
    /// Takes in one result.
    template <class T>
    void meet(T x, T y, wider<T> exact) {
        using whole = std::make_unsigned_t<int_of<sizeof(T)>>;
        if (ulp >= 0.5 && bits_as<whole>(y) == bits_as<whole>(static_cast<T>(exact))) return;   // rounded right: most are
        const double e = error_of<T>(y, exact);
        if (!(e <= ulp)) *this = {e, static_cast<double>(x), static_cast<double>(y), static_cast<double>(exact)};
    }
    void meet(const worst& other) {
        if (!(other.ulp <= ulp)) *this = other;
    }
};

/// Of f over the numbers that next(x) gives until it is false.
template <class T, class Next, class F, class G>
worst over(Next next, F f, G exact) {
    worst w;
    T x[all_lanes<T>], y[all_lanes<T>];
    for (bool more = true; more;) {
        int n = 0;
        while (n < all_lanes<T> && (more = next(x[n]))) ++n;
        store(y, f(load_some<full<T>>(x, n)));
        for (int k = 0; k < n; ++k) w.meet(x[k], y[k], exact(static_cast<wider<T>>(x[k])));
    }
    return w;
}
/// Every step-th float from the bits `first` on, those in [low, high].
template <class F, class G>
worst of_floats(F f, G exact, std::uint64_t step, float low = -HUGE_VALF, float high = HUGE_VALF, std::uint64_t first = 0,
                std::uint64_t last = std::uint64_t{1} << 32) {
    return over<float>(
        [=, bits = first](float& x) mutable {
            for (; bits < last; bits += step) {
                x = bits_as<float>(static_cast<std::uint32_t>(bits));
                if (!(x < low || x > high)) {
                    bits += step;
                    return true;
                }
            }
            return false;
        },
        f, exact);
}
/// A double: any bits, or a number of moderate size, or one near 1 or -1.
inline double some_double(std::mt19937_64& random) {
    const std::uint64_t bits = random(), kind = random();
    const double x = std::ldexp(static_cast<double>(static_cast<std::int64_t>(bits)), -63);
    if (kind % 4 == 0) return bits_as<double>(bits);
    if (kind % 4 == 1) return (bits & 1 ? 1 : -1) + x * 0.5;
    if (kind % 4 == 2) return x * 750;
    return std::ldexp(x, static_cast<int>(kind / 4 % 64) - 54);
}
template <class F, class G>
worst of_doubles(F f, G exact, int count, double low = -HUGE_VAL, double high = HUGE_VAL, unsigned seed = 1) {
    return over<double>(
        [=, random = std::mt19937_64(seed)](double& x) mutable {
            while (count-- > 0) {
                x = some_double(random);
                if (!(x < low || x > high)) return true;
            }
            return false;
        },
        f, exact);
}
/// Of f(x, y): draw(kind, x, y) makes of a pair of any bits one whose result says more; w.at is x.
template <class T, class Draw, class F, class G>
worst of_pairs(int count, unsigned seed, Draw draw, F f, G exact) {
    using whole = std::make_unsigned_t<int_of<sizeof(T)>>;
    std::mt19937_64 random(seed);
    const auto unit = [&random] { return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())), -63); };
    worst w;
    for (int i = 0; i < count; i += all_lanes<T>) {
        T x[all_lanes<T>], y[all_lanes<T>], r[all_lanes<T>];
        for (int k = 0; k < all_lanes<T>; ++k) {
            const std::uint64_t kind = random();
            x[k] = bits_as<T>(static_cast<whole>(random()));
            y[k] = bits_as<T>(static_cast<whole>(random()));
            if (kind % 4) draw(kind, x[k], y[k], unit);
        }
        store(r, f(load<full<T>>(x), load<full<T>>(y)));
        for (int k = 0; k < all_lanes<T>; ++k) w.meet(x[k], r[k], exact(static_cast<wider<T>>(x[k]), static_cast<wider<T>>(y[k])));
    }
    return w;
}
/// Of powers: numbers of all bits, and those whose result is in the range of T.
template <class T>
worst of_powers(int count, unsigned seed = 1) {
    const auto draw = [](std::uint64_t kind, T& x, T& y, auto unit) {
        if (kind % 4 == 1) x = static_cast<T>(1 + unit() / 16);
        if (kind % 4 == 2) x = static_cast<T>(1.5 + unit());
        x = std::fabs(x);
        y = static_cast<T>(1.05 * std::numeric_limits<T>::max_exponent / std::fabs(std::log2(static_cast<double>(x))) * unit());
    };
    return of_pairs<T>(count, seed, draw, [](auto x, auto y) KILN_INLINE_LAMBDA { return pow(x, y); }, [](auto x, auto y) { return std::pow(x, y); });
}
/// Of atan2(x, y): points of all bits, and those whose angle is not almost that of an axis.
template <class T>
worst of_points(int count, unsigned seed = 1) {
    const auto draw = [](std::uint64_t kind, T& x, T& y, auto unit) {
        y = std::copysign(std::ldexp(x, static_cast<int>(kind / 4 % 32) - 16), y);
        y *= static_cast<T>(1 + unit() / 2);
    };
    return of_pairs<T>(count, seed, draw, [](auto x, auto y) KILN_INLINE_LAMBDA { return atan2(x, y); }, [](auto x, auto y) { return std::atan2(x, y); });
}

}  // namespace kiln::cpu::testing
