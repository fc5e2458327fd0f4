// exp, exp2, expm1 and tanh of lanes.
//
// exp and exp2 take 2^(k/8) or 2^(k/16) from a table and a short polynomial for the rest, after Tang, Table-driven implementation of the
// exponential function in IEEE floating-point arithmetic, ACM TOMS 15 (1989). expm1 has no table, whose entries' errors
// would not cancel. Reduction by two parts of ln 2: Cody and Waite, Software Manual for the Elementary Functions (1980).
// Coefficients are minimax ones, found by Remez' algorithm and rounded one after the other.
#pragma once
#include <kiln/backend/cpu/math/steps.hpp>

namespace kiln::cpu {

namespace steps {

inline constexpr table<double> powers_of_two{
    0x1p0,                 0x1.0b5586cf9890fp0, 0x1.172b83c7d517bp0, 0x1.2387a6e756238p0, 0x1.306fe0a31b715p0, 0x1.3dea64c123422p0,
    0x1.4bfdad5362a27p0, 0x1.5ab07dd485429p0, 0x1.6a09e667f3bcdp0, 0x1.7a11473eb0187p0, 0x1.8ace5422aa0dbp0, 0x1.9c49182a3f09p0,
    0x1.ae89f995ad3adp0, 0x1.c199bdd85529cp0, 0x1.d5818dcfba487p0, 0x1.ea4afa2a490dap0};

template <class T>
struct exponential;
template <>
struct exponential<float> {
    static constexpr table<float> power{[](int k) { return static_cast<float>(powers_of_two.at[2 * k]); }};
    static constexpr float log2e = 0x1.715476p0f, ln2_high = 0x1.62e43p-1f, ln2_low = -0x1.05c61p-29f;
    static constexpr float lowest = -104.5f, highest = 89.0f, moderate = 87.0f;   // of exp: beyond, 0 and infinity; the results within are normal
    static constexpr float lowest_power = -151.0f, highest_power = 129.0f, moderate_power = 125.0f;
    static constexpr float minus_one_below = -18.0f, one_above = 9.04f;   // expm1, tanh
    /// (e^r - 1 - r) / r^2 on [-ln 2 / 16, ln 2 / 16], (2^r - 1) / r on [-1/16, 1/16], (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2]
    static constexpr float exp[]{0x1.00087cp-1f, 0x1.555d34p-3f};
    static constexpr float exp2[]{0x1.62e43p-1f, 0x1.ec0c38p-3f, 0x1.c6bf54p-5f};
    static constexpr float expm1[]{0x1.fffffep-2f, 0x1.5554aep-3f, 0x1.555716p-5f, 0x1.122962p-7f, 0x1.6b75d8p-10f};
    /// Eight points, at each of which the polynomial for tanh is almost a float, by exponent and first bit of 1 + tanh_scale x;
    /// coefficients of powers of u in tanh (point + u).
    static constexpr float tanh_scale = 0x1.a84f34p0f;
    static constexpr table<float> tanh[]{
        {0x1.cfp-1f, 0x1.7fp0f, 0x1.33dp1f, 0x1.ce2p1f,
         0x1.5a2p2f, 0x1.f7p2f, 0.0f, 0x1.d18p-2f},
        {0x1.6fcffcp-1f, 0x1.cf12bep-1f, 0x1.f7b872p-1f, 0x1.ff407p-1f,
         0x1.fffabep-1f, 0x1.fffff6p-1f, 0.0f, 0x1.b3e168p-2f},
        {0x1.ef8a36p-2f, 0x1.74b64p-3f, 0x1.06cd62p-5f, 0x1.7ede52p-9f,
         0x1.5236eep-14f, 0x1.41b208p-21f, 0x1p0f, 0x1.a33b06p-1f},
        {-0x1.63fd64p-2f, -0x1.5118dap-3f, -0x1.028b48p-5f, -0x1.7e4a9cp-9f,
         -0x1.519bbcp-14f, -0x1.41ec54p-21f, -0x1.2774ccp-19f, -0x1.64e73ap-2f},
        {0x1.69f3bp-4f, 0x1.6966aap-4f, 0x1.4d858ap-6f, 0x1.fb319ep-10f,
         0x1.af53d2p-15f, 0x1.99dbp-22f, -0x1.553856p-2f, -0x1.fe481p-4f},
        {0x1.add636p-5f, -0x1.97cd46p-6f, -0x1.38011ep-7f, -0x1.f8e9dcp-11f,
         -0x1.b57e2ap-16f, -0x1.9720cep-23f, -0x1.d8af84p-10f, 0x1.5a91acp-3f},
        {-0x1.c1b2e4p-5f, -0x1.c2d1c2p-9f, 0x1.af8066p-9f, 0x1.a63114p-12f,
         0x1.c5de98p-17f, 0x1.b0e1d6p-24f, 0x1.2b6b1ep-3f, -0x1.7b2fcep-7f},
        {0x1.b8981cp-7f, 0x1.d0669cp-8f, -0x1.7024a6p-11f, -0x1.0c531p-13f,
         -0x1.2044b4p-18f, -0x1.274b5p-25f, -0x1.5a7b38p-5f, -0x1.e5d7a4p-5f}};
};
template <>
struct exponential<double> {
    static constexpr const table<double>& power = powers_of_two;
    static constexpr double log2e = 0x1.71547652b82fep0, ln2_high = 0x1.62e42fefa39efp-1, ln2_low = 0x1.abc9e3b39803fp-56;
    static constexpr double lowest = -746.0, highest = 710.0, moderate = 708.0;
    static constexpr double lowest_power = -1077.0, highest_power = 1025.0, moderate_power = 1020.0;
    static constexpr double minus_one_below = -38.0, one_above = 19.5;
    /// exp, exp2 on half of the floats' intervals
    static constexpr double exp[]{
        0x1.fffffffffffb7p-2, 0x1.555555548c6d6p-3, 0x1.555555590bdf6p-5, 0x1.11123d02b2313p-7, 0x1.6c14c29593323p-10};
    static constexpr double exp2[]{
        0x1.62e42fefa39fdp-1, 0x1.ebfbdff82c55p-3, 0x1.c6b08d6e89fp-5, 0x1.3b2ab6fe4b7dbp-7, 0x1.5d89bf6a4bb31p-10,
        0x1.4308040064edp-13};
    /// x^3 / (tanh x - x) on [0, 0.5625], in x^2
    static constexpr double tanh[]{
        -0x1.8000000000002p1, -0x1.333333333319dp0, 0x1.767dce408d0dp-8, -0x1.0a4e1347a251cp-12, 0x1.997ac3496c96p-17,
        -0x1.40fd3604063a4p-21, 0x1.ddb2e19c34a38p-26};
    static constexpr double expm1[]{
        0x1.0000000000005p-1, 0x1.5555555555539p-3, 0x1.5555555552065p-5, 0x1.1111111119083p-7, 0x1.6c16c17f7015bp-10,
        0x1.a01a017543d11p-13, 0x1.a019a5b19ac4cp-16, 0x1.71de865a46ffap-19, 0x1.28a39ec62769ep-22, 0x1.ae7089706f3adp-26};
};

/// For numbers of a table in the last bits, and whole ones before them.
template <class T>
constexpr T table_rounder(int bias) { return rounder<T, table_bits<T>>(bias); }

#if defined(__AVX512DQ__)
template <class V>
constexpr bool has_scale = sizeof(V) == 64;
/// m * 2^n, n rounded down.
template <class V>
KILN_INLINE V scale(V m, V n) {
    if constexpr (is_float<element<V>>) return {(typename V::raw_type)_mm512_maskz_scalef_ps(every_lane<16>, (__m512)m.v, (__m512)n.v)};
    else return {(typename V::raw_type)_mm512_maskz_scalef_pd(every_lane<8>, (__m512d)m.v, (__m512d)n.v)};
}
/// What a reduction left of its argument where n is beyond all exponents is anything, or NaN, and must not be: x from -1/8 to 1/8, which is where it
/// lies else, or one of these.
template <class V>
KILN_INLINE V bounded(V x) {   // _mm512_range_ps without its header: the lesser magnitude, with the sign of x
    const V limit = all<V>(element<V>{0.125});
    if constexpr (is_float<element<V>>) return {(typename V::raw_type)__builtin_ia32_rangeps512_mask((__v16sf)x.v, (__v16sf)limit.v, 2, __v16sf{}, every_lane<16>, _MM_FROUND_CUR_DIRECTION)};
    else return {(typename V::raw_type)__builtin_ia32_rangepd512_mask((__v8df)x.v, (__v8df)limit.v, 2, __v8df{}, every_lane<8>, _MM_FROUND_CUR_DIRECTION)};
}
#else
template <class V>
constexpr bool has_scale = false;
template <class V>
V scale(V, V);
template <class V>
V bounded(V);
#endif
/// m * 2^n, n rounded down, for n in [-2 bias, bias + 2]; t: n after the addition of table_rounder<T>(2 bias). A denormal result is
/// rounded once: two factors of about equal size.
template <class V>
KILN_INLINE V scaled(V m, [[maybe_unused]] V n, [[maybe_unused]] V t) {
    using T = element<V>;
    if constexpr (has_scale<V>) return scale(m, n);
    const raw_bits<V> biased = bits(t) >> table_bits<T>, first = biased >> 1;
    return m * of_bits<V>(first << mantissa_bits<T>) * of_bits<V>((biased - first) << mantissa_bits<T>);
}

/// 2^(k/8) or 2^(k/16), times 1 + p, k the last bits of t.
template <class V>
KILN_INLINE V times_power(V p, V t) {
    const V power = look_up<V>(exponential<element<V>>::power, bits(t));
    return fused(p, power, power);
}

/// 2^(k/8) or 2^(k/16), from which k is taken off where k of a larger number is going to be added to the bits.
template <class T>
constexpr table<T> powers_without_number{[](int k) {
    return 1 - (static_cast<T>(k) / table<T>::size - (exponential<T>::power.at[k] - 1)) / 2;   // in steps of half an ULP
}};
/// 2^(k/8) or 2^(k/16), times 2^n, k and n in t, where that is neither denormal nor infinite; t: after the addition of table_rounder<T>(0).
template <class V>
KILN_INLINE V whole_power(V t) {
    using T = element<V>;
    return of_bits<V>(bits(look_up<V>(powers_without_number<T>, bits(t))) + (bits(t) << (mantissa_bits<T> - table_bits<T>)));
}
/// The same times 1 + p; n: t without the rounder.
template <class V>
KILN_INLINE V times_whole_power(V p, [[maybe_unused]] V n, V t) {
    if constexpr (has_scale<V>) return scale(times_power(p, t), n);
    const V power = whole_power(t);
    return fused(p, power, power);
}

/// 2^x where that is neither denormal nor infinite. Any: of any x, where an instruction scales.
template <bool Any = false, class V>
KILN_INLINE V moderate_exp2(V x) {
    using c = exponential<element<V>>;
    const V rounder_all = all<V>(table_rounder<element<V>>(0)), t = x + rounder_all, n = t - rounder_all;
    V r = x - n;
    if constexpr (Any) r = bounded(r);
    return times_whole_power(polynomial(c::exp2, r, r * r) * r, n, t);
}

/// e^x = (mantissa + low) 2^n, with `rest` e^(x + rest), for `scaled`; low: what the mantissa's last rounding lost.
template <class V>
struct split_power {
    V mantissa, n, t, low;
};
template <class V, class... Rest>
KILN_INLINE split_power<V> power_of_e(V x, Rest... rest) {
    using c = exponential<element<V>>;
    const V rounder_all = all<V>(table_rounder<element<V>>(2 * exponent_bias<element<V>>));
    const V t = fused(x, all<V>(c::log2e), rounder_all), n = t - rounder_all;
    V r = fused(n, -c::ln2_low, fused(n, -c::ln2_high, x));
    ((r = r + rest), ...);
    const V square = r * r;
    const V p = fused(polynomial(c::exp, r, square), square, r), power = look_up<V>(c::power, bits(t)), m = fused(p, power, power);
    return {m, n, t, fused(p, power, power - m)};
}

/// e^x where that is neither denormal nor infinite, or x is NaN. Any: as above.
template <bool Any = false, class V>
KILN_INLINE V moderate_exp(V x) {
    using c = exponential<element<V>>;
    const V rounder_all = all<V>(table_rounder<element<V>>(0)), t = fused(x, all<V>(c::log2e), rounder_all), n = t - rounder_all;
    V r = fused(n, -c::ln2_low, fused(n, -c::ln2_high, x));
    if constexpr (Any) r = bounded(r);
    const V square = r * r;
    return times_whole_power(fused(polynomial(c::exp, r, square), square, r), n, t);
}
/// Are the results of all lanes moderate? They take a third fewer instructions.
template <class V>
KILN_INLINE bool all_moderate(V x, element<V> limit) { return branches<V> && !any_above(magnitude(x), limit); }

}  // namespace steps

/// e^x; 0 and infinity at the true limits, denormal results rounded once. Error at most 1.25 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> exp(simd<T, L, B> x) {
    using namespace steps;
    using c = exponential<T>;
    if constexpr (has_scale<simd<T, L, B>>) return moderate_exp<true>(x);
    if (all_moderate(x, c::moderate)) [[likely]] return moderate_exp(x);
    const auto e = power_of_e(at_least(c::lowest, at_most(c::highest, x)));
    return scaled(e.mantissa, e.n, e.t);
}

/// 2^x; exact for whole x, denormal results rounded once. Error at most 1.25 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> exp2(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = exponential<T>;
    if constexpr (has_scale<V>) return moderate_exp2<true>(x);
    if (all_moderate(x, c::moderate_power)) [[likely]] return moderate_exp2(x);
    const V rounder_all = all<V>(table_rounder<T>(2 * exponent_bias<T>));
    x = at_least(c::lowest_power, at_most(c::highest_power, x));
    const V t = x + rounder_all, n = t - rounder_all, r = x - n;
    return scaled(times_power(polynomial(c::exp2, r, r * r) * r, t), n, t);
}

/// e^x - 1; keeps -0 and denormal numbers. Error at most 1.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> expm1(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = exponential<T>;
    const V rounder_all = all<V>(rounder<T, 0>(exponent_bias<T> - 1));
    const V y = at_least(c::minus_one_below, at_most(c::highest, x));
    const V t = fused(y, all<V>(c::log2e), rounder_all), n = t - rounder_all;
    // e^r - 1 = high + rest: what is small is added last
    const V high = fused(n, all<V>(-c::ln2_high), y), low = n * all<V>(-c::ln2_low), r = high + low, square = r * r;
    const V rest = fused(polynomial(c::expm1, r, square), square, low);
    const V half_power = of_bits<V>(bits(t) << mantissa_bits<T>);   // 2^(n - 1), since 2^n may be infinite
    const V half = fused(half_power, rest, fused(half_power, high, half_power - all<V>(T{0.5})));
    return with_sign_of(pick(n.v == raw<T, L>{}, high + rest, half + half), x);
}

namespace steps {

/// tanh a for 0 <= a <= one_above: a polynomial around one of eight points, the further from 0 the further apart. No division.
template <class V>
    requires is_float<element<V>>
KILN_INLINE V tanh_of_magnitude(V a) {
    using c = exponential<float>;
    const looked_up<c::tanh, V> k{bits(fused(a, c::tanh_scale, 1.0f)) >> (mantissa_bits<float> - 1)};
    const V u = a - k[0];
    return fused(fused(fused(fused(fused(fused(u, k[7], k[6]), u, k[5]), u, k[4]), u, k[3]), u, k[2]), u, k[1]);
}
/// Both sides of 0.5625 are a known number and a small quotient, a + a^3 / P(a^2) and 1 - 2 / (e^2a + 1), so there is one division
/// and little error.
template <class V>
KILN_INLINE V tanh_of_magnitude(V a) {
    using T = element<V>;
    using c = exponential<T>;
    const V rounder_all = all<V>(table_rounder<T>(0)), one = all<V>(T{1}), s = a * a;
    const V t = fused(a, all<V>(2 * c::log2e), rounder_all), n = t - rounder_all;
    const V r = fused(n, all<V>(-c::ln2_high), a + a), square = r * r;   // one part of ln 2: it matters less, the larger a
    const V e = times_whole_power(fused(polynomial(c::exp, r, square), square, r), n, t);
    const auto large = a.v >= all<V>(T{0.5625}).v;
    const V above = pick(large, all<V>(T{-2}), a * s), below = pick(large, e + one, polynomial(c::tanh, s, s * s));
    return pick(large, one, a) + above / below;
}

}  // namespace steps

/// The hyperbolic tangent, between -1 and 1; keeps -0 and denormal numbers. Error at most 2 ULP in float, 1.75 in double.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> tanh(simd<T, L, B> x) {
    using namespace steps;
    return with_sign_of(tanh_of_magnitude(at_most(exponential<T>::one_above, magnitude(x))), x);
}

}  // namespace kiln::cpu
