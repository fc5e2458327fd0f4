// exp, log, pow and the hyperbolic functions, evaluated by the compiler: two Taylor series and wide arithmetic.
#pragma once
#include <kiln/core/math/wide.hpp>

namespace kiln::math::constant_evaluation {

KILN_HD constexpr wide ln2() { return {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56}; }

/// e^r - 1 for |r| < 0.35, relative error below 2^-57: the first two terms in wide arithmetic, the rest is small.
KILN_HD constexpr wide expm1_series(wide r) {
    double p = 1;
    for (int k = 15; k > 3; --k) p = 1 + p * r.hi / k;
    const wide square = r * r;
    return r + (wide{0.5 * square.hi, 0.5 * square.lo} + r.hi * square.hi * p / 6);
}

/// (1 + fraction) * 2^exponent.
struct exponential {
    wide fraction;
    int exponent;
};

/// e^x for 2^-60 < |x| < 1000 or x = 0.
KILN_HD constexpr exponential exp(wide x) {
    const int k = static_cast<int>(x.hi * 0x1.71547652b82fep+0 + (x.hi < 0 ? -0.5 : 0.5));
    return {expm1_series(k == 0 ? x : x + -(ln2() * k)), k};
}

KILN_HD constexpr double value_of(exponential e, int shift = 0) {
    return scale((e.fraction + 1.0).hi, e.exponent + shift);
}

KILN_HD constexpr double exp(double x) {
    if (x != x) return x;
    if (x > 750) return infinity();
    if (x < -750) return 0;
    if (absolute(x) < 0x1p-54) return 1;
    return value_of(exp(wide{x, 0}));
}

KILN_HD constexpr double exp2(double x) {
    if (x != x) return x;
    if (x > 1100) return infinity();
    if (x < -1100) return 0;
    const int k = static_cast<int>(x + (x < 0 ? -0.5 : 0.5));
    const double r = x - k;
    if (absolute(r) < 0x1p-54) return scale(1.0, k);
    return value_of({expm1_series(ln2() * r), k});
}

/// e^x - 1 in wide arithmetic for 2^-54 <= |x| <= 50.
KILN_HD constexpr wide wide_expm1(double x) {
    const exponential e = exp(wide{x, 0});
    if (e.exponent == 0) return e.fraction;
    const double p = scale(1.0, e.exponent);
    return e.fraction * p + exact_sum(p, -1.0);
}

KILN_HD constexpr double expm1(double x) {
    if (x != x || absolute(x) < 0x1p-54) return x;
    if (x < -50) return -1;
    return x > 50 ? exp(x) : wide_expm1(x).hi;
}

KILN_HD constexpr double sinh(double x) {
    if (x != x || absolute(x) < 0x1p-27) return x;
    const double a = absolute(x);
    if (a > 750) return with_sign(infinity(), x);
    if (a > 25) return with_sign(value_of(exp(wide{a, 0}), -1), x);
    const wide t = wide_expm1(a);
    return with_sign(0.5 * (t + t / (t + 1.0)).hi, x);
}

KILN_HD constexpr double cosh(double x) {
    if (x != x) return x;
    const double a = absolute(x);
    if (a > 750) return infinity();
    if (a < 0x1p-27) return 1;
    if (a > 25) return value_of(exp(wide{a, 0}), -1);
    const wide e = wide_expm1(a) + 1.0;
    return 0.5 * (e + wide{1, 0} / e).hi;
}

KILN_HD constexpr double tanh(double x) {
    if (x != x || absolute(x) < 0x1p-27) return x;
    if (absolute(x) > 25) return with_sign(1.0, x);
    const wide t = wide_expm1(2 * absolute(x));
    return with_sign((t / (t + 2.0)).hi, x);
}

/// log(a * 2^n) for a finite a > 0, and 2^-60 < a < 2^60 where a.lo is not 0; relative error below 2^-64. With
/// s = (m - 1) / (m + 1) for the mantissa m it is 2 artanh(s) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), |s| < 0.172.
KILN_HD constexpr wide log(wide a, int n = 0) {
    const normalized x = normalize(a.hi);
    const int shift = x.mantissa > 0x1.6a09e667f3bcdp+0 ? x.exponent + 1 : x.exponent;
    n += shift;
    const double hi = shift == x.exponent ? x.mantissa : x.mantissa / 2;
    const double lo = a.lo == 0 ? 0.0 : a.lo * power_of_two(-shift);
    const wide f = exact_sum(hi - 1, lo);
    if (f.hi == 0) return ln2() * n;
    const wide s = f / (f + 2.0), square = s * s;
    double p = 0;
    for (int k = 25; k >= 5; k -= 2) p = 1.0 / k + p * square.hi;
    const wide third{0x1.5555555555555p-2, 0x1.5555555555555p-56};
    const wide r = s + s * (square * (third + p * square.hi));
    const wide twice{2 * r.hi, 2 * r.lo};
    return n == 0 ? twice : ln2() * n + twice;
}

/// Whether log(x) is x's own special value: NaN, zero, negative, infinite.
KILN_HD constexpr bool log_is_special(double x) { return x != x || x <= 0 || x == infinity(); }
KILN_HD constexpr double special_log(double x) {
    return x != x || x == infinity() ? x : x == 0 ? -infinity() : not_a_number();
}

KILN_HD constexpr double log(double x) { return log_is_special(x) ? special_log(x) : log(wide{x, 0}).hi; }

KILN_HD constexpr double log10(double x) {
    if (log_is_special(x)) return special_log(x);
    return (log(wide{x, 0}) * wide{0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57}).hi;
}

/// Exact for powers of two.
KILN_HD constexpr double log2(double x) {
    if (log_is_special(x)) return special_log(x);
    normalized n = normalize(x);
    if (n.mantissa > 0x1.6a09e667f3bcdp+0) n.mantissa /= 2, n.exponent += 1;
    return (log(wide{n.mantissa, 0}) * wide{0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56} + n.exponent).hi;
}

KILN_HD constexpr double log1p(double x) {
    if (x != x || absolute(x) < 0x1p-54 || x == infinity()) return x;
    if (x <= -1) return x == -1 ? -infinity() : not_a_number();
    return log(x > 0x1p60 ? wide{x, 0} : exact_sum(1.0, x)).hi;
}

KILN_HD constexpr double asinh(double x) {
    const double a = absolute(x);
    if (x != x || a < 0x1p-27 || a == infinity()) return x;
    if (a > 0x1p30) return with_sign(log(wide{a, 0}, 1).hi, x);
    return with_sign(log(sqrt(exact_product(a, a) + 1.0) + a).hi, x);
}

KILN_HD constexpr double acosh(double x) {
    if (x != x || x == infinity()) return x;
    if (x < 1) return not_a_number();
    if (x > 0x1p30) return log(wide{x, 0}, 1).hi;
    return log(sqrt(exact_sum(x, -1.0) * exact_sum(x, 1.0)) + x).hi;
}

KILN_HD constexpr double atanh(double x) {
    const double a = absolute(x);
    if (x != x || a < 0x1p-27) return x;
    if (a >= 1) return a == 1 ? with_sign(infinity(), x) : not_a_number();
    return with_sign(0.5 * log(exact_sum(1.0, a) / exact_sum(1.0, -a)).hi, x);
}

/// Whether y is an integer, and odd.
KILN_HD constexpr bool is_integral(double y) {
    return absolute(y) >= 0x1p52 || static_cast<double>(static_cast<i64>(y)) == y;
}
KILN_HD constexpr bool is_odd(double y) {
    return absolute(y) < 0x1p53 && is_integral(y) && static_cast<i64>(y) % 2 != 0;
}

/// IEEE's pow: 1 for y = 0 or x = 1 whatever the other is, NaN for negative x and fractional y.
KILN_HD constexpr double pow(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (x != x || y != y) return not_a_number();
    const double a = absolute(x);
    if (absolute(y) == infinity()) return a == 1 ? 1 : (a > 1) == (y > 0) ? infinity() : 0.0;
    const double sign = is_negative(x) && is_odd(y) ? -1.0 : 1.0;
    if (a == 0 || a == infinity()) return with_sign((a == 0) == (y > 0) ? 0.0 : infinity(), sign);
    if (x < 0 && !is_integral(y)) return not_a_number();
    if (a == 1 || absolute(y) < 0x1p-66) return sign;
    const wide l = log(wide{a, 0});
    if (absolute(y) > 0x1p70 || absolute(y * l.hi) > 800)
        return with_sign((l.hi > 0) == (y > 0) ? infinity() : 0.0, sign);
    if (absolute(y * l.hi) < 0x1p-55) return sign;
    return sign * value_of(exp(l * y));
}

}  // namespace kiln::math::constant_evaluation
