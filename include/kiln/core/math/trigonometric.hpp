// The trigonometric functions and their inverses, evaluated by the compiler.
#pragma once
#include <kiln/core/math/wide.hpp>

namespace kiln::math::constant_evaluation {

KILN_HD constexpr wide pi() { return {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53}; }
KILN_HD constexpr wide half_pi() { return {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54}; }

/// An angle as rest + quadrant * pi/2 (modulo 2 pi), |rest| <= pi/4 and a bit.
struct reduced {
    wide rest;
    unsigned quadrant;
};

/// The reduced angle of x for 2^17 <= x < infinity: x * 2/pi modulo 2^32, from those 32-bit digits of 2/pi that
/// matter.
KILN_HD constexpr reduced reduce_large(double x) {
    constexpr std::uint32_t two_over_pi[] = {
        0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
        0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484,
        0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
        0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b,
        0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};
    constexpr u64 mask = 0xffffffff;
    const normalized n = normalize(x);
    const u64 mantissa = static_cast<u64>(n.mantissa * 0x1p52);
    // x = (m[0] + m[1] 2^32 + m[2] 2^64) * 2^(32 q)
    const int e = n.exponent - 52 + 64, q = e / 32 - 2;
    const u64 low = (mantissa & mask) << (e % 32), high = ((mantissa >> 32) << (e % 32)) + (low >> 32);
    const u64 m[] = {low & mask, high & mask, high >> 32};
    u64 digits[7] = {}, carry = 0;  // digits[d] weighs 2^(32 (d - 6)); lower ones are cut off
    for (int d = 0; d < 7; ++d) {
        u64 sum = carry, next = 0;
        for (int i = 0; i < 3; ++i) {
            const int j = q + i + 5 - d;
            if (j < 0) continue;
            const u64 p = m[i] * two_over_pi[j];
            sum += p & mask;
            next += p >> 32;
        }
        digits[d] = sum & mask;
        carry = next + (sum >> 32);
    }
    const bool up = digits[5] >= u64{1} << 31;  // the fraction is above one half: count from the next quadrant
    wide f{(static_cast<double>(digits[5]) - (up ? 0x1p32 : 0.0)) * 0x1p-32, 0};
    double weight = 0x1p-64;
    for (int d = 4; d >= 0; --d, weight *= 0x1p-32) f = f + static_cast<double>(digits[d]) * weight;
    return {half_pi() * f, static_cast<unsigned>(digits[6] & 3) + (up ? 1u : 0u)};
}

/// The reduced angle of a finite x, |x| >= 2^-54; rest has a relative error below 2^-70.
KILN_HD constexpr reduced reduce(double x) {
    const double a = absolute(x);
    if (a < 0x1.921fb54442d18p-1) return {{x, 0}, 0};
    reduced r{};
    if (a < 0x1p17) {  // k times the first 35 bits of pi/2 is exact
        const int k = static_cast<int>(a * 0x1.45f306dc9c883p-1 + 0.5);
        r = {exact_sum(a, -k * 0x1.921fb5444p+0) + wide{0x1.68c234c4c6629p-39, -0x1.1fc8f8cbb5bf7p-93} * -k,
             static_cast<unsigned>(k)};
    } else {
        r = reduce_large(a);
    }
    return x < 0 ? reduced{-r.rest, 0u - r.quadrant} : r;
}

/// The sine of a reduced rest: r - r^3/6 + ..., relative error below 2^-54.
KILN_HD constexpr wide sin_series(wide r) {
    const double square = r.hi * r.hi;
    double p = 1;
    for (int k = 17; k > 3; k -= 2) p = 1 - p * square / (k * (k - 1));
    return exact_sum_ordered(r.hi, r.lo * (1 - 0.5 * square) - r.hi * square * p / 6);
}

/// The cosine of a reduced rest: 1 - r^2/2 + ..., relative error below 2^-57.
KILN_HD constexpr wide cos_series(wide r) {
    const wide square = exact_product(r.hi, r.hi);
    double p = 1;
    for (int k = 18; k > 4; k -= 2) p = 1 - p * square.hi / (k * (k - 1));
    const double tail = square.hi * square.hi * p / 24 - r.hi * r.lo;
    return wide{-0.5 * square.hi, -0.5 * square.lo} + 1.0 + tail;
}

/// sin(rest + quadrant * pi/2).
KILN_HD constexpr wide sin_of(reduced a) {
    const wide s = a.quadrant % 2 == 0 ? sin_series(a.rest) : cos_series(a.rest);
    return a.quadrant / 2 % 2 == 0 ? s : -s;
}

KILN_HD constexpr double sin(double x) {
    if (x != x || absolute(x) < 0x1p-27) return x;
    return is_finite(x) ? sin_of(reduce(x)).hi : not_a_number();
}

KILN_HD constexpr double cos(double x) {
    if (x != x) return x;
    if (absolute(x) < 0x1p-27) return 1;
    if (!is_finite(x)) return not_a_number();
    const reduced a = reduce(x);
    return sin_of({a.rest, a.quadrant + 1}).hi;
}

KILN_HD constexpr double tan(double x) {
    if (x != x || absolute(x) < 0x1p-27) return x;
    if (!is_finite(x)) return not_a_number();
    const reduced a = reduce(x);
    return (sin_of(a) / sin_of({a.rest, a.quadrant + 1})).hi;
}

/// The angle of the point (x, y), x and y >= 0 and not both 0, both 0 or between 2^-65 and 2^65; in [0, pi/2].
/// With t = y/x in [0, 1] and c = k/4 next to it, atan t = atan c + atan((t - c) / (1 + t c)), whose series is
/// short.
KILN_HD constexpr wide angle(wide y, wide x) {
    const bool steep = y.hi > x.hi;
    const wide a = steep ? x : y, b = steep ? y : x;
    const int k = static_cast<int>(4 * a.hi / b.hi + 0.5);
    const double c = 0.25 * k;
    constexpr wide atan_c[] = {{0, 0},
                               {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                               {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                               {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                               {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}};
    const wide u = k == 0 ? a / b : (a + b * -c) / (b + a * c);
    const double square = u.hi * u.hi;
    double p = 0;
    for (int n = 21; n >= 3; n -= 2) p = 1.0 / n - p * square;
    const wide r = atan_c[k] + (u + -(u.hi * square * p));
    return steep ? half_pi() + -r : r;
}

KILN_HD constexpr double asin(double x) {
    const double a = absolute(x);
    if (x != x || a < 0x1p-27) return x;
    if (a > 1) return not_a_number();
    return with_sign(angle({a, 0}, sqrt(exact_sum(1.0, -a) * exact_sum(1.0, a))).hi, x);
}

KILN_HD constexpr double acos(double x) {
    const double a = absolute(x);
    if (x != x) return x;
    if (a > 1) return not_a_number();
    if (a < 0x1p-60) return half_pi().hi;
    const wide r = angle(sqrt(exact_sum(1.0, -a) * exact_sum(1.0, a)), {a, 0});
    return x > 0 ? r.hi : (pi() + -r).hi;
}

KILN_HD constexpr double atan(double x) {
    const double a = absolute(x);
    if (x != x || a < 0x1p-27) return x;
    return with_sign(a > 0x1p60 ? half_pi().hi : angle({a, 0}, {1, 0}).hi, x);
}

/// The angle of (x, y) in [-pi, pi]; signed zeros and infinities as in C's Annex F.
KILN_HD constexpr double atan2(double y, double x) {
    if (x != x || y != y) return not_a_number();
    const bool left = is_negative(x);
    double ay = absolute(y), ax = absolute(x);
    if (ay == infinity() || ax == infinity()) {  // an infinite coordinate counts as 1, a finite one beside it as 0
        ay = ay == infinity() ? 1 : 0;
        ax = ax == infinity() ? 1 : 0;
    }
    if (ay == 0) return with_sign(left ? pi().hi : 0.0, y);
    if (ax == 0) return with_sign(half_pi().hi, y);
    const normalized ny = normalize(ay), nx = normalize(ax);
    const int n = ny.exponent - nx.exponent;
    if (n > 60) return with_sign(half_pi().hi, y);
    if (n < -60) return with_sign(left ? pi().hi : scale(ny.mantissa / nx.mantissa, n), y);
    const wide r = angle({scale(ny.mantissa, n), 0}, {nx.mantissa, 0});
    return with_sign(left ? (pi() + -r).hi : r.hi, y);
}

}  // namespace kiln::math::constant_evaluation
