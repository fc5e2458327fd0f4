// The logistic function, which operations call sigmoid, and its integral, softplus, of lanes.
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>

namespace kiln::cpu {

/// 1 / (1 + e^-x), denormal results rounded once. Error at most 3 ULP. With e^-x = (1 + p) / S, S a power of 2^(1/8) or 2^(1/16), it is
/// S / (S + 1 + p), here in units of 2^-half: S has every exponent that matters.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> logistic(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = exponential<T>;
    constexpr int half = (exponent_bias<T> + 1) / 2;
    const V unit = all<V>(static_cast<T>(is_float<T> ? 0x1p64 : 0x1p512)), rounder_all = all<V>(table_rounder<T>(half));
    const V y = at_least(c::lowest, at_most(T{40}, x)), t = fused(y, all<V>(c::log2e), rounder_all), n = t - rounder_all;
    const V r = fused(n, all<V>(c::ln2_low), fused(n, all<V>(c::ln2_high), -y)), square = r * r;
    const V p = fused(polynomial(c::exp, r, square), square, r);
    const V power = whole_power(t);
    return power / fused(unit, p, power + unit);
}

/// log(1 + e^x), finite as far as it is. Error at most 4 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log_one_plus_exp(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V below = of_bits<V>(bits(x) | sign_bit<V>);   // -|x|
    return at_least(T{0}, x) + log1p_of_unit(exp(below));
}

}  // namespace kiln::cpu
