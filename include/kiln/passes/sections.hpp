// Slices and pads as lowering sees them: a view that reads elsewhere, and a mask. Where elements are read in a nest is their index there
// and a shift for each axis.
#pragma once
#include <kiln/graph/frozen.hpp>
#include <kiln/ops/compositions.hpp>
#include <kiln/ops/slices.hpp>
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln {

/// reach(x): as pad, but what is not an element of x may be anything; a view, where pad is a computation.
struct reach_op : section<reach_op> {
    static constexpr auto name = "reach";
    static constexpr bool adds = true;
    static constexpr i64 extent(builder& b, i64 e, i64 before, i64 after) { return pad_op::extent(b, e, before, after); }
    static constexpr value transpose(int, value ct, site n) { return call<slice_op>(n.attrs(), ct); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) { pad_op::reference(n, in, out); }
};
/// inside: of rank 1, true from `first` to before `end`. Attributes: the extent, first, end.
struct inside_op {
    static constexpr auto name = "inside";
    static constexpr pattern kind = pattern::generator;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr type infer(site n) {
        const i64 e = n.attr(0);
        return {n.b->intern(&e, 1), dtype::boolean};
    }
    static constexpr void reference(site n, const cell* const*, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i].i = n.attr(1) <= i && i < n.attr(2);
    }
};

/// pad, as lowering writes it: where(inside, reach(x), 0). Of c x it is c where(inside, reach(x), 0), so that a sum can take up the product,
/// but where c x is what a contraction or a reduction stores; the zero, of these bits, has the sign of c.
constexpr value masked_reach(value x, const list& attributes, i64 zero_bits = 0) {
    builder& b = *x.b;
    if (const rewrite::multiple m = rewrite::multiple_of(x); !m.x.zero() && is_floating(x.element())) {
        const double c = m.number();
        const pattern kind = m.x.n().op->kind;
        const bool computed_here = kind == pattern::pointwise || kind == pattern::leaf || kind == pattern::expand || kind == pattern::section;
        if (computed_here && c != 0 && c - c == 0) {
            const value rest = masked_reach(m.x, attributes, bits_of(c < 0 ? -0.0 : 0.0) ^ zero_bits);
            return full_like(rest, c) * rest;
        }
    }
    const node n{&info<pad_op>, 1, {x.id, -1, -1}, 0, x.element(), b.intern(attributes)};
    b.nodes[b.n] = n;   // its type
    const type t = pad_op::infer({&b, b.n});
    value r = is_literal(x) ? b.literal(t, b.at(x.n().attrs, 0)) : call<reach_op>(attributes, x);
    const value zero = b.literal(t, zero_bits);
    const int rank = b.length(t.shape), first = rank - attributes.n / 2;
    for (int k = 0; k < attributes.n; k += 2) {
        if (attributes[k] == 0 && attributes[k + 1] == 0) continue;
        const int axis = first + k / 2;
        const i64 e = b.at(t.shape, axis);
        list others{}, extents{};
        for (int a = 0; a < rank; ++a) {
            if (a == axis) continue;
            others.put(a - rank);
            extents.put(b.at(t.shape, a));
        }
        const value inside = b.make(info<inside_op>, nullptr, 0, ints(e, attributes[k], b.minus(e, attributes[k + 1])));
        r = call<where_op>({}, expand(inside, others, extents), r, zero);
    }
    return r;
}

/// A sum over what a pad of the graph makes larger can run in the nest over the result: the terms are wanted there, a few zeros cost
/// nothing, and one nest is less than two. Only where the terms are computed from symbols, so that neither nest needs them stored.
struct wider_sums {
    static constexpr i64 most_zeros = 64;
    int pads[64];
    int n = 0;
    bool floats[builder::capacity];   // no root, and made of symbols alone

    constexpr void find(const graph_view& g, const char* live) {
        for (int i = 0; i < g.n && n < 64; ++i)
            if (live[i] && g.nodes[i].op == &info<pad_op> && fits(g, i)) pads[n++] = i;
    }
    constexpr void find_floating(const graph_view& g, const int* roots, int n_roots) {
        for (int i = 0; i < g.n; ++i) {
            const node& x = g.nodes[i];
            const pattern p = x.op->kind;
            bool yes = p == pattern::leaf || p == pattern::generator || p == pattern::pointwise || p == pattern::expand || p == pattern::transpose || p == pattern::section;
            for (int k = 0; k < x.n_in && yes && p != pattern::leaf; ++k) yes = floats[g.operand(x, k)];
            floats[i] = yes;
            for (int k = 0; k < n_roots && p != pattern::leaf; ++k) floats[i] = floats[i] && roots[k] != i;
        }
    }
    /// Few zeros, a number of them.
    static constexpr bool fits(const graph_view& g, int i) {
        const int a = g.nodes[i].attrs, s = g.nodes[i].shape, first = g.length(s) - g.length(a) / 2;
        for (int k = 0; k < g.length(a); k += 2) {
            const i64 before = g.at(a, k), after = g.at(a, k + 1), e = g.at(s, first + k / 2);
            if (is_product(before) || is_product(after) || before + after > most_zeros) return false;
            if (!is_product(e) && 4 * (before + after) > e) return false;
        }
        return true;
    }
    /// The pad by which the terms of sum i become wider, the one that moves them least; -1: none.
    constexpr int of(const graph_view& g, int i) const {
        const node& x = g.nodes[i];
        if (x.op != &info<sum_op> || g.nodes[x.in[0]].op->kind != pattern::pointwise || !floats[x.in[0]]) return -1;
        int best = -1;
        for (int k = 0; k < n; ++k) {
            const node& p = g.nodes[pads[k]];
            if (g.nodes[p.in[0]].shape != g.nodes[x.in[0]].shape || !floats[p.in[0]]) continue;
            bool summed = true;   // are all padded axes?
            i64 before = 0;
            const int m = g.length(p.attrs);
            for (int j = 0; j < m; j += 2) {
                bool has = g.at(p.attrs, j) == 0 && g.at(p.attrs, j + 1) == 0;
                for (int e = 0; e < g.length(x.attrs); ++e) has |= g.at(x.attrs, e) == (j - m) / 2;
                summed &= has;
                before += g.at(p.attrs, j);
            }
            if (!summed) continue;
            if (best < 0 || before < first_of(g, best)) best = pads[k];
        }
        return best;
    }
    static constexpr i64 first_of(const graph_view& g, int pad) {
        i64 r = 0;
        for (int j = 0; j < g.length(g.nodes[pad].attrs); j += 2) r += g.at(g.nodes[pad].attrs, j);
        return r;
    }
};

/// Where something is read: the shifts along the axes of a domain, each a number, an extent, or minus an extent.
struct placements {
    static constexpr int room = 72, most_of_views = 64, none = 0;   // the rest is for parts of them
    i64 shift[room][8];
    int n;   // of which the first is nowhere

    static constexpr bool is_minus_product(i64 v) { return is_product(-v); }
    /// The sum; false where it is no such thing.
    static constexpr bool add(i64& to, i64 v) {
        if (to == 0 || v == 0) to += v;
        else if (to == -v) to = 0;
        else if (is_product(to) || is_product(v) || is_minus_product(to) || is_minus_product(v)) return false;
        else to += v;
        return true;
    }
    constexpr int intern(const i64* s, int most = room) {
        if (n == 0) n = 1;
        for (int k = 1; k < n; ++k) {
            bool same = true;
            for (int a = 0; a < 8; ++a) same &= shift[k][a] == s[a];
            if (same) return k;
        }
        if (n >= most) return none;
        for (int a = 0; a < 8; ++a) shift[n][a] = s[a];
        return n++;
    }
    /// The same for what depends on these axes alone.
    constexpr int within(int placed, int mask) {
        if (placed == none) return none;
        i64 s[8]{};
        bool same = true;
        for (int a = 0; a < 8; ++a) {
            s[a] = mask >> a & 1 ? shift[placed][a] : 0;
            same &= s[a] == shift[placed][a];
        }
        if (same) return placed;
        const int part = intern(s);
        return part == none ? placed : part;   // which says the same, but of axes that do not matter
    }
};

/// A number, or a name and a number beside it; of a product of names the length is -1.
constexpr name_and_number parts_of(const graph_view& g, i64 e) {
    if (!is_product(e)) return {nullptr, 0, e};
    const int l = static_cast<int>(extent_tag - e);
    if (g.length(l) != 2 || g.at(l, 0) != 1) return {nullptr, -1, 0};
    return name_and_number_of(g.text_of(g.at(l, 1)));
}
/// Is everything that a domain of this extent reads at this shift within `extent` elements?
constexpr bool surely_within(const graph_view& g, i64 domain, i64 shift, i64 extent) {
    const name_and_number d = parts_of(g, domain), s = parts_of(g, shift), e = parts_of(g, extent);
    if (placements::is_minus_product(shift) || d.length < 0 || s.length < 0 || e.length < 0) return shift == 0 && domain == extent;
    if ((s.length == 0 && s.number < 0) || (d.length > 0 && s.length > 0)) return false;
    return (d.length > 0 ? d : s).same_name(e) && d.number + s.number <= e.number;
}

}  // namespace kiln
