// Layer normalisation along rows, (x - mean) / sqrt(variance + 1e-5) gain + offset, and its gradients.
#pragma once
#include "rows.hpp"

namespace hand {

/// Mean and 1 / sqrt(variance + 1e-5) of some rows.
template <long C, int G>
HAND_INLINE void moments(const float* x, float (&mean)[G], float (&scale)[G]) {
    fold_rows(mean, added, [&](int r) HAND_INLINED {
        f32 s[4]{};
        each_vector<C>([&](int u, long k, prefix lanes) HAND_INLINED { s[u] = s[u] + load(x + r * C + k, lanes); });
        return fold4(s, added);
    });
    for (float& m : mean) m /= C;
    fold_rows(scale, added, [&](int r) HAND_INLINED {
        f32 v[4]{};
        each_vector<C>([&](int u, long k, prefix lanes) HAND_INLINED {
            const f32 d = keep(lanes, load(x + r * C + k, lanes) - all(mean[r]));
            v[u] = fma(d, d, v[u]);
        });
        return fold4(v, added);
    });
    if constexpr (G == width) store(scale, reciprocal_root(fma(load(scale), all(1.0f / C), all(1e-5f))));
    else scale[0] = 1.0f / __builtin_sqrtf(scale[0] / C + 1e-5f);
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
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float mean[at_once], scale[at_once];
            moments<C>(x + i * C, mean, scale);
            for (int r = 0; r < at_once; ++r)
                each_vector<C>([&](int, long k, prefix lanes) HAND_INLINED {
                    const long at = (i + r) * C + k;
                    const f32 d = (load(x + at, lanes) - all(mean[r])) * all(scale[r]);
                    store(y + at, fma(d, load(gain + k, lanes), load(offset + k, lanes)), lanes);
                });
        });
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
        each_few<R, C>([&](long i, auto at_once) HAND_INLINED {
            float mean[at_once], scale[at_once], s[at_once], t[at_once];
            moments<C>(x + i * C, mean, scale);
            fold_two_of_rows(s, t, [&](int r, f32 (&sum)[4], f32 (&dot)[4]) HAND_INLINED {
                const float *row = x + (i + r) * C, *u = up + (i + r) * C;
                each_vector<C>([&](int p, long k, prefix lanes) HAND_INLINED {
                    const f32 h = keep(lanes, (load(row + k, lanes) - all(mean[r])) * all(scale[r]));
                    const f32 w = load(u + k, lanes), z = w * load(gain + k, lanes);
                    store(d_gain + k, fma(w, h, load(d_gain + k, lanes)), lanes);
                    store(d_offset + k, w + load(d_offset + k, lanes), lanes);
                    sum[p] = sum[p] + z;
                    dot[p] = fma(z, h, dot[p]);
                });
            });
            for (int r = 0; r < at_once; ++r) {
                const float *row = x + (i + r) * C, *u = up + (i + r) * C;
                // scale (z - mean(z) - h mean(z h)), h = scale (x - mean)
                const float mean_z = s[r] / C, second = t[r] / C * scale[r];
                each_vector<C>([&](int, long k, prefix lanes) HAND_INLINED {
                    const f32 z = fma(load(u + k, lanes), load(gain + k, lanes), all(-mean_z));
                    const f32 d = load(row + k, lanes) - all(mean[r]);
                    store(dx + (i + r) * C + k, all(scale[r]) * fnma(d, all(second), z), lanes);
                });
            }
        });
    }
}

}  // namespace hand
