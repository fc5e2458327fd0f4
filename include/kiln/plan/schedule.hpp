// The order of groups: producers first, and readers of a variable before the group that assigns it in place. Depth first with
// an explicit stack; a cycle always goes through such an edge: that variable's new value goes to a buffer and is copied at the
// end, and the search starts again. A group that nobody waits for, as of a result or an update, then comes right behind the last
// that it waits for: what it reads is in the caches, and free for others soon.
#pragma once
#include <kiln/plan/prologues.hpp>

namespace kiln {

template <int N>
struct group_order {
    int order[N], n;
    bool copied[N];      // by variable node
};

template <int N, int Lists, class Bodies>
struct scheduler {
    const fuser<N, Lists>& fz;
    const Bodies& b;
    const prologues<N>& pro;
    signature sig;
    group_order<N> r;

    // readers of assigned variables and assignments of groups, as lists
    int assigned_by[N];                        // by variable node: 1 + which update
    int reader_head[N], reader_next[2 * N + 64], reader_group[2 * N + 64], n_readers = 0;
    int update_head[N], update_next[N];        // by group, by update

    constexpr scheduler(const fuser<N, Lists>& fused, const Bodies& bodies, const prologues<N>& p, signature s) : fz(fused), b(bodies), pro(p), sig(s), r{} {}

    constexpr const node& at(int i) const { return fz.g.nodes[i]; }
    constexpr int root(int update) const { return fz.g.root(sig.outputs + update); }
    constexpr int variable(int update) const { return fz.g.root(sig.results() + update); }

    constexpr void reads(int q, int node) {
        const int v = fz.f.home[node];
        if (!assigned_by[v] || (reader_head[v] && reader_group[reader_head[v] - 1] == q)) return;
        reader_group[n_readers] = q;
        reader_next[n_readers] = reader_head[v];
        reader_head[v] = ++n_readers;
    }
    /// Is there a pass over the row after the one that stores node i? It would read the new value.
    constexpr bool read_again(int q, int i) const {
        if (b.groups[q].kind != group_kind::nest) return false;
        for (int e = b.first[q]; e < b.first[q + 1]; ++e) {
            const int x = b.entry[e].node;
            if (b.entry[e].kind == step::reduce && fz.f.stage[x] - !fz.f.post[x] > fz.f.stage[i]) return true;
        }
        for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1])
            if (fz.f.stage[o - 1] > fz.f.stage[i]) return true;
        return false;
    }
    constexpr void run() {
        n_readers = 0;
        for (int i = 0; i < fz.g.n; ++i) {
            assigned_by[i] = reader_head[i] = update_head[i] = 0;
            r.copied[i] = false;
            r.order[i] = 0;
        }
        for (int k = 0; k < sig.updates; ++k) {
            assigned_by[variable(k)] = k + 1;
            const int q = fz.f.group[root(k)];
            update_next[k] = update_head[q];
            update_head[q] = k + 1;
        }
        if (sig.updates)
            for (int q = 0; q < fz.f.n; ++q) {
                if (!b.stored_head[q]) continue;
                const int when_read = pro.inside[q] ? pro.inside[q] - 1 : q;   // what a prologue reads is read by its contraction
                for (int e = b.first[q]; e < b.first[q + 1]; ++e) {
                    const body_entry& x = b.entry[e];
                    if (x.kind != step::load) continue;
                    reads(when_read, x.node);
                    const int v = fz.f.home[x.node], u = assigned_by[v] - 1;   // the writer itself reads other elements?
                    if (u >= 0 && fz.f.group[root(u)] == when_read && (when_read != q || x.mask != fz.f.mask[root(u)] || x.order || x.placed || x.node != v || read_again(q, root(u))))
                        r.copied[v] = true;
                }
                if (b.groups[q].kind == group_kind::nest) continue;
                const node& x = at(b.groups[q].anchor);
                for (int k = 0; k < x.n_in; ++k) {
                    const int v = fz.f.home[fz.f.under[fz.g.operand(x, k)]];
                    reads(when_read, v);
                    if (const int u = assigned_by[v] - 1; u >= 0 && fz.f.group[root(u)] == when_read) r.copied[v] = true;
                }
            }
        while (!search()) {}
    }
    constexpr bool search() {
        struct frame { int group, edge, whole, update, reader, via, branch, behind; };   // edge: what it reads next, entries and then operands
        auto opened = [&](int q, int via) {
            const fused_group& grp = b.groups[q];
            return frame{q, b.first[q], grp.kind != group_kind::nest ? at(grp.anchor).n_in : 0, update_head[q], -1, via, grp.branch, 0};
        };
        frame st[N + 1];
        char state[N + 1]{};
        int place[N + 1], behind[N + 1];   // by group: 1 + its place in the order, that of the last it waits for
        bool is_waited_for[N + 1]{};
        int n = 0;
        r.n = 0;
        for (int g0 = 0; g0 < fz.f.n; ++g0) {
            if (state[g0] || !b.stored_head[g0]) continue;
            st[n++] = opened(g0, -1);
            state[g0] = 1;
            while (n) {
                frame& t = st[n - 1];
                int q = -1, via = -1;
                const int g = t.group, end = b.first[g + 1];
                while (t.edge < end && b.entry[t.edge].kind != step::load) ++t.edge;
                if (t.edge < end) {
                    q = fz.f.group[fz.f.home[b.entry[t.edge++].node]];
                } else if (t.edge - end < t.whole) {
                    q = fz.f.group[fz.f.home[fz.f.under[fz.g.operand(at(b.groups[g].anchor), t.edge++ - end)]]];
                } else if (t.branch) {   // the predicates of its branch
                    q = fz.f.group[fz.f.branches[t.branch].predicate];
                    t.branch = fz.f.branches[t.branch].parent;
                } else if (t.update) {   // who reads the variables that this group assigns?
                    const int v = variable(t.update - 1);
                    if (t.reader < 0) t.reader = r.copied[v] ? 0 : reader_head[v];
                    if (t.reader == 0) {
                        t.update = update_next[t.update - 1];
                        t.reader = -1;
                        continue;
                    }
                    q = reader_group[t.reader - 1];
                    t.reader = reader_next[t.reader - 1];
                    via = v;
                } else {
                    state[g] = 2;
                    behind[g] = t.behind;
                    r.order[r.n++] = g;
                    place[g] = r.n;
                    if (--n) st[n - 1].behind = r.n;
                    continue;
                }
                if (q < 0 || q == g) continue;
                is_waited_for[q] = true;
                if (state[q] == 2) {
                    if (place[q] > t.behind) t.behind = place[q];
                    continue;
                }
                if (state[q] == 1) {
                    for (int k = n - 1; via < 0 && st[k].group != q; --k) via = st[k].via;
                    r.copied[via] = true;
                    return false;
                }
                st[n++] = opened(q, via);
                state[q] = 1;
            }
        }
        move_ends(behind, is_waited_for);
        return true;
    }
    /// Groups that nobody waits for wait for others alone, which stay in order.
    constexpr void move_ends(const int* behind, const bool* is_waited_for) {
        int head[N + 1]{}, next[N + 1];   // by place: the last of those that come behind it, by group: the one before it
        int before[N + 1];
        for (int k = 0; k < r.n; ++k) {
            const int g = before[k] = r.order[k];
            if (is_waited_for[g]) continue;
            next[g] = head[behind[g]];
            head[behind[g]] = g + 1;
        }
        int n = 0;
        for (int k = 0; k <= r.n; ++k) {
            if (k > 0 && is_waited_for[before[k - 1]]) r.order[n++] = before[k - 1];
            for (int g = head[k]; g; g = next[g - 1]) r.order[n++] = g - 1;
        }
    }
};

}  // namespace kiln
