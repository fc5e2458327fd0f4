// When two groups are one kernel, called with the same sizes: found out before a key is written, which costs far more.
#pragma once
#include <kiln/plan/gather.hpp>

namespace kiln {

/// The same loops; in contractions also the same operands behind the same views.
template <int N, int Lists>
constexpr bool equal_loops(const fuser<N, Lists>& fz, const fused_group& p, const fused_group& q) {
    const graph_view& g = fz.g;
    const int* const role = fz.f.role;
    if (p.kind != q.kind || p.domain != q.domain || p.cuts != q.cuts || p.columns != q.columns || p.rows != q.rows) return false;
    if (p.kind != group_kind::contraction) return true;
    for (int k = 0; k < 2; ++k) {
        int i = g.nodes[p.anchor].in[k], j = g.nodes[q.anchor].in[k];
        for (; role[i] & is_view; i = g.nodes[i].in[0], j = g.nodes[j].in[0]) {
            const node &x = g.nodes[i], &y = g.nodes[j];
            if (x.op != y.op || x.shape != y.shape || x.attrs != y.attrs) return false;
        }
        if ((role[j] & is_view) || g.nodes[i].shape != g.nodes[j].shape) return false;
        const int u = windows_behind(g, fz.f, i), v = windows_behind(g, fz.f, j);
        if (u < 0 ? v >= 0 : v < 0 || g.nodes[u].attrs != g.nodes[v].attrs) return false;
    }
    return true;
}
/// The same n entries, from x and from y on; what is read at several places is the same tensor in both or in neither.
constexpr bool equal_bodies(const graph_view& g, const body_entry* x, const body_entry* y, int n) {
    const body_entry *const first_x = x, *const first_y = y;
    for (int k = 0; k < n; ++k, ++x, ++y) {
        if (x->kind == step::load && x->placed)
            for (int j = 0; j < n; ++j)
                if (first_x[j].kind == step::load && (first_x[j].node == x->node) != (first_y[j].node == y->node)) return false;
        if (x->form != y->form || x->order != y->order || x->placed != y->placed) return false;
        const node &u = g.nodes[x->node], &v = g.nodes[y->node];
        if (x->kind == step::constant || x->kind == step::counter ? u.attrs != v.attrs : x->kind != step::load && u.op != v.op) return false;
    }
    return true;
}
template <int N, int Lists, class Bodies>
constexpr bool equal_groups(const fuser<N, Lists>& fz, const Bodies& b, int p, int q) {
    const int i = b.first[p], j = b.first[q], n = b.first[p + 1] - i;
    return n == b.first[q + 1] - j && equal_loops(fz, b.groups[p], b.groups[q]) &&
           equal_bodies(fz.g, b.entry + i, b.entry + j, n);
}

}  // namespace kiln
