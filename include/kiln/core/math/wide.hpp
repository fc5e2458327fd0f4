// Arithmetic in twice the precision of double, for functions that the compiler evaluates.
//
// In a constant evaluation a division by zero, inf - inf, an overflow, and in nvcc's front end (EDG) also
// `NaN < x` and a product that vanishes, are errors. So callers treat special values first, and `scale` makes
// infinities and zeros by hand. Exponents are found by arithmetic: EDG has no bit_cast in constant evaluation.
#pragma once
#include <kiln/core/types.hpp>

namespace kiln::math::constant_evaluation {

KILN_HD constexpr double infinity() { return __builtin_huge_val(); }
KILN_HD constexpr double not_a_number() { return __builtin_nan(""); }
KILN_HD constexpr double absolute(double x) { return __builtin_fabs(x); }
KILN_HD constexpr double with_sign(double x, double sign) { return __builtin_copysign(x, sign); }
KILN_HD constexpr bool is_negative(double x) { return __builtin_copysign(1.0, x) < 0; }
KILN_HD constexpr bool is_finite(double x) { return x == x && absolute(x) != infinity(); }

/// 2^n for |n| <= 62.
KILN_HD constexpr double power_of_two(int n) {
    return n >= 0 ? static_cast<double>(u64{1} << n) : 1 / static_cast<double>(u64{1} << -n);
}

/// x * 2^n with one rounding, for 2^-4 <= |x| < 2^4 or x = 0 and any n; infinity or a zero where it leaves the
/// range.
KILN_HD constexpr double scale(double x, int n) {
    if (x == 0) return x;
    if (n > 1000) {
        const double y = n > 1030 ? 0x1p24 : x * power_of_two(n - 1000);
        return absolute(y) < 0x1p24 ? y * 0x1p1000 : with_sign(infinity(), x);
    }
    if (n < -1000) {
        const double y = n < -1080 ? 0.0 : x * power_of_two(n + 1018);
        return absolute(y) > 0x1p-57 ? y * 0x1p-1018 : with_sign(0.0, x);  // 2^-1075 rounds to 0, as the even one
    }
    for (; n > 60; n -= 60) x *= 0x1p60;
    for (; n < -60; n += 60) x *= 0x1p-60;
    return x * power_of_two(n);
}

/// mantissa * 2^exponent.
struct normalized {
    double mantissa;
    int exponent;
};

/// The x of a finite x > 0 with a mantissa in [1, 2).
KILN_HD constexpr normalized normalize(double x) {
    int n = 0;
    for (; x < 1; n -= 60) x *= 0x1p60;
    for (; x >= 0x1p62; n += 60) x *= 0x1p-60;
    const int k = 63 - __builtin_clzll(static_cast<unsigned long long>(x));
    return {x / power_of_two(k), n + k};
}

/// An unevaluated sum hi + lo with |lo| <= ulp(hi) / 2: 106 bits. The relative error of + and - is below 2^-104
/// where nothing cancels, that of * and / and sqrt below 2^-101, while no part leaves the range of double.
struct wide {
    double hi, lo;
};

/// a + b, exactly.
KILN_HD constexpr wide exact_sum(double a, double b) {
    const double s = a + b, t = s - a;
    return {s, (a - (s - t)) + (b - t)};
}

/// a + b, exactly, for |a| >= |b| or a = 0.
KILN_HD constexpr wide exact_sum_ordered(double a, double b) {
    const double s = a + b;
    return {s, b - (s - a)};
}

/// a * b, exactly, for |a|, |b| < 2^990 and |ab| > 2^-960 or ab = 0 (Dekker's product: there is no fma here).
KILN_HD constexpr wide exact_product(double a, double b) {
    const double p = a * b;
    const double ta = a * 0x8000001p0, ah = ta - (ta - a), al = a - ah;
    const double tb = b * 0x8000001p0, bh = tb - (tb - b), bl = b - bh;
    return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}

KILN_HD constexpr wide operator-(wide a) { return {-a.hi, -a.lo}; }
KILN_HD constexpr wide operator+(wide a, double b) {
    const wide s = exact_sum(a.hi, b);
    return exact_sum_ordered(s.hi, s.lo + a.lo);
}
KILN_HD constexpr wide operator+(wide a, wide b) {
    const wide s = exact_sum(a.hi, b.hi), t = exact_sum(a.lo, b.lo), u = exact_sum_ordered(s.hi, s.lo + t.hi);
    return exact_sum_ordered(u.hi, u.lo + t.lo);
}
KILN_HD constexpr wide operator*(wide a, double b) {
    const wide p = exact_product(a.hi, b);
    return exact_sum_ordered(p.hi, p.lo + a.lo * b);
}
KILN_HD constexpr wide operator*(wide a, wide b) {
    const wide p = exact_product(a.hi, b.hi);
    return exact_sum_ordered(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}
KILN_HD constexpr wide operator/(wide a, wide b) {
    const double q = a.hi / b.hi;
    const wide p = exact_product(q, b.hi);
    return exact_sum_ordered(q, (((a.hi - p.hi) - p.lo) + (a.lo - q * b.lo)) / b.hi);
}

/// The square root, correctly rounded, of any x.
KILN_HD constexpr double sqrt(double x) {
    if (x != x || x == 0 || x == infinity()) return x;
    if (x < 0) return not_a_number();
    auto [m, n] = normalize(x);
    if (n % 2 != 0) m *= 2, n -= 1;
    double s = 0.686 + 0.343 * m;  // 3% off; each step of Newton's doubles the digits
    for (int i = 0; i < 4; ++i) s = 0.5 * (s + m / s);
    const wide p = exact_product(s, s);
    const double rest = (m - p.hi) - p.lo, half_gap = s * 0x1p-52;  // (s + ulp / 2)^2 = s^2 + half_gap + a bit
    if (rest > half_gap) s += 0x1p-52;
    else if (rest <= -half_gap) s -= 0x1p-52;
    return scale(s, n / 2);
}
KILN_HD constexpr wide sqrt(wide a) {
    if (a.hi == 0) return a;
    const double s = sqrt(a.hi);
    const wide p = exact_product(s, s);
    return exact_sum_ordered(s, (((a.hi - p.hi) - p.lo) + a.lo) / (2 * s));
}

}  // namespace kiln::math::constant_evaluation
