// Rounding to integers, fmod, fma and the basic operations in IEEE arithmetic, evaluated by the compiler.
#pragma once
#include <kiln/core/math/wide.hpp>

namespace kiln::math::constant_evaluation {

KILN_HD constexpr double trunc(double x) {
    if (!(is_finite(x) && absolute(x) < 0x1p52)) return x;
    return with_sign(static_cast<double>(static_cast<i64>(x)), x);
}
KILN_HD constexpr double floor(double x) {
    const double t = trunc(x);
    return x == x && t > x ? t - 1 : t;
}
KILN_HD constexpr double ceil(double x) {
    const double t = trunc(x);
    return x == x && t < x ? t + 1 : t;
}
/// To the nearest integer, halves to the even one.
KILN_HD constexpr double round(double x) {
    if (!(is_finite(x) && absolute(x) < 0x1p52)) return x;
    const double a = absolute(x), t = trunc(a), rest = a - t;
    const bool up = rest > 0.5 || (rest == 0.5 && static_cast<i64>(t) % 2 != 0);
    return with_sign(up ? t + 1 : t, x);
}

/// The remainder of the truncated division, exact, with the sign of x; NaN for y = 0 or an infinite x.
KILN_HD constexpr double fmod(double x, double y) {
    if (x != x || y != y || y == 0 || absolute(x) == infinity()) return not_a_number();
    const double ax = absolute(x), ay = absolute(y);
    if (ax < ay) return x;
    const normalized nx = normalize(ax), ny = normalize(ay);
    const u64 divisor = static_cast<u64>(ny.mantissa * 0x1p52);
    u64 rest = static_cast<u64>(nx.mantissa * 0x1p52) % divisor;
    for (int n = nx.exponent - ny.exponent; n > 0 && rest != 0; n -= 11)
        rest = (rest << (n < 11 ? n : 11)) % divisor;
    if (rest == 0) return with_sign(0.0, x);
    const normalized r = normalize(static_cast<double>(rest));
    return with_sign(scale(r.mantissa, r.exponent + ny.exponent - 52), x);
}

/// Whether the basic operations on x and y stay inside the range of double, which is nearly always so: one call
/// and no branch, for the interpreter's speed.
KILN_HD constexpr bool are_moderate(double x, double y) {
    return x == x && y == y && ((__builtin_fabs(x) < 0x1p500 && __builtin_fabs(x) > 0x1p-500) || x == 0) &&
           ((__builtin_fabs(y) < 0x1p500 && __builtin_fabs(y) > 0x1p-500) || y == 0);
}

KILN_HD constexpr double add(double x, double y) {
    if (are_moderate(x, y)) return x + y;
    if (x != x || y != y) return not_a_number();
    if (!is_finite(x)) return y == -x ? not_a_number() : x;
    if (!is_finite(y)) return y;
    if (absolute(x) < 0x1p900 || absolute(y) < 0x1p900) return x + y;
    const double half = 0.5 * x + 0.5 * y;  // rounds as the sum does where that is large
    return absolute(half) >= 0x1p1023 ? with_sign(infinity(), half) : x + y;
}

KILN_HD constexpr double multiply(double x, double y) {
    if (are_moderate(x, y)) return x * y;
    const double ax = absolute(x), ay = absolute(y), sign = is_negative(x) == is_negative(y) ? 1.0 : -1.0;
    if (x != x || y != y) return not_a_number();
    if (ax == infinity() || ay == infinity())
        return x == 0 || y == 0 ? not_a_number() : with_sign(infinity(), sign);
    if (x == 0 || y == 0) return with_sign(0.0, sign);
    const normalized nx = normalize(ax), ny = normalize(ay);
    const int n = nx.exponent + ny.exponent;
    if (n > 1024 || n < -1080) return with_sign(n > 0 ? infinity() : 0.0, sign);
    const wide p = exact_product(nx.mantissa, ny.mantissa);
    if (n > 1000) return sign * scale(p.hi, n);
    const double y_scaled = n < -1000 ? p.hi * power_of_two(n + 1018) : 1;  // the product times 2^1018
    const bool vanishes = y_scaled < 0x1p-57 || (y_scaled == 0x1p-57 && p.lo <= 0);
    return vanishes ? with_sign(0.0, sign) : x * y;
}

KILN_HD constexpr double divide(double x, double y) {
    if (are_moderate(x, y) && y != 0) return x / y;
    const double ax = absolute(x), ay = absolute(y), sign = is_negative(x) == is_negative(y) ? 1.0 : -1.0;
    if (x != x || y != y) return not_a_number();
    if (ax == infinity()) return ay == infinity() ? not_a_number() : with_sign(infinity(), sign);
    if (y == 0) return x == 0 ? not_a_number() : with_sign(infinity(), sign);
    if (x == 0 || ay == infinity()) return with_sign(0.0, sign);
    const normalized nx = normalize(ax), ny = normalize(ay);
    const int n = nx.exponent - ny.exponent;
    const double q = nx.mantissa / ny.mantissa;
    if (n > 1000) return sign * scale(q, n);
    return scale(q, n) == 0 ? with_sign(0.0, sign) : x / y;
}

/// a + b, rounded to odd where it is inexact: what a later rounding to fewer digits makes of it is what it had
/// made of the exact sum.
KILN_HD constexpr double add_to_odd(double a, double b) {
    const wide s = exact_sum(a, b);
    if (s.lo == 0) return s.hi;
    const normalized n = normalize(absolute(s.hi));
    const u64 mantissa = static_cast<u64>(n.mantissa * 0x1p52);
    if (mantissa % 2 != 0) return s.hi;
    const bool grow = (s.lo > 0) == (s.hi > 0);
    const double gap = with_sign(n.mantissa == 1 && !grow ? 0x1p-53 : 0x1p-52, s.lo);
    return s.hi + gap * (absolute(s.hi) / n.mantissa);
}

/// x * y + z with one rounding.
KILN_HD constexpr double fma(double x, double y, double z) {
    if (!is_finite(x) || !is_finite(y) || x == 0 || y == 0) return add(multiply(x, y), z);
    if (!is_finite(z)) return z;
    if (z == 0) return multiply(x, y);
    // All three as mantissas in units of 2^unit; where they lie far apart only the sign of the small one matters.
    const normalized nx = normalize(absolute(x)), ny = normalize(absolute(y)), nz = normalize(absolute(z));
    const wide p = exact_product(with_sign(nx.mantissa, x), with_sign(ny.mantissa, y));
    int unit = nx.exponent + ny.exponent, n = nz.exponent - unit;
    if (n > 120) unit = nz.exponent - 120, n = 120;
    if (n < -120) n = -120;
    // z + p.hi + p.lo = sum.hi + tail up to digits that cannot matter (S. Boldo, G. Melquiond 2008).
    const wide low = exact_sum(with_sign(scale(nz.mantissa, n), z), p.lo), sum = exact_sum(p.hi, low.hi);
    const double tail = add_to_odd(sum.lo, low.lo), result = sum.hi + tail;
    if (result == 0) return 0;
    const normalized r = normalize(absolute(result));
    if (r.exponent + unit >= -1022) return with_sign(scale(r.mantissa, r.exponent + unit), result);
    // A denormal result: round at its last digit, which weighs 2^-1074, by adding 2^52 of it.
    const int digit = -1074 - unit;
    if (r.exponent < digit - 2) return with_sign(0.0, result);
    const double big = with_sign(scale(1.0, 52 + digit), result);
    const wide shifted = exact_sum(big, sum.hi);
    const double rounded = (shifted.hi + add_to_odd(shifted.lo, tail)) - big;
    if (rounded == 0) return with_sign(0.0, result);
    const normalized d = normalize(absolute(rounded));
    return with_sign(scale(d.mantissa, d.exponent + unit), result);
}

}  // namespace kiln::math::constant_evaluation
