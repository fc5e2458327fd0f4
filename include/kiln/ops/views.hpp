// Views: the same elements under another shape. Attributes count axes from the end, so that further leading axes are a
// batch by construction.
#pragma once
#include <kiln/core/extent.hpp>
#include <kiln/ops/chain.hpp>

namespace kiln {

constexpr value sum_over(value x, const list& axes);

constexpr list shape_list(value x) { return x.b->get(x.n().shape); }

/// A user's extent in this graph; -1 is `inferred`.
constexpr i64 extent_in(builder& b, const extent& e) {
    if (e.n_names() == 0) return e.number == -1 ? inferred : e.number;
    i64 r = e.number;
    for (int k = 0; k < e.n_names(); ++k) {
        char name[extent::name_capacity + 1]{};
        e.copy_name(k, name);
        r = b.times(r, b.named(name));
    }
    return r;
}

// A multi-index for the reference loops.
struct index {
    i64 at[12];
};
constexpr index unflat(const builder& b, int shape, i64 i) {
    index r{};
    for (int k = b.length(shape) - 1; k >= 0; --k) {
        r.at[k] = i % b.at(shape, k);
        i /= b.at(shape, k);
    }
    return r;
}
constexpr i64 flat(const builder& b, int shape, const index& x) {
    i64 r = 0;
    for (int k = 0; k < b.length(shape); ++k) r = r * b.at(shape, k) + x.at[k];
    return r;
}

/// Normalised: negative axes in ascending order; an axis out of range or named twice is a finding.
constexpr list axes_of(const char* op, value x, const axis_list& a) {
    list r{};
    const int rank = x.rank();
    for (int k = 0; k < a.n; ++k) {
        const i64 v = a.at[k] < 0 ? a.at[k] : a.at[k] - rank;
        if (v < -rank || v >= 0 || r.has(v)) {
            word w{};
            w.put("axis ").put(i64{a.at[k]});
            x.b->fail(op, v < -rank || v >= 0 ? "axis out of range" : "an axis is named twice",
                      x.b->shape_text(x.n().shape), w);
            continue;
        }
        int j = r.n++;
        for (; j && r.at[j - 1] > v; --j) r.at[j] = r.at[j - 1];
        r.at[j] = v;
    }
    return r;
}

/// expand: new axes, along which the operand repeats. Attributes: how many, the new axes (of the result), their extents.
/// Its transpose is sum.
struct expand_op {
    static constexpr auto name = "expand";
    static constexpr pattern kind = pattern::expand;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) {
        const int m = static_cast<int>(n.attr(0)), r = n[0].rank() + m;
        const list a = n.attrs(1);
        list s{};
        for (int k = -r, q = 0; k < 0; ++k) {
            int j = 0;
            while (j < m && a[j] != k) ++j;
            s.put(j < m ? a[m + j] : n[0].extent(q++));
        }
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr value transpose(int, value ct, site n) {
        list a = n.attrs(1);
        a.n /= 2;
        return sum_over(ct, a);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const builder& b = *n.b;
        const int s = n.shape(0), r = n.n().shape, rank = b.length(r);
        list a = n.attrs(1);
        a.n /= 2;
        for (i64 i = 0, m = elements(b, r); i < m; ++i) {
            const index y = unflat(b, r, i);
            index x{};
            for (int k = 0, q = 0; k < rank; ++k)
                if (!a.has(k - rank)) x.at[q++] = y.at[k];
            out[0][i] = in[0][flat(b, s, x)];
        }
    }
};
/// New axes (negative, of the result, ascending) of the given extents.
constexpr value expand(value x, const list& axes, const list& extents) {
    if (x.zero() || axes.n == 0) return x;
    if (is_literal(x)) {
        list s{};
        const int r = x.rank() + axes.n;
        for (int k = -r, q = 0; k < 0; ++k) {
            int j = 0;
            while (j < axes.n && axes[j] != k) ++j;
            s.put(j < axes.n ? extents[j] : x.extent(q++));
        }
        return x.b->literal({x.b->intern(s), x.element()}, x.b->at(x.n().attrs, 0));
    }
    list a = ints(axes.n);
    for (int k = 0; k < axes.n; ++k) a.put(axes[k]);
    for (int k = 0; k < axes.n; ++k) a.put(extents[k]);
    return call<expand_op>(a, x);
}

/// reshape. Attributes: how many trailing axes of the operand, what becomes of them. Its transpose is reshape.
struct reshape_op {
    static constexpr auto name = "reshape";
    static constexpr pattern kind = pattern::reshape;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) {
        list s{};
        const list a = n.attrs(1);
        for (int k = 0; k < n[0].rank() - n.attr(0); ++k) s.put(n[0].extent(k));
        for (int k = 0; k < a.n; ++k) s.put(a[k]);
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr value transpose(int, value ct, site n) {
        list a = ints(n.n_attrs() - 1);
        for (int k = -static_cast<int>(n.attr(0)); k < 0; ++k) a.put(n[0].extent(k));
        return call<reshape_op>(a, ct);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = in[0][i];
    }
};
/// The same elements in row-major order; one extent may be `inferred`.
constexpr value reshape_to(value x, list target) {
    if (x.zero()) return x;
    builder& b = *x.b;
    i64 known = 1;
    int hole = -1;
    const i64 all = b.count(x.n().shape);
    for (int k = 0; k < target.n; ++k) {
        if (target[k] != inferred) { known = b.times(known, target[k]); continue; }
        if (hole >= 0) b.fail("reshape", "two extents are to be inferred", x.n().shape, 0);
        hole = k;
    }
    if (hole >= 0) {
        const i64 q = b.divided(all, known);
        target.at[hole] = q == inferred ? -1 : q;
        if (q == inferred) {
            b.fail("reshape", "-1 does not come out even", x.n().shape, b.intern(target));
            return x;
        }
    } else if (all != known) {
        b.fail("reshape", "counts of elements differ", x.n().shape, b.intern(target));
        return x;
    }
    const int shape = b.intern(target);
    if (shape == x.n().shape) return x;
    if (is_literal(x)) return b.literal({shape, x.element()}, b.at(x.n().attrs, 0));
    if (x.n().op == &info<reshape_op>) {   // a chain is its last member
        const value u{&b, x.n().in[0]};
        if (u.n().shape == shape) return u;
        x = u;
    }
    list a = ints(x.rank());
    for (int k = 0; k < target.n; ++k) a.put(target[k]);
    return call<reshape_op>(a, x);
}

/// transpose. Attributes: result axis k - r is operand axis attrs[k]. Its transpose is the inverse permutation.
struct transpose_op {
    static constexpr auto name = "transpose";
    static constexpr pattern kind = pattern::transpose;
    static constexpr auto linear = jointly;
    static constexpr list permutation(site n) {
        const int r = n[0].rank(), m = n.n_attrs();
        list p{};
        for (int k = -r; k < 0; ++k) p.put(k < -m ? k : n.attr(k + m));
        return p;
    }
    static constexpr type infer(site n) {
        builder& b = *n.b;
        const int s = n.shape(0), r = b.length(s), first = r - n.n_attrs();
        list t{};
        for (int k = 0; k < r; ++k) t.put(b.at(s, k < first ? k : static_cast<int>(n.attr(k - first)) + r));
        return {b.intern(t), n.element(0)};
    }
    static constexpr value transpose(int, value ct, site n) {
        const list p = n.attrs();
        list q = p;
        for (int k = 0; k < p.n; ++k) q.at[p[k] + p.n] = k - p.n;
        return call<transpose_op>(q, ct);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const builder& b = *n.b;
        const int s = n.shape(0), r = n.n().shape, rank = b.length(r);
        const list p = permutation(n);
        for (i64 i = 0, m = elements(b, r); i < m; ++i) {
            const index y = unflat(b, r, i);
            index x{};
            for (int k = 0; k < rank; ++k) x.at[p[k] + rank] = y.at[k];
            out[0][i] = in[0][flat(b, s, x)];
        }
    }
};
/// Result axis k is operand axis p[k] (negative or not).
constexpr value transpose_by(value x, const list& p) {
    if (x.zero()) return x;
    builder& b = *x.b;
    const int r = x.rank();
    list q{}, s{};
    bool same = true;
    for (int k = 0; k < p.n; ++k) {
        const i64 a = p[k] < 0 ? p[k] : p[k] - r;
        if (p.n != r || a < -r || a >= 0 || q.has(a)) {
            word w{};
            w.put("axes ");
            for (int j = 0; j < p.n; ++j) w.put(j ? ", " : "").put(p[j]);
            b.fail("transpose", "axes are no permutation", b.shape_text(x.n().shape), w);
            return x;
        }
        same &= a == k - r;
        q.put(a);
        s.put(x.extent(static_cast<int>(a)));
    }
    if (same) return x;
    if (is_literal(x)) return b.literal({b.intern(s), x.element()}, b.at(x.n().attrs, 0));
    if (x.n().op == &info<transpose_op>) {
        const list inner = transpose_op::permutation({&b, x.id});
        for (int k = 0; k < q.n; ++k) q.at[k] = inner[static_cast<int>(q[k]) + r];
        return transpose_by({&b, x.n().in[0]}, q);
    }
    return call<transpose_op>(q, x);
}
/// The last two axes change places.
constexpr value swap_last(value x) {
    list p{};
    const int r = x.rank();
    for (int k = -r; k < 0; ++k) p.put(k == -1 ? -2 : k == -2 ? -1 : k);
    const op_info* op = x.n().op;
    return op == &literal_op || op == &info<transpose_op> ? transpose_by(x, p) : call<transpose_op>(p, x);
}

constexpr value spread(value x, const list& target) {
    if (shape_list(x) == target) return x;
    list kept{}, axes{}, extents{};
    const int r = x.rank();
    for (int k = -target.n; k < 0; ++k) {
        const i64 want = target[k + target.n];
        if (k < -r || x.extent(k) != want) {   // absent or a stretched 1
            axes.put(k);
            extents.put(want);
        } else kept.put(want);
    }
    return expand(reshape_to(x, kept), axes, extents);
}

/// broadcast_to(x, shape): numpy's rule; the shape is that of the result.
constexpr value broadcast_by(value x, const list& target, const char* op = "broadcast_to") {
    builder& b = *x.b;
    const int t = b.intern(target);
    list common{};
    if (!broadcast_shape(b, x.n().shape, t, common) || !(common == target)) {
        b.fail(op, "shapes do not fit", x.n().shape, t);
        return x;
    }
    return spread(x, target);
}
/// ravel(x): rank 1.
constexpr value ravel(value x) { return reshape_to(x, ints(inferred)); }
/// expand_dims(x, axis): a new axis of extent 1 at this position of the result (numpy, TensorFlow).
constexpr value expand_dims(value x, int axis) {
    const int r = x.rank() + 1, at = axis < 0 ? axis + r : axis;
    if (at < 0 || at >= r) {
        word w{};
        w.put("axis ").put(i64{axis});
        x.b->fail("expand_dims", "axis out of range", x.b->shape_text(x.n().shape), w);
        return x;
    }
    list s{};
    for (int k = 0, q = 0; k < r; ++k) s.put(k == at ? 1 : x.extent(q++));
    return reshape_to(x, s);
}
/// squeeze(x, axes): drops axes of extent 1; without axes every one of them.
constexpr value squeeze(value x, const axis_list& a = {}) {
    const list drop = axes_of("squeeze", x, a);
    list s{};
    const int r = x.rank();
    for (int k = -r; k < 0; ++k) {
        const bool named = drop.has(k);
        if (named && x.extent(k) != 1) {
            word w{};
            w.put("axis ").put(i64{k});
            x.b->fail("squeeze", "the axis has not extent 1", x.b->shape_text(x.n().shape), w);
        }
        if (!(named || (a.n == 0 && x.extent(k) == 1))) s.put(x.extent(k));
    }
    return x.b->found ? x : reshape_to(x, s);
}

// ---- the type level, and template arguments on values
template <extent... E>
struct reshape_call {
    static constexpr value apply(operand x) {
        list s{};
        (s.put(extent_in(*x.v.b, E)), ...);
        return reshape_to(x.v, s);
    }
};
template <extent... E>
struct broadcast_call {
    static constexpr value apply(operand x) {
        list s{};
        (s.put(extent_in(*x.v.b, E)), ...);
        return broadcast_by(x.v, s);
    }
};
template <int... P>
struct transpose_call {
    static constexpr value apply(operand x) {
        if constexpr (sizeof...(P) > 0) return transpose_by(x.v, ints(P...));
        list p{};
        for (int k = x.v.rank() - 1; k >= 0; --k) p.put(k);
        return transpose_by(x.v, p);
    }
};
template <int Axis>
struct expand_dims_call {
    static constexpr value apply(operand x) { return expand_dims(x.v, Axis); }
};
template <int... A>
struct squeeze_call {
    static constexpr value apply(operand x) { return squeeze(x.v, axes<A...>); }
};
struct ravel_call {
    static constexpr value apply(operand x) { return ravel(x.v); }
};
/// Extents as ordinary arguments inside a trace: reshape(h, {"batch", 784}).
struct extent_list {
    extent at[8];
    int n;
    template <class... E>
        requires(std::is_convertible_v<E, extent> && ...)
    constexpr extent_list(const E&... e) : at{0, 0, 0, 0, 0, 0, 0, 0}, n(0) {
        ((at[n++] = extent(e)), ...);
    }
    constexpr list in(builder& b) const {
        list s{};
        for (int k = 0; k < n; ++k) s.put(extent_in(b, at[k]));
        return s;
    }
};
constexpr value reshape(operand x, const extent_list& shape) { return reshape_to(x.v, shape.in(*x.v.b)); }
constexpr value broadcast_to(operand x, const extent_list& shape) { return broadcast_by(x.v, shape.in(*x.v.b)); }
constexpr value transpose(operand x, const axis_list& p) {
    list q{};
    for (int k = 0; k < p.n; ++k) q.put(p.at[k]);
    return transpose_by(x.v, q);
}

/// reshape<"batch", 784>(x): the same elements in row-major order; one extent may be -1. Slope: reshape.
template <extent... E>
constexpr value reshape(operand x) { return reshape_call<E...>::apply(x); }
template <extent... E, expression X>
constexpr auto reshape(X x) { return X::template lift<reshape_call<E...>>(x); }
/// broadcast_to<64, 10>(x): numpy's broadcasting to that shape. Slope: sum.
template <extent... E>
constexpr value broadcast_to(operand x) { return broadcast_call<E...>::apply(x); }
template <extent... E, expression X>
constexpr auto broadcast_to(X x) { return X::template lift<broadcast_call<E...>>(x); }
/// transpose<1, 0>(x): axis k of the result is axis P[k] of x; without arguments the axes are reversed (numpy).
template <int... P>
constexpr value transpose(operand x) { return transpose_call<P...>::apply(x); }
template <int... P, expression X>
constexpr auto transpose(X x) { return X::template lift<transpose_call<P...>>(x); }
template <int Axis>
constexpr value expand_dims(operand x) { return expand_dims_call<Axis>::apply(x); }
template <int Axis, expression X>
constexpr auto expand_dims(X x) { return X::template lift<expand_dims_call<Axis>>(x); }
template <int... A>
constexpr value squeeze(operand x) { return squeeze_call<A...>::apply(x); }
template <int... A, expression X>
constexpr auto squeeze(X x) { return X::template lift<squeeze_call<A...>>(x); }
template <expression X>
constexpr auto ravel(X x) { return X::template lift<ravel_call>(x); }

}  // namespace kiln
