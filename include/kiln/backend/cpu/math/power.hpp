// pow of lanes: 2^(y log2 |x|), with the logarithm and the product in more bits than the result has: floats in double, doubles
// in pairs of them (Dekker, A floating-point technique for extending the available precision, Numerische Mathematik 18, 1971).
// Tables and polynomials as in exponential.hpp and logarithm.hpp.
#pragma once
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>

#include <utility>

namespace kiln::cpu {

namespace steps {

struct power {
    /// log2(1 + r) / r and (log(1 + r) - r + r^2 / 2 - r^3 / 3) / r^4 on [-1/32, 1/16]
    static constexpr double short_logarithm[]{
        0x1.71547652b92b3p0, -0x1.715476517e974p-1, 0x1.ec709cf7c254ep-2, -0x1.715496da897c1p-2, 0x1.277e13d6c8ffdp-2,
        -0x1.ebe88261210a4p-3, 0x1.7e4a0576206dbp-3};
    static constexpr double logarithm[]{
        -0x1.00000000000cfp-2, 0x1.999999999c38ap-3, -0x1.55555553ad2cdp-3, 0x1.249248f4268f4p-3,
        -0x1.000007423cf4dp-3, 0x1.c71ec5986ea5bp-4, -0x1.9996f5a280305p-4, 0x1.702f7a15057c6p-4, -0x1.169cbeac00215p-4};
    /// (2^r - 1) / r on [-1/32, 1/32]
    static constexpr double short_exp2[]{0x1.62e42fec3190bp-1, 0x1.ebfbdfff5faa8p-3, 0x1.c6b3fc7e2704dp-5, 0x1.3b29b885a8654p-7};
    /// log2(1 / c) in 40 bits behind the point, and what remains
    static constexpr table<double> high{
        0x0p0, 0x1.07e9e1d4a8p-3, 0x1.a7b2c2dc08p-3, 0x1.2539ee47ecp-2, 0x1.6efa415fd8p-2, 0x1.b1af1d860cp-2, 0x1.f6dead36p-2, 0x1.1b39db6ed6p-1,
        -0x1.87002784e8p-2, -0x1.4d17956bbcp-2, -0x1.14e0ee84f4p-2, -0x1.ba44a2085p-3, -0x1.4ef3b7d798p-3,
        -0x1.ec61844e6p-4, -0x1.160cd94ddp-4, 0x0p0};
    static constexpr table<double> low{
        0x0p0, -0x1.10e5bbd98453dp-44, -0x1.633fececc451bp-42, 0x1.6298c5cfe5e75p-42, 0x1.31eb42c026381p-43, 0x1.1e471b787e3eap-42,
        0x1.c376dd9e2cc53p-42, 0x1.0e824952f4078p-42, 0x1.07aed5f690131p-42, 0x1.adf539ea0a1a2p-42, -0x1.a24fb419f1adcp-42,
        0x1.941e71cc1d3a9p-43, -0x1.02b7f1bbcf845p-42, -0x1.2714e2a954ee9p-42, -0x1.9076bd636f396p-42, 0x0p0};
};

/// a^y for a >= 0 where both are floats, a NaN or not: a double near enough to be rounded to float.
template <class V>
KILN_INLINE V power_of_floats(V a, V y) {
    const decomposed<V> d = decompose(a);
    const raw_bits<V> k = number_of_inverse(d.mantissa);
    const V r = fused(d.mantissa, look_up<V>(inverses<double>, k), -1.0), square = r * r;   // exact
    const V rest = fused(polynomial(power::short_logarithm, r, square), r, look_up<V>(binary<double>::logarithm, k));
    const V z = at_least(-300.0, at_most(300.0, y * special_logarithm(a, d.exponent + rest)));
    const V rounder_all = all<V>(table_rounder<double>(0)), t = z + rounder_all, n = t - rounder_all, s = z - n;
    return times_whole_power(polynomial(power::short_exp2, s, s * s) * s, n, t);
}
template <int L>
KILN_INLINE raw<float, L> power_of_floats(raw<float, L> a, raw<float, L> y) {
    using V = simd<double, L, 8>;
    const V r = power_of_floats(V{__builtin_convertvector(a, raw<double, L>)}, V{__builtin_convertvector(y, raw<double, L>)});
    return __builtin_convertvector(r.v, raw<float, L>);
}
/// By halves, whose doubles fill a register; in shuffles, since memory is slow where widths differ.
template <class R, int... Half, int... All>
KILN_INLINE R power_of_halves(R a, R y, std::integer_sequence<int, Half...>, std::integer_sequence<int, All...>) {
    constexpr int n = sizeof...(Half);
    const raw<float, n> low = power_of_floats<n>(__builtin_shufflevector(a, a, Half...), __builtin_shufflevector(y, y, Half...));
    const raw<float, n> high = power_of_floats<n>(__builtin_shufflevector(a, a, (n + Half)...), __builtin_shufflevector(y, y, (n + Half)...));
    return __builtin_shufflevector(low, high, All...);
}
template <int L, int B>
KILN_INLINE simd<float, L, B> power_of_magnitude(simd<float, L, B> a, simd<float, L, B> y) {
    if constexpr (L * 8 <= vector_bytes<default_arch>) return {power_of_floats<L>(a.v, y.v)};
    else return {power_of_halves(a.v, y.v, std::make_integer_sequence<int, L / 2>{}, std::make_integer_sequence<int, L>{})};
}
template <int L, int B>
KILN_INLINE simd<double, L, B> power_of_magnitude(simd<double, L, B> a, simd<double, L, B> y) {
    using V = simd<double, L, B>;
    using c = binary<double>;
    constexpr double c3 = 0x1.5555555555555p-2, c3_low = 0x1.5555555555555p-56;
    const decomposed<V> d = decompose(a);
    const raw_bits<V> k = number_of_inverse(d.mantissa);
    // 1 + r is the mantissa times c, r = high + low
    const V inverse = look_up<V>(inverses<double>, k), product = d.mantissa * inverse, lost = fused(d.mantissa, inverse, -product);
    const V near = product - all<V>(1.0), r = near + lost, r_low = (near - r) + lost;
    // log(1 + r) = r - r^2 / 2 + r^3 / 3 + r^4 P(r)
    const V square = r * r, square_low = fused(r, r, -square), half = all<V>(0.5) * square;
    const V third = all<V>(c3) * r, third_low = fused(r, c3_low, fused(all<V>(c3), r, -third));
    const V cube = square * third, cube_low = fused(square, third_low, fused(square_low, third, fused(square, third, -cube)));
    const V first = r - half, first_low = ((r - first) - half) + (r_low - fused(all<V>(0.5), square_low, r * r_low));
    const V l = first + cube, rest_of_l = ((first - l) + cube) + (first_low + cube_low);
    const V l_low = fused(square * square, polynomial(power::logarithm, r, square), rest_of_l);
    // log2 a = exponent + log2(1 / c) + log(1 + r) / log(2)
    const V unit = all<V>(c::unit_high), b = l * unit, b_low = fused(l, unit, -b) + fused(l, c::unit_low, l_low * unit);
    const V whole = d.exponent + look_up<V>(power::high, k), sum = whole + b;
    const V sum_low = ((whole - sum) + b) + (look_up<V>(power::low, k) + b_low), s = sum + sum_low, s_low = (sum - s) + sum_low;
    // y log2 a, which is infinite or NaN in the first part alone
    const V log = with_special_logarithms(a, s), z = at_least(-1100.0, at_most(1100.0, y * log));
    const V z_low = fused(y, log, -z) + y * s_low;
    const V rounder_all = all<V>(table_rounder<double>(2 * exponent_bias<double>)), t = z + rounder_all, n = t - rounder_all;
    const V rest = (z - n) + pick(magnitude(z).v < all<V>(1100.0).v, z_low, all<V>(0.0));
    const V p = polynomial(exponential<double>::exp2, rest, rest * rest) * rest, root = look_up<V>(powers_of_two, bits(t));
    return scaled(fused(p, root, root), n, t);
}
/// x^y from r = |x|^y where x is not positive and finite or y not finite: IEEE's rules (754-2019, 9.2.1).
template <class V>
KILN_INLINE V special_power(V x, V y, V r) {
    using T = element<V>;
    const V zero = all<V>(T{0}), one = all<V>(T{1}), infinity = all<V>(std::numeric_limits<T>::infinity());
    const V a = magnitude(y), shift = all<V>(static_cast<T>(u64{1} << mantissa_bits<T>)), shifted = a + shift;
    const auto large = a.v >= shift.v;   // has no fraction
    const raw_bits<V> last = bits(pick(large, a, shifted)), none{};
    const auto fractional = (shifted - shift).v != a.v;
    const auto odd = ((last & 1) != none) & (a.v < (shift + shift).v) & (large | ~fractional);
    r = of_bits<V>(bits(r) ^ (bits(x) & sign_bit<V> & (raw_bits<V>)odd));
    r = pick((x.v < zero.v) & (x.v > (-infinity).v) & fractional & ~large, all<V>(std::numeric_limits<T>::quiet_NaN()), r);
    return pick((y.v == zero.v) | (x.v == one.v) | ((x.v == (-one).v) & (a.v == infinity.v)), one, r);
}

}  // namespace steps

/// x^y by IEEE's rules. Error at most 0.75 ULP in float, 2 in double.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> pow(simd<T, L, B> x, simd<T, L, B> y) {
    using namespace steps;
    using V = simd<T, L, B>;
    const V infinity = all<V>(std::numeric_limits<T>::infinity()), r = power_of_magnitude(magnitude(x), y);
    const auto plain = (x.v > raw<T, L>{}) & (x.v < infinity.v) & (magnitude(y).v < infinity.v);
    if (any_above(pick(plain, all<V>(T{0}), all<V>(T{1})), T{0})) return special_power(x, y, r);
    return r;
}

}  // namespace kiln::cpu
