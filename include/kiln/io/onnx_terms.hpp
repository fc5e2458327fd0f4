// Algebra that adds nodes to an ONNX model: what ONNX has no operation for is written as a formula.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "kiln/core/extent.hpp"
#include "kiln/io/onnx_builder.hpp"

namespace kiln::io::detail {

/// A value of the model, as an operand of formulas. Shapes broadcast.
struct onnx_term {
    onnx_builder* to;
    std::string name;
    dtype type;

    /// A number of the same dtype; of an unsigned one -1 has all bits set.
    onnx_term of(double v) const { return of_bits(is_floating(type) ? bits_of(v) : static_cast<i64>(v)); }
    onnx_term of_bits(i64 bits) const { return {to, to->number(type, bits), type}; }
    onnx_term as(dtype t) const { return t == type ? *this : onnx_term{to, to->cast(name, t), t}; }
};

/// The one node `op` of these operands.
template <class... X>
onnx_term onnx_call(const char* op, dtype type, const onnx_term& x, const X&... more) {
    return {x.to, x.to->node(op, {x.name, more.name...}), type};
}

/// A set of dtypes.
using onnx_types = unsigned;
template <class... T>
constexpr onnx_types onnx_set(T... t) { return (0u | ... | (1u << static_cast<int>(t))); }
inline constexpr onnx_types all_onnx_types = ~0u, floating_onnx_types = onnx_set(dtype::float32, dtype::float64, dtype::weak_float),
    wide_onnx_types = floating_onnx_types | onnx_set(dtype::int32, dtype::int64, dtype::weak_int);
constexpr bool has(onnx_types s, dtype t) { return (s >> static_cast<int>(t) & 1) != 0; }

/// ONNX Runtime has not every operation for every dtype: where it lacks one, a wider integer computes the same, modulo the width
/// of the narrow one.
constexpr dtype computed_in(onnx_types kernels, dtype t) {
    return has(kernels, t) ? t : size_of(t) <= 2 ? dtype::int32 : dtype::int64;
}
/// f(x...) in a dtype that there are kernels for, as the dtype of x again.
template <class F, class... X>
onnx_term widened(onnx_types kernels, F f, const onnx_term& x, const X&... more) {
    const dtype t = computed_in(kernels, x.type);
    return f(x.as(t), more.as(t)...).as(x.type);
}
/// The same for what depends on the order: uint64 is counted from 2^63.
template <class F>
onnx_term in_order(onnx_types kernels, F f, const onnx_term& x) {
    if (x.type != dtype::uint64 || has(kernels, x.type)) return widened(kernels, f, x);
    const onnx_term middle = x.of_bits(static_cast<i64>(u64{1} << 63)), sum = onnx_call("Add", x.type, x, middle);
    return onnx_call("Add", x.type, f(sum.as(dtype::int64)).as(x.type), middle);
}

inline onnx_term operator+(const onnx_term& x, const onnx_term& y) { return onnx_call("Add", x.type, x, y); }
inline onnx_term operator-(const onnx_term& x, const onnx_term& y) { return onnx_call("Sub", x.type, x, y); }
inline onnx_term operator*(const onnx_term& x, const onnx_term& y) { return onnx_call("Mul", x.type, x, y); }
inline onnx_term operator/(const onnx_term& x, const onnx_term& y) { return onnx_call("Div", x.type, x, y); }
inline onnx_term operator-(const onnx_term& x) { return is_unsigned_integer(x.type) ? x.of(0) - x : onnx_call("Neg", x.type, x); }
inline onnx_term operator!(const onnx_term& x) { return onnx_call("Not", x.type, x); }
inline onnx_term operator&&(const onnx_term& x, const onnx_term& y) { return onnx_call("And", x.type, x, y); }
inline onnx_term operator||(const onnx_term& x, const onnx_term& y) { return onnx_call("Or", x.type, x, y); }
inline onnx_term operator^(const onnx_term& x, const onnx_term& y) { return onnx_call("Xor", x.type, x, y); }

/// A comparison; of bool as numbers.
inline onnx_term compared(const char* op, const onnx_term& x, const onnx_term& y) {
    const dtype t = computed_in(~onnx_set(dtype::boolean), x.type);
    return onnx_call(op, dtype::boolean, x.as(t), y.as(t));
}
inline onnx_term operator<(const onnx_term& x, const onnx_term& y) { return compared("Less", x, y); }
inline onnx_term operator>(const onnx_term& x, const onnx_term& y) { return compared("Greater", x, y); }
inline onnx_term operator<=(const onnx_term& x, const onnx_term& y) { return compared("LessOrEqual", x, y); }
inline onnx_term operator>=(const onnx_term& x, const onnx_term& y) { return compared("GreaterOrEqual", x, y); }
inline onnx_term operator==(const onnx_term& x, const onnx_term& y) { return compared("Equal", x, y); }

inline onnx_term where(const onnx_term& condition, const onnx_term& x, const onnx_term& y) {
    constexpr onnx_types kernels = wide_onnx_types | onnx_set(dtype::int8, dtype::uint8, dtype::uint32);
    return widened(kernels, [&](const onnx_term& a, const onnx_term& b) { return onnx_call("Where", a.type, condition, a, b); }, x, y);
}
inline constexpr onnx_types extremum_onnx_types = ~onnx_set(dtype::boolean, dtype::int16, dtype::uint16);
inline onnx_term maximum(const onnx_term& x, const onnx_term& y) {
    return widened(extremum_onnx_types, [](const onnx_term& a, const onnx_term& b) { return onnx_call("Max", a.type, a, b); }, x, y);
}
inline onnx_term minimum(const onnx_term& x, const onnx_term& y) {
    return widened(extremum_onnx_types, [](const onnx_term& a, const onnx_term& b) { return onnx_call("Min", a.type, a, b); }, x, y);
}
inline onnx_term summed(const onnx_term& x, const std::vector<i64>& axes) {
    return widened(wide_onnx_types, [&](const onnx_term& a) {
        return onnx_term{a.to, a.to->node("ReduceSum", {a.name, a.to->integers(axes)}, {onnx_attribute("keepdims", i64{0})}), a.type};
    }, x);
}
inline auto reducing(const char* op, const std::vector<i64>& axes, bool keepdims = false) {   // of all other reductions the axes are an attribute
    return [=](const onnx_term& a) {
        return onnx_term{a.to, a.to->node(op, {a.name}, {onnx_attribute("axes", axes), onnx_attribute("keepdims", i64{keepdims})}), a.type};
    };
}
inline onnx_term absolute(const onnx_term& x) { return onnx_call("Abs", x.type, x); }

/// The remainder with the sign of x, 0 where y is 0: C's, for integers too.
inline onnx_term remainder(const onnx_term& x, const onnx_term& y) {
    return {x.to, x.to->node("Mod", {x.name, y.name}, {onnx_attribute("fmod", i64{1})}), x.type};
}

}  // namespace kiln::io::detail
