// The scalar of the reference interpreter: IEEE arithmetic and wrapping integers, in constant evaluation too.
#pragma once
#include <kiln/core/math.hpp>

namespace kiln::arithmetic {

namespace detail {

template <class T>
concept integer = std::is_same_v<T, i64> || std::is_same_v<T, u64>;
template <class T>
concept numeric = integer<T> || std::is_same_v<T, double>;
template <class T>
concept bitwise = integer<T> || std::is_same_v<T, bool>;
template <class T>
concept scalar = numeric<T> || bitwise<T>;

// Wrapping arithmetic is that of u64; the conversion back to i64 is modular in C++20.
constexpr u64 bits(i64 x) { return static_cast<u64>(x); }
constexpr u64 bits(u64 x) { return x; }

constexpr bool negative(i64 x) { return x < 0; }
constexpr bool negative(u64) { return false; }
constexpr bool negative(bool) { return false; }
constexpr bool negative(double x) { return math::signbit(x); }

constexpr bool ordered(double x, double y) { return x == x && y == y; }

}  // namespace detail

/// A bool, i64, u64 or double whose operations are defined for all values. Floating point: a division by zero
/// gives an infinity or NaN, comparisons with NaN are false. Integers wrap modulo 2^64; a division or remainder by
/// zero is 0.
template <detail::scalar T>
struct number {
    T v;
};

template <class T>
number(T) -> number<T>;

// Named in the return statements of templates: nvcc drops the braces of `return {x}` where the type does not
// depend on T.
using boolean = number<bool>;

// Arithmetic; bool has none, its operators are & | ^ ~ !.
template <detail::numeric T>
constexpr number<T> operator+(number<T> x, number<T> y) {
    if constexpr (detail::integer<T>) return {static_cast<T>(detail::bits(x.v) + detail::bits(y.v))};
    else if (__builtin_is_constant_evaluated()) return {math::constant_evaluation::add(x.v, y.v)};
    else return {x.v + y.v};
}
template <detail::numeric T>
constexpr number<T> operator-(number<T> x) {
    if constexpr (detail::integer<T>) return {static_cast<T>(u64{0} - detail::bits(x.v))};
    else return {-x.v};
}
template <detail::numeric T>
constexpr number<T> operator-(number<T> x, number<T> y) {
    return x + -y;  // the same for all values: negation is exact
}
template <detail::numeric T>
constexpr number<T> operator*(number<T> x, number<T> y) {
    if constexpr (detail::integer<T>) return {static_cast<T>(detail::bits(x.v) * detail::bits(y.v))};
    else if (__builtin_is_constant_evaluated()) return {math::constant_evaluation::multiply(x.v, y.v)};
    else return {x.v * y.v};
}
/// Truncates on integers, as C does.
template <detail::numeric T>
constexpr number<T> operator/(number<T> x, number<T> y) {
    if constexpr (detail::integer<T>) {
        if (y.v == 0) return {T{0}};
        if (std::is_same_v<T, i64> && y.v == static_cast<T>(-1)) return -x;  // the smallest i64 wraps
        return {x.v / y.v};
    } else {
        if (__builtin_is_constant_evaluated()) return {math::constant_evaluation::divide(x.v, y.v)};
        return {x.v / y.v};
    }
}
/// The remainder of the truncated division; fmod on double.
template <detail::numeric T>
constexpr number<T> operator%(number<T> x, number<T> y) {
    if constexpr (detail::integer<T>) {
        if (y.v == 0 || (std::is_same_v<T, i64> && y.v == static_cast<T>(-1))) return {T{0}};
        return {x.v % y.v};
    } else {
        return {math::fmod(x.v, y.v)};
    }
}

// Comparisons; nvcc's front end cannot order a NaN in constant evaluation.
template <class T>
constexpr boolean operator==(number<T> x, number<T> y) {
    return boolean{x.v == y.v};
}
template <class T>
constexpr boolean operator!=(number<T> x, number<T> y) {
    return boolean{x.v != y.v};
}
template <class T>
constexpr boolean operator<(number<T> x, number<T> y) {
    if constexpr (std::is_same_v<T, double>) return boolean{detail::ordered(x.v, y.v) && x.v < y.v};
    else return boolean{x.v < y.v};
}
template <class T>
constexpr boolean operator<=(number<T> x, number<T> y) {
    if constexpr (std::is_same_v<T, double>) return boolean{detail::ordered(x.v, y.v) && x.v <= y.v};
    else return boolean{x.v <= y.v};
}
template <class T>
constexpr boolean operator>(number<T> x, number<T> y) {
    return y < x;
}
template <class T>
constexpr boolean operator>=(number<T> x, number<T> y) {
    return y <= x;
}

// Bits of integers, and the logic of bool.
template <detail::bitwise T>
constexpr number<T> operator&(number<T> x, number<T> y) {
    return {static_cast<T>(x.v & y.v)};
}
template <detail::bitwise T>
constexpr number<T> operator|(number<T> x, number<T> y) {
    return {static_cast<T>(x.v | y.v)};
}
template <detail::bitwise T>
constexpr number<T> operator^(number<T> x, number<T> y) {
    return {static_cast<T>(x.v ^ y.v)};
}
template <detail::bitwise T>
constexpr number<T> operator~(number<T> x) {
    if constexpr (std::is_same_v<T, bool>) return {!x.v};
    else return {~x.v};
}
constexpr boolean operator!(boolean x) { return boolean{!x.v}; }

/// x * 2^n modulo 2^64; 0 for n outside [0, 63].
template <detail::integer T>
constexpr number<T> operator<<(number<T> x, number<T> n) {
    return {detail::bits(n.v) > 63 ? T{0} : static_cast<T>(detail::bits(x.v) << n.v)};
}
/// x / 2^n, rounded down; 0, or -1 for a negative x, for n outside [0, 63].
template <detail::integer T>
constexpr number<T> operator>>(number<T> x, number<T> n) {
    if (detail::bits(n.v) <= 63) return {static_cast<T>(x.v >> n.v)};
    return {detail::negative(x.v) ? static_cast<T>(-1) : T{0}};
}

template <class T>
constexpr number<T> select(boolean condition, number<T> x, number<T> y) {
    return condition.v ? x : y;
}

#define KILN_UNARY(function)                                                                                      \
    constexpr number<double> function(number<double> x) { return {math::function(x.v)}; }
KILN_UNARY(exp)
KILN_UNARY(exp2)
KILN_UNARY(expm1)
KILN_UNARY(log)
KILN_UNARY(log2)
KILN_UNARY(log10)
KILN_UNARY(log1p)
KILN_UNARY(sqrt)
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
KILN_UNARY(floor)
KILN_UNARY(ceil)
KILN_UNARY(trunc)
KILN_UNARY(round)
#undef KILN_UNARY

constexpr number<double> pow(number<double> x, number<double> y) { return {math::pow(x.v, y.v)}; }
constexpr number<double> atan2(number<double> y, number<double> x) { return {math::atan2(y.v, x.v)}; }
constexpr number<double> fmod(number<double> x, number<double> y) { return {math::fmod(x.v, y.v)}; }
constexpr number<double> copysign(number<double> x, number<double> sign) { return {math::copysign(x.v, sign.v)}; }

/// x * y + z; on double with one rounding.
template <detail::numeric T>
constexpr number<T> fma(number<T> x, number<T> y, number<T> z) {
    if constexpr (detail::integer<T>) return x * y + z;
    else return {math::fma(x.v, y.v, z.v)};
}

/// |x|; the smallest i64 stays itself.
template <class T>
constexpr number<T> abs(number<T> x) {
    if constexpr (std::is_same_v<T, double>) return {math::abs(x.v)};
    else if constexpr (std::is_same_v<T, i64>) return x.v < 0 ? -x : x;
    else return x;
}

// Integers and bool are finite.
template <class T>
constexpr boolean isnan(number<T> x) {
    if constexpr (std::is_same_v<T, double>) return boolean{math::isnan(x.v)};
    else return boolean{false};
}
template <class T>
constexpr boolean isinf(number<T> x) {
    if constexpr (std::is_same_v<T, double>) return boolean{math::isinf(x.v)};
    else return boolean{false};
}
template <class T>
constexpr boolean isfinite(number<T> x) {
    if constexpr (std::is_same_v<T, double>) return boolean{math::isfinite(x.v)};
    else return boolean{true};
}
template <class T>
constexpr boolean signbit(number<T> x) {
    return boolean{detail::negative(x.v)};
}

/// x as a To, for any x: integers wrap; a double is truncated, saturates, and NaN is 0; bool is x != 0.
template <class To, class From>
constexpr number<To> convert(number<From> x) {
    if constexpr (std::is_same_v<To, bool>) {
        return {x.v != From{}};
    } else if constexpr (detail::integer<To> && std::is_same_v<From, double>) {
        constexpr bool has_sign = std::is_same_v<To, i64>;
        constexpr double end = has_sign ? 0x1p63 : 0x1p64;
        constexpr To lowest = has_sign ? static_cast<To>(u64{1} << 63) : To{0};
        if (x.v != x.v) return {To{0}};
        if (x.v >= end) return {static_cast<To>(~detail::bits(lowest))};
        if (has_sign ? x.v < -end : x.v < 1) return {lowest};
        return {static_cast<To>(x.v)};
    } else {
        return {static_cast<To>(x.v)};
    }
}

/// x modulo the width of an integer type: sign-extended where the type has a sign, zero-extended else. A u64
/// travels as the i64 of the same bits. Other types: x itself, bool: 0 or 1.
constexpr i64 wrap(dtype t, i64 x) {
    if (t == dtype::boolean) return x != 0;
    if (!is_integer(t) || size_of(t) == 8) return x;
    const int unused = 64 - 8 * size_of(t);
    const u64 high = detail::bits(x) << unused;
    return is_signed_integer(t) ? static_cast<i64>(high) >> unused : static_cast<i64>(high >> unused);
}

/// x as a value of a floating type: through float for float32, where a large one becomes infinite.
constexpr double round_to(dtype t, double x) {
    if (t != dtype::float32) return x;
    return static_cast<double>(math::narrow(x));
}

}  // namespace kiln::arithmetic
