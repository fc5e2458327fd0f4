// Prologues: a cheap map that one contraction alone reads needs no memory; the contraction computes it block by block as it copies that
// operand into panels. To fusion it is a group like any other, whose key, sizes and arguments become a part of the contraction's.
#pragma once
#include <kiln/plan/gather.hpp>

namespace kiln {

template <int N>
struct prologues {
    int map[N][2];    // by group: 1 + the group that computes its left, its right operand
    int inside[N];    // by group: 1 + the contraction that it is a prologue of
    int cuts[N];      // of such a group: the axes that the contraction tells apart

    constexpr bool has(int q) const { return map[q][0] || map[q][1]; }
};

template <int N, int Lists, class Bodies>
struct prologue_finder {
    const fuser<N, Lists>& fz;
    const Bodies& b;
    prologues<N> r{};

    static constexpr int most_entries = 24, most_constants = 120;   // a key has room for the words of two such maps beside these

    constexpr prologue_finder(const fuser<N, Lists>& fused, const Bodies& bodies) : fz(fused), b(bodies) {}

    constexpr const node& at(int i) const { return fz.g.nodes[i]; }
    constexpr void run() {
        for (int q = 0; q < fz.f.n; ++q)
            if (b.groups[q].kind == group_kind::contraction && b.stored_head[q])
                for (int side = 0; side < 2; ++side) look(q, side);
    }

private:
    constexpr void look(int q, int side) {
        const fused_group& con = b.groups[q];
        const access a = fz.contraction_access(con.anchor, side);
        if (!fz.f.prologue[a.node]) return;
        const int p = fz.f.group[a.node];
        fused_group map = b.groups[p];
        if (!is_cheap_map(p, a.node) || map.branch != con.branch || !same_axes(con, a, side, map)) return;
        if (windows_behind(fz.g, fz.f, fz.contraction_access(con.anchor, 0).node) >= 0 || constants_of(q) > most_constants) return;
        r.map[q][side] = p + 1;
        r.inside[p] = q + 1;
        r.cuts[p] = map.cuts;
    }
    constexpr int constants_of(int q) const {
        int n = 0;
        for (int e = b.first[q]; e < b.first[q + 1]; ++e) n += b.entry[e].kind == step::constant;
        return n;
    }
    /// Group p stores this node alone, for each element from what is read of that element.
    constexpr bool is_cheap_map(int p, int node) const {
        const fused_group& grp = b.groups[p];
        const int from = b.first[p], to = b.first[p + 1];
        if (grp.kind != group_kind::nest || grp.columns >= 0 || grp.rows >= 0 || to - from > most_entries) return false;
        if (b.stored_head[p] != node + 1 || b.stored_next[node] || fz.f.mask[node] != (1 << grp.rank) - 1) return false;
        for (int e = from; e < to; ++e) {
            const body_entry& x = b.entry[e];
            if (x.placed || x.kind == step::reduce || x.kind == step::widen || (x.kind == step::operation && !cheap_in_prologue(at(x.node)))) return false;
        }
        return true;
    }
    /// The axes of the map are [outer..., rows, columns] with the outer axes of the contraction; `map` gets the cuts for that.
    constexpr bool same_axes(const fused_group& con, const access& a, int side, fused_group& map) const {
        const int rank = con.rank, outer = bits_between(1, rank - 1);   // where an outer axis, or the row axis, may begin
        if (a.n != map.rank || a.n < 2) return false;
        if (a.n == 2 && rank > 2) {
            map.cuts |= 2;
            return (con.cuts & outer) == 0;
        }
        if (a.n != rank) return false;
        for (int k = 0; k < a.n - 2; ++k)
            if (a.axis[k] != k) return false;
        const bool rows_are_outer = side == 0 && a.axis[a.n - 1] == rank;   // axes of the batch may be one with the rows
        if (map.cuts & ~con.cuts & (rows_are_outer ? outer : bits_between(1, rank - 2))) return false;
        if (rank > 2 && !rows_are_outer && !(con.cuts >> (rank - 2) & 1)) return false;
        map.cuts |= (con.cuts & outer) | 1 << (rank - 1);
        return true;
    }
};

}  // namespace kiln
