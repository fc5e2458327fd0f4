// Windows that lie nowhere: a contraction that reads patches as the matrix on its left can read the image instead.
#pragma once
#include <kiln/ops/windows.hpp>
#include <kiln/passes/fusion.hpp>

namespace kiln {

/// The patches that node i shows in another shape, where they lie nowhere; -1: none.
template <int N>
constexpr int windows_behind(const graph_view& g, const fusion<N>& f, int i) {
    while (g.nodes[i].op->kind == pattern::reshape) i = g.nodes[i].in[0];
    return f.windows[i] ? i : -1;
}

/// What lies between a reader and the patches that it reads.
struct way_to_patches {
    int patches;       // the node behind all views
    int matrix = -1;   // the last reshape on the way to the reader; -1: none
    int moved = 0;     // transposes over it; expands, and what lies under the matrix or must be stored, count twice
};
template <int N>
constexpr way_to_patches way_from(const graph_view& g, const fusion<N>& f, int i) {
    way_to_patches r{i};
    for (pattern p = g.nodes[i].op->kind; p == pattern::expand || p == pattern::transpose || p == pattern::reshape; p = g.nodes[r.patches].op->kind) {
        if (p != pattern::reshape) r.moved += p == pattern::expand || r.matrix >= 0 || f.pinned[r.patches] ? 2 : 1;
        else if (r.matrix < 0) r.matrix = r.patches;
        r.patches = g.nodes[r.patches].in[0];
    }
    return r;
}

/// Does contraction x read these patches such that it can do with the image? As [windows, places] or its transpose, or as several of these of whole images each;
/// padding is 0, what a tile sees of a line is not long, rows of the right operand are contiguous.
constexpr bool reads_image(const graph_view& g, const node& x, const way_to_patches& way) {
    if (way.moved > 1 || way.matrix < 0) return false;
    const window_geometry w = window_geometry::from([&](int q) { return g.at(g.nodes[way.patches].attrs, q); });
    const int shape = g.nodes[way.matrix].shape, rank = g.length(shape);
    const pattern right = g.nodes[x.in[1]].op->kind;
    if (g.length(x.shape) != rank || rank < 2 || g.at(shape, rank - 1) != w.places() * w.inner || w.kernel_first || w.patches() <= 0 || w.inner <= 0 ||
        w.line_seen(14) > 8192 || right == pattern::expand) return false;
    if (rank == 2) return right != pattern::transpose;
    const i64 rows = g.at(shape, 1), number = is_product(rows) ? g.at(static_cast<int>(extent_tag - rows), 0) : rows;
    if (rank != 3 || number % w.windows() != 0) return false;
    const list turned = ints(-3, -1, -2);
    for (int k = 0; k < 3 && way.moved > 0; ++k)
        if (g.at(g.nodes[x.in[0]].attrs, k) != turned[k]) return false;
    return true;
}

/// Patches need not lie in memory if all their readers are such contractions.
template <int N>
constexpr void find_windows(const graph_view& g, fusion<N>& f) {
    bool any = false;
    for (int i = 0; i < g.n; ++i) any |= f.windows[i] = g.nodes[i].op == &info<patches_op> && !f.pinned[i];
    if (!any) return;
    for (int i = 0; i < g.n; ++i) {
        const node& x = g.nodes[i];
        const pattern by = x.op->kind;
        if (by == pattern::expand || by == pattern::transpose || by == pattern::reshape) continue;   // its readers are asked
        for (int k = 0; k < x.n_in; ++k) {
            const way_to_patches way = way_from(g, f, g.operand(x, k));
            if (f.windows[way.patches]) f.windows[way.patches] = by == pattern::contraction && k == 0 && reads_image(g, x, way);
        }
    }
    for (int i = 0; i < g.n; ++i) {   // a right operand that is turned group by group lies so
        const node& x = g.nodes[i];
        if (x.op->kind == pattern::contraction && g.nodes[x.in[1]].op->kind == pattern::transpose && f.windows[way_from(g, f, x.in[0]).patches]) f.pinned[x.in[1]] = true;
    }
}

}  // namespace kiln
