// functions.hpp with AVX2: tables of 8 floats live in a register, those of doubles in the first cache.
#pragma once
#include "packs.hpp"

namespace hand {

// the bits of 2^(j/8) and 2^(j/16) less those that adding n = j + 8 e or j + 16 e to the exponent puts into the fraction;
// 1/c and log c for points c = 1 + 2 j/15 (log1p) and 1 + (j - 2)/10 (log), 1/c rounded so that 1/c - 1 is exact
alignas(32) inline constexpr std::int32_t powers[8] = {0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7, 0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};
alignas(32) inline constexpr float log1p_scale[8] = {
    1.0f, 0.882352948f, 0.789473712f, 0.714285731f, 0.652173936f, 0.600000024f, 0.555555582f, 0.517241359f};
alignas(32) inline constexpr float log1p_value[8] = {
    0.0f, 0.125163138f, 0.236388743f, 0.336472213f, 0.427443981f, 0.510825574f, 0.587786615f, 0.65924567f};
alignas(32) inline constexpr float log_scale[8] = {
    1.25f, 1.11111116f, 1.0f, 0.909090936f, 0.833333313f, 0.769230783f, 0.714285731f, 0.666666687f};
alignas(32) inline constexpr float log_value[8] = {
    -0.223143548f, -0.10536056f, 0.0f, 0.0953101516f, 0.182321578f, 0.262364239f, 0.336472213f, 0.405465066f};
alignas(64) inline constexpr std::int64_t powers64[16] = {
    0x3ff0000000000000, 0x3fefb5586cf9890f, 0x3fef72b83c7d517b, 0x3fef387a6e756238,
    0x3fef06fe0a31b715, 0x3feedea64c123422, 0x3feebfdad5362a27, 0x3feeab07dd485429,
    0x3feea09e667f3bcd, 0x3feea11473eb0187, 0x3feeace5422aa0db, 0x3feec49182a3f090,
    0x3feee89f995ad3ad, 0x3fef199bdd85529c, 0x3fef5818dcfba487, 0x3fefa4afa2a490da};
alignas(64) inline constexpr double log1p_scale_and_value64[16][2] = {
    {1.0, 0.0}, {0.9375, 0.06453852113757118}, {0.8823528289794922, 0.12516327011058961},
    {0.8333330154418945, 0.18232193826375395}, {0.7894735336303711, 0.23638896879911186}, {0.75, 0.2876820724517809},
    {0.7142858505249023, 0.33647204588636787}, {0.6818180084228516, 0.3829925065692892}, {0.6521739959716797, 0.42744388767037217},
    {0.625, 0.4700036292457356}, {0.6000003814697266, 0.5108249879833152}, {0.5769233703613281, 0.5500458282930992},
    {0.5555553436279297, 0.5877870463719184}, {0.5357141494750977, 0.6241545633861773}, {0.5172414779663086, 0.6592454381494188},
    {0.5, 0.6931471805599453}};

/// exp(scale * x), where the constant scale costs nothing. What is below 2^-125 counts as that.
template <class V>
HAND_INLINE V exp_scaled(const V& x, float scale) {
    const f32 magic = all(0x1.8p23f), limit = all(-86.6f / scale);
    const V y = scale > 0 ? max(x, limit) : min(x, limit);
    const V t = fma(y, all(11.5415603271f * scale), magic);   // its low bits are n = 8 / log 2 scale x, to the nearest
    const V r = fma(t - magic, all(-0.0866433976f), y * all(scale));
    const V q = r * polynomial(r, all(1.0f), all(0.500064553f), all(0.166668584f));
    const V p = each([](f32 at) HAND_INLINED {
        const i32 n = _mm256_castps_si256(at), table = _mm256_load_si256(reinterpret_cast<const __m256i*>(powers));
        return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_permutevar8x32_epi32(table, n), _mm256_slli_epi32(n, 20)));
    }, t);
    return fma(p, q, p);
}

/// log(1 + r) + more for |r| <= 1/15.
template <class V>
HAND_INLINE V log1p_small(const V& r, const V& more) {
    const V q = polynomial(r, all(-0.49999897f), all(0.333332034f), all(-0.250928608f), all(0.200906263f));
    return more + fma(r * r, q, r);
}
template <class V>
HAND_INLINE V look_up(const float (&table)[8], const V& j) {
    return each([&](f32 at) HAND_INLINED { return _mm256_permutevar8x32_ps(_mm256_load_ps(table), _mm256_castps_si256(at)); }, j);
}
/// log(1 + t) for t in [0, 1], with small relative error. 7.49: half of the last step is rounded down.
template <class V>
HAND_INLINE V log1p_unit(const V& t) {
    const V j = fma(t, all(7.49f), all(0x1.8p23f)), scale = look_up(log1p_scale, j);
    return log1p_small(fma(t, scale, scale - all(1.0f)), look_up(log1p_value, j));
}
/// log x for normal x > 0.
template <class V>
HAND_INLINE V log(const V& x) {
    const auto exponent = [](f32 v) HAND_INLINED { return _mm256_srai_epi32(_mm256_sub_epi32(_mm256_castps_si256(v), all(0x3f45c28f)), 23); };
    const V e = each([&](f32 v) HAND_INLINED { return _mm256_cvtepi32_ps(exponent(v)); }, x);
    const V m = each([&](f32 v) HAND_INLINED {   // in [0.7725, 1.545)
        return _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_castps_si256(v), _mm256_slli_epi32(exponent(v), 23)));
    }, x);
    const V j = fma(m, all(10.0f), all(0x1.8p23f - 8.0f)), r = fma(m, look_up(log_scale, j), all(-1.0f));
    return log1p_small(r, fma(e, all(0.693147181f), look_up(log_value, j)));
}

// ---- doubles
/// The low four bits of each lane.
struct indices {
    std::int64_t j[4];
    HAND_INLINE explicit indices(f64 t) {
        const __m128i low = _mm256_castsi256_si128(_mm256_castpd_si256(t)), high = _mm256_extracti128_si256(_mm256_castpd_si256(t), 1);
        j[0] = _mm_cvtsi128_si64(low) & 15, j[1] = _mm_extract_epi64(low, 1) & 15;
        j[2] = _mm_cvtsi128_si64(high) & 15, j[3] = _mm_extract_epi64(high, 1) & 15;
    }
};
HAND_INLINE f64 exp(f64 x) {
    const f64 magic = all(0x1.8p52);
    const f64 t = fma(x, all(0x1.71547652b82fep4), magic);
    const f64 n = t - magic;
    const f64 r = fma(n, all(-0x1.abc9e3b39803fp-60), fma(n, all(-0x1.62e42fefa39efp-5), x)), s = r * r;   // log 2 / 16 in two parts
    const f64 low = fma(r, all(1.0 / 6), all(0.5));
    const f64 high = fma(s, all(1.0 / 720), fma(r, all(1.0 / 120), all(1.0 / 24)));
    const f64 q = fma(s, fma(s, high, low), r);
    const auto [a, b, c, d] = indices(t).j;
    const i32 table = _mm256_setr_epi64x(powers64[a], powers64[b], powers64[c], powers64[d]);
    const f64 p = _mm256_castsi256_pd(_mm256_add_epi64(table, _mm256_slli_epi64(_mm256_castpd_si256(t), 48)));
    return fma(p, q, p);
}
/// log(1 + t) for t in [0, 1].
HAND_INLINE f64 log1p_unit(f64 t) {
    const auto [i0, i1, i2, i3] = indices(fma(t, all(15.0), all(0x1.8p52))).j;
    const auto at = [](std::int64_t i) { return _mm_load_pd(log1p_scale_and_value64[i]); };
    const f64 even = _mm256_set_m128d(at(i2), at(i0)), odd = _mm256_set_m128d(at(i3), at(i1));
    const f64 scale = _mm256_unpacklo_pd(even, odd), value = _mm256_unpackhi_pd(even, odd);
    const f64 r = fma(t, scale, scale - all(1.0)), s = r * r, s2 = s * s;
    const f64 a = fma(r, all(1.0 / 3), all(-1.0 / 2)), b = fma(r, all(1.0 / 5), all(-1.0 / 4));
    const f64 c = fma(r, all(1.0 / 7), all(-1.0 / 6)), d = fma(r, all(1.0 / 9), all(-1.0 / 8));
    const f64 q = fma(s2, fma(s2, all(-1.0 / 10), fma(s, d, c)), fma(s, b, a));
    return value + fma(s, q, r);
}
/// log x for x in [1, 2^100].
HAND_INLINE f64 log(f64 x) {
    const i32 bits = _mm256_castpd_si256(x), magic = _mm256_castpd_si256(all(0x1p52));
    const f64 e = _mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(bits, 52), magic)) - all(0x1p52 + 1023);
    const f64 m = _mm256_or_pd(_mm256_andnot_pd(_mm256_castsi256_pd(_mm256_set1_epi64x(0x7ffl << 52)), x), all(1.0));
    return fma(e, all(0.69314718055994531), log1p_unit(m - all(1.0)));
}

}  // namespace hand
