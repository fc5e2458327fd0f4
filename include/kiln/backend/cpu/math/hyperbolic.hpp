// sinh, cosh and the inverse hyperbolic functions of lanes (tanh is in exponential.hpp): of e^x and e^-x, and of log1p as in Kahan,
// Branch cuts for complex elementary functions (1987), section 7: what goes into log1p has no cancellation.
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>
#include <kiln/backend/cpu/math/rounding.hpp>

namespace kiln::cpu {

namespace steps {

template <class T>
struct hyperbolic;
template <>
struct hyperbolic<float> {
    static constexpr float infinite_above = 90.0f;
    /// (sinh x - x) / x^3 on [0, 1], in x^2
    static constexpr float sinh[]{0x1.555556p-3f, 0x1.1110c6p-7f, 0x1.a03554p-13f, 0x1.725236p-19f};
};
template <>
struct hyperbolic<double> {
    static constexpr double infinite_above = 711.0;
    static constexpr double sinh[]{
        0x1.5555555555555p-3, 0x1.1111111111198p-7, 0x1.a01a01a00b9c2p-13, 0x1.71de3a5e9b752p-19, 0x1.ae645336ffbc5p-26,
        0x1.612234504ed57p-33, 0x1.b260b8b04cbf5p-41};
};

/// e^x / 2 for x >= 0, finite where that is.
template <class V>
KILN_INLINE V half_exp(V x) {
    const V one = all<V>(element<V>{1});
    const auto e = power_of_e(at_most(hyperbolic<element<V>>::infinite_above, x));
    return scaled(e.mantissa, e.n - one, e.t - one);
}
/// log1p(y), or log(2x) where x is so large that 1 + x is x.
template <class V>
KILN_INLINE V log1p_or_twice(V y, V x) {
    using T = element<V>;
    const auto large = x.v >= all<V>(static_cast<T>(u64{4} << mantissa_bits<T>)).v;
    const V r = log1p_of(pick(large, x, y));
    return pick(large, r + all<V>(natural<T>::two_high), r);
}

}  // namespace steps

/// The hyperbolic sine, finite as far as it is; keeps -0 and denormal numbers. Error at most 3 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> sinh(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V a = magnitude(x), s = a * a, half = half_exp(a);
    const V small = fused(polynomial(hyperbolic<T>::sinh, s, s * s), a * s, a), large = half - all<V>(T{0.25}) / half;
    return with_sign_of(pick(a.v < all<V>(T{1}).v, small, large), x);
}

/// The hyperbolic cosine, finite as far as it is. Error at most 2 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> cosh(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V half = half_exp(magnitude(x));
    return half + all<V>(T{0.25}) / half;
}

/// The inverse hyperbolic sine; keeps -0 and denormal numbers. Error at most 2.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> asinh(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V one = all<V>(T{1}), a = magnitude(x), s = a * a;
    return with_sign_of(log1p_or_twice(a + s / (one + sqrt(one + s)), a), x);
}

/// The inverse hyperbolic cosine; NaN below 1. Error at most 2.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> acosh(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V one = all<V>(T{1}), t = x - one;
    return pick(x.v < one.v, all<V>(std::numeric_limits<T>::quiet_NaN()), log1p_or_twice(t + sqrt(fused(t, t, t + t)), x));
}

/// The inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond; keeps -0 and denormal numbers. Error at most 2.5 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> atanh(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V one = all<V>(T{1}), a = magnitude(x), twice = a + a;
    const V y = pick(a.v > one.v, all<V>(std::numeric_limits<T>::quiet_NaN()), twice + twice * a / (one - a));
    return with_sign_of(log1p_of(y) * all<V>(T{0.5}), x);
}

}  // namespace kiln::cpu
