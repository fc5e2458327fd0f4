// exp, log, log1p, tanh, erf on 16 floats and exp, log1p on 8 doubles: tables of 16 entries that live in registers, short
// polynomials, no branch. They are right where the rivals use them: finite arguments, results that are normal numbers.
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
HAND_INLINE f32x16 exp_scaled(f32x16 x, float scale) {
    const f32x16 magic = all(0x1.8p23f);
    const f32x16 t = fma(x, all(23.0831206542f * scale), magic);   // its low bits are n = 16 / log 2 scale x, to the nearest
    const f32x16 n = _mm512_sub_ps(t, magic);
    const f32x16 r = fma(n, all(-0.0433216988f), _mm512_mul_ps(x, all(scale)));
    const f32x16 p = _mm512_permutexvar_ps(_mm512_castps_si512(t), _mm512_load_ps(powers));
    const f32x16 q = _mm512_mul_ps(r, polynomial(r, all(1.0f), all(0.500016228f), all(0.166672207f)));
    return _mm512_scalef_ps(fma(p, q, p), _mm512_mul_ps(n, all(0.0625f)));   // scalef takes the floor
}
HAND_INLINE f32x16 exp(f32x16 x) { return exp_scaled(x, 1.0f); }

/// log(1 + r) + more for |r| <= 1/30.
HAND_INLINE f32x16 log1p_small(f32x16 r, f32x16 more) {
    const f32x16 q = polynomial(r, all(-0.499999932f), all(0.333333213f), all(-0.250239015f), all(0.200268346f));
    return _mm512_add_ps(more, fma(_mm512_mul_ps(r, r), q, r));
}
/// log(1 + t) for t in [0, 1], with small relative error.
HAND_INLINE f32x16 log1p_unit(f32x16 t) {
    const __m512i j = _mm512_castps_si512(fma(t, all(15.0f), all(0x1.8p23f)));
    const f32x16 scale = _mm512_permutexvar_ps(j, _mm512_load_ps(log1p_scale));
    const f32x16 r = fma(t, scale, _mm512_sub_ps(scale, all(1.0f)));
    return log1p_small(r, _mm512_permutexvar_ps(j, _mm512_load_ps(log1p_value)));
}
/// log x for normal x > 0.
HAND_INLINE f32x16 log(f32x16 x) {
    const __m512i bits = _mm512_castps_si512(x), above = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f400000));
    const __m512i e = _mm512_srai_epi32(above, 23);
    const f32x16 m = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(e, 23)));   // in [3/4, 3/2)
    const __m512i j = _mm512_castps_si512(fma(m, all(20.0f), all(0x1.8p23f - 15.0f)));
    const f32x16 r = fma(m, _mm512_permutexvar_ps(j, _mm512_load_ps(log_scale)), all(-1.0f));
    const f32x16 value = _mm512_permutexvar_ps(j, _mm512_load_ps(log_value));
    return log1p_small(r, fma(_mm512_cvtepi32_ps(e), all(0.693147181f), value));
}

/// A quotient that is not divided yet. A true division: on Zen 4 it is 8 % faster in these loops than an estimate with one
/// step of Newton, which needs the ports of the polynomials.
struct quotient {
    f32x16 p, q;
    HAND_INLINE f32x16 value() const { return _mm512_div_ps(p, q); }
};
HAND_INLINE f32x16 clamp(f32x16 x, float bound) { return _mm512_max_ps(_mm512_min_ps(x, all(bound)), all(-bound)); }

/// tanh x. The polynomials are this project's own fit of least maximal error, 6e-8 of the value.
HAND_INLINE quotient tanh_quotient(f32x16 x) {
    const f32x16 u = clamp(x, 9.0f), s = _mm512_mul_ps(u, u);
    return {_mm512_mul_ps(u, polynomial(s, all(9.999999412e-01f), all(1.291924977e-01f), all(2.920784064e-03f),
                                        all(9.267608367e-06f), all(-1.278093828e-08f), all(1.825634054e-11f))),
            polynomial(s, all(1.0f), all(4.625253368e-01f), all(2.376326160e-02f), all(2.281031712e-04f))};
}
HAND_INLINE f32x16 tanh(f32x16 x) { return tanh_quotient(x).value(); }

/// erf x, likewise, 2e-8 of the value.
HAND_INLINE quotient erf_quotient(f32x16 x) {
    const f32x16 u = clamp(x, 3.92f), s = _mm512_mul_ps(u, u);
    return {_mm512_mul_ps(u, polynomial(s, all(1.128379146e+00f), all(1.904046283e-01f), all(5.274841009e-02f),
                                        all(3.765516896e-03f), all(2.848768174e-04f), all(2.050054188e-06f))),
            polynomial(s, all(1.0f), all(5.020744504e-01f), all(1.141082873e-01f), all(1.496902210e-02f),
                       all(1.162504272e-03f), all(3.809106247e-05f))};
}
HAND_INLINE f32x16 erf(f32x16 x) { return erf_quotient(x).value(); }

// ---- doubles
HAND_INLINE f64x8 look_up(const double (&table)[16], __m512i j) {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), j, _mm512_load_pd(table + 8));
}
HAND_INLINE f64x8 exp(f64x8 x) {
    const f64x8 magic = all(0x1.8p52);
    const f64x8 t = fma(x, all(0x1.71547652b82fep4), magic);
    const f64x8 n = _mm512_sub_pd(t, magic);
    const f64x8 r = fma(n, all(-0x1.abc9e3b39803fp-60), fma(n, all(-0x1.62e42fefa39efp-5), x));   // log 2 / 16 in two parts
    const f64x8 p = look_up(powers64, _mm512_castpd_si512(t)), s = _mm512_mul_pd(r, r);
    const f64x8 low = fma(r, all(1.0 / 6), all(0.5));
    const f64x8 high = fma(s, all(1.0 / 720), fma(r, all(1.0 / 120), all(1.0 / 24)));
    const f64x8 q = fma(s, fma(s, high, low), r);
    return _mm512_scalef_pd(fma(p, q, p), _mm512_mul_pd(n, all(0.0625)));
}
/// log(1 + t) for t in [0, 1].
HAND_INLINE f64x8 log1p_unit(f64x8 t) {
    const __m512i j = _mm512_castpd_si512(fma(t, all(15.0), all(0x1.8p52)));
    const f64x8 scale = look_up(log1p_scale64, j);
    const f64x8 r = fma(t, scale, _mm512_sub_pd(scale, all(1.0))), s = _mm512_mul_pd(r, r), s2 = _mm512_mul_pd(s, s);
    const f64x8 a = fma(r, all(1.0 / 3), all(-1.0 / 2)), b = fma(r, all(1.0 / 5), all(-1.0 / 4));
    const f64x8 c = fma(r, all(1.0 / 7), all(-1.0 / 6)), d = fma(r, all(1.0 / 9), all(-1.0 / 8));
    const f64x8 q = fma(s2, fma(s2, all(-1.0 / 10), fma(s, d, c)), fma(s, b, a));
    return _mm512_add_pd(look_up(log1p_value64, j), fma(s, q, r));
}
HAND_INLINE f64x8 reciprocal(f64x8 x) {
    f64x8 y = _mm512_rcp14_pd(x);
    y = fma(y, _mm512_fnmadd_pd(x, y, all(1.0)), y);
    return fma(y, _mm512_fnmadd_pd(x, y, all(1.0)), y);
}

}  // namespace hand
