// + - * / % and their relatives: operations that exist for every number type.
#pragma once
#include <kiln/ops/operand.hpp>

namespace kiln {

constexpr value operator+(operand p, operand q);
constexpr value operator-(operand p, operand q);
constexpr value operator*(operand p, operand q);
constexpr value operator/(operand p, operand q);
constexpr value operator-(operand p);
constexpr value operator>(operand p, operand q);
constexpr value operator<(operand p, operand q);
constexpr value operator>=(operand p, operand q);
constexpr value operator<=(operand p, operand q);
constexpr value operator==(operand p, operand q);
constexpr value where(operand condition, operand x, operand y);
constexpr value floor(operand x);
constexpr value trunc(operand x);
constexpr value sign(operand x);

/// add(x, y) = x + y. Integers wrap. Slope 1 in both. Exact rounding.
struct add_op : elementwise<add_op, 2> {
    static constexpr auto name = "add";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr auto linear = jointly;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x + y; }
    static constexpr value transpose(int, value ct, site) { return ct; }
};

/// subtract(x, y) = x - y. Integers wrap. Slopes 1 and -1. Exact rounding.
struct subtract_op : elementwise<subtract_op, 2> {
    static constexpr auto name = "subtract";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr auto linear = jointly;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x - y; }
    static constexpr value transpose(int i, value ct, site) { return i == 0 ? ct : -ct; }
};

/// multiply(x, y) = x * y. Integers wrap. Slopes y and x. Exact rounding.
struct multiply_op : elementwise<multiply_op, 2> {
    static constexpr auto name = "multiply";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x * y; }
    static constexpr value partial(int i, value x, value y, value) { return i == 0 ? y : x; }
};

/// divide(x, y) = x / y. Integers truncate toward zero as in C++; division of an integer by zero is 0 (numpy).
/// Slopes 1/y and -x/y^2. Exact rounding.
struct divide_op : elementwise<divide_op, 2> {
    static constexpr auto name = "divide";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x / y; }
    static constexpr value partial(int i, value, value y, value r) { return i == 0 ? 1 / y : -(r / y); }
};

/// fmod(x, y) = x % y, with the sign of x as in C++ and numpy.fmod; an integer by zero gives 0.
/// Slopes 1 and -trunc(x / y). Exact.
struct fmod_op : elementwise<fmod_op, 2> {
    static constexpr auto name = "fmod";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x, auto y) { return x % y; }
    static constexpr value partial(int i, value x, value y, value) {
        return i == 0 ? ones_like(x) : -trunc(x / y);
    }
};

/// mod(x, y): the remainder with the sign of y (numpy.mod, tf.math.floormod); an integer by zero gives 0.
/// Slopes 1 and -floor(x / y).
struct mod_op : elementwise<mod_op, 2> {
    static constexpr auto name = "mod";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x, auto y) {
        const auto r = x % y;
        const auto zero = like(x, 0);
        return select((r != zero) & ((r < zero) != (y < zero)), r + y, r);
    }
    static constexpr value partial(int i, value x, value y, value) {
        return i == 0 ? ones_like(x) : -floor(x / y);
    }
};

/// floor_divide(x, y): the quotient rounded down (numpy, tf.floordiv); an integer by zero gives 0. Slope 0.
struct floor_divide_op : elementwise<floor_divide_op, 2> {
    static constexpr auto name = "floor_divide";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr bool flat = true, costly = true;
    template <class X>
    KILN_HD static constexpr auto compute(X x, X y) {
        if constexpr (requires { floor(x / y); }) return floor(x / y);
        else {
            const auto q = x / y, r = x % y;
            const auto zero = like(x, 0);
            return select((r != zero) & ((r < zero) != (y < zero)), q - like(x, 1), q);
        }
    }
};

/// negative(x) = -x. Integers wrap. Slope -1. Exact.
struct negative_op : elementwise<negative_op, 1> {
    static constexpr auto name = "negative";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr auto linear = jointly;
    KILN_HD static constexpr auto compute(auto x) { return -x; }
    static constexpr value transpose(int, value ct, site) { return -ct; }
};

/// absolute(x) = |x|; the smallest signed integer stays as it is. Slope sign(x), so 0 at 0 (TensorFlow). Exact.
struct absolute_op : elementwise<absolute_op, 1> {
    static constexpr auto name = "absolute";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x) {
        const auto zero = like(x, 0);
        return select(x < zero, -x, select(x == zero, zero, x));
    }
    static constexpr value partial(value x, value) { return sign(x); }
};

/// sign(x): -1, 0 or 1; NaN for NaN. Slope 0. Exact.
struct sign_op : elementwise<sign_op, 1> {
    static constexpr auto name = "sign";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) {
        const auto zero = like(x, 0);
        return select(x > zero, like(x, 1), select(x < zero, zero - like(x, 1), x));   // unsigned ones have no -1
    }
};

/// square(x) = x * x. Slope 2x. Exact rounding.
struct square_op : elementwise<square_op, 1> {
    static constexpr auto name = "square";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x) { return x * x; }
    static constexpr value partial(value x, value) { return 2 * x; }
};

/// reciprocal(x) = 1 / x. Slope -1/x^2. Exact rounding.
struct reciprocal_op : elementwise<reciprocal_op, 1> {
    static constexpr auto name = "reciprocal";
    static constexpr auto takes = domain::floating;
    static constexpr bool spreads_nan = true;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x) { return like(x, 1) / x; }
    static constexpr value partial(value, value y) { return -(y * y); }
};

/// The greater of a and x, a where they are equal, NaN where either is; a back end may know one instruction for it.
KILN_HD constexpr auto greater_of(auto a, auto x) { return select((x > a) | (x != x), x, a); }
KILN_HD constexpr auto lesser_of(auto a, auto x) { return select((x < a) | (x != x), x, a); }
/// The same where what becomes of a NaN does not matter.
KILN_HD constexpr auto greater_number_of(auto a, auto x) { return select(x > a, x, a); }
KILN_HD constexpr auto lesser_number_of(auto a, auto x) { return select(x < a, x, a); }

/// maximum(x, y), elementwise; NaN where either is NaN. At a tie the slope goes to x (TensorFlow). Exact.
struct maximum_op : elementwise<maximum_op, 2> {
    static constexpr auto name = "maximum";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x, auto y) { return greater_of(x, y); }
    static constexpr value partial(int i, value x, value y, value) {
        return i == 0 ? where(x >= y, ones_like(x), zeros_like(x)) : where(x >= y, zeros_like(x), ones_like(x));
    }
};

/// minimum(x, y), elementwise; NaN where either is NaN. At a tie the slope goes to x (TensorFlow). Exact.
struct minimum_op : elementwise<minimum_op, 2> {
    static constexpr auto name = "minimum";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x, auto y) { return lesser_of(x, y); }
    static constexpr value partial(int i, value x, value y, value) {
        return i == 0 ? where(x <= y, ones_like(x), zeros_like(x)) : where(x <= y, zeros_like(x), ones_like(x));
    }
};

/// clip(x, low, high) = max(min(x, high), low) (tf.clip_by_value). The slope goes to x on the closed interval, to the bound
/// outside. NaN where any of the three is NaN. Exact.
struct clip_op : elementwise<clip_op, 3> {
    static constexpr auto name = "clip";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x, auto low, auto high) { return greater_of(lesser_of(x, high), low); }
    static constexpr value partial(int i, value x, value low, value high, value) {
        const value one = ones_like(x), zero = zeros_like(x);
        if (i == 1) return where(x < low, one, zero);
        const value beyond = where(x > high, one, zero);
        return i == 2 ? where(x < low, zero, beyond) : where(x < low, zero, where(x > high, zero, one));
    }
};

KILN_BINARY(add)
KILN_BINARY(subtract)
KILN_BINARY(multiply)
KILN_BINARY(divide)
KILN_BINARY(fmod)
KILN_BINARY(mod)
KILN_BINARY(floor_divide)
KILN_BINARY(maximum)
KILN_BINARY(minimum)
KILN_UNARY(negative)
KILN_UNARY(absolute)
KILN_UNARY(sign)
KILN_UNARY(square)
KILN_UNARY(reciprocal)

template <class X>
    requires(std::is_same_v<X, value> || expression<X>)
constexpr auto abs(X x) { return absolute(x); }

constexpr value clip(operand x, operand low, operand high) { return apply<clip_op>(x, low, high); }
template <class A, class B, class C>
    requires liftable<A, B, C>
constexpr auto clip(A x, B low, C high) { return lifter<A, B, C>::template lift<clip_op>(x, low, high); }

// Structural zeros (an adjoint that is no node) vanish here.
constexpr bool is_zero(const operand& p) { return !p.number && p.v.zero(); }
constexpr value operator+(operand p, operand q) {
    return is_zero(p) ? q.v : is_zero(q) ? p.v : apply<add_op>(p, q);
}
constexpr value operator-(operand p, operand q) {
    return is_zero(q) ? p.v : is_zero(p) ? -q : apply<subtract_op>(p, q);
}
constexpr value operator*(operand p, operand q) {
    return is_zero(p) || is_zero(q) ? value{} : apply<multiply_op>(p, q);
}
constexpr value operator/(operand p, operand q) { return is_zero(p) ? value{} : apply<divide_op>(p, q); }
constexpr value operator-(operand p) { return apply<negative_op>(p); }
KILN_BINARY_AS(operator%, fmod_op)
template <class A, class B> requires liftable<A, B> constexpr auto operator+(A x, B y) { return lifter<A, B>::template lift<add_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator-(A x, B y) { return lifter<A, B>::template lift<subtract_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator*(A x, B y) { return lifter<A, B>::template lift<multiply_op>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto operator/(A x, B y) { return lifter<A, B>::template lift<divide_op>(x, y); }
template <expression X> constexpr auto operator-(X x) { return X::template lift<negative_op>(x); }

/// true_divide(x, y) = x / y as a floating number (numpy, tf.truediv): int8, int16, uint8, uint16 and bool become float32,
/// wider integers float64.
constexpr value as_floating(value x) {
    const dtype t = x.element();
    if (is_floating(t)) return x;
    return cast(x, size_of(t) <= 2 ? dtype::float32 : dtype::float64);
}
struct true_divide_call {
    static constexpr value apply(operand x, operand y) {
        bind("true_divide", x, y);
        return as_floating(x.v) / as_floating(y.v);
    }
};
constexpr value true_divide(operand x, operand y) { return true_divide_call::apply(x, y); }
template <class A, class B>
    requires liftable<A, B>
constexpr auto true_divide(A x, B y) { return lifter<A, B>::template lift<true_divide_call>(x, y); }

}  // namespace kiln
