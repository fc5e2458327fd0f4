// Softmax, logsumexp, layer normalisation, cross-entropy and their gradients along rows. Wide rows stay in the first cache for
// all passes. Rows of at most 16 are one masked register each, 16 of them are folded at once.
#pragma once
#include "functions.hpp"

#include <limits>
#include <type_traits>

namespace hand {

inline constexpr float lowest = -std::numeric_limits<float>::infinity();
HAND_INLINE f32x16 lane(f32x16 v, int k) { return _mm512_permutexvar_ps(_mm512_set1_epi32(k), v); }
inline constexpr auto larger = [](f32x16 a, f32x16 b) { return _mm512_max_ps(a, b); };
inline constexpr auto added = [](f32x16 a, f32x16 b) { return _mm512_add_ps(a, b); };

/// f(k, lanes) for the vectors of a row; f(u, k, lanes) with u in 0..3 so that sums have four parts.
template <long C, class F>
HAND_INLINE void each_vector(F f) {
    constexpr long whole = C / 64 * 64;
    for (long k = 0; k < whole; k += 64)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) f(u, k + 16 * u, static_cast<__mmask16>(0xffff));
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u)
        if (whole + 16 * u < C) f(u, whole + 16 * u, first(C - whole - 16 * u));
}
HAND_INLINE f32x16 fold4(const f32x16 (&s)[4], auto f) { return f(f(s[0], s[1]), f(s[2], s[3])); }
struct sums4 {
    f32x16 part[4]{_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    HAND_INLINE float total() const { return _mm512_reduce_add_ps(fold4(part, added)); }
};
template <long C>
HAND_INLINE float row_max(const float* x) {
    f32x16 m[4]{all(lowest), all(lowest), all(lowest), all(lowest)};
    each_vector<C>([&](int u, long k, __mmask16 lanes) { m[u] = _mm512_max_ps(m[u], _mm512_mask_loadu_ps(all(lowest), lanes, x + k)); });
    return _mm512_reduce_max_ps(fold4(m, larger));
}
/// y = exp(x - m); its sum.
template <long C>
HAND_INLINE float row_exp(const float* x, float m, float* y) {
    sums4 s;
    each_vector<C>([&](int u, long k, __mmask16 lanes) {
        const f32x16 e = exp(_mm512_sub_ps(load(x + k, lanes), all(m)));
        if (y) store(y + k, e, lanes);
        s.part[u] = _mm512_mask_add_ps(s.part[u], lanes, s.part[u], e);
    });
    return s.total();
}
template <long C>
HAND_INLINE void row_scale(float* y, float by) {
    each_vector<C>([&](int, long k, __mmask16 lanes) { store(y + k, _mm512_mul_ps(load(y + k, lanes), all(by)), lanes); });
}

/// f(first row) for groups of 16 rows; the last group may overlap the one before it.
template <long R, class F>
HAND_INLINE void each_group(F f) {
    static_assert(R >= 16);
    for (long r = 0; r + 16 <= R; r += 16) f(r);
    if constexpr (R % 16 != 0) f(R - 16);
}
/// 16 narrow rows in registers.
template <long C>
struct narrow {
    static constexpr __mmask16 lanes = static_cast<__mmask16>((1u << C) - 1);
    f32x16 row[16];
    HAND_INLINE explicit narrow(const float* x, float fill = 0) {
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) row[r] = _mm512_mask_loadu_ps(all(fill), lanes, x + r * C);
    }
    template <class F>
    HAND_INLINE f32x16 folded(F f) const {
        f32x16 copy[16];
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) copy[r] = row[r];
        return fold_each(copy, f);
    }
    template <class F>
    HAND_INLINE void change(F f) {
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) row[r] = f(row[r], r);
    }
    HAND_INLINE void store_to(float* y) const {
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) store(y + r * C, row[r], lanes);
    }
    /// exp(x - max), 0 in the lanes that are none; the maxima.
    HAND_INLINE f32x16 exp_below_max() {
        const f32x16 m = folded(larger);
        change([&](f32x16 v, int r) { return _mm512_maskz_mov_ps(lanes, exp(_mm512_sub_ps(_mm512_maskz_mov_ps(lanes, v), lane(m, r)))); });
        return m;
    }
};
HAND_INLINE f32x16 inverse(f32x16 v) { return _mm512_div_ps(all(1.0f), v); }

/// y = softmax(x) * scale, `scale` a number for each row where it is not null: the gradient of logsumexp.
template <long R, long C>
[[gnu::noinline]] void softmax(const float* x, const float* scale, float* y) {
    if constexpr (C <= 16)
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            v.exp_below_max();
            f32x16 by = inverse(v.folded(added));
            if (scale) by = _mm512_mul_ps(by, load(scale + i));
            v.change([&](f32x16 e, int r) { return _mm512_mul_ps(e, lane(by, r)); });
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
            e.exp_below_max();
            const narrow<C> up(g + i * C);
            narrow<C> product = up;
            product.change([&](f32x16 v, int r) { return _mm512_mul_ps(v, e.row[r]); });
            const f32x16 by = inverse(e.folded(added)), dot = _mm512_mul_ps(product.folded(added), by);
            e.change([&](f32x16 v, int r) { return _mm512_mul_ps(_mm512_mul_ps(v, lane(by, r)), _mm512_sub_ps(up.row[r], lane(dot, r))); });
            e.store_to(dx + i * C);
        });
    else
        for (long i = 0; i < R; ++i) {
            const float *row = x + i * C, *up = g + i * C;
            float* out = dx + i * C;
            const float m = row_max<C>(row);
            sums4 s, d;
            each_vector<C>([&](int u, long k, __mmask16 lanes) {
                const f32x16 e = _mm512_maskz_mov_ps(lanes, exp(_mm512_sub_ps(load(row + k, lanes), all(m))));
                store(out + k, e, lanes);
                s.part[u] = _mm512_add_ps(s.part[u], e);
                d.part[u] = fma(e, load(up + k, lanes), d.part[u]);
            });
            const float by = 1.0f / s.total(), dot = d.total() * by;
            each_vector<C>([&](int, long k, __mmask16 lanes) {
                store(out + k, _mm512_mul_ps(_mm512_mul_ps(load(out + k, lanes), all(by)), _mm512_sub_ps(load(up + k, lanes), all(dot))), lanes);
            });
        }
}
template <long R, long C>
[[gnu::noinline]] void logsumexp(const float* x, float* y) {
    if constexpr (C <= 16)
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            const f32x16 m = v.exp_below_max();
            store(y + i, _mm512_add_ps(log(v.folded(added)), m));
        });
    else
        for (long i = 0; i < R; ++i) {
            const float m = row_max<C>(x + i * C), s = row_exp<C>(x + i * C, m, nullptr);
            y[i] = _mm512_cvtss_f32(log(all(s))) + m;
        }
}
/// The mean of logsumexp(x) - x[label] over the rows, and its gradient.
template <long R, long C>
[[gnu::noinline]] float cross_entropy(const float* x, const std::int32_t* label, float* dx) {
    constexpr float share = 1.0f / R;
    float loss = 0;
    if constexpr (C <= 16 && R % 16 == 0) {
        const __m512i positions = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        f32x16 sum = _mm512_setzero_ps();
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C, lowest);
            const f32x16 m = v.exp_below_max(), s = v.folded(added), by = _mm512_mul_ps(inverse(s), all(share));
            const __m512i labels = _mm512_loadu_si512(label + i);
            const __m512i at = _mm512_add_epi32(_mm512_mullo_epi32(positions, _mm512_set1_epi32(C)), labels);
            sum = _mm512_add_ps(sum, _mm512_sub_ps(_mm512_add_ps(log(s), m), _mm512_i32gather_ps(at, x + i * C, 4)));
            v.change([&](f32x16 e, int r) {
                const __mmask16 hit = _mm512_cmpeq_epi32_mask(positions, _mm512_set1_epi32(label[i + r]));
                const f32x16 p = _mm512_mul_ps(e, lane(by, r));
                return _mm512_mask_sub_ps(p, hit, p, all(share));
            });
            v.store_to(dx + i * C);
        });
        loss = _mm512_reduce_add_ps(sum);
    } else
        for (long i = 0; i < R; ++i) {
            const float m = row_max<C>(x + i * C), s = row_exp<C>(x + i * C, m, dx + i * C);
            row_scale<C>(dx + i * C, share / s);
            dx[i * C + label[i]] -= share;
            loss += _mm512_cvtss_f32(log(all(s))) + m - x[i * C + label[i]];
        }
    return loss * share;
}

}  // namespace hand
