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
    each_vector<C>([&](int u, long k, prefix lanes) { s.part[u] = s.part[u] + load(x + k, lanes); });
    const float mean = s.total() / C;
    each_vector<C>([&](int u, long k, prefix lanes) {
        const f32 d = keep(lanes, load(x + k, lanes) - all(mean));
        v.part[u] = fma(d, d, v.part[u]);
    });
    return {mean, 1.0f / __builtin_sqrtf(v.total() / C + 1e-5f)};
}
/// Takes the mean out of narrow rows; what they are to be multiplied with.
template <long C>
HAND_INLINE f32 centre(narrow<C>& v) {
    v.change([](f32 x, f32 mean) HAND_INLINED { return narrow<C>::kept(x - mean); }, per_row{v.folded(added) * all(1.0f / C)});
    narrow<C> squares = v;
    squares.change(times, v);
    return reciprocal_root(fma(squares.folded(added), all(1.0f / C), all(1e-5f)));
}

template <long R, long C>
[[gnu::noinline]] void layer_norm(const float* x, const float* gain, const float* offset, float* y) {
    if constexpr (C <= 16) {
        const per_column<C> g(gain), o(offset);
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C);
            const per_row scale{centre(v)};
            v.change([](f32 d, f32 s, f32 by, f32 more) HAND_INLINED { return fma(d * s, by, more); }, scale, g, o);
            v.store_to(y + i * C);
        });
    } else
        for (long i = 0; i < R; ++i) {
            const float* row = x + i * C;
            const auto [mean, scale] = moments<C>(row);
            each_vector<C>([&](int, long k, prefix lanes) {
                const f32 d = (load(row + k, lanes) - all(mean)) * all(scale);
                store(y + i * C + k, fma(d, load(gain + k, lanes), load(offset + k, lanes)), lanes);
            });
        }
}

/// The gradients of sum(layer_norm(x) up) with respect to x, gain and offset.
template <long R, long C>
[[gnu::noinline]] void layer_norm_gradient(const float* x, const float* gain, const float* up, float* dx, float* d_gain, float* d_offset) {
    if constexpr (C <= 16) {
        static_assert(R % width == 0);
        const per_column<C> g(gain);
        column_sums<C> gains, offsets;
        each_group<R>([&](long i) {
            narrow<C> v(x + i * C), w(up + i * C);
            const per_row scale{centre(v)};
            v.change(times, scale);
            gains.add([](f32 sum, f32 u, f32 d) HAND_INLINED { return fma(u, d, sum); }, w, v);
            offsets.add(added, w);
            w.change(times, g);
            narrow<C> along = w;
            along.change(times, v);
            const per_row mean{w.folded(added) * all(1.0f / C)}, slope{along.folded(added) * all(1.0f / C)};
            w.change([](f32 u, f32 by, f32 d, f32 s, f32 m) HAND_INLINED { return by * fnma(d, s, u - m); }, scale, v, slope, mean);
            w.store_to(dx + i * C);
        });
        gains.store_to(d_gain);
        offsets.store_to(d_offset);
    } else {
        for (long k = 0; k < C; ++k) d_gain[k] = d_offset[k] = 0;
        for (long i = 0; i < R; ++i) {
            const float *row = x + i * C, *u = up + i * C;
            const auto [mean, scale] = moments<C>(row);
            sums4 s, t;
            each_vector<C>([&](int p, long k, prefix lanes) {
                const f32 h = keep(lanes, (load(row + k, lanes) - all(mean)) * all(scale));
                const f32 w = load(u + k, lanes), z = w * load(gain + k, lanes);
                store(d_gain + k, fma(w, h, load(d_gain + k, lanes)), lanes);
                store(d_offset + k, w + load(d_offset + k, lanes), lanes);
                s.part[p] = s.part[p] + z;
                t.part[p] = fma(z, h, t.part[p]);
            });
            // scale (z - mean(z) - h mean(z h)), h = scale (x - mean)
            const float mean_z = s.total() / C, second = t.total() / C * scale;
            each_vector<C>([&](int, long k, prefix lanes) {
                const f32 z = fma(load(u + k, lanes), load(gain + k, lanes), all(-mean_z));
                const f32 d = load(row + k, lanes) - all(mean);
                store(dx + i * C + k, all(scale) * fnma(d, all(second), z), lanes);
            });
        }
    }
}

}  // namespace hand
