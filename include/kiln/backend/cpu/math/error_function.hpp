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
    /// erf x / x - 1 on [0, 0.75], in x^2; log2 erfc x on [0.75, 4], in x - origin
    static constexpr float near_zero[]{
        0x1.06eba8p-3f, -0x1.81273ap-2f, 0x1.ce2acep-4f, -0x1.b7a75cp-6f, 0x1.4f188ep-8f, -0x1.613e86p-11f};
    static constexpr float complement[]{
        -0x1.0320aap-15f, -0x1.a0c3a6p0f, -0x1.d5abb8p-1f, -0x1.36b93ap-3f, 0x1.0e08c2p-5f, -0x1.2f19cap-8f,
        0x1.427bp-12f};
};
template <>
struct error_function<double> {
    static constexpr double one_above = 6.0, origin = 0.75;
    static constexpr double near_zero[]{
        0x1.06eba8214db69p-3, -0x1.812746b037a33p-2, 0x1.ce2f21a046eaep-4, -0x1.b82ce313efbc2p-6,
        0x1.565bcd4afa17fp-8, -0x1.c02dbf8c2b9dp-11, 0x1.f9a4745de071p-14, -0x1.f4e8469a13cedp-17,
        0x1.baa3a26bc2592p-20, -0x1.609ea4e0d134ep-23, 0x1.c35bca30b3c74p-27};
    static constexpr double complement[]{
        -0x1.caa8a3c6dfffdp0, -0x1.9b0a775784f1ep1, -0x1.2a5d1ef8291b1p0, -0x1.3899cd79d719p-4, 0x1.2c5307690562cp-6,
        -0x1.ad55a5be334dbp-9, 0x1.882aecab3c587p-13, 0x1.405e88a632be8p-13, -0x1.487ab1bb2f941p-14,
        0x1.5a2ac24dccb7dp-16, -0x1.099399266c2dbp-19, -0x1.282c79f648d9ap-20, 0x1.8e15843463c02p-21,
        -0x1.1e082bb8288adp-22, 0x1.2543424da6fb7p-24, -0x1.c113d1d8a7095p-27, 0x1.fa50a317b48d3p-30,
        -0x1.8e32888e8e21p-33, 0x1.8569b0b67bf0ep-37, -0x1.5fe768b2566f3p-42, -0x1.c1b6aef5c310dp-52};
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
    return with_sign_of(pick(a.v >= all<V>(T{0.75}).v, outer, inner), x);
}

}  // namespace kiln::cpu
