// One sample through small nets, everything between the weights and the result in registers or on one page of the stack.
#pragma once
#include "functions.hpp"

namespace hand {

/// y = x w + bias for w [In][Out], Out a multiple of 16 up to 256: rows of w stream through 8 or more sums.
template <long In, long Out, class F>
HAND_INLINE void row_times(const float* x, const float* w, const float* bias, float* y, F f) {
    constexpr int vectors = Out / 16, sets = vectors >= 8 ? 2 : 4;
    static_assert(Out % 16 == 0 && In % sets == 0);
    f32x16 sum[sets][vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
        sum[0][v] = load(bias + 16 * v);
#pragma GCC unroll 4
        for (int s = 1; s < sets; ++s) sum[s][v] = _mm512_setzero_ps();
    }
    for (long k = 0; k < In; k += sets)
#pragma GCC unroll 4
        for (int s = 0; s < sets; ++s)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[s][v] = fma(all(x[k + s]), load(w + (k + s) * Out + 16 * v), sum[s][v]);
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
        if constexpr (sets == 4) sum[0][v] = _mm512_add_ps(_mm512_add_ps(sum[0][v], sum[1][v]), _mm512_add_ps(sum[2][v], sum[3][v]));
        else sum[0][v] = _mm512_add_ps(sum[0][v], sum[1][v]);
        store(y + 16 * v, f(sum[0][v]));
    }
}
/// y = x w + bias for Out <= 16.
template <long In, long Out>
HAND_INLINE void short_row_times(const float* x, const float* w, const float* bias, float* y) {
    constexpr __mmask16 lanes = static_cast<__mmask16>((1u << Out) - 1);
    f32x16 sum[8];
#pragma GCC unroll 8
    for (int s = 0; s < 8; ++s) sum[s] = s == 0 ? load(bias, lanes) : _mm512_setzero_ps();
    static_assert(In % 8 == 0);
    for (long k = 0; k < In; k += 8)
#pragma GCC unroll 8
        for (int s = 0; s < 8; ++s) sum[s] = fma(all(x[k + s]), load(w + (k + s) * Out, lanes), sum[s]);
#pragma GCC unroll 3
    for (int half = 4; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int s = 0; s < half; ++s) sum[s] = _mm512_add_ps(sum[s], sum[s + half]);
    store(y, sum[0], lanes);
}

/// 784-128-10, relu.
[[gnu::noinline]] inline void digits(const float* x, const float* w1, const float* b1, const float* w2, const float* b2, float* y) {
    alignas(64) float h[128];
    row_times<784, 128>(x, w1, b1, h, [](f32x16 v) { return _mm512_max_ps(_mm512_setzero_ps(), v); });
    short_row_times<128, 10>(h, w2, b2, y);
}
/// 8-32-32-4, tanh.
[[gnu::noinline]] inline void tiny(const float* x, const float* w1, const float* b1, const float* w2, const float* b2, const float* w3,
                                   const float* b3, float* y) {
    alignas(64) float h1[32], h2[32];
    row_times<8, 32>(x, w1, b1, h1, [](f32x16 v) { return tanh(v); });
    row_times<32, 32>(h1, w2, b2, h2, [](f32x16 v) { return tanh(v); });
    // four rows of the last layer are one vector: 8 of them, each lane times the value of its row
    f32x16 sum[2]{_mm512_setzero_ps(), _mm512_setzero_ps()};
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
        const __m512i row = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
        const f32x16 h = _mm512_permutexvar_ps(row, _mm512_castps128_ps512(_mm_load_ps(h2 + 4 * k)));
        sum[k % 2] = fma(h, load(w3 + 16 * k), sum[k % 2]);
    }
    const f32x16 all_rows = _mm512_add_ps(sum[0], sum[1]);
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all_rows), _mm512_extractf32x8_ps(all_rows, 1));
    const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    _mm_storeu_ps(y, _mm_add_ps(quarter, _mm_loadu_ps(b3)));
}

}  // namespace hand
