// Prologues: a cheap map that one contraction alone reads needs no memory; the contraction computes it block by block as it copies that
// operand into panels. To fusion it is a group like any other, whose key, sizes and arguments become a part of the contraction's. So do, where
// the lanes of a contraction are images, a maximum pool that alone reads what it stores, and the slope of a pool that it alone reads.
#pragma once
#include <kiln/passes/window_places.hpp>
#include <kiln/plan/gather.hpp>
#include <kiln/plan/packing.hpp>
#include <kiln/plan/sums_at_places.hpp>

namespace kiln {

template <int N>
struct prologues {
    int within[N][most_within];   // by group: 1 + the group that computes its left, its right operand, that looks through its result
    int inside[N];                // by group: 1 + the contraction that it is a part of
    int cuts[N];                  // of a map: the axes that the contraction tells apart

    constexpr bool has(int q) const { return within[q][0] || within[q][1] || within[q][2]; }
};

template <int N, int Lists, class Bodies>
struct prologue_finder {
    const fuser<N, Lists>& fz;
    const Bodies& b;
    plan_target target;
    prologues<N> r{};

    static constexpr int most_entries = 24, most_constants = 120;   // a key has room for the words of two such maps beside these

    constexpr prologue_finder(const fuser<N, Lists>& fused, const Bodies& bodies, plan_target t) : fz(fused), b(bodies), target(t) {}

    constexpr const node& at(int i) const { return fz.g.nodes[i]; }
    constexpr void run() {
        for (int q = 0; q < fz.f.n; ++q)
            if (b.groups[q].kind == group_kind::contraction && b.stored_head[q])
                for (int side = 0; side < 2; ++side) look(q, side);
        for (int q = 0; q < fz.f.n && !fz.apart; ++q)
            if (b.groups[q].kind == group_kind::opaque) look_behind(q);
            else if (b.groups[q].kind == group_kind::contraction && b.stored_head[q]) look_before(q);
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
        r.within[q][side] = p + 1;
        r.inside[p] = q + 1;
        r.cuts[p] = map.cuts;
    }

    // ---- pools
    /// Group p is a maximum pool: may the contraction that stores what it reads do it, before that leaves the vectors whose lanes are images?
    constexpr void look_behind(int p) {
        const node& most = at(b.groups[p].anchor);
        if (most.op != &info<window_max_op> && most.op != &info<window_max_and_place_op>) return;
        const int x = fz.f.home[most.in[0]], q = fz.f.group[x];
        if (q < 0 || b.groups[q].kind != group_kind::contraction || b.groups[q].branch != b.groups[p].branch || r.has(q)) return;
        if (b.stored_head[q] != x + 1 || b.stored_next[x] || constants_of(q) > most_constants || !is_read_once(x) || at(x).type != at(b.groups[q].anchor).type ||
            !by_columns_alone(q) || !lanes_are_images(q, false, most)) return;
        r.within[q][2] = p + 1;
        r.inside[p] = q + 1;
    }
    /// Contraction q sums over windows: may it spread the slopes of a pool, which are its right operand, as it lays them in lanes?
    constexpr void look_before(int q) {
        const int x = fz.f.home[fz.f.under[at(b.groups[q].anchor).in[1]]], p = fz.f.group[x];
        if (at(x).op != &info<window_from_place_op> || p < 0 || b.groups[q].branch != b.groups[p].branch || r.has(q)) return;
        const bool once = is_read_once(x);
        if (constants_of(q) > most_constants || (!pays_at_places(q, at(x)) && (!once || !lanes_are_images(q, true, at(x))))) return;
        r.within[q][1] = p + 1;
        if (once) r.inside[p] = q + 1;
    }
    /// Nobody but one node, behind reshapes, reads node x.
    constexpr bool is_read_once(int x) const {
        int readers = 0;
        for (int k = 0; k < fz.g.n_roots(); ++k) readers += 2 * (fz.f.home[fz.g.root(k)] == x);
        for (int i = 0; i < fz.g.n; ++i) {
            if (!fz.f.live[i] || (fz.f.role[i] & (is_view | is_reshape))) continue;
            for (int k = 0; k < at(i).n_in; ++k) readers += fz.f.home[fz.f.under[fz.g.operand(at(i), k)]] == x;
        }
        return readers == 1;
    }
    /// Results of a contraction know of others only their column.
    constexpr bool by_columns_alone(int q) const {
        const dtype t = at(b.groups[q].anchor).type;
        for (int e = b.first[q]; e < b.first[q + 1]; ++e) {
            const body_entry& y = b.entry[e];
            const bool known = y.kind == step::tile || y.kind == step::constant || y.kind == step::operation || (y.kind == step::load && (y.mask & 1) == 0);
            if (!known || y.placed || size_of(at(y.node).type) > size_of(t) || (y.mask == 2 && at(y.node).type != t)) return false;
        }
        return true;
    }
    /// The windows that contraction q reads, or sums over, and a pool whose windows lie apart on what these give, in three axes; without axes it is not so.
    struct pooled_windows {
        window_geometry seen, pool;
    };
    constexpr pooled_windows windows_of(int q, bool of_places, const node& pools) const {
        const fused_group& con = b.groups[q];
        const access left = fz.contraction_access(con.anchor, 0), right = fz.contraction_access(con.anchor, 1);
        const int seen = windows_behind(fz.g, fz.f, left.node);
        if (seen < 0 || con.rank != 2 || left.n != 2 || left.axis[!of_places] != con.rank || right.n != 2 || right.axis[1] != 1 || !is_floating(at(con.anchor).type)) return {};
        const auto shown = [&](const node& x) { return window_geometry::from([&](int k) { return fz.g.at(x.attrs, k); }).in_three_axes(); };
        const pooled_windows w{shown(at(seen)), shown(pools)};
        const i64 columns = fz.g.at(con.domain, 1);
        return !is_product(columns) && w.pool.inner == columns && w.pool.apart_on(w.seen) ? w : pooled_windows{};
    }
    /// Does q read windows, or sum over them, with images as lanes?
    constexpr bool lanes_are_images(int q, bool of_places, const node& pools) const {
        const pooled_windows w = windows_of(q, of_places, pools);
        const dtype t = at(b.groups[q].anchor).type;
        const i64 all = fz.g.at(at(at(b.groups[q].anchor).in[0]).shape, of_places ? 1 : 0), lanes = target.vector_bytes / size_of(t);
        if (w.pool.n == 0 || w.pool.inner > lanes) return false;
        if (!is_product(all) && 4 * all < lanes * w.seen.windows()) return false;   // few images are done one by one
        return images_in_lanes_of(w.seen, of_places, w.pool.inner, size_of(t), target.vector_bytes, w.pool).read > 0;
    }
    /// Does it sum over them at the places of the pool, whose slopes it takes?
    constexpr bool pays_at_places(int q, const node& pools) const {
        const pooled_windows w = windows_of(q, true, pools);
        return sums_at_places_of(w.seen, w.pool.inner, size_of(at(b.groups[q].anchor).type), target.vector_bytes, w.pool).pay;
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
