// Softmax, logsumexp, layer normalisation, cross-entropy and their gradients along rows. Wide rows stay in the first cache for
// all passes. Rows of at most 16 stay in registers, many of them at once.
#pragma once
#include "functions.hpp"
#include "narrow.hpp"

#include <limits>
#include <type_traits>

namespace hand {

inline constexpr float lowest = -std::numeric_limits<float>::infinity();

/// f(u, k, lanes) for the vectors of a row, u in 0 .. 3 so that sums have four parts.
template <long C, class F>
HAND_INLINE void each_vector(F f) {
    constexpr long whole = C / (4 * width) * (4 * width);
    for (long k = 0; k < whole; k += 4 * width)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) f(u, k + width * u, first(width));
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u)
        if (whole + width * u < C) f(u, whole + width * u, first(C - whole - width * u));
}
HAND_INLINE f32 fold4(const f32 (&s)[4], auto f) { return f(f(s[0], s[1]), f(s[2], s[3])); }

/// So many rows go through a pass together, which then folds their vectors at once: where sums of short rows are much of the work.
template <long C>
inline constexpr int together = avx512 || C > 256 ? 1 : width;

HAND_INLINE float folded(f32 v, decltype(added)) { return total(v); }
HAND_INLINE float folded(f32 v, decltype(larger)) { return greatest(v); }
/// to[r] = the lanes of row(r) folded by f
template <int G, class F, class Row>
HAND_INLINE void fold_rows(float (&to)[G], F f, Row row) {
    if constexpr (G == 1) to[0] = folded(row(0), f);
    else {
        f32 v[G];
        for (int r = 0; r < G; ++r) v[r] = row(r);
        store(to, fold_each(v, f));
    }
}
/// The same of two vectors of each row: row(r, parts of one, parts of the other).
template <int G, class Row>
HAND_INLINE void fold_two_of_rows(float (&one)[G], float (&other)[G], Row row) {
    f32 v[G], w[G];
    for (int r = 0; r < G; ++r) {
        f32 a[4]{}, b[4]{};
        row(r, a, b);
        v[r] = fold4(a, added), w[r] = fold4(b, added);
    }
    if constexpr (G == 1) one[0] = total(v[0]), other[0] = total(w[0]);
    else store(one, fold_each(v, added)), store(other, fold_each(w, added));
}
/// f(first row, how many) for all rows, so many together.
template <long R, long C, class F>
HAND_INLINE void each_few(F f) {
    constexpr int n = together<C>;
    static_assert(R % n == 0);
    for (long i = 0; i < R; i += n) f(i, std::integral_constant<int, n>{});
}
template <long C>
HAND_INLINE f32 row_max(const float* x) {
    f32 m[4]{all(lowest), all(lowest), all(lowest), all(lowest)};
    each_vector<C>([&](int u, long k, prefix lanes) HAND_INLINED { m[u] = max(m[u], load(x + k, lanes, all(lowest))); });
    return fold4(m, larger);
}
/// y = exp(x - m); its sum.
template <long C>
HAND_INLINE f32 row_exp(const float* x, float m, float* y) {
    f32 s[4]{};
    each_vector<C>([&](int u, long k, prefix lanes) HAND_INLINED {
        const f32 e = exp(load(x + k, lanes) - all(m));
        if (y) store(y + k, e, lanes);
        s[u] = s[u] + keep(lanes, e);
    });
    return fold4(s, added);
}
template <long C>
HAND_INLINE void row_scale(float* y, float by) {
    each_vector<C>([&](int, long k, prefix lanes) HAND_INLINED { store(y + k, load(y + k, lanes) * all(by), lanes); });
}

/// v = exp(v - max), 0 in the lanes that are none; the maxima.
template <long C>
HAND_INLINE f32 exp_below_max(narrow<C>& v) {
    const f32 m = v.folded(larger);
    v.change([](f32 x, f32 most) HAND_INLINED { return narrow<C>::kept(exp(narrow<C>::kept(x) - most)); }, per_row{m});
    return m;
}

/// y = softmax(x) * scale, `scale` a number for each row where it is not null: the gradient of logsumexp.
template <long R, long C>
[[gnu::noinline]] void softmax(const float* x, const float* scale, float* y) {
    if constexpr (C <= 16)
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            exp_below_max(v);
            f32 by = all(1.0f) / v.folded(added);
            if (scale) by = by * load(scale + i);
            v.change(times, per_row{by});
            v.store_to(y + i * C);
        });
    else
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float m[at_once], s[at_once];
            fold_rows(m, larger, [&](int r) HAND_INLINED { return row_max<C>(x + (i + r) * C); });
            fold_rows(s, added, [&](int r) HAND_INLINED { return row_exp<C>(x + (i + r) * C, m[r], y + (i + r) * C); });
            for (int r = 0; r < at_once; ++r) row_scale<C>(y + (i + r) * C, (scale ? scale[i + r] : 1.0f) / s[r]);
        });
}
/// The gradient of sum(softmax(x) g): y (g - sum(y g)).
template <long R, long C>
[[gnu::noinline]] void softmax_gradient(const float* x, const float* g, float* dx) {
    if constexpr (C <= 16)
        each_group<R>([&](long i) {
            narrow<C> e(x + i * C, lowest);
            exp_below_max(e);
            const narrow<C> up(g + i * C);
            narrow<C> product = up;
            product.change(times, e);
            const f32 by = all(1.0f) / e.folded(added), dot = product.folded(added) * by;
            e.change([](f32 v, f32 s, f32 u, f32 d) HAND_INLINED { return v * s * (u - d); }, per_row{by}, up, per_row{dot});
            e.store_to(dx + i * C);
        });
    else
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float m[at_once], s[at_once], d[at_once];
            fold_rows(m, larger, [&](int r) HAND_INLINED { return row_max<C>(x + (i + r) * C); });
            fold_two_of_rows(s, d, [&](int r, f32 (&sum)[4], f32 (&dot)[4]) HAND_INLINED {
                const float *row = x + (i + r) * C, *up = g + (i + r) * C;
                float* const out = dx + (i + r) * C;
                each_vector<C>([&](int u, long k, prefix lanes) HAND_INLINED {
                    const f32 e = keep(lanes, exp(load(row + k, lanes) - all(m[r])));
                    store(out + k, e, lanes);
                    sum[u] = sum[u] + e;
                    dot[u] = fma(e, load(up + k, lanes), dot[u]);
                });
            });
            for (int r = 0; r < at_once; ++r) {
                const float by = 1.0f / s[r], dot = d[r] * by;
                const float* up = g + (i + r) * C;
                float* const out = dx + (i + r) * C;
                each_vector<C>([&](int, long k, prefix lanes) HAND_INLINED {
                    store(out + k, load(out + k, lanes) * all(by) * (load(up + k, lanes) - all(dot)), lanes);
                });
            }
        });
}
template <long R, long C>
[[gnu::noinline]] void logsumexp(const float* x, float* y) {
    if constexpr (C <= 16)
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            const f32 m = exp_below_max(v);
            store(y + i, log(v.folded(added)) + m);
        });
    else
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float m[at_once], s[at_once];
            fold_rows(m, larger, [&](int r) HAND_INLINED { return row_max<C>(x + (i + r) * C); });
            fold_rows(s, added, [&](int r) HAND_INLINED { return row_exp<C>(x + (i + r) * C, m[r], nullptr); });
            if constexpr (at_once == width) store(y + i, log(load(s)) + load(m));
            else y[i] = first_lane(log(all(s[0]))) + m[0];
        });
}
/// The mean of logsumexp(x) - x[label] over the rows, and its gradient.
template <long R, long C>
[[gnu::noinline]] float cross_entropy(const float* x, const std::int32_t* label, float* dx) {
    constexpr float share = 1.0f / R;
    float loss = 0;
    if constexpr (C <= 16 && R % width == 0) {
        f32 sum{};
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            const f32 m = exp_below_max(v), s = v.folded(added);
            sum = sum + (log(s) + m - one_of_each<C>(x + i * C, label + i));
            v.change(times, per_row{all(share) / s});
            v.subtract_at(label + i, all(share));
            v.store_to(dx + i * C);
        });
        loss = total(sum);
    } else
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float m[at_once], s[at_once];
            fold_rows(m, larger, [&](int r) HAND_INLINED { return row_max<C>(x + (i + r) * C); });
            fold_rows(s, added, [&](int r) HAND_INLINED { return row_exp<C>(x + (i + r) * C, m[r], dx + (i + r) * C); });
            for (int r = 0; r < at_once; ++r) {
                row_scale<C>(dx + (i + r) * C, share / s[r]);
                dx[(i + r) * C + label[i + r]] -= share;
            }
            if constexpr (at_once == width) loss += total(log(load(s)) + load(m) - one_of_each<C>(x + i * C, label + i));
            else loss += first_lane(log(all(s[0]))) + m[0] - x[i * C + label[i]];
        });
    return loss * share;
}

}  // namespace hand
