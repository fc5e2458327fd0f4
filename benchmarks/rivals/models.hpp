// Gradients of models over a thousand observations, in double. Lanes are observations; data lie in blocks of a vector of them,
// [block][variable][width64 observations].
#pragma once
#include "functions.hpp"

#include <cmath>

namespace hand {

/// One pass over the observations: z = x w, then slope(z, block), whose products with x are the gradient. What slope makes of each
/// observation besides is its own. Where sums of all variables do not fit the registers, `At` blocks at a time share the way to memory.
template <int N, int V, class Slope, int At = avx512 ? 1 : 5>
HAND_INLINE void linear_model(const double* x, const double* w, double* g, Slope slope) {
    constexpr int parts = avx512 ? 4 : 2;   // of each z: their latency
    static_assert(N % (At * width64) == 0 && V <= 24);
    f64 sum[V];
#pragma GCC unroll 24
    for (int v = 0; v < V; ++v) sum[v] = f64{};
    for (int b = 0; b < N / width64; b += At) {
        const double* const block = x + b * V * width64;
        f64 z[At][parts]{}, r[At];
#pragma GCC unroll 24
        for (int v = 0; v < V; ++v)
#pragma GCC unroll 8
            for (int k = 0; k < At; ++k) z[k][v % parts] = fma(all(w[v]), load(block + width64 * (k * V + v)), z[k][v % parts]);
#pragma GCC unroll 8
        for (int k = 0; k < At; ++k)
            if constexpr (parts == 4) r[k] = slope((z[k][0] + z[k][1]) + (z[k][2] + z[k][3]), b + k);
            else r[k] = slope(z[k][0] + z[k][1], b + k);
#pragma GCC unroll 24
        for (int v = 0; v < V; ++v)
#pragma GCC unroll 8
            for (int k = 0; k < At; ++k) sum[v] = fma(r[k], load(block + width64 * (k * V + v)), sum[v]);
    }
#pragma GCC unroll 24
    for (int v = 0; v < V; ++v) g[v] = total(sum[v]);
}
/// sum of (x w - y)^2 / 2
template <int N, int V>
[[gnu::noinline]] double least_squares(const double* x, const double* y, const double* w, double* g) {
    f64 value{};
    linear_model<N, V>(x, w, g, [&](f64 z, int b) HAND_INLINED {
        const f64 r = z - load(y + width64 * b);
        value = fma(r, r, value);
        return r;
    });
    return 0.5 * total(value);
}
/// sum of log(1 + exp(x w)) - y x w: one exp for the value and the slope.
template <int N, int V>
[[gnu::noinline]] double logistic(const double* x, const double* y, const double* w, double* g) {
    f64 value{};
    linear_model<N, V>(x, w, g, [&](f64 z, int b) HAND_INLINED {
        const f64 e = exp(f64{} - abs(z)), t = load(y + width64 * b), above = max(z, f64{});
        value = value + fnma(t, z, above + log1p_unit(e));
        return where(greater(z, f64{}), all(1.0), e) / (all(1.0) + e) - t;
    });
    return total(value);
}
/// sum over y of log sum over k of exp(a[k] - s[k] - ((y - m[k]) exp(-s[k]))^2 / 2), and its gradients by a, s and m.
template <int N, int K>
[[gnu::noinline]] double mixture(const double* y, const double* a, const double* s, const double* m, double* da, double* ds, double* dm) {
    double narrow[K];
    f64 value{}, sum_a[K], sum_s[K], sum_m[K];
    for (int k = 0; k < K; ++k) narrow[k] = std::exp(-s[k]);
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) sum_a[k] = sum_s[k] = sum_m[k] = f64{};
    constexpr int at = avx512 ? 1 : 10;   // vectors at a time: with AVX2, the sums find registers when the exponentials are done
    static_assert(N % (at * width64) == 0);
    for (int i = 0; i < N; i += at * width64) {
        f64 u[at][K], e[at][K], most[at], sum[at];
        for (int h = 0; h < at; ++h) {
            const f64 v = load(y + i + h * width64);
#pragma GCC unroll 8
            for (int k = 0; k < K; ++k) {
                u[h][k] = (v - all(m[k])) * all(narrow[k]);
                e[h][k] = fma(u[h][k] * u[h][k], all(-0.5), all(a[k] - s[k]));
            }
            most[h] = e[h][0], sum[h] = f64{};
#pragma GCC unroll 8
            for (int k = 1; k < K; ++k) most[h] = max(most[h], e[h][k]);
#pragma GCC unroll 8
            for (int k = 0; k < K; ++k) sum[h] = sum[h] + (e[h][k] = exp(e[h][k] - most[h]));
        }
        for (int h = 0; h < at; ++h) {
            value = value + (most[h] + log(sum[h]));
            const f64 by = all(1.0) / sum[h];
#pragma GCC unroll 8
            for (int k = 0; k < K; ++k) {
                const f64 r = e[h][k] * by, ru = r * u[h][k];
                sum_a[k] = sum_a[k] + r;
                sum_m[k] = sum_m[k] + ru;
                sum_s[k] = fma(ru, u[h][k], sum_s[k]);
            }
        }
    }
    for (int k = 0; k < K; ++k) {
        da[k] = total(sum_a[k]);
        ds[k] = total(sum_s[k]) - da[k];
        dm[k] = total(sum_m[k]) * narrow[k];
    }
    return total(value);
}

}  // namespace hand
