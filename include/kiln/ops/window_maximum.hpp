// The largest element of each window, and its slope: the three operations of max_pool. What they do is decided by the first of
// the largest that a window sees, wherever it is wanted. Lowering keeps which of its places that is, a byte for each window.
#pragma once
#include <kiln/ops/windows.hpp>

namespace kiln {

/// [outer, out..., inner], what windows give over an operand [outer, axes..., inner].
constexpr int shape_of_windows(site n, int k) {
    const window_geometry g = geometry_of(n);
    list s = ints(n[k].extent(0));
    for (int q = 0; q < g.n; ++q) s.put(g.axis[q].out);
    s.put(g.inner);
    return n.b->intern(s);
}
/// Calls f(window, element, place) for all windows over operand k: the first of the largest elements that it sees (a NaN is larger than any
/// number) and which of its places that is, -1 where it sees nothing but padding.
template <class F>
constexpr void each_largest(site n, int k, const cell* x, F f) {
    const window_geometry g = geometry_of(n);
    const i64 image = g.image() * g.inner, outer = image ? elements(*n.b, n.shape(k)) / image : n.b->at(n.shape(k), 0);
    with_number(n.element(k), [&](auto zero) {
        using T = decltype(zero);
        for (i64 a = 0, window = 0; a < outer; ++a)
            for (i64 o = 0; o < g.windows(); ++o)
                for (i64 c = 0; c < g.inner; ++c, ++window) {
                    i64 most = -1, at = -1;
                    for (i64 place = 0; place < g.places(); ++place) {
                        const i64 q = g.seen(o, place), i = a * image + q * g.inner + c;
                        if (q < 0) continue;
                        if (most >= 0)
                            if (const T v = read<T>(x[i]).v, m = read<T>(x[most]).v; v <= m || m != m) continue;
                        most = i;
                        at = place;
                    }
                    f(window, most, at);
                }
    });
}

/// What moves between an image and its windows is of the dtype of that image, a floating one.
constexpr void needs_one_floating_dtype(site n, const char* name) {
    if (!is_floating(n.element(0)))
        n.b->fail(name, "not for this dtype", builder::text(name_of(n.element(0))), builder::text(wanted_by(domain::floating)));
    else if (n.element(0) != n.element(1))
        n.b->fail(name, "dtypes differ, use cast", builder::text(name_of(n.element(0))), builder::text(name_of(n.element(1))));
}

/// window_at_max(t, x): of each window over t the element where x has the first of its largest; 0 where it sees nothing but padding.
/// Exact. Linear in t, its transpose is window_from_max; x has no slope.
struct window_at_max_op {
    static constexpr auto name = "window_at_max";
    static constexpr pattern kind = pattern::opaque;
    static constexpr type infer(site n) {
        needs_one_floating_dtype(n, name);
        return {shape_of_windows(n, 0), n.element(0)};
    }
    static constexpr void jvp(site n, const value* t, value* out) {
        if (!t[0].zero()) out[0] = call<window_at_max_op>(n.attrs(), t[0], n[1]);
    }
    static constexpr void vjp(site n, const value* ct, value* out);
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        each_largest(n, 1, in[1], [&](i64 window, i64 at, i64) { out[0][window] = at < 0 ? cell{} : in[0][at]; });
    }
};
/// window_from_max(c, x): an image of zeros, to which each window adds its element of c where x has the first of its largest
/// (MaxPoolGrad). Rounded once for each addition. Linear in c, its transpose is window_at_max; x has no slope.
struct window_from_max_op {
    static constexpr auto name = "window_from_max";
    static constexpr pattern kind = pattern::opaque;
    static constexpr type infer(site n) {
        needs_one_floating_dtype(n, name);
        return {n.b->nodes[n[1].id].shape, n.element(0)};
    }
    static constexpr void jvp(site n, const value* t, value* out) {
        if (!t[0].zero()) out[0] = call<window_from_max_op>(n.attrs(), t[0], n[1]);
    }
    static constexpr void vjp(site n, const value* ct, value* out) {
        if (n.wants(0)) out[0] = call<window_at_max_op>(n.attrs(), ct[0], n[1]);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const dtype t = n.n().type;
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = {};
        each_largest(n, 1, in[1], [&](i64 window, i64 at, i64) {
            if (at >= 0) write(out[0][at], t, read<double>(out[0][at]) + read<double>(in[0][window]));
        });
    }
};
constexpr void window_at_max_op::vjp(site n, const value* ct, value* out) {
    if (n.wants(0)) out[0] = call<window_from_max_op>(n.attrs(), ct[0], n[1]);
}

/// window_max(x): from [outer, axes..., inner] the largest element that each window sees, [outer, out..., inner]; NaN where it sees
/// one; the lowest number where it sees nothing but padding. Exact. Slope: to the first of equals alone (TensorFlow's max_pool).
struct window_max_op {
    static constexpr auto name = "window_max";
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto takes = domain::number;
    static constexpr type infer(site n) {
        if (!accepts(takes, n.element(0)))
            n.b->fail(name, "not for this dtype", builder::text(name_of(n.element(0))), builder::text(wanted_by(takes)));
        return {shape_of_windows(n, 0), n.element(0)};
    }
    static constexpr void jvp(site n, const value* t, value* out) { out[0] = call<window_at_max_op>(n.attrs(), t[0], n[0]); }
    static constexpr void vjp(site n, const value* ct, value* out) { out[0] = call<window_from_max_op>(n.attrs(), ct[0], n[0]); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const dtype t = n.n().type;
        each_largest(n, 0, in[0], [&](i64 window, i64 at, i64) {
            if (at >= 0) out[0][window] = in[0][at];
            else
                with_number(t, [&](auto zero) {
                    using T = decltype(zero);
                    if constexpr (!std::is_same_v<T, bool>) write(out[0][window], t, lowest(arithmetic::number<T>{}, t));
                });
        });
    }
};

}  // namespace kiln
