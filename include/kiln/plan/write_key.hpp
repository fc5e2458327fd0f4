// The keys of groups, each written once, and the sizes that go with a call of its kernel.
#pragma once
#include <kiln/plan/calls.hpp>
#include <kiln/plan/column_repeats.hpp>
#include <kiln/plan/facts.hpp>
#include <kiln/plan/fma.hpp>
#include <kiln/plan/merged_axes.hpp>
#include <kiln/plan/prologues.hpp>

namespace kiln {

template <int N, int Lists, class Bodies>
struct key_writer {
    static constexpr int words_max = 8 * N + 128, table_max = 6 * N + 64;
    using facts_type = body_facts<2 * N + 64>;

    graph_view g;
    plan_target target;
    const fuser<N, Lists>& fz;
    const Bodies& b;
    const prologues<N>& pro;

    u64 words[words_max]{};
    plan_kernel kernels[N + 1]{};
    int call_sizes[table_max * 3]{};
    size_table<256, Lists> sizes{};
    int n_words = 0, n_kernels = 0, n_call_sizes = 0;
    int place_in_key[Bodies::room]{};   // by entry: which node of its key it is
    struct written { key_header header; bool reduces; int newest_call; };
    written kernel_is[N + 1]{};   // by kernel

    constexpr key_writer(graph_view graph, plan_target t, const fuser<N, Lists>& fused, const Bodies& bodies, const prologues<N>& p)
        : g(graph), target(t), fz(fused), b(bodies), pro(p) {}

    constexpr const node& at(int i) const { return g.nodes[i]; }
    constexpr const fusion<N>& f() const { return fz.f; }
    constexpr void size(const size_expr& e) { call_sizes[n_call_sizes++] = sizes.intern(e); }


    /// Strides of an operand along the merged axes, and along the summed axis (`rank`) of a contraction. Where it shows windows, outer ones are those of the images.
    constexpr void put_strides(const access& a, const merged_axes& m, int from, int to, int rank, int windows = -1) {
        for (int c = from; c < to; ++c) {
            size_expr s = stride_along(a, m, c, rank, g, sizes);
            if (windows >= 0 && c < m.outer) {
                const window_geometry w = window_geometry::from([&](int k) { return g.at(at(windows).attrs, k); });
                s.number = s.number / w.patches() * w.image();
            }
            size(s);
        }
    }

    constexpr size_expr shift_size(i64 s) {
        return placements::is_minus_product(s) ? times(sizes.of(g, -s), {-1, 0, {}}) : sizes.of(g, s);
    }
    /// Of a load that is read elsewhere: the shift and the extent along each merged axis, in terms of elements of that axis; only the first
    /// axis of a run may have one.
    constexpr void put_section(key_node& k, const access& a, const merged_axes& m, const fused_group& grp, int first_size) {
        k.section = true;
        k.in[1] = n_call_sizes - first_size;
        size_expr extent[8];
        for (int c = 0; c < m.n; ++c) {
            size_expr shift{0, 0, {}};
            bool first = true;
            extent[c] = {1, 0, {}};
            for (int j = 0; j < a.n; ++j) {
                const int q = a.axis[j];
                if (m.of[q] != c) continue;
                const i64 e = g.at(g.nodes[a.node].shape, j);
                if (first) {
                    const i64 s = b.places.shift[a.placed][q];
                    shift = shift_size(s);
                    extent[c] = sizes.of(g, e);
                    if (!surely_within(g, g.at(grp.domain, q), s, e)) k.op |= 1 << c;
                } else {
                    shift = times(shift, sizes.of(g, e));
                    extent[c] = times(extent[c], sizes.of(g, e));
                }
                first = false;
            }
            size(shift);
        }
        for (int c = 0; c < m.n; ++c) size(extent[c]);
    }
    /// Of a mask: where it begins and ends, and the shift.
    constexpr void put_inside(key_node& k, const body_entry& x, int first_size) {
        k.in[0] = n_call_sizes - first_size;
        const int attrs = g.nodes[x.node].attrs;
        for (int j = 1; j < 3; ++j) size(sizes.of(g, g.at(attrs, j)));
        size(x.placed ? shift_size(b.places.shift[x.placed][__builtin_ctz(static_cast<unsigned>(x.mask))]) : size_expr{0, 0, {}});
    }

    // ---- the key of a group and the sizes of its calls
    constexpr plan_call kernel_of(int q) {
        plan_call call{0, 0, 0, n_call_sizes, 0, q, 0};
        written k{};
        const int n = write_key(q, words + n_words, k);
        call.n_sizes = n_call_sizes - call.first_size;
        call.kernel = interned_kernel(n);
        kernel_is[call.kernel] = k;
        return call;
    }
    /// Writes the key of group q to w, and the sizes of its call behind all others; returns how many words it has.
    constexpr int write_key(int q, u64* w, written& is) {
        fused_group grp = b.groups[q];
        if (pro.inside[q]) grp.cuts = pro.cuts[q];
        const int first_size = n_call_sizes;
        const bool con = grp.kind == group_kind::contraction;
        const int from = b.first[q], to = b.first[q + 1];
        const merged_axes m = merged_axes_of(grp, g, sizes);
        access operand[2]{};
        int windows = -1;
        key_header h{grp.kind, 0, m.n, m.outer, 0, 0, 1, m.rows, 0, 0};
        for (int k = 0; k < m.n; ++k) size(m.extent[k]);
        size_expr inner{};
        if (con) {
            for (int k = 0; k < 2; ++k) operand[k] = fz.contraction_access(grp.anchor, k);
            const node& left = at(at(grp.anchor).in[0]);
            inner = sizes.of(g, g.at(left.shape, g.length(left.shape) - 1));
            size(inner);
            h.left = layout(operand[0], grp.rank - 2, grp.rank, m.count(m.n - 2, grp.rank) == 1);
            h.right = layout(operand[1], grp.rank, grp.rank - 1, true);
            windows = windows_behind(fz.g, fz.f, operand[0].node);
            h.windows = windows >= 0;
            for (int k = 0; k < 2; ++k) h.computes[k] = pro.within[q][k] != 0;
            h.pools = pro.within[q][2] != 0;
            if (h.computes[0] && h.left != by_rows) h.left = by_strides;   // it lies nowhere, so its lines are neither
            if (h.computes[1] && h.right != by_rows) h.right = by_strides;
            if (m.outer > 0 || h.left == by_strides || h.right == by_strides)   // else they follow from the extents
                for (int k = 0; k < 2; ++k) put_strides(operand[k], m, 0, m.n + 1, grp.rank, k == 0 ? windows : -1);
        }
        // which extents are constants of the kernel
        const size_expr& columns = m.extent[m.n - 1];
        const bool keep_all = con && target.constant_contractions;
        dtype last = dtype::boolean;
        int widest = 1;   // bytes of a lane
        for (int e = from; e < to; ++e)
            if (const dtype t = g.nodes[b.entry[e].node].type; t != last) {
                last = t;
                if (const int bytes = size_of(t); bytes > widest) widest = bytes;
            }
        h.lane_bytes = widest;
        const bool keep_columns = keep_all || (!con && m.rows && columns.fixed() && columns.number <= target.constant_columns &&
                                               columns.number * widest <= 8 * target.vector_bytes);
        int n = 1;
        for (int k = 0; k < m.n; ++k) {
            const bool keep = k == m.n - 1 ? keep_columns : (keep_all && k >= m.outer);
            w[n++] = keep && m.extent[k].fixed() ? static_cast<u64>(m.extent[k].number) : 0;
        }
        if (con) w[n++] = keep_all && inner.fixed() ? static_cast<u64>(inner.number) : 0;

        body_operations fused;
        fuse_products(g.nodes, b.entry, from, to, fused);
        // the operations that occur, in order of first use
        u64 ops[256];
        for (int e = from; e < to; ++e) {
            const body_entry& x = b.entry[e];
            if ((x.kind != step::operation && x.kind != step::reduce) || fused.absorbed[e - from]) continue;
            const u64 id = fused.op[e - from]->id;
            int k = 0;
            while (k < h.ops && ops[k] != id) ++k;
            if (k == h.ops) ops[h.ops++] = id;
        }
        for (int k = 0; k < h.ops; ++k) w[n++] = ops[k];

        h.slots = con ? 3 : 1;   // operands of a contraction, scratch
        const int first_node = n;
        int last_mask = 0, merged_mask = 0;
        bool reduces = false, across = false, elsewhere = false;   // across rows, or all that there are
        u64 constants[256];
        for (int e = from; e < to; ++e) {
            const body_entry& x = b.entry[e];
            if (fused.absorbed[e - from]) continue;
            place_in_key[e] = n - first_node;
            const node& y = g.nodes[x.node];
            if (x.mask != last_mask) merged_mask = m.mask(last_mask = x.mask);
            reduces |= x.kind == step::reduce;
            across |= x.kind == step::reduce && (merged_mask >> m.outer & 1) == 0;
            key_node k{x.kind, y.type, 0, {}, merged_mask, 0, false};
            switch (x.kind) {
            case step::constant:
                k.slot = h.constants;
                constants[h.constants++] = static_cast<u64>(g.at(y.attrs, 0));
                break;
            case step::counter:
                for (int a = 0; a < 8; ++a)
                    if (x.mask >> a & 1) k.slot = m.of[a];
                if (y.op == &info<inside_op>) put_inside(k, x, first_size);
                break;
            case step::load:
                k.slot = h.slots++;
                if (x.order || x.placed) {
                    const access a = access_of(x.node, x.mask, x.order, x.placed);
                    k.strided = x.order != 0;
                    k.scattered = k.strided && (a.n == 0 || a.axis[a.n - 1] != grp.rank - 1);
                    k.in[0] = n_call_sizes - first_size;
                    put_strides(a, m, 0, m.n, grp.rank);
                    if (x.placed) put_section(k, a, m, grp, first_size);
                    elsewhere |= x.placed;
                }
                break;
            case step::tile: break;
            case step::widen:
                for (int j = 0; j < 3; ++j) k.in[j] = place_in_key[x.in[j]];
                break;
            default: {
                const u64 id = fused.op[e - from]->id;
                while (ops[k.op] != id) ++k.op;
                for (int j = 0; j < 3; ++j) k.in[j] = place_in_key[fused.in[e - from][j]];
            }
            }
            w[n++] = packed(k);
        }
        if (elsewhere && !con) {
            column_repeats<Bodies> repeats{b, w + first_node, constants, ops, grp.rank - 1, m.n - 1, {}};
            for (int e = from; e < to; ++e)
                if (!fused.absorbed[e - from]) repeats.entry[place_in_key[e]] = e;
            repeats.mark(n - first_node);
        }
        i64 stored = 0;   // bytes of a column
        for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) {
            const int i = o - 1, e = place_in_key[entry_of(i, from)];
            stored += size_of(at(i).type);
            w[n++] = packed(key_node{step::store, at(i).type, 0, {e, e, e}, m.mask(f().mask[i]), h.slots++, false});
        }
        const bool stores_sums = con && n - first_node == 2;
        for (int k = 0; k < h.constants; ++k) w[n++] = constants[k];
        if (windows >= 0) {
            const list shown = window_geometry::from([&](int k) { return g.at(at(windows).attrs, k); }).in_three_axes().attributes();
            for (int k = 0; k < shown.n; ++k) w[n++] = static_cast<u64>(shown[k]);
            h.constants += shown.n;
        }
        if (h.has_within()) {
            int tail[words_of_within]{}, before = n;
            for (int k = 0; k < most_within; ++k) {
                if (!h.has_within(k)) continue;
                const int part = pro.within[q][k] - 1;
                written map{};
                tail[2 * k + 1] = n_call_sizes - first_size;
                tail[2 * k] = b.groups[part].kind == group_kind::opaque ? write_opaque_key(b.groups[part].anchor, w + n) : write_key(part, w + n, map);
                n += tail[2 * k];
            }
            for (int t : tail) w[n++] = static_cast<u64>(t);
            h.constants += n - before;
        }
        i64 work = 1;
        const auto count = [&](const size_expr& e) {
            if (work <= surely_one_slice) work = e.fixed() ? work * e.number : surely_one_slice + 1;
        };
        for (int k = 0; k < m.n; ++k) count(m.extent[k]);
        if (con) count(inner);
        const bool sums_of_rows = reduces && !con && (across ? few(m, m.outer) : few(m, m.n - 1, true) && !(columns.fixed() && columns.number <= surely_one_slice));
        h.slices = ((m.outer == 0 && ((con && reduces) || (h.windows && h.left == by_columns) || few_sums(h, m, inner, widest, stores_sums))) || sums_of_rows) && work > surely_one_slice;
        h.large = grp.kind == group_kind::nest && m.n == 1 && !(columns.fixed() && columns.number <= beyond_caches / (stored ? stored : 1));
        w[0] = packed(h);
        is = {h, reduces, 0};
        return n;
    }
    /// May the indices of the first n axes be a few?
    static constexpr bool few(const merged_axes& m, int n, bool unknown = false) {
        i64 count = 1;
        for (int k = 0; k < n; ++k) count = count >= few_indices ? count : m.extent[k].fixed() ? count * m.extent[k].number : unknown ? count : few_indices;
        return count < few_indices;
    }
    /// Is this a product whose result may be so small that threads had rather share its inner axis? Of an inner axis that is not known only where nothing else is
    /// computed, since it is that of the samples of a step more often than of a table: slices are 2 % of the time to compile a network. Where it alone is known it is that of a layer.
    static constexpr bool few_sums(const key_header& h, const merged_axes& m, const size_expr& inner, i64 bytes, bool stores_sums) {
        if (h.kind != group_kind::contraction || h.windows || h.computes[0] || h.computes[1]) return false;
        const size_expr &rows = m.extent[m.n - 2], &columns = m.extent[m.n - 1];
        if (!inner.fixed() && !stores_sums) return false;
        if (!rows.fixed() || !columns.fixed()) return !inner.fixed();
        return rows.number * columns.number * bytes <= most_bytes_of_few_sums;
    }
    // ---- opaque: a load for each operand, a store for each result, the attributes as constants
    template <class F>
    constexpr void each_result(int i, F f) const {
        if (at(i).type != dtype::none) f(i);
        else
            for (int k = i + 1; k < g.n && at(k).op == &result_op && at(k).in[0] == i; ++k) f(k);
    }
    constexpr int write_opaque_key(int i, u64* w) {
        const node& x = at(i);
        key_header h{group_kind::opaque, 0, 0, 0, 1, 0, 8, false, 0, 0};
        int n = 1;
        w[n++] = x.op->id;
        auto one = [&](int node, step kind) {
            w[n++] = packed(key_node{kind, at(node).type, 0, {}, 0, h.slots++, false});
            const int s = at(node).shape, r = g.length(s);
            size(sizes.count(g, s));
            size(r ? sizes.of(g, g.at(s, r - 1)) : size_expr{1, 0, {}});
        };
        for (int k = 0; k < x.n_in; ++k) one(g.operand(x, k), step::load);
        each_result(i, [&](int node) { one(node, step::store); });
        for (int k = 0; k < g.length(x.attrs); ++k) {
            const i64 v = g.at(x.attrs, k);
            if (is_name(v)) size({static_cast<i64>(hash(g.text_of(v))), 0, {}});   // one kernel for all names
            else if (!is_product(v)) {
                w[n++] = static_cast<u64>(v);
                ++h.constants;
            }
        }
        w[0] = packed(h);
        return n;
    }
    /// [.., row, column] contiguous along the column axis, along the row axis, or neither.
    static constexpr int layout(const access& a, int row, int column, bool single_row) {
        if (a.n < 2) return by_strides;
        if (a.axis[a.n - 1] == column && a.axis[a.n - 2] == row) return by_rows;
        return a.axis[a.n - 1] == row && a.axis[a.n - 2] == column && single_row ? by_columns : by_strides;
    }
    /// The entry that computes a stored node.
    constexpr int entry_of(int i, int from) const {
        int e = from;
        while (b.entry[e].node != i || b.entry[e].mask != f().mask[i] || b.entry[e].placed || b.entry[e].kind == step::load || b.entry[e].kind == step::widen) ++e;
        return e;
    }
    /// What follows from the key of group q, n words at w.
    constexpr void analyse(facts_type& facts, int q, const key_header& h, const u64* w, int n) const {
        facts.read(h, w, n);
        for (int e = b.first[q]; e < b.first[q + 1]; ++e)
            if (b.entry[e].kind == step::operation && at(b.entry[e].node).op->costly) facts.costly[place_in_key[e]] = true;
        facts.derive();
    }
    /// The kernel of the n words that were written last.
    constexpr int interned_kernel(int n) {
        int k = 0;
        for (; k < n_kernels; ++k) {
            if (kernels[k].n != n) continue;
            const u64* v = words + kernels[k].at;
            int j = 0;
            while (j < n && v[j] == words[n_words + j]) ++j;
            if (j == n) return k;
        }
        kernels[n_kernels++] = {n_words, n};
        n_words += n;
        return k;
    }
};

}  // namespace kiln
