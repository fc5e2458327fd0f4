// Products of matrices with all sizes and strides known: a tile of 14 rows and 32 columns in registers (28 sums, two vectors of b,
// one broadcast), rows spread evenly over the tiles, nothing packed. What becomes of a sum is up to the caller: bias, relu, an
// update in place.
#pragma once
#include "simd.hpp"

#include <type_traits>

namespace hand {

/// Where a matrix has its elements: (i, j) at i * row + j * column.
struct strides {
    long row, column;
};

/// MR rows, NV vectors of columns, the last with the lanes of `last`.
template <long K, strides A, long BRow, int MR, int NV, class Then>
HAND_INLINE void tile(const float* a, const float* b, __mmask16 last, long i, long j, Then& then) {
    f32x16 sum[MR][NV];
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[r][v] = _mm512_setzero_ps();
    const float *pa = a + i * A.row, *pb = b + j;
    for (long k = 0; k < K; ++k, pa += A.column, pb += BRow) {
        f32x16 bs[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) bs[v] = v + 1 < NV ? load(pb + 16 * v) : load(pb + 16 * v, last);
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) {
            const f32x16 x = all(pa[r * A.row]);
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) sum[r][v] = fma(x, bs[v], sum[r][v]);
        }
    }
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) then(sum[r][v], i + r, j + 16 * v, v + 1 < NV ? static_cast<__mmask16>(0xffff) : last);
}

/// MR rows of at most 8 columns: half a vector takes half the time.
template <long K, strides A, long BRow, int MR, class Then>
HAND_INLINE void half_tile(const float* a, const float* b, __mmask16 last, long i, long j, Then& then) {
    __m256 sum[MR];
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r) sum[r] = _mm256_setzero_ps();
    const float *pa = a + i * A.row, *pb = b + j;
    for (long k = 0; k < K; ++k, pa += A.column, pb += BRow) {
        const __m256 bs = _mm256_maskz_loadu_ps(static_cast<__mmask8>(last), pb);
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) sum[r] = _mm256_fmadd_ps(_mm256_set1_ps(pa[r * A.row]), bs, sum[r]);
    }
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r) then(_mm512_zextps256_ps512(sum[r]), i + r, j, last);
}

/// All rows of NV vectors of columns; NV = 0 stands for half a vector.
template <long M, long K, strides A, long BRow, int NV, class Then>
HAND_INLINE void columns(const float* a, const float* b, __mmask16 last, long j, Then& then) {
    constexpr long most = NV < 2 ? 28 : NV == 2 ? 14 : 8, blocks = (M + most - 1) / most, rows = M / blocks, longer = M % blocks;
    const auto some = [&]<int MR>(std::integral_constant<int, MR>, long i) {
        if constexpr (NV == 0) half_tile<K, A, BRow, MR>(a, b, last, i, j, then);
        else tile<K, A, BRow, MR, NV>(a, b, last, i, j, then);
    };
    for (long k = 0; k < longer; ++k) some(std::integral_constant<int, static_cast<int>(rows + 1)>{}, k * (rows + 1));
    for (long k = longer; k < blocks; ++k) some(std::integral_constant<int, static_cast<int>(rows)>{}, k * rows + longer);
}

/// then(sum over k of a(i, k) b(k, j .. j + 15), i, j, lanes) for all i and j. The rows of b are contiguous.
template <long M, long N, long K, strides A, long BRow, class Then>
[[gnu::noinline]] void product(const float* a, const float* b, Then then) {
    constexpr __mmask16 every = 0xffff;
    constexpr long over = N % 16, vectors = (N + 15) / 16 - (over > 0 && over <= 8);   // of whole width
    constexpr long pairs = vectors == 3 ? 0 : vectors / 2;
    constexpr int odd = static_cast<int>(vectors - 2 * pairs);
    const __mmask16 last = over == 0 ? every : first(over);
    for (long p = 0; p + 1 < pairs; ++p) columns<M, K, A, BRow, 2>(a, b, every, 32 * p, then);
    if constexpr (pairs > 0) columns<M, K, A, BRow, 2>(a, b, over > 8 && odd == 0 ? last : every, 32 * (pairs - 1), then);
    if constexpr (odd > 0) columns<M, K, A, BRow, odd>(a, b, over > 8 ? last : every, 32 * pairs, then);
    if constexpr (over > 0 && over <= 8) columns<M, K, A, BRow, 0>(a, b, last, 16 * vectors, then);
}

/// c = a b
template <long N>
struct stored {
    float* c;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16 m) const { store(c + i * N + j, sum, m); }
};
/// c = relu(a b + bias); a NaN stays one
template <long N>
struct dense_relu {
    const float* bias;
    float* c;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16 m) const {
        store(c + i * N + j, _mm512_max_ps(all(0.0f), _mm512_add_ps(sum, load(bias + j, m))), m);
    }
};
/// c = a b + bias
template <long N>
struct dense {
    const float* bias;
    float* c;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16 m) const {
        store(c + i * N + j, _mm512_add_ps(sum, load(bias + j, m)), m);
    }
};
/// c -= rate a b
template <long N>
struct descent {
    float rate;
    float* c;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16 m) const {
        float* const p = c + i * N + j;
        store(p, _mm512_fnmadd_ps(all(rate), sum, load(p, m)), m);
    }
};

/// d = a b where y > 0, else 0: back through a relu.
template <long N>
struct where_positive {
    const float* y;
    float* d;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16 m) const {
        const __mmask16 positive = _mm512_mask_cmp_ps_mask(m, load(y + i * N + j, m), _mm512_setzero_ps(), _CMP_GT_OQ);
        store(d + i * N + j, _mm512_maskz_mov_ps(positive, sum), m);
    }
};

/// to(j, i) = from(i, j) of a rows x columns matrix, by blocks of 16 x 16; what is over goes one by one.
template <long Rows, long Columns>
[[gnu::noinline]] void transpose(const float* from, float* to) {
    constexpr long r = Rows / 16 * 16, c = Columns / 16 * 16;
    for (long i = 0; i < r; i += 16)
        for (long j = 0; j < c; j += 16) transpose_16x16(from + i * Columns + j, Columns, to + j * Rows + i, Rows);
    for (long i = 0; i < Rows; ++i)
        for (long j = i < r ? c : 0; j < Columns; ++j) to[j * Rows + i] = from[i * Columns + j];
}

}  // namespace hand
