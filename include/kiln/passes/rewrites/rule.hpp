// What a rewrite rule is made of: the operations that it looks at, the operands that it wants, words to recognise a graph.
#pragma once
#include <kiln/ops/compositions.hpp>

namespace kiln::rewrite {

/// What rules know beside their node. `shared(v)`: v has further readers, so a rule that would compute it twice holds back.
struct surroundings {
    const int* readers;
    bool keep_stop_gradient;   // the result is going to be differentiated
    constexpr bool shared(value v) const { return readers[v.id] > 1; }
};

/// Literals as the operand of a rule; they have no struct of their own.
struct a_literal {
    static constexpr auto name = "literal";
};

/// Base of rules: `at<log_op>` looks at logarithms, `at<log_op>::over<exp_op, sigmoid_op>` at those alone that have such
/// an operand. The sweep asks a rule only where both hold, which is why fifty rules cost a node next to nothing.
/// A rule has a `name` and `apply(site)` or `apply(site, const surroundings&)`: what to put in place of the node, of its
/// shape and dtype; no value (`{}`) where the rule does not fit. `takes = domain::floating` or `integral`: for results of
/// such dtypes alone.
template <class... Op>
struct at {
    static constexpr u64 roots[sizeof...(Op) + 1]{hash(Op::name)..., 0};
    static constexpr u64 operands[1]{0};
    template <class... In>
    struct over {
        static constexpr u64 roots[sizeof...(Op) + 1]{hash(Op::name)..., 0};
        static constexpr u64 operands[sizeof...(In) + 1]{hash(In::name)..., 0};
    };
};

template <class Op>
constexpr bool is(value v) { return v.b->nodes[v.id].op == &info<Op>; }
/// Operand k of a node of at most three.
constexpr value input(value v, int k = 0) { return {v.b, v.b->nodes[v.id].in[k]}; }
constexpr i64 bits_of_literal(value v) { return v.b->at(v.n().attrs, 0); }
constexpr list axes_at(value v, int from = 0) { return v.b->get(v.n().attrs, from); }
/// Is v the literal c, with these very bits? It tells 0 from -0.
constexpr bool is_exactly(value v, double c) {
    const node& x = v.b->nodes[v.id];
    return x.op == &literal_op && v.b->lists[x.attrs + 1] == (is_floating(x.type) ? bits_of(c) : static_cast<i64>(c));
}
/// factor x or x factor, the factor a literal; nothing where v is no such product.
struct multiple {
    value factor, x;
    constexpr double number() const { return double_of(bits_of_literal(factor)); }
};
constexpr multiple multiple_of(value v) {
    for (int k = 0; k < 2 && is<multiply_op>(v); ++k)
        if (is_literal(input(v, k))) return {input(v, k), input(v, 1 - k)};
    return {};
}
constexpr value negated(value x) { return is<negative_op>(x) ? input(x) : -x; }
constexpr bool opposite(value x, value y) {
    return (is<negative_op>(x) && input(x).id == y.id) || (is<negative_op>(y) && input(y).id == x.id);
}
/// x where v is 1 + x or x + 1.
constexpr value beside_one(value v) {
    if (!is<add_op>(v)) return {};
    return is_exactly(input(v, 0), 1) ? input(v, 1) : is_exactly(input(v, 1), 1) ? input(v, 0) : value{};
}

/// The axes that an expand adds.
constexpr list new_axes(value v) {
    list a = axes_at(v, 1);
    a.n /= 2;
    return a;
}
/// v with the new axes of `like`, an expand.
constexpr value expand_like(value v, value like) {
    const list all = axes_at(like, 1);
    list a{}, e{};
    for (int k = 0; k < all.n; ++k) (k < all.n / 2 ? a : e).put(all[k]);
    return expand(v, a, e);
}

/// The number of elements along the axes, -1 where it is not static.
constexpr i64 static_count(value x, const list& axes) {
    i64 n = 1;
    for (int k = 0; k < axes.n; ++k) {
        const i64 e = x.extent(static_cast<int>(axes[k]));
        if (is_product(e)) return -1;
        n *= e;
    }
    return n;
}

}  // namespace kiln::rewrite
