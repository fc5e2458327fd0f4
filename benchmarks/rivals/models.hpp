// Gradients of models over a thousand observations, in double. Lanes are observations; data lie in blocks of eight of them,
// [block][variable][8 observations].
#pragma once
#include "functions.hpp"

#include <cmath>

namespace hand {

/// log x for x in [1, 2^100].
HAND_INLINE f64x8 log(f64x8 x) {
    const f64x8 m = _mm512_getmant_pd(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
    return fma(_mm512_getexp_pd(x), all(0.69314718055994531), log1p_unit(_mm512_sub_pd(m, all(1.0))));
}

/// One pass over the observations: z = x w, then slope(z, block), whose products with x are the gradient. What slope makes of each
/// observation besides is its own.
template <int N, int V, class Slope>
HAND_INLINE void linear_model(const double* x, const double* w, double* g, Slope slope) {
    static_assert(N % 8 == 0 && V <= 24);
    f64x8 sum[V];
#pragma GCC unroll 24
    for (int v = 0; v < V; ++v) sum[v] = _mm512_setzero_pd();
    for (int b = 0; b < N / 8; ++b) {
        const double* const block = x + b * V * 8;
        f64x8 z[4]{_mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()};
#pragma GCC unroll 24
        for (int v = 0; v < V; ++v) z[v % 4] = fma(all(w[v]), load(block + 8 * v), z[v % 4]);
        const f64x8 r = slope(_mm512_add_pd(_mm512_add_pd(z[0], z[1]), _mm512_add_pd(z[2], z[3])), b);
#pragma GCC unroll 24
        for (int v = 0; v < V; ++v) sum[v] = fma(r, load(block + 8 * v), sum[v]);
    }
#pragma GCC unroll 24
    for (int v = 0; v < V; ++v) g[v] = _mm512_reduce_add_pd(sum[v]);
}
/// sum of (x w - y)^2 / 2
template <int N, int V>
[[gnu::noinline]] double least_squares(const double* x, const double* y, const double* w, double* g) {
    f64x8 value = _mm512_setzero_pd();
    linear_model<N, V>(x, w, g, [&](f64x8 z, int b) HAND_INLINED {
        const f64x8 r = _mm512_sub_pd(z, load(y + 8 * b));
        value = fma(r, r, value);
        return r;
    });
    return 0.5 * _mm512_reduce_add_pd(value);
}
/// sum of log(1 + exp(x w)) - y x w: one exp for the value and the slope.
template <int N, int V>
[[gnu::noinline]] double logistic(const double* x, const double* y, const double* w, double* g) {
    f64x8 value = _mm512_setzero_pd();
    linear_model<N, V>(x, w, g, [&](f64x8 z, int b) HAND_INLINED {
        const f64x8 e = exp(_mm512_sub_pd(_mm512_setzero_pd(), _mm512_abs_pd(z))), t = load(y + 8 * b);
        const f64x8 above = _mm512_max_pd(z, _mm512_setzero_pd());
        value = _mm512_add_pd(value, _mm512_fnmadd_pd(t, z, _mm512_add_pd(above, log1p_unit(e))));
        const __mmask8 positive = _mm512_cmp_pd_mask(z, _mm512_setzero_pd(), _CMP_GT_OQ);
        const f64x8 p = _mm512_div_pd(_mm512_mask_mov_pd(e, positive, all(1.0)), _mm512_add_pd(all(1.0), e));
        return _mm512_sub_pd(p, t);
    });
    return _mm512_reduce_add_pd(value);
}
/// sum over y of log sum over k of exp(a[k] - s[k] - ((y - m[k]) exp(-s[k]))^2 / 2), and its gradients by a, s and m.
template <int N, int K>
[[gnu::noinline]] double mixture(const double* y, const double* a, const double* s, const double* m, double* da, double* ds, double* dm) {
    double narrow[K];
    f64x8 value = _mm512_setzero_pd(), sum_a[K], sum_s[K], sum_m[K];
    for (int k = 0; k < K; ++k) narrow[k] = std::exp(-s[k]);
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) sum_a[k] = sum_s[k] = sum_m[k] = _mm512_setzero_pd();
    for (int i = 0; i < N; i += 8) {
        const f64x8 v = load(y + i);
        f64x8 u[K], e[K];
#pragma GCC unroll 8
        for (int k = 0; k < K; ++k) {
            u[k] = _mm512_mul_pd(_mm512_sub_pd(v, all(m[k])), all(narrow[k]));
            e[k] = fma(_mm512_mul_pd(u[k], u[k]), all(-0.5), all(a[k] - s[k]));
        }
        f64x8 most = e[0], sum = _mm512_setzero_pd();
#pragma GCC unroll 8
        for (int k = 1; k < K; ++k) most = _mm512_max_pd(most, e[k]);
#pragma GCC unroll 8
        for (int k = 0; k < K; ++k) sum = _mm512_add_pd(sum, e[k] = exp(_mm512_sub_pd(e[k], most)));
        value = _mm512_add_pd(value, _mm512_add_pd(most, log(sum)));
        const f64x8 by = _mm512_div_pd(all(1.0), sum);
#pragma GCC unroll 8
        for (int k = 0; k < K; ++k) {
            const f64x8 r = _mm512_mul_pd(e[k], by), ru = _mm512_mul_pd(r, u[k]);
            sum_a[k] = _mm512_add_pd(sum_a[k], r);
            sum_m[k] = _mm512_add_pd(sum_m[k], ru);
            sum_s[k] = fma(ru, u[k], sum_s[k]);
        }
    }
    for (int k = 0; k < K; ++k) {
        da[k] = _mm512_reduce_add_pd(sum_a[k]);
        ds[k] = _mm512_reduce_add_pd(sum_s[k]) - da[k];
        dm[k] = _mm512_reduce_add_pd(sum_m[k]) * narrow[k];
    }
    return _mm512_reduce_add_pd(value);
}

}  // namespace hand
