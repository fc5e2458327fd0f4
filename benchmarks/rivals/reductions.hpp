// Sums and maxima of n floats, n a template constant: eight partial results.
#pragma once
#include "simd.hpp"

#include <limits>

namespace hand {

template <class F>
HAND_INLINE f32x16 fold(f32x16 (&part)[8], F f) {
#pragma GCC unroll 3
    for (int half = 4; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int u = 0; u < half; ++u) part[u] = f(part[u], part[u + half]);
    return part[0];
}
/// The sum of f(x, partial sum) over all vectors x; f(0, s) is s.
template <long N, class F>
HAND_INLINE float sum_by(const float* x, F f) {
    f32x16 part[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) part[u] = _mm512_setzero_ps();
    constexpr long whole = N / 128 * 128;
    for (long k = 0; k < whole; k += 128)
#pragma GCC unroll 8
        for (int u = 0; u < 8; ++u) part[u] = f(load(x + k + 16 * u), part[u]);
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u)
        if (whole + 16 * u < N) part[u] = f(load(x + whole + 16 * u, first(N - whole - 16 * u)), part[u]);
    return _mm512_reduce_add_ps(fold(part, [](f32x16 a, f32x16 b) { return _mm512_add_ps(a, b); }));
}
template <long N>
[[gnu::noinline]] float sum(const float* x) {
    return sum_by<N>(x, [](f32x16 v, f32x16 s) { return _mm512_add_ps(s, v); });
}
template <long N>
[[gnu::noinline]] float sum_of_squares(const float* x) {
    return sum_by<N>(x, [](f32x16 v, f32x16 s) { return fma(v, v, s); });
}
/// The largest; NaN where an element is. One comparison tells for two vectors whether there is a NaN.
template <long N>
[[gnu::noinline]] float largest(const float* x) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    f32x16 part[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) part[u] = all(-infinity);
    __mmask16 nan[4]{};
    constexpr long whole = N / 128 * 128;
    for (long k = 0; k < whole; k += 128)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) {
            const f32x16 a = load(x + k + 32 * u), b = load(x + k + 32 * u + 16);
            part[2 * u] = _mm512_max_ps(part[2 * u], a);
            part[2 * u + 1] = _mm512_max_ps(part[2 * u + 1], b);
            nan[u] = _kor_mask16(nan[u], _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q));
        }
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u)
        if (whole + 16 * u < N) {
            const f32x16 a = _mm512_mask_loadu_ps(all(-infinity), first(N - whole - 16 * u), x + whole + 16 * u);
            part[u] = _mm512_max_ps(part[u], a);
            nan[u / 2] = _kor_mask16(nan[u / 2], _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q));
        }
    if (nan[0] | nan[1] | nan[2] | nan[3]) return std::numeric_limits<float>::quiet_NaN();
    return _mm512_reduce_max_ps(fold(part, [](f32x16 a, f32x16 b) { return _mm512_max_ps(a, b); }));
}

}  // namespace hand
