// Elementwise functions of n floats, n a template constant.
#pragma once
#include "functions.hpp"

namespace hand {

/// out = f(in), four vectors at a time, so that the latencies of one hide in the others.
template <long N, class F>
[[gnu::noinline]] void map(const float* in, float* out, F f) {
    constexpr long whole = N / 64 * 64;
    for (long k = 0; k < whole; k += 64) {
        f32x16 v[4];
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) v[u] = f(load(in + k + 16 * u));
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) store(out + k + 16 * u, v[u]);
    }
    for (long k = whole; k < N; k += 16) store(out + k, f(load(in + k, first(N - k))), first(N - k));
}

/// tanh(a x + b) c + x / (1 + x x). One division for both quotients is no faster here: it costs three products more.
struct chain {
    float a, b, c;
    HAND_INLINE f32x16 operator()(f32x16 x) const {
        const quotient q{x, fma(x, x, all(1.0f))};
        return fma(tanh(fma(all(a), x, all(b))), all(c), q.value());
    }
};
/// x / 2 (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
struct gelu_tanh {
    HAND_INLINE f32x16 operator()(f32x16 x) const {
        const f32x16 y = _mm512_max_ps(x, all(-10.0f));   // exp(-2 u) stays finite
        const f32x16 u = _mm512_mul_ps(y, fma(_mm512_mul_ps(y, y), all(0.0356774081f), all(0.797884561f)));
        return quotient{x, _mm512_add_ps(all(1.0f), exp_scaled(u, -2.0f))}.value();
    }
};
/// x / 2 (1 + erf(x / sqrt 2))
struct gelu_erf {
    HAND_INLINE f32x16 operator()(f32x16 x) const {
        const f32x16 half = _mm512_mul_ps(x, all(0.5f));
        return fma(half, erf(_mm512_mul_ps(x, all(0.707106781f))), half);
    }
};
/// log(1 + exp x) = max(x, 0) + log(1 + exp(-|x|))
struct softplus {
    HAND_INLINE f32x16 operator()(f32x16 x) const {
        const f32x16 t = exp_scaled(_mm512_abs_ps(x), -1.0f);
        return _mm512_add_ps(_mm512_max_ps(x, all(0.0f)), log1p_unit(t));
    }
};
/// exp(-x x) log(1 + x x)
struct exp_log {
    HAND_INLINE f32x16 operator()(f32x16 x) const {
        const f32x16 s = _mm512_mul_ps(x, x);
        return _mm512_mul_ps(exp_scaled(s, -1.0f), log(_mm512_add_ps(s, all(1.0f))));
    }
};

/// out = a x + y w - v. Results beyond the caches go around them.
template <long N>
[[gnu::noinline]] void axpyw(float a, const float* x, const float* y, const float* w, const float* v, float* out) {
    const auto at = [&](long k) { return fma(all(a), load(x + k), _mm512_fmsub_ps(load(y + k), load(w + k), load(v + k))); };
    constexpr bool streams = N * 4 > (8 << 20);
    const long begin = streams ? static_cast<long>(-reinterpret_cast<std::uintptr_t>(out) % 64 / 4) : 0;
    const long whole = begin + (N - begin) / 64 * 64;
    const auto some = [&](long from, long to) {
        for (long k = from; k < to; k += 16) {
            const __mmask16 m = first(to - k);
            const f32x16 p = _mm512_fmsub_ps(load(y + k, m), load(w + k, m), load(v + k, m));
            store(out + k, fma(all(a), load(x + k, m), p), m);
        }
    };
    some(0, begin);
    for (long k = begin; k < whole; k += 64)
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u)
            if constexpr (streams) _mm512_stream_ps(out + k + 16 * u, at(k + 16 * u));
            else store(out + k + 16 * u, at(k + 16 * u));
    some(whole, N);
    if constexpr (streams) _mm_sfence();
}

}  // namespace hand
