// What the hand-written rivals share: loads and stores of less than a vector, sums and maxima across one, 16 x 16 transposes.
// Everything in rivals/ is written with AVX-512 and for one purpose: the best that a person makes of one task with all sizes
// known. kiln is measured against it.
#pragma once
#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
#error "the hand-written rivals need AVX-512: include this where KILN_BENCH_HAND is 1"
#endif
#include <immintrin.h>

#include <cstdint>

namespace hand {

using f32x16 = __m512;
using f64x8 = __m512d;
#define HAND_INLINE [[gnu::always_inline]] inline
#define HAND_INLINED __attribute__((always_inline))   // behind the parameters of a lambda

HAND_INLINE __mmask16 first(long n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : (1u << n) - 1); }
HAND_INLINE f32x16 all(float x) { return _mm512_set1_ps(x); }
HAND_INLINE f64x8 all(double x) { return _mm512_set1_pd(x); }
HAND_INLINE f32x16 fma(f32x16 a, f32x16 b, f32x16 c) { return _mm512_fmadd_ps(a, b, c); }
HAND_INLINE f64x8 fma(f64x8 a, f64x8 b, f64x8 c) { return _mm512_fmadd_pd(a, b, c); }
HAND_INLINE f32x16 load(const float* p) { return _mm512_loadu_ps(p); }
HAND_INLINE f64x8 load(const double* p) { return _mm512_loadu_pd(p); }
HAND_INLINE f32x16 load(const float* p, __mmask16 m) { return _mm512_maskz_loadu_ps(m, p); }
HAND_INLINE void store(float* p, f32x16 v) { _mm512_storeu_ps(p, v); }
HAND_INLINE void store(double* p, f64x8 v) { _mm512_storeu_pd(p, v); }
HAND_INLINE void store(float* p, f32x16 v, __mmask16 m) { _mm512_mask_storeu_ps(p, m, v); }

/// c[0] + c[1] x + ... by Horner's rule.
template <class V, class... C>
HAND_INLINE V polynomial(V x, V c0, C... c) {
    if constexpr (sizeof...(C) == 0) return c0;
    else return fma(polynomial(x, c...), x, c0);
}

/// 1 / x to the last bit or two: an estimate of 14 bits and one step of Newton.
HAND_INLINE f32x16 reciprocal(f32x16 x) {
    const f32x16 y = _mm512_rcp14_ps(x);
    return fma(y, _mm512_fnmadd_ps(x, y, all(1.0f)), y);
}
HAND_INLINE f32x16 reciprocal_root(f32x16 x) {
    const f32x16 y = _mm512_rsqrt14_ps(x);
    return fma(_mm512_mul_ps(y, all(0.5f)), _mm512_fnmadd_ps(_mm512_mul_ps(x, y), y, all(1.0f)), y);
}

/// Lane r of the result: all lanes of v[r] folded by `f` (16 vectors to one in 15 steps instead of 64).
template <class F>
HAND_INLINE f32x16 fold_each(f32x16 (&v)[16], F f) {
    for (int k = 0; k < 8; ++k)   // halves of registers, then quarters
        v[k] = f(_mm512_shuffle_f32x4(v[k], v[k + 8], 0x44), _mm512_shuffle_f32x4(v[k], v[k + 8], 0xee));
    for (int k = 0; k < 4; ++k)
        v[k] = f(_mm512_shuffle_f32x4(v[k], v[k + 4], 0x88), _mm512_shuffle_f32x4(v[k], v[k + 4], 0xdd));
    // now register k has a quarter each for rows k, k + 8 (first two), k + 4, k + 12 in the order k, k + 8, k + 4, k + 12
    for (int k = 0; k < 2; ++k)
        v[k] = f(_mm512_unpacklo_ps(v[k], v[k + 2]), _mm512_unpackhi_ps(v[k], v[k + 2]));
    v[0] = f(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
    const __m512i order = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15);
    return _mm512_permutexvar_ps(order, v[0]);
}

/// 16 rows of 16 floats, `from` apart, become 16 columns: to[c * to_step + r] = x[r * from + c].
HAND_INLINE void transpose_16x16(const float* x, long from, float* to, long to_step) {
    f32x16 a[16], b[16];
#pragma GCC unroll 16
    for (int k = 0; k < 16; ++k) a[k] = load(x + k * from);
#pragma GCC unroll 8
    for (int k = 0; k < 16; k += 2) b[k] = _mm512_unpacklo_ps(a[k], a[k + 1]), b[k + 1] = _mm512_unpackhi_ps(a[k], a[k + 1]);
#pragma GCC unroll 4
    for (int k = 0; k < 16; k += 4)
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
            const f64x8 p = _mm512_castps_pd(b[k + h]), q = _mm512_castps_pd(b[k + 2 + h]);
            a[k + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(p, q));
            a[k + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(p, q));
        }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {   // a[4 i + c]: rows 4 i .. 4 i + 3 of columns c, c + 4, c + 8, c + 12
        const f32x16 even = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), odd = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd);
        const f32x16 even2 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88), odd2 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
        store(to + (c + 0) * to_step, _mm512_shuffle_f32x4(even, even2, 0x88));
        store(to + (c + 4) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0x88));
        store(to + (c + 8) * to_step, _mm512_shuffle_f32x4(even, even2, 0xdd));
        store(to + (c + 12) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0xdd));
    }
}

}  // namespace hand
