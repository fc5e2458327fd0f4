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
    int next;
    step kind;
    int in[3];
};

/// The bodies of all groups; Max is the room for entries.
template <int N, int Max>
struct group_bodies {
    static constexpr int room = Max;
    body_entry entry[Max];
    int n, first[N + 1];                      // entries of group q: [first[q], first[q + 1])
    int stored_head[N], stored_next[N];       // what a group stores: 1 + node, a list
    fused_group groups[N];                    // with the cuts of everything that is read
    int bad;                                  // a node that must be stored before these groups are nests; -1: none
};

constexpr access access_of_order(int node, unsigned order) {
    access a{node, 0, {}};
    for (unsigned o = order; o; o >>= 4) a.axis[a.n++] = static_cast<signed char>((o & 15) - 1);
    return a;
}

template <int N, int Lists>
struct gatherer {
    static constexpr int room = 3 * N + 64;
    fuser<N, Lists> fz;
    group_bodies<N, room> b;
    int latest[N];   // 1 + the newest entry of a node
    int current;

    struct want {
        int node, mask;
        unsigned order;
        step kind;
        bool here;   // computed in this body
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
    constexpr want resolve(int i, int k, int mask, int q) {
        const node& x = fz.g.nodes[i];
        const fusion<N>& f = fz.f;
        const int rank = b.groups[q].rank, o = x.n_in <= 3 ? x.in[k] : fz.g.operand(x, k);
        const bool reduces = x.op->kind == pattern::reduction;
        const int m = reduces ? f.from_mask[i] : mask;
        const bool direct = !(f.role[i] & is_moving) && !(f.role[o] & is_view);
        const want w = direct ? seen(o, m, 0, q) : seen(fz.reads(i, k, m, rank), q);
        if (reduces && w.mask != m) return {w.node, m, axes_in(fz.reads(i, k, m, rank)), step::widen, true};
        return w;
    }
    constexpr want seen(const access& a, int q) { return seen(a.node, a.mask(), a.in_order() ? 0 : axes_in(a), q); }
    constexpr want seen(int u, int mask, unsigned order, int q) {
        const op_info* op = fz.g.nodes[u].op;
        if (op == &literal_op) return {u, 0, 0, step::constant, false};
        if (op == &info<iota_op>) return {u, mask, 0, step::counter, false};
        if (fz.f.sunk[u]) {
            if (order) b.bad = u;
            return {u, mask, 0, step::operation, true};
        }
        const bool inside = fz.f.group[u] == q && !(fz.f.role[u] & (is_source | is_reshape));
        if (inside)
            return {u, fz.f.mask[u], 0,
                    op->kind == pattern::reduction ? step::reduce : op->kind == pattern::contraction ? step::tile : step::operation, true};
        return {u, mask, order, step::load, false};
    }
    constexpr int find(const want& w) const {
        for (int e = latest[w.node] - 1; e >= current; e = b.entry[e].next - 1)
            if (b.entry[e].mask == w.mask && b.entry[e].order == w.order && b.entry[e].kind == w.kind) return e;
        return -1;
    }
    constexpr int put(const want& w) {
        b.entry[b.n] = {w.node, w.mask, w.order, latest[w.node], w.kind, {}};
        latest[w.node] = b.n + 1;
        return b.n++;
    }
    constexpr void gather(int q, int out) {
        int n = 0;
        const bool tile = at(out).op->kind == pattern::contraction;
        stack[n++] = {out, f().mask[out], 0,
                      tile ? step::tile : fz.is(out, pattern::reduction) ? step::reduce
                           : fz.is(out, pattern::generator) ? step::counter : step::operation, true};
        while (n) {
            const want w = stack[n - 1];
            if (find(w) >= 0) { --n; continue; }
            const node& x = at(w.node);
            bool ready = true;
            int in[3]{};
            const int n_in = !w.here || w.kind == step::tile || w.kind == step::counter ? 0 : w.kind == step::widen ? 1 : x.n_in;
            for (int k = n_in - 1; k >= 0; --k) {
                const want o = w.kind == step::widen ? seen(access_of_order(w.node, w.order), q) : resolve(w.node, k, w.mask, q);
                in[k] = find(o);
                if (in[k] >= 0) continue;
                if (n + 1 >= stack_room) { b.bad = w.node; return; }
                stack[n++] = o;
                ready = false;
            }
            if (!ready) continue;
            --n;
            const int e = put(w);
            for (int k = 0; k < 3; ++k) b.entry[e].in[k] = n_in ? in[k < n_in ? k : 0] : e;
            // what a body reads may forbid to merge axes that a reduction needs merged
            fused_group& grp = b.groups[q];
            if (w.kind == step::load && w.order) {
                grp.cuts |= access_of_order(w.node, w.order).cuts(grp.rank);
            } else if (w.kind != step::constant) grp.cuts |= cuts_of(w.mask, grp.rank);
        }
    }

    constexpr void run() {
        b.n = 0;
        b.bad = fz.violation;
        for (int i = 0; i < fz.g.n; ++i) latest[i] = b.stored_head[i] = b.stored_next[i] = 0;
        for (int q = 0; q < f().n; ++q) b.groups[q] = f().groups[q];
        for (int i = fz.g.n - 1; i >= 0; --i)
            if (f().stored[i]) {
                const int q = f().group[i];
                b.stored_next[i] = b.stored_head[q];
                b.stored_head[q] = i + 1;
            }
        for (int q = 0; q < f().n; ++q) {
            b.first[q] = current = b.n;
            if (!b.stored_head[q]) continue;
            if (b.groups[q].kind != group_kind::opaque)
                for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) gather(q, o - 1);
            if (fuser<N, Lists>::fits(b.groups[q]) || b.bad >= 0) continue;
            for (int e = b.first[q]; e < b.n; ++e)   // store what was to be computed here
                if (b.entry[e].kind == step::operation && f().sunk[b.entry[e].node]) b.bad = b.entry[e].node;
            if (b.bad < 0) b.bad = at(b.groups[q].anchor).in[0];
        }
        for (int q = f().n; q <= fz.g.n; ++q) b.first[q] = b.n;
    }
};

}  // namespace kiln
