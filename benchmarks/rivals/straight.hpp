// Plain loops, as one writes them without a thought of vectors: what a compiler makes of them on any machine.
#pragma once

namespace straight {

/// The terms of Rosenbrock's function from i on, added to `value`; `carry` is what the term before them gives to g[i].
template <int N>
[[gnu::always_inline]] inline double rosenbrock_from(int i, double value, double carry, const double* x, double* g) {
#pragma GCC unroll 8
    for (; i + 1 < N; ++i) {
        const double t = x[i + 1] - x[i] * x[i], u = 1 - x[i];
        value += 100 * t * t + u * u;
        g[i] = carry - 400 * x[i] * t - 2 * u;
        carry = 200 * t;
    }
    g[N - 1] = carry;
    return value;
}
/// sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 and its gradient.
template <int N>
[[gnu::noinline]] double rosenbrock(const double* x, double* g) { return rosenbrock_from<N>(0, 0, 0, x, g); }

}  // namespace straight
