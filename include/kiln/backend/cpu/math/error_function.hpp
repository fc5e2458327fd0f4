// erf of lanes: x plus an odd polynomial near 0, else 1 - 2^P(x), where P is minimax for the binary logarithm of erfc (after
// Hastings, Approximations for Digital Computers, 1955, whose formulas for erf put a polynomial into the complement).
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>

namespace kiln::cpu {

namespace steps {

template <class T>
struct error_function;
template <>
struct error_function<float> {
    static constexpr float one_above = 4.0f, origin = 0.0f;
    /// erf x / x - 1 on [0, 0.5625], in x^2; log2 erfc x on [0.5625, 4], in x - origin
    static constexpr float near_zero[]{0x1.06eba8p-3f, -0x1.81271ep-2f, 0x1.ce1ccep-4f, -0x1.b57e74p-6f, 0x1.2db8eap-8f};
    static constexpr float complement[]{
        0x1.9df544p-15f, -0x1.a0dd76p0f, -0x1.d5458cp-1f, -0x1.385a14p-3f, 0x1.11a452p-5f, -0x1.3753d8p-8f,
        0x1.51903ep-12f};
};
template <>
struct error_function<double> {
    static constexpr double one_above = 6.0, origin = 1.0;
    static constexpr double near_zero[]{
        0x1.06eba8214db69p-3, -0x1.812746b037a57p-2, 0x1.ce2f21a04bcefp-4, -0x1.b82ce3170bf27p-6, 0x1.565bce2e1e53p-8,
        -0x1.c02e0437a60dfp-11, 0x1.f9b03083ffb2ep-14, -0x1.f608f958415c5p-17, 0x1.c8b9c2ee22e2dp-20, -0x1.99262dad02725p-23};
    static constexpr double complement[]{
        -0x1.558eada6637f3p1, -0x1.e75328fe78c5ep1, -0x1.37627e9b5c1bap0, -0x1.eb31368a0edfep-5, 0x1.da5764d63ccffp-7,
        -0x1.7603efd23df6dp-9, 0x1.6704dbbab882ep-12, 0x1.3dedee6026a2bp-15, -0x1.48778fc0ee01ap-15,
        0x1.cfa02f6ee25e6p-17, -0x1.86e9359861a86p-19, 0x1.40bdbe3e8edeap-23, 0x1.83ecf716a81c4p-23,
        -0x1.975fb45625fe2p-24, 0x1.db2ed91c175b4p-26, -0x1.440e72852732ap-28, 0x1.0c94b0dd5d8aep-34,
        0x1.fd6dfef87e268p-33, -0x1.452a28fe8b002p-34, 0x1.ae4e52f85b7d4p-37, -0x1.3a5887e9b1c92p-40,
        0x1.916769257da52p-45};
};

}  // namespace steps

/// The error function; keeps -0 and denormal numbers. Error at most 2 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> erf(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = error_function<T>;
    const V a = at_most(c::one_above, magnitude(x)), s = a * a, u = a - all<V>(c::origin);
    const V inner = fused(polynomial(c::near_zero, s, s * s), a, a);
    const V outer = all<V>(T{1}) - moderate_exp2(polynomial(c::complement, u, u * u));
    return with_sign_of(pick(a.v >= all<V>(T{0.5625}).v, outer, inner), x);
}

}  // namespace kiln::cpu
