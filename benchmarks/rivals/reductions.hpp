// Sums and maxima of n floats, n a template constant: eight partial results.
#pragma once
#include "simd.hpp"

#include <limits>
#include <numeric>

namespace hand {

template <class F>
HAND_INLINE f32 fold(f32 (&part)[8], F f) {
#pragma GCC unroll 3
    for (int half = 4; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int u = 0; u < half; ++u) part[u] = f(part[u], part[u + half]);
    return part[0];
}
/// The sum of f(x, partial sum) over all vectors x; f(0, s) is s.
template <long N, class F>
HAND_INLINE float sum_by(const float* x, F f) {
    f32 part[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) part[u] = f32{};
    constexpr long whole = N / (8 * width) * (8 * width);
    for (long k = 0; k < whole; k += 8 * width)
#pragma GCC unroll 8
        for (int u = 0; u < 8; ++u) part[u] = f(load(x + k + width * u), part[u]);
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u)
        if (whole + width * u < N) part[u] = f(load(x + whole + width * u, first(N - whole - width * u)), part[u]);
    return total(fold(part, added));
}
template <long N>
[[gnu::noinline]] float sum(const float* x) {
    return sum_by<N>(x, [](f32 v, f32 s) { return s + v; });
}
template <long N>
[[gnu::noinline]] float sum_of_squares(const float* x) {
    return sum_by<N>(x, [](f32 v, f32 s) { return fma(v, v, s); });
}
/// The largest; NaN where an element is. One comparison tells for two vectors whether there is a NaN.
template <long N>
[[gnu::noinline]] float largest(const float* x) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    f32 part[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) part[u] = all(-infinity);
    mask nan[4]{};
    constexpr long whole = N / (8 * width) * (8 * width);
    for (long k = 0; k < whole; k += 8 * width)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) {
            const f32 a = load(x + k + width * 2 * u), b = load(x + k + width * (2 * u + 1));
            part[2 * u] = max(part[2 * u], a);
            part[2 * u + 1] = max(part[2 * u + 1], b);
            nan[u] = either(nan[u], unordered(a, b));
        }
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u)
        if (whole + width * u < N) {
            const f32 a = load(x + whole + width * u, first(N - whole - width * u), all(-infinity));
            part[u] = max(part[u], a);
            nan[u / 2] = either(nan[u / 2], unordered(a, a));
        }
    if (any(either(either(nan[0], nan[1]), either(nan[2], nan[3])))) return std::numeric_limits<float>::quiet_NaN();
    return greatest(fold(part, larger));
}

/// The sums of the columns of a matrix. As many rows as fill whole vectors are one, if these are few; else up to four rows have sums of their own.
template <long Rows, long Columns>
[[gnu::noinline]] void sum_of_columns(const float* x, float* out) {
    constexpr long together = width / std::gcd(Columns, long{width}), laid = Columns * together / width;
    constexpr bool lies = together > 1 && laid <= 8;
    constexpr long vectors = lies ? laid : (Columns + width - 1) / width, rows = lies ? together : 1, turns = vectors < 4 ? (vectors + 3) / vectors : 1;
    static_assert(vectors <= 16);
    f32 sum[turns * vectors];
#pragma GCC unroll 64
    for (int v = 0; v < turns * vectors; ++v) sum[v] = f32{};
    const auto add = [&](const float* from, int turn) HAND_INLINED {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) {
            const long left = rows * Columns - v * width;
            sum[turn * vectors + v] = sum[turn * vectors + v] + (left >= width ? load(from + v * width) : load(from + v * width, first(left)));
        }
    };
    constexpr long by_turns = Rows / (turns * rows) * turns * rows, whole = Rows / rows * rows;
    for (long i = 0; i < by_turns; i += turns * rows)
#pragma GCC unroll 4
        for (int t = 0; t < turns; ++t) add(x + (i + t * rows) * Columns, t);
    for (long i = by_turns; i < whole; i += rows) add(x + i * Columns, 0);
#pragma GCC unroll 64
    for (int v = vectors; v < turns * vectors; ++v) sum[v % vectors] = sum[v % vectors] + sum[v];
    float all[vectors * width];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) store(all + v * width, sum[v]);
    for (long c = 0; c < Columns; ++c) {
        float total = 0;
        for (long r = 0; r < rows; ++r) total += all[r * Columns + c];
        for (long r = whole; r < Rows; ++r) total += x[r * Columns + c];
        out[c] = total;
    }
}

}  // namespace hand
