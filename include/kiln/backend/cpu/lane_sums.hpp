// The innermost loops of a contraction with windows whose lanes are images (image_lanes.hpp): sums over places and channels, or over
// positions. As in tile_sums.hpp they know nothing of the key, and all kernels of one dtype share them.
#pragma once
#include <kiln/backend/cpu/tile_sums.hpp>
#include <kiln/ops/windows.hpp>

namespace kiln::cpu {

/// How far apart the elements of what a kernel reads and writes are, which it knows: in registers there is no room for it.
struct lane_strides {
    i64 x_position, x_line, x_place;   // of the image, from position to position of a result, from line to line, from place to place of a window
    i64 w_line, w_place, w_step;       // of the filters
    i64 c_position;                    // of the results
    i64 steps;                         // that lie one behind the other at a place; 0: all places of a line do
};

/// Results of X positions and O channels: sums over lines, places in them and steps of what a window sees, where elements of the
/// image are vectors and filters are numbers. So many lines, and so many places, or steps, of each; more: c has sums already.
template <class T, int L, int O, int X, lane_strides S>
[[gnu::noinline]] void lane_sums(const T* x_first, const T* w_first, T* c, i64 lines, i64 count, bool more) {
    constexpr int chains = O * X >= 4 ? 1 : O * X >= 2 ? 2 : 4;
    using lanes = tile_lanes<T, L>;
    raw<T, L> part[chains][X][O];
    clear(part);
    if (more) {
#pragma GCC unroll 32
        for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) part[0][p][k] = load<lanes>(c + p * S.c_position + k * L).v;
    }
    const auto one = [&](raw<T, L> (&sums)[X][O], const T* x, const T* w) KILN_INLINE_LAMBDA {
        __asm__("" : "+r"(x));   // g++ would keep what the next step loads, too, for which there are no registers
        if constexpr (2 * X < O) {   // the fewer stay in registers
            raw<T, L> v[X];
#pragma GCC unroll 32
            for (int p = 0; p < X; ++p) v[p] = lanes::settled(load<lanes>(x + p * S.x_position).v).v;
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) {
                const raw<T, L> f = lanes::settled(lanes::splat(w[k]).v).v;
#pragma GCC unroll 32
                for (int p = 0; p < X; ++p) sums[p][k] = multiply_add<T, L>(f, v[p], sums[p][k]);
            }
        } else {
            raw<T, L> f[O];
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) f[k] = lanes::splat(w[k]).v;
#pragma GCC unroll 32
            for (int p = 0; p < X; ++p) {
                raw<T, L> v = load<lanes>(x + p * S.x_position).v;
                if constexpr (O > 1) v = lanes::settled(v).v;
#pragma GCC unroll 16
                for (int k = 0; k < O; ++k) sums[p][k] = multiply_add<T, L>(f[k], v, sums[p][k]);
            }
        }
    };
    for (i64 line = 0; line < lines; ++line, x_first += S.x_line, w_first += S.w_line)
        for (i64 place = 0; place < (S.steps ? count : 1); ++place) {
            const T *x = x_first + place * S.x_place, *w = w_first + place * S.w_place;
            const i64 steps = S.steps ? S.steps : count;
            i64 k = 0;
            for (; k + chains <= steps; k += chains) {
#pragma GCC unroll 4
                for (int u = 0; u < chains; ++u, x += L, w += S.w_step) one(part[u], x, w);
            }
            if constexpr (chains > 1)
                for (; k < steps; ++k, x += L, w += S.w_step) one(part[0], x, w);
        }
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) {
            raw<T, L> sum = part[0][p][k];
#pragma GCC unroll 4
            for (int u = 1; u < chains; ++u) sum = (lanes{sum} + lanes{part[u][p][k]}).v;
            store(c + p * S.c_position + k * L, lanes{sum});
        }
}

/// The same at the ends of a line, for P places one beside the other: the first and the last vectors of the image that these positions see, so many,
/// are padding and left out. So many steps at each place.
template <class T, int L, int O, int X, int P, int Before, int Behind, i64 Steps, lane_strides S>
[[gnu::noinline]] void lane_sums_at_ends(const T* x_first, const T* w_first, T* c, i64 lines, bool more) {
    using lanes = tile_lanes<T, L>;
    raw<T, L> sum[X][O];
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) sum[p][k] = more ? load<lanes>(c + p * S.c_position + k * L).v : raw<T, L>{};
    for (i64 line = 0; line < lines; ++line, x_first += S.x_line, w_first += S.w_line)
        for (i64 step = 0; step < Steps; ++step) {
            const T *x = x_first + step * L, *w = w_first + step * S.w_step;
#pragma GCC unroll 16
            for (int place = 0; place < P; ++place) {
                __asm__("" : "+r"(x));   // as above
                raw<T, L> f[O];
#pragma GCC unroll 16
                for (int k = 0; k < O; ++k) f[k] = lanes::splat(w[place * S.w_place + k]).v;
#pragma GCC unroll 32
                for (int p = 0; p < X; ++p) {
                    if (p + place < Before || p + place >= X + P - 1 - Behind) continue;
                    const raw<T, L> v = lanes::settled(load<lanes>(x + p * S.x_position + place * S.x_place).v).v;
#pragma GCC unroll 16
                    for (int k = 0; k < O; ++k) sum[p][k] = multiply_add<T, L>(f[k], v, sum[p][k]);
                }
            }
        }
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) store(c + p * S.c_position + k * L, lanes{sum[p][k]});
}

/// The same for one channel, over P places one beside the other: a vector of the image is loaded once for all that it meets, but for the first and
/// the last ones, where so many are padding. So many steps at each place.
template <class T, int L, int X, int P, int Before, int Behind, lane_strides S>
[[gnu::noinline]] void lane_sums_of_one(const T* x_first, const T* w_first, T* c, i64 lines, bool more) {
    using lanes = tile_lanes<T, L>;
    raw<T, L> sum[X];
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p) sum[p] = more ? load<lanes>(c + p * S.c_position).v : raw<T, L>{};
    for (i64 line = 0; line < lines; ++line, x_first += S.x_line, w_first += S.w_line) {
        const T *x = x_first, *w = w_first;
        for (i64 k = 0; k < S.steps; ++k, x += L, w += S.w_step) {
            __asm__("" : "+r"(x));   // as above
            raw<T, L> f[P];
#pragma GCC unroll 16
            for (int q = 0; q < P; ++q) f[q] = lanes::settled(lanes::splat(w[q * S.w_place]).v).v;
#pragma GCC unroll 64
            for (int q = Before; q < X + P - 1 - Behind; ++q) {
                const raw<T, L> v = lanes::settled(load<lanes>(x + q * S.x_position).v).v;
#pragma GCC unroll 16
                for (int place = 0; place < P; ++place)
                    if (place <= q && q - place < X) sum[q - place] = multiply_add<T, L>(f[place], v, sum[q - place]);
            }
        }
    }
#pragma GCC unroll 32
    for (int p = 0; p < X; ++p) store(c + p * S.c_position, lanes{sum[p]});
}

/// How far apart elements are where results are summed over windows.
struct lane_gradient_strides {
    i64 x_run, x_position, x_place, d_run, d_position, c_place;
    window_axis line;      // positions and places in a line
    i64 before, behind;    // positions at its ends that see some of the padding, each with its own code
    constexpr i64 seen(i64 position, i64 place) const { return position * line.stride + place * line.dilation - line.low; }
    constexpr bool inside(i64 position, i64 place) const { return seen(position, place) >= 0 && seen(position, place) < line.size; }
};
/// The transpose of it: for P places and O channels sums over runs of positions of what is seen times what comes back, added to c.
/// `beside` is called behind every so many positions, at most 8, or never: 0.
template <class T, int L, int O, int P, lane_gradient_strides S, i64 Every, class F>
[[gnu::noinline]] void lane_gradient_sums(const T* x_first, const T* d_first, T* c, i64 runs, F& beside) {
    using lanes = tile_lanes<T, L>;
    if (runs <= 0) return;
    raw<T, L> sum[P][O];
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) sum[p][k] = load<lanes>(c + p * S.c_place + k * L).v;
    const auto one = [&]<i64 Position>(const T*& x, const T*& d, std::integral_constant<i64, Position>) KILN_INLINE_LAMBDA {   // a constant; -1: it sees all places
        if constexpr (Every == 0) __asm__("" : "+r"(x));   // as above; what stands between leaves few loads room, and there are registers
        raw<T, L> up[O];
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) up[k] = lanes::settled(load<lanes>(d + k * L).v).v;
#pragma GCC unroll 32
        for (int p = 0; p < P; ++p) {
            if (Position >= 0 && !S.inside(Position, p)) continue;
            raw<T, L> v = load<lanes>(x + p * S.x_place).v;
            if constexpr (O > 1) v = lanes::settled(v).v;
#pragma GCC unroll 16
            for (int k = 0; k < O; ++k) sum[p][k] = multiply_add<T, L>(v, up[k], sum[p][k]);
        }
        x += S.x_position;
        d += S.d_position;
    };
    do {   // at least once: for none g++ would keep the sums a second time
        const T *x = x_first, *d = d_first;
        [&]<i64... I>(std::integer_sequence<i64, I...>) KILN_INLINE_LAMBDA { (one(x, d, std::integral_constant<i64, I>{}), ...); }(std::make_integer_sequence<i64, S.before>{});
        constexpr i64 middle = S.line.out - S.before - S.behind, together = Every == 0 ? 1 : Every < middle ? Every : middle;
        i64 left = middle / together;
        do {
#pragma GCC unroll 8
            for (int i = 0; i < together; ++i) one(x, d, std::integral_constant<i64, -1>{});
            if constexpr (Every > 0) beside();
        } while (--left > 0);
        for (int i = 0; i < middle % together; ++i) one(x, d, std::integral_constant<i64, -1>{});
        [&]<i64... I>(std::integer_sequence<i64, I...>) KILN_INLINE_LAMBDA {
            (one(x, d, std::integral_constant<i64, S.line.out - S.behind + I>{}), ...);
        }(std::make_integer_sequence<i64, S.behind>{});
        x_first += S.x_run;
        d_first += S.d_run;
    } while (--runs > 0);
#pragma GCC unroll 32
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
        for (int k = 0; k < O; ++k) store(c + p * S.c_place + k * L, lanes{sum[p][k]});
}

}  // namespace kiln::cpu
