// Plain loops, as one writes them without a thought of vectors: what a compiler makes of them on any machine.
#pragma once

namespace straight {

/// sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 and its gradient.
template <int N>
[[gnu::noinline]] double rosenbrock(const double* x, double* g) {
    double value = 0, carry = 0;
    for (int i = 0; i + 1 < N; ++i) {
        const double t = x[i + 1] - x[i] * x[i], u = 1 - x[i];
        value += 100 * t * t + u * u;
        g[i] = carry - 400 * x[i] * t - 2 * u;
        carry = 200 * t;
    }
    g[N - 1] = carry;
    return value;
}

}  // namespace straight
