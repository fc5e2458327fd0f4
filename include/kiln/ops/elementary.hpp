// Elementary functions: floating dtypes only. Each states its largest error on the cpu backend; docs/functions.md tells what was
// measured, and which are kiln's own there. Of the others a denormal result may be 0, and one near the largest number infinite.
#pragma once
#include <kiln/ops/comparison.hpp>

namespace kiln {

constexpr value rsqrt(operand x);
constexpr value exp(operand x);
constexpr value sin(operand x);
constexpr value cos(operand x);
constexpr value sinh(operand x);
constexpr value cosh(operand x);
constexpr value log(operand x);
constexpr value pow(operand x, operand y);

/// Base of elementary functions of one operand.
template <class Op>
struct elementary : elementwise<Op, 1> {
    static constexpr auto takes = domain::floating;
    static constexpr bool costly = true, spreads_nan = true;
};

/// sqrt(x): the square root; NaN below 0. Correctly rounded. Slope 0.5 / y.
struct sqrt_op : elementary<sqrt_op> {
    static constexpr auto name = "sqrt";
    KILN_HD static constexpr auto compute(auto x) {
        using math::sqrt;
        return sqrt(x);
    }
    static constexpr value partial(value, value y) { return 0.5 / y; }
};
/// rsqrt(x): 1 / sqrt(x). At most 2 ULP. Slope -0.5 * y * y * y.
struct rsqrt_op : elementary<rsqrt_op> {
    static constexpr auto name = "rsqrt";
    KILN_HD static constexpr auto compute(auto x) {
        using math::sqrt;
        return like(x, 1) / sqrt(x);
    }
    static constexpr value partial(value, value y) { return -0.5 * y * y * y; }
};
/// exp(x): e^x. At most 1.25 ULP. Slope y.
struct exp_op : elementary<exp_op> {
    static constexpr auto name = "exp";
    KILN_HD static constexpr auto compute(auto x) {
        using math::exp;
        return exp(x);
    }
    static constexpr value partial(value, value y) { return y; }
};
/// exp2(x): 2^x. At most 1.25 ULP. Slope y * 0.693147180559945309417.
struct exp2_op : elementary<exp2_op> {
    static constexpr auto name = "exp2";
    KILN_HD static constexpr auto compute(auto x) {
        using math::exp2;
        return exp2(x);
    }
    static constexpr value partial(value, value y) { return y * 0.693147180559945309417; }
};
/// expm1(x): e^x - 1, exact near 0. At most 1.5 ULP. Slope y + 1.
struct expm1_op : elementary<expm1_op> {
    static constexpr auto name = "expm1";
    KILN_HD static constexpr auto compute(auto x) {
        using math::expm1;
        return expm1(x);
    }
    static constexpr value partial(value, value y) { return y + 1; }
};
/// log(x): the natural logarithm; -inf at 0, NaN below. At most 1.25 ULP. Slope 1 / x.
struct log_op : elementary<log_op> {
    static constexpr auto name = "log";
    KILN_HD static constexpr auto compute(auto x) {
        using math::log;
        return log(x);
    }
    static constexpr value partial(value x, value) { return 1 / x; }
};
/// log2(x): the logarithm to base 2. At most 2 ULP. Slope 1.44269504088896340736 / x.
struct log2_op : elementary<log2_op> {
    static constexpr auto name = "log2";
    KILN_HD static constexpr auto compute(auto x) {
        using math::log2;
        return log2(x);
    }
    static constexpr value partial(value x, value) { return 1.44269504088896340736 / x; }
};
/// log10(x): the logarithm to base 10. At most 2 ULP. Slope 0.434294481903251827651 / x.
struct log10_op : elementary<log10_op> {
    static constexpr auto name = "log10";
    KILN_HD static constexpr auto compute(auto x) {
        using math::log10;
        return log10(x);
    }
    static constexpr value partial(value x, value) { return 0.434294481903251827651 / x; }
};
/// log1p(x): log(1 + x), exact near 0. At most 1.25 ULP. Slope 1 / (1 + x).
struct log1p_op : elementary<log1p_op> {
    static constexpr auto name = "log1p";
    KILN_HD static constexpr auto compute(auto x) {
        using math::log1p;
        return log1p(x);
    }
    static constexpr value partial(value x, value) { return 1 / (1 + x); }
};
/// sin(x): x in radians. At most 1.75 ULP. Slope cos(x).
struct sin_op : elementary<sin_op> {
    static constexpr auto name = "sin";
    KILN_HD static constexpr auto compute(auto x) {
        using math::sin;
        return sin(x);
    }
    static constexpr value partial(value x, value) { return cos(x); }
};
/// cos(x): x in radians. At most 1.75 ULP. Slope -sin(x).
struct cos_op : elementary<cos_op> {
    static constexpr auto name = "cos";
    KILN_HD static constexpr auto compute(auto x) {
        using math::cos;
        return cos(x);
    }
    static constexpr value partial(value x, value) { return -sin(x); }
};
/// tan(x): x in radians. At most 4 ULP. Slope 1 + y * y.
struct tan_op : elementary<tan_op> {
    static constexpr auto name = "tan";
    KILN_HD static constexpr auto compute(auto x) {
        using math::tan;
        return tan(x);
    }
    static constexpr value partial(value, value y) { return 1 + y * y; }
};
/// asin(x): on [-1, 1], NaN outside. At most 3 ULP. Slope rsqrt(1 - x * x).
struct asin_op : elementary<asin_op> {
    static constexpr auto name = "asin";
    KILN_HD static constexpr auto compute(auto x) {
        using math::asin;
        return asin(x);
    }
    static constexpr value partial(value x, value) { return rsqrt(1 - x * x); }
};
/// acos(x): on [-1, 1], NaN outside. At most 1.5 ULP. Slope -rsqrt(1 - x * x).
struct acos_op : elementary<acos_op> {
    static constexpr auto name = "acos";
    KILN_HD static constexpr auto compute(auto x) {
        using math::acos;
        return acos(x);
    }
    static constexpr value partial(value x, value) { return -rsqrt(1 - x * x); }
};
/// atan(x): the inverse tangent. At most 2.5 ULP. Slope 1 / (1 + x * x).
struct atan_op : elementary<atan_op> {
    static constexpr auto name = "atan";
    KILN_HD static constexpr auto compute(auto x) {
        using math::atan;
        return atan(x);
    }
    static constexpr value partial(value x, value) { return 1 / (1 + x * x); }
};
/// sinh(x): the hyperbolic sine. At most 3 ULP. Slope cosh(x).
struct sinh_op : elementary<sinh_op> {
    static constexpr auto name = "sinh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::sinh;
        return sinh(x);
    }
    static constexpr value partial(value x, value) { return cosh(x); }
};
/// cosh(x): the hyperbolic cosine. At most 2 ULP. Slope sinh(x).
struct cosh_op : elementary<cosh_op> {
    static constexpr auto name = "cosh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::cosh;
        return cosh(x);
    }
    static constexpr value partial(value x, value) { return sinh(x); }
};
/// tanh(x): the hyperbolic tangent, between -1 and 1. At most 2 ULP. Slope 1 - y * y.
struct tanh_op : elementary<tanh_op> {
    static constexpr auto name = "tanh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::tanh;
        return tanh(x);
    }
    static constexpr value partial(value, value y) { return 1 - y * y; }
};
/// asinh(x): the inverse hyperbolic sine. At most 2.5 ULP. Slope rsqrt(x * x + 1).
struct asinh_op : elementary<asinh_op> {
    static constexpr auto name = "asinh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::asinh;
        return asinh(x);
    }
    static constexpr value partial(value x, value) { return rsqrt(x * x + 1); }
};
/// acosh(x): on [1, inf), NaN below. At most 2.5 ULP. Slope rsqrt(x * x - 1).
struct acosh_op : elementary<acosh_op> {
    static constexpr auto name = "acosh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::acosh;
        return acosh(x);
    }
    static constexpr value partial(value x, value) { return rsqrt(x * x - 1); }
};
/// atanh(x): on [-1, 1], NaN outside. At most 2.5 ULP. Slope 1 / (1 - x * x).
struct atanh_op : elementary<atanh_op> {
    static constexpr auto name = "atanh";
    KILN_HD static constexpr auto compute(auto x) {
        using math::atanh;
        return atanh(x);
    }
    static constexpr value partial(value x, value) { return 1 / (1 - x * x); }
};
/// erf(x): the error function. At most 3 ULP, of double 2. Slope 1.12837916709551257390 * exp(-(x * x)).
struct erf_op : elementary<erf_op> {
    static constexpr auto name = "erf";
    KILN_HD static constexpr auto compute(auto x) {
        using math::erf;
        return erf(x);
    }
    static constexpr value partial(value x, value) { return 1.12837916709551257390 * exp(-(x * x)); }
};
/// erfc(x): 1 - erf(x). At most 4 ULP. Slope -1.12837916709551257390 * exp(-(x * x)).
struct erfc_op : elementary<erfc_op> {
    static constexpr auto name = "erfc";
    KILN_HD static constexpr auto compute(auto x) {
        using math::erfc;
        return erfc(x);
    }
    static constexpr value partial(value x, value) { return -1.12837916709551257390 * exp(-(x * x)); }
};

/// pow(x, y) = x^y by IEEE's rules. Slopes as TensorFlow: y pow(x, y - 1), and 0 where y is 0; log(x) pow(x, y), and 0
/// where x <= 0. At most 0.75 ULP in float32, 2 in float64.
struct pow_op : elementwise<pow_op, 2> {
    static constexpr auto name = "pow";
    static constexpr auto takes = domain::floating;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x, auto y) {
        using math::pow;
        return pow(x, y);
    }
    static constexpr value partial(int i, value x, value y, value r) {
        if (i == 1) return where(x > 0, log(x), 0) * r;
        if (is_literal(y)) return is_literal(y, 0) ? value{} : y * pow(x, y - 1);
        return where(y == 0, 0, y * pow(x, y - 1));
    }
    /// Strength reduction of constant exponents: named rewrite "pow_of_constant".
    static constexpr value simplify(site n) {
        const value x = n[0], y = n[1];
        if (is_literal(y, 2)) return square(x);
        if (is_literal(y, 1)) return x;
        if (is_literal(y, 0)) return ones_like(x);
        if (is_literal(y, -1)) return reciprocal(x);
        if (is_literal(y, 3)) return x * square(x);
        return {};
    }
};

/// atan2(y, x): the angle of the point (x, y), by IEEE's rules. At most 2.5 ULP. Slopes x / (x^2 + y^2), -y / (x^2 + y^2).
struct atan2_op : elementwise<atan2_op, 2> {
    static constexpr auto name = "atan2";
    static constexpr auto takes = domain::floating;
    static constexpr bool spreads_nan = true;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto y, auto x) {
        using math::atan2;
        return atan2(y, x);
    }
    static constexpr value partial(int i, value y, value x, value) {
        const value d = x * x + y * y;
        return i == 0 ? x / d : -(y / d);
    }
};

KILN_UNARY(sqrt)
KILN_UNARY(rsqrt)
KILN_UNARY(exp)
KILN_UNARY(exp2)
KILN_UNARY(expm1)
KILN_UNARY(log)
KILN_UNARY(log2)
KILN_UNARY(log10)
KILN_UNARY(log1p)
KILN_UNARY(sin)
KILN_UNARY(cos)
KILN_UNARY(tan)
KILN_UNARY(asin)
KILN_UNARY(acos)
KILN_UNARY(atan)
KILN_UNARY(sinh)
KILN_UNARY(cosh)
KILN_UNARY(tanh)
KILN_UNARY(asinh)
KILN_UNARY(acosh)
KILN_UNARY(atanh)
KILN_UNARY(erf)
KILN_UNARY(erfc)
KILN_BINARY(pow)
KILN_BINARY(atan2)

}  // namespace kiln
