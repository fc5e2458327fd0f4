// log, log2, log10 and log1p of lanes: x = 2^e m, the logarithm of 1 / c from a table, where c is about 1 / m, and a polynomial
// in m c - 1. After Tang, Table-driven implementation of the logarithm function in IEEE floating-point arithmetic, ACM TOMS 16
// (1990); c is chosen such that its natural logarithm is almost a float and almost a double (Gal and Bachelis, An accurate
// elementary mathematical library for the IEEE floating point standard, ACM TOMS 17, 1991), and is 1 around 1.
#pragma once
#include <kiln/backend/cpu/math/steps.hpp>

namespace kiln::cpu {

namespace steps {

/// c, in floats for m from (k - 1/2) / 10 to (k + 1/2) / 10, which is k = 8, 9, ... 15 mod 8; in doubles for [1 + k/16, 1 + (k+1)/16)
/// from 0 to 7, and in half of that from 8 to 15.
template <class T>
constexpr table<T> inverses = table_of<T>(
    {0x1.4006f4p0f, 0x1.1c935p0f, 0x1p0f, 0x1.d13a88p-1f, 0x1.aa7158p-1f, 0x1.89e148p-1f, 0x1.6d7b38p-1f, 0x1.559ac8p-1f},
    {0x1p0,         0x1.d4401p-1, 0x1.bb99a4p-1, 0x1.a3d358p-1, 0x1.8f61a6p-1, 0x1.7dbfbcp-1, 0x1.6c4878p-1, 0x1.5ceff6p-1,
     0x1.4d916p0, 0x1.40bedap0, 0x1.34c526p0,  0x1.29561p0,   0x1.1ebaf8p0,  0x1.163ea2p0,  0x1.0c556p0,   0x1p0});
/// k, in its last bits.
template <class V>
KILN_INLINE raw_bits<V> number_of_inverse(V m) {
    using T = element<V>;
    if constexpr (is_float<T>) return bits(fused(m, T{10}, rounder<T, 0>(0)));
    else return bits(m) >> (mantissa_bits<T> - table_bits<T>);
}

/// Bases: log(1 / c); log(2) and 1 / log(base) in two parts, the second of log(2) not negative, for it meets infinity.
template <class T>
struct natural {
    static constexpr table<T> logarithm = table_of<T>(
        {-0x1.c92bfcp-3f, -0x1.b1714cp-4f, 0x0p0f, 0x1.886104p-4f, 0x1.76783ap-3f, 0x1.0c92bp-2f, 0x1.593338p-2f, 0x1.9e61fcp-2f},
        {0x0p0, 0x1.6ddca8002d762p-4, 0x1.25af6e001dd33p-3, 0x1.967f79ffcd906p-3, 0x1.fcbd2a003b114p-3, 0x1.2c9b5bff63cfcp-2,
         0x1.5c90140047d14p-2, 0x1.88a275ff72b1p-2, -0x1.0f055e000207ap-2, -0x1.cdc383ff2def8p-3, -0x1.7fd5d600c4d57p-3,
         -0x1.328e9000332b1p-3, -0x1.d0579400295f1p-4, -0x1.554ade0086fd4p-4, -0x1.81759bffcf34ep-5, 0x0p0});
    static constexpr T two_high = static_cast<T>(0x1.62e42fefa39efp-1);
    static constexpr T two_low = is_float<T> ? 0 : static_cast<T>(0x1.abc9e3b39803fp-56);   // ln 2 is almost a float
    static constexpr T unit_high = 1, unit_low = 0;
};
template <class T>
struct binary {
    static constexpr table<T> logarithm = table_of<T>(
        {-0x1.49c79ep-2f, -0x1.38a9a8p-3f, 0x0p0f, 0x1.1b0aa6p-3f, 0x1.0e1f6cp-2f, 0x1.83780cp-2f, 0x1.f204b8p-2f, 0x1.2ae9fap-1f},
        {0x0p0, 0x1.07e9e1d4a7779p-3, 0x1.a7b2c2dc05398p-3, 0x1.2539ee47ed62ap-2, 0x1.6efa415fd898fp-2, 0x1.b1af1d860d1e4p-2,
         0x1.f6dead3601c37p-2, 0x1.1b39db6ed6874p-1, -0x1.87002784e6f85p-2, -0x1.4d17956bba521p-2, -0x1.14e0ee84f5a25p-2,
         -0x1.ba44a2084e6bep-3, -0x1.4ef3b7d79a057p-3, -0x1.ec61844e649c5p-4, -0x1.160cd94dd641ep-4, 0x0p0});
    static constexpr T two_high = 1, two_low = 0;
    static constexpr T unit_high = static_cast<T>(0x1.71547652b82fep0);
    static constexpr T unit_low = static_cast<T>(is_float<T> ? 0x1.4ae0cp-26 : 0x1.777d0ffda0d24p-56);
};
template <class T>
struct decimal {
    static constexpr table<T> logarithm = table_of<T>(
        {-0x1.8d182ap-4f, -0x1.787bc2p-5f, 0x0p0f, 0x1.54d0e8p-5f, 0x1.45429cp-4f, 0x1.d28f2p-4f, 0x1.2bd644p-3f, 0x1.67eda4p-3f},
        {0x0p0, 0x1.3dc89cc3e2bbep-5, 0x1.fe2efe9cb19d1p-5, 0x1.6114632472de4p-4, 0x1.b9e2903a033bep-4, 0x1.051a936af54acp-3,
         0x1.2ec1ff8f51787p-3, 0x1.5509c06012abap-3, -0x1.d6cfc7983006cp-4, -0x1.911537c5667a7p-4, -0x1.4d652571e0659p-4,
         -0x1.0a459d00481bdp-4, -0x1.93528a7692ac3p-5, -0x1.28715efa2285ap-5, -0x1.4ece48504eef8p-6, 0x0p0});
    static constexpr T two_high = static_cast<T>(is_float<T> ? 0x1.344134p-2 : 0x1.34413509f79fep-2);
    static constexpr T two_low = static_cast<T>(is_float<T> ? 0x1.09f7ap-26 : 0x1.e623e2566b02ep-55);
    static constexpr T unit_high = static_cast<T>(0x1.bcb7b1526e50ep-2);
    static constexpr T unit_low = static_cast<T>(is_float<T> ? -0x1.5b235ep-27 : 0x1.95355baaafad3p-57);
};
/// (log(1 + r) - r) / r^2: of floats on [-0.063, 0.063], best within 0.057; of doubles on [-1/32, 1/16].
template <class T>
struct logarithm_series;
template <>
struct logarithm_series<float> {
    static constexpr float c[]{-0x1.ffffdcp-2f, 0x1.55550ep-2f, -0x1.00b09p-2f, 0x1.9b3c32p-3f};
};
template <>
struct logarithm_series<double> {
    static constexpr double c[]{-0x1.fffffffffffffp-2, 0x1.5555555555553p-2, -0x1.0000000002232p-2, 0x1.99999999b6343p-3, -0x1.5555552984e7dp-3,
        0x1.249246d1bcf81p-3, -0x1.0000a523c8a26p-3, 0x1.c737b9f7fb073p-4, -0x1.985d8b34015ep-4, 0x1.4544fcef73c66p-4};
};

/// (log(1 + x) - x) / x^2 on [0, 1].
template <class T>
struct unit_logarithm_series;
template <>
struct unit_logarithm_series<float> {
    static constexpr float c[]{
        -0x1.fffffep-2f, 0x1.555434p-2f, -0x1.ffc11ap-3f, 0x1.96ddfap-3f, -0x1.4595aep-3f, 0x1.de02d6p-4f, -0x1.16b996p-4f,
        0x1.aa57b6p-6f, -0x1.31cefep-8f};
};
template <>
struct unit_logarithm_series<double> {
    static constexpr double c[]{
        -0x1.fffffffffffffp-2, 0x1.555555555528cp-2, -0x1.ffffffffd16b6p-3, 0x1.9999998fbde05p-3, -0x1.555554385810fp-3,
        0x1.2492355ac743p-3, -0x1.fffe28bced333p-4, 0x1.c70ce7668c58cp-4, -0x1.9938d228bd748p-4, 0x1.7293649199aebp-4,
        -0x1.4ec4e851b130bp-4, 0x1.2809b6e3d7882p-4, -0x1.f0959d9d79417p-5, 0x1.7a9879218c322p-5, -0x1.f3e297173a4c4p-6,
        0x1.0f50126f1d222p-6, -0x1.c8d603dbb6fafp-8, 0x1.14726fc32cbe9p-9, -0x1.a88d0670bc774p-12, 0x1.351263ff3df78p-15};
};

/// x = 2^exponent * mantissa, the mantissa in [3/4, 3/2).
template <class V>
struct decomposed {
    V mantissa, exponent;
};
#if defined(__AVX512F__)
template <class V>
constexpr bool takes_apart = sizeof(V) == 64;   // 0 is 1 * 2^-inf, infinity 1 * 2^inf, the mantissa of negative numbers NaN
#else
template <class V>
constexpr bool takes_apart = false;
#endif
/// Of normal numbers, as numbers of the machine.
template <class V>
KILN_INLINE decomposed<V> decompose_normal(V x) {
    using T = element<V>;
    constexpr int k = mantissa_bits<T>;
    const raw_bits<V> least = bits(all<V>(T{0.75})), beyond = bits(x) - least;
    const V mantissa = of_bits<V>((beyond & ((bits_of_element<V>{1} << k) - 1)) + least);
    if constexpr (is_float<T>) return {mantissa, {__builtin_convertvector((raw<int_of<sizeof(T)>, V::lanes>)beyond >> k, typename V::raw_type)}};
    else {   // few machines convert longer ones: the exponent of 1 more is put into the last bits of a power of two
        constexpr T power = static_cast<T>(u64{1} << k);
        const raw_bits<V> e = (beyond + bits(all<V>(T{1}))) >> k;
        return {mantissa, of_bits<V>(e | bits(all<V>(power))) - all<V>(power + exponent_bias<T>)};
    }
}
template <class V>
KILN_INLINE decomposed<V> decompose(V x) {
    using T = element<V>;
    [[maybe_unused]] typedef typename V::raw_type R;
#if defined(__AVX512F__)
    if constexpr (is_float<T> && V::lanes == 16) {
        const __m512 m = _mm512_getmant_ps((__m512)x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
        return {{(R)m}, V{(R)_mm512_getexp_ps((__m512)x.v)} - V{(R)_mm512_getexp_ps(m)}};
    }
    if constexpr (!is_float<T> && V::lanes == 8) {
        const __m512d m = _mm512_getmant_pd((__m512d)x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
        return {{(R)m}, V{(R)_mm512_getexp_pd((__m512d)x.v)} - V{(R)_mm512_getexp_pd(m)}};
    }
#endif
    constexpr int k = mantissa_bits<T>;
    const auto denormal = x.v < all<V>(std::numeric_limits<T>::min()).v;
    const decomposed<V> d = decompose_normal(pick(denormal, x * all<V>(static_cast<T>(u64{1} << k)), x));
    return {d.mantissa, d.exponent - pick(denormal, all<V>(T{k}), all<V>(T{0}))};
}

/// The logarithm of x; remainder(c): what mantissa * c is more than 1.
template <class Base, class V, class Remainder>
KILN_INLINE V logarithm_of(decomposed<V> x, Remainder remainder) {
    using T = element<V>;
    const raw_bits<V> k = number_of_inverse(x.mantissa);
    const V r = remainder(look_up<V>(inverses<T>, k));
    V sum = look_up<V>(Base::logarithm, k);
    const V square = r * r, p = fused(polynomial(logarithm_series<T>::c, r, square), square, r);
    if constexpr (Base::two_low != 0) sum = fused(x.exponent, Base::two_low, sum);
    if constexpr (Base::unit_low == 0) sum = sum + p;
    else sum = fused(p, Base::unit_high, fused(p, Base::unit_low, sum));
    return fused(x.exponent, Base::two_high, sum);
}
template <class Base, class V>
KILN_INLINE V logarithm_of(decomposed<V> x) {
    return logarithm_of<Base>(x, [&](V c) KILN_INLINE_LAMBDA { return fused(x.mantissa, c, element<V>{-1}); });
}
/// The logarithm of x, which is y where x is a positive finite number.
template <class V>
KILN_INLINE V with_special_logarithms(V x, V y) {
    using T = element<V>;
    const V infinity = all<V>(std::numeric_limits<T>::infinity()), zero = all<V>(T{0});
    y = pick(x.v > zero.v, y, all<V>(std::numeric_limits<T>::quiet_NaN()));
    y = pick(x.v == zero.v, -infinity, y);
    return pick(x.v < infinity.v, y, x);   // infinity and NaN
}
/// The same after `logarithm_of`.
template <class V>
KILN_INLINE V special_logarithm([[maybe_unused]] V x, V y) {
    if constexpr (takes_apart<V>) return y;
    else return with_special_logarithms(x, y);
}
/// Are all lanes positive normal numbers? They take a third fewer instructions.
template <class V>
KILN_INLINE bool all_normal(V x) {
    using limits = std::numeric_limits<element<V>>;
    return all_within(x, limits::min(), limits::max());
}
template <class Base, class V>
KILN_INLINE V logarithm(V x) {
    if (all_normal(x)) [[likely]] return logarithm_of<Base>(decompose_normal(x));
    return special_logarithm(x, logarithm_of<Base>(decompose(x)));
}

/// log(1 + x), whose zero is positive: the sum's exponent and c are taken out of x and 1 apart, so that its rounding does not matter. The
/// difference of 1 and what is left of it is exact where it matters, for c has few digits.
template <class V>
KILN_INLINE V log1p_of(V x) {
    using T = element<V>;
    const V one = all<V>(T{1}), u = one + x;
    const auto remainder = [&](V c, V mantissa) KILN_INLINE_LAMBDA {
        const V scaled = of_bits<V>(bits(c) + (bits(mantissa) - bits(u)));
        return fused(x, scaled, scaled - one);
    };
    if (all_within(u, std::numeric_limits<T>::min(), static_cast<T>(0x1p63))) [[likely]] {
        const decomposed<V> d = decompose_normal(u);
        return logarithm_of<natural<T>>(d, [&](V c) KILN_INLINE_LAMBDA { return remainder(c, d.mantissa); });
    }
    const decomposed<V> d = decompose(u);
    const auto large = x.v >= all<V>(static_cast<T>(0x1p63)).v;   // infinity, too
    return special_logarithm(u, logarithm_of<natural<T>>(d, [&](V c) KILN_INLINE_LAMBDA {
        return pick(large, fused(d.mantissa, c, T{-1}), remainder(c, d.mantissa));
    }));
}

}  // namespace steps

/// The natural logarithm; -infinity at 0, NaN below. Error at most 1.25 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log(simd<T, L, B> x) { return steps::logarithm<steps::natural<T>>(x); }
/// The logarithm to base 2, exact for powers of 2. Error at most 2 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log2(simd<T, L, B> x) { return steps::logarithm<steps::binary<T>>(x); }
/// The logarithm to base 10. Error at most 2 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log10(simd<T, L, B> x) { return steps::logarithm<steps::decimal<T>>(x); }

/// log(1 + x); keeps -0 and denormal numbers. Error at most 1.25 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log1p(simd<T, L, B> x) { return steps::with_sign_of(steps::log1p_of(x), x); }
/// log(1 + x) for x from 0 to 1, such as e^-|x|: a polynomial. Error at most 2 ULP.
template <class T, int L, int B>
    requires std::is_floating_point_v<T>
KILN_INLINE simd<T, L, B> log1p_of_unit(simd<T, L, B> x) {
    using namespace steps;
    const simd<T, L, B> square = x * x;
    return fused(polynomial(unit_logarithm_series<T>::c, x, square), square, x);
}

}  // namespace kiln::cpu
