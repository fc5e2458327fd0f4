// asin, acos, atan and atan2 of lanes: a multiple of pi/4 and an odd minimax polynomial in what is left, which is
// sqrt((1 - x) / 2) for sines near 1, and by the formula for the tangent of a difference at most about tan(pi/8) for tangents
// (Cody and Waite, Software Manual for the Elementary Functions, 1980; Moshier, Methods and Programs for Mathematical Functions, 1989).
#pragma once
#include <kiln/backend/cpu/math/rounding.hpp>

namespace kiln::cpu {

namespace steps {

template <class T>
struct angles;
template <>
struct angles<float> {
    static constexpr float eighth_high = 0x1.921fb6p-1f, eighth_low = -0x1.777a5cp-26f;   // of a turn: pi/4
    /// (asin x - x) / x^3 on [0, 1/2], (atan x - x) / x^3 on [0, 0.4223], in x^2
    static constexpr float asin[]{0x1.55555ep-3f, 0x1.332638p-4f, 0x1.70ce26p-5f, 0x1.b1164ap-6f, 0x1.39fbbcp-5f};
    static constexpr float atan[]{-0x1.555554p-2f, 0x1.9996dap-3f, -0x1.24152ep-3f, 0x1.b72678p-4f, -0x1.0546c2p-4f};
};
template <>
struct angles<double> {
    static constexpr double eighth_high = 0x1.921fb54442d18p-1, eighth_low = 0x1.1a62633145c07p-55;
    static constexpr double asin[]{
        0x1.5555555555556p-3, 0x1.3333333332da2p-4, 0x1.6db6db6e48603p-5, 0x1.f1c71c11deeap-6, 0x1.6e8bb37521acap-6,
        0x1.1c4d112ced71bp-6, 0x1.c9d30ac3ce817p-7, 0x1.78010220106fp-7, 0x1.532a91490f8afp-7, 0x1.5e2915df0d638p-8,
        0x1.220541f4ab3acp-6, -0x1.f58c57c572f98p-7, 0x1.dc181d65cb50ap-6};
    static constexpr double atan[]{
        -0x1.5555555555555p-2, 0x1.9999999999291p-3, -0x1.24924924247d9p-3, 0x1.c71c7178036e1p-4, -0x1.745d08e15b51bp-4,
        0x1.3b122bb1f7892p-4, -0x1.10f758740b74dp-4, 0x1.dfaf47ee2bb47p-5, -0x1.9f77cdb4b6d3bp-5, 0x1.3e1bf35513468p-5,
        -0x1.322ea268a95edp-6};
};

/// eighths * pi/4 + rest, eighths a whole number of at most 4.
template <class V>
struct angle {
    V eighths, rest;
    KILN_INLINE V value() const {
        using c = angles<element<V>>;
        return fused(eighths, all<V>(c::eighth_high), fused(eighths, all<V>(c::eighth_low), rest));
    }
};

/// The arc whose sine is a >= 0 without its quarter turn, and whether a > 1/2: there it is pi/2 - 2 * arc.
template <class V>
struct arc_of_sine {
    V arc;
    decltype(V{}.v > V{}.v) large;
    KILN_INLINE explicit arc_of_sine(V a) : large(a.v > all<V>(element<V>{0.5}).v) {
        const V z = pick(large, fused(a, all<V>(element<V>{-0.5}), all<V>(element<V>{0.5})), a * a), w = pick(large, sqrt(z), a);
        arc = fused(polynomial(angles<element<V>>::asin, z, z * z), w * z, w);
    }
};

/// The angle in [0, pi/2] whose tangent is n / d, both >= 0 and not both zero or infinite.
template <class V>
KILN_INLINE angle<V> arc_of_tangent(V n, V d) {
    using T = element<V>;
    const V zero{}, one = all<V>(T{1});
    const auto large = n.v > (d * all<V>(T{2.4375})).v, middle = n.v > (d * all<V>(T{0.40625})).v;
    const V t = pick(large, -d, pick(middle, n - d, n)) / pick(large, n, pick(middle, n + d, d)), s = t * t;
    return {pick(large, one + one, pick(middle, one, zero)), fused(polynomial(angles<T>::atan, s, s * s), t * s, t)};
}

}  // namespace steps

/// The angle in [-pi/2, pi/2] whose sine is x; NaN beyond -1 and 1; keeps -0 and denormal numbers. Error at most 3 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> asin(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const arc_of_sine<V> a(magnitude(x));
    return with_sign_of(angle<V>{pick(a.large, all<V>(T{2}), V{}), pick(a.large, all<V>(T{-2}) * a.arc, a.arc)}.value(), x);
}

/// The angle in [0, pi] whose cosine is x; NaN beyond -1 and 1. Error at most 1.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> acos(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const arc_of_sine<V> a(magnitude(x));
    const V right = all<V>(T{2}), twice = a.arc + a.arc, arc = of_bits<V>(bits(a.arc) ^ (bits(x) & sign_bit<V>));
    const auto negative = x.v < V{}.v;
    return angle<V>{pick(a.large, pick(negative, right + right, V{}), right), pick(a.large, pick(negative, -twice, twice), -arc)}.value();
}

/// The angle in [-pi/2, pi/2] whose tangent is x; keeps -0 and denormal numbers. Error at most 2.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> atan(simd<T, L, B> x) {
    using namespace steps;
    return with_sign_of(arc_of_tangent(magnitude(x), all<simd<T, L, B>>(T{1})).value(), x);
}

/// The angle in [-pi, pi] of the point (x, y), with the zeros and infinities of the C standard (Annex F). Error at most 2.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> atan2(simd<T, L, B> y, simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using limits = std::numeric_limits<T>;
    const V one = all<V>(T{1}), infinity = all<V>(limits::infinity());
    V n = magnitude(y), d = magnitude(x);
    const auto infinite = (n.v == infinity.v) & (d.v == infinity.v), none = (n.v == V{}.v) & (d.v == V{}.v);
    n = pick(infinite, one, n);
    d = pick(infinite | none, one, d);
    // neither a sum beyond the largest number nor a product that is denormal
    const auto large = (n.v > all<V>(limits::max() / 8).v) | (d.v > all<V>(limits::max() / 8).v);
    const V scale = pick(large, all<V>(T{0.125}), all<V>(static_cast<T>(u64{1} << mantissa_bits<T>)));
    const auto tiny = (n.v < all<V>(limits::min() / limits::epsilon()).v) & (d.v < all<V>(limits::min() / limits::epsilon()).v);
    const V factor = pick(large | tiny, scale, one);
    angle<V> a = arc_of_tangent(n * factor, d * factor);
    const auto negative = (bits(x) & sign_bit<V>) != raw_bits<V>{};
    a.eighths = pick(negative, all<V>(T{4}) - a.eighths, a.eighths);
    a.rest = pick(negative, -a.rest, a.rest);
    return with_sign_of(a.value(), y);
}

}  // namespace kiln::cpu
