// sqrt, and rounding to whole numbers, of lanes: instructions of the machine, exact or rounded right.
#pragma once
#include <kiln/backend/cpu/math/steps.hpp>

namespace kiln::cpu {

namespace steps {

/// f of every register of x where x is wider than one; of x and zeros where it is narrower.
template <class V, class F>
KILN_INLINE V by_registers(V x, F f) {
    constexpr std::size_t widest = vector_bytes<default_arch>, bytes = sizeof(V) < 16 ? 16 : sizeof(V) > widest ? widest : sizeof(V);
    if constexpr (bytes == sizeof(V)) return f(x);
    else {
        using part = simd<element<V>, static_cast<int>(bytes / sizeof(element<V>)), static_cast<int>(sizeof(element<V>))>;
        part parts[(sizeof(V) + bytes - 1) / bytes]{};
        __builtin_memcpy(parts, &x, sizeof(V));
        for (part& p : parts) p = f(p);
        __builtin_memcpy(&x, parts, sizeof(V));
        return x;
    }
}
template <class V>
KILN_INLINE V square_root(V x) {
    using T = element<V>;
    typedef typename V::raw_type R;
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && is_float<T>) return {(R)_mm512_sqrt_ps((__m512)x.v)};
    else if constexpr (sizeof(R) == 64) return {(R)_mm512_sqrt_pd((__m512d)x.v)};
    else
#endif
#if defined(__AVX__)
    if constexpr (sizeof(R) == 32 && is_float<T>) return {(R)_mm256_sqrt_ps((__m256)x.v)};
    else if constexpr (sizeof(R) == 32) return {(R)_mm256_sqrt_pd((__m256d)x.v)};
    else
#endif
    if constexpr (is_float<T>) return {(R)_mm_sqrt_ps((__m128)x.v)};
    else return {(R)_mm_sqrt_pd((__m128d)x.v)};
}
/// Rounded in a direction: one of _MM_FROUND_TO_NEAREST_INT (ties to even), _TO_NEG_INF, _TO_POS_INF, _TO_ZERO.
template <int Direction, class V>
KILN_INLINE V whole(V x) {
    using T = element<V>;
    [[maybe_unused]] typedef typename V::raw_type R;
    [[maybe_unused]] constexpr int how = Direction | _MM_FROUND_NO_EXC;
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && is_float<T>) return {(R)_mm512_roundscale_ps((__m512)x.v, how)};
    else if constexpr (sizeof(R) == 64) return {(R)_mm512_roundscale_pd((__m512d)x.v, how)};
    else
#endif
#if defined(__AVX__)
    if constexpr (sizeof(R) == 32 && is_float<T>) return {(R)_mm256_round_ps((__m256)x.v, how)};
    else if constexpr (sizeof(R) == 32) return {(R)_mm256_round_pd((__m256d)x.v, how)};
    else
#endif
#if defined(__SSE4_1__)
    if constexpr (is_float<T>) return {(R)_mm_round_ps((__m128)x.v, how)};
    else return {(R)_mm_round_pd((__m128d)x.v, how)};
#else
    {
        const V a = magnitude(x), all_whole = all<V>(static_cast<T>(u64{1} << mantissa_bits<T>)), one = all<V>(T{1}), zero{};
        const V n = with_sign_of(pick(a.v < all_whole.v, (a + all_whole) - all_whole, a), x);   // the nearest
        if constexpr (Direction == _MM_FROUND_TO_NEG_INF) return with_sign_of(n - pick(n.v > x.v, one, zero), x);
        else if constexpr (Direction == _MM_FROUND_TO_POS_INF) return with_sign_of(n + pick(n.v < x.v, one, zero), x);
        else if constexpr (Direction == _MM_FROUND_TO_ZERO) return with_sign_of(magnitude(n) - pick(magnitude(n).v > a.v, one, zero), x);
        else return n;
    }
#endif
}

}  // namespace steps

#define KILN_OF_REGISTERS(name, ...)                                                                                        \
    template <class T, int L, int B>                                                                                        \
        requires std::is_floating_point_v<T>   /* an operation asks whether its operand has a `floor` */                    \
    KILN_INLINE simd<T, L, B> name(simd<T, L, B> x) {                                                                       \
        return steps::by_registers(x, [](auto part) KILN_INLINE_LAMBDA { return steps::__VA_ARGS__(part); });               \
    }
KILN_OF_REGISTERS(sqrt, square_root)
KILN_OF_REGISTERS(floor, whole<_MM_FROUND_TO_NEG_INF>)
KILN_OF_REGISTERS(ceil, whole<_MM_FROUND_TO_POS_INF>)
KILN_OF_REGISTERS(trunc, whole<_MM_FROUND_TO_ZERO>)
KILN_OF_REGISTERS(round, whole<_MM_FROUND_TO_NEAREST_INT>)
#undef KILN_OF_REGISTERS

}  // namespace kiln::cpu
