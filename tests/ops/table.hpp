// The table of operations: one row for each, from which tests/ops draws its whole battery (values, derivatives, shapes,
// errors) and other back ends theirs. Adding an operation is its struct and a row here; completeness.cpp fails without one.
//
//   unary("tanh", apply, reference)   elementwise, of one, two or three operands
//   general("matmul", 2, apply, ...)  anything else, with a reference of whole arrays
//     .on(from...)                    where each operand is drawn from
//     .taking(domain)                 which dtypes it takes (floating ones where not said)
//     .giving(dtype)                  the result's dtype (the operands' where not said)
//     .within(ulp, absolute)          the largest error, in units of the last place and of epsilon (else: rounded right)
//     .flat()                         the derivative is a structural zero
//     .over(cases)                    the shapes that it is tried on
#pragma once
#include "reference.hpp"

#include <kiln/ops/pooling.hpp>
#include <kiln/ops/random.hpp>
#include <kiln/ops/slices.hpp>

namespace kiln::testing {

// ---- shapes
inline constexpr shapes of_all[]{{{{2, 3, 4}}}, {{{}}}, {{{5}}}, {{{0}}}, {{{2, 0}}}, {{{1, 1}}}};
inline constexpr shapes of_first[]{{{{2, 3, 4}}}, {{{5}}}, {{{0, 3}}}, {{{3, 0}}}, {{{1, 4}}}};
inline constexpr shapes of_last[]{{{{2, 3, 4}}}, {{{5}}}, {{{0, 3}}}, {{{3, 0}}}, {{{4, 1}}}};
inline constexpr shapes of_rank3[]{{{{2, 3, 4}}}, {{{1, 3, 1}}}, {{{2, 0, 4}}}, {{{0, 3, 2}}}};
// where nothing is folded there is no position and no logarithm
inline constexpr shapes of_all_filled[]{{{{2, 3, 4}}}, {{{}}}, {{{5}}}, {{{1, 1}}}};
inline constexpr shapes of_first_filled[]{{{{2, 3, 4}}}, {{{5}}}, {{{3, 0}}}, {{{1, 4}}}};
inline constexpr shapes of_last_filled[]{{{{2, 3, 4}}}, {{{5}}}, {{{0, 3}}}, {{{4, 1}}}};
inline constexpr shapes of_rank3_filled[]{{{{2, 3, 4}}}, {{{1, 3, 1}}}, {{{2, 0, 4}}}};
inline constexpr shapes of_any[]{{{{2, 3}}}, {{{}}}, {{{0, 3}}}, {{{1}}}, {{{2, 1, 3}}}};
inline constexpr shapes of_six[]{{{{2, 3}}}, {{{6}}}, {{{1, 6}}}, {{{3, 2, 1}}}};
inline constexpr shapes of_none[]{{{{0, 3}}}, {{{0}}}, {{{4, 0}}}};
inline constexpr shapes of_matrices[]{{{{2, 3}}}, {{{0, 3}}}, {{{1, 1}}}};
inline constexpr shapes of_squeezable[]{{{{1, 3, 1}}}, {{{1, 0, 1}}}, {{{1, 1, 1}}}};
inline constexpr shapes of_rows[]{{{{2, 5}}}, {{{5}}}, {{{0, 4}}}, {{{2, 2, 3}}}};
inline constexpr shapes of_vectors[]{{{{4}}}, {{{0}}}, {{{1}}}};
inline constexpr shapes of_broadcasts[]{{{{}}}, {{{3}}}, {{{1}}}, {{{2, 3}}}, {{{2, 1}}}, {{{2, 1, 1}}}, {{{1, 2, 3}}}, {{{2, 2, 3}}}};
inline constexpr shapes of_broadcasts_to_nothing[]{{{{}}}, {{{3}}}, {{{1, 1}}}, {{{0, 1}}}};
inline constexpr shapes of_nothing[]{{{}}};
inline constexpr shapes of_products[]{
    {{{3, 4}, {4, 2}}}, {{{4}, {4}}}, {{{4}, {4, 2}}}, {{{3, 4}, {4}}}, {{{1, 1}, {1, 1}}}, {{{0, 4}, {4, 2}}},
    {{{3, 0}, {0, 2}}}, {{{3, 4}, {4, 0}}}, {{{2, 3, 4}, {4, 2}}}, {{{3, 4}, {2, 4, 2}}}, {{{2, 3, 4}, {2, 4, 2}}},
    {{{2, 1, 3, 2}, {3, 2, 2}}}, {{{1, 3, 2}, {2, 2, 3}}}, {{{2, 3, 4}, {4}}}, {{{4}, {2, 4, 3}}}, {{{0, 3, 4}, {4, 2}}}};
inline constexpr shapes of_dots[]{{{{4}, {4}}}, {{{}, {3}}}, {{{2, 3}, {}}}, {{{}, {}}}, {{{3, 4}, {4, 2}}}, {{{2, 3, 4}, {4}}},
                                  {{{4}, {2, 4, 3}}}, {{{2, 3}, {2, 3, 4}}}, {{{2, 2, 3}, {2, 3, 4}}}, {{{0}, {0}}}, {{{3, 0}, {0, 2}}}};
inline constexpr shapes of_outers[]{{{{3}, {4}}}, {{{2, 3}, {2}}}, {{{}, {3}}}, {{{0}, {3}}}, {{{1}, {1}}}};
inline constexpr shapes of_labels[]{{{{2, 5}, {2}}}, {{{5}, {}}}, {{{0, 5}, {0}}}, {{{2, 2, 5}, {2, 2}}}};
inline constexpr shapes of_distributions[]{{{{2, 5}, {2, 5}}}, {{{5}, {5}}}, {{{0, 5}, {0, 5}}}};
inline constexpr shapes of_conds[]{{{{}, {3}, {3}}}, {{{}, {}, {}}}, {{{}, {0, 2}, {0, 2}}}, {{{}, {2, 2}, {2, 2}}}};
inline constexpr shapes of_images[]{{{{2, 5, 4, 2}}}, {{{0, 5, 4, 2}}}, {{{1, 5, 4, 1}}}};
inline constexpr shapes of_two_images[]{{{{2, 5, 4, 2}, {2, 5, 4, 2}}}, {{{0, 5, 4, 2}, {0, 5, 4, 2}}}, {{{1, 5, 4, 1}, {1, 5, 4, 1}}}};
inline constexpr shapes of_windows_and_images[]{{{{2, 4, 4, 2}, {2, 5, 4, 2}}}, {{{0, 4, 4, 2}, {0, 5, 4, 2}}}, {{{1, 4, 4, 1}, {1, 5, 4, 1}}}};
inline constexpr shapes of_filtered_rows[]{{{{2, 5, 2}, {3, 2, 3}}}, {{{0, 5, 1}, {2, 1, 2}}}, {{{1, 3, 2}, {3, 2, 0}}}};
inline constexpr shapes of_filtered[]{{{{2, 5, 4, 2}, {3, 2, 2, 3}}}, {{{0, 5, 4, 1}, {2, 2, 1, 2}}}, {{{1, 5, 3, 2}, {1, 1, 2, 2}}}, {{{1, 3, 3, 0}, {2, 2, 0, 2}}}};
inline constexpr shapes of_filtered_cubes[]{{{{1, 3, 4, 3, 2}, {2, 2, 2, 2, 1}}}, {{{2, 2, 2, 2, 1}, {2, 1, 2, 1, 2}}}};
inline constexpr shapes of_depthwise[]{{{{2, 5, 4, 2}, {3, 2, 2, 1}}}, {{{1, 4, 4, 2}, {2, 2, 2, 2}}}};
inline constexpr shapes of_separable[]{{{{2, 5, 4, 2}, {3, 2, 2, 2}, {1, 1, 4, 3}}}};
inline constexpr shapes of_widened[]{{{{2, 3, 2, 3}, {3, 2, 2, 3}}}, {{{1, 1, 4, 1}, {2, 2, 1, 1}}}};

// ---- families of rows
template <class Call, auto Fold, dtype Gives, auto... Options>
constexpr row reduction_row(const char* variant) {
    row r = general(
        Call::name, 1, [](args a) { return reduction_call<Call, Options...>::apply(a[0]); },
        [](const array* x, dtype t) { return folded(x[0], options_of<Options...>(), Fold, Gives == dtype::none ? t : Gives); });
    r.variant = variant;
    return r;
}
/// Over all axes, the first, the last (kept), and two of three (kept).
template <class Call, auto Fold, dtype Gives = dtype::none>
constexpr row over_all() { return reduction_row<Call, Fold, Gives>("all axes").over(of_all); }
template <class Call, auto Fold, dtype Gives = dtype::none>
constexpr row over_first() { return reduction_row<Call, Fold, Gives, 0>("axis 0").over(of_first); }
template <class Call, auto Fold, dtype Gives = dtype::none>
constexpr row over_last() { return reduction_row<Call, Fold, Gives, -1, keepdims>("axis -1, keepdims").over(of_last); }
template <class Call, auto Fold, dtype Gives = dtype::none>
constexpr row over_two() { return reduction_row<Call, Fold, Gives, axes<0, 2>, keepdims>("axes 0 and 2, keepdims").over(of_rank3); }

constexpr real clamped(real v, real low, real high) { return v < low ? low : v > high ? high : v; }
template <class To>
constexpr row cast_row() {
    constexpr dtype t = dtype_of<To>;
    row r = unary("cast", [](args a) { return cast<To>(a[0]); },
                  [](real v) -> real {
                      if (is_floating(t)) return v;
                      if (t == dtype::boolean) return v != 0;
                      return std::isnan(v) ? 0 : std::trunc(clamped(v, lowest_of(t), highest_of(t)));
                  },
                  [](integer v) { return v; });
    return r.called(name_of(t)).taking(domain::any).giving(always<t>).on({-300, 300}).at(0.5, -0.5, 127.9, 255.5, 1e10, 1e19);
}
template <class T>
constexpr row cast_of_floating() {   // one that is differentiated: float64 to float32 would leave nothing to take differences of
    row r = cast_row<T>();
    return is_floating(dtype_of<T>) ? r : r.flat();
}

constexpr integer truncated_quotient(integer x, integer y) { return y == 0 ? 0 : x / y; }
constexpr integer floored_quotient(integer x, integer y) {
    return y == 0 ? 0 : x / y - (x % y != 0 && (x < 0) != (y < 0));
}
constexpr real sign_of(real x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
inline real mod_of(real x, real y) {
    const real r = std::fmod(x, y);
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
inline real sigmoid_of(real x) { return 1 / (1 + std::exp(-x)); }
inline real softplus_of(real x) { return std::isnan(x) ? x : std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }
inline real either_nan(real x, real y, real otherwise) { return std::isnan(x) || std::isnan(y) ? NAN : otherwise; }

/// Every operation of kiln. `rows[i].apply` is a constant, so that a trace can call it.
inline constexpr row rows[]{
    // ---- arithmetic
    binary("add", [](args a) { return a[0] + a[1]; }, [](real x, real y) { return x + y; }, [](integer x, integer y) { return x + y; })
        .taking(domain::number).with_signed_zero(),
    binary("subtract", [](args a) { return a[0] - a[1]; }, [](real x, real y) { return x - y; }, [](integer x, integer y) { return x - y; })
        .taking(domain::number).with_signed_zero(),
    binary("multiply", [](args a) { return a[0] * a[1]; }, [](real x, real y) { return x * y; }, times)
        .taking(domain::number).with_signed_zero(),
    binary("divide", [](args a) { return a[0] / a[1]; }, [](real x, real y) { return x / y; }, truncated_quotient)
        .on({}, {0.5, 3}).taking(domain::number).with_signed_zero(),
    binary("true_divide", [](args a) { return true_divide(a[0], a[1]); }, [](real x, real y) { return x / y; })
        .on({}, {0.5, 3}).taking(domain::any).within(2)
        .giving([](dtype t) { return is_floating(t) ? t : size_of(t) <= 2 ? dtype::float32 : dtype::float64; }),
    binary("fmod", [](args a) { return a[0] % a[1]; }, [](real x, real y) { return std::fmod(x, y); },
           [](integer x, integer y) { return y == 0 ? 0 : x % y; })
        .on({}, {0.5, 3}).taking(domain::number).exact().with_signed_zero(),
    binary("mod", [](args a) { return mod(a[0], a[1]); }, mod_of,
           [](integer x, integer y) { return x - (y == 0 ? x : floored_quotient(x, y) * y); })
        .on({}, {0.5, 3}).taking(domain::number).at(1.0, -1.0),
    binary("floor_divide", [](args a) { return floor_divide(a[0], a[1]); }, [](real x, real y) -> real { return std::floor(static_cast<double>(x / y)); }, floored_quotient)
        .on({}, {0.5, 3}).taking(domain::number).flat(),
    unary("negative", [](args a) { return -a[0]; }, [](real x) { return -x; }, [](integer x) { return -x; })
        .taking(domain::number).exact().with_signed_zero(),
    unary("absolute", [](args a) { return absolute(a[0]); }, [](real x) { return std::fabs(x); }, [](integer x) { return x < 0 ? -x : x; })
        .taking(domain::number).exact().with_signed_zero(),
    unary("sign", [](args a) { return sign(a[0]); }, sign_of).taking(domain::number).exact().flat(),
    unary("square", [](args a) { return square(a[0]); }, [](real x) { return x * x; },
          [](integer x) { return times(x, x); }).taking(domain::number),
    unary("reciprocal", [](args a) { return reciprocal(a[0]); }, [](real x) { return 1 / x; }).on({0.5, 3}).with_signed_zero(),
    binary("maximum", [](args a) { return maximum(a[0], a[1]); }, [](real x, real y) { return either_nan(x, y, std::max(x, y)); })
        .taking(domain::number).exact(),
    binary("minimum", [](args a) { return minimum(a[0], a[1]); }, [](real x, real y) { return either_nan(x, y, std::min(x, y)); })
        .taking(domain::number).exact(),
    ternary("clip", [](args a) { return clip(a[0], a[1], a[2]); },
            [](real x, real low, real high) -> real {
                return std::isnan(x) || std::isnan(low) || std::isnan(high) ? NAN : std::max(std::min(x, high), low);
            })
        .on({}, {-2, -0.5}, {0.5, 2}).taking(domain::number).exact(),

    // ---- comparison, logic, bits, selection, casts
    binary("less", [](args a) { return a[0] < a[1]; }, [](real x, real y) -> real { return x < y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("less_equal", [](args a) { return a[0] <= a[1]; }, [](real x, real y) -> real { return x <= y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("greater", [](args a) { return a[0] > a[1]; }, [](real x, real y) -> real { return x > y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("greater_equal", [](args a) { return a[0] >= a[1]; }, [](real x, real y) -> real { return x >= y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("equal", [](args a) { return a[0] == a[1]; }, [](real x, real y) -> real { return x == y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("not_equal", [](args a) { return a[0] != a[1]; }, [](real x, real y) -> real { return x != y; }).taking(domain::any).giving(to_boolean).flat(),
    binary("bitwise_and", [](args a) { return a[0] & a[1]; }, nullptr, [](integer x, integer y) { return x & y; }).taking(domain::integral).flat(),
    binary("bitwise_or", [](args a) { return a[0] | a[1]; }, nullptr, [](integer x, integer y) { return x | y; }).taking(domain::integral).flat(),
    binary("bitwise_xor", [](args a) { return a[0] ^ a[1]; }, nullptr, [](integer x, integer y) { return x ^ y; }).taking(domain::integral).flat(),
    unary("bitwise_not", [](args a) { return ~a[0]; }, [](real x) -> real { return x == 0; }, [](integer x) { return ~x; }).taking(domain::integral).flat(),
    binary("left_shift", [](args a) { return left_shift(a[0], a[1]); }, nullptr,
           [](integer x, integer n) { return n < 0 || n > 63 ? 0 : static_cast<integer>(static_cast<u64>(x) << static_cast<int>(n)); })
        .taking(domain::integer).flat(),
    binary("right_shift", [](args a) { return right_shift(a[0], a[1]); }, nullptr,
           [](integer x, integer n) { return x >> (n < 0 || n > 63 ? 64 : static_cast<int>(n)); })
        .taking(domain::integer).flat(),
    binary("logical_and", [](args a) { return a[0] && a[1]; }, [](real x, real y) -> real { return x != 0 && y != 0; }).taking(domain::boolean).flat(),
    binary("logical_or", [](args a) { return a[0] || a[1]; }, [](real x, real y) -> real { return x != 0 || y != 0; }).taking(domain::boolean).flat(),
    binary("logical_xor", [](args a) { return logical_xor(a[0], a[1]); }, [](real x, real y) -> real { return x != y; }).taking(domain::boolean).flat(),
    unary("logical_not", [](args a) { return !a[0]; }, [](real x) -> real { return x == 0; }).taking(domain::boolean).flat(),
    unary("isnan", [](args a) { return isnan(a[0]); }, [](real x) -> real { return std::isnan(x); }).taking(domain::number).giving(to_boolean).flat(),
    unary("isinf", [](args a) { return isinf(a[0]); }, [](real x) -> real { return std::isinf(x); }).taking(domain::number).giving(to_boolean).flat(),
    unary("isfinite", [](args a) { return isfinite(a[0]); }, [](real x) -> real { return std::isfinite(x); }).taking(domain::number).giving(to_boolean).flat(),
    ternary("where", [](args a) { return where(a[0], a[1], a[2]); }, [](real c, real x, real y) { return c != 0 ? x : y; })
        .on({0, 1, dtype::boolean}).taking(domain::any).exact().with_signed_zero(),
    unary("stop_gradient", [](args a) { return stop_gradient(a[0]); }, [](real x) { return x; }).taking(domain::any).exact().with_signed_zero().flat(),
    cast_of_floating<bool>(), cast_of_floating<std::int8_t>(), cast_of_floating<std::int16_t>(), cast_of_floating<std::int32_t>(),
    cast_of_floating<std::int64_t>(), cast_of_floating<std::uint8_t>(), cast_of_floating<std::uint16_t>(),
    cast_of_floating<std::uint32_t>(), cast_of_floating<std::uint64_t>(), cast_of_floating<float>(), cast_of_floating<double>(),

    // ---- elementary functions; `within` is the error that the operation's own header states
    unary("sqrt", [](args a) { return sqrt(a[0]); }, [](real x) { return std::sqrt(x); }).on({0.1, 4}).with_signed_zero(),
    unary("rsqrt", [](args a) { return rsqrt(a[0]); }, [](real x) { return 1 / std::sqrt(x); }).on({0.1, 4}).within(2),
    unary("exp", [](args a) { return exp(a[0]); }, [](real x) { return std::exp(x); }).within(1.25).at(-1000.0, 709.0, -745.0, 88.5),
    unary("exp2", [](args a) { return exp2(a[0]); }, [](real x) { return std::exp2(x); }).within(1.25).at(-1074.0, 1023.5, 10.0),
    unary("expm1", [](args a) { return expm1(a[0]); }, [](real x) { return std::expm1(x); }).within(1.5).with_signed_zero().at(1e-20, -50.0),
    unary("log", [](args a) { return log(a[0]); }, [](real x) { return std::log(x); }).on({0.2, 4}).within(1.25).at(-1.0, 1.0),
    unary("log2", [](args a) { return log2(a[0]); }, [](real x) { return std::log2(x); }).on({0.2, 4}).within(2).at(-1.0, 8.0),
    unary("log10", [](args a) { return log10(a[0]); }, [](real x) { return std::log10(x); }).on({0.2, 4}).within(2).at(-1.0, 1000.0),
    unary("log1p", [](args a) { return log1p(a[0]); }, [](real x) { return std::log1p(x); }).on({-0.8, 4}).within(1.25).with_signed_zero().at(-1.0, -2.0, 1e-20),
    unary("sin", [](args a) { return sin(a[0]); }, [](real x) { return std::sin(x); }).within(1.75).with_signed_zero(),
    unary("cos", [](args a) { return cos(a[0]); }, [](real x) { return std::cos(x); }).within(1.75),
    unary("tan", [](args a) { return tan(a[0]); }, [](real x) { return std::tan(x); }).on({-1.3, 1.3}).within(4).with_signed_zero(),
    unary("asin", [](args a) { return asin(a[0]); }, [](real x) { return std::asin(x); }).on({-0.9, 0.9}).within(3).with_signed_zero().at(1.0, -1.0, 1.5),
    unary("acos", [](args a) { return acos(a[0]); }, [](real x) { return std::acos(x); }).on({-0.9, 0.9}).within(1.5).at(1.0, -1.0, 1.5),
    unary("atan", [](args a) { return atan(a[0]); }, [](real x) { return std::atan(x); }).within(2.5).with_signed_zero(),
    unary("sinh", [](args a) { return sinh(a[0]); }, [](real x) { return std::sinh(x); }).within(3).with_signed_zero(),
    unary("cosh", [](args a) { return cosh(a[0]); }, [](real x) { return std::cosh(x); }).within(2),
    unary("tanh", [](args a) { return tanh(a[0]); }, [](real x) { return std::tanh(x); }).within(2).with_signed_zero().at(20.0, -20.0),
    unary("asinh", [](args a) { return asinh(a[0]); }, [](real x) { return std::asinh(x); }).within(2.5).with_signed_zero(),
    unary("acosh", [](args a) { return acosh(a[0]); }, [](real x) { return std::acosh(x); }).on({1.2, 4}).within(2.5).at(1.0, 0.5),
    unary("atanh", [](args a) { return atanh(a[0]); }, [](real x) { return std::atanh(x); }).on({-0.8, 0.8}).within(2.5).with_signed_zero().at(1.0, -1.0, 2.0),
    unary("erf", [](args a) { return erf(a[0]); }, [](real x) { return std::erf(x); }).within(2).with_signed_zero(),
    unary("erfc", [](args a) { return erfc(a[0]); }, [](real x) { return std::erfc(x); }).within(4).at(10.0, -10.0),
    unary("floor", [](args a) { return floor(a[0]); }, [](real x) { return std::floor(x); }).exact().with_signed_zero().flat(),
    unary("ceil", [](args a) { return ceil(a[0]); }, [](real x) { return std::ceil(x); }).exact().with_signed_zero().flat(),
    unary("round", [](args a) { return round(a[0]); }, [](real x) { return std::rint(x); }).exact().with_signed_zero().flat().at(0.5, 1.5, -2.5, 2.5),
    unary("trunc", [](args a) { return trunc(a[0]); }, [](real x) { return std::trunc(x); }).exact().with_signed_zero().flat(),
    unary("sigmoid", [](args a) { return sigmoid(a[0]); }, sigmoid_of).within(3).at(40.0, -40.0, -700.0),
    unary("softplus", [](args a) { return softplus(a[0]); }, softplus_of).within(4).at(40.0, -40.0, -700.0, 1000.0),
    unary("relu", [](args a) { return relu(a[0]); }, [](real x) { return std::isnan(x) ? x : std::max(x, 0.0L); }).taking(domain::number).exact(),
    binary("pow", [](args a) { return pow(a[0], a[1]); }, [](real x, real y) { return std::pow(x, y); })
        .on({0.3, 3}).within(4).with_signed_zero().at(1.0, -1.0, 2.0, 3.0, 0.5, -2.0),
    unary("pow", [](args a) { return pow(a[0], 3); }, [](real x) { return x * x * x; }).called("by 3").within(4),
    unary("pow", [](args a) { return pow(2.5, a[0]); }, [](real x) { return std::pow(2.5L, x); }).called("of 2.5").within(4),
    binary("atan2", [](args a) { return atan2(a[0], a[1]); }, [](real y, real x) { return std::atan2(y, x); })
        .on({0.5, 3}, {-3, 3}).within(4).with_signed_zero().at(1.0, -1.0),

    // ---- reductions
    over_all<sum_call, sum_of>().taking(domain::number).within(12, 300),
    over_first<sum_call, sum_of>().taking(domain::number).within(12, 300),
    over_last<sum_call, sum_of>().taking(domain::number).within(12, 300),
    over_two<sum_call, sum_of>().taking(domain::number).within(12, 300),
    over_all<prod_call, prod_of>().taking(domain::number).on({-1.5, 1.5}).within(30).without(huge | denormal),
    over_first<prod_call, prod_of>().taking(domain::number).on({-1.5, 1.5}).within(30).without(huge | denormal),
    over_last<prod_call, prod_of>().taking(domain::number).on({-1.5, 1.5}).within(30).without(huge | denormal),
    over_two<prod_call, prod_of>().taking(domain::number).on({-1.5, 1.5}).within(30).without(huge | denormal),
    over_all<max_call, max_of>().taking(domain::number).exact(),
    over_first<max_call, max_of>().taking(domain::number).exact(),
    over_last<max_call, max_of>().taking(domain::number).exact(),
    over_two<max_call, max_of>().taking(domain::number).exact(),
    over_all<min_call, min_of>().taking(domain::number).exact(),
    over_first<min_call, min_of>().taking(domain::number).exact(),
    over_last<min_call, min_of>().taking(domain::number).exact(),
    over_two<min_call, min_of>().taking(domain::number).exact(),
    over_all<any_call, any_of>().taking(domain::boolean).flat(),
    over_first<any_call, any_of>().taking(domain::boolean).flat(),
    over_two<any_call, any_of>().taking(domain::boolean).flat(),
    over_all<all_call, all_of>().taking(domain::boolean).flat(),
    over_first<all_call, all_of>().taking(domain::boolean).flat(),
    over_two<all_call, all_of>().taking(domain::boolean).flat(),
    over_all<argmax_call, argmax_of, dtype::int64>().over(of_all_filled).taking(domain::number).flat(),
    over_first<argmax_call, argmax_of, dtype::int64>().over(of_first_filled).taking(domain::number).flat(),
    over_last<argmax_call, argmax_of, dtype::int64>().over(of_last_filled).taking(domain::number).flat(),
    over_two<argmax_call, argmax_of, dtype::int64>().over(of_rank3_filled).taking(domain::number).flat(),
    over_all<argmin_call, argmin_of, dtype::int64>().over(of_all_filled).taking(domain::number).flat(),
    over_first<argmin_call, argmin_of, dtype::int64>().over(of_first_filled).taking(domain::number).flat(),
    over_last<argmin_call, argmin_of, dtype::int64>().over(of_last_filled).taking(domain::number).flat(),
    over_two<argmin_call, argmin_of, dtype::int64>().over(of_rank3_filled).taking(domain::number).flat(),
    over_all<mean_call, mean_of>().within(2, 300),
    over_first<mean_call, mean_of>().within(2, 300),
    over_last<mean_call, mean_of>().within(2, 300),
    over_two<mean_call, mean_of>().within(2, 300),
    over_all<variance_call, variance_of>().within(4, 300).without(huge),
    over_first<variance_call, variance_of>().within(4, 300).without(huge),
    over_last<variance_call, variance_of>().within(4, 300).without(huge),
    over_two<variance_call, variance_of>().within(4, 300).without(huge),
    over_all<norm_call, norm_of>().over(of_all_filled).within(8).without(huge | denormal),
    over_first<norm_call, norm_of>().over(of_first_filled).within(8).without(huge | denormal),
    over_last<norm_call, norm_of>().over(of_last_filled).within(8).without(huge | denormal),
    over_two<norm_call, norm_of>().over(of_rank3_filled).within(8).without(huge | denormal),
    over_all<logsumexp_call, logsumexp_of>().within(4, 10),
    over_first<logsumexp_call, logsumexp_of>().within(4, 10),
    over_last<logsumexp_call, logsumexp_of>().within(4, 10),
    over_two<logsumexp_call, logsumexp_of>().within(4, 10),

    // ---- views
    general("reshape", 1, [](args a) { return reshape<3, 2>(a[0]); }, [](const array* x, dtype) { return reshaped(x[0], {3, 2}); })
        .called("to (3, 2)").over(of_six).taking(domain::any).exact().with_signed_zero(),
    general("reshape", 1, [](args a) { return reshape(a[0], {-1, 3}); }, [](const array* x, dtype) { return reshaped(x[0], {2, 3}); })
        .called("to (-1, 3)").over(of_six).taking(domain::any).exact(),
    general("reshape", 1, [](args a) { return reshape<2, 0>(a[0]); }, [](const array* x, dtype) { return reshaped(x[0], {2, 0}); })
        .called("of nothing").over(of_none).taking(domain::any).exact(),
    general("transpose", 1, [](args a) { return transpose(a[0]); },
            [](const array* x, dtype) {
                std::vector<std::size_t> p(x[0].shape.size());
                for (std::size_t k = 0; k < p.size(); ++k) p[k] = p.size() - 1 - k;
                return permuted(x[0], p);
            })
        .called("all axes").over(of_any).taking(domain::any).exact(),
    general("transpose", 1, [](args a) { return transpose<1, 2, 0>(a[0]); }, [](const array* x, dtype) { return permuted(x[0], {1, 2, 0}); })
        .called("1, 2, 0").over(of_rank3).taking(domain::any).exact(),
    general("transpose", 1, [](args a) { return transpose(a[0], {0, -1, 1}); }, [](const array* x, dtype) { return permuted(x[0], {0, 2, 1}); })
        .called("0, -1, 1").over(of_rank3).taking(domain::any).exact(),
    general("expand_dims", 1, [](args a) { return expand_dims<0>(a[0]); },
            [](const array* x, dtype) { auto s = x[0].shape; s.insert(s.begin(), 1); return reshaped(x[0], s); })
        .called("0").over(of_any).taking(domain::any).exact(),
    general("expand_dims", 1, [](args a) { return expand_dims(a[0], -1); },
            [](const array* x, dtype) { auto s = x[0].shape; s.push_back(1); return reshaped(x[0], s); })
        .called("-1").over(of_any).taking(domain::any).exact(),
    general("squeeze", 1, [](args a) { return squeeze<0>(a[0]); },
            [](const array* x, dtype) { auto s = x[0].shape; s.erase(s.begin()); return reshaped(x[0], s); })
        .called("0").over(of_squeezable).taking(domain::any).exact(),
    general("squeeze", 1, [](args a) { return squeeze(a[0]); },
            [](const array* x, dtype) {
                auto s = x[0].shape;
                s.erase(std::remove(s.begin(), s.end(), 1), s.end());
                return reshaped(x[0], s);
            })
        .called("all").over(of_any).taking(domain::any).exact(),
    general("broadcast_to", 1, [](args a) { return broadcast_to<2, 2, 3>(a[0]); }, [](const array* x, dtype) { return expanded(x[0], {2, 2, 3}); })
        .over(of_broadcasts).taking(domain::any).exact(),
    general("broadcast_to", 1, [](args a) { return broadcast_to(a[0], {0, 3}); }, [](const array* x, dtype) { return expanded(x[0], {0, 3}); })
        .called("nothing").over(of_broadcasts_to_nothing).taking(domain::any).exact(),
    general("expand", 1, [](args a) { return expand(a[0], ints(-3, -1), ints(2, 3)); },
            [](const array* x, dtype) { return expanded(reshaped(x[0], {1, x[0].shape[0], 1}), {2, x[0].shape[0], 3}); })
        .over(of_vectors).taking(domain::any).exact(),
    general("ravel", 1, [](args a) { return ravel(a[0]); }, [](const array* x, dtype) { return reshaped(x[0], {count(x[0].shape)}); })
        .over(of_any).taking(domain::any).exact(),

    // ---- parts, and zeros around (slices.cpp has every kind of position)
    general("slice", 1, [](args a) { return slice<1, -1>(a[0]); }, [](const array* x, dtype) { return sliced(x[0], {{1, -1}}); })
        .over(of_first).taking(domain::any).exact(),
    general("slice", 1, [](args a) { return slice<range<-2, none>, range<none, 2>, range<1, 9>>(a[0]); },
            [](const array* x, dtype) { return sliced(x[0], {{-2, 99}, {0, 2}, {1, 9}}); })
        .called("three axes").over(of_rank3).taking(domain::any).exact(),
    general("pad", 1, [](args a) { return pad<1, 2>(a[0]); }, [](const array* x, dtype) { return padded(x[0], 1, 2); })
        .over(of_all).taking(domain::any).exact(),
    general("pad", 1, [](args a) { return slice<2, none>(pad(a[0], {1, 3})); }, [](const array* x, dtype) { return sliced(padded(x[0], 1, 3), {{2, 99}}); })
        .called("part of it").over(of_first).taking(domain::any).exact(),

    // ---- contractions
    general("matmul", 2, [](args a) { return matmul(a[0], a[1]); }, [](const array* x, dtype) { return matmul_of(x[0], x[1]); })
        .over(of_products).taking(domain::number).within(1, 100).without(huge),
    general("dot", 2, [](args a) { return dot(a[0], a[1]); }, [](const array* x, dtype) { return dot_of(x[0], x[1]); })
        .over(of_dots).taking(domain::number).within(1, 100).without(huge),
    general("outer", 2, [](args a) { return outer(a[0], a[1]); },
            [](const array* x, dtype) {
                return dot_of(reshaped(x[0], {count(x[0].shape), 1}), reshaped(x[1], {1, count(x[1].shape)}));
            })
        .over(of_outers).taking(domain::number),

    // ---- windows: convolutions and pools (convolution.cpp has every option)
    general("patches", 1, [](args a) { return call<patches_op>(rows_of_patches(a[0], 2, 2).attributes(), a[0]); },
            [](const array* x, dtype) { return windows_along_rows(x[0], 2, 2, 0); })
        .over(of_images).taking(domain::any).exact(),
    general("fold", 1, [](args a) { return call<fold_op>(rows_of_patches(a[0], 3, 1).attributes(), windows_of_rows(a[0])); },
            [](const array* x, dtype t) { return folded_rows(x[0], t); })
        .over(of_images).taking(domain::number).within(2, 10).without(huge),
    general("window_max", 1, [](args a) { return call<window_max_op>(rows_of_patches(a[0], 3, 1).attributes(), a[0]); },
            [](const array* x, dtype) { return at_maximum(x[0], x[0]); })
        .over(of_images).taking(domain::number).exact(),
    general("window_at_max", 2, [](args a) { return call<window_at_max_op>(rows_of_patches(a[1], 3, 1).attributes(), a[0], a[1]); },
            [](const array* x, dtype) { return at_maximum(x[0], x[1]); })
        .over(of_two_images).exact(),
    general("window_from_max", 2, [](args a) { return call<window_from_max_op>(rows_of_patches(a[1], 3, 1).attributes(), a[0], a[1]); },
            [](const array* x, dtype) { return from_maximum(x[0], x[1]); })
        .over(of_windows_and_images).within(2, 10).without(huge),
    general("full_like", 1, [](args a) { return full_like_call<1>::apply(a[0]); },
            [](const array* x, dtype t) { return generated(t, x[0].shape, [](const index_of&) { return real{1}; }); })
        .over(of_any).taking(domain::any).flat(),
    general("conv1d", 2, [](args a) { return conv1d<same>(a[0], a[1]); }, [](const array* x, dtype) { return convolved(x[0], x[1], 1, true); })
        .over(of_filtered_rows).taking(domain::number).within(2, 100).without(huge | infinities),
    general("conv2d", 2, [](args a) { return conv2d(a[0], a[1]); }, [](const array* x, dtype) { return convolved(x[0], x[1], 1, false); })
        .over(of_filtered).taking(domain::number).within(2, 100).without(huge),
    general("conv2d", 2, [](args a) { return conv2d<strides<2, 2>, same>(a[0], a[1]); }, [](const array* x, dtype) { return convolved(x[0], x[1], 2, true); })
        .called("strides 2, same").over(of_filtered).taking(domain::number).within(2, 100).without(huge | infinities),
    general("conv3d", 2, [](args a) { return conv3d(a[0], a[1]); }, [](const array* x, dtype) { return convolved(x[0], x[1], 1, false); })
        .over(of_filtered_cubes).taking(domain::number).within(2, 100).without(huge),
    general("depthwise_conv2d", 2, [](args a) { return depthwise_conv2d(a[0], a[1]); },
            [](const array* x, dtype) { return convolved(x[0], spread_filters(x[1]), 1, false); })
        .over(of_depthwise).taking(domain::number).within(2, 100).without(huge | infinities | nans),
    general("separable_conv2d", 3, [](args a) { return separable_conv2d(a[0], a[1], a[2]); },
            [](const array* x, dtype) { return convolved(convolved(x[0], spread_filters(x[1]), 1, false), x[2], 1, false); })
        .over(of_separable).taking(domain::number).within(4, 300).without(huge | infinities | nans),
    general("conv2d_transpose", 2, [](args a) { return conv2d_transpose<strides<2, 1>>(a[0], a[1]); },
            [](const array* x, dtype) { return widened(x[0], x[1], {2, 1}); })
        .over(of_widened).taking(domain::number).within(2, 100).without(huge | infinities),
    general("max_pool", 1, [](args a) { return max_pool<window<2, 2>>(a[0]); }, [](const array* x, dtype t) { return pooled_by(x[0], t, max_of); })
        .over(of_images).taking(domain::number).exact(),
    general("avg_pool", 1, [](args a) { return avg_pool<window<2, 2>>(a[0]); },
            [](const array* x, dtype t) { return pooled_by(x[0], t, [](const std::vector<real>& v, dtype) { return (v[0] + v[1] + v[2] + v[3]) / 4; }); })
        .over(of_images).within(2, 10).without(huge),

    // ---- generators
    general("iota", 0, [](args a) { return iota_in(a.b, 5, a.t); },
            [](const array*, dtype t) { return generated(t, {5}, [](const index_of& i) { return static_cast<real>(i[0]); }); })
        .over(of_nothing).taking(domain::number).exact(),
    general("iota", 0, [](args a) { return iota_in(a.b, 0, a.t); }, [](const array*, dtype t) { return zeros_of(t, {0}); })
        .called("0").over(of_nothing).taking(domain::number).exact(),
    general("size", 0, [](args a) { return a.b.make(info<size_op>, nullptr, 0, ints(6, static_cast<int>(a.t))); },
            [](const array*, dtype t) { return array{t, {}, {6}}; })
        .over(of_nothing).taking(domain::number).exact(),
    general("zeros", 0, [](args a) { return zeros.initial(a.b, {a.b.intern(ints(2, 3)), a.t}, 0); },
            [](const array*, dtype t) { return zeros_of(t, {2, 3}); })
        .over(of_nothing).taking(domain::any).exact(),
    general("ones", 0, [](args a) { return ones.initial(a.b, {a.b.intern(ints(2, 3)), a.t}, 0); },
            [](const array*, dtype t) { return generated(t, {2, 3}, [](const index_of&) { return real{1}; }); })
        .over(of_nothing).taking(domain::any).exact(),
    general("full", 0, [](args a) { return full<7>.initial(a.b, {a.b.intern(ints(0, 3)), a.t}, 0); },
            [](const array*, dtype t) { return zeros_of(t, {0, 3}); })
        .called("nothing").over(of_nothing).taking(domain::number).exact(),
    general("full", 0, [](args a) { return full<7>.initial(a.b, {0, a.t}, 0); }, [](const array*, dtype t) { return array{t, {}, {7}}; })
        .over(of_nothing).taking(domain::number).exact(),
    general("one_hot", 1, [](args a) { return one_hot<4, double>(a[0]); },
            [](const array* x, dtype) {
                auto s = x[0].shape;
                s.push_back(4);
                return generated(dtype::float64, s, [&](index_of i) -> real {
                    const i64 k = i.back();
                    i.pop_back();
                    return x[0].at[flatten(x[0].shape, i)] == static_cast<real>(k);
                });
            })
        .over(of_any).taking(domain::integer).exact(),
    general("random_uniform", 0, [](args a) { return random_uniform<-2.0, 3.0>.initial(a.b, {a.b.intern(ints(3, 5)), a.t}, a.b.name("w")); },
            [](const array*, dtype t) { return drawn<uniform_number>("w", t, {3, 5}, 5, -2); })
        .over(of_nothing).within(2, 4),
    general("random_normal", 0, [](args a) { return random_normal<1.0, 0.5>.initial(a.b, {a.b.intern(ints(3, 5)), a.t}, a.b.name("w")); },
            [](const array*, dtype t) { return drawn<normal_number>("w", t, {3, 5}, 0.5, 1); })
        .over(of_nothing).within(4, 8),
    general("truncated_normal", 0, [](args a) { return truncated_normal<>.initial(a.b, {a.b.intern(ints(10, 20)), a.t}, a.b.name("w/2")); },
            [](const array*, dtype t) { return drawn<truncated_number>("w/2", t, {10, 20}); })
        .over(of_nothing).within(4, 8),

    // ---- several results, bodies
    general("top_k", 1, [](args a) { return result(top_k(a[0], 3), 0); }, [](const array* x, dtype) { return largest(x[0], 3, false); })
        .called("values").over(of_rows).taking(domain::any).exact(),
    general("top_k", 1, [](args a) { return result(top_k(a[0], 3), 1); }, [](const array* x, dtype) { return largest(x[0], 3, true); })
        .called("positions").over(of_rows).taking(domain::any).flat(),
    general("top_k", 1, [](args a) { return result(top_k(a[0], 0), 0); }, [](const array* x, dtype) { return largest(x[0], 0, false); })
        .called("none").over(of_rows).taking(domain::any).exact(),
    general("cond", 3,
            [](args a) {
                return cond(a[0], [&] { return a[1] * a[1] + 2 * a[2]; }, [&] { return a[1] - a[2] * a[2] * a[2]; });
            },
            [](const array* x, dtype t) {
                return generated(t, x[1].shape, [&](const index_of& i) {
                    const real u = x[1].at[flatten(x[1].shape, i)], v = x[2].at[flatten(x[2].shape, i)];
                    return x[0].at[0] != 0 ? u * u + 2 * v : u - v * v * v;
                });
            })
        .on({0, 1, dtype::boolean}).over(of_conds).within(2, 100).without(huge),
    general("cond", 3,   // a cond in a body, the predicate made in the body
            [](args a) {
                return cond(a[0], [&] { return cond(sum(a[1]) > 0, [&] { return exp(a[1]); }, [&] { return a[2] * a[1]; }); },
                            [&] { return sin(a[2]); });
            },
            [](const array* x, dtype t) {
                const bool above = sum_of(x[1].at, dtype::float64) > 0;
                return generated(t, x[1].shape, [&](const index_of& i) {
                    const real u = x[1].at[flatten(x[1].shape, i)], v = x[2].at[flatten(x[2].shape, i)];
                    return x[0].at[0] == 0 ? std::sin(v) : above ? std::exp(u) : v * u;
                });
            })
        .called("nested").on({0, 1, dtype::boolean}).over(of_conds).within(4, 100).without(huge),

    // ---- compositions
    general("softmax", 1, [](args a) { return softmax(a[0]); }, [](const array* x, dtype) { return along(x[0], -1, softmax_of); })
        .over(of_last).within(10),
    general("softmax", 1, [](args a) { return softmax(a[0], 0); }, [](const array* x, dtype) { return along(x[0], 0, softmax_of); })
        .called("axis 0").over(of_first).within(10),
    general("log_softmax", 1, [](args a) { return log_softmax(a[0]); }, [](const array* x, dtype) { return along(x[0], -1, log_softmax_of); })
        .over(of_last).within(4, 20),
    general("log_softmax", 1, [](args a) { return log_softmax(a[0], 0); }, [](const array* x, dtype) { return along(x[0], 0, log_softmax_of); })
        .called("axis 0").over(of_first).within(4, 20),
    general("softmax_cross_entropy", 2, [](args a) { return softmax_cross_entropy(a[0], a[1]); },
            [](const array* x, dtype) {
                return by_rows(x[0], [&](const std::vector<real>& v, std::size_t i) {
                    return -log_softmax_of(v)[static_cast<std::size_t>(x[1].at[i])];
                });
            })
        .called("labels").on({}, {0, 4, dtype::int32}).over(of_labels).within(4, 20),
    general("softmax_cross_entropy", 2, [](args a) { return softmax_cross_entropy(a[0], a[1]); },
            [](const array* x, dtype) {
                return by_rows(x[0], [&](const std::vector<real>& v, std::size_t i) {
                    const std::vector<real> l = log_softmax_of(v);
                    real r = 0;
                    for (std::size_t k = 0; k < l.size(); ++k) r -= x[1].at[i * l.size() + k] * l[k];
                    return r;
                });
            })
        .called("distributions").on({}, {0, 1}).over(of_distributions).within(8, 100).without(huge),
    binary("sigmoid_cross_entropy", [](args a) { return sigmoid_cross_entropy(a[0], a[1]); }, [](real x, real z) { return softplus_of(x) - x * z; })
        .on({}, {0, 1}).within(4, 8),
    binary("squared_error", [](args a) { return squared_error(a[0], a[1]); }, [](real x, real y) { return (x - y) * (x - y); },
           [](integer x, integer y) { return times(x - y, x - y); }).taking(domain::number).within(4),
    unary("gelu", [](args a) { return gelu(a[0]); }, [](real x) { return x / 2 * std::erfc(-x / std::sqrt(2.0L)); }).within(40).at(10.0, -10.0),
    unary("elu", [](args a) { return elu(a[0]); }, [](real x) { return x > 0 ? x : std::expm1(x); }).within(3),
    unary("elu", [](args a) { return elu(a[0], 0.5); }, [](real x) { return x > 0 ? x : 0.5L * std::expm1(x); }).called("0.5").within(3),
    unary("leaky_relu", [](args a) { return leaky_relu(a[0]); }, [](real x) { return x > 0 ? x : 0.01 * x; }).within(1.2),
    unary("leaky_relu", [](args a) { return leaky_relu(a[0], 0.25); }, [](real x) { return x > 0 ? x : 0.25L * x; }).called("0.25"),
    unary("swish", [](args a) { return swish(a[0]); }, [](real x) { return x * sigmoid_of(x); }).within(5).at(10.0, -10.0),

    // ---- random nodes: the step of the session is an operand
    general("random_bits", 0,
            [](args a) { return random<random_bits_op>(a.b, {a.b.intern(ints(3, 5)), dtype::uint64}, {a.b.name("bits"), false, true}); },
            [](const array*, dtype) { return drawn<bits_number>("bits", dtype::uint64, {3, 5}, 1, 0, session_step); })
        .over(of_nothing).taking(domain::any).giving(always<dtype::uint64>).exact(),
    general("random_uniform", 0, [](args a) { return random_uniform<3, 100>.drawn(a.b, {a.b.intern(ints(11)), a.t}, {a.b.name("dice"), false, true}); },
            [](const array*, dtype t) {
                return is_floating(t) ? drawn<uniform_number>("dice", t, {11}, 97, 3, session_step) : drawn<dice_number>("dice", t, {11}, 1, 3, session_step);
            })
        .called("integers").over(of_nothing).taking(domain::number).within(2, 4),
    general("random_uniform", 0, [](args a) { return random_uniform<>.drawn(a.b, {a.b.intern(ints(3, 5)), a.t}, {a.b.name("u"), false, true}); },
            [](const array*, dtype t) { return drawn<uniform_number>("u", t, {3, 5}, 1, 0, session_step); })
        .called("of a step").over(of_nothing).exact(),
    general("random_normal", 0, [](args a) { return random_normal<>.drawn(a.b, {a.b.intern(ints(7)), a.t}, {a.b.name("n"), false, true}); },
            [](const array*, dtype t) { return drawn<normal_number>("n", t, {7}, 1, 0, session_step); })
        .called("of a step").over(of_nothing).within(4, 8),
    general("truncated_normal", 0, [](args a) { return truncated_normal<>.drawn(a.b, {a.b.intern(ints(0, 2)), a.t}, {a.b.name("t"), false, true}); },
            [](const array*, dtype t) { return zeros_of(t, {0, 2}); })
        .called("nothing").over(of_nothing).exact(),
};

}  // namespace kiln::testing
