// Layer normalisation along rows, (x - mean) / sqrt(variance + 1e-5) gain + offset, and its gradients.
#pragma once
#include "rows.hpp"

namespace hand {

/// Mean and 1 / sqrt(variance + 1e-5) of a row.
struct row_moments {
    float mean, scale;
};
template <long C>
HAND_INLINE row_moments moments(const float* x) {
    sums4 s, v;
    each_vector<C>([&](int u, long k, __mmask16 lanes) { s.part[u] = _mm512_add_ps(s.part[u], load(x + k, lanes)); });
    const float mean = s.total() / C;
    each_vector<C>([&](int u, long k, __mmask16 lanes) {
        const f32x16 d = _mm512_maskz_sub_ps(lanes, load(x + k, lanes), all(mean));
        v.part[u] = fma(d, d, v.part[u]);
    });
    return {mean, 1.0f / __builtin_sqrtf(v.total() / C + 1e-5f)};
}
/// Takes the mean out of 16 narrow rows; what they are to be multiplied with.
template <long C>
HAND_INLINE f32x16 centre(narrow<C>& v) {
    const f32x16 mean = _mm512_mul_ps(v.folded(added), all(1.0f / C));
    v.change([&](f32x16 x, int r) { return _mm512_maskz_sub_ps(narrow<C>::lanes, x, lane(mean, r)); });
    narrow<C> squares = v;
    squares.change([](f32x16 x, int) { return _mm512_mul_ps(x, x); });
    return reciprocal_root(fma(squares.folded(added), all(1.0f / C), all(1e-5f)));
}

template <long R, long C>
[[gnu::noinline]] void layer_norm(const float* x, const float* gain, const float* offset, float* y) {
    if constexpr (C <= 16) {
        const f32x16 g = load(gain, narrow<C>::lanes), o = load(offset, narrow<C>::lanes);
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C);
            const f32x16 scale = centre(v);
            v.change([&](f32x16 d, int r) { return fma(_mm512_mul_ps(d, lane(scale, r)), g, o); });
            v.store_to(y + i * C);
        });
    } else
        for (long i = 0; i < R; ++i) {
            const float* row = x + i * C;
            const auto [mean, scale] = moments<C>(row);
            each_vector<C>([&](int, long k, __mmask16 lanes) {
                const f32x16 d = _mm512_mul_ps(_mm512_sub_ps(load(row + k, lanes), all(mean)), all(scale));
                store(y + i * C + k, fma(d, load(gain + k, lanes), load(offset + k, lanes)), lanes);
            });
        }
}

/// The gradients of sum(layer_norm(x) up) with respect to x, gain and offset.
template <long R, long C>
[[gnu::noinline]] void layer_norm_gradient(const float* x, const float* gain, const float* up, float* dx, float* d_gain, float* d_offset) {
    if constexpr (C <= 16) {
        static_assert(R % 16 == 0);
        const f32x16 g = load(gain, narrow<C>::lanes);
        f32x16 gains = _mm512_setzero_ps(), offsets = _mm512_setzero_ps();
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C), w(up + i * C);
            const f32x16 scale = centre(v);
            v.change([&](f32x16 d, int r) { return _mm512_mul_ps(d, lane(scale, r)); });
            w.change([&](f32x16 u, int r) {
                gains = fma(u, v.row[r], gains);
                offsets = _mm512_add_ps(offsets, u);
                return _mm512_mul_ps(u, g);
            });
            narrow<C> along = w;
            along.change([&](f32x16 u, int r) { return _mm512_mul_ps(u, v.row[r]); });
            const f32x16 mean = _mm512_mul_ps(w.folded(added), all(1.0f / C)), slope = _mm512_mul_ps(along.folded(added), all(1.0f / C));
            w.change([&](f32x16 u, int r) {
                return _mm512_mul_ps(lane(scale, r), _mm512_fnmadd_ps(v.row[r], lane(slope, r), _mm512_sub_ps(u, lane(mean, r))));
            });
            w.store_to(dx + i * C);
        });
        store(d_gain, gains, narrow<C>::lanes);
        store(d_offset, offsets, narrow<C>::lanes);
    } else {
        for (long k = 0; k < C; ++k) d_gain[k] = d_offset[k] = 0;
        for (long i = 0; i < R; ++i) {
            const float *row = x + i * C, *u = up + i * C;
            const auto [mean, scale] = moments<C>(row);
            sums4 s, t;
            each_vector<C>([&](int p, long k, __mmask16 lanes) {
                const f32x16 h = _mm512_maskz_mul_ps(lanes, _mm512_sub_ps(load(row + k, lanes), all(mean)), all(scale));
                const f32x16 w = load(u + k, lanes), z = _mm512_mul_ps(w, load(gain + k, lanes));
                store(d_gain + k, fma(w, h, load(d_gain + k, lanes)), lanes);
                store(d_offset + k, _mm512_add_ps(w, load(d_offset + k, lanes)), lanes);
                s.part[p] = _mm512_add_ps(s.part[p], z);
                t.part[p] = fma(z, h, t.part[p]);
            });
            // scale (z - mean(z) - h mean(z h)), h = scale (x - mean)
            const float first = s.total() / C, second = t.total() / C * scale;
            each_vector<C>([&](int, long k, __mmask16 lanes) {
                const f32x16 z = fma(load(u + k, lanes), load(gain + k, lanes), all(-first));
                const f32x16 d = _mm512_sub_ps(load(row + k, lanes), all(mean));
                store(dx + i * C + k, _mm512_mul_ps(all(scale), _mm512_fnmadd_ps(d, all(second), z)), lanes);
            });
        }
    }
}

}  // namespace hand
