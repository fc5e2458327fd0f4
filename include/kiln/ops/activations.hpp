// What layers of neurons apply to their sums, where that is an operation of its own.
#pragma once
#include <kiln/ops/elementary.hpp>

namespace kiln {

constexpr value sigmoid(operand x);

/// sigmoid(x) = 1 / (1 + exp(-x)), between 0 and 1. At most 3 ULP. Slope y (1 - y).
struct sigmoid_op : elementary<sigmoid_op> {
    static constexpr auto name = "sigmoid";
    KILN_HD static constexpr auto compute(auto x) {
        if constexpr (requires { logistic(x); }) return logistic(x);   // of lanes
        else {   // 1 - e / (1 + e), e times that below 0: e is never infinite
            using math::exp;
            const auto one = like(x, 1), e = exp(select(x < like(x, 0), x, -x)), limit = select(x < like(x, 0), e, one);
            return limit - limit * (e / (one + e));
        }
    }
    static constexpr value partial(value, value y) { return y * (1 - y); }
};

/// softplus(x) = log(1 + exp(x)), without overflow. At most 4 ULP. Slope sigmoid(x).
struct softplus_op : elementary<softplus_op> {
    static constexpr auto name = "softplus";
    KILN_HD static constexpr auto compute(auto x) {
        if constexpr (requires { log_one_plus_exp(x); }) return log_one_plus_exp(x);   // of lanes
        else {
            using math::exp;
            using math::log1p;
            const auto zero = like(x, 0);
            return select(x < zero, zero, x) + log1p(exp(select(x < zero, x, -x)));
        }
    }
    static constexpr value partial(value x, value) { return sigmoid(x); }
};

/// relu(x) = max(x, 0); NaN stays NaN. Exact. Slope 1 above 0, else 0 (TensorFlow).
struct relu_op : elementwise<relu_op, 1> {
    static constexpr auto name = "relu";
    static constexpr auto takes = domain::number;
    static constexpr bool spreads_nan = true;
    KILN_HD static constexpr auto compute(auto x) { return greater_of(x, like(x, 0)); }
    static constexpr value partial(value x, value y) { return where(y > 0, ones_like(x), zeros_like(x)); }
};

KILN_UNARY(sigmoid)
KILN_UNARY(softplus)
KILN_UNARY(relu)

}  // namespace kiln
