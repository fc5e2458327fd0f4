// Theano's stability rewrites: the same function of real numbers, computed so that it does not overflow or cancel.
#pragma once
#include <initializer_list>

#include <kiln/passes/rewrites/factors.hpp>

namespace kiln::rewrite {

/// log(1 + x) -> log1p(x), log(1 - x) -> log1p(-x): exact near 0.
struct log1p_rule : at<log_op>::over<add_op, subtract_op> {
    static constexpr auto name = "log1p";
    static constexpr value apply(site n) {
        const value y = n[0];
        if (is<subtract_op>(y)) return is_exactly(input(y, 0), 1) ? log1p(negated(input(y, 1))) : value{};
        const value x = beside_one(y);
        return x.zero() ? x : log1p(x);
    }
};
/// exp(x) - 1 -> expm1(x): exact near 0.
struct expm1_rule : at<subtract_op, add_op>::over<exp_op> {
    static constexpr auto name = "expm1";
    static constexpr value apply(site n) {
        const value x = n[0], y = n[1];
        if (is<subtract_op>(n.result())) return is<exp_op>(x) && is_exactly(y, 1) ? expm1(input(x)) : value{};
        return is_exactly(y, -1) ? expm1(input(x)) : is_exactly(x, -1) ? expm1(input(y)) : value{};
    }
};
/// 1 / (1 + exp(x)) -> sigmoid(-x), exp(x) / (1 + exp(x)) -> sigmoid(x); and what derivatives are made of:
/// exp(x) * sigmoid(-x) -> sigmoid(x), exp(x) * (c * sigmoid(-x)) -> c * sigmoid(x), where inf * 0 was NaN.
struct sigmoid_rule : at<divide_op, reciprocal_op, multiply_op>::over<add_op, exp_op> {
    static constexpr auto name = "sigmoid";
    static constexpr value apply(site n) {
        const value r = n.result();
        if (is<multiply_op>(r)) {
            const value x = n[0], y = n[1];
            const value s = is<exp_op>(x) ? of_product(x, y) : value{};
            return s.zero() && is<exp_op>(y) ? of_product(y, x) : s;
        }
        const value e = beside_one(n[n.size() - 1]);
        if (e.zero() || !is<exp_op>(e)) return {};
        if (n.size() == 1 || is_exactly(n[0], 1)) return sigmoid(negated(input(e)));
        return n.in(0) == e.id ? sigmoid(input(e)) : value{};
    }
    static constexpr value of_product(value e, value y) {
        if (is<sigmoid_op>(y)) return opposite(input(e), input(y)) ? sigmoid(input(e)) : value{};
        if (!is<multiply_op>(y)) return {};
        for (int k = 0; k < 2; ++k)
            if (const value s = input(y, k); is<sigmoid_op>(s) && opposite(input(e), input(s)))
                return input(y, 1 - k) * sigmoid(input(e));
        return {};
    }
};
/// 1 - sigmoid(x) -> sigmoid(-x), unless the graph uses sigmoid(x) too (as its derivative does).
struct one_minus_sigmoid : at<subtract_op>::over<sigmoid_op> {
    static constexpr auto name = "one_minus_sigmoid";
    static constexpr value apply(site n, const surroundings& w) {
        const value s = n[1];
        return is_exactly(n[0], 1) && is<sigmoid_op>(s) && !w.shared(s) ? sigmoid(negated(input(s))) : value{};
    }
};
/// log(1 + exp(x)), log1p(exp(x)) -> softplus(x); log(sigmoid(x)) -> -softplus(-x); log(1 - sigmoid(x)) -> -softplus(x).
struct softplus_rule : at<log_op, log1p_op>::over<add_op, subtract_op, exp_op, negative_op, sigmoid_op> {
    static constexpr auto name = "softplus";
    static constexpr value apply(site n) {
        const value y = n[0];
        if (is<log1p_op>(n.result())) {
            if (is<exp_op>(y)) return softplus(input(y));
            return is<negative_op>(y) && is<sigmoid_op>(input(y)) ? -softplus(input(input(y))) : value{};
        }
        if (is<sigmoid_op>(y)) return -softplus(negated(input(y)));
        if (is<subtract_op>(y))
            return is_exactly(input(y, 0), 1) && is<sigmoid_op>(input(y, 1)) ? -softplus(input(input(y, 1))) : value{};
        const value e = beside_one(y);
        return !e.zero() && is<exp_op>(e) ? softplus(input(e)) : value{};
    }
};
/// log(exp(x)) -> x.
struct log_of_exp : at<log_op>::over<exp_op> {
    static constexpr auto name = "log_of_exp";
    static constexpr value apply(site n) { return input(n[0]); }
};

/// Is z = x - max(x) over these axes already, in one of the forms in which it is written?
constexpr bool is_shifted(value z, const list& axes) {
    if (!is<subtract_op>(z) || !is<expand_op>(input(z, 1))) return false;
    value m = input(input(z, 1));
    if (is<where_op>(m)) m = input(m, 1);
    if (is<stop_gradient_op>(m)) m = input(m);
    return is<max_op>(m) && input(m).id == input(z).id && axes_at(m) == axes;
}
/// The maximum of z over the axes; 0 where it is infinite, so that infinities do not meet.
constexpr value finite_top(value z, const list& axes, const surroundings& w) {
    const value m = max_over(z, axes), top = w.keep_stop_gradient ? stop_gradient(m) : m;
    return where(isfinite(top), top, 0);
}
/// 1 + tanh(x) -> 2 sigmoid(2x), which does not cancel below 0.
struct one_plus_tanh : at<add_op>::over<tanh_op> {
    static constexpr auto name = "one_plus_tanh";
    static constexpr value apply(site n, const surroundings& w) {
        const value t = beside_one(n.result());
        return t.zero() || !is<tanh_op>(t) || w.shared(t) ? value{} : 2 * sigmoid(gather_factors::of(2 * input(t), w));
    }
};
/// z - max(z), which is never above 0.
constexpr value shifted(value z, const list& axes, const surroundings& w) {
    return is_shifted(z, axes) ? z : z - expand(finite_top(z, axes, w), axes, extents_at(z, axes));
}
constexpr value stable_softmax(value z, const list& axes, const surroundings& w) {
    const value e = exp(shifted(z, axes, w));
    return e * expand(reciprocal(sum_over(e, axes)), axes, extents_at(z, axes));
}
/// Is s the sum of e, an exp, over the axes that the expand `d` puts back?
constexpr bool is_sum_of(value s, value e, value d) {
    return is<exp_op>(e) && is<expand_op>(d) && is<sum_op>(s) && input(s).id == e.id && axes_at(s) == new_axes(d);
}
constexpr bool is_inverse_sum_of(value q, value e, value d) {
    if (is<reciprocal_op>(q)) return is_sum_of(input(q), e, d);
    return is<divide_op>(q) && is_exactly(input(q, 0), 1) && is_sum_of(input(q, 1), e, d);
}

/// log(sum(exp(x))) -> log(sum(exp(x - max(x)))) + max(x).
struct logsumexp_rule : at<log_op>::over<sum_op> {
    static constexpr auto name = "logsumexp";
    static constexpr value apply(site n, const surroundings& w) {
        const value s = n[0], e = input(s);
        const list a = axes_at(s);
        if (!is<exp_op>(e) || is_shifted(input(e), a)) return {};
        return log(sum_over(exp(shifted(input(e), a, w)), a)) + finite_top(input(e), a, w);
    }
};
/// log(exp(x) / sum(exp(x))) -> z - log(sum(exp(z))), z = x - max(x): the logarithm of a softmax, as in a cross-entropy;
/// with exp(x) * (1 / sum(exp(x))) likewise.
struct log_softmax_rule : at<log_op>::over<divide_op, multiply_op> {
    static constexpr auto name = "log_softmax";
    static constexpr value apply(site n, const surroundings& w) {
        const value p = input(n[0], 0), q = input(n[0], 1);
        if (is<divide_op>(n[0])) return is<expand_op>(q) && is_sum_of(input(q), p, q) ? of(p, q, w) : value{};
        for (const auto& [e, d] : {pair{p, q}, pair{q, p}})
            if (is<expand_op>(d) && is_inverse_sum_of(input(d), e, d)) return of(e, d, w);
        return {};
    }
    struct pair {
        value e, d;
    };
    static constexpr value of(value e, value d, const surroundings& w) {
        const list a = new_axes(d);
        const value z = shifted(input(e), a, w);
        return z - expand_like(log(sum_over(exp(z), a)), d);
    }
};
/// exp(x) / sum(exp(x)) -> the softmax with the maximum taken out; exp(x) * (c / sum(exp(x))), which derivatives of
/// log(sum(exp(x))) are made of, likewise.
struct softmax_rule : at<divide_op, multiply_op>::over<exp_op> {
    static constexpr auto name = "softmax";
    static constexpr value apply(site n, const surroundings& w) {
        if (is<multiply_op>(n.result())) {
            const value y = of_product(n[0], n[1], w);
            return y.zero() ? of_product(n[1], n[0], w) : y;
        }
        const value e = n[0], d = n[1];
        if (!is<expand_op>(d) || !is_sum_of(input(d), e, d) || is_shifted(input(e), new_axes(d))) return {};
        return stable_softmax(input(e), new_axes(d), w);
    }
    static constexpr value of_product(value e, value d, const surroundings& w) {
        if (!is<exp_op>(e) || !is<expand_op>(d) || is_shifted(input(e), new_axes(d))) return {};
        const value q = input(d);
        if (is_inverse_sum_of(q, e, d)) return stable_softmax(input(e), new_axes(d), w);
        if (is<divide_op>(q) && is_sum_of(input(q, 1), e, d)) return with_factor(input(q, 0), e, d, w);
        if (!is<multiply_op>(q)) return {};
        for (int k = 0; k < 2; ++k)
            if (is_inverse_sum_of(input(q, k), e, d)) return with_factor(input(q, 1 - k), e, d, w);
        return {};
    }
    static constexpr value with_factor(value c, value e, value d, const surroundings& w) {
        return expand_like(c, d) * stable_softmax(input(e), new_axes(d), w);
    }
};

}  // namespace kiln::rewrite
