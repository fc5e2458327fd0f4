// The logistic function, which operations call sigmoid, and its integral, softplus, of lanes.
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>

namespace kiln::cpu {

namespace steps {

/// In units that leave room below for denormal results.
template <class T>
constexpr T logistic_unit = is_float<T> ? static_cast<T>(0x1p64) : static_cast<T>(0x1p512);
template <class T>
constexpr table<T> powers_in_units{[](int k) { return logistic_unit<T> * exponential<T>::power.at[k]; }};

}  // namespace steps

/// 1 / (1 + e^-x), denormal results rounded once. Error at most 3 ULP. With e^-x = (1 + p) / S, S a power of 2^(1/8) or 2^(1/16), it is
/// S / (S + 1 + p), here in units of 2^-half: S has every exponent that matters.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> logistic(simd<T, L, B> x) {
    using namespace steps;
    using V = simd<T, L, B>;
    using c = exponential<T>;
    constexpr int half = (exponent_bias<T> + 1) / 2;
    const V unit = all<V>(logistic_unit<T>), rounder_all = all<V>(table_rounder<T>(has_scale<V> ? 0 : half));
    V y = at_most(T{40}, x);
    if constexpr (!has_scale<V>) y = at_least(c::lowest, y);
    const V t = fused(y, all<V>(c::log2e), rounder_all), n = t - rounder_all;
    V r = fused(n, all<V>(c::ln2_low), fused(n, all<V>(c::ln2_high), -y));
    if constexpr (has_scale<V>) r = bounded(r);
    const V square = r * r, p = fused(polynomial(c::exp, r, square), square, r);
    V power;
    if constexpr (has_scale<V>) power = scale(look_up<V>(powers_in_units<T>, bits(t)), n);
    else power = whole_power(t);
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
