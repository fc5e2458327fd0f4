// The bodies of groups: what each group computes for what it stores, in the order of a walk from there; equal groups give
// equal bodies. Finds out where a group does not fit into a nest.
#pragma once
#include <kiln/plan/key.hpp>
#include <kiln/plan/legalise.hpp>

namespace kiln {

/// A node as a body sees it: computed, or read with a mask and an order of axes.
struct body_entry {
    int node, mask;
    unsigned order;   // 4 bits for each axis, 0 where the axes ascend; of `widen`: all axes of the narrow value
    int placed;
    int next;
    step kind;
    int in[3];
    u64 form;   // all that makes it equal to an entry of another group, but for its operation and its order of axes

    static constexpr u64 stored_bit = u64{1} << 63;   // the group stores its value
    constexpr bool stored() const { return form & stored_bit; }
};

/// The bodies of all groups; Max is the room for entries.
template <int N, int Max>
struct group_bodies {
    static constexpr int room = Max;
    body_entry entry[Max];
    int n, first[N + 1];                      // entries of group q: [first[q], first[q + 1])
    int stored_head[N], stored_next[N];       // what a group stores: 1 + node, a list
    fused_group groups[N];                    // with the cuts of everything that is read
    placements places;
    int bad;                                  // a node that must be stored before these groups are nests; -1: none
};

constexpr access access_of_order(int node, unsigned order, int placed) {
    access a{node, 0, {}, placed};
    for (unsigned o = order; o; o >>= 4) a.axis[a.n++] = static_cast<signed char>((o & 15) - 1);
    return a;
}

/// The same where the axes may ascend.
constexpr access access_of(int node, int mask, unsigned order, int placed) {
    if (order) return access_of_order(node, order, placed);
    access a{node, 0, {}, placed};
    for (; mask; mask &= mask - 1) a.axis[a.n++] = static_cast<signed char>(__builtin_ctz(static_cast<unsigned>(mask)));
    return a;
}

template <int N, int Lists>
struct gatherer {
    static constexpr int room = 3 * N + 64;
    fuser<N, Lists> fz;
    group_bodies<N, room> b;
    int latest[N];   // 1 + the newest entry of a node
    int current;

    /// What a body needs: an entry, or what is to become one.
    struct want {
        int node, mask;
        unsigned order;
        int placed;
        step kind;
        int n_in;               // operands computed or read in this body
        int known, in[3];       // how many of them have an entry, and which
    };
    static constexpr int stack_room = 512;
    want stack[stack_room];   // here, since clang constructs a local array of structs element by element

    constexpr const node& at(int i) const { return fz.g.nodes[i]; }
    constexpr fusion<N>& f() { return fz.f; }

    static constexpr unsigned axes_in(const access& a) {
        unsigned r = 0;
        for (int k = 0; k < a.n; ++k) r |= static_cast<unsigned>(a.axis[k] + 1) << (4 * k);
        return r;
    }
    /// What the body of group q reads for operand k of node i.
    constexpr want resolve(int i, int k, int mask, int placed, int q) {
        const node& x = fz.g.nodes[i];
        const fusion<N>& f = fz.f;
        const int rank = b.groups[q].rank, o = x.n_in <= 3 ? x.in[k] : fz.g.operand(x, k);
        const bool reduces = x.op->kind == pattern::reduction;
        const int m = reduces ? f.from_mask[i] : mask;
        const bool direct = !(f.role[i] & is_moving) && !(f.role[o] & is_view);
        const want w = direct ? seen(o, m, 0, placed, q) : seen(fz.reads(i, k, m, rank, placed), q);
        if (reduces && w.mask != m) return {w.node, m, axes_in(fz.reads(i, k, m, rank)), w.placed, step::widen, 1, 0, {}};
        return w;
    }
    constexpr want seen(const access& a, int q) {
        return seen(a.node, a.mask(), a.in_order() ? 0 : axes_in(a), a.placed ? place_of(a, q) : placements::none, q);
    }
    /// Where a value is read in the domain of group q: nowhere else, if its axes are those of the domain.
    constexpr int place_of(const access& a, int q) {
        const int placed = fz.places.within(a.placed, a.mask());
        bool here = true;
        for (int k = 0; k < a.n; ++k)
            here &= fz.places.shift[placed][static_cast<int>(a.axis[k])] == 0 && fz.g.at(at(a.node).shape, k) == fz.g.at(b.groups[q].domain, a.axis[k]);
        return here ? placements::none : placed;
    }
    constexpr want seen(int u, int mask, unsigned order, int placed, int q) {
        const node& x = fz.g.nodes[u];
        if (x.op == &literal_op) return {u, 0, 0, 0, step::constant, 0, 0, {}};
        if (x.op == &info<inside_op> || (x.op == &info<iota_op> && !(placed && fz.f.pinned[u]))) {
            if (placed && x.op == &info<iota_op>) b.bad = u;   // numbers that are read elsewhere are stored
            return {u, mask, 0, placed, step::counter, 0, 0, {}};
        }
        if (fz.f.sunk[u]) {
            if (order || (placed && b.n - current > max_group_nodes) || (x.op->costly && is_elsewhere(u, placed))) b.bad = u;
            return {u, mask, 0, placed, step::operation, x.n_in, 0, {}};
        }
        if (fz.f.group[u] != q || (fz.f.role[u] & (is_source | is_reshape))) return {u, mask, order, placed, step::load, 0, 0, {}};
        const pattern kind = x.op->kind;
        if (kind == pattern::contraction) return {u, fz.f.mask[u], 0, 0, step::tile, 0, 0, {}};
        return {u, fz.f.mask[u], 0, 0, kind == pattern::reduction ? step::reduce : step::operation, x.n_in, 0, {}};
    }
    /// Is node u computed in this body for another place?
    constexpr bool is_elsewhere(int u, int placed) const {
        for (int e = latest[u] - 1; e >= current; e = b.entry[e].next - 1)
            if (b.entry[e].kind == step::operation && b.entry[e].placed != placed) return true;
        return false;
    }
    constexpr int find(const want& w) const {
        for (int e = latest[w.node] - 1; e >= current; e = b.entry[e].next - 1)
            if (b.entry[e].mask == w.mask && b.entry[e].order == w.order && b.entry[e].placed == w.placed && b.entry[e].kind == w.kind) return e;
        return -1;
    }
    constexpr int put(const want& w, int q) {
        const node& x = fz.g.nodes[w.node];
        const int e = b.n++, i = w.n_in > 0 ? w.in[0] : e, j = w.n_in > 1 ? w.in[1] : i, k = w.n_in > 2 ? w.in[2] : i;
        u64 form = static_cast<u64>(w.kind) | static_cast<u64>(x.type) << 3 | static_cast<u64>(w.mask) << 7 | static_cast<u64>(x.shape) << 15 |
                   static_cast<u64>(i - current) << 29 | static_cast<u64>(j - current) << 39 | static_cast<u64>(k - current) << 49;
        if (w.kind != step::load && fz.f.stored[w.node] && fz.f.group[w.node] == q && fz.f.mask[w.node] == w.mask && !w.placed) form |= body_entry::stored_bit;
        b.entry[e] = {w.node, w.mask, w.order, w.placed, latest[w.node], w.kind, {i, j, k}, form};
        latest[w.node] = e + 1;
        // what a body reads may forbid to merge axes that a reduction needs merged
        fused_group& grp = b.groups[q];
        if ((w.order || w.placed) && w.kind == step::load) grp.cuts |= fz.cuts(access_of(w.node, w.mask, w.order, w.placed), grp.rank, grp.domain);
        else if (w.kind != step::constant) grp.cuts |= cuts_of(w.mask, grp.rank);
        return e;
    }
    constexpr void gather(int q, int out) {
        const node& root = fz.g.nodes[out];
        const pattern kind = root.op->kind;
        const step first = kind == pattern::contraction ? step::tile : kind == pattern::reduction ? step::reduce
                         : kind == pattern::generator ? step::counter : step::operation;
        stack[0] = {out, fz.f.mask[out], 0, placements::none, first, first == step::tile || first == step::counter ? 0 : root.n_in, 0, {}};
        if (find(stack[0]) >= 0) return;
        int n = 1;
        while (n) {
            want& w = stack[n - 1];
            if (w.known == w.n_in) {
                const int e = put(w, q);
                if (--n) stack[n - 1].in[stack[n - 1].known++] = e;
                continue;
            }
            const want o = w.kind == step::widen ? seen(access_of_order(w.node, w.order, w.placed), q) : resolve(w.node, w.known, w.mask, w.placed, q);
            int e = find(o);
            if (e < 0 && o.n_in > 0) {
                if (n == stack_room) { b.bad = w.node; return; }
                stack[n++] = o;
                continue;
            }
            if (e < 0) e = put(o, q);
            w.in[w.known++] = e;
        }
    }

    constexpr void run() {
        b.n = 0;
        b.bad = fz.violation;
        for (int i = 0; i < fz.g.n; ++i) latest[i] = b.stored_head[i] = b.stored_next[i] = 0;
        for (int q = 0; q < fz.f.n; ++q) b.groups[q] = fz.f.groups[q];
        for (int i = fz.g.n - 1; i >= 0; --i)
            if (fz.f.stored[i]) {
                const int q = fz.f.group[i];
                b.stored_next[i] = b.stored_head[q];
                b.stored_head[q] = i + 1;
            }
        for (int q = 0; q <= fz.f.n; ++q) b.first[q] = 0;
        if (b.bad >= 0) return;   // the groups are no nests
        for (int q = 0; q < fz.f.n; ++q) {
            b.first[q] = current = b.n;
            if (!b.stored_head[q]) continue;
            if (b.groups[q].kind != group_kind::opaque)
                for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) gather(q, o - 1);
            if (fuser<N, Lists>::fits(b.groups[q]) || b.bad >= 0) continue;
            for (int e = b.first[q]; e < b.n; ++e)   // store what was to be computed here
                if (b.entry[e].kind == step::operation && fz.f.sunk[b.entry[e].node]) b.bad = b.entry[e].node;
            if (b.bad < 0) b.bad = at(b.groups[q].anchor).in[0];
        }
        b.first[fz.f.n] = b.n;
        if (b.bad < 0) b.bad = fz.violation;
        b.places = fz.places;
    }
};

}  // namespace kiln
