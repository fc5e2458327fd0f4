// Rounding to integers: floating dtypes only.
#pragma once
#include <kiln/ops/comparison.hpp>

namespace kiln {

/// What they share.
template <class Op>
struct rounding : elementwise<Op, 1> {
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true, spreads_nan = true;
};
/// floor(x): rounds down. Exact. Slope 0.
struct floor_op : rounding<floor_op> {
    static constexpr auto name = "floor";
    KILN_HD static constexpr auto compute(auto x) {
        using math::floor;
        return floor(x);
    }
};
/// ceil(x): rounds up. Exact. Slope 0.
struct ceil_op : rounding<ceil_op> {
    static constexpr auto name = "ceil";
    KILN_HD static constexpr auto compute(auto x) {
        using math::ceil;
        return ceil(x);
    }
};
/// round(x): to the nearest integer, halves to even (numpy, TensorFlow). Exact. Slope 0.
struct round_op : rounding<round_op> {
    static constexpr auto name = "round";
    KILN_HD static constexpr auto compute(auto x) {
        using math::round;
        return round(x);
    }
};
/// trunc(x): rounds toward zero. Exact. Slope 0.
struct trunc_op : rounding<trunc_op> {
    static constexpr auto name = "trunc";
    KILN_HD static constexpr auto compute(auto x) {
        using math::trunc;
        return trunc(x);
    }
};

KILN_UNARY(floor)
KILN_UNARY(ceil)
KILN_UNARY(round)
KILN_UNARY(trunc)

}  // namespace kiln
