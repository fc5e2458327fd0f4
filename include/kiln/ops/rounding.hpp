// Rounding to integers: floating dtypes only.
#pragma once
#include <kiln/ops/comparison.hpp>

namespace kiln {

/// floor(x): rounds down. Exact. Slope 0.
struct floor_op : elementwise<floor_op, 1> {
    static constexpr auto name = "floor";
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) {
        using math::floor;
        return floor(x);
    }
};
/// ceil(x): rounds up. Exact. Slope 0.
struct ceil_op : elementwise<ceil_op, 1> {
    static constexpr auto name = "ceil";
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) {
        using math::ceil;
        return ceil(x);
    }
};
/// round(x): to the nearest integer, halves to even (numpy, TensorFlow). Exact. Slope 0.
struct round_op : elementwise<round_op, 1> {
    static constexpr auto name = "round";
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) {
        using math::round;
        return round(x);
    }
};
/// trunc(x): rounds toward zero. Exact. Slope 0.
struct trunc_op : elementwise<trunc_op, 1> {
    static constexpr auto name = "trunc";
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true;
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
