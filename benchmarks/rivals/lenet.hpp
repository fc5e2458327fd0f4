// One step of gradient descent of LeNet-5 (5x5 filters to 6 and 16 channels, max pooling, layers of 120, 84 and 10) with 64 samples.
// A sample is a lane all the way: a vector of images at a time through the convolutions, [feature][64 samples] through the layers. Of what
// a pool has seen, a mask of four bits per lane is kept.
#pragma once
#include "convolutions.hpp"
#include "products.hpp"
#include "rows.hpp"

namespace hand {

/// relu, then the largest of 2x2: z has two rows of each channel, `where` gets for each lane the one it came from, or none.
template <class C, class Place>
HAND_INLINE void pool(const float* z, const float* bias, Place place, std::uint64_t* where) {
    for (long c = 0; c < C::out; ++c)
        for (long x = 0; x < C::out_width / 2; ++x) {
            const float *top = z + width * (c * 2 * C::out_width + 2 * x), *bottom = top + width * C::out_width;
            const f32 v[4]{load(top), load(top + width), load(bottom), load(bottom + width)};
            const f32 most = max(max(v[0], v[1]), max(v[2], v[3])), y = most + all(bias[c]);
            std::uint64_t bits = 0;
            mask left = greater(y, f32{});
            for (int k = 0; k < 4; ++k) {
                const mask from = both(left, equal(v[k], most));
                bits |= bits_of(from) << (16 * k);
                left = without(left, from);
            }
            where[c * C::out_height * C::out_width / 4 + x] = bits;
            place(c, x, max(f32{}, y));
        }
}
/// Back through the pool and the relu, to dz of one block; returns nothing, adds the sums to db.
template <class C, class From>
HAND_INLINE void unpool(From from, const std::uint64_t* where, float* dz, float rate, float* b) {
    for (long c = 0; c < C::out; ++c) {
        f32 sum{};
        for (long y = 0; y < C::out_height / 2; ++y)
            for (long x = 0; x < C::out_width / 2; ++x) {
                const f32 d = from(c, y, x);
                const std::uint64_t bits = where[(c * C::out_height / 2 + y) * C::out_width / 2 + x];
                float* const to = dz + width * ((c * C::out_height + 2 * y) * C::out_width + 2 * x);
                for (int k = 0; k < 4; ++k) {
                    const f32 part = keep(mask_of(bits >> (16 * k)), d);
                    sum = sum + part;
                    store(to + (k / 2) * width * C::out_width + (k % 2) * width, part);
                }
            }
        b[c] += rate * total(sum);
    }
}

/// y [Out][64] = w x + bias, through a relu or not; w is [In][Out], x [In][64].
template <bool Relu>
struct layer_of_columns {
    const float* bias;
    float* y;
    HAND_INLINE void operator()(f32 sum, long i, long j, prefix) const {
        const f32 v = sum + all(bias[i]);
        store(y + i * 64 + j, Relu ? max(f32{}, v) : v);
    }
};
/// dw and db of such a layer, subtracted from w and bias: dy is [Out][64].
template <long In, long Out>
HAND_INLINE void descend_layer(const float* x, const float* dy, float* turned, float rate, float* w, float* bias) {
    transpose<Out, 64>(dy, turned);
    product<In, Out, 64, strides{64, 1}, Out>(x, turned, descent<Out>{rate, w});
    for (long k = 0; k < Out; ++k) {
        const float* const d = dy + 64 * k;
        f32 sum[4]{load(d), load(d + width), load(d + 2 * width), load(d + 3 * width)};
        for (int u = 4; u < 64 / width; ++u) sum[u % 4] = sum[u % 4] + load(d + u * width);
        bias[k] -= rate * total(fold4(sum, added));
    }
}

struct lenet {
    using first = convolution<1, 6, 28, 28, 5, 2>;
    using second = convolution<6, 16, 14, 14, 5, 0>;
    static constexpr long n = 64, blocks = n / width, features = 400, a = 120, b = 84, classes = 10, pooled = 1l * width * 6 * 14 * 14;

    alignas(64) float f1[25 * 6], f2[25 * 6 * 16], w3[features * a], w4[a * b], w5[b * classes];
    alignas(64) float b1[6], b2[16], b3[a], b4[b], b5[classes];

    float step(const float* images, const std::int32_t* labels, float rate) {
        in_blocks<784>(images, n, x);
        for (long k = 0; k < blocks; ++k) forward(k);
        product<a, n, features, strides{1, a}, n>(w3, h2, layer_of_columns<true>{b3, h3});
        product<b, n, a, strides{1, b}, n>(w4, h3, layer_of_columns<true>{b4, h4});
        product<classes, n, b, strides{1, classes}, n>(w5, h4, layer_of_columns<false>{b5, z5});
        const float loss = cross_entropy_of_columns(labels);
        product<b, n, classes, strides{classes, 1}, n>(w5, d5, where_positive<n>{h4, d4});
        descend_layer<b, classes>(h4, d5, turned, rate, w5, b5);
        product<a, n, b, strides{b, 1}, n>(w4, d4, where_positive<n>{h3, d3});
        descend_layer<a, b>(h3, d4, turned, rate, w4, b4);
        product<features, n, a, strides{a, 1}, n>(w3, d3, stored<n>{d2});
        descend_layer<features, a>(h2, d3, turned, rate, w3, b3);
        float df2[25 * 6 * 16]{}, df1[25 * 6]{};
        for (long k = 0; k < blocks; ++k) back(k, rate, df1, df2);
        for (int k = 0; k < 25 * 6 * 16; ++k) f2[k] += df2[k];
        for (int k = 0; k < 25 * 6; ++k) f1[k] += df1[k];
        return loss;
    }

private:
    alignas(64) float x[n * 784], h1[blocks * pooled], h2[features * n], h3[a * n], h4[b * n], z5[classes * n];
    alignas(64) float d5[classes * n], d4[b * n], d3[a * n], d2[features * n], turned[n * a];
    alignas(64) float z[width * 6 * 2 * 28], dz[width * 6 * 28 * 28], dh1[pooled];
    std::uint64_t where1[blocks][6 * 14 * 14], where2[blocks][16 * 5 * 5];

    /// Two rows at a time, which stay in the first cache until they are pooled.
    template <class C, int OB, int XB, class Place>
    void convolve_and_pool(const float* in, const float* w, const float* bias, Place place, std::uint64_t* where) {
        for (int y = 0; y < C::out_height; y += 2) {
            for (int r = 0; r < 2; ++r)
                convolve_row<C, OB, XB>(in, w, y + r, [&](f32 sum, int o, int at) HAND_INLINED {
                    store(z + width * ((o * 2 + r) * C::out_width + at), sum);
                });
            pool<C>(z, bias, [&](long c, long at, f32 v) HAND_INLINED { place(c, y / 2, at, v); }, where + y / 2 * (C::out_width / 2));
        }
    }
    [[gnu::noinline]] void forward(long k) {
        float* const h = h1 + k * pooled;
        convolve_and_pool<first, avx512 ? 6 : 2, 4>(x + k * 784 * width, f1, b1,
                                       [&](long c, long y, long at, f32 v) HAND_INLINED { store(h + width * ((c * 14 + y) * 14 + at), v); }, where1[k]);
        convolve_and_pool<second, avx512 ? 4 : 2, 5>(h, f2, b2,   // features in the order y, x, channel
                                        [&](long c, long y, long at, f32 v) HAND_INLINED { store(h2 + 64 * ((y * 5 + at) * 16 + c) + width * k, v); },
                                        where2[k]);
    }
    [[gnu::noinline]] void back(long k, float rate, float* df1, float* df2) {
        unpool<second>([&](long c, long y, long at) HAND_INLINED { return load(d2 + 64 * ((y * 5 + at) * 16 + c) + width * k); }, where2[k], dz, -rate, b2);
        filter_gradient<second, avx512 ? 4 : 2>(h1 + k * pooled, dz, 1, -rate, df2);
        convolve<backward<second>, avx512 ? 3 : 1, avx512 ? 7 : 14>(dz, f2, dh1);
        unpool<first>([&](long c, long y, long at) HAND_INLINED { return load(dh1 + width * ((c * 14 + y) * 14 + at)); }, where1[k], dz, -rate, b1);
        filter_gradient<first, avx512 ? 3 : 2>(x + k * 784 * width, dz, 1, -rate, df1);
    }
    /// z5 and d5 are [class][sample].
    float cross_entropy_of_columns(const std::int32_t* labels) {
        f32 loss{};
        for (long j = 0; j < n; j += width) {
            f32 v[classes], most = all(lowest), sum{}, hit{};
            for (long c = 0; c < classes; ++c) most = max(most, v[c] = load(z5 + c * n + j));
            for (long c = 0; c < classes; ++c) sum = sum + (v[c] = exp(v[c] - most));
            const f32 share = all(1.0f / n), by = share / sum;
            const i32 label = load(labels + j);
            for (long c = 0; c < classes; ++c) {
                const mask here = equal(label, all(static_cast<std::int32_t>(c)));
                const f32 p = v[c] * by;
                hit = where(here, load(z5 + c * n + j), hit);
                store(d5 + c * n + j, where(here, p - share, p));
            }
            loss = loss + (log(sum) + most - hit);
        }
        return total(loss) / n;
    }
};

}  // namespace hand
