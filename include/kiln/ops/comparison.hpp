// Comparisons, logic, bits, selection, casts. Comparisons of symbols are symbols: no silent bool.
#pragma once
#include <kiln/ops/arithmetic.hpp>

namespace kiln {

/// Base of comparisons: bool result, slope 0; false where an operand is NaN (not_equal: true).
template <class Op>
struct comparison : elementwise<Op, 2> {
    static constexpr auto takes = domain::any;
    static constexpr bool flat = true, boolean = true;
};
/// less(x, y) = x < y.
struct less_op : comparison<less_op> {
    static constexpr auto name = "less";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x < y; }
};
/// less_equal(x, y) = x <= y.
struct less_equal_op : comparison<less_equal_op> {
    static constexpr auto name = "less_equal";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x <= y; }
};
/// greater(x, y) = x > y.
struct greater_op : comparison<greater_op> {
    static constexpr auto name = "greater";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x > y; }
};
/// greater_equal(x, y) = x >= y.
struct greater_equal_op : comparison<greater_equal_op> {
    static constexpr auto name = "greater_equal";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x >= y; }
};
/// equal(x, y) = x == y.
struct equal_op : comparison<equal_op> {
    static constexpr auto name = "equal";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x == y; }
};
/// not_equal(x, y) = x != y.
struct not_equal_op : comparison<not_equal_op> {
    static constexpr auto name = "not_equal";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x != y; }
};

/// Base of operations on bits; on bool they are logic. Slope 0.
template <class Op, int N>
struct bitwise : elementwise<Op, N> {
    static constexpr auto takes = domain::integral;
    static constexpr bool flat = true;
};
/// bitwise_and(x, y) = x & y.
struct bitwise_and_op : bitwise<bitwise_and_op, 2> {
    static constexpr auto name = "bitwise_and";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x & y; }
};
/// bitwise_or(x, y) = x | y.
struct bitwise_or_op : bitwise<bitwise_or_op, 2> {
    static constexpr auto name = "bitwise_or";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x | y; }
};
/// bitwise_xor(x, y) = x ^ y.
struct bitwise_xor_op : bitwise<bitwise_xor_op, 2> {
    static constexpr auto name = "bitwise_xor";
    KILN_HD static constexpr auto compute(auto x, auto y) { return x ^ y; }
};
/// bitwise_not(x) = ~x (numpy.invert).
struct bitwise_not_op : bitwise<bitwise_not_op, 1> {
    static constexpr auto name = "bitwise_not";
    KILN_HD static constexpr auto compute(auto x) { return ~x; }
};
/// left_shift(x, y) = x << y on integers; counts beyond the width give 0.
struct left_shift_op : bitwise<left_shift_op, 2> {
    static constexpr auto name = "left_shift";
    static constexpr auto takes = domain::integer;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x << y; }
};
/// right_shift(x, y) = x >> y on integers, arithmetic for signed ones; counts beyond the width leave the sign alone.
struct right_shift_op : bitwise<right_shift_op, 2> {
    static constexpr auto name = "right_shift";
    static constexpr auto takes = domain::integer;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x >> y; }
};

/// logical_and(x, y) = x && y on bool.
struct logical_and_op : bitwise<logical_and_op, 2> {
    static constexpr auto name = "logical_and";
    static constexpr auto takes = domain::boolean;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x & y; }
};
/// logical_or(x, y) = x || y on bool.
struct logical_or_op : bitwise<logical_or_op, 2> {
    static constexpr auto name = "logical_or";
    static constexpr auto takes = domain::boolean;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x | y; }
};
/// logical_xor(x, y) on bool.
struct logical_xor_op : bitwise<logical_xor_op, 2> {
    static constexpr auto name = "logical_xor";
    static constexpr auto takes = domain::boolean;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x ^ y; }
};
/// logical_not(x) = !x on bool.
struct logical_not_op : bitwise<logical_not_op, 1> {
    static constexpr auto name = "logical_not";
    static constexpr auto takes = domain::boolean;
    KILN_HD static constexpr auto compute(auto x) { return !x; }
};

/// Base of tests of one number: bool result, slope 0.
template <class Op>
struct test : elementwise<Op, 1> {
    static constexpr auto takes = domain::number;
    static constexpr bool flat = true, boolean = true;
};
/// isnan(x): false for integers.
struct isnan_op : test<isnan_op> {
    static constexpr auto name = "isnan";
    KILN_HD static constexpr auto compute(auto x) { return x != x; }
};
/// isinf(x): plus or minus infinity; false for integers.
struct isinf_op : test<isinf_op> {
    static constexpr auto name = "isinf";
    KILN_HD static constexpr auto compute(auto x) { return (x == x) & (x - x != x - x); }
};
/// isfinite(x): neither NaN nor infinite; true for integers.
struct isfinite_op : test<isfinite_op> {
    static constexpr auto name = "isfinite";
    KILN_HD static constexpr auto compute(auto x) { return x - x == x - x; }
};

/// where(condition, x, y): x where the condition holds, y elsewhere (numpy.where, tf.where). Linear in x and y together;
/// a branch that is not taken adds nothing to a derivative, even where its slope is infinite. Exact.
struct where_op : elementwise<where_op, 3> {
    static constexpr auto name = "where";
    static constexpr auto takes = domain::any;
    static constexpr int first_typed = 1;
    static constexpr auto linear = jointly;
    KILN_HD static constexpr auto compute(auto c, auto x, auto y) { return select(c, x, y); }
    static constexpr value transpose(int i, value ct, site n) {
        return i == 1 ? where(n[0], ct, 0) : where(n[0], 0, ct);
    }
    static constexpr value apply(operand c, operand x, operand y) { return where(c, x, y); }
};

/// stop_gradient(x) = x, with slope 0 (TensorFlow).
struct stop_gradient_op : elementwise<stop_gradient_op, 1> {
    static constexpr auto name = "stop_gradient";
    static constexpr auto takes = domain::any;
    static constexpr bool spreads_nan = true;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) { return x; }
};

/// cast<T>(x): to another dtype. Floating to integer truncates (NaN gives 0, what does not fit saturates), integer to a
/// narrower integer wraps, to bool is x != 0. Slope 1 between floating dtypes, 0 otherwise.
struct cast_op {
    static constexpr auto name = "cast";
    static constexpr int arity = 1;
    static constexpr bool spreads_nan = true;
    static constexpr pattern kind = pattern::pointwise;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) { return {n.shape(0), static_cast<dtype>(n.attr(0))}; }
    static constexpr value transpose(int, value ct, site n) {
        return call<cast_op>(ints(static_cast<int>(n.element(0))), ct);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const i64 m = elements(*n.b, n.n().shape);
        const dtype t = n.n().type;
        with_number(n.element(0), [&](auto from) {
            using From = decltype(from);
            for (i64 i = 0; i < m; ++i) {
                const arithmetic::number<From> x = read<From>(in[0][i]);
                if (is_floating(t)) write(out[0][i], t, arithmetic::convert<double>(x));
                else if (t == dtype::boolean) write(out[0][i], t, arithmetic::convert<bool>(x));
                else if constexpr (std::is_same_v<From, double>) {   // saturate at the width of the result
                    const i64 v = static_cast<i64>(arithmetic::convert<u64>(x).v);
                    if (t == dtype::uint64) out[0][i].i = v;
                    else out[0][i].i = saturated(t, arithmetic::convert<i64>(x).v);
                } else write(out[0][i], t, arithmetic::convert<i64>(x));
            }
        });
    }
    static constexpr i64 saturated(dtype t, i64 v) {
        const int bits = 8 * size_of(t);
        const i64 high = is_unsigned_integer(t) ? (i64{1} << bits) - 1
                       : bits == 64 ? INT64_MAX : (i64{1} << (bits - 1)) - 1;
        const i64 low = is_unsigned_integer(t) ? 0 : -high - 1;
        return v < low ? low : v > high ? high : v;
    }
};

KILN_BINARY(less)
KILN_BINARY(less_equal)
KILN_BINARY(greater)
KILN_BINARY(greater_equal)
KILN_BINARY(equal)
KILN_BINARY(not_equal)
KILN_BINARY(bitwise_and)
KILN_BINARY(bitwise_or)
KILN_BINARY(bitwise_xor)
KILN_BINARY(left_shift)
KILN_BINARY(right_shift)
KILN_BINARY(logical_and)
KILN_BINARY(logical_or)
KILN_BINARY(logical_xor)
KILN_UNARY(bitwise_not)
KILN_UNARY(logical_not)
KILN_UNARY(isnan)
KILN_UNARY(isinf)
KILN_UNARY(isfinite)
KILN_UNARY(stop_gradient)

constexpr value operator<(operand p, operand q) { return apply<less_op>(p, q); }
constexpr value operator<=(operand p, operand q) { return apply<less_equal_op>(p, q); }
constexpr value operator>(operand p, operand q) { return apply<greater_op>(p, q); }
constexpr value operator>=(operand p, operand q) { return apply<greater_equal_op>(p, q); }
constexpr value operator==(operand p, operand q) { return apply<equal_op>(p, q); }
template <class A, class B> requires liftable<A, B> constexpr auto operator<(A x, B y) { return lifter<A, B>::template lift<less_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator<=(A x, B y) { return lifter<A, B>::template lift<less_equal_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator>(A x, B y) { return lifter<A, B>::template lift<greater_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator>=(A x, B y) { return lifter<A, B>::template lift<greater_equal_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator==(A x, B y) { return lifter<A, B>::template lift<equal_op>(x, y); }
KILN_BINARY_AS(operator!=, not_equal_op)
KILN_BINARY_AS(operator&&, logical_and_op)
KILN_BINARY_AS(operator||, logical_or_op)
KILN_BINARY_AS(operator&, bitwise_and_op)
KILN_BINARY_AS(operator|, bitwise_or_op)
KILN_BINARY_AS(operator^, bitwise_xor_op)
constexpr value operator!(operand x) { return apply<logical_not_op>(x); }
constexpr value operator~(operand x) { return apply<bitwise_not_op>(x); }
template <expression X> constexpr auto operator!(X x) { return X::template lift<logical_not_op>(x); }
template <expression X> constexpr auto operator~(X x) { return X::template lift<bitwise_not_op>(x); }

constexpr value where(operand c, operand x, operand y) {
    if (c.number) {
        builder& b = *(x.v.b ? x.v.b : y.v.b);
        c.v = full_of(b, {0, dtype::boolean}, c);
    }
    builder& b = *c.v.b;
    if (x.number && y.number) {   // nobody to ask: int64 or float64
        const type t{c.v.n().shape, x.floating || y.floating ? dtype::float64 : dtype::int64};
        x.v = full_of(b, t, x);
        y.v = full_of(b, t, y);
    } else bind("where", x, y);
    if (c.v.element() != dtype::boolean)
        b.fail("where", "the condition is no bool", builder::text(name_of(c.v.element())), builder::text("bool"));
    align("where", c.v, x.v);
    align("where", c.v, y.v);
    align("where", x.v, y.v);
    return call<where_op>({}, c.v, x.v, y.v);
}
template <class A, class B, class C>
    requires liftable<A, B, C>
constexpr auto where(A c, B x, C y) { return lifter<A, B, C>::template lift<where_op>(c, x, y); }

constexpr value cast(value x, dtype t) {
    if (x.zero() || x.element() == t) return x;
    if (is_literal(x)) {
        const i64 bits = x.b->at(x.n().attrs, 0);
        operand c{0};
        c.floating = is_floating(x.element());
        c.i = bits;
        c.f = c.floating ? double_of(bits) : static_cast<double>(bits);
        if (is_floating(t)) return full_of(*x.b, {x.n().shape, t}, c);
    }
    return call<cast_op>(ints(static_cast<int>(t)), x);
}
template <dtype To>
struct cast_call {
    static constexpr value apply(operand x) { return cast(x.v, To); }
};
template <element T, class X>
    requires(std::is_same_v<X, value> || expression<X>)
constexpr auto cast(X x) {
    if constexpr (expression<X>) return X::template lift<cast_call<dtype_of<T>>>(x);
    else return cast(x, dtype_of<T>);
}

}  // namespace kiln
