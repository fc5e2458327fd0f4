// Functions of lanes that are xsimd's, batch by batch, or the standard library's, lane by lane.
#pragma once
#include <kiln/backend/cpu/simd.hpp>

namespace kiln::cpu {

template <class Arch, class T, int L, class F>
KILN_INLINE raw<T, L> by_batches(raw<T, L> x, F f) {
    using batch = xsimd::batch<T, Arch>;
    constexpr int size = static_cast<int>(batch::size);
    if constexpr (size == L) return (raw<T, L>)(typename batch::register_type)f(batch((typename batch::register_type)x));
    else {
        constexpr int n = L > size ? L : size;
        alignas(64) T t[n];
        for (int k = L; k < n; ++k) t[k] = T{1};
        __builtin_memcpy(t, &x, sizeof(x));
        for (int k = 0; k < n; k += size) f(batch::load_aligned(t + k)).store_aligned(t + k);
        __builtin_memcpy(&x, t, sizeof(x));
        return x;
    }
}
template <class T, int L, class F>
KILN_INLINE raw<T, L> by_lanes(raw<T, L> x, F f) {
    for (int k = 0; k < L; ++k) x[k] = f(x[k]);
    return x;
}

#define KILN_BATCH_FUNCTION(name, function)                                                              \
    template <class T, int L, int B>                                                                     \
        requires std::is_floating_point_v<T>   /* an operation asks whether its operand has a `floor` */       \
    KILN_INLINE simd<T, L, B> name(simd<T, L, B> x) {                                                    \
        return {by_batches<default_arch, T, L>(x.v, [](auto b) KILN_INLINE_LAMBDA { return xsimd::function(b); })}; \
    }
KILN_BATCH_FUNCTION(sqrt, sqrt)
KILN_BATCH_FUNCTION(tan, tan)
KILN_BATCH_FUNCTION(asin, asin)
KILN_BATCH_FUNCTION(acos, acos)
KILN_BATCH_FUNCTION(atan, atan)
KILN_BATCH_FUNCTION(sinh, sinh)
KILN_BATCH_FUNCTION(cosh, cosh)
KILN_BATCH_FUNCTION(asinh, asinh)
KILN_BATCH_FUNCTION(atanh, atanh)
KILN_BATCH_FUNCTION(floor, floor)
KILN_BATCH_FUNCTION(ceil, ceil)
KILN_BATCH_FUNCTION(trunc, trunc)
KILN_BATCH_FUNCTION(round, nearbyint)
#undef KILN_BATCH_FUNCTION

/// erfc: xsimd's takes exp of the rounded -x^2, which at x = 9 costs 64 ULP: what was rounded off is put back. In double the
/// standard library's.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> erfc(simd<T, L, B> x) {
    if constexpr (std::is_same_v<T, float>) {
        const raw<T, L> y = by_batches<default_arch, T, L>(x.v, [](auto b) KILN_INLINE_LAMBDA { return xsimd::erfc(b); });
        using bits = raw<std::int32_t, L>;
        const simd<T, L, B> high{(raw<T, L>)((bits)x.v & (bits{} + ~0xfff))}, low = x - high, v{y};   // 12 bits each: exact products
        const simd<T, L, B> rounded_off = (high * high - x * x) + (high + high) * low + low * low;
        const auto inside = (x.v > raw<T, L>{} + 1.0f) & (x.v < raw<T, L>{} + 12.0f);
        return {inside ? (v - v * rounded_off).v : y};
    } else return {by_lanes<T, L>(x.v, [](T e) { return std::erfc(e); })};
}
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> acosh(simd<T, L, B> x) {   // xsimd's is infinite for large negative numbers
    const raw<T, L> y = by_batches<default_arch, T, L>(x.v, [](auto b) KILN_INLINE_LAMBDA { return xsimd::acosh(b); });
    return {x.v < raw<T, L>{} + T{1} ? raw<T, L>{} + std::numeric_limits<T>::quiet_NaN() : y};
}
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> atan2(simd<T, L, B> y, simd<T, L, B> x) {
    for (int k = 0; k < L; ++k) y.v[k] = std::atan2(y.v[k], x.v[k]);
    return y;
}

}  // namespace kiln::cpu
