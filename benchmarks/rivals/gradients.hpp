// Values and gradients of functions of few variables, in double: what reverse mode gives when a person simplifies it.
#pragma once
#include "simd.hpp"
#include "straight.hpp"

#include <cmath>

namespace hand {

/// sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2. A vector of terms at a time, the others one by one.
template <int N>
[[gnu::noinline]] double rosenbrock(const double* x, double* g) {
    double value = 0, carry = 0;
    int i = 0;
    if constexpr (N > width64) {
        f64 products{}, squares{}, before{};   // of 200 t t and u u, 200 t
        for (; i + width64 < N; i += width64) {
            const f64 a = load(x + i), t = fnma(a, a, load(x + i + 1)), u = all(1.0) - a, slope = t * all(200.0);
            products = fma(slope, t, products);
            squares = fma(u, u, squares);
            store(g + i, fma(fma(a, slope, u), all(-2.0), moved_on(slope, before)));
            before = slope;
        }
        value = total(fma(products, all(0.5), squares));
        carry = last_lane(before);
    }
    return straight::rosenbrock_from<N>(i, value, carry, x, g);
}
/// sum of 100 (b[i] - a[i]^2)^2 + (1 - a[i])^2
template <int N>
[[gnu::noinline]] double rosenbrock_pairs(const double* a, const double* b, double* da, double* db) {
    f64 sum[2]{};
#pragma GCC unroll 16
    for (int i = 0; i < N; i += width64) {
        const prefix64 m = first64(N - i);
        const f64 x = load(a + i, m), t = fnma(x, x, load(b + i, m)), u = keep(m, all(1.0) - x);
        f64& part = sum[i / width64 % 2];
        part = fma(t * all(100.0), t, fma(u, u, part));
        store(da + i, fma(x * all(-400.0), t, u * all(-2.0)), m);
        store(db + i, t * all(200.0), m);
    }
    return total(sum[0] + sum[1]);
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
