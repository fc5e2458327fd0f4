// Groups to kernels and calls: keys are written, each once, and every call gets its arguments and sizes.
#pragma once
#include <kiln/plan/calls.hpp>
#include <kiln/plan/equal_groups.hpp>
#include <kiln/plan/facts.hpp>
#include <kiln/plan/fma.hpp>
#include <kiln/plan/merged_axes.hpp>
#include <kiln/plan/packing.hpp>
#include <kiln/plan/schedule.hpp>
#include <kiln/plan/slots.hpp>

namespace kiln {

template <int N, int Lists, class Bodies>
struct plan_writer {
    static constexpr int words_max = 8 * N + 128, table_max = 6 * N + 64;

    graph_view g;
    signature sig;
    plan_target target;
    const fuser<N, Lists>& fz;
    const Bodies& b;
    const group_order<N>& when;

    u64 words[words_max]{};
    plan_kernel kernels[N + 1]{};
    plan_call calls[N + 1]{};
    plan_argument arguments[table_max]{};
    int call_sizes[table_max * 2]{};
    size_table<256, Lists> sizes{};
    slot_pool<N> pool{};
    plan_number numbers[32]{};
    plan_leaf leaves[N + 1]{};
    int n_words = 0, n_kernels = 0, n_calls = 0, n_arguments = 0, n_call_sizes = 0, n_copies = 0, n_numbers = 0, n_leaves = 0;

    int leaf_of[N]{}, output_of[N]{}, slot_of[N]{}, last_use[N]{};
    int assigned_root[N]{};       // by variable node: 1 + the node of its new value
    int assigned_variable[N]{};   // by node: 1 + the variable that it is the new value of
    plan_guard guards[64]{};
    int place_in_key[Bodies::room]{};   // by entry: which node of its key it is
    struct written { key_header header; bool reduces; int newest_call; };
    written kernel_is[N + 1]{};   // by kernel
    int count_of[Lists]{};      // by shape: 1 + the size that counts its elements

    constexpr plan_writer(graph_view graph, signature s, plan_target t, const fuser<N, Lists>& fused, const Bodies& bodies,
                          const group_order<N>& order)
        : g(graph), sig(s), target(t), fz(fused), b(bodies), when(order) {}

    constexpr const node& at(int i) const { return g.nodes[i]; }
    constexpr const fusion<N>& f() const { return fz.f; }
    constexpr int root(int k) const { return g.root(k); }

    constexpr void run() {
        for (int k = 0; k < sig.updates; ++k) {
            assigned_root[root(sig.results() + k)] = root(sig.outputs + k) + 1;
            assigned_variable[root(sig.outputs + k)] = root(sig.results() + k) + 1;
            if (when.copied[root(sig.results() + k)]) ++n_copies;
        }
        number_leaves();
        for (int k = 0; k < sig.outputs; ++k) output_of[root(k)] = k + 1;
        for (int k = 0; k < when.n; ++k) {
            const int q = when.order[k];
            for (int e = b.first[q]; e < b.first[q + 1]; ++e)
                if (b.entry[e].kind == step::load) used(b.entry[e].node, k + 1);
            for (int c = b.groups[q].branch; c; c = f().branches[c].parent) used(f().branches[c].predicate, k + 1);
            if (b.groups[q].kind == group_kind::nest) continue;
            const node& x = at(b.groups[q].anchor);
            for (int o = 0; o < x.n_in; ++o)
                used(b.groups[q].kind == group_kind::contraction ? fz.f.under[g.operand(x, o)] : g.operand(x, o), k + 1);
        }
        for (int k = 0; k < sig.updates; ++k)
            if (when.copied[root(sig.results() + k)]) last_use[root(sig.outputs + k)] = N + 2;
        for (int k = 0; k < when.n; ++k) {
            for (int c = b.groups[when.order[k]].branch; c; c = f().branches[c].parent)
                guards[c] = {place(f().branches[c].predicate), f().branches[c].wanted != 0, f().branches[c].parent};
            write(when.order[k], k + 1);
        }
        for (int k = 0; k < sig.updates; ++k)
            if (const int v = root(sig.results() + k); when.copied[v]) write_copy(assigned_root[v] - 1, v);
    }
    constexpr void used(int i, int now) {
        const int s = fz.f.home[i];
        if (now > last_use[s]) last_use[s] = now;
    }
    constexpr void number_leaves() {
        for (int k = sig.results() + sig.updates; k < sig.results() + sig.updates + sig.inputs; ++k) {
            add_leaf(root(k));
            sizes.count(g, at(root(k)).shape);   // a call binds its names even where no kernel needs them
        }
        for (int i = 0; i < g.n; ++i) {
            const op_info* op = g.nodes[i].op;
            if (op->kind == pattern::leaf && op != &literal_op && (f().live[i] || assigned_root[i])) add_leaf(i);
        }
    }
    constexpr void add_leaf(int i) {
        if (leaf_of[i]) return;
        leaves[n_leaves] = {i};
        leaf_of[i] = ++n_leaves;
    }

    // ---- where values are
    constexpr plan_slot slot_for(int i) {
        int& count = count_of[at(i).shape];
        if (count == 0) count = sizes.intern(sizes.count(g, at(i).shape)) + 1;
        return {count - 1, size_of(at(i).type), -1, -1, -1, false, false};
    }
    constexpr plan_argument place(int i) {
        const int s = fz.f.home[i];
        if (output_of[s]) return {space::output, output_of[s] - 1};
        if (assigned_variable[s] && !when.copied[assigned_variable[s] - 1]) return {space::leaf, leaf_of[assigned_variable[s] - 1] - 1};
        if (leaf_of[s]) return {space::leaf, leaf_of[s] - 1};
        if (slot_of[s] == 0 && at(s).op == &info<size_op>) return {space::number, number_of(s)};
        return {space::buffer, slot_of[s] - 1};
    }
    constexpr int number_of(int i) {
        const plan_number want{sizes.intern(sizes.of(g, g.at(at(i).attrs, 0))), at(i).type};
        for (int k = 0; k < n_numbers; ++k)
            if (numbers[k].size == want.size && numbers[k].type == want.type) return k;
        numbers[n_numbers] = want;
        return n_numbers++;
    }
    constexpr bool buffered(int i) const {
        return !output_of[i] && !(assigned_variable[i] && !when.copied[assigned_variable[i] - 1]);
    }
    constexpr int argument(plan_argument a) {
        arguments[n_arguments] = a;
        return n_arguments++;
    }
    constexpr void size(const size_expr& e) { call_sizes[n_call_sizes++] = sizes.intern(e); }

    /// The stored node i whose storage may be written over by its last reader.
    constexpr bool dies(int i, int now) const {
        return last_use[i] == now && slot_of[i] && !leaf_of[i] && buffered(i);
    }

    /// Strides of an operand along the merged axes, and along the summed axis (`rank`) of a contraction.
    constexpr void put_strides(const access& a, const merged_axes& m, int from, int to, int rank) {
        for (int c = from; c < to; ++c) size(stride_along(a, m, c, rank, g, sizes));
    }

    // ---- calls: of the kernel of an equal group, or of one that is written now
    constexpr void write(int q, int now) {
        if (b.groups[q].kind == group_kind::opaque) { write_opaque(q, now); return; }
        const int same = equal_group(q);
        plan_call call = same >= 0 ? calls[kernel_is[same].newest_call] : kernel_of(q);
        if (same >= 0 && kernel_is[same].reduces)
            for (int e = b.first[q], o = b.first[call.group]; e < b.first[q + 1]; ++e) place_in_key[e] = place_in_key[o++];
        call.first_argument = n_arguments;
        call.group = q;
        call.guard = b.groups[q].branch;
        write_arguments(call, q, now);
        call.n_arguments = n_arguments - call.first_argument;
        kernel_is[call.kernel].newest_call = n_calls;
        calls[n_calls++] = call;
    }
    /// A kernel whose newest call was of a group equal to q; -1: there is none.
    constexpr int equal_group(int q) const {
        for (int k = n_kernels - 1; k >= 0; --k)
            if (const int other = calls[kernel_is[k].newest_call].group; other >= 0 && equal_groups(fz, b, q, other)) return k;
        return -1;
    }

    /// Operands of a contraction, scratch, then loads and stores in the order of the body; stores get their slots.
    constexpr void write_arguments(const plan_call& call, int q, int now) {
        const fused_group& grp = b.groups[q];
        const int from = b.first[q], to = b.first[q + 1];
        const key_header& h = kernel_is[call.kernel].header;
        const bool con = grp.kind == group_kind::contraction;
        if (con)
            for (int k = 0; k < 2; ++k) argument(place(fz.f.under[g.nodes[grp.anchor].in[k]]));
        const int scratch = argument({space::buffer, -1});   // filled in below, where a kernel needs it
        for (int e = from; e < to; ++e)
            if (b.entry[e].kind == step::load) argument(place(b.entry[e].node));
        const int* s = call_sizes + call.first_size + h.axes;   // behind the columns comes the inner extent
        const packing panels = con ? panels_for(h, s, size_of(g.nodes[grp.anchor].type)) : packing{};
        int held = -1;
        auto stores = [&](int n_scratch, const body_facts<2 * N + 64>* facts) {
            if (panels.left || panels.right || n_scratch) {
                if (panels.left || panels.right)
                    held = pool.take({s[-1], size_of(g.nodes[grp.anchor].type), n_scratch, s[0], s[-2], panels.left, panels.right}, sizes);
                else held = pool.take({s[-1], 8, n_scratch, -1, -1, false, false}, sizes);
                arguments[scratch] = {space::buffer, held};
            }
            for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) {
                const int i = o - 1;
                if (buffered(i)) {
                    const int over = written_over(i, from, to, now, grp, facts);
                    slot_of[i] = over >= 0 ? slot_of[over] : pool.take(slot_for(i), sizes) + 1;
                    if (over >= 0) last_use[over] = -1;
                }
                argument(place(i));
            }
        };
        if (kernel_is[call.kernel].reduces) {
            body_facts<2 * N + 64> facts;
            analyse(facts, q, h, words + kernels[call.kernel].at, kernels[call.kernel].n);
            stores(facts.n_scratch, facts.in_registers ? nullptr : &facts);
        } else stores(0, nullptr);
        if (held >= 0) pool.give(held);
        release(q, now, from, to);
    }

    /// What the kernel of a contraction may copy; `s` shows its inner extent among the sizes of the call.
    constexpr packing panels_for(const key_header& h, const int* s, i64 bytes) const {
        auto extent = [&](int k) { return sizes.sizes[s[k]].fixed() ? sizes.sizes[s[k]].number : any_extent; };
        return h.windows ? packing{} : packing_of(h.left, h.right, extent(-2), extent(-1), extent(0), bytes);
    }

    // ---- the key of a group and the sizes of its calls
    constexpr plan_call kernel_of(int q) {
        const fused_group& grp = b.groups[q];
        const bool con = grp.kind == group_kind::contraction;
        const int from = b.first[q], to = b.first[q + 1];
        const merged_axes m = merged_axes_of(grp, g, sizes);
        access operand[2]{};
        int windows = -1;
        key_header h{grp.kind, 0, m.n, m.outer, 0, 0, 1, m.rows, 0, 0};
        plan_call call{0, 0, 0, n_call_sizes, 0, q, 0};
        for (int k = 0; k < m.n; ++k) size(m.extent[k]);
        size_expr inner{};
        if (con) {
            for (int k = 0; k < 2; ++k) operand[k] = fz.contraction_access(grp.anchor, k);
            const node& left = at(at(grp.anchor).in[0]);
            inner = sizes.of(g, g.at(left.shape, g.length(left.shape) - 1));
            size(inner);
            h.left = layout(operand[0], grp.rank - 2, grp.rank, m.count(m.n - 2, grp.rank) == 1);
            h.right = layout(operand[1], grp.rank, grp.rank - 1, true);
            windows = fz.windows_behind(operand[0].node);
            h.windows = windows >= 0;
            if (m.outer > 0 || h.left == by_strides || h.right == by_strides)   // else they follow from the extents
                for (int k = 0; k < 2; ++k) put_strides(operand[k], m, 0, m.n + 1, grp.rank);
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
        u64* w = words + n_words;
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
        bool reduces = false;
        u64 constants[256];
        for (int e = from; e < to; ++e) {
            const body_entry& x = b.entry[e];
            if (fused.absorbed[e - from]) continue;
            place_in_key[e] = n - first_node;
            const node& y = g.nodes[x.node];
            if (x.mask != last_mask) merged_mask = m.mask(last_mask = x.mask);
            reduces |= x.kind == step::reduce;
            key_node k{x.kind, y.type, 0, {}, merged_mask, 0, false};
            switch (x.kind) {
            case step::constant:
                k.slot = h.constants;
                constants[h.constants++] = static_cast<u64>(g.at(y.attrs, 0));
                break;
            case step::counter:
                for (int a = 0; a < 8; ++a)
                    if (x.mask >> a & 1) k.slot = m.of[a];
                break;
            case step::load:
                k.slot = h.slots++;
                if (x.order) {
                    k.strided = true;
                    k.in[0] = n_call_sizes - call.first_size;
                    put_strides(access_of_order(x.node, x.order), m, 0, m.n, grp.rank);
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
        for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) {
            const int i = o - 1, e = place_in_key[entry_of(i, from)];
            w[n++] = packed(key_node{step::store, at(i).type, 0, {e, e, e}, m.mask(f().mask[i]), h.slots++, false});
        }
        for (int k = 0; k < h.constants; ++k) w[n++] = constants[k];
        if (windows >= 0) {
            const list shown = window_geometry::from([&](int k) { return g.at(at(windows).attrs, k); }).in_three_axes().attributes();
            for (int k = 0; k < shown.n; ++k) w[n++] = static_cast<u64>(shown[k]);
            h.constants += shown.n;
        }
        w[0] = packed(h);
        call.n_sizes = n_call_sizes - call.first_size;
        call.kernel = interned_kernel(n);
        kernel_is[call.kernel] = {h, reduces, 0};
        return call;
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
        while (b.entry[e].node != i || b.entry[e].mask != f().mask[i] || b.entry[e].kind == step::load || b.entry[e].kind == step::widen) ++e;
        return e;
    }
    /// A buffer that this group is the last to read, element by element, may hold the result: same elements, same size, so
    /// that each is read before it is written, whatever thread does it, and in no later pass over the row (`facts`, where there
    /// are several).
    constexpr int written_over(int i, int from, int to, int now, const fused_group& grp, const body_facts<2 * N + 64>* facts) const {
        if (f().mask[i] != (1 << grp.rank) - 1) return -1;
        const node& x = g.nodes[i];
        for (int e = from; e < to; ++e) {
            if (b.entry[e].kind != step::load) continue;
            const int r = b.entry[e].node;
            const node& y = g.nodes[r];
            if (last_use[r] != now || y.shape != x.shape || size_of(y.type) != size_of(x.type) || !fz.f.stored[r] || !dies(r, now) ||
                !whole_domain(r, from, to, grp))
                continue;
            if (facts && facts->last_pass(place_in_key[e]) > facts->stage[place_in_key[entry_of(i, from)]]) continue;
            return r;
        }
        return -1;
    }
    constexpr bool whole_domain(int i, int from, int to, const fused_group& grp) const {
        const int full = (1 << grp.rank) - 1;
        for (int e = from; e < to; ++e) {
            const body_entry& x = b.entry[e];
            if (x.kind == step::load && fz.f.home[x.node] == i && (x.node != i || x.mask != full || x.order)) return false;
        }
        if (grp.kind == group_kind::contraction)
            for (int k = 0; k < 2; ++k)
                if (fz.f.home[fz.f.under[at(grp.anchor).in[k]]] == i) return false;
        return at(i).shape == grp.domain;
    }
    constexpr void release(int q, int now, int from, int to) {
        auto free_one = [&](int i) {
            const int s = fz.f.home[i];
            if (last_use[s] != now || !fz.f.stored[s] || !dies(s, now)) return;
            pool.give(slot_of[s] - 1);
            last_use[s] = -1;
        };
        for (int c = b.groups[q].branch; c; c = f().branches[c].parent) free_one(f().branches[c].predicate);
        for (int e = from; e < to; ++e)
            if (b.entry[e].kind == step::load) free_one(b.entry[e].node);
        const node& x = at(b.groups[q].anchor);
        if (b.groups[q].kind != group_kind::nest)
            for (int k = 0; k < x.n_in; ++k) free_one(fz.f.under[g.operand(x, k)]);
    }
    /// What follows from the key of group q, n words at w.
    constexpr void analyse(body_facts<2 * N + 64>& facts, int q, const key_header& h, const u64* w, int n) const {
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
    constexpr void finish_call(plan_call call, int n) {
        call.n_arguments = n_arguments - call.first_argument;
        call.n_sizes = n_call_sizes - call.first_size;
        call.kernel = interned_kernel(n);
        kernel_is[call.kernel].newest_call = n_calls;
        calls[n_calls++] = call;
    }

    /// The new value of a variable that is read to the end.
    constexpr void write_copy(int from, int variable) {
        u64* w = words + n_words;
        const key_header h{group_kind::nest, 3, 1, 0, 1, 0, size_of(at(from).type), false, 0, 0};
        w[0] = packed(h);
        w[1] = 0;
        w[2] = info<copy_op>.id;
        w[3] = packed(key_node{step::load, at(from).type, 0, {}, 1, 1, false});
        w[4] = packed(key_node{step::operation, at(from).type, 0, {0, 0, 0}, 1, 0, false});
        w[5] = packed(key_node{step::store, at(from).type, 0, {1, 1, 1}, 1, 2, false});
        plan_call call{0, n_arguments, 0, n_call_sizes, 0, -1, 0};
        argument({space::buffer, -1});
        argument(place(from));
        argument({space::leaf, leaf_of[variable] - 1});
        size(sizes.count(g, at(from).shape));
        finish_call(call, 6);
    }

    // ---- opaque: a load for each operand, a store for each result, the attributes as constants
    constexpr void write_opaque(int q, int now) {
        const int i = b.groups[q].anchor;
        const node& x = at(i);
        key_header h{group_kind::opaque, 0, 0, 0, 1, 0, 8, false, 0, 0};
        plan_call call{0, n_arguments, 0, n_call_sizes, 0, q, b.groups[q].branch};
        u64* w = words + n_words;
        int n = 1;
        w[n++] = x.op->id;
        auto one = [&](int node, step kind) {
            key_node k{kind, at(node).type, 0, {}, 0, h.slots++, false};
            w[n++] = packed(k);
            argument(place(node));
            const int s = at(node).shape, r = g.length(s);
            size(sizes.count(g, s));
            size(r ? sizes.of(g, g.at(s, r - 1)) : size_expr{1, 0, {}});
        };
        for (int k = 0; k < x.n_in; ++k) one(g.operand(x, k), step::load);
        auto out = [&](int node) {
            if (buffered(node)) slot_of[node] = pool.take(slot_for(node), sizes) + 1;
            one(node, step::store);
        };
        if (x.type == dtype::none)
            for (int k = i + 1; k < g.n && at(k).op == &result_op && at(k).in[0] == i; ++k) out(k);
        else out(i);
        for (int k = 0; k < g.length(x.attrs); ++k) {
            const i64 v = g.at(x.attrs, k);
            if (is_name(v)) size({static_cast<i64>(hash(g.text_of(v))), 0, {}});   // one kernel for all names
            else if (!is_product(v)) {
                w[n++] = static_cast<u64>(v);
                ++h.constants;
            }
        }
        w[0] = packed(h);
        release(q, now, b.first[q], b.first[q]);
        if (x.type == dtype::none)   // a result that nobody reads
            for (int k = i + 1; k < g.n && at(k).op == &result_op && at(k).in[0] == i; ++k)
                if (buffered(k) && last_use[k] == 0) pool.give(slot_of[k] - 1);
        finish_call(call, n);
    }
};

}  // namespace kiln
