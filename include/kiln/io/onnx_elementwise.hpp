// Elementwise operations in ONNX: one node, or a formula.
#pragma once
#include <string>
#include <string_view>

#include "kiln/io/onnx_terms.hpp"

namespace kiln::io::detail {

/// How an elementwise operation is written: from its operands, and the dtype of its result.
struct onnx_elementwise {
    std::string_view op;
    onnx_term (*write)(const onnx_term* x, dtype to);
};

/// The node `Op` of one or two operands.
template <text Op>
onnx_term unary(const onnx_term* x, dtype to) { return onnx_call(Op.s, to, x[0]); }
template <text Op>
onnx_term binary(const onnx_term* x, dtype to) { return onnx_call(Op.s, to, x[0], x[1]); }
template <text Op>
onnx_term comparison(const onnx_term* x, dtype) { return compared(Op.s, x[0], x[1]); }
/// A test that integers do not pass.
template <text Op>
onnx_term test(const onnx_term* x, dtype to) { return is_floating(x[0].type) ? unary<Op>(x, to) : !(x[0] == x[0]); }

/// Of integers 0 where y is 0, which ONNX leaves open, and -x where y is -1, which runtimes may not survive.
struct whole_division {
    onnx_term odd, safe;
    explicit whole_division(const onnx_term& y)
        : odd(is_unsigned_integer(y.type) ? y == y.of(0) : y == y.of(0) || y == y.of(-1)), safe(where(odd, y.of(1), y)) {}
};
inline onnx_term quotient(const onnx_term& x, const onnx_term& y) {
    if (is_floating(x.type)) return x / y;
    const whole_division d(y);
    return x / d.safe * where(d.odd, y, y.of(1));
}
inline onnx_term remains(const onnx_term& x, const onnx_term& y) {
    return remainder(x, is_floating(x.type) ? y : whole_division(y).safe);
}
/// Is there a remainder r whose sign is not that of y?
inline onnx_term crosses(const onnx_term& r, const onnx_term& y) { return !(r == r.of(0)) && ((r < r.of(0)) ^ (y < y.of(0))); }

inline onnx_term log1p_of(const onnx_term& x) {   // of small x the rounding of 1 + x cancels out (Kahan)
    const onnx_term one = x.of(1), u = one + x, log = onnx_call("Log", x.type, u);
    return where(absolute(x) < one, where(u == one, x, log * (x / (u - one))), log);
}
inline onnx_term expm1_of(const onnx_term& x) {   // of small x by tanh(x / 2), which does not cancel
    const onnx_term one = x.of(1), t = onnx_call("Tanh", x.type, x * x.of(0.5));
    return where(absolute(x) < one, (t + t) / (one - t), onnx_call("Exp", x.type, x) - one);
}
inline onnx_term atan2_of(const onnx_term& y, const onnx_term& x) {
    const onnx_term zero = x.of(0), a = absolute(y), b = absolute(x);
    const auto negative = [&](const onnx_term& v) { return v < zero || onnx_call("Reciprocal", v.type, v) < zero; };   // -0 too
    const onnx_term ratio = where(a == b, where(a == zero, zero, x.of(1)), a / b), angle = onnx_call("Atan", x.type, ratio);
    const onnx_term half = where(negative(x), x.of(3.14159265358979323846) - angle, angle);
    return where(negative(y), -half, half);
}

/// x as an integer: truncated, 0 for NaN, and what does not fit is the nearest that does; ONNX leaves both open.
inline onnx_term saturated(const onnx_term& x, dtype to) {
    const int bits = 8 * size_of(to) - is_signed_integer(to);
    const double end = bits == 64 ? 0x1p64 : static_cast<double>(u64{1} << bits), first = is_signed_integer(to) ? -end : 0;
    const onnx_term high = x >= x.of(end), low = x < x.of(first), fits = x == x && !(high || low);
    const onnx_term r = where(fits, x, x.of(0)).as(to);
    const i64 most = bits == 64 ? -1 : static_cast<i64>((u64{1} << bits) - 1);
    return where(high, r.of_bits(most), is_signed_integer(to) ? where(low, r.of_bits(-most - 1), r) : r);
}
inline onnx_term cast_of(const onnx_term* x, dtype to) {
    return is_floating(x[0].type) && is_integer(to) ? saturated(x[0], to) : x[0].as(to);
}

/// x << n or x >> n in 64 bits; counts beyond those leave 0, or the sign.
inline onnx_term shifted(const onnx_term& x, const onnx_term& n, bool left) {
    const onnx_term count = n.as(dtype::int64), inside = count >= count.of(0) && count < count.of(64);
    const auto shift = [&](const onnx_term& v) {
        const onnx_term u = v.as(dtype::uint64);
        const std::string r = u.to->node("BitShift", {u.name, where(inside, count, count.of(0)).as(dtype::uint64).name},
                                         {onnx_attribute("direction", left ? "LEFT" : "RIGHT")});
        return where(inside, onnx_term{u.to, r, u.type}, u.of(0));
    };
    if (left || is_unsigned_integer(x.type)) return shift(x).as(x.type);
    const onnx_term v = x.as(dtype::int64), negative = v < v.of(0);   // only unsigned numbers have shifts: by way of ~x
    const onnx_term r = shift(where(negative, v.of(-1) - v, v)).as(dtype::int64);
    return where(negative, v.of(-1) - r, r).as(x.type);
}
/// ONNX has the logic of bool, that of bits only from opset 18 on.
template <text Op, text Own>
onnx_term logic(const onnx_term* x, dtype to) {
    if (to != dtype::boolean) x[0].to->refuse(std::string("the function has the operation \"") + Own.s + "\" of " + name_of(to));
    return binary<Op>(x, to);
}

inline constexpr onnx_elementwise onnx_elementwise_table[] = {
    {"add", binary<"Add">},
    {"subtract", binary<"Sub">},
    {"multiply", binary<"Mul">},
    {"divide", [](const onnx_term* x, dtype) { return quotient(x[0], x[1]); }},
    {"fmod", [](const onnx_term* x, dtype) { return remains(x[0], x[1]); }},
    {"mod", [](const onnx_term* x, dtype) {
         const onnx_term r = remains(x[0], x[1]);
         return where(crosses(r, x[1]), r + x[1], r);
     }},
    {"floor_divide", [](const onnx_term* x, dtype to) {
         const onnx_term q = quotient(x[0], x[1]);
         return is_floating(to) ? onnx_call("Floor", to, q) : where(crosses(remains(x[0], x[1]), x[1]), q - q.of(1), q);
     }},
    {"negative", [](const onnx_term* x, dtype) { return -x[0]; }},
    {"absolute", unary<"Abs">},
    {"sign", unary<"Sign">},
    {"square", [](const onnx_term* x, dtype) { return x[0] * x[0]; }},
    {"reciprocal", unary<"Reciprocal">},
    {"maximum", [](const onnx_term* x, dtype) { return maximum(x[0], x[1]); }},
    {"minimum", [](const onnx_term* x, dtype) { return minimum(x[0], x[1]); }},
    {"clip", [](const onnx_term* x, dtype) { return maximum(minimum(x[0], x[2]), x[1]); }},
    {"less", comparison<"Less">},
    {"less_equal", comparison<"LessOrEqual">},
    {"greater", comparison<"Greater">},
    {"greater_equal", comparison<"GreaterOrEqual">},
    {"equal", comparison<"Equal">},
    {"not_equal", [](const onnx_term* x, dtype) { return !(x[0] == x[1]); }},
    {"logical_and", binary<"And">},
    {"logical_or", binary<"Or">},
    {"logical_xor", binary<"Xor">},
    {"logical_not", unary<"Not">},
    {"bitwise_and", logic<"And", "bitwise_and">},
    {"bitwise_or", logic<"Or", "bitwise_or">},
    {"bitwise_xor", logic<"Xor", "bitwise_xor">},
    {"bitwise_not", [](const onnx_term* x, dtype to) { return to == dtype::boolean ? !x[0] : x[0].of(-1) - x[0]; }},
    {"left_shift", [](const onnx_term* x, dtype) { return shifted(x[0], x[1], true); }},
    {"right_shift", [](const onnx_term* x, dtype) { return shifted(x[0], x[1], false); }},
    {"isnan", test<"IsNaN">},
    {"isinf", test<"IsInf">},
    {"isfinite", [](const onnx_term* x, dtype) { return x[0] - x[0] == x[0].of(0); }},
    {"where", [](const onnx_term* x, dtype) { return where(x[0], x[1], x[2]); }},
    {"stop_gradient", [](const onnx_term* x, dtype) { return x[0]; }},
    {"cast", cast_of},
    {"sqrt", unary<"Sqrt">},
    {"rsqrt", [](const onnx_term* x, dtype to) { return onnx_call("Reciprocal", to, onnx_call("Sqrt", to, x[0])); }},
    {"exp", unary<"Exp">},
    {"exp2", [](const onnx_term* x, dtype to) { return onnx_call("Pow", to, x[0].of(2), x[0]); }},
    {"expm1", [](const onnx_term* x, dtype) { return expm1_of(x[0]); }},
    {"log", unary<"Log">},
    {"log2", [](const onnx_term* x, dtype to) { return onnx_call("Log", to, x[0]) * x[0].of(1.44269504088896340736); }},
    {"log10", [](const onnx_term* x, dtype to) { return onnx_call("Log", to, x[0]) * x[0].of(0.434294481903251827651); }},
    {"log1p", [](const onnx_term* x, dtype) { return log1p_of(x[0]); }},
    {"sin", unary<"Sin">},
    {"cos", unary<"Cos">},
    {"tan", unary<"Tan">},
    {"asin", unary<"Asin">},
    {"acos", unary<"Acos">},
    {"atan", unary<"Atan">},
    {"sinh", unary<"Sinh">},
    {"cosh", unary<"Cosh">},
    {"tanh", unary<"Tanh">},
    {"asinh", unary<"Asinh">},
    {"acosh", unary<"Acosh">},
    {"atanh", unary<"Atanh">},
    {"erf", unary<"Erf">},
    {"erfc", [](const onnx_term* x, dtype to) { return x[0].of(1) - onnx_call("Erf", to, x[0]); }},
    {"floor", unary<"Floor">},
    {"ceil", unary<"Ceil">},
    {"round", unary<"Round">},
    {"trunc", [](const onnx_term* x, dtype to) { return onnx_call("Sign", to, x[0]) * onnx_call("Floor", to, absolute(x[0])); }},
    {"sigmoid", unary<"Sigmoid">},
    {"softplus", unary<"Softplus">},
    {"relu", [](const onnx_term* x, dtype to) { return is_floating(to) ? onnx_call("Relu", to, x[0]) : maximum(x[0], x[0].of(0)); }},
    {"pow", binary<"Pow">},
    {"atan2", [](const onnx_term* x, dtype) { return atan2_of(x[0], x[1]); }},
};

}  // namespace kiln::io::detail
