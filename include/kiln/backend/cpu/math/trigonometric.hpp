// sin, cos and tan of lanes: x minus a multiple of pi/2 in three parts (Cody and Waite, Software Manual for the Elementary Functions,
// 1980; with fused multiply-adds the first difference is exact), then the polynomials of both on [-pi/4, pi/4], minimax ones.
// Arguments that are too large for that go lane by lane through the standard library, in double.
#pragma once
#include <kiln/backend/cpu/math/steps.hpp>

namespace kiln::cpu {

namespace steps {

template <class T>
struct circle;
template <>
struct circle<float> {
    static constexpr float inverse = 0x1.45f306p-1f, largest = 0x1p17f;
    static constexpr float quarter[]{0x1.921fb6p0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f};
    /// (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4, in r^2
    static constexpr float sine[]{-0x1.555544p-3f, 0x1.1106c6p-7f, -0x1.991c48p-13f};
    static constexpr float cosine[]{0x1.55554ap-5f, -0x1.6c0c1ap-10f, 0x1.99e14p-16f};
};
template <>
struct circle<double> {
    static constexpr double inverse = 0x1.45f306dc9c883p-1, largest = 0x1p30;
    static constexpr double quarter[]{0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
    static constexpr double sine[]{
        -0x1.5555555555547p-3, 0x1.111111110f595p-7, -0x1.a01a019bb4eaap-13, 0x1.71de352756311p-19,
        -0x1.ae5e273d0d97ep-26, 0x1.5d80b61267333p-33};
    static constexpr double cosine[]{
        0x1.555555555554ap-5, -0x1.6c16c16c14dd5p-10, 0x1.a01a019c5530fp-16, -0x1.27e4f7c6a046p-22, 0x1.1ee9bdf8d0d9dp-29,
        -0x1.8f96c4206f022p-37};
};

/// The sine and cosine of what x >= 0 is beyond a whole number of quarter turns, and that number in the last bits.
template <class V>
struct within_quarter {
    V sine, cosine;
    raw_bits<V> quarters;
    KILN_INLINE explicit within_quarter(V x) {
        using T = element<V>;
        using c = circle<T>;
        const V rounder_all = all<V>(rounder<T, 0>(0)), t = fused(x, all<V>(c::inverse), rounder_all), n = t - rounder_all;
        const V r = fused(n, -c::quarter[2], fused(n, -c::quarter[1], fused(n, -c::quarter[0], x)));
        const V square = r * r, fourth = square * square;
        sine = fused(polynomial(c::sine, square, fourth) * square, r, r);
        cosine = fused(square, fused(square, polynomial(c::cosine, square, fourth), T{-0.5}), T{1});
        quarters = bits(t);
    }
};
/// sin(x + turns pi/2) for x >= 0.
template <class V>
KILN_INLINE V sine(V x, bits_of_element<V> turns) {
    const within_quarter<V> w(x);
    const raw_bits<V> quadrant = w.quarters + turns, none{};
    const V y = pick((quadrant & 1) == none, w.sine, w.cosine);
    return of_bits<V>(bits(y) ^ ((quadrant & 2) << (8 * sizeof(element<V>) - 2)));
}

template <class Arch, class T, int L, class F>
[[gnu::noinline, gnu::cold]] void by_lanes_in_double(T* x, const T* argument, T largest, F f) {
    for (int k = 0; k < L; ++k)
        if (!(math::abs(argument[k]) <= largest)) x[k] = static_cast<T>(f(static_cast<double>(argument[k])));
}
/// y, and f(x) by the standard library where |x| is too large.
template <class T, int L, int B, class F>
KILN_INLINE simd<T, L, B> or_slowly(simd<T, L, B> x, simd<T, L, B> y, F f) {
    if (__builtin_expect(any_above(magnitude(x), circle<T>::largest), 0)) {
        T argument[L], result[L];
        __builtin_memcpy(argument, &x.v, sizeof(argument));
        __builtin_memcpy(result, &y.v, sizeof(result));
        by_lanes_in_double<default_arch, T, L>(result, argument, circle<T>::largest, f);
        __builtin_memcpy(&y.v, result, sizeof(result));
    }
    return y;
}

}  // namespace steps

/// The sine of x in radians, for every finite x; keeps -0 and denormal numbers. Error at most 1.75 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> sin(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V y = of_bits<V>(bits(sine(magnitude(x), 0)) ^ (bits(x) & sign_bit<V>));
    return or_slowly(x, y, [](double e) { return math::sin(e); });
}

/// The cosine of x in radians, for every finite x. Error at most 1.75 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> cos(simd<T, L, B> x) {
    using namespace steps;
    return or_slowly(x, sine(magnitude(x), 1), [](double e) { return math::cos(e); });
}

/// The tangent of x in radians, for every finite x; keeps -0 and denormal numbers. Error at most 4 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> tan(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const within_quarter<V> w(magnitude(x));
    const raw_bits<V> odd = w.quarters & 1;
    const auto even = odd == raw_bits<V>{};
    const V y = pick(even, w.sine, w.cosine) / pick(even, w.cosine, w.sine);   // -1 / tangent in odd quarters
    return or_slowly(x, of_bits<V>(bits(y) ^ (odd << (8 * sizeof(T) - 1)) ^ (bits(x) & sign_bit<V>)), [](double e) { return math::tan(e); });
}

}  // namespace kiln::cpu
