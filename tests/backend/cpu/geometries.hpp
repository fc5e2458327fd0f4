// Windows of many geometries, for tests of what kernels make of them.
#pragma once
#include <kiln/kiln.hpp>

namespace kiln::testing {

/// The k-th geometry, in its order or with windows first: any number of axes, strides, dilations forwards and backwards, padding on either side, both orders; some lie side by side.
constexpr window_geometry geometry_number(int k, bool any_order = true) {
    u64 seed = static_cast<u64>(k) * 7919 + 17;
    const auto pick = [&](std::initializer_list<i64> of) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return of.begin()[(seed >> 33) % of.size()];
    };
    window_geometry g;
    g.n = static_cast<int>(pick({1, 2, 2, 2, 3}));
    g.inner = pick({1, 1, 1, 2, 3, 6, 16, 37});
    g.kernel_first = pick({0, 0, 1}) != 0;
    for (int a = 0; a < g.n; ++a) {
        window_axis& w = g.axis[a];
        w.kernel = pick({1, 2, 3, 3, 5});
        w.stride = pick({1, 1, 1, 2, 3});
        w.dilation = pick({1, 1, 1, 1, 2, -1});
        w.size = a + 1 == g.n ? pick({1, 4, 9, 19, 28, 40}) : pick({1, 3, 6});
        const i64 reach = (w.kernel - 1) * (w.dilation < 0 ? -w.dilation : w.dilation);
        const i64 low = pick({0, 0, 1, 2, 3}), high = pick({0, 0, 1, 2, 4}), room = w.size + low + high - reach - 1;
        w.low = w.dilation < 0 ? low - reach : low;
        w.out = room < 0 ? 0 : room / w.stride + 1;
        if (w.out == 0 && k % 8 != 0) {   // few are empty
            w.kernel = 1;
            w.low = 0;
            w.out = (w.size - 1) / w.stride + 1;
        }
        if (k % 12 == 5) g.kernel_first = true;
        if (k % 6 == 5) {   // side by side, one more along a line than the widest vector has lanes
            const i64 n = a + 1 == g.n ? 17 : a + 3;
            w = {w.kernel * n, n, w.kernel, w.kernel, 1, 0};
        }
    }
    g.kernel_first &= any_order;
    return g;
}

/// [outer, axes..., inner], [outer, out..., inner], and with the places of windows.
constexpr list image_shape(const window_geometry& g, i64 outer) {
    list l = ints(outer);
    for (int k = 0; k < g.n; ++k) l.put(g.axis[k].size);
    l.put(g.inner);
    return l;
}
constexpr list windows_shape(const window_geometry& g, i64 outer) {
    list l = ints(outer);
    for (int k = 0; k < g.n; ++k) l.put(g.axis[k].out);
    l.put(g.inner);
    return l;
}
constexpr list patches_shape(const window_geometry& g, i64 outer) {
    list l = ints(outer);
    for (int half = 0; half < 2; ++half)
        for (int k = 0; k < g.n; ++k) l.put((half == 0) == g.kernel_first ? g.axis[k].kernel : g.axis[k].out);
    l.put(g.inner);
    return l;
}

/// Each instruction set leaves out a third of the geometries, and no two the same ones.
constexpr bool tried_here(int k) { return k / 3 % 3 != cpu::vector_bytes<cpu::default_arch> / 32; }   // 16, 32 or 64

}  // namespace kiln::testing
