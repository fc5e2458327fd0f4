// Slices and pads: chains of them, and slices that move to where less is computed.
#pragma once
#include <kiln/ops/slices.hpp>
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// What both leave out, or add; attributes are of the last axes. Nothing where an extent cannot be told.
constexpr bool summed(builder& b, list x, list y, list& out) {
    if (x.n < y.n) {
        const list t = x;
        x = y;
        y = t;
    }
    out = x;
    for (int k = 0, more = x.n - y.n; k < y.n; ++k) {
        i64& to = out.at[more + k];
        if (is_product(to) && is_product(y[k])) return false;
        to = is_product(to) ? b.plus(to, y[k]) : b.plus(y[k], to);
        if (to == inferred) return false;
    }
    return true;
}
/// slice(slice(x)) and pad(pad(x)) as one.
struct section_of_section : at<slice_op, pad_op>::over<slice_op, pad_op> {
    static constexpr auto name = "section_of_section";
    static constexpr value apply(site n) {
        list both{};
        if (n[0].n().op != n.n().op || !summed(*n.b, n.attrs(), axes_at(n[0]), both)) return {};
        const value x = input(n[0]);
        return n.b->make(*n.n().op, &x, 1, both);
    }
};
/// slice(pad(x)) -> pad(slice(x)) with what is left of both, where it is sure that some of x is.
struct slice_of_pad : at<slice_op>::over<pad_op> {
    static constexpr auto name = "slice_of_pad";
    static constexpr value apply(site n) {
        const value x = input(n[0]);
        const list less = n.attrs(), more = axes_at(n[0]);
        const int axes = (less.n > more.n ? less.n : more.n) / 2;
        list cut{}, around{};
        for (int a = -axes; a < 0; ++a) {
            i64 rest[2]{};
            for (int side = 0; side < 2; ++side) {
                const i64 l = 2 * a + less.n >= 0 ? less[2 * a + less.n + side] : 0, m = 2 * a + more.n >= 0 ? more[2 * a + more.n + side] : 0;
                if (is_product(l) || is_product(m)) {
                    if (l != m) return {};
                } else rest[side] = l - m;
            }
            if ((rest[0] < 0) != (rest[1] < 0) && rest[0] != 0 && rest[1] != 0) {
                const i64 e = x.extent(a);
                if (is_product(e) || rest[0] > e || rest[1] > e) return {};
            }
            for (const i64 r : rest) {
                cut.put(r > 0 ? r : 0);
                around.put(r < 0 ? -r : 0);
            }
        }
        return section_by<pad_op>(section_by<slice_op>(x, cut), around);
    }
};

constexpr int most_moves = 8;   // of one slice through operations of operations
/// v sliced by these attributes, further inside if nothing else reads what is on the way.
constexpr value sliced(value v, const list& a, const surroundings& w, int moves = 0) {
    builder& b = *v.b;
    if (is_literal(v)) {
        list s = shape_list(v);
        for (int k = 0, first = s.n - a.n / 2; k < a.n; k += 2) s.at[first + k / 2] = slice_op::extent(b, s[first + k / 2], a[k], a[k + 1]);
        return b.literal({b.intern(s), v.element()}, bits_of_literal(v));
    }
    list both{};
    if (is<slice_op>(v) && summed(b, a, axes_at(v), both)) return call<slice_op>(both, input(v));
    if (moves == most_moves || (w.shared(v) && !is<expand_op>(v))) return call<slice_op>(a, v);
    const node n = v.n();
    if (n.op->kind == pattern::pointwise && n.n_in > 0 && n.n_in <= 3) {
        value in[3];
        for (int k = 0; k < n.n_in; ++k) in[k] = sliced({&b, n.in[k]}, a, w, moves + 1);
        return b.make(*n.op, in, n.n_in, n.attrs);
    }
    const bool expands = is<expand_op>(v), reduces = n.op->kind == pattern::reduction;
    if (!expands && !reduces) return call<slice_op>(a, v);
    // the axes of the operand: those of an expand that are not new; those of a reduction that stay, and those that go
    const value x = input(v);
    const list changed = expands ? new_axes(v) : axes_at(v);
    const int r = v.rank(), q = x.rank();
    list of_x{}, new_extents{};
    for (int k = -(expands ? r : q), at = -r; k < 0; ++k) {   // k: an axis of the larger side, at: of v
        const bool alone = changed.has(k);
        const int mine = expands ? k : at;
        const i64 before = 2 * mine + a.n >= 0 ? a[2 * mine + a.n] : 0, after = 2 * mine + a.n >= 0 ? a[2 * mine + a.n + 1] : 0;
        if (expands && alone) new_extents.put(slice_op::extent(b, v.extent(k), before, after));
        else if (alone) { of_x.put(0); of_x.put(0); }
        else { of_x.put(before); of_x.put(after); }
        if (!expands && !alone) ++at;
    }
    bool any = false;
    for (int k = 0; k < of_x.n; ++k) any |= of_x[k] != 0;
    const value y = any ? sliced(x, of_x, w, moves + 1) : x;
    return expands ? expand(y, changed, new_extents) : b.make(*n.op, &y, 1, n.attrs);
}
/// slice(f(x, y)) -> f(slice(x), slice(y)), slice(sum(x)) -> sum(slice(x)) over other axes, where nothing else reads the result of f; slice(expand(x)) ->
/// expand(slice(x)): less is computed, and the slice is one of what lies in memory.
struct slice_inwards : at<slice_op> {
    static constexpr auto name = "slice_inwards";
    static constexpr value apply(site n, const surroundings& w) {
        const value x = n[0];
        const pattern p = x.n().op->kind;
        const bool moves = p == pattern::expand || ((p == pattern::pointwise || p == pattern::reduction) && x.n().n_in <= 3 && !w.shared(x));
        return moves ? sliced(x, n.attrs(), w) : value{};
    }
};
/// f(pad(x), pad(y)) -> pad(f(x, y)) of equal pads: sums, differences, products.
struct pads_as_one : at<add_op, subtract_op, multiply_op>::over<pad_op> {
    static constexpr auto name = "pads_as_one";
    static constexpr value apply(site n, const surroundings& w) {
        const value x = n[0], y = n[1];
        if (!is<pad_op>(x) || !is<pad_op>(y) || x.n().attrs != y.n().attrs || w.shared(x) || w.shared(y)) return {};
        const value in[]{input(x), input(y)};
        if (in[0].n().shape != in[1].n().shape) return {};
        return call<pad_op>(axes_at(x), n.b->make(*n.n().op, in, 2, 0));
    }
};

}  // namespace kiln::rewrite
