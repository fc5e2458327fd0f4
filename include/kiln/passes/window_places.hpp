// What lowering makes of the largest of windows and its slope: a maximum that keeps which place it was at, a byte for each window, and a slope
// that knows it.
#pragma once
#include <kiln/ops/window_maximum.hpp>

namespace kiln {

/// The dtype of places: -1 is a number of its own.
constexpr dtype place_type(const window_geometry& g) { return g.places() < 255 ? dtype::uint8 : dtype::int32; }
constexpr i64 no_place(dtype t) { return t == dtype::uint8 ? 255 : -1; }

/// window_max_and_place(x): two results, window_max(x) and which of its places each window sees the first of its largest at, counted in order;
/// `no_place` where it sees nothing but padding. Exact.
struct window_max_and_place_op {
    static constexpr auto name = "window_max_and_place";
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr int results(site) { return 2; }
    static constexpr type infer(site n, int k) { return {shape_of_windows(n, 0), k == 0 ? n.element(0) : place_type(geometry_of(n))}; }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        window_max_op::reference(n, in, out);
        const dtype t = place_type(geometry_of(n));
        each_largest(n, 0, in[0], [&](i64 window, i64, i64 place) { out[1][window].i = place < 0 ? no_place(t) : place; });
    }
};
/// window_from_place(c, place): window_from_max(c, x) for the places of window_max_and_place(x).
struct window_from_place_op {
    static constexpr auto name = "window_from_place";
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr type infer(site n) {
        const window_geometry g = geometry_of(n);
        list s = ints(n[0].extent(0));
        for (int q = 0; q < g.n; ++q) s.put(g.axis[q].size);
        s.put(g.inner);
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const window_geometry g = geometry_of(n);
        const dtype t = n.n().type;
        const i64 of_image = g.windows() * g.inner;
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = {};
        for (i64 window = 0, m = of_image ? elements(*n.b, n.shape(0)) : 0; window < m; ++window) {
            if (in[1][window].i == no_place(n.element(1))) continue;
            const i64 q = g.seen(window % of_image / g.inner, in[1][window].i), i = (window / of_image * g.image() + q) * g.inner + window % g.inner;
            write(out[0][i], t, read<double>(out[0][i]) + read<double>(in[0][window]));
        }
    }
};

}  // namespace kiln
