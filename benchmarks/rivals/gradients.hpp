// Values and gradients of functions of few variables, in double: what reverse mode gives when a person simplifies it.
#pragma once
#include "simd.hpp"
#include "straight.hpp"

#include <cmath>

namespace hand {

/// sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2. Eight terms at a time, the others one by one.
template <int N>
[[gnu::noinline]] double rosenbrock(const double* x, double* g) {
    double value = 0, carry = 0;
    int i = 0;
    if constexpr (N > 8) {
        f64x8 sum = _mm512_setzero_pd(), before = sum;
        for (; i + 8 < N; i += 8) {
            const f64x8 a = load(x + i), t = _mm512_fnmadd_pd(a, a, load(x + i + 1)), u = _mm512_sub_pd(all(1.0), a);
            sum = fma(_mm512_mul_pd(t, all(100.0)), t, fma(u, u, sum));
            const f64x8 shifted = _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(t), _mm512_castpd_si512(before), 7));
            store(g + i, fma(shifted, all(200.0), fma(_mm512_mul_pd(a, all(-400.0)), t, _mm512_mul_pd(u, all(-2.0)))));
            before = t;
        }
        value = _mm512_reduce_add_pd(sum);
        carry = 200 * _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_setzero_si512(), _mm512_castpd_si512(before), 7))[0];
    }
    return straight::rosenbrock_from<N>(i, value, carry, x, g);
}
/// sum of 100 (b[i] - a[i]^2)^2 + (1 - a[i])^2
template <int N>
[[gnu::noinline]] double rosenbrock_pairs(const double* a, const double* b, double* da, double* db) {
    f64x8 sum[2]{_mm512_setzero_pd(), _mm512_setzero_pd()};
#pragma GCC unroll 16
    for (int i = 0; i < N; i += 8) {
        const __mmask8 m = static_cast<__mmask8>(N - i >= 8 ? 0xff : (1 << (N - i)) - 1);
        const f64x8 x = _mm512_maskz_loadu_pd(m, a + i), t = _mm512_fnmadd_pd(x, x, _mm512_maskz_loadu_pd(m, b + i));
        const f64x8 u = _mm512_maskz_sub_pd(m, all(1.0), x);
        sum[i / 8 % 2] = fma(_mm512_mul_pd(t, all(100.0)), t, fma(u, u, sum[i / 8 % 2]));
        _mm512_mask_storeu_pd(da + i, m, fma(_mm512_mul_pd(x, all(-400.0)), t, _mm512_mul_pd(u, all(-2.0))));
        _mm512_mask_storeu_pd(db + i, m, _mm512_mul_pd(t, all(200.0)));
    }
    return _mm512_reduce_add_pd(_mm512_add_pd(sum[0], sum[1]));
}

/// y[i] = exp(sin(y[i-1] x[i])), y[0] = x[0]: the last y. One after the other, so no vectors.
template <int N>
[[gnu::noinline]] double nested(const double* x, double* g) {
    double y[N], slope[N];
    y[0] = x[0];
#pragma GCC unroll 16
    for (int i = 1; i < N; ++i) {
        const double u = y[i - 1] * x[i];
        y[i] = std::exp(std::sin(u));
        slope[i] = y[i] * std::cos(u);
    }
    double up = 1;
#pragma GCC unroll 16
    for (int i = N - 1; i > 0; --i) {
        up *= slope[i];
        g[i] = up * y[i - 1];
        up *= x[i];
    }
    g[0] = up;
    return y[N - 1];
}

/// The price of a call and its derivatives by spot, strike, rate, volatility and time. S phi(d1) = K exp(-rT) phi(d2) saves an exp.
[[gnu::noinline]] inline double black_scholes(double spot, double strike, double rate, double sigma, double time, double* g) {
    const double root = std::sqrt(time), spread = sigma * root;
    const double d1 = (std::log(spot / strike) + (rate + 0.5 * sigma * sigma) * time) / spread, d2 = d1 - spread;
    const double n1 = 0.5 * std::erfc(-0.70710678118654752 * d1), n2 = 0.5 * std::erfc(-0.70710678118654752 * d2);
    const double discount = std::exp(-rate * time), density = spot * 0.39894228040143268 * std::exp(-0.5 * d1 * d1);
    const double kept = discount * n2, debt = strike * kept;
    g[0] = n1;
    g[1] = -kept;
    g[2] = time * debt;
    g[3] = density * root;
    g[4] = 0.5 * density * sigma / root + rate * debt;
    return spot * n1 - debt;
}

}  // namespace hand
