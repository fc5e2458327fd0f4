// Products of matrices with all sizes and strides known: a tile of 14 rows and 32 columns in 32 registers (28 sums, two vectors of b,
// one broadcast) or of 6 rows and 16 columns in 16 (12 sums), rows spread evenly over the tiles. What becomes of a sum is up to the
// caller: bias, relu, an update in place.
#pragma once
#include "simd.hpp"

#include <type_traits>

namespace hand {

/// Where a matrix has its elements: (i, j) at i * row + j * column.
struct strides {
    long row, column;
};

/// MR rows, NV vectors of columns, the last of them with the lanes of Last.
template <long K, strides A, long BRow, int MR, int NV, prefix Last, class Then>
HAND_INLINE void tile(const float* a, const float* b, long i, long j, Then& then) {
    f32 sum[MR][NV];
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[r][v] = f32{};
    const float *pa = a + i * A.row, *pb = b;
    for (long k = 0; k < K; ++k, pa += A.column, pb += BRow) {
        f32 bs[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) bs[v] = v + 1 < NV ? load(pb + width * v) : load(pb + width * v, Last);
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) {
            const f32 x = all(pa[r * A.row]);
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) sum[r][v] = fma(x, bs[v], sum[r][v]);
        }
    }
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) then(sum[r][v], i + r, j + width * v, v + 1 < NV ? first(width) : Last);
}

#if defined(__AVX512F__)
/// MR rows of at most 8 columns: with AVX-512, half a vector takes half the time.
template <long K, strides A, long BRow, int MR, prefix Last, class Then>
HAND_INLINE void half_tile(const float* a, const float* b, long i, long j, Then& then) {
    __m256 sum[MR];
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r) sum[r] = _mm256_setzero_ps();
    const float *pa = a + i * A.row, *pb = b;
    for (long k = 0; k < K; ++k, pa += A.column, pb += BRow) {
        const __m256 bs = _mm256_maskz_loadu_ps(static_cast<__mmask8>(Last), pb);
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) sum[r] = _mm256_fmadd_ps(_mm256_set1_ps(pa[r * A.row]), bs, sum[r]);
    }
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r) then(_mm512_zextps256_ps512(sum[r]), i + r, j, Last);
}
#endif

/// All rows of Over columns from b on, by products along k, which fill the vectors that so few columns do not.
template <long M, long K, strides A, long BRow, long Over, class Then>
HAND_INLINE void products_along(const float* a, const float* b, long j, Then& then) {
    constexpr int rows = width / static_cast<int>(Over);
    static_assert(A.column == 1 && K % width == 0 && M % rows == 0);
    alignas(64) float turned[Over][K], result[width];
    for (long k = 0; k < K; ++k)
        for (long c = 0; c < Over; ++c) turned[c][k] = b[k * BRow + c];
    for (long i = 0; i < M; i += rows) {
        f32 sum[width]{};
        for (long k = 0; k < K; k += width) {
            f32 bs[Over];
#pragma GCC unroll 4
            for (int c = 0; c < Over; ++c) bs[c] = load(turned[c] + k);
#pragma GCC unroll 8
            for (int r = 0; r < rows; ++r) {
                const f32 x = load(a + (i + r) * A.row + k);
#pragma GCC unroll 4
                for (int c = 0; c < Over; ++c) sum[Over * r + c] = fma(x, bs[c], sum[Over * r + c]);
            }
        }
        store(result, fold_each(sum, added));
        for (int r = 0; r < rows; ++r) then(load(result + Over * r, first(Over)), i + r, j, first(Over));
    }
}

/// All rows of NV vectors of columns, from b on; NV = 0 stands for half a vector.
template <long M, long K, strides A, long BRow, int NV, prefix Last, class Then>
HAND_INLINE void columns(const float* a, const float* b, long j, Then& then) {
    constexpr long most = avx512 ? (NV < 2 ? 28 : NV == 2 ? 14 : 8) : (NV < 2 ? 12 : NV == 2 ? 6 : 4);
    constexpr long blocks = (M + most - 1) / most, rows = M / blocks, longer = M % blocks;
    const auto some = [&]<int MR>(std::integral_constant<int, MR>, long i) {
#if defined(__AVX512F__)
        if constexpr (NV == 0) return half_tile<K, A, BRow, MR, Last>(a, b, i, j, then);
#endif
        if constexpr (NV > 0) tile<K, A, BRow, MR, NV, Last>(a, b, i, j, then);
    };
    for (long k = 0; k < longer; ++k) some(std::integral_constant<int, static_cast<int>(rows + 1)>{}, k * (rows + 1));
    for (long k = longer; k < blocks; ++k) some(std::integral_constant<int, static_cast<int>(rows)>{}, k * rows + longer);
}

/// then(sum over k of a(i, k) b(k, j ..), i, j, lanes) for all i and vectors of j. The rows of b are contiguous.
template <long M, long N, long K, strides A, long BRow, class Then>
[[gnu::noinline]] void product(const float* a, const float* b, Then then) {
    constexpr long over = N % width;
    constexpr bool half = avx512 && over > 0 && over <= width / 2;
    constexpr bool along = !avx512 && N == width + 2 && A.column == 1 && K % width == 0 && M % (width / 2) == 0;
    constexpr long vectors = (N + width - 1) / width - half - along;   // of whole width
    constexpr long pairs = vectors == 3 || (!avx512 && vectors % 2 == 1 && vectors > 1) ? (vectors - 3) / 2 : vectors / 2;
    constexpr long complete = over > 0 && !half && !along && vectors == 2 * pairs ? pairs - 1 : pairs;   // pairs
    constexpr int odd = static_cast<int>(vectors - 2 * pairs);
    constexpr bool copied = !avx512 && M >= 128;   // two vectors of columns at a time: that they lie together pays with many rows
    constexpr prefix every = first(width), last = over == 0 ? every : first(over);
    for (long j = 0; j < 2 * width * complete; j += 2 * width)
        if constexpr (copied) {
            alignas(64) float panel[K * 2 * width];
            for (long k = 0; k < K; ++k)
                for (int v = 0; v < 2; ++v) store(panel + width * (2 * k + v), load(b + k * BRow + j + width * v));
            columns<M, K, A, 2 * width, 2, every>(a, panel, j, then);
        } else columns<M, K, A, BRow, 2, every>(a, b + j, j, then);
    if constexpr (complete < pairs) columns<M, K, A, BRow, 2, last>(a, b + 2 * width * complete, 2 * width * complete, then);
    if constexpr (odd > 0) columns<M, K, A, BRow, odd, half || along ? every : last>(a, b + 2 * width * pairs, 2 * width * pairs, then);
    if constexpr (along) products_along<M, K, A, BRow, over>(a, b + width, width, then);
    if constexpr (half) columns<M, K, A, BRow, 0, last>(a, b + width * vectors, width * vectors, then);
}

/// c = a b
template <long N>
struct stored {
    float* c;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix m) const { store(c + i * N + j, sum, m); }
};
/// c = relu(a b + bias); a NaN stays one
template <long N>
struct dense_relu {
    const float* bias;
    float* c;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix m) const {
        store(c + i * N + j, max(f32{}, sum + load(bias + j, m)), m);
    }
};
/// c = a b + bias
template <long N>
struct dense {
    const float* bias;
    float* c;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix m) const {
        store(c + i * N + j, sum + load(bias + j, m), m);
    }
};
/// c -= rate a b
template <long N>
struct descent {
    float rate;
    float* c;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix m) const {
        float* const p = c + i * N + j;
        store(p, fnma(all(rate), sum, load(p, m)), m);
    }
};

/// d = a b where y > 0, else 0: back through a relu.
template <long N>
struct where_positive {
    const float* y;
    float* d;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix m) const {
        store(d + i * N + j, keep(greater(load(y + i * N + j, m), f32{}), sum), m);
    }
};

/// to(j, i) = from(i, j) of a rows x columns matrix, by squares; what is over goes one by one.
template <long Rows, long Columns>
[[gnu::noinline]] void transpose(const float* from, float* to) {
    constexpr long r = Rows / width * width, c = Columns / width * width;
    for (long i = 0; i < r; i += width)
        for (long j = 0; j < c; j += width) transpose_square(from + i * Columns + j, Columns, to + j * Rows + i, Rows);
    for (long i = 0; i < Rows; ++i)
        for (long j = i < r ? c : 0; j < Columns; ++j) to[j * Rows + i] = from[i * Columns + j];
}

}  // namespace hand
