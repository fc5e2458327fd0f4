// simd.hpp with AVX2 and FMA: 8 floats or 4 doubles, 16 registers, masks that cost an instruction. The lanes of a prefix are mostly a
// constant of the compiler's, who then leaves only the shortest load or store for them: those with a mask are slow on some machines.
#pragma once

namespace hand {

using f32 = __m256;
using f64 = __m256d;
using i32 = __m256i;
struct prefix {
    long n;
};
struct prefix64 {
    long n;
};
using mask = __m256;
using mask64 = __m256d;
inline constexpr int width = 8, width64 = 4;
inline constexpr bool avx512 = false;

HAND_INLINE constexpr prefix first(long n) { return {n}; }
HAND_INLINE constexpr prefix64 first64(long n) { return {n}; }
HAND_INLINE f32 all(float x) { return _mm256_set1_ps(x); }
HAND_INLINE f64 all(double x) { return _mm256_set1_pd(x); }
HAND_INLINE i32 all(std::int32_t x) { return _mm256_set1_epi32(x); }
HAND_INLINE i32 positions() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }

/// All bits in the lanes of a prefix: a window on ones and zeros.
alignas(64) inline constexpr std::int32_t ones_and_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
HAND_INLINE i32 lanes_of(prefix m) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ones_and_zeros + 8 - m.n)); }
HAND_INLINE i32 lanes_of(prefix64 m) { return lanes_of(prefix{2 * m.n}); }

HAND_INLINE f32 load(const float* p) { return _mm256_loadu_ps(p); }
HAND_INLINE f64 load(const double* p) { return _mm256_loadu_pd(p); }
HAND_INLINE i32 load(const std::int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
HAND_INLINE f32 load(const float* p, prefix m) {
    if (m.n >= 8) return load(p);
    if (m.n == 4) return _mm256_zextps128_ps256(_mm_loadu_ps(p));
    if (m.n == 2) return _mm256_zextps128_ps256(_mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
    if (m.n == 1) return _mm256_zextps128_ps256(_mm_load_ss(p));
    return _mm256_maskload_ps(p, lanes_of(m));
}
HAND_INLINE f64 load(const double* p, prefix64 m) {
    if (m.n >= 4) return load(p);
    if (m.n == 2) return _mm256_zextpd128_pd256(_mm_loadu_pd(p));
    if (m.n == 1) return _mm256_zextpd128_pd256(_mm_load_sd(p));
    return _mm256_maskload_pd(p, lanes_of(m));
}
HAND_INLINE void store(float* p, f32 v) { _mm256_storeu_ps(p, v); }
HAND_INLINE void store(double* p, f64 v) { _mm256_storeu_pd(p, v); }
HAND_INLINE void store(float* p, f32 v, prefix m) {
    if (m.n >= 8) return store(p, v);
    __m128 rest = _mm256_castps256_ps128(v);
    if (m.n & 4) _mm_storeu_ps(p, rest), p += 4, rest = _mm256_extractf128_ps(v, 1);
    if (m.n & 2) _mm_storel_pi(reinterpret_cast<__m64*>(p), rest), p += 2, rest = _mm_movehl_ps(rest, rest);
    if (m.n & 1) _mm_store_ss(p, rest);
}
HAND_INLINE void store(double* p, f64 v, prefix64 m) {
    if (m.n >= 4) return store(p, v);
    __m128d rest = _mm256_castpd256_pd128(v);
    if (m.n & 2) _mm_storeu_pd(p, rest), p += 2, rest = _mm256_extractf128_pd(v, 1);
    if (m.n & 1) _mm_store_sd(p, rest);
}
HAND_INLINE f32 load_bytes(const std::uint8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))); }
HAND_INLINE void stream(float* p, f32 v) { _mm256_stream_ps(p, v); }   // around the caches

HAND_INLINE f32 fma(f32 a, f32 b, f32 c) { return _mm256_fmadd_ps(a, b, c); }     // a b + c
HAND_INLINE f64 fma(f64 a, f64 b, f64 c) { return _mm256_fmadd_pd(a, b, c); }
HAND_INLINE f32 fms(f32 a, f32 b, f32 c) { return _mm256_fmsub_ps(a, b, c); }     // a b - c
HAND_INLINE f32 fnma(f32 a, f32 b, f32 c) { return _mm256_fnmadd_ps(a, b, c); }   // c - a b
HAND_INLINE f64 fnma(f64 a, f64 b, f64 c) { return _mm256_fnmadd_pd(a, b, c); }
HAND_INLINE f32 max(f32 a, f32 b) { return _mm256_max_ps(a, b); }                 // b where one is NaN
HAND_INLINE f64 max(f64 a, f64 b) { return _mm256_max_pd(a, b); }
HAND_INLINE f32 min(f32 a, f32 b) { return _mm256_min_ps(a, b); }
HAND_INLINE f32 abs(f32 x) { return _mm256_andnot_ps(all(-0.0f), x); }
HAND_INLINE f64 abs(f64 x) { return _mm256_andnot_pd(all(-0.0), x); }

HAND_INLINE mask greater(f32 a, f32 b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
HAND_INLINE mask64 greater(f64 a, f64 b) { return _mm256_cmp_pd(a, b, _CMP_GT_OQ); }
HAND_INLINE mask equal(f32 a, f32 b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
HAND_INLINE mask equal(i32 a, i32 b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
HAND_INLINE mask unordered(f32 a, f32 b) { return _mm256_cmp_ps(a, b, _CMP_UNORD_Q); }
HAND_INLINE mask either(mask a, mask b) { return _mm256_or_ps(a, b); }
HAND_INLINE mask both(mask a, mask b) { return _mm256_and_ps(a, b); }
HAND_INLINE mask without(mask a, mask b) { return _mm256_andnot_ps(b, a); }   // a and not b
HAND_INLINE bool any(mask m) { return _mm256_movemask_ps(m) != 0; }
HAND_INLINE std::uint64_t bits_of(mask m) { return static_cast<std::uint64_t>(_mm256_movemask_ps(m)); }
HAND_INLINE mask mask_of(std::uint64_t bits) {
    const i32 one = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return equal(_mm256_and_si256(all(static_cast<std::int32_t>(bits)), one), one);
}
HAND_INLINE f32 where(mask m, f32 a, f32 b) { return _mm256_blendv_ps(b, a, m); }   // a in the lanes of m, b in the others
HAND_INLINE f64 where(mask64 m, f64 a, f64 b) { return _mm256_blendv_pd(b, a, m); }
HAND_INLINE f32 keep(mask m, f32 v) { return _mm256_and_ps(m, v); }                 // v in the lanes of m, 0 in the others
HAND_INLINE f64 keep(mask64 m, f64 v) { return _mm256_and_pd(m, v); }
HAND_INLINE f32 keep(prefix m, f32 v) { return m.n >= 8 ? v : keep(_mm256_castsi256_ps(lanes_of(m)), v); }
HAND_INLINE f64 keep(prefix64 m, f64 v) { return m.n >= 4 ? v : keep(_mm256_castsi256_pd(lanes_of(m)), v); }
HAND_INLINE f32 load(const float* p, prefix m, f32 otherwise) {
    return m.n >= 8 ? load(p) : where(_mm256_castsi256_ps(lanes_of(m)), load(p, m), otherwise);
}

HAND_INLINE __m128 folded_half(f32 v, auto f) { return f(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
HAND_INLINE float fold_lanes(f32 v, auto f) {
    const __m128 four = folded_half(v, f), two = f(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(f(two, _mm_movehdup_ps(two)));
}
HAND_INLINE float total(f32 v) { return fold_lanes(v, [](__m128 a, __m128 b) { return a + b; }); }
HAND_INLINE float greatest(f32 v) { return fold_lanes(v, [](__m128 a, __m128 b) { return _mm_max_ps(a, b); }); }
HAND_INLINE double total(f64 v) {
    const __m128d two = _mm256_castpd256_pd128(v) + _mm256_extractf128_pd(v, 1);
    return _mm_cvtsd_f64(two + _mm_unpackhi_pd(two, two));
}
HAND_INLINE float first_lane(f32 v) { return _mm256_cvtss_f32(v); }
/// Lane k everywhere.
HAND_INLINE f32 lane(f32 v, int k) { return _mm256_permutevar8x32_ps(v, _mm256_set1_epi32(k)); }
/// The lanes of v one further, the last of `before` in front of them.
HAND_INLINE f64 moved_on(f64 v, f64 before) { return _mm256_shuffle_pd(_mm256_permute2f128_pd(before, v, 0x21), v, 0b0101); }
HAND_INLINE double last_lane(f64 v) {
    const __m128d high = _mm256_extractf128_pd(v, 1);
    return _mm_cvtsd_f64(_mm_unpackhi_pd(high, high));
}
/// x[at[0]], Step further x[at[1]], and so on.
template <long Step>
HAND_INLINE f32 one_of_each(const float* x, const std::int32_t* at) {
    const auto of = [&](int k) { return x[k * Step + at[k]]; };
    return _mm256_setr_ps(of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7));
}

/// Each of 2 floats four times; the sum of the fours of lanes.
HAND_INLINE f32 each_four_times(const float* p) { return _mm256_set_m128(_mm_broadcast_ss(p + 1), _mm_broadcast_ss(p)); }
HAND_INLINE __m128 fours_of(f32 v) { return folded_half(v, [](__m128 a, __m128 b) { return a + b; }); }

/// 1 / sqrt x to the last bit or two: an estimate of 12 bits and one step of Newton.
HAND_INLINE f32 reciprocal_root(f32 x) {
    const f32 y = _mm256_rsqrt_ps(x);
    return fma(y * all(0.5f), fnma(x * y, y, all(1.0f)), y);
}

/// Lane r of the result: all lanes of v[r] folded by `f` (8 vectors to one in 7 steps instead of 24).
template <class F>
HAND_INLINE f32 fold_each(f32 (&v)[8], F f) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) v[k] = f(_mm256_permute2f128_ps(v[k], v[k + 4], 0x20), _mm256_permute2f128_ps(v[k], v[k + 4], 0x31));
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k) v[k] = f(_mm256_unpacklo_ps(v[k], v[k + 2]), _mm256_unpackhi_ps(v[k], v[k + 2]));
    return f(_mm256_unpacklo_ps(v[0], v[1]), _mm256_unpackhi_ps(v[0], v[1]));
}

/// 8 rows become 8 columns.
HAND_INLINE void transpose_square(f32 (&a)[8]) {
    f32 b[8];
#pragma GCC unroll 4
    for (int k = 0; k < 8; k += 2) b[k] = _mm256_unpacklo_ps(a[k], a[k + 1]), b[k + 1] = _mm256_unpackhi_ps(a[k], a[k + 1]);
#pragma GCC unroll 2
    for (int k = 0; k < 8; k += 4)
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
            const f64 p = _mm256_castps_pd(b[k + h]), q = _mm256_castps_pd(b[k + 2 + h]);
            a[k + 2 * h] = _mm256_castpd_ps(_mm256_unpacklo_pd(p, q));
            a[k + 2 * h + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(p, q));
        }
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {   // a[4 i + c]: rows 4 i .. 4 i + 3 of columns c, c + 4
        const f32 p = a[c], q = a[4 + c];
        a[c] = _mm256_permute2f128_ps(p, q, 0x20);
        a[4 + c] = _mm256_permute2f128_ps(p, q, 0x31);
    }
}
/// Lanes of a and b in pairs, `step` apart.
HAND_INLINE void store_pairs(float* p, long step, f32 a, f32 b) {
    const f32 even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);   // rows 0, 1, 4, 5 and 2, 3, 6, 7
    const auto two = [&](long r, __m128 v) {
        _mm_storel_pi(reinterpret_cast<__m64*>(p + r * step), v);
        _mm_storeh_pi(reinterpret_cast<__m64*>(p + (r + 1) * step), v);
    };
    two(0, _mm256_castps256_ps128(even)), two(4, _mm256_extractf128_ps(even, 1));
    two(2, _mm256_castps256_ps128(odd)), two(6, _mm256_extractf128_ps(odd, 1));
}
/// 8 rows of 8 floats, `from` apart, become 8 columns: to[c * to_step + r] = x[r * from + c].
HAND_INLINE void transpose_square(const float* x, long from, float* to, long to_step) {
    f32 a[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) a[k] = load(x + k * from);
    transpose_square(a);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) store(to + k * to_step, a[k]);
}

}  // namespace hand
