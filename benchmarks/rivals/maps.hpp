// Elementwise functions of n floats, n a template constant.
#pragma once
#include "functions.hpp"

namespace hand {

/// n vectors of out = f(in): one function after the other with AVX-512, in step with AVX2. Of the last, `lanes`.
template <int n, class F>
HAND_INLINE void map_some(const float* in, float* out, prefix lanes, F f) {
    pack<n> v;
#pragma GCC unroll 4
    for (int u = 0; u < n; ++u) v.v[u] = load(in + width * u, u + 1 < n ? first(width) : lanes);
    if constexpr (avx512) v = each(f, v);
    else v = f(v);
#pragma GCC unroll 4
    for (int u = 0; u < n; ++u) store(out + width * u, v.v[u], u + 1 < n ? first(width) : lanes);
}
/// out = f(in), some vectors at a time, so that the latencies of one hide in the others.
template <long N, class F>
[[gnu::noinline]] void map(const float* in, float* out, F f) {
    constexpr int n = avx512 ? 4 : 3;
    constexpr long whole = N / (n * width) * (n * width), rest = (N - whole + width - 1) / width;
    for (long k = 0; k < whole; k += n * width) map_some<n>(in + k, out + k, first(width), f);
    if constexpr (rest > 0) map_some<rest>(in + whole, out + whole, first(N - whole - (rest - 1) * width), f);
}

/// tanh(a x + b) c + x / (1 + x x). One division for both quotients is no faster here: it costs three products more.
struct chain {
    float a, b, c;
    template <class V>
    HAND_INLINE V operator()(const V& x) const {
        const quotient<V> q{x, fma(x, x, all(1.0f))};
        return fma(tanh(fma(x, all(a), all(b))), all(c), q.value());
    }
};
/// x / 2 (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
struct gelu_tanh {
    template <class V>
    HAND_INLINE V operator()(const V& x) const {
        const V y = max(x, all(-10.0f));   // exp(-2 u) stays finite
        const V u = y * fma(y * y, all(0.0356774081f), all(0.797884561f));
        return x / (exp_scaled(u, -2.0f) + all(1.0f));
    }
};
/// x / 2 (1 + erf(x / sqrt 2))
struct gelu_erf {
    template <class V>
    HAND_INLINE V operator()(const V& x) const {
        const V half = x * all(0.5f);
        return fma(half, erf(x * all(0.707106781f)), half);
    }
};
/// log(1 + exp x) = max(x, 0) + log(1 + exp(-|x|))
struct softplus {
    template <class V>
    HAND_INLINE V operator()(const V& x) const {
        const V t = exp_scaled(abs(x), -1.0f);
        return log1p_unit(t) + max(x, all(0.0f));
    }
};
/// exp(-x x) log(1 + x x)
struct exp_log {
    template <class V>
    HAND_INLINE V operator()(const V& x) const {
        const V s = x * x;
        return log(s + all(1.0f)) * exp_scaled(s, -1.0f);
    }
};

/// out = in * factor, from bytes to floats.
template <long N>
[[gnu::noinline]] void bytes_to_floats(const std::uint8_t* in, float factor, float* out) {
    constexpr long whole = N / (4 * width) * (4 * width);
    for (long k = 0; k < whole; k += 4 * width)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) store(out + k + width * u, load_bytes(in + k + width * u) * all(factor));
    for (long k = whole; k < N; ++k) out[k] = in[k] * factor;
}
/// out = a x + y w - v. Results beyond the caches go around them.
template <long N>
[[gnu::noinline]] void axpyw(float a, const float* x, const float* y, const float* w, const float* v, float* out) {
    const auto at = [&](long k) { return fma(all(a), load(x + k), fms(load(y + k), load(w + k), load(v + k))); };
    constexpr bool streams = N * 4 > (8 << 20);
    const long begin = streams ? static_cast<long>(-reinterpret_cast<std::uintptr_t>(out) % sizeof(f32) / 4) : 0;
    const long whole = begin + (N - begin) / (4 * width) * (4 * width);
    const auto some = [&](long from, long to) HAND_INLINED {
#pragma GCC unroll 4
        for (long k = from; k < to; k += width) {
            const prefix m = first(to - k);
            const f32 p = fms(load(y + k, m), load(w + k, m), load(v + k, m));
            store(out + k, fma(all(a), load(x + k, m), p), m);
        }
    };
    some(0, begin);
    for (long k = begin; k < whole; k += 4 * width)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u)
            if constexpr (streams) stream(out + k + width * u, at(k + width * u));
            else store(out + k + width * u, at(k + width * u));
    some(whole, N);
    if constexpr (streams) _mm_sfence();
}

}  // namespace hand
