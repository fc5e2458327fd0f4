// One step of gradient descent of the perceptron 784-128-10 with 64 samples: each product and what follows it is one kernel, the
// update is part of the product that makes the gradient.
#pragma once
#include "products.hpp"
#include "rows.hpp"

namespace hand {

/// The sum over the rows of x [R][C] by columns, b -= rate * sum.
template <long R, long C>
HAND_INLINE void descend_columns(const float* x, float rate, float* b) {
    const auto some = [&](long k, prefix lanes) HAND_INLINED {
        f32 sum[4]{};
        for (long i = 0; i < R; i += 4)
#pragma GCC unroll 4
            for (int u = 0; u < 4; ++u) sum[u] = sum[u] + load(x + (i + u) * C + k, lanes);
        store(b + k, fnma(all(rate), fold4(sum, added), load(b + k, lanes)), lanes);
    };
    for (long k = 0; k + width <= C; k += width) some(k, first(width));
    if constexpr (C % width != 0) some(C / width * width, first(C % width));
}
struct perceptron {
    static constexpr long n = 64, in = 784, mid = 128, out = 10;
    alignas(64) float w1[in * mid], w2[mid * out], b1[mid], b2[out];
    alignas(64) float hidden[n * mid], logits[n * out], d_logits[n * out], d_hidden[n * mid], w2_turned[out * mid];

    float step(const float* x, const std::int32_t* labels, float rate) {
        product<n, mid, in, strides{in, 1}, mid>(x, w1, dense_relu<mid>{b1, hidden});
        product<n, out, mid, strides{mid, 1}, out>(hidden, w2, dense<out>{b2, logits});
        const float loss = cross_entropy<n, out>(logits, labels, d_logits);
        transpose<mid, out>(w2, w2_turned);
        product<n, mid, out, strides{out, 1}, mid>(d_logits, w2_turned, where_positive<mid>{hidden, d_hidden});
        product<mid, out, n, strides{1, mid}, out>(hidden, d_logits, descent<out>{rate, w2});
        descend_columns<n, out>(d_logits, rate, b2);
        product<in, mid, n, strides{1, in}, mid>(x, d_hidden, descent<mid>{rate, w1});
        descend_columns<n, mid>(d_hidden, rate, b1);
        return loss;
    }
};

}  // namespace hand
