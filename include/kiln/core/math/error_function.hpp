// erf and erfc, evaluated by the compiler.
#pragma once
#include <kiln/core/math/exponential.hpp>

namespace kiln::math::constant_evaluation {

/// erf(x) for 2^-27 <= |x| <= 1: 2/sqrt(pi) x (1 - x^2/3 + x^4/(2! 5) - ...), relative error below 2^-52.
KILN_HD constexpr wide erf_series(double x) {
    const double square = x * x;
    double p = 0;
    for (int k = 19; k > 0; --k) p = 1.0 / (2 * k + 1) - p * square / (k + 1);
    return (wide{0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56} + -0x1.20dd750429b6dp+0 * square * p) * x;
}

/// erfc(x) for x >= 1/2: e^(-x^2) f(x) / (1 + 2 x), where f is smooth and between 1 and 1.2. The coefficients are
/// those of Chebyshev's polynomials in the variable t that maps x in [1/2, 28] to [-1, 1] through 1 / (x + 3).
KILN_HD constexpr double erfc_tail(double x) {
    if (x > 28) return 0;
    constexpr double c[] = {
        1.2232758877738734,     0.059852608489178595,   -0.028412712737120566,   -0.017031503492578544,
        -0.005147889380443857,  -0.001024695541168935,  -0.00012737885388214903, -5.130457209853139e-06,
        1.2998673081335992e-06, 2.1362528448958494e-07, -6.426017857735834e-09,  -4.5036454062111905e-09,
        -7.40109298660481e-11,  9.514961707153514e-11,  3.3979883030591013e-12,  -2.248695655468793e-12,
        -7.182088696854332e-14, 5.933539963885316e-14,  3.6213425728164197e-16,  -1.6593563159117904e-15,
        6.399876434880405e-17,  4.5545709835584233e-17, -4.741453119973089e-18,  -1.0908734833338487e-18};
    const double t = 7.890909090909091 / (x + 3) - 1.2545454545454546;
    double b1 = 0, b2 = 0;
    for (int k = 23; k > 0; --k) {
        const double b0 = 2 * t * b1 - b2 + c[k];
        b2 = b1;
        b1 = b0;
    }
    const wide f = exact_sum(c[0], t * b1 - b2);
    const exponential e = exp(-exact_product(x, x));
    return scale(((e.fraction + 1.0) * f / exact_sum(1.0, 2 * x)).hi, e.exponent);
}

KILN_HD constexpr double erf(double x) {
    const double a = absolute(x);
    if (x != x) return x;
    if (a < 0x1p-27) return x * 0x1.20dd750429b6dp+0;
    return a <= 1 ? erf_series(x).hi : with_sign(1 - erfc_tail(a), x);
}

KILN_HD constexpr double erfc(double x) {
    if (x != x) return x;
    if (x >= 0.5) return erfc_tail(x);
    if (x < -1) return 2 - erfc_tail(-x);
    return absolute(x) < 0x1p-54   ? 1
           : absolute(x) < 0x1p-27 ? 1 - x * 0x1.20dd750429b6dp+0
                                   : (-erf_series(x) + 1.0).hi;
}

}  // namespace kiln::math::constant_evaluation
