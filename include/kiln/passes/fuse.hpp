// Fusion: which nodes share a loop nest. Two sweeps over the array (D14): forward, a node joins the last group among its
// operands' groups, or the newest nest over its domain, or opens one, so that no cycle can arise; backward, a cheap node
// that is not read in its own group sinks into its readers if all that it reads is stored anyway.
//
// A group is a nest over the axes of its domain. Each node depends on some of them: its mask. Found by the masks, not by
// name: [outer][rows][columns], where `columns` begin at the axis that a reduction along the row removes, and `rows` at
// the axis where a reduction over rows begins. Axes that no mask tells apart are merged later; `cuts` says where some does.
#pragma once
#include <kiln/passes/find_prologues.hpp>

namespace kiln {

template <int N, int Shapes>
struct fuser {
    graph_view g;
    fusion<N> f;
    int newest[Shapes];    // 1 + the newest nest over this shape
    int violation = -1;    // a node that must be stored before this graph fits into nests
    bool apart = false;    // every node in a nest of its own: what fusion is compared with
    placements places{};

    constexpr const node& at(int i) const { return g.nodes[i]; }
    constexpr bool is(int i, pattern p) const { return g.nodes[i].op->kind == p; }
    constexpr int rank(int shape) const { return g.length(shape); }
    /// Roles follow from kinds and from what is pinned.
    constexpr void give_roles() {
        for (int i = 0; i < g.n; ++i) {
            const node& x = g.nodes[i];
            int r = 0, under = i, home = i;
            switch (x.op->kind) {
            case pattern::leaf: r = is_source; break;
            case pattern::generator: r = !f.pinned[i] || x.op == &info<size_op> ? is_source : is_computed; break;
            case pattern::expand:
            case pattern::transpose:
            case pattern::section:
                r = f.pinned[i] ? is_moving | is_computed : is_moving | is_view;
                if (!f.pinned[i]) under = f.under[x.in[0]];
                break;
            case pattern::reshape:
                r = is_reshape;
                home = f.home[x.in[0]];
                break;
            case pattern::opaque:
                r = f.windows[i] ? is_reshape : is_computed;
                if (f.windows[i]) home = f.home[x.in[0]];
                break;
            case pattern::result: break;
            case pattern::pointwise: r = is_pointwise | is_computed; break;
            default: r = is_computed;
            }
            f.role[i] = f.live[i] ? r : r & ~is_computed;
            f.under[i] = under;
            f.home[i] = home;
        }
    }
    /// Operand o of a node with this mask, behind all views.
    constexpr access look(int o, int mask, int rank_of_domain, int placed = placements::none) {
        access a{o, 0, {}, placed};
        for (int k = 0; k < rank_of_domain; ++k)
            if (mask >> k & 1) a.axis[a.n++] = static_cast<signed char>(k);
        while (f.role[a.node] & is_view) pass(a);
        return a;
    }
    /// What node i reads as its operand k when i itself is computed under this mask.
    constexpr access reads(int i, int k, int mask, int rank_of_domain, int placed = placements::none) {
        if (!(f.role[i] & is_moving)) return look(g.operand(at(i), k), mask, rank_of_domain, placed);
        access a{i, 0, {}, placed};
        for (int q = 0; q < rank_of_domain; ++q)
            if (mask >> q & 1) a.axis[a.n++] = static_cast<signed char>(q);
        pass(a);
        while (f.role[a.node] & is_view) pass(a);
        return a;
    }
    constexpr void pass(access& a) {
        if (!is(a.node, pattern::section)) return through(a);
        const node& x = g.nodes[a.node];
        const bool adds = x.op == &info<reach_op>;
        i64 s[8]{};
        for (int q = 0; a.placed != placements::none && q < 8; ++q) s[q] = places.shift[a.placed][q];
        bool good = true;
        for (int k = 0, m = g.length(x.attrs); k < m; k += 2) {
            const i64 before = g.at(x.attrs, k);
            good &= placements::add(s[static_cast<int>(a.axis[a.n - m / 2 + k / 2])], adds ? -before : before);
        }
        a.placed = places.intern(s, placements::most_of_views);
        if (!good || a.placed == placements::none) violation = a.node;   // then it is stored
        a.node = x.in[0];
    }
    /// Where the axes of a domain cannot be one loop for what is read so: where a line is not as long as in the domain, or read elsewhere.
    constexpr int cuts(const access& a, int rank_of_domain, int domain) const {
        int r = a.cuts(rank_of_domain);
        for (int k = 0; a.placed != placements::none && k < a.n; ++k) {
            const int q = a.axis[k];
            if (q > 0 && (places.shift[a.placed][q] != 0 || g.at(g.nodes[a.node].shape, k) != g.at(domain, q))) r |= 1 << q;
        }
        return r;
    }
    constexpr void through(access& a) const {
        const node& x = g.nodes[a.node];
        access r{x.in[0], 0, {}, a.placed};
        if (x.op->kind == pattern::expand) {
            const int m = static_cast<int>(g.at(x.attrs, 0));
            for (int k = 0; k < a.n; ++k) {
                bool added = false;
                for (int j = 0; j < m; ++j) added |= g.at(x.attrs, 1 + j) == k - a.n;
                if (!added) r.axis[r.n++] = a.axis[k];
            }
        } else {   // result axis k is operand axis p[k]; axes before the listed ones stay
            const int m = g.length(x.attrs);
            r.n = a.n;
            for (int k = 0; k < a.n; ++k) {
                const int p = k < a.n - m ? k : static_cast<int>(g.at(x.attrs, k - (a.n - m))) + a.n;
                r.axis[p] = a.axis[k];
            }
        }
        a = r;
    }

    // ---- the shape of a group: may these cuts and bounds be one nest?
    static constexpr bool fits(const fused_group& q) {
        if (q.columns >= 0 && (q.cuts & bits_between(q.columns + 1, q.rank))) return false;
        if (q.rows < 0) return true;
        if (q.columns >= 0) return (q.cuts & bits_between(q.rows + 1, q.columns)) == 0;
        return count_bits(q.cuts & bits_between(q.rows + 1, q.rank)) <= 1;
    }

    constexpr void open(int i, int shape, group_kind kind) {
        fused_group q{i, shape, rank(shape), kind, f.in_branch[i], -1, -1, 0, 1};
        if (kind == group_kind::contraction) {   // rows and columns are two loops even where no operand says so
            q.columns = static_cast<signed char>(q.rank - 1);
            q.cuts = 1 << q.columns;
        }
        f.groups[f.n] = q;
        f.group[i] = f.n++;
        f.mask[i] = (1 << q.rank) - 1;
    }

    constexpr bool join(int i, int to) {
        const node& x = g.nodes[i];
        fused_group q = f.groups[to];
        if (q.kind == group_kind::opaque || q.branch != f.in_branch[i] || q.n == max_group_nodes) return false;
        const int full = (1 << q.rank) - 1;
        if (x.op->kind == pattern::reduction) return join_reduction(i, to, q, full);
        const bool moves = !(f.role[i] & is_pointwise);
        int m = -1;
        for (int k = 0; k < x.n_in && !moves; ++k) {   // a direct operand of the group fixes the mask
            const int o = x.n_in <= 3 ? x.in[k] : g.operand(x, k);
            if (f.group[o] == to && !(f.role[o] & (is_view | is_reshape)) && !f.sunk[o]) {
                if (m >= 0 && m != f.mask[o]) return false;
                m = f.mask[o];
            }
        }
        if (m < 0) {
            if (x.shape != q.domain) return false;
            m = full;
        }
        bool post = false;
        signed char stage = 0;
        const int row_axes = bits_between(q.rows < 0 ? 0 : q.rows, q.columns < 0 ? q.rank : q.columns);
        for (int k = 0; k < x.n_in; ++k) {
            access a{x.n_in <= 3 ? x.in[k] : g.operand(x, k), 0, {}};
            const bool viewed = moves || (f.role[a.node] & is_view);
            if (viewed) a = reads(i, k, m, q.rank);
            const int u = a.node;
            if (f.group[f.home[u]] == to && !f.sunk[u]) {
                if (f.role[u] & is_reshape) return false;   // read in another shape: it must be in memory
                if (viewed ? !a.in_order() || a.mask() != f.mask[u] || a.placed : f.mask[u] != m) return false;
                if (f.stage[u] > stage) stage = f.stage[u];
                if (f.post[u]) {
                    if (m & row_axes) return false;
                    post = true;
                }
            } else if (viewed && g.nodes[u].op != &literal_op) q.cuts |= cuts(a, q.rank, q.domain);   // else the cuts of m
        }
        q.cuts |= cuts_of(m, q.rank);
        if (!fits(q)) return false;
        ++q.n;
        f.groups[to] = q;
        f.group[i] = to;
        f.mask[i] = m;
        f.stage[i] = stage;
        f.post[i] = post;
        return true;
    }

    constexpr bool join_reduction(int i, int to, fused_group q, int full) {
        const node& x = at(i);
        const int o = x.in[0];
        const bool inside = f.group[o] == to && !(f.role[o] & (is_view | is_reshape)) && !f.sunk[o];
        if (!inside && at(o).shape != q.domain) return false;
        const int om = inside ? f.mask[o] : full;
        if (inside && f.post[o]) return false;
        int stage = inside ? f.stage[o] : 0;
        if (!inside) {
            const access a = look(o, full, q.rank);
            if (f.group[f.home[a.node]] == to) {
                if (f.sunk[a.node] || (f.role[a.node] & is_reshape) || !a.in_order() || a.mask() != f.mask[a.node] || f.post[a.node] || a.placed) return false;
                stage = f.stage[a.node];
            } else if (at(a.node).op != &literal_op) q.cuts |= cuts(a, q.rank, q.domain);
        }
        // the reduced axes in the domain
        int removed = 0, n = count_bits(om);
        for (int k = 0, j = 0; k < q.rank; ++k) {
            if (!(om >> k & 1)) continue;
            for (int e = 0; e < g.length(x.attrs); ++e)
                if (g.at(x.attrs, e) == j - n) removed |= 1 << k;
            ++j;
        }
        int first = 0, last = 0;   // [first, last): must be one run
        while (!(removed >> first & 1)) ++first;
        for (last = first; last < q.rank && (removed >> last & 1); ++last) {}
        if (removed != bits_between(first, last)) return false;
        bool along_row = false;
        if (om == full && last == q.rank && (first > 0 || q.rank == 1) && (q.columns < 0 || q.columns == first) &&
            q.kind == group_kind::nest) {
            along_row = true;
            q.columns = static_cast<signed char>(first);
        } else if (om == full) {   // over the rows: known after the nest
            if (last == q.rank && q.columns >= 0 && first >= q.columns) return false;
            if (last < q.rank) {
                if (q.columns >= 0 && q.columns != last) return false;
                q.columns = static_cast<signed char>(last);
            }
            if (q.rows >= 0 && q.rows != first) return false;
            q.rows = static_cast<signed char>(first);
        } else if (q.columns > 0 && om == bits_between(0, q.columns) && last == q.columns) {   // of values of rows
            if (q.rows >= 0 && q.rows != first) return false;
            q.rows = static_cast<signed char>(first);
        } else return false;
        q.cuts |= cuts_of(om, q.rank) | cuts_of(om & ~removed, q.rank);
        stage += along_row;
        if (!fits(q) || stage == max_passes) return false;
        ++q.n;
        f.groups[to] = q;
        f.group[i] = to;
        f.stage[i] = static_cast<signed char>(stage);
        f.mask[i] = om & ~removed;
        f.from_mask[i] = om;
        f.post[i] = !along_row;
        return true;
    }

    /// What must lie in memory: operands of contractions (behind views), of reshapes and of opaque operations.
    constexpr void pin_reads(int i) {
        const node& x = g.nodes[i];
        const bool through_views = x.op->kind == pattern::contraction;
        for (int k = 0; k < x.n_in; ++k) {
            int o = x.n_in <= 3 ? x.in[k] : g.operand(x, k);
            pattern kind = g.nodes[o].op->kind;
            for (; through_views && !f.pinned[o] && (kind == pattern::expand || kind == pattern::transpose); kind = g.nodes[o].op->kind)
                o = g.nodes[o].in[0];
            for (; kind == pattern::reshape || f.windows[o]; kind = g.nodes[o].op->kind) o = g.nodes[o].in[0];
            f.pinned[o] = true;
        }
    }

    /// `also_pinned`: nodes to be stored whatever fusion thinks of it.
    constexpr void run(const int* roots, int n_roots, const bool* also_pinned) {
        for (int i = 0; i < g.n; ++i) {
            f.group[i] = -1;
            if (also_pinned[i]) f.pinned[i] = true;
        }
        for (int k = 0; k < n_roots; ++k) f.live[roots[k]] = f.pinned[roots[k]] = true;
        find_windows(g, f);
        for (int i = g.n - 1; i >= 0; --i) {
            if (!f.live[i]) continue;
            const node& x = g.nodes[i];
            const pattern kind = x.op->kind;
            if (kind == pattern::leaf) continue;
            for (int k = 0; k < x.n_in; ++k) f.live[x.n_in <= 3 ? x.in[k] : g.operand(x, k)] = true;
            if (kind == pattern::contraction || kind == pattern::opaque || kind == pattern::reshape) pin_reads(i);
            if (x.type == dtype::none)
                for (int k = i + 1; k < g.n && at(k).op == &result_op && at(k).in[0] == i; ++k) f.live[k] = f.pinned[k] = f.stored[k] = true;
        }
        if (!apart) find_prologues(g, f, roots, n_roots);
        give_roles();
        forward_sweep();
        backward_sweep();
    }

    constexpr int branch_of(int i) {
        const node& x = at(i);
        int r = 0;   // the innermost: branches are numbered from outside in
        if (x.op == &info<merge_op>) {   // out of the branches that end here
            for (int k = 0; k < 3; ++k) {
                int c = f.in_branch[x.in[k]];
                if (k && c && f.branches[c].predicate == f.home[x.in[0]]) c = f.branches[c].parent;
                if (c > r) r = c;
            }
            return r;
        }
        if (x.op == &info<enter_op>) {
            const int outside = f.in_branch[x.in[0]], decided = f.in_branch[x.in[1]];
            const branch want{f.home[x.in[1]], static_cast<int>(g.at(x.attrs, 0)), outside > decided ? outside : decided};
            for (int k = 1; k <= f.n_branches; ++k)
                if (f.branches[k] == want) return k;
            f.branches[++f.n_branches] = want;
            return f.n_branches;
        }
        for (int k = 0; k < x.n_in; ++k)
            if (const int c = f.in_branch[g.operand(x, k)]; c > r) r = c;
        return r;
    }
    constexpr void forward_sweep() {
        f.n_branches = 0;
        for (int i = 0; i < g.n; ++i) {
            const node& x = g.nodes[i];
            const pattern kind = x.op->kind;
            f.in_branch[i] = 0;
            if (!f.live[i] || kind == pattern::leaf) continue;
            if (f.n_branches || x.op == &info<enter_op>) f.in_branch[i] = branch_of(i);
            if (f.role[i] & is_source) continue;
            if (x.op == &result_op) { f.group[i] = f.group[x.in[0]]; f.mask[i] = 0; continue; }
            if (f.role[i] & (is_view | is_reshape)) { f.group[i] = f.group[x.in[0]]; continue; }
            if (kind == pattern::opaque) { open(i, x.type == dtype::none ? 0 : x.shape, group_kind::opaque); continue; }
            if (kind == pattern::contraction) {
                open(i, x.shape, group_kind::contraction);
                fused_group& q = f.groups[f.group[i]];
                q.cuts |= contraction_access(i, 0).cuts(q.rank) | contraction_access(i, 1).cuts(q.rank);
                continue;
            }
            int last = -1;
            for (int k = 0; k < x.n_in; ++k)
                if (const int o = f.group[x.n_in <= 3 ? x.in[k] : g.operand(x, k)]; o > last) last = o;
            if (last < 0 && kind == pattern::pointwise && !f.pinned[i]) { f.sunk[i] = true; continue; }
            const int shape = kind == pattern::reduction ? at(x.in[0]).shape : x.shape;
            if (last >= 0 && !apart && join(i, last)) continue;
            if (const int h = newest[shape] - 1; h > last && !apart && !f.prologue[i] && join(i, h)) continue;   // a later nest over the same domain
            open(i, shape, group_kind::nest);
            if (!f.prologue[i]) newest[shape] = f.n;
            if (kind == pattern::reduction && !join_new_reduction(i)) violation = x.in[0];
            if (kind != pattern::reduction) {
                fused_group& q = f.groups[f.n - 1];
                for (int k = 0; k < x.n_in; ++k) {
                    if (!(f.role[i] & is_moving) && !(f.role[g.operand(x, k)] & is_view)) continue;   // all axes: no cut
                    const access a = reads(i, k, (1 << q.rank) - 1, q.rank);
                    if (at(a.node).op != &literal_op) q.cuts |= cuts(a, q.rank, q.domain);
                }
            }
        }
    }
    constexpr bool join_new_reduction(int i) {
        const int to = f.n - 1;
        f.group[i] = -1;
        const bool ok = join(i, to);
        f.group[i] = to;
        return ok;
    }
    /// Operands of a contraction over the domain [batch..., m, n]; the axis that is summed is `rank`.
    constexpr access contraction_access(int i, int side) const {
        const node& x = g.nodes[i];
        const int r = g.length(x.shape), o = x.in[side], q = g.length(g.nodes[o].shape);
        access a{o, q, {}};
        for (int k = 0; k < q; ++k) {
            const int from_end = q - k;
            a.axis[k] = static_cast<signed char>(from_end > 2 ? r - from_end
                                                 : side == 0 ? (from_end == 2 ? r - 2 : r) : (from_end == 2 ? r : r - 1));
        }
        while (f.role[a.node] & is_view) through(a);
        return a;
    }

    constexpr void backward_sweep() {
        bool cross[N]{}, inside[N]{}, outside[N]{};
        for (int i = 0; i < g.n; ++i) {
            const int own = f.group[i];
            if (own < 0 || !(f.role[i] & is_computed)) continue;
            const node& x = g.nodes[i];
            for (int k = 0; k < x.n_in; ++k)
                if (const int u = f.under[x.n_in <= 3 ? x.in[k] : g.operand(x, k)]; f.group[u] != own) cross[u] = true;
        }
        for (int i = g.n - 1; i >= 0; --i) {
            const int role = f.role[i];
            if (!(role & is_computed)) continue;
            const node& x = g.nodes[i];
            bool sinks = f.sunk[i];
            if (!sinks && (role & is_pointwise) && !f.pinned[i] && !inside[i] && !x.op->costly) {   // only where that saves a buffer
                sinks = true;
                for (int k = 0; k < x.n_in; ++k) {
                    const int u = f.under[x.n_in <= 3 ? x.in[k] : g.operand(x, k)], s = f.home[u];
                    if (!(f.role[s] & is_source) && !f.pinned[s] && !cross[u] && f.group[u] >= 0) sinks = false;
                }
                f.sunk[i] = sinks;
            }
            f.stored[i] = !sinks && (f.pinned[i] || outside[i]);
            const int own = sinks || x.op->kind == pattern::contraction ? -1 : f.group[i];
            for (int k = 0; k < x.n_in; ++k) {
                const int u = f.under[x.n_in <= 3 ? x.in[k] : g.operand(x, k)];
                const bool here = own >= 0 && f.group[u] == own && !(f.role[u] & is_reshape);
                (here ? inside : outside)[f.home[u]] = true;
            }
        }
    }
};

}  // namespace kiln
