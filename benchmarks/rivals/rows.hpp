// Softmax, logsumexp, layer normalisation, cross-entropy and their gradients along rows. Wide rows stay in the first cache for
// all passes. Rows of at most 16 stay in registers, many of them at once.
#pragma once
#include "functions.hpp"
#include "narrow.hpp"

#include <limits>

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
struct sums4 {
    f32 part[4]{};
    HAND_INLINE float total() const { return hand::total(fold4(part, added)); }
};
template <long C>
HAND_INLINE float row_max(const float* x) {
    f32 m[4]{all(lowest), all(lowest), all(lowest), all(lowest)};
    each_vector<C>([&](int u, long k, prefix lanes) { m[u] = max(m[u], load(x + k, lanes, all(lowest))); });
    return greatest(fold4(m, larger));
}
/// y = exp(x - m); its sum.
template <long C>
HAND_INLINE float row_exp(const float* x, float m, float* y) {
    sums4 s;
    each_vector<C>([&](int u, long k, prefix lanes) {
        const f32 e = exp(load(x + k, lanes) - all(m));
        if (y) store(y + k, e, lanes);
        s.part[u] = s.part[u] + keep(lanes, e);
    });
    return s.total();
}
template <long C>
HAND_INLINE void row_scale(float* y, float by) {
    each_vector<C>([&](int, long k, prefix lanes) { store(y + k, load(y + k, lanes) * all(by), lanes); });
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
        for (long i = 0; i < R; ++i) {
            const float s = row_exp<C>(x + i * C, row_max<C>(x + i * C), y + i * C);
            row_scale<C>(y + i * C, (scale ? scale[i] : 1.0f) / s);
        }
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
        for (long i = 0; i < R; ++i) {
            const float *row = x + i * C, *up = g + i * C;
            float* out = dx + i * C;
            const float m = row_max<C>(row);
            sums4 s, d;
            each_vector<C>([&](int u, long k, prefix lanes) {
                const f32 e = keep(lanes, exp(load(row + k, lanes) - all(m)));
                store(out + k, e, lanes);
                s.part[u] = s.part[u] + e;
                d.part[u] = fma(e, load(up + k, lanes), d.part[u]);
            });
            const float by = 1.0f / s.total(), dot = d.total() * by;
            each_vector<C>([&](int, long k, prefix lanes) {
                store(out + k, load(out + k, lanes) * all(by) * (load(up + k, lanes) - all(dot)), lanes);
            });
        }
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
        for (long i = 0; i < R; ++i) {
            const float m = row_max<C>(x + i * C), s = row_exp<C>(x + i * C, m, nullptr);
            y[i] = first_lane(log(all(s))) + m;
        }
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
        for (long i = 0; i < R; ++i) {
            const float m = row_max<C>(x + i * C), s = row_exp<C>(x + i * C, m, dx + i * C);
            row_scale<C>(dx + i * C, share / s);
            dx[i * C + label[i]] -= share;
            loss += first_lane(log(all(s))) + m - x[i * C + label[i]];
        }
    return loss * share;
}

}  // namespace hand
