// Constant folding and identities. Each is exact in IEEE arithmetic: for signed zeros, infinities and NaN too (a NaN's
// sign and payload apart). So x + 0 stays (it turns -0 into 0), x * 0 stays, x - x stays, !(x < y) stays.
#pragma once
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// f(2, 3) -> its value, by the operation's own reference; one cell stands for a literal of any shape.
struct fold_constants {   // the sweep asks it at every pointwise operation whose operands are literals
    static constexpr auto name = "fold_constants";
    static constexpr u64 roots[1]{0};
    static constexpr u64 operands[2]{hash("literal"), 0};
    static constexpr value apply(site n) {
        builder& b = *n.b;
        node x = n.n();
        cell in[3]{}, out{};
        for (int k = 0; k < x.n_in; ++k) {
            const value v = n[k];
            if (is_floating(v.element())) in[k].f = double_of(bits_of_literal(v));
            else in[k].i = bits_of_literal(v);
        }
        const cell* const p[]{&in[0], &in[1], &in[2]};
        cell* const q[]{&out};
        const type t{x.shape, x.type};
        x.shape = 0;
        b.nodes[b.n] = x;   // the reference sees a scalar node that is never added
        x.op->reference({&b, b.n}, p, q);
        if (is_floating(t.element) && out.f != out.f) out.f = __builtin_nan("");   // one NaN for compiler and machine
        return b.literal(t, is_floating(t.element) ? bits_of(out.f) : out.i);
    }
};
/// An operation's own rule: its `simplify`.
struct own_rule {
    static constexpr auto name = "own_rule";
    static constexpr u64 roots[1]{0};
    static constexpr u64 operands[1]{0};
    static constexpr value apply(site n) { return n.n().op == &info<pow_op> ? value{} : n.n().op->simplify(n); }
};
/// x^2 -> square(x), x^1, x^0, x^-1, x^3: the `simplify` of pow.
struct pow_of_constant : at<pow_op>::over<a_literal> {
    static constexpr auto name = "pow_of_constant";
    static constexpr value apply(site n) { return pow_op::simplify(n); }
};
/// x^0.5 -> sqrt(x), x^-0.5 -> rsqrt(x), as Theano; but with pow's values at -0 and -inf, where those of sqrt differ.
struct pow_of_half : at<pow_op>::over<a_literal> {
    static constexpr auto name = "pow_of_half";
    static constexpr value apply(site n) {
        const bool root = is_exactly(n[1], 0.5);
        if (!root && !is_exactly(n[1], -0.5)) return {};
        const value x = n[0], y = x + 0.0;   // turns -0 into 0
        const double infinity = __builtin_huge_val();
        return where(x == -infinity, root ? infinity : 0.0, root ? sqrt(y) : rsqrt(y));
    }
};

/// x * 1 -> x, x / 1 -> x.
struct by_one : at<multiply_op, divide_op>::over<a_literal> {
    static constexpr auto name = "by_one";
    static constexpr value apply(site n) {
        return is_exactly(n[1], 1) ? n[0] : is<multiply_op>(n.result()) && is_exactly(n[0], 1) ? n[1] : value{};
    }
};
/// x * -1 -> -x.
struct multiply_by_minus_one : at<multiply_op>::over<a_literal> {
    static constexpr auto name = "multiply_by_minus_one";
    static constexpr value apply(site n) {
        return is_exactly(n[1], -1) ? negated(n[0]) : is_exactly(n[0], -1) ? negated(n[1]) : value{};
    }
};
/// x / 8 -> x * 0.125, for powers of two whose reciprocal is a normal number: both round the same exact value.
struct divide_by_power_of_two : at<divide_op>::over<a_literal> {
    static constexpr auto name = "divide_by_power_of_two";
    static constexpr value apply(site n) {
        const value y = n[1];
        if (!is_literal(y) || !is_floating(y.element())) return {};
        const u64 bits = static_cast<u64>(bits_of_literal(y));
        const int e = static_cast<int>(bits >> 52 & 2047) - 1023, most = y.element() == dtype::float32 ? 126 : 1022;
        if ((bits & ((u64{1} << 52) - 1)) != 0 || e < -most || e > most) return {};
        return n[0] * full_like(y, 1 / double_of(static_cast<i64>(bits)));
    }
};
/// x - 0 -> x, x + (-0) -> x; not x - (-0), not x + 0, which turn -0 into 0.
struct zero_in_sum : at<add_op, subtract_op>::over<a_literal> {
    static constexpr auto name = "zero_in_sum";
    static constexpr auto takes = domain::floating;
    static constexpr value apply(site n) {
        if (is<subtract_op>(n.result())) return is_exactly(n[1], 0.0) ? n[0] : value{};
        return is_exactly(n[1], -0.0) ? n[0] : is_exactly(n[0], -0.0) ? n[1] : value{};
    }
};
/// A long sum of single numbers, written term by term, in parts of four that do not wait for each other:
/// ((a + b + c + d) + e) + f -> (a + b + c + d) + (e + f).
struct sum_in_parts : at<add_op, subtract_op>::over<add_op> {
    static constexpr auto name = "sum_in_parts";
    static constexpr auto takes = domain::floating;
    static constexpr int longest = 4;
    static constexpr int terms(value v) {   // no more than `longest`
        int n = 1;
        for (; n < longest && (is<add_op>(v) || is<subtract_op>(v)); ++n) v = input(v);
        return n;
    }
    static constexpr value apply(site n, const surroundings& w) {
        const value sum = n[0], term = n[1];
        if (n.result().rank() > 0 || !is<add_op>(sum) || w.shared(sum) || terms(term) > 1) return {};
        const value before = input(sum, 0), part = input(sum, 1);
        if (terms(before) < longest || terms(part) == longest) return {};
        return is<add_op>(n.result()) ? before + (part + term) : before + (part - term);
    }
};
/// -(-x) -> x.
struct negative_of_negative : at<negative_op>::over<negative_op> {
    static constexpr auto name = "negative_of_negative";
    static constexpr value apply(site n) { return input(n[0]); }
};
/// -(2 x) -> -2 x, of any literal.
struct negative_of_multiple : at<negative_op>::over<multiply_op> {
    static constexpr auto name = "negative_of_multiple";
    static constexpr auto takes = domain::floating;
    static constexpr value apply(site n, const surroundings& w) {
        const multiple m = multiple_of(n[0]);
        return m.x.zero() || w.shared(n[0]) ? value{} : full_like(m.x, -m.number()) * m.x;
    }
};
/// x + (-y) -> x - y, (-x) + y -> y - x, x - (-y) -> x + y.
struct sum_of_negative : at<add_op, subtract_op>::over<negative_op> {
    static constexpr auto name = "sum_of_negative";
    static constexpr value apply(site n) {
        if (is<subtract_op>(n.result())) return is<negative_op>(n[1]) ? n[0] + input(n[1]) : value{};
        return is<negative_op>(n[1]) ? n[0] - input(n[1]) : n[1] - input(n[0]);
    }
};
/// (-x) * (-y) -> x * y, (-x) * y -> -(x * y), which a sum or a literal takes up.
struct multiply_of_negatives : at<multiply_op>::over<negative_op> {
    static constexpr auto name = "multiply_of_negatives";
    static constexpr value apply(site n, const surroundings& w) {
        const bool left = is<negative_op>(n[0]), right = is<negative_op>(n[1]);
        if (left && right) return input(n[0]) * input(n[1]);
        if (w.shared(n[left ? 0 : 1])) return {};
        return left ? -(input(n[0]) * n[1]) : -(n[0] * input(n[1]));
    }
};
/// square(-x) -> square(x), |-x| -> |x|.
struct even_of_negative : at<square_op, absolute_op>::over<negative_op> {
    static constexpr auto name = "even_of_negative";
    static constexpr value apply(site n) { return is<square_op>(n.result()) ? square(input(n[0])) : absolute(input(n[0])); }
};
/// f(f(x)) -> f(x) of what changes nothing the second time.
struct idempotent : at<absolute_op, relu_op, sign_op, floor_op, ceil_op, round_op, trunc_op>
                        ::over<absolute_op, relu_op, sign_op, floor_op, ceil_op, round_op, trunc_op> {
    static constexpr auto name = "idempotent";
    static constexpr value apply(site n) { return n.n().op == n[0].n().op ? n[0] : value{}; }
};
/// !!x -> x, ~~x -> x.
struct not_of_not : at<logical_not_op, bitwise_not_op>::over<logical_not_op, bitwise_not_op> {
    static constexpr auto name = "not_of_not";
    static constexpr value apply(site n) { return n.n().op == n[0].n().op ? input(n[0]) : value{}; }
};
/// maximum(x, x), minimum(x, x), x & x, x | x -> x.
struct same_operands : at<maximum_op, minimum_op, bitwise_and_op, bitwise_or_op, logical_and_op, logical_or_op> {
    static constexpr auto name = "same_operands";
    static constexpr value apply(site n) { return n.in(0) == n.in(1) ? n[0] : value{}; }
};
/// Of integers and bool: x - x, x ^ x -> 0; x == x, x <= x, x >= x -> true; x != x, x < x, x > x -> false.
struct integer_same_operands : at<subtract_op, bitwise_xor_op, logical_xor_op, equal_op, less_equal_op, greater_equal_op,
                                  not_equal_op, less_op, greater_op> {
    static constexpr auto name = "integer_same_operands";
    static constexpr auto takes = domain::integral;
    static constexpr value apply(site n) {
        if (n.in(0) != n.in(1) || is_floating(n.element(0))) return {};
        const value r = n.result();
        return n.b->literal(type_of(r), is<equal_op>(r) || is<less_equal_op>(r) || is<greater_equal_op>(r));
    }
};
/// Of integers and bool, on either side: x + 0, x | 0, x ^ 0 -> x; x * 0, x & 0 -> 0; 0 - x -> -x; x << 0, x >> 0 -> x; with
/// every bit set: x & ~0 -> x, x | ~0 -> ~0.
struct integer_with_literal : at<add_op, subtract_op, multiply_op, bitwise_and_op, bitwise_or_op, bitwise_xor_op, left_shift_op,
                                 right_shift_op, logical_and_op, logical_or_op, logical_xor_op>::over<a_literal> {
    static constexpr auto name = "integer_with_literal";
    static constexpr auto takes = domain::integral;
    static constexpr value apply(site n) {
        const dtype t = n.n().type;
        const value r = n.result();
        const bool left = is_literal(n[0]);
        const value c = n[left ? 0 : 1], x = n[left ? 1 : 0];
        const i64 v = bits_of_literal(c);
        const bool both = is<bitwise_and_op>(r) || is<logical_and_op>(r), either = is<bitwise_or_op>(r) || is<logical_or_op>(r);
        if (v == arithmetic::wrap(t, -1)) return both ? x : either ? c : value{};
        if (v != 0) return {};
        if (both || is<multiply_op>(r)) return c;
        if (!left || either || is<add_op>(r) || is<bitwise_xor_op>(r) || is<logical_xor_op>(r)) return x;
        return is<subtract_op>(r) ? negated(x) : c;
    }
};

/// where(true, x, y) -> x, where(false, x, y) -> y.
struct where_of_literal : at<where_op>::over<a_literal> {
    static constexpr auto name = "where_of_literal";
    static constexpr value apply(site n) { return is_literal(n[0]) ? n[is_exactly(n[0], 1) ? 1 : 2] : value{}; }
};
/// where(c, x, x) -> x.
struct where_of_same : at<where_op> {
    static constexpr auto name = "where_of_same";
    static constexpr value apply(site n) { return n.in(1) == n.in(2) ? n[1] : value{}; }
};
/// where(!c, x, y) -> where(c, y, x).
struct where_of_not : at<where_op>::over<logical_not_op> {
    static constexpr auto name = "where_of_not";
    static constexpr value apply(site n) {
        return is<logical_not_op>(n[0]) ? call<where_op>({}, input(n[0]), n[2], n[1]) : value{};
    }
};
/// where(c, where(c, x, y), z) -> where(c, x, z), where(c, x, where(c, y, z)) -> where(c, x, z).
struct where_of_where : at<where_op>::over<where_op> {
    static constexpr auto name = "where_of_where";
    static constexpr value apply(site n) {
        const bool first = is<where_op>(n[1]) && input(n[1], 0).id == n.in(0);
        const bool second = is<where_op>(n[2]) && input(n[2], 0).id == n.in(0);
        if (!first && !second) return {};
        return call<where_op>({}, n[0], first ? input(n[1], 1) : n[1], second ? input(n[2], 2) : n[2]);
    }
};

/// Can dtype t hold every number of dtype s?
constexpr bool holds(dtype t, dtype s) {
    if (s == t || s == dtype::boolean) return true;
    if (t == dtype::boolean || (is_floating(s) && !is_floating(t))) return false;
    if (is_floating(s)) return size_of(t) >= size_of(s);
    if (is_floating(t)) return size_of(s) < size_of(t);   // int16 in float32, int32 in float64
    if (is_unsigned_integer(t)) return is_unsigned_integer(s) && size_of(t) >= size_of(s);
    return is_unsigned_integer(s) ? size_of(t) > size_of(s) : size_of(t) >= size_of(s);
}
/// A cast to the dtype that is there already.
struct cast_to_same : at<cast_op> {
    static constexpr auto name = "cast_to_same";
    static constexpr value apply(site n) { return n.element(0) == n.n().type ? n[0] : value{}; }
};
/// A cast by way of a dtype that loses nothing; but integers by way of floating numbers saturate, directly they wrap.
struct cast_of_cast : at<cast_op>::over<cast_op> {
    static constexpr auto name = "cast_of_cast";
    static constexpr value apply(site n) {
        const value x = input(n[0]);
        const dtype from = x.element(), by = n.element(0), to = n.n().type;
        if (!holds(by, from) || (is_integer(from) && is_floating(by) && is_integer(to) && !holds(to, from))) return {};
        return cast(x, to);
    }
};
/// stop_gradient(x) -> x: derivatives are taken before graphs are lowered.
struct stop_gradient_rule : at<stop_gradient_op> {
    static constexpr auto name = "stop_gradient";
    static constexpr value apply(site n) { return n[0]; }
};

}  // namespace kiln::rewrite
