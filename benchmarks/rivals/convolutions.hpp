// Convolutions of a vector of images at a time, [channel][y][x][image]: each lane is an image, so that one channel or three fill the
// registers as well as 64 do. Filters lie as kiln's do, [y][x][in][out]. All sizes and the place in a row are known to the
// compiler; what meets only padding is no code.
#pragma once
#include "simd.hpp"

#include <algorithm>
#include <utility>

namespace hand {

/// Square filters of `size`, `pad` zeros around the images.
template <int In, int Out, int Height, int Width, int Size, int Pad>
struct convolution {
    static constexpr int in = In, out = Out, height = Height, width = Width, size = Size, pad = Pad;
    static constexpr int out_height = Height + 2 * Pad - Size + 1, out_width = Width + 2 * Pad - Size + 1;
    static constexpr long in_block = 1l * hand::width * In * Height * Width, out_block = 1l * hand::width * Out * out_height * out_width;
    // a filter's element (y, x, i, o) is at w[first + y * fy + x * fx + i * fi + o * fo]
    static constexpr long first = 0, fo = 1, fi = Out, fx = In * Out, fy = Size * In * Out;
};
/// What takes gradients of the results back to the operand: the same with turned filters, and in and out exchanged.
template <class C>
struct backward {
    static constexpr int in = C::out, out = C::in, height = C::out_height, width = C::out_width, size = C::size, pad = C::size - 1 - C::pad;
    static constexpr int out_height = C::height, out_width = C::width;
    static constexpr long in_block = C::out_block, out_block = C::in_block;
    static constexpr long first = (C::size - 1) * (C::fx + C::fy), fo = C::fi, fi = C::fo, fx = -C::fx, fy = -C::fy;
};

template <class F, int... I>
HAND_INLINE void for_each(std::integer_sequence<int, I...>, F f) {
    (f(std::integral_constant<int, I>{}), ...);
}
template <int N, class F>
HAND_INLINE void unrolled(F f) {
    if constexpr (N > 0) for_each(std::make_integer_sequence<int, N>{}, f);
}

/// Channels o .. o + OB of positions X0 .. X0 + XB of row y, to then(sum, channel, x).
template <class C, int OB, int XB, int X0, class Then>
HAND_INLINE void convolve_tile(const float* x, const float* w, int o, int y, Then& then) {
    f32 sum[OB][XB];
    unrolled<OB * XB>([&](auto k) HAND_INLINED { sum[k / XB][k % XB] = f32{}; });
    const int from = std::max(0, C::pad - y), to = std::min(C::size, C::height + C::pad - y);
    for (int c = 0; c < C::in; ++c)
        for (int ky = from; ky < to; ++ky) {
            const float* const row = x + 1l * width * (c * C::height + y + ky - C::pad) * C::width;
            const float* const f = w + C::first + ky * C::fy + c * C::fi + o * C::fo;
            if constexpr (OB == 1) {   // a vector is loaded once for all filter columns that meet it
                f32 filter[C::size];
                unrolled<C::size>([&](auto kx) HAND_INLINED { filter[kx] = all(f[kx * C::fx]); });
                unrolled<XB + C::size - 1>([&](auto q) HAND_INLINED {
                    constexpr int at = X0 + q - C::pad;
                    if constexpr (at >= 0 && at < C::width) {
                        const f32 v = load(row + width * at);
                        unrolled<C::size>([&](auto kx) HAND_INLINED {
                            constexpr int p = q - kx;
                            if constexpr (p >= 0 && p < XB) sum[0][p] = fma(filter[kx], v, sum[0][p]);
                        });
                    }
                });
            } else {
                unrolled<C::size>([&](auto kx) HAND_INLINED {
                    f32 filter[OB];
                    unrolled<OB>([&](auto k) HAND_INLINED { filter[k] = all(f[kx * C::fx + k * C::fo]); });
                    unrolled<XB>([&](auto p) HAND_INLINED {
                        constexpr int at = X0 + p + kx - C::pad;
                        if constexpr (at >= 0 && at < C::width) {
                            const f32 v = load(row + width * at);
                            unrolled<OB>([&](auto k) HAND_INLINED { sum[k][p] = fma(filter[k], v, sum[k][p]); });
                        }
                    });
                });
            }
        }
    unrolled<OB * XB>([&](auto k) HAND_INLINED { then(sum[k / XB][k % XB], o + k / XB, X0 + k % XB); });
}
/// Row y of all channels.
template <class C, int OB, int XB, class Then>
HAND_INLINE void convolve_row(const float* x, const float* w, int y, Then then) {
    static_assert(C::out % OB == 0 && C::out_width % XB == 0);
    for (int o = 0; o < C::out; o += OB)
        unrolled<C::out_width / XB>([&](auto k) HAND_INLINED { convolve_tile<C, OB, XB, k * XB>(x, w, o, y, then); });
}
/// z = x * w of one block of images.
template <class C, int OB, int XB>
[[gnu::noinline]] void convolve(const float* x, const float* w, float* z) {
    for (int y = 0; y < C::out_height; ++y)
        convolve_row<C, OB, XB>(x, w, y, [&](f32 sum, int o, int at) HAND_INLINED { store(z + 1l * width * ((o * C::out_height + y) * C::out_width + at), sum); });
}

/// The sums of N vectors, as many at once as a vector has lanes where that pays.
template <int N>
HAND_INLINE void totals(const f32* v, float* to) {
    constexpr int at_once = (N + width - width * 5 / 8) / width * width;
#pragma GCC unroll 4
    for (int k = 0; k < at_once; k += width) {
        f32 some[width];
        for (int u = 0; u < width; ++u) some[u] = k + u < N ? v[k + u] : f32{};
        store(to + k, fold_each(some, added), first(N - k));
    }
    for (int k = at_once; k < N; ++k) to[k] = total(v[k]);
}
/// dw(y, x, i, o) = rate * sum of x(i) dz(o) over all images of `blocks` blocks and all positions, added to what is there.
template <class C, int OB>
[[gnu::noinline]] void filter_gradient(const float* x, const float* dz, int blocks, float rate, float* dw) {
    static_assert(C::out % OB == 0);
    // the positions whose filters lie within the image
    static constexpr int before = C::pad, after = std::min(C::out_width, C::width - C::size + C::pad + 1);
    // few sums are two of each, for every other position: one would wait for itself
    static constexpr int n = OB * C::size, parts = n < 8 ? 2 : 1;
    static_assert((after - before) % parts == 0);
    constexpr std::integral_constant<int, 0> first_part;
    for (int c = 0; c < C::in; ++c)
        for (int ky = 0; ky < C::size; ++ky)
            for (int o = 0; o < C::out; o += OB) {
                f32 sum[parts * n];
                unrolled<parts * n>([&](auto k) HAND_INLINED { sum[k] = f32{}; });
                const int from = std::max(0, C::pad - ky), to = std::min(C::out_height, C::height + C::pad - ky);
                for (int b = 0; b < blocks; ++b)
                    for (int y = from; y < to; ++y) {
                        const float* const row = x + b * C::in_block + 1l * width * (c * C::height + y + ky - C::pad) * C::width;
                        const float* const d = dz + b * C::out_block + 1l * width * (o * C::out_height + y) * C::out_width;
                        const auto at = [&](long p, auto meets, auto part) HAND_INLINED {
                            f32 up[OB];
                            unrolled<OB>([&](auto k) HAND_INLINED { up[k] = load(d + 1l * width * (k * C::out_height * C::out_width + p)); });
                            unrolled<C::size>([&](auto kx) HAND_INLINED {
                                if constexpr (meets(kx)) {
                                    const f32 v = load(row + width * (p + kx - C::pad));
                                    unrolled<OB>([&](auto k) HAND_INLINED {
                                        f32& s = sum[part * n + k * C::size + kx];
                                        s = fma(v, up[k], s);
                                    });
                                }
                            });
                        };
                        unrolled<before>([&](auto p) HAND_INLINED { at(p, [](auto kx) HAND_INLINED { return decltype(p)::value + kx >= C::pad; }, first_part); });
                        for (long p = before; p < after; p += parts)
                            unrolled<parts>([&](auto u) HAND_INLINED { at(p + u, [](auto) HAND_INLINED { return true; }, u); });
                        unrolled<C::out_width - after>([&](auto p) HAND_INLINED {
                            at(after + p, [](auto kx) HAND_INLINED { return after + decltype(p)::value + kx - C::pad < C::width; }, first_part);
                        });
                    }
                if constexpr (parts == 2) unrolled<n>([&](auto k) HAND_INLINED { sum[k] = sum[k] + sum[n + k]; });
                float result[n];
                totals<n>(sum, result);
                for (int k = 0; k < OB; ++k)
                    for (int kx = 0; kx < C::size; ++kx) dw[C::first + ky * C::fy + kx * C::fx + c * C::fi + o + k] += rate * result[k * C::size + kx];
            }
}

/// [images][elements] as blocks of [elements][width images].
template <long Elements>
[[gnu::noinline]] void in_blocks(const float* x, int images, float* to) {
    for (int b = 0; b < images / width; ++b) {
        const float* const from = x + b * width * Elements;
        float* const block = to + b * width * Elements;
        long k = 0;
        for (; k + width <= Elements; k += width) transpose_square(from + k, Elements, block + width * k, width);
        for (; k < Elements; ++k)
            for (int n = 0; n < width; ++n) block[width * k + n] = from[n * Elements + k];
    }
}

}  // namespace hand
