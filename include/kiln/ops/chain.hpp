// The chain rule with structural zeros, and masks that stay outside of it (D6): where(c, g, 0) * p becomes
// where(c, g * p, 0), so that an infinite slope in a branch that was not taken never meets a zero.
#pragma once
#include <kiln/ops/activations.hpp>
#include <kiln/ops/rounding.hpp>

namespace kiln {

/// Is v = where(c, g, 0) or where(c, 0, g)? Then v becomes g.
constexpr bool unmask(value& v, value& condition, bool& yes) {
    if (v.zero() || v.b->nodes[v.id].op != &info<where_op>) return false;
    builder& b = *v.b;
    const node n = v.n();
    const value g{&b, n.in[1]}, h{&b, n.in[2]};
    if (is_literal(h, 0)) {
        condition = {&b, n.in[0]};
        v = is_literal(g, 0) ? value{} : g;
        yes = true;
        return true;
    }
    if (!is_literal(g, 0)) return false;
    condition = {&b, n.in[0]};
    v = h;
    yes = false;
    return true;
}

constexpr value mask(value condition, bool yes, value v) {
    if (v.zero() || is_literal(v, 0)) return {};
    return yes ? where(condition, v, 0) : where(condition, 0, v);
}

/// x op y, without a look at numbers and shapes where both have one type, as adjoints and slopes mostly do.
template <class Op>
constexpr value combined(value x, value y) {
    const node &p = x.n(), &q = y.n();
    if (p.shape != q.shape || p.type != q.type || is_weak(p.type)) return apply<Op>(x, y);
    const value in[]{x, y};
    return x.b->make(info<Op>, in, 2, 0);
}

/// ct * partial, where either may be a structural zero, one, or masked.
constexpr value chain(value ct, value partial) {
    if (ct.zero() || partial.zero() || is_literal(ct, 0) || is_literal(partial, 0)) return {};
    if (is_literal(partial, 1)) return ct;
    if (is_literal(ct, 1)) return partial;
    value condition;
    bool yes = true;
    if (unmask(ct, condition, yes)) return mask(condition, yes, chain(ct, partial));
    if (unmask(partial, condition, yes)) return mask(condition, yes, chain(ct, partial));
    const node c = ct.n(), p = partial.n();
    if (c.op->kind == pattern::expand && p.op == &info<multiply_op>)   // a number meets what is expanded, not each element
        for (int k = 0; k < 2; ++k) {
            const value number{ct.b, p.in[k]}, rest{ct.b, p.in[1 - k]}, once{ct.b, c.in[0]};
            if (!is_literal(number)) continue;
            const value scaled = combined<multiply_op>(full_like(once, double_of(ct.b->at(number.n().attrs, 0))), once);
            return combined<multiply_op>(ct.b->make(*c.op, &scaled, 1, c.attrs), rest);
        }
    return combined<multiply_op>(ct, partial);
}

/// The sum of two adjoints; equal masks are merged.
constexpr value accumulate(value x, value y) {
    value c, d, u = x, v = y;
    bool p = true, q = true;
    if (unmask(u, c, p) && unmask(v, d, q) && c.id == d.id && p == q) return mask(c, p, accumulate(u, v));
    return x.zero() ? y : y.zero() ? x : combined<add_op>(x, y);
}

}  // namespace kiln
