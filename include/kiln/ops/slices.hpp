// A part of a tensor, and a tensor with zeros around it: numpy's basic slices of step 1 and its pad. Each is the slope of the other.
#pragma once
#include <concepts>
#include <initializer_list>

#include <kiln/ops/views.hpp>

namespace kiln {

/// Where a slice begins or ends: a position, a negative one counted from the end, or `none`, as in numpy.
struct none_tag {};
inline constexpr none_tag none{};
struct slice_bound {
    i64 at;
    bool open;
    constexpr slice_bound(i64 position) : at(position), open(false) {}
    constexpr slice_bound(none_tag) : at(0), open(true) {}
    constexpr slice_bound(i64 position, bool is_open) : at(position), open(is_open) {}   // for compilers that rebuild the value
};
/// The positions [start, stop) along one axis.
struct slice_range {
    slice_bound start = none, stop = none;
};
/// range<1, -1>: a range as a template argument; range<> is the whole axis.
template <slice_bound Start = none, slice_bound Stop = none>
inline constexpr slice_range range{Start, Stop};

/// The position of one element, with the line that it was written in.
struct slice_index {
    i64 at;
    std::source_location where;
    template <std::integral I>
    constexpr slice_index(I i, std::source_location w = std::source_location::current()) : at(static_cast<i64>(i)), where(w) {}
};

/// How many zeros go before and after the elements of an axis.
struct pad_width {
    i64 before, after;
};
/// width<1, 2>: the same as a template argument.
template <i64 Before, i64 After = Before>
inline constexpr pad_width width{Before, After};

/// What slice and pad share. Attributes: for each of the last axes how many elements are left out, or added, before and after; numbers,
/// or extents that only run time knows.
template <class Op>
struct section {
    static constexpr pattern kind = pattern::section;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) {
        builder& b = *n.b;
        list s = shape_list(n[0]);
        for (int k = 0, first = s.n - n.n_attrs() / 2; k < n.n_attrs(); k += 2) {
            const i64 e = Op::extent(b, s[first + k / 2], n.attr(k), n.attr(k + 1));
            if (e == inferred) b.fail(Op::name, "the extent cannot be told", n.shape(0), 0);
            s.at[first + k / 2] = e == inferred ? 1 : e;
        }
        return {b.intern(s), n.element(0)};
    }
    /// Copies what both sides have; `small` has fewer elements.
    static constexpr void copy(site n, int large, int small, const cell* in, cell* out) {
        const builder& b = *n.b;
        const int first = b.length(small) - n.n_attrs() / 2;
        for (i64 i = 0, m = elements(b, small); i < m; ++i) {
            index x = unflat(b, small, i);
            for (int k = 0; k < n.n_attrs(); k += 2) x.at[first + k / 2] += n.attr(k);
            const i64 at = flat(b, large, x);
            if (Op::adds) out[at] = in[i];
            else out[i] = in[at];
        }
    }
};
struct pad_op;
/// slice: the elements of a range along each axis. Exact. Slope: pad of the cotangent.
struct slice_op : section<slice_op> {
    static constexpr auto name = "slice";
    static constexpr bool adds = false;
    static constexpr i64 extent(builder& b, i64 e, i64 before, i64 after) {
        const i64 rest = b.minus(e, before);
        return rest == inferred ? rest : b.minus(rest, after);
    }
    static constexpr value transpose(int, value ct, site n);
    static constexpr void reference(site n, const cell* const* in, cell* const* out) { copy(n, n.shape(0), n.n().shape, in[0], out[0]); }
};
/// pad: zeros before and after the elements of each axis. Exact. Slope: slice of the cotangent.
struct pad_op : section<pad_op> {
    static constexpr auto name = "pad";
    static constexpr bool adds = true;
    static constexpr i64 extent(builder& b, i64 e, i64 before, i64 after) {
        for (const i64 more : {before, after}) {
            if (e == inferred) return e;
            e = is_product(more) ? (is_product(e) ? inferred : b.plus(more, e)) : b.plus(e, more);
        }
        return e;
    }
    static constexpr value transpose(int, value ct, site n) { return call<slice_op>(n.attrs(), ct); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = {};
        copy(n, n.n().shape, n.shape(0), in[0], out[0]);
    }
};
constexpr value slice_op::transpose(int, value ct, site n) { return call<pad_op>(n.attrs(), ct); }

/// Slices or pads by these attributes, which may say nothing.
template <class Op>
constexpr value section_by(value x, const list& attributes) {
    bool any = false;
    for (int k = 0; k < attributes.n; ++k) any |= attributes[k] != 0;
    return any ? call<Op>(attributes, x) : x;
}

/// A range of an axis of extent e as what is left out before and after it; false where run time alone could tell.
constexpr bool left_out(builder& b, i64 e, const slice_range& r, i64& before, i64& after) {
    if (!is_product(e)) {   // as numpy does: what is out of range is clamped, what ends before it begins is empty
        const auto position = [&](const slice_bound& p, i64 otherwise) {
            const i64 at = p.open ? otherwise : p.at < 0 ? p.at + e : p.at;
            return at < 0 ? 0 : at > e ? e : at;
        };
        before = position(r.start, 0);
        const i64 stop = position(r.stop, e);
        after = e - (stop < before ? before : stop);
        return true;
    }
    const bool from_end = !r.start.open && r.start.at < 0, to_end = r.stop.open || r.stop.at < 0;
    const i64 stop = r.stop.open ? 0 : r.stop.at;
    if (from_end && !to_end) return false;
    before = r.start.open ? 0 : from_end ? b.plus(e, r.start.at) : r.start.at;
    after = to_end ? -stop : b.plus(e, -stop);
    if (from_end && stop <= r.start.at) after = -r.start.at;
    if (!to_end && !r.start.open && stop < r.start.at) after = b.plus(e, -r.start.at);
    return before != inferred && after != inferred;
}
constexpr value slice_by(value x, const slice_range* r, int n) {
    if (x.zero()) return x;
    builder& b = *x.b;
    if (n > x.rank()) {
        word w{};
        w.put("slices of axes: ").put(i64{n});
        b.fail("slice", "more slices than axes", b.shape_text(x.n().shape), w);
        return x;
    }
    list a{};
    for (int k = 0; k < x.rank(); ++k) {
        i64 before = 0, after = 0;
        if (k < n && !left_out(b, x.extent(k), r[k], before, after)) {
            word w{};
            w.put("axis ").put(i64{k});
            b.fail("slice", "the extent cannot be told", b.shape_text(x.n().shape), w);
            return x;
        }
        if (a.n == 0 && before == 0 && after == 0) continue;   // leading axes that stay whole are a batch
        a.put(before);
        a.put(after);
    }
    return section_by<slice_op>(x, a);
}
/// The element i of the first axis, which goes.
constexpr value element_at(value x, i64 i) {
    if (x.zero()) return x;
    builder& b = *x.b;
    word w{};
    w.put("index ").put(i);
    if (x.rank() == 0) {
        b.fail("slice", "the operand has no axis", b.shape_text(x.n().shape), w);
        return x;
    }
    const i64 e = x.extent(0);
    if (!is_product(e) && (i >= e || i < -e)) {
        b.fail("slice", "index out of range", b.shape_text(x.n().shape), w);
        return x;
    }
    const slice_range one{i, i == -1 ? slice_bound(none) : slice_bound(i + 1)};
    list rest{};
    for (int k = 1; k < x.rank(); ++k) rest.put(x.extent(k));
    return reshape_to(slice_by(x, &one, 1), rest);
}
constexpr value pad_by(value x, const pad_width* w, int n) {
    if (x.zero()) return x;
    builder& b = *x.b;
    word count{};
    count.put("widths: ").put(i64{n});
    if (n != 1 && n != x.rank()) {
        b.fail("pad", "one width, or one for each axis", b.shape_text(x.n().shape), count);
        return x;
    }
    list a{};
    for (int k = 0; k < x.rank(); ++k) {
        const pad_width& p = w[n == 1 ? 0 : k];
        if (p.before < 0 || p.after < 0) {
            word negative{};
            negative.put("(").put(p.before).put(", ").put(p.after).put(")");
            b.fail("pad", "a negative width", b.shape_text(x.n().shape), negative);
            return x;
        }
        if (a.n == 0 && p.before == 0 && p.after == 0) continue;
        a.put(p.before);
        a.put(p.after);
    }
    return section_by<pad_op>(x, a);
}

template <slice_range... R>
struct slice_call {
    static constexpr value apply(operand x) {
        const slice_range r[]{R..., {}};
        return slice_by(x.v, r, sizeof...(R));
    }
};
template <pad_width... W>
struct pad_call {
    static constexpr value apply(operand x) {
        const pad_width w[]{W...};
        return pad_by(x.v, w, sizeof...(W));
    }
};

/// slice<1, -1>(x): the elements [start, stop) along the first axis, as x[1:-1] in numpy: negative positions count from the end,
/// `none` is an open end, what is out of range is clamped, and what ends before it begins is empty. slice<range<1, -1>, range<2, none>>(x) has
/// one for each of the first axes. Steps are 1. Where the extent has a name, a call whose extent is shorter than the positions
/// that the slice names throws a shape_error; extents of the result are numbers, or a name and a number: "n - 2". Any dtype. Slope: pad.
template <slice_bound Start, slice_bound Stop>
constexpr value slice(operand x) { return slice_call<slice_range{Start, Stop}>::apply(x); }
template <slice_bound Start, slice_bound Stop, expression X>
constexpr auto slice(X x) { return X::template lift<slice_call<slice_range{Start, Stop}>>(x); }
template <slice_range... R>
    requires(sizeof...(R) > 0)
constexpr value slice(operand x) { return slice_call<R...>::apply(x); }
template <slice_range First, slice_range... R, expression X>
constexpr auto slice(X x) { return X::template lift<slice_call<First, R...>>(x); }
/// Inside a trace: v[slice(1, -1)], v[slice(0, n - 1)], v[slice(2, none)]; v[3] and v[-1] are single elements of the first axis;
/// slice(v, slice(1, -1), slice(2, none)) for several axes.
constexpr slice_range slice(slice_bound start, slice_bound stop) { return {start, stop}; }
template <std::same_as<slice_range>... R>
    requires(sizeof...(R) > 0)
constexpr value slice(operand x, R... r) {
    const slice_range all[]{r...};
    return slice_by(x.v, all, sizeof...(R));
}
constexpr value value::operator[](const slice_range& r) const { return slice_by(*this, &r, 1); }
constexpr value value::operator[](const slice_index& i) const {
    if (b) b->at_line(i.where);
    return element_at(*this, i.at);
}

/// pad<1, 2>(x): one zero before and two after the elements of every axis, pad<1>(x) one on either side (numpy's pad_width);
/// pad<width<1, 2>, width<0>>(x) says it for each axis. In a trace also pad(v, {1, 2}), pad(v, {{1, 2}, {0, 0}}). Any dtype; an extent
/// with a name is known as that name and a number: "n + 3". A negative width is refused. Slope: slice.
template <i64 Before, i64 After = Before>
constexpr value pad(operand x) { return pad_call<pad_width{Before, After}>::apply(x); }
template <i64 Before, i64 After = Before, expression X>
constexpr auto pad(X x) { return X::template lift<pad_call<pad_width{Before, After}>>(x); }
template <pad_width First, pad_width... W>
constexpr value pad(operand x) { return pad_call<First, W...>::apply(x); }
template <pad_width First, pad_width... W, expression X>
constexpr auto pad(X x) { return X::template lift<pad_call<First, W...>>(x); }
constexpr value pad(operand x, const pad_width& w) { return pad_by(x.v, &w, 1); }
constexpr value pad(operand x, std::initializer_list<pad_width> w) { return pad_by(x.v, w.begin(), static_cast<int>(w.size())); }

}  // namespace kiln
