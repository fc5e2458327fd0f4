// Elementary functions that the compiler can evaluate: at run time those of the standard library, in a constant
// evaluation our own (g++ folds the library's, other compilers do not).
//
// Largest errors of our own over the whole domain, measured against libquadmath; tests/core/math.cpp asserts them:
//   floor, ceil, trunc, round, fmod, sqrt, fma   exact or correctly rounded
//   erf, erfc                                    below 2 ULP
//   all others                                   below 1 ULP, the trigonometric functions for every finite
//   argument
// NaN, infinities, signed zeros, overflow and denormal results are as in Annex F of the C standard. The float
// functions are the double ones, rounded once more.
#pragma once
#include <kiln/core/math/error_function.hpp>
#include <kiln/core/math/exponential.hpp>
#include <kiln/core/math/rounding.hpp>
#include <kiln/core/math/trigonometric.hpp>

namespace kiln::math {

/// x as float: rounded to nearest, infinite where it is too large, in constant evaluation too.
KILN_HD constexpr float narrow(double x) {
    if (__builtin_is_constant_evaluated()) {
        const double a = __builtin_fabs(x);
        if (x != x) return __builtin_nanf("");
        if (a >= 0x1.ffffffp127) return x < 0 ? -__builtin_huge_valf() : __builtin_huge_valf();
        if (a <= 0x1p-150) return constant_evaluation::is_negative(x) ? -0.0f : 0.0f;
    }
    return static_cast<float>(x);
}

// The builtins are the functions of <cmath> without its include, on host and device (std::is_constant_evaluated is
// not a device function).
#define KILN_UNARY(function, builtin)                                                                             \
    KILN_HD constexpr double function(double x) {                                                                 \
        if (__builtin_is_constant_evaluated()) return constant_evaluation::function(x);                           \
        return __builtin_##builtin(x);                                                                            \
    }                                                                                                             \
    KILN_HD constexpr float function(float x) {                                                                   \
        if (__builtin_is_constant_evaluated()) return narrow(constant_evaluation::function(double{x}));           \
        return __builtin_##builtin##f(x);                                                                         \
    }

KILN_UNARY(exp, exp)
KILN_UNARY(exp2, exp2)
KILN_UNARY(expm1, expm1)
KILN_UNARY(log, log)
KILN_UNARY(log2, log2)
KILN_UNARY(log10, log10)
KILN_UNARY(log1p, log1p)
KILN_UNARY(sqrt, sqrt)
KILN_UNARY(sin, sin)
KILN_UNARY(cos, cos)
KILN_UNARY(tan, tan)
KILN_UNARY(asin, asin)
KILN_UNARY(acos, acos)
KILN_UNARY(atan, atan)
KILN_UNARY(sinh, sinh)
KILN_UNARY(cosh, cosh)
KILN_UNARY(tanh, tanh)
KILN_UNARY(asinh, asinh)
KILN_UNARY(acosh, acosh)
KILN_UNARY(atanh, atanh)
KILN_UNARY(erf, erf)
KILN_UNARY(erfc, erfc)
KILN_UNARY(floor, floor)
KILN_UNARY(ceil, ceil)
KILN_UNARY(trunc, trunc)
KILN_UNARY(round, rint)  // halves to even, as numpy and TensorFlow
#undef KILN_UNARY

#define KILN_BINARY(function)                                                                                     \
    KILN_HD constexpr double function(double x, double y) {                                                       \
        if (__builtin_is_constant_evaluated()) return constant_evaluation::function(x, y);                        \
        return __builtin_##function(x, y);                                                                        \
    }                                                                                                             \
    KILN_HD constexpr float function(float x, float y) {                                                          \
        if (__builtin_is_constant_evaluated())                                                                    \
            return narrow(constant_evaluation::function(double{x}, double{y}));                                   \
        return __builtin_##function##f(x, y);                                                                     \
    }

KILN_BINARY(pow)
KILN_BINARY(atan2)
KILN_BINARY(fmod)
#undef KILN_BINARY

/// x * y + z with one rounding.
KILN_HD constexpr double fma(double x, double y, double z) {
    if (__builtin_is_constant_evaluated()) return constant_evaluation::fma(x, y, z);
    return __builtin_fma(x, y, z);
}

KILN_HD constexpr double abs(double x) { return __builtin_fabs(x); }
KILN_HD constexpr float abs(float x) { return __builtin_fabsf(x); }
KILN_HD constexpr double copysign(double x, double sign) { return __builtin_copysign(x, sign); }
KILN_HD constexpr float copysign(float x, float sign) { return __builtin_copysignf(x, sign); }
KILN_HD constexpr bool isnan(double x) { return x != x; }
KILN_HD constexpr bool isnan(float x) { return x != x; }
KILN_HD constexpr bool isinf(double x) { return __builtin_fabs(x) == __builtin_huge_val(); }
KILN_HD constexpr bool isinf(float x) { return __builtin_fabsf(x) == __builtin_huge_valf(); }
KILN_HD constexpr bool isfinite(double x) { return !isnan(x) && !isinf(x); }
KILN_HD constexpr bool isfinite(float x) { return !isnan(x) && !isinf(x); }
KILN_HD constexpr bool signbit(double x) { return __builtin_copysign(1.0, x) < 0; }
KILN_HD constexpr bool signbit(float x) { return __builtin_copysignf(1.0f, x) < 0; }

}  // namespace kiln::math
