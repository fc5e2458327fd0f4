// One sample through small nets, everything between the weights and the result in registers or on one page of the stack.
#pragma once
#include "functions.hpp"

namespace hand {

/// y = x w + bias for w [In][Out], Out a multiple of the width: rows of w stream through 8 or more sums.
template <long In, long Out, class F>
HAND_INLINE void row_times(const float* x, const float* w, const float* bias, float* y, F f) {
    constexpr int vectors = Out / width, sets = vectors < 8 ? 8 / vectors : avx512 ? 2 : 1;
    static_assert(Out % width == 0 && In % sets == 0);
    f32 sum[sets][vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
        sum[0][v] = load(bias + width * v);
#pragma GCC unroll 4
        for (int s = 1; s < sets; ++s) sum[s][v] = f32{};
    }
    for (long k = 0; k < In; k += sets)
#pragma GCC unroll 4
        for (int s = 0; s < sets; ++s)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[s][v] = fma(all(x[k + s]), load(w + (k + s) * Out + width * v), sum[s][v]);
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
        if constexpr (sets == 4) sum[0][v] = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
        else if constexpr (sets == 2) sum[0][v] = sum[0][v] + sum[1][v];
        store(y + width * v, f(sum[0][v]));
    }
}
/// y = x w + bias for Out <= 16: 8 sums.
template <long In, long Out>
HAND_INLINE void short_row_times(const float* x, const float* w, const float* bias, float* y) {
    constexpr int vectors = (Out + width - 1) / width, sets = 8 / vectors;
    static_assert(In % sets == 0);
    f32 sum[sets][vectors]{};
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) sum[0][v] = load(bias + width * v, first(Out - width * v));
    for (long k = 0; k < In; k += sets)
#pragma GCC unroll 8
        for (int s = 0; s < sets; ++s)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) sum[s][v] = fma(all(x[k + s]), load(w + (k + s) * Out + width * v, first(Out - width * v)), sum[s][v]);
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
#pragma GCC unroll 3
        for (int half = sets / 2; half > 0; half /= 2)
#pragma GCC unroll 4
            for (int s = 0; s < half; ++s) sum[s][v] = sum[s][v] + sum[s + half][v];
        store(y + width * v, sum[0][v], first(Out - width * v));
    }
}

/// 784-128-10, relu.
[[gnu::noinline]] inline void digits(const float* x, const float* w1, const float* b1, const float* w2, const float* b2, float* y) {
    alignas(64) float h[128];
    row_times<784, 128>(x, w1, b1, h, [](f32 v) { return max(f32{}, v); });
    short_row_times<128, 10>(h, w2, b2, y);
}
/// 8-32-32-4, tanh.
[[gnu::noinline]] inline void tiny(const float* x, const float* w1, const float* b1, const float* w2, const float* b2, const float* w3,
                                   const float* b3, float* y) {
    alignas(64) float h1[32], h2[32];
    row_times<8, 32>(x, w1, b1, h1, [](f32 v) { return tanh(v); });
    row_times<32, 32>(h1, w2, b2, h2, [](f32 v) { return tanh(v); });
    // four or two rows of the last layer are one vector, each lane times the value of its row
    constexpr int rows = width / 4;
    f32 sum[2]{};
#pragma GCC unroll 16
    for (int k = 0; k < 32 / rows; ++k) sum[k % 2] = fma(each_four_times(h2 + rows * k), load(w3 + width * k), sum[k % 2]);
    _mm_storeu_ps(y, fours_of(sum[0] + sum[1]) + _mm_loadu_ps(b3));
}

}  // namespace hand
