// functions.hpp with AVX-512: tables of 16 entries that live in registers.
#pragma once
#include "simd.hpp"

namespace hand {

// 2^(j/16); 1/c and log c for points c = 1 + j/15 (log1p) and 3/4 + j/20 (log), 1/c rounded so that 1/c - 1 is exact
alignas(64) inline constexpr float powers[16] = {
    1.0f, 1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f, 1.29683959f, 1.35425556f,
    1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f, 1.68179286f, 1.75625217f, 1.8340081f, 1.91520655f};
alignas(64) inline constexpr float log1p_scale[16] = {
    1.0f, 0.9375f, 0.882352948f, 0.833333313f, 0.789473712f, 0.75f, 0.714285731f, 0.681818187f,
    0.652173936f, 0.625f, 0.600000024f, 0.576923072f, 0.555555582f, 0.535714269f, 0.517241359f, 0.5f};
alignas(64) inline constexpr float log1p_value[16] = {
    0.0f, 0.0645385236f, 0.125163138f, 0.182321578f, 0.236388743f, 0.287682086f, 0.336472213f, 0.382992238f,
    0.427443981f, 0.470003635f, 0.510825574f, 0.550046325f, 0.587786615f, 0.624154329f, 0.65924567f, 0.693147182f};
alignas(64) inline constexpr float log_scale[16] = {
    1.33333337f, 1.25f, 1.17647064f, 1.11111116f, 1.05263162f, 1.0f, 0.952380955f, 0.909090936f,
    0.869565189f, 0.833333313f, 0.800000012f, 0.769230783f, 0.740740716f, 0.714285731f, 0.689655185f, 0.666666687f};
alignas(64) inline constexpr float log_value[16] = {
    -0.287682116f, -0.223143548f, -0.162518978f, -0.10536056f, -0.0512933284f, 0.0f, 0.0487901606f, 0.0953101516f,
    0.139761969f, 0.182321578f, 0.223143533f, 0.262364239f, 0.300104618f, 0.336472213f, 0.371563524f, 0.405465066f};
alignas(64) inline constexpr double powers64[16] = {
    1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916,
    1.189207115002721, 1.241857812073484, 1.2968395546510096, 1.3542555469368927,
    1.4142135623730951, 1.4768261459394993, 1.5422108254079407, 1.6104903319492543,
    1.681792830507429, 1.7562521603732995, 1.8340080864093424, 1.9152065613971474};
alignas(64) inline constexpr double log1p_scale64[16] = {
    1.0, 0.9375, 0.8823528289794922, 0.8333330154418945,
    0.7894735336303711, 0.75, 0.7142858505249023, 0.6818180084228516,
    0.6521739959716797, 0.625, 0.6000003814697266, 0.5769233703613281,
    0.5555553436279297, 0.5357141494750977, 0.5172414779663086, 0.5};
alignas(64) inline constexpr double log1p_value64[16] = {
    0.0, 0.06453852113757118, 0.12516327011058961, 0.18232193826375395,
    0.23638896879911186, 0.2876820724517809, 0.33647204588636787, 0.3829925065692892,
    0.42744388767037217, 0.4700036292457356, 0.5108249879833152, 0.5500458282930992,
    0.5877870463719184, 0.6241545633861773, 0.6592454381494188, 0.6931471805599453};

/// exp(scale * x), where the constant scale costs nothing.
HAND_INLINE f32 exp_scaled(f32 x, float scale) {
    const f32 magic = all(0x1.8p23f);
    const f32 t = fma(x, all(23.0831206542f * scale), magic);   // its low bits are n = 16 / log 2 scale x, to the nearest
    const f32 n = _mm512_sub_ps(t, magic);
    const f32 r = fma(n, all(-0.0433216988f), _mm512_mul_ps(x, all(scale)));
    const f32 p = _mm512_permutexvar_ps(_mm512_castps_si512(t), _mm512_load_ps(powers));
    const f32 q = _mm512_mul_ps(r, polynomial(r, all(1.0f), all(0.500016228f), all(0.166672207f)));
    return _mm512_scalef_ps(fma(p, q, p), _mm512_mul_ps(n, all(0.0625f)));   // scalef takes the floor
}

/// log(1 + r) + more for |r| <= 1/30.
HAND_INLINE f32 log1p_small(f32 r, f32 more) {
    const f32 q = polynomial(r, all(-0.499999932f), all(0.333333213f), all(-0.250239015f), all(0.200268346f));
    return _mm512_add_ps(more, fma(_mm512_mul_ps(r, r), q, r));
}
/// log(1 + t) for t in [0, 1], with small relative error.
HAND_INLINE f32 log1p_unit(f32 t) {
    const __m512i j = _mm512_castps_si512(fma(t, all(15.0f), all(0x1.8p23f)));
    const f32 scale = _mm512_permutexvar_ps(j, _mm512_load_ps(log1p_scale));
    const f32 r = fma(t, scale, _mm512_sub_ps(scale, all(1.0f)));
    return log1p_small(r, _mm512_permutexvar_ps(j, _mm512_load_ps(log1p_value)));
}
/// log x for normal x > 0.
HAND_INLINE f32 log(f32 x) {
    const __m512i bits = _mm512_castps_si512(x), above = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f400000));
    const __m512i e = _mm512_srai_epi32(above, 23);
    const f32 m = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(e, 23)));   // in [3/4, 3/2)
    const __m512i j = _mm512_castps_si512(fma(m, all(20.0f), all(0x1.8p23f - 15.0f)));
    const f32 r = fma(m, _mm512_permutexvar_ps(j, _mm512_load_ps(log_scale)), all(-1.0f));
    const f32 value = _mm512_permutexvar_ps(j, _mm512_load_ps(log_value));
    return log1p_small(r, fma(_mm512_cvtepi32_ps(e), all(0.693147181f), value));
}

// ---- doubles
HAND_INLINE f64 look_up(const double (&table)[16], __m512i j) {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), j, _mm512_load_pd(table + 8));
}
HAND_INLINE f64 exp(f64 x) {
    const f64 magic = all(0x1.8p52);
    const f64 t = fma(x, all(0x1.71547652b82fep4), magic);
    const f64 n = _mm512_sub_pd(t, magic);
    const f64 r = fma(n, all(-0x1.abc9e3b39803fp-60), fma(n, all(-0x1.62e42fefa39efp-5), x));   // log 2 / 16 in two parts
    const f64 p = look_up(powers64, _mm512_castpd_si512(t)), s = _mm512_mul_pd(r, r);
    const f64 low = fma(r, all(1.0 / 6), all(0.5));
    const f64 high = fma(s, all(1.0 / 720), fma(r, all(1.0 / 120), all(1.0 / 24)));
    const f64 q = fma(s, fma(s, high, low), r);
    return _mm512_scalef_pd(fma(p, q, p), _mm512_mul_pd(n, all(0.0625)));
}
/// log(1 + t) for t in [0, 1].
HAND_INLINE f64 log1p_unit(f64 t) {
    const __m512i j = _mm512_castpd_si512(fma(t, all(15.0), all(0x1.8p52)));
    const f64 scale = look_up(log1p_scale64, j);
    const f64 r = fma(t, scale, _mm512_sub_pd(scale, all(1.0))), s = _mm512_mul_pd(r, r), s2 = _mm512_mul_pd(s, s);
    const f64 a = fma(r, all(1.0 / 3), all(-1.0 / 2)), b = fma(r, all(1.0 / 5), all(-1.0 / 4));
    const f64 c = fma(r, all(1.0 / 7), all(-1.0 / 6)), d = fma(r, all(1.0 / 9), all(-1.0 / 8));
    const f64 q = fma(s2, fma(s2, all(-1.0 / 10), fma(s, d, c)), fma(s, b, a));
    return _mm512_add_pd(look_up(log1p_value64, j), fma(s, q, r));
}
/// log x for x in [1, 2^100].
HAND_INLINE f64 log(f64 x) {
    const f64 m = _mm512_getmant_pd(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
    return fma(_mm512_getexp_pd(x), all(0.69314718055994531), log1p_unit(m - all(1.0)));
}

}  // namespace hand
