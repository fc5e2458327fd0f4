// The innermost loops of a contraction with windows whose lanes are images (image_lanes.hpp): sums over places and channels, or over
// positions. As in tile_sums.hpp they know nothing of the key, and all kernels of one dtype share them.
#pragma once
#include <kiln/backend/cpu/tile_sums.hpp>

namespace kiln::cpu {

/// Results of X positions and O channels: sums over lines, places in them and steps of what a window sees, where elements of the
/// image are vectors and filters are numbers.
template <class T>
struct lane_operands {
    const T *x, *w;
    T* c;
    i64 lines, x_line, w_line, places, x_place, w_place, steps, w_step;   // how many, and how far apart
    i64 c_position;
    bool more;   // c has sums already
};
/// Apart: vectors from one position to the next, a constant, since so many registers for strides there are not.
template <class T, int L, int O, int X, i64 Apart>
[[gnu::noinline]] void lane_sums(const lane_operands<T>& o) {
    constexpr int chains = O * X >= 4 ? 1 : O * X >= 2 ? 2 : 4;
    using lanes = tile_lanes<T, L>;
    raw<T, L> part[chains][X][O];
    clear(part);
    if (o.more) {
#pragma GCC unroll 32
        for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) part[0][p][k] = load<lanes>(o.c + p * o.c_position + k * L).v;
    }
    const i64 w_step = o.w_step, steps = o.steps;
    const auto one = [&](raw<T, L> (&c)[X][O], const T* x, const T* w) KILN_INLINE_LAMBDA {
        __asm__("" : "+r"(x));   // g++ would keep what the next step loads, too, for which there are no registers
        if constexpr (2 * X < O) {   // the fewer stay in registers
            raw<T, L> v[X];
#pragma GCC unroll 32
            for (int p = 0; p < X; ++p) v[p] = lanes::settled(load<lanes>(x + p * Apart * L).v).v;
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) {
                const raw<T, L> f = lanes::settled(lanes::splat(w[k]).v).v;
#pragma GCC unroll 32
                for (int p = 0; p < X; ++p) c[p][k] = multiply_add<T, L>(f, v[p], c[p][k]);
            }
        } else {
            raw<T, L> f[O];
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) f[k] = lanes::splat(w[k]).v;
#pragma GCC unroll 32
            for (int p = 0; p < X; ++p) {
                raw<T, L> v = load<lanes>(x + p * Apart * L).v;
                if constexpr (O > 1) v = lanes::settled(v).v;
#pragma GCC unroll 16
                for (int k = 0; k < O; ++k) c[p][k] = multiply_add<T, L>(f[k], v, c[p][k]);
            }
        }
    };
    for (i64 line = 0; line < o.lines; ++line)
        for (i64 place = 0; place < o.places; ++place) {
            const T *x = o.x + line * o.x_line + place * o.x_place, *w = o.w + line * o.w_line + place * o.w_place;
            i64 k = 0;
            for (; k + chains <= steps; k += chains) {
#pragma GCC unroll 4
                for (int u = 0; u < chains; ++u, x += L, w += w_step) one(part[u], x, w);
            }
            if constexpr (chains > 1)
                for (; k < steps; ++k, x += L, w += w_step) one(part[0], x, w);
        }
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) {
            raw<T, L> sum = part[0][p][k];
#pragma GCC unroll 4
            for (int u = 1; u < chains; ++u) sum = (lanes{sum} + lanes{part[u][p][k]}).v;
            store(o.c + p * o.c_position + k * L, lanes{sum});
        }
}

/// The same for one channel, over P places one beside the other: a vector of the image is loaded once for all that it meets.
template <class T, int L, int X, int P, i64 Apart>
[[gnu::noinline]] void lane_sums_of_one(const lane_operands<T>& o) {
    using lanes = tile_lanes<T, L>;
    raw<T, L> sum[X];
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p) sum[p] = o.more ? load<lanes>(o.c + p * o.c_position).v : raw<T, L>{};
    for (i64 line = 0; line < o.lines; ++line) {
        const T *x = o.x + line * o.x_line, *w = o.w + line * o.w_line;
        for (i64 k = 0; k < o.steps; ++k, x += L, w += o.w_step) {
            __asm__("" : "+r"(x));   // as above
            raw<T, L> f[P];
#pragma GCC unroll 16
            for (int q = 0; q < P; ++q) f[q] = lanes::settled(lanes::splat(w[q * o.w_place]).v).v;
#pragma GCC unroll 64
            for (int q = 0; q < X + P - 1; ++q) {
                const raw<T, L> v = lanes::settled(load<lanes>(x + q * Apart * L).v).v;
#pragma GCC unroll 16
                for (int place = 0; place < P; ++place)
                    if (place <= q && q - place < X) sum[q - place] = multiply_add<T, L>(f[place], v, sum[q - place]);
            }
        }
    }
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p) store(o.c + p * o.c_position, lanes{sum[p]});
}

/// The transpose of it: for P places and O channels sums over runs of positions of what is seen times what comes back, added to c.
template <class T>
struct lane_gradient_operands {
    const T *x, *d;
    T* c;
    i64 runs, x_run, d_run, positions, x_position, d_position;
    i64 x_place, c_place;
};
template <class T, int L, int O, int P>
[[gnu::noinline]] void lane_gradient_sums(const lane_gradient_operands<T>& o) {
    using lanes = tile_lanes<T, L>;
    raw<T, L> sum[P][O];
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) sum[p][k] = load<lanes>(o.c + p * o.c_place + k * L).v;
    const i64 x_place = o.x_place, x_position = o.x_position, d_position = o.d_position, positions = o.positions;
    for (i64 run = 0; run < o.runs; ++run) {
        const T *x = o.x + run * o.x_run, *d = o.d + run * o.d_run;
        for (i64 i = 0; i < positions; ++i, x += x_position, d += d_position) {
            raw<T, L> up[O];
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) up[k] = lanes::settled(load<lanes>(d + k * L).v).v;
#pragma GCC unroll 32
            for (int p = 0; p < P; ++p) {
                raw<T, L> v = load<lanes>(x + p * x_place).v;
                if constexpr (O > 1) v = lanes::settled(v).v;
#pragma GCC unroll 16
                for (int k = 0; k < O; ++k) sum[p][k] = multiply_add<T, L>(v, up[k], sum[p][k]);
            }
        }
    }
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) store(o.c + p * o.c_place + k * L, lanes{sum[p][k]});
}

}  // namespace kiln::cpu
