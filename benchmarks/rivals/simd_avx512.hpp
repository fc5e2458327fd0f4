// simd.hpp with AVX-512: 16 floats or 8 doubles, 32 registers, masks for free.
#pragma once

namespace hand {

using f32 = __m512;
using f64 = __m512d;
using i32 = __m512i;
using prefix = __mmask16;
using prefix64 = __mmask8;
using mask = __mmask16;
using mask64 = __mmask8;
inline constexpr int width = 16, width64 = 8;
inline constexpr bool avx512 = true;

HAND_INLINE constexpr prefix first(long n) { return static_cast<prefix>(n >= 16 ? 0xffff : (1u << n) - 1); }
HAND_INLINE constexpr prefix64 first64(long n) { return static_cast<prefix64>(n >= 8 ? 0xff : (1 << n) - 1); }
HAND_INLINE f32 all(float x) { return _mm512_set1_ps(x); }
HAND_INLINE f64 all(double x) { return _mm512_set1_pd(x); }
HAND_INLINE i32 all(std::int32_t x) { return _mm512_set1_epi32(x); }
HAND_INLINE i32 positions() { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }

HAND_INLINE f32 load(const float* p) { return _mm512_loadu_ps(p); }
HAND_INLINE f64 load(const double* p) { return _mm512_loadu_pd(p); }
HAND_INLINE i32 load(const std::int32_t* p) { return _mm512_loadu_si512(p); }
HAND_INLINE f32 load(const float* p, prefix m) { return _mm512_maskz_loadu_ps(m, p); }
HAND_INLINE f64 load(const double* p, prefix64 m) { return _mm512_maskz_loadu_pd(m, p); }
HAND_INLINE f32 load(const float* p, prefix m, f32 otherwise) { return _mm512_mask_loadu_ps(otherwise, m, p); }
HAND_INLINE void store(float* p, f32 v) { _mm512_storeu_ps(p, v); }
HAND_INLINE void store(double* p, f64 v) { _mm512_storeu_pd(p, v); }
HAND_INLINE void store(float* p, f32 v, prefix m) { _mm512_mask_storeu_ps(p, m, v); }
HAND_INLINE void store(double* p, f64 v, prefix64 m) { _mm512_mask_storeu_pd(p, m, v); }
HAND_INLINE f32 load_bytes(const std::uint8_t* p) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))); }
HAND_INLINE void stream(float* p, f32 v) { _mm512_stream_ps(p, v); }   // around the caches

HAND_INLINE f32 fma(f32 a, f32 b, f32 c) { return _mm512_fmadd_ps(a, b, c); }     // a b + c
HAND_INLINE f64 fma(f64 a, f64 b, f64 c) { return _mm512_fmadd_pd(a, b, c); }
HAND_INLINE f32 fms(f32 a, f32 b, f32 c) { return _mm512_fmsub_ps(a, b, c); }     // a b - c
HAND_INLINE f32 fnma(f32 a, f32 b, f32 c) { return _mm512_fnmadd_ps(a, b, c); }   // c - a b
HAND_INLINE f64 fnma(f64 a, f64 b, f64 c) { return _mm512_fnmadd_pd(a, b, c); }
HAND_INLINE f32 max(f32 a, f32 b) { return _mm512_max_ps(a, b); }                 // b where one is NaN
HAND_INLINE f64 max(f64 a, f64 b) { return _mm512_max_pd(a, b); }
HAND_INLINE f32 min(f32 a, f32 b) { return _mm512_min_ps(a, b); }
HAND_INLINE f32 abs(f32 x) { return _mm512_abs_ps(x); }
HAND_INLINE f64 abs(f64 x) { return _mm512_abs_pd(x); }

HAND_INLINE mask greater(f32 a, f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
HAND_INLINE mask64 greater(f64 a, f64 b) { return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ); }
HAND_INLINE mask equal(f32 a, f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
HAND_INLINE mask equal(i32 a, i32 b) { return _mm512_cmpeq_epi32_mask(a, b); }
HAND_INLINE mask unordered(f32 a, f32 b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
HAND_INLINE mask either(mask a, mask b) { return _kor_mask16(a, b); }
HAND_INLINE mask both(mask a, mask b) { return _kand_mask16(a, b); }
HAND_INLINE mask without(mask a, mask b) { return _kandn_mask16(b, a); }   // a and not b
HAND_INLINE bool any(mask m) { return m != 0; }
HAND_INLINE std::uint64_t bits_of(mask m) { return m; }
HAND_INLINE mask mask_of(std::uint64_t bits) { return static_cast<mask>(bits); }
HAND_INLINE f32 where(mask m, f32 a, f32 b) { return _mm512_mask_mov_ps(b, m, a); }   // a in the lanes of m, b in the others
HAND_INLINE f64 where(mask64 m, f64 a, f64 b) { return _mm512_mask_mov_pd(b, m, a); }
HAND_INLINE f32 keep(mask m, f32 v) { return _mm512_maskz_mov_ps(m, v); }             // v in the lanes of m, 0 in the others
HAND_INLINE f64 keep(mask64 m, f64 v) { return _mm512_maskz_mov_pd(m, v); }

HAND_INLINE float total(f32 v) { return _mm512_reduce_add_ps(v); }
HAND_INLINE double total(f64 v) { return _mm512_reduce_add_pd(v); }
HAND_INLINE float greatest(f32 v) { return _mm512_reduce_max_ps(v); }
HAND_INLINE float first_lane(f32 v) { return _mm512_cvtss_f32(v); }
/// Lane k everywhere.
HAND_INLINE f32 lane(f32 v, int k) { return _mm512_permutexvar_ps(_mm512_set1_epi32(k), v); }
/// The lanes of v one further, the last of `before` in front of them.
HAND_INLINE f64 moved_on(f64 v, f64 before) {
    return _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(v), _mm512_castpd_si512(before), 7));
}
HAND_INLINE double last_lane(f64 v) {
    return _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_setzero_si512(), _mm512_castpd_si512(v), 7))[0];
}
/// x[at[0]], Step further x[at[1]], and so on.
template <long Step>
HAND_INLINE f32 one_of_each(const float* x, const std::int32_t* at) {
    return _mm512_i32gather_ps(_mm512_add_epi32(_mm512_mullo_epi32(positions(), _mm512_set1_epi32(Step)), load(at)), x, 4);
}

/// Each of 4 floats four times; the sum of all fours of lanes.
HAND_INLINE f32 each_four_times(const float* p) {
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), _mm512_castps128_ps512(_mm_load_ps(p)));
}
HAND_INLINE __m128 fours_of(f32 v) {
    const __m256 half = _mm512_castps512_ps256(v) + _mm512_extractf32x8_ps(v, 1);
    return _mm256_castps256_ps128(half) + _mm256_extractf128_ps(half, 1);
}

/// 1 / sqrt x to the last bit or two: an estimate of 14 bits and one step of Newton.
HAND_INLINE f32 reciprocal_root(f32 x) {
    const f32 y = _mm512_rsqrt14_ps(x);
    return fma(y * all(0.5f), fnma(x * y, y, all(1.0f)), y);
}

/// Lane r of the result: all lanes of v[r] folded by `f` (16 vectors to one in 15 steps instead of 64).
template <class F>
HAND_INLINE f32 fold_each(f32 (&v)[16], F f) {
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
HAND_INLINE void transpose_square(const float* x, long from, float* to, long to_step) {
    f32 a[16], b[16];
#pragma GCC unroll 16
    for (int k = 0; k < 16; ++k) a[k] = load(x + k * from);
#pragma GCC unroll 8
    for (int k = 0; k < 16; k += 2) b[k] = _mm512_unpacklo_ps(a[k], a[k + 1]), b[k + 1] = _mm512_unpackhi_ps(a[k], a[k + 1]);
#pragma GCC unroll 4
    for (int k = 0; k < 16; k += 4)
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
            const f64 p = _mm512_castps_pd(b[k + h]), q = _mm512_castps_pd(b[k + 2 + h]);
            a[k + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(p, q));
            a[k + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(p, q));
        }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {   // a[4 i + c]: rows 4 i .. 4 i + 3 of columns c, c + 4, c + 8, c + 12
        const f32 even = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), odd = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd);
        const f32 even2 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88), odd2 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
        store(to + (c + 0) * to_step, _mm512_shuffle_f32x4(even, even2, 0x88));
        store(to + (c + 4) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0x88));
        store(to + (c + 8) * to_step, _mm512_shuffle_f32x4(even, even2, 0xdd));
        store(to + (c + 12) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0xdd));
    }
}

}  // namespace hand
