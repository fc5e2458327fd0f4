// One step of gradient descent of LeNet-5 (5x5 filters to 6 and 16 channels, max pooling, layers of 120, 84 and 10) with 64 samples.
// A sample is a lane all the way: 16 images at a time through the convolutions, [feature][64 samples] through the layers. Of what
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
            const float *top = z + 16 * (c * 2 * C::out_width + 2 * x), *bottom = top + 16 * C::out_width;
            const f32x16 v[4]{load(top), load(top + 16), load(bottom), load(bottom + 16)};
            const f32x16 most = _mm512_max_ps(_mm512_max_ps(v[0], v[1]), _mm512_max_ps(v[2], v[3])), y = _mm512_add_ps(most, all(bias[c]));
            std::uint64_t bits = 0;
            auto left = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_GT_OQ);
            for (int k = 0; k < 4; ++k) {
                const __mmask16 from = _mm512_mask_cmp_ps_mask(left, v[k], most, _CMP_EQ_OQ);
                bits |= static_cast<std::uint64_t>(from) << (16 * k);
                left = _kandn_mask16(from, left);
            }
            where[c * C::out_height * C::out_width / 4 + x] = bits;
            place(c, x, _mm512_max_ps(_mm512_setzero_ps(), y));
        }
}
/// Back through the pool and the relu, to dz of one block; returns nothing, adds the sums to db.
template <class C, class From>
HAND_INLINE void unpool(From from, const std::uint64_t* where, float* dz, float rate, float* b) {
    for (long c = 0; c < C::out; ++c) {
        f32x16 sum = _mm512_setzero_ps();
        for (long y = 0; y < C::out_height / 2; ++y)
            for (long x = 0; x < C::out_width / 2; ++x) {
                const f32x16 d = from(c, y, x);
                const std::uint64_t bits = where[(c * C::out_height / 2 + y) * C::out_width / 2 + x];
                float* const to = dz + 16 * ((c * C::out_height + 2 * y) * C::out_width + 2 * x);
                for (int k = 0; k < 4; ++k) {
                    const f32x16 part = _mm512_maskz_mov_ps(static_cast<__mmask16>(bits >> (16 * k)), d);
                    sum = _mm512_add_ps(sum, part);
                    store(to + (k / 2) * 16 * C::out_width + (k % 2) * 16, part);
                }
            }
        b[c] += rate * _mm512_reduce_add_ps(sum);
    }
}

/// y [Out][64] = w x + bias, through a relu or not; w is [In][Out], x [In][64].
template <bool Relu>
struct layer_of_columns {
    const float* bias;
    float* y;
    HAND_INLINE void operator()(f32x16 sum, long i, long j, __mmask16) const {
        const f32x16 v = _mm512_add_ps(sum, all(bias[i]));
        store(y + i * 64 + j, Relu ? _mm512_max_ps(_mm512_setzero_ps(), v) : v);
    }
};
/// dw and db of such a layer, subtracted from w and bias: dy is [Out][64].
template <long In, long Out>
HAND_INLINE void descend_layer(const float* x, const float* dy, float* turned, float rate, float* w, float* bias) {
    transpose<Out, 64>(dy, turned);
    product<In, Out, 64, strides{64, 1}, Out>(x, turned, descent<Out>{rate, w});
    for (long k = 0; k < Out; ++k) {
        const float* const d = dy + 64 * k;
        bias[k] -= rate * _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(load(d), load(d + 16)), _mm512_add_ps(load(d + 32), load(d + 48))));
    }
}

struct lenet {
    using first = convolution<1, 6, 28, 28, 5, 2>;
    using second = convolution<6, 16, 14, 14, 5, 0>;
    static constexpr long n = 64, blocks = n / 16, features = 400, a = 120, b = 84, classes = 10, pooled = 16l * 6 * 14 * 14;

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
    alignas(64) float z[16 * 6 * 2 * 28], dz[16 * 6 * 28 * 28], dh1[pooled];
    std::uint64_t where1[blocks][6 * 14 * 14], where2[blocks][16 * 5 * 5];

    /// Two rows at a time, which stay in the first cache until they are pooled.
    template <class C, int OB, int XB, class Place>
    void convolve_and_pool(const float* in, const float* w, const float* bias, Place place, std::uint64_t* where) {
        for (int y = 0; y < C::out_height; y += 2) {
            for (int r = 0; r < 2; ++r)
                convolve_row<C, OB, XB>(in, w, y + r, [&](f32x16 sum, int o, int at) HAND_INLINED {
                    store(z + 16 * ((o * 2 + r) * C::out_width + at), sum);
                });
            pool<C>(z, bias, [&](long c, long at, f32x16 v) HAND_INLINED { place(c, y / 2, at, v); }, where + y / 2 * (C::out_width / 2));
        }
    }
    [[gnu::noinline]] void forward(long k) {
        float* const h = h1 + k * pooled;
        convolve_and_pool<first, 6, 4>(x + k * 784 * 16, f1, b1,
                                       [&](long c, long y, long at, f32x16 v) HAND_INLINED { store(h + 16 * ((c * 14 + y) * 14 + at), v); }, where1[k]);
        convolve_and_pool<second, 4, 5>(h, f2, b2,   // features in the order y, x, channel
                                        [&](long c, long y, long at, f32x16 v) HAND_INLINED { store(h2 + 64 * ((y * 5 + at) * 16 + c) + 16 * k, v); },
                                        where2[k]);
    }
    [[gnu::noinline]] void back(long k, float rate, float* df1, float* df2) {
        unpool<second>([&](long c, long y, long at) HAND_INLINED { return load(d2 + 64 * ((y * 5 + at) * 16 + c) + 16 * k); }, where2[k], dz, -rate, b2);
        filter_gradient<second, 4>(h1 + k * pooled, dz, 1, -rate, df2);
        convolve<backward<second>, 3, 7>(dz, f2, dh1);
        unpool<first>([&](long c, long y, long at) HAND_INLINED { return load(dh1 + 16 * ((c * 14 + y) * 14 + at)); }, where1[k], dz, -rate, b1);
        filter_gradient<first, 3>(x + k * 784 * 16, dz, 1, -rate, df1);
    }
    /// z5 and d5 are [class][sample].
    float cross_entropy_of_columns(const std::int32_t* labels) {
        f32x16 loss = _mm512_setzero_ps();
        for (long j = 0; j < n; j += 16) {
            f32x16 v[classes], most = all(lowest), sum = _mm512_setzero_ps(), hit = sum;
            for (long c = 0; c < classes; ++c) most = _mm512_max_ps(most, v[c] = load(z5 + c * n + j));
            for (long c = 0; c < classes; ++c) sum = _mm512_add_ps(sum, v[c] = exp(_mm512_sub_ps(v[c], most)));
            const f32x16 share = all(1.0f / n), by = _mm512_div_ps(share, sum);
            const __m512i label = _mm512_loadu_si512(labels + j);
            for (long c = 0; c < classes; ++c) {
                const __mmask16 here = _mm512_cmpeq_epi32_mask(label, _mm512_set1_epi32(static_cast<int>(c)));
                const f32x16 p = _mm512_mul_ps(v[c], by);
                hit = _mm512_mask_mov_ps(hit, here, load(z5 + c * n + j));
                store(d5 + c * n + j, _mm512_mask_sub_ps(p, here, p, share));
            }
            loss = _mm512_add_ps(loss, _mm512_sub_ps(_mm512_add_ps(log(sum), most), hit));
        }
        return _mm512_reduce_add_ps(loss) / n;
    }
};

}  // namespace hand
