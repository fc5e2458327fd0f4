// Maps that a contraction can compute by itself, block by block, as it copies an operand into panels (plan/prologues.hpp).
#pragma once
#include <kiln/passes/find_windows.hpp>

namespace kiln {

/// Does it pay that contraction x computes its left (side 0) or right operand? It takes as long as with the map in a kernel of its own, but
/// for an operand that the caches do not hold (20,000 x 300 bytes, cast, by 300 x 40: 0.54 of it); what it saves is memory. A map of the left
/// operand is computed again for each block of columns, so there must be few of them. A block of the right one should serve many rows: one
/// row of 4096 x 4096 would take 1.6 times as long. Small contractions are a part of what calls them.
constexpr bool prologue_pays(const graph_view& g, const node& x, int side) {
    const auto extent = [&](int shape, int from_end) -> i64 {   // -1: comes with the call
        const i64 e = g.at(shape, g.length(shape) - from_end);
        return is_product(e) ? -1 : e;
    };
    const i64 m = extent(x.shape, 2), n = extent(x.shape, 1), k = extent(g.nodes[x.in[0]].shape, 1);
    if (m >= 0 && n >= 0 && k >= 0 && m * n * k <= 4096) return false;
    return side == 1 ? m >= 32 && (n < 0 || n >= 8) : (m < 0 || m >= 8) && (n < 0 || (n >= 8 && n <= 256));
}

/// What may be computed again for each block of columns. A division is costly where it is all that is done, but not beside the products.
constexpr bool cheap_in_prologue(const node& x) { return !x.op->costly || (x.op == &info<divide_op> && is_floating(x.type)); }

/// Node i and all that it is computed of are cheap, up to what is stored or given; `budget`: so many nodes.
template <int N>
constexpr bool cheap_throughout(const graph_view& g, const fusion<N>& f, int i, int& budget) {
    const node& x = g.nodes[i];
    if (x.op->kind != pattern::pointwise) return true;
    if (!cheap_in_prologue(x) || --budget < 0) return false;
    for (int k = 0; k < x.n_in; ++k)
        if (const int o = g.operand(x, k); !f.pinned[o] && !cheap_throughout(g, f, o, budget)) return false;
    return true;
}
/// What contraction x shows behind transposes as its operand of this side, if that is a map that it may compute; -1: it is none.
template <int N>
constexpr int map_behind(const graph_view& g, const fusion<N>& f, const node& x, int side) {
    int o = x.in[side], budget = 24;
    while (g.nodes[o].op->kind == pattern::transpose && !f.pinned[o]) o = g.nodes[o].in[0];
    const node& map = g.nodes[o];
    if (map.op->kind != pattern::pointwise || !f.pinned[o] || g.length(map.shape) < 2 || !prologue_pays(g, x, side)) return -1;
    return cheap_throughout(g, f, o, budget) && windows_behind(g, f, way_from(g, f, x.in[0]).patches) < 0 ? o : -1;
}
/// How often every node is read.
template <int N>
struct use_counts {
    int of[N]{};
    constexpr use_counts(const graph_view& g, const fusion<N>& f, const int* roots, int n_roots) {
        for (int k = 0; k < n_roots; ++k) of[roots[k]] = 2;
        for (int k = 0; k < g.n; ++k)
            for (int j = 0; f.live[k] && j < g.nodes[k].n_in; ++j) ++of[g.operand(g.nodes[k], j)];
    }
};
/// Marks maps that nobody but one contraction reads: they are not put into a nest with others.
template <int N>
constexpr void find_prologues(const graph_view& g, fusion<N>& f, const int* roots, int n_roots) {
    auto each = [&](auto found) {
        for (int i = 0; i < g.n; ++i)
            if (f.live[i] && g.nodes[i].op->kind == pattern::contraction)
                for (int side = 0; side < 2; ++side)
                    if (const int o = map_behind(g, f, g.nodes[i], side); o >= 0) found(g.nodes[i].in[side], o);
    };
    bool any = false;
    each([&](int, int) { any = true; });
    if (!any) return;
    const use_counts<N> uses(g, f, roots, n_roots);
    each([&](int from, int map) {
        f.prologue[map] = uses.of[map] == 1;
        for (; from != map; from = g.nodes[from].in[0]) f.prologue[map] &= uses.of[from] == 1;
    });
}

}  // namespace kiln
