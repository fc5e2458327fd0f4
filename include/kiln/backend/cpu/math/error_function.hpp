// erf and erfc of lanes. erf of double: x plus an odd polynomial near 0, else 1 - 2^P(x), where P is minimax for the binary logarithm of
// erfc (after Hastings, Approximations for Digital Computers, 1955, whose formulas for erf put a polynomial into the complement); of
// float: a polynomial around the nearest of eight points, at which erf is almost a float. The first of them is 0, so nothing is lost there.
// erfc: e^(-x^2) P((x - c) / (x + c)) / (x + c) after Shepherd and Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in
// 0 <= x < infinity, Mathematics of Computation 36 (1981).
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>

namespace kiln::cpu {

namespace steps {

template <class T>
struct error_function;
template <>
struct error_function<float> {
    static constexpr float one_above = 3.93f;
    /// erf (k * apart + u) for k = 0 .. 7, |u| <= apart / 2: coefficients of powers of u. The distance is so chosen that erf (k * apart) is a
    /// float to within a quarter of its last digit.
    static constexpr float apart = 0x1.0d4p-1f;
    static constexpr table<float> near[]{
        {0.0f, 0x1.15fce6p-1f, 0x1.b9e764p-1f, 0x1.f2daecp-1f,
         0x1.fe7fcp-1f, 0x1.ffe5bcp-1f, 0x1.fffefp-1f, 0x1.fffffap-1f},
        {0x1.20dd76p0f, 0x1.b62616p-1f, 0x1.7e3e9ep-2f, 0x1.7f9a6ap-4f,
         0x1.bad6d2p-7f, 0x1.260bd6p-10f, 0x1.c13f64p-15f, 0x1.8ad59cp-20f},
        {-0x1.5ff0aep-18f, -0x1.ccd37cp-2f, -0x1.920774p-2f, -0x1.2e9814p-3f,
         -0x1.d1c27cp-6f, -0x1.8292b6p-9f, -0x1.625766p-13f, -0x1.6b6548p-18f},
        {-0x1.81035ap-2f, -0x1.0523aap-3f, 0x1.34d86cp-3f, 0x1.fcbd54p-4f,
         0x1.21bf48p-5f, 0x1.3a222ep-8f, 0x1.60e49ep-12f, 0x1.aa52ep-17f},
        {-0x1.99e44ap-10f, 0x1.77cd7cp-3f, 0x1.a69e84p-5f, -0x1.8ef01p-5f,
         -0x1.c63fb8p-6f, -0x1.5cd15ep-8f, -0x1.f28e2ep-12f, -0x1.697956p-16f},
        {0x1.f25648p-4f, 0x1.07be26p-11f, -0x1.0bdb1ap-4f, -0x1.d86242p-8f,
         0x1.9825dp-7f, 0x1.15da4ep-8f, 0x1.15517p-11f, 0x1.030f44p-15f},
        {-0x1.8ff3e4p-6f, -0x1.87cd1cp-5f, 0x1.1ee59ep-7f, 0x1.0a32fcp-6f,
         -0x1.56aa2ep-10f, -0x1.230932p-9f, -0x1.b28a12p-12f, -0x1.0e724p-15f}};
    /// erf x / x - 1 on [0, 1], in x^2; (x + centre) e^(x^2) erfc x on [1, 10.1], in (x - centre) / (x + centre)
    static constexpr float to_one[]{
        0x1.06eba8p-3f, -0x1.812744p-2f, 0x1.ce2eap-4f, -0x1.b821e6p-6f, 0x1.55dcc6p-8f, -0x1.b99eb6p-11f, 0x1.c77348p-14f,
        -0x1.1fd45cp-17f};
    static constexpr float none_above = 11.0f, centre = 2.0f;
    static constexpr float scaled_complement[]{
        0x1.058672p0f, -0x1.5fd386p-1f, 0x1.1e2daep-2f, -0x1.2a8a52p-5f, -0x1.602fbp-6f, 0x1.a8fe68p-8f, 0x1.890a7cp-9f,
        -0x1.b970fcp-11f, -0x1.cac98ep-12f};
};
template <>
struct error_function<double> {
    static constexpr double one_above = 6.0, origin = 0.75;
    static constexpr double near_zero[]{
        0x1.06eba8214db69p-3, -0x1.812746b037a33p-2, 0x1.ce2f21a046eaep-4, -0x1.b82ce313efbc2p-6,
        0x1.565bcd4afa17fp-8, -0x1.c02dbf8c2b9dp-11, 0x1.f9a4745de071p-14, -0x1.f4e8469a13cedp-17,
        0x1.baa3a26bc2592p-20, -0x1.609ea4e0d134ep-23, 0x1.c35bca30b3c74p-27};
    static constexpr double complement[]{
        -0x1.caa8a3c6dfffdp0, -0x1.9b0a775784f1ep1, -0x1.2a5d1ef8291b1p0, -0x1.3899cd79d719p-4, 0x1.2c5307690562cp-6,
        -0x1.ad55a5be334dbp-9, 0x1.882aecab3c587p-13, 0x1.405e88a632be8p-13, -0x1.487ab1bb2f941p-14,
        0x1.5a2ac24dccb7dp-16, -0x1.099399266c2dbp-19, -0x1.282c79f648d9ap-20, 0x1.8e15843463c02p-21,
        -0x1.1e082bb8288adp-22, 0x1.2543424da6fb7p-24, -0x1.c113d1d8a7095p-27, 0x1.fa50a317b48d3p-30,
        -0x1.8e32888e8e21p-33, 0x1.8569b0b67bf0ep-37, -0x1.5fe768b2566f3p-42, -0x1.c1b6aef5c310dp-52};
    static constexpr double to_one[]{
        0x1.06eba8214db69p-3, -0x1.812746b0379fdp-2, 0x1.ce2f21a04362dp-4, -0x1.b82ce312abf08p-6, 0x1.565bcd12991cp-8,
        -0x1.c02db49b09506p-11, 0x1.f9a335388d2f5p-14, -0x1.f4d333884b5cap-17, 0x1.b9ee95850f6f5p-20, -0x1.5f9828c55da46p-23,
        0x1.fc78cbccf615fp-27, -0x1.46794feb17129p-30, 0x1.2978304267b48p-34};
    static constexpr double none_above = 27.5, centre = 2.5;   // to 27.3
    static constexpr double scaled_complement[]{
        0x1.0dd50785280a5p0, -0x1.9bfb53c4039d7p-1, 0x1.d0cedcb8c8f93p-2, -0x1.5eb8eba1dfc62p-3, 0x1.d0acf6921a2f7p-6,
        0x1.1305f5650b5aep-7, -0x1.3bcdce478110ap-8, -0x1.cc8b108b04b71p-12, 0x1.7069f9b69952p-11, 0x1.e91e2ea9e33d3p-15,
        -0x1.d84da64fd8bbcp-14, -0x1.47a271e7ac18dp-16, 0x1.32261c798b80ap-16, 0x1.c3fecc8da32a3p-18, -0x1.3924379c47fe2p-19,
        -0x1.fff3251c9f138p-20, -0x1.4a74aa387bb71p-25, 0x1.8cc1397669848p-22, 0x1.f19d51cec3a08p-23, -0x1.b2ea108ed4723p-25,
        -0x1.1e105f6c6c477p-23, 0x1.be65a2dda8c89p-25};
};

}  // namespace steps

/// The error function; keeps -0 and denormal numbers. Error at most 3 ULP.
template <int L, int B>
KILN_INLINE simd<float, L, B> erf(simd<float, L, B> x) {
    using namespace steps;
    using V = simd<float, L, B>;
    using c = error_function<float>;
    const V a = at_most(c::one_above, magnitude(x)), rounder_all = all<V>(rounder<float, 0>(0)), t = fused(a, all<V>(1 / c::apart), rounder_all);
    const V u = fused(t - rounder_all, all<V>(-c::apart), a), square = u * u;
    const looked_up<c::near, V> k{bits(t)};
    const V rest = fused(fused(fused(u, k[6], k[5]), square, fused(u, k[4], k[3])), square, fused(u, k[2], k[1]));
    return with_sign_of(fused(rest, u, k[0]), x);
}
/// The same. Error at most 2 ULP.
template <int L, int B>
KILN_INLINE simd<double, L, B> erf(simd<double, L, B> x) {
    using namespace steps;
    using V = simd<double, L, B>;
    using c = error_function<double>;
    const V a = at_most(c::one_above, magnitude(x)), s = a * a, u = a - all<V>(c::origin);
    const V inner = fused(polynomial(c::near_zero, s, s * s), a, a);
    if (few_lanes<V> && !any_above(a, below(0.75))) return with_sign_of(inner, x);
    const V outer = all<V>(1.0) - moderate_exp2(polynomial(c::complement, u, u * u));
    return with_sign_of(pick(a.v >= all<V>(0.75).v, outer, inner), x);
}

/// 1 - erf(x), with relative accuracy down to its denormal results. Error at most 4 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> erfc(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = error_function<T>;
    const V a = at_most(c::none_above, magnitude(x)), s = a * a, rounded_off = fused(a, a, -s);
    const V inner = fused(polynomial(c::to_one, s, s * s), -x, all<V>(T{1}) - x);
    if (few_lanes<V> && !any_above(a, below<T>(T{1}))) return inner;
    // the quotient p / (a + centre) = high + low, so that little but the exponential is rounded
    const V d = a + all<V>(c::centre), back = d - a, lost = (a - (d - back)) + (all<V>(c::centre) - back);
    const V q = all<V>(T{1}) / d, rest = fused(-lost, q, fused(-d, q, all<V>(T{1}))), v = (a - all<V>(c::centre)) * q, u = fused(v, rest, v);
    const V p = polynomial(c::scaled_complement, u, u * u), high = p * q, low = fused(high, rest, fused(p, q, -high));
    const auto e = power_of_e(-s, -rounded_off);
    const V outer = scaled(fused(e.mantissa, high, fused(e.mantissa, low, e.low * high)), e.n, e.t);
    return pick(a.v < all<V>(T{1}).v, inner, pick(x.v < V{}.v, all<V>(T{2}) - outer, outer));
}

}  // namespace kiln::cpu
