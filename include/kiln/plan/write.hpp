// Groups to calls: which kernel, and where its arguments lie, in memory that is used again once nobody reads it.
#pragma once
#include <kiln/plan/equal_groups.hpp>
#include <kiln/plan/packing.hpp>
#include <kiln/plan/schedule.hpp>
#include <kiln/plan/slots.hpp>
#include <kiln/plan/write_key.hpp>

namespace kiln {

template <int N, int Lists, class Bodies>
struct plan_writer : key_writer<N, Lists, Bodies> {
    using base = key_writer<N, Lists, Bodies>;
    using typename base::facts_type;
    using base::g, base::fz, base::b, base::pro, base::words, base::kernels, base::call_sizes, base::sizes, base::n_words, base::n_kernels, base::n_call_sizes,
        base::place_in_key, base::kernel_is, base::at, base::f, base::size, base::kernel_of, base::entry_of, base::each_result, base::write_opaque_key, base::analyse, base::interned_kernel, base::target;

    signature sig;
    const group_order<N>& when;

    plan_call calls[N + 1]{};
    plan_argument arguments[base::table_max]{};
    slot_pool<N> pool{};
    plan_number numbers[32]{};
    plan_leaf leaves[N + 1]{};
    int n_calls = 0, n_arguments = 0, n_copies = 0, n_numbers = 0, n_leaves = 0;

    int leaf_of[N]{}, output_of[N]{}, slot_of[N]{}, last_use[N]{};
    int assigned_root[N]{};       // by variable node: 1 + the node of its new value
    int assigned_variable[N]{};   // by node: 1 + the variable that it is the new value of
    plan_guard guards[64]{};
    int count_of[Lists]{};      // by shape: 1 + the size that counts its elements

    constexpr plan_writer(graph_view graph, signature s, plan_target t, const fuser<N, Lists>& fused, const Bodies& bodies,
                          const prologues<N>& maps, const group_order<N>& order)
        : base(graph, t, fused, bodies, maps), sig(s), when(order) {}

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
            if (pro.inside[q]) continue;
            auto read = [&](int i) { used(i, k + 1); };
            each_load_of_body(q, read);
            each_read_of_prologues(q, read);
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
    template <class F>
    constexpr void each_load_of_body(int q, F each) const {
        for (int e = b.first[q]; e < b.first[q + 1]; ++e)
            if (b.entry[e].kind == step::load) each(b.entry[e].node);
    }
    template <class F>
    constexpr void each_read_of_prologue(int q, int side, F each) const {
        const int p = pro.within[q][side] - 1;
        if (p < 0) return;
        if (b.groups[p].kind != group_kind::opaque) return each_load_of_body(p, each);
        const node& x = at(b.groups[p].anchor);
        for (int k = 0; k < x.n_in; ++k) each(g.operand(x, k));
    }
    template <class F>
    constexpr void each_read_of_prologues(int q, F each) const {
        for (int side = 0; side < 2; ++side) each_read_of_prologue(q, side, each);
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
            if (op->kind == pattern::section)   // a call tells whether there are as many elements as a slice leaves out
                for (int k = 0; k < g.length(g.nodes[i].attrs); ++k)
                    if (const i64 e = g.at(g.nodes[i].attrs, k); is_product(e)) sizes.intern(sizes.of(g, e));
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
        return {count - 1, size_of(at(i).type), -1, -1, -1, {}};
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
    /// The stored node i whose storage may be written over by its last reader.
    constexpr bool dies(int i, int now) const {
        return last_use[i] == now && slot_of[i] && !leaf_of[i] && buffered(i);
    }

    // ---- calls: of the kernel of an equal group, or of one that is written now
    constexpr void write(int q, int now) {
        if (pro.inside[q]) return;
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
        if (pro.has(q)) return -1;
        for (int k = n_kernels - 1; k >= 0; --k)
            if (const int other = calls[kernel_is[k].newest_call].group; other >= 0 && !pro.has(other) && equal_groups(fz, b, q, other)) return k;
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
        auto load = [&](int i) { argument(place(i)); };
        each_load_of_body(q, load);
        const int* s = call_sizes + call.first_size + h.axes;   // behind the columns comes the inner extent
        const packing panels = con ? panels_for(h, s, size_of(g.nodes[grp.anchor].type)) : packing{};
        const int vectors = h.windows && is_floating(g.nodes[grp.anchor].type) ? vectors_for(h, call, s, size_of(g.nodes[grp.anchor].type)) : 0;
        int held = -1;
        auto stores = [&](int n_scratch, const facts_type* facts) {
            if (panels.any() || n_scratch || vectors) {
                if (panels.any()) held = pool.take({s[-1], size_of(g.nodes[grp.anchor].type), n_scratch, s[0], s[-2], panels, vectors, h.lane_bytes}, sizes);
                else held = pool.take({s[-1], 8, n_scratch, -1, -1, {}, vectors, h.lane_bytes}, sizes);
                arguments[scratch] = {space::buffer, held};
            }
            for (int o = b.stored_head[q]; o; o = b.stored_next[o - 1]) {
                const int i = o - 1;
                if (h.pools) {   // it lies nowhere
                    argument({space::buffer, -1});
                    continue;
                }
                if (buffered(i)) {
                    const int over = written_over(i, from, to, now, grp, facts);
                    slot_of[i] = over >= 0 ? slot_of[over] : pool.take(slot_for(i), sizes) + 1;
                    if (over >= 0) last_use[over] = -1;
                }
                argument(place(i));
            }
        };
        if (kernel_is[call.kernel].reduces) {
            facts_type facts;
            analyse(facts, q, h, words + kernels[call.kernel].at, kernels[call.kernel].n);
            stores(facts.n_scratch, &facts);
        } else stores(0, nullptr);
        for (int side = 0; side < 2; ++side) {   // a prologue has no scratch, and its result is in that of the contraction
            const int p = pro.within[q][side] - 1;
            if (p < 0) continue;
            if (b.groups[p].kind != group_kind::opaque) argument({space::buffer, -1});
            each_read_of_prologue(q, side, load);
            argument({space::buffer, held});
        }
        const int looks = pro.within[q][2] ? b.groups[pro.within[q][2] - 1].anchor : -1;
        if (looks >= 0) {
            argument({space::buffer, -1});
            take_results(looks);
        }
        if (held >= 0) pool.give(held);
        release(q, now);
        if (looks >= 0) give_unread_results(looks);
    }

    /// What the kernel of a contraction may copy; `s` shows its inner extent among the sizes of the call.
    constexpr packing panels_for(const key_header& h, const int* s, i64 bytes) const {
        auto extent = [&](int k) { return sizes.sizes[s[k]].fixed() ? sizes.sizes[s[k]].number : any_extent; };
        if (h.windows) return packing_of_windows(h.left, extent(-1), extent(0), bytes);
        return packing_with_maps(packing_of(h.left, h.right, extent(-2), extent(-1), extent(0), bytes, target.vector_bytes), h.computes[0], h.computes[1]);
    }

    /// What a contraction with windows takes if its lanes are images, or if it sums at the places of a pool.
    constexpr int vectors_for(const key_header& h, const plan_call& call, const int* s, i64 bytes) const {
        const key_view k{words + kernels[call.kernel].at, kernels[call.kernel].n};
        const int first = first_of_geometry(k.w, k.n);
        const window_geometry shown = window_geometry::from([&](int q) { return static_cast<i64>(k.w[first + q]); });
        const size_expr& columns = sizes.sizes[s[-1]];
        if (!columns.fixed()) return 0;
        const window_geometry pool_seen = pool_within(k);
        if (h.computes[1])
            if (const sums_at_places at_places = sums_at_places_of(shown, columns.number, bytes, target.vector_bytes, pool_seen); at_places.pay)
                return static_cast<int>(vectors_of(at_places, shown.inner, columns.number, target.vector_bytes / bytes));
        return static_cast<int>(images_in_lanes_of(shown, h.left == by_columns, columns.number, bytes, target.vector_bytes, pool_seen).all());
    }

    /// A buffer that this group is the last to read, element by element, may hold the result: same elements, same size, so
    /// that each is read before it is written, whatever thread does it, and in no later pass over the row (`facts`, where there
    /// are several).
    constexpr int written_over(int i, int from, int to, int now, const fused_group& grp, const facts_type* facts) const {
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
            if (x.kind == step::load && fz.f.home[x.node] == i && (x.node != i || x.mask != full || x.order || x.placed)) return false;
        }
        bool whole = at(i).shape == grp.domain;
        if (grp.kind == group_kind::contraction) {
            for (int k = 0; k < 2; ++k) whole &= fz.f.home[fz.f.under[at(grp.anchor).in[k]]] != i;
            each_read_of_prologues(f().group[grp.anchor], [&](int o) { whole &= fz.f.home[o] != i; });
        }
        return whole;
    }
    constexpr void release(int q, int now) {
        auto free_one = [&](int i) {
            const int s = fz.f.home[i];
            if (last_use[s] != now || !fz.f.stored[s] || !dies(s, now)) return;
            pool.give(slot_of[s] - 1);
            last_use[s] = -1;
        };
        for (int c = b.groups[q].branch; c; c = f().branches[c].parent) free_one(f().branches[c].predicate);
        each_load_of_body(q, free_one);
        each_read_of_prologues(q, free_one);
        const node& x = at(b.groups[q].anchor);
        if (b.groups[q].kind != group_kind::nest)
            for (int k = 0; k < x.n_in; ++k) free_one(fz.f.under[g.operand(x, k)]);
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

    constexpr void write_opaque(int q, int now) {
        const int i = b.groups[q].anchor;
        plan_call call{0, n_arguments, 0, n_call_sizes, 0, q, b.groups[q].branch};
        for (int k = 0; k < at(i).n_in; ++k) argument(place(g.operand(at(i), k)));
        take_results(i);
        const int n = write_opaque_key(i, words + n_words);
        release(q, now);
        give_unread_results(i);
        finish_call(call, n);
    }
    constexpr void take_results(int i) {
        each_result(i, [&](int k) {
            if (buffered(k)) slot_of[k] = pool.take(slot_for(k), sizes) + 1;
            argument(place(k));
        });
    }
    /// Of several results some may be read by nobody.
    constexpr void give_unread_results(int i) {
        each_result(i, [&](int k) {
            if (at(i).type == dtype::none && buffered(k) && last_use[k] == 0) pool.give(slot_of[k] - 1);
        });
    }
};

}  // namespace kiln
