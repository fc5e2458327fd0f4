// A plan as text and as numbers: groups, their nodes, buffers, bytes, flops; all of it constants.
#pragma once
#include <kiln/plan/plan.hpp>

namespace kiln {

/// A sum of sizes: a number that run-time extents may be part of.
struct size_sum {
    size_expr term[16];
    int n;

    constexpr void add(const size_expr& e) {
        if (e.number == 0) return;
        for (int k = 0; k < n; ++k) {
            bool same = term[k].n == e.n;
            for (int j = 0; j < e.n && same; ++j) same = term[k].name[j] == e.name[j];
            if (!same) continue;
            term[k].number += e.number;
            return;
        }
        if (n < 16) term[n++] = e;
    }
    /// The value for these run-time extents, in the order in which the plan meets their names.
    template <class... I>
    constexpr i64 at(I... extents) const {
        const i64 value[]{static_cast<i64>(extents)..., 0};
        return of(value);
    }
    constexpr i64 of(const i64* value) const {
        i64 r = 0;
        for (int k = 0; k < n; ++k) {
            i64 t = term[k].number;
            for (int j = 0; j < term[k].n; ++j) t *= value[term[k].name[j]];
            r += t;
        }
        return r;
    }
    constexpr bool operator==(i64 v) const { return n == 0 ? v == 0 : n == 1 && term[0].n == 0 && term[0].number == v; }
};

/// What a user may assert about a plan.
struct plan_summary {
    int kernels;            // calls of one run
    int distinct_kernels;   // pieces of machine code
    int contractions, nests, opaque;
    int buffers;            // pieces of the arena
    int copies;             // variables whose new value goes through a buffer
    size_sum flops, bytes_moved;
    size_sum arena_bytes;   // of one thread; at most, where an extent has a name
};

/// `sizes`: where the extents of the key are among the sizes of all calls.
template <class L>
constexpr size_sum elements_of_mask(int sizes, const key_header& h, int mask) {
    size_expr e{1, 0, {}};
    for (int a = 0; a < h.axes; ++a)
        if (mask >> a & 1) e = times(e, L::result.size[L::result.call_size[sizes + a]]);
    size_sum s{};
    s.add(e);
    return s;
}
constexpr void add_times(size_sum& to, const size_sum& s, i64 n) {
    for (int j = 0; j < s.n; ++j) to.add(times(s.term[j], {n, 0, {}}));
}
/// Of the first n nodes of a body.
template <class L>
constexpr void cost_of_body(const key_view& k, int n, int sizes, size_sum& flops, size_sum& bytes) {
    const key_header h = k.header();
    for (int i = 0; i < n; ++i) {
        const key_node x = k.node(i);
        if (x.kind == step::operation) add_times(flops, elements_of_mask<L>(sizes, h, x.mask), 1);
        if (x.kind == step::reduce) add_times(flops, elements_of_mask<L>(sizes, h, k.node(x.in[0]).mask), 1);
        if (x.kind == step::load || x.kind == step::store) add_times(bytes, elements_of_mask<L>(sizes, h, x.mask), size_of(x.type));
    }
}
template <class L>
constexpr void cost_of_call(const plan_call& c, size_sum& flops, size_sum& bytes) {
    const plan_kernel q = L::result.kernel[c.kernel];
    const key_view k{L::result.words + q.at, q.n};
    const key_header h = k.header();
    const auto opaque = [&](const key_view& o, int first_size, step but) {
        for (int i = 0; i < o.n_nodes(); ++i)
            if (o.node(i).kind != but) bytes.add(times(L::result.size[L::result.call_size[first_size + 2 * i]], {size_of(o.node(i).type), 0, {}}));
    };
    if (h.kind == group_kind::opaque) {
        if (const i64 each = flops_of_window(k.op(0), k.n_nodes() > 2, [&](int a) { return static_cast<i64>(k.constant(a)); })) {
            const int windows = k.op(0) == info<depthwise_op>.id ? k.n_nodes() - 1 : 0;   // which argument has one sum for each
            flops.add(times(L::result.size[L::result.call_size[c.first_size + 2 * windows]], {each, 0, {}}));
        }
        return opaque(k, c.first_size, step::tile);
    }
    cost_of_body<L>(k, k.n_nodes() - h.pools, c.first_size, flops, bytes);   // its last node, the store, is none then
    if (h.pools) opaque(key_within_of(k.w, k.n, 2).in(k.w), c.first_size + key_within_of(k.w, k.n, 2).size, step::load);
    const int all = (1 << h.axes) - 1;
    if (h.kind != group_kind::contraction) return;
    const size_expr inner = L::result.size[L::result.call_size[c.first_size + h.axes]];
    const size_sum out = elements_of_mask<L>(c.first_size, h, all);
    dtype t = dtype::float32;
    for (int i = 0; i < k.n_nodes(); ++i)
        if (k.node(i).kind == step::tile) t = k.node(i).type;
    for (int j = 0; j < out.n; ++j) flops.add(times(times(out.term[j], inner), {2, 0, {}}));
    for (int side = 0; side < 2; ++side) {
        const size_sum other = elements_of_mask<L>(c.first_size, h, all & ~(1 << (h.axes - 1 - side)));
        if (h.computes[side]) {   // once, though it may be for each block of columns; its last node, the store, is none
            const key_within m = key_within_of(k.w, k.n, side);
            if (m.in(k.w).header().kind == group_kind::opaque) opaque(m.in(k.w), c.first_size + m.size, step::store);
            else cost_of_body<L>(m.in(k.w), m.in(k.w).n_nodes() - 1, c.first_size + m.size, flops, bytes);
        } else for (int j = 0; j < other.n; ++j) bytes.add(times(times(other.term[j], inner), {size_of(t), 0, {}}));
    }
}
template <class L>
constexpr plan_summary summary_of() {
    plan_summary s{};
    s.kernels = L::result.n_calls;
    s.distinct_kernels = L::result.n_kernels;
    s.buffers = L::result.n_slots;
    s.copies = L::result.n_copies;
    for (int c = 0; c < L::result.n_calls; ++c) {
        const plan_call& call = L::result.call[c];
        const group_kind kind = unpacked(L::result.words[L::result.kernel[call.kernel].at]).kind;
        ++(kind == group_kind::contraction ? s.contractions : kind == group_kind::nest ? s.nests : s.opaque);
        cost_of_call<L>(call, s.flops, s.bytes_moved);
    }
    s.arena_bytes.add({bytes_in_arena(8 * L::result.n_numbers), 0, {}});
    for (int k = 0; k < L::result.n_slots; ++k) {
        const plan_slot& p = L::result.slot[k];
        const auto size = [](int which) { return which < 0 ? size_expr{} : L::result.size[which]; };
        const size_expr count = size(p.count), height = size(p.height), inner = size(p.inner);
        if (count.fixed() && height.fixed() && inner.fixed()) {
            const auto number = [&](int which) { return size(which).number; };
            s.arena_bytes.add({bytes_in_arena(p.scratch() ? scratch_bytes(p, number, L::target.vector_bytes) : count.number * p.bytes), 0, {}});
            continue;
        }
        s.arena_bytes.add(times(count, {p.scratch() ? p.rows * p.lane_bytes : p.bytes, 0, {}}));
        s.arena_bytes.add({bytes_in_arena(63 + (p.scratch() ? p.rows * 63 * p.lane_bytes : 0)), 0, {}});
        const i64 lanes = L::target.vector_bytes / p.bytes, line = contraction_blocks::highest_tile + lanes;
        if (p.panels.right || p.panels.computes_left) s.arena_bytes.add({largest_panels(p.bytes, L::target.vector_bytes, p.panels.computes_right), 0, {}});
        if (p.panels.waits) {
            const i64 sums = panels_of(p.panels, height.fixed() ? height.number : any_extent, count.fixed() ? count.number : any_extent, 0, p.bytes, L::target.vector_bytes).all();
            const i64 vectors = i64{p.vectors} * L::target.vector_bytes;
            s.arena_bytes.add({sums > vectors ? sums : vectors, 0, {}});
        }
        if (p.panels.computes_left) s.arena_bytes.add({bytes_in_arena(line * (2048 + 2 * L::target.vector_bytes)), 0, {}});
        else if (p.panels.left) {   // as panels_of: each step of the blocks is padded, and there is one for each 2 KiB of the inner axis
            s.arena_bytes.add(times(times(height, inner), {p.bytes + 1, 0, {}}));
            s.arena_bytes.add(times(height, {p.bytes, 0, {}}));
            s.arena_bytes.add(times(inner, {1, 0, {}}));
            s.arena_bytes.add({2 * bytes_in_arena(63), 0, {}});
        }
    }
    return s;
}

/// A text that grows in constant evaluation.
template <int Capacity>
struct long_text {
    char s[Capacity + 1];
    int n;
    constexpr void put(char c) { if (n < Capacity) s[n++] = c; }
    constexpr void put(const char* p) { while (*p) put(*p++); }
    constexpr void put(i64 v) {
        word w{};
        w.put(v);
        put(w.s);
    }
    constexpr void put(const word& w) { put(w.s); }
};

template <class L>
struct plan_text {
    static constexpr int capacity = 120 * L::result.n_calls + 16 * L::final_attempt::bodies.n + 24 * L::n_nodes + 400;
    using text_type = long_text<capacity>;

    static constexpr void put_size(text_type& t, const size_expr& e) {
        t.put(e.number);
        for (int k = 0; k < e.n; ++k) {
            t.put(' ');
            t.put(L::graph.chars + L::result.name[e.name[k]]);
        }
    }
    static constexpr void put_sum(text_type& t, const size_sum& s) {
        if (s.n == 0) t.put("0");
        for (int k = 0; k < s.n; ++k) {
            if (k) t.put(" + ");
            put_size(t, s.term[k]);
        }
    }
    static constexpr void put_argument(text_type& t, const plan_argument& a) {
        const graph_view g = L::graph.view();
        if (a.where == space::buffer) {
            t.put("buffer ");
            t.put(i64{a.index});
        } else if (a.where == space::output) {
            t.put("output ");
            t.put(i64{a.index});
        } else if (a.where == space::number) {
            t.put("extent ");
            put_size(t, L::result.size[L::result.number[a.index].size]);
        } else {
            const node& x = g.nodes[L::result.leaf[a.index].node];
            t.put(x.op == &seed_op ? "seed" : g.text_of(g.at(x.attrs, 0)));
        }
    }
    /// The operations that a call computes, at most so many of them; returns how many there are.
    template <class Text>
    static constexpr int put_operations(Text& t, const plan_call& call, const char* between, int most) {
        const graph_view g = L::graph.view();
        const auto& bodies = L::final_attempt::bodies;
        int n = 0;
        auto put = [&](const char* name) {
            if (n > 0 && n < most) t.put(between);
            if (n++ < most) t.put(name);
        };
        if (call.group < 0) put("copy");
        else if (bodies.groups[call.group].kind == group_kind::opaque) put(g.nodes[bodies.groups[call.group].anchor].op->name);
        else {
            const auto& within = L::maps.within[call.group];
            const int groups[]{within[0] - 1, within[1] - 1, call.group, within[2] - 1};
            for (int q : groups) {
                if (q < 0) continue;
                if (bodies.groups[q].kind == group_kind::opaque) put(g.nodes[bodies.groups[q].anchor].op->name);
                for (int e = bodies.first[q]; e < bodies.first[q + 1]; ++e)
                    if (const body_entry& x = bodies.entry[e]; x.kind != step::load && x.kind != step::constant) put(g.nodes[x.node].op->name);
            }
        }
        return n;
    }
    static constexpr void put_call(text_type& t, int c) {
        const plan_call& call = L::result.call[c];
        const plan_kernel q = L::result.kernel[call.kernel];
        const key_view k{L::result.words + q.at, q.n};
        const key_header h = k.header();
        t.put("  ");
        t.put(i64{c});
        t.put(h.kind == group_kind::contraction ? " contraction" : h.kind == group_kind::nest ? " nest" : " opaque");
        if (h.kind != group_kind::opaque) {
            t.put(" [");
            for (int a = 0; a < h.axes; ++a) {
                if (a) t.put(" x ");
                put_size(t, L::result.size[L::result.call_size[call.first_size + a]]);
            }
            t.put("]");
        }
        if (h.kind == group_kind::contraction) {
            t.put(" over ");
            put_size(t, L::result.size[L::result.call_size[call.first_size + h.axes]]);
        }
        t.put(" (kernel ");
        t.put(i64{call.kernel});
        t.put(")\n    computes ");
        put_operations(t, call, " ", L::n_nodes + L::final_attempt::bodies.n);
        for (int pass = 0; pass < 2; ++pass) {
            t.put(pass ? "\n    writes" : "\n    reads");
            bool any = false;
            auto put = [&](int argument) {
                t.put(any ? ", " : " ");
                put_argument(t, L::result.argument[call.first_argument + argument]);
                any = true;
            };
            auto put_body = [&](const key_view& body, int first, step which) {
                for (int i = 0; i < body.n_nodes(); ++i)
                    if (body.node(i).kind == which) put(first + body.node(i).slot);
            };
            for (int s = 0; s < 2 && pass == 0 && h.kind == group_kind::contraction; ++s) {
                if (h.computes[s]) {
                    const key_within m = key_within_of(k.w, k.n, s);
                    put_body(m.in(k.w), m.argument, step::load);
                } else put(s);
            }
            if (pass && h.pools) {
                const key_within m = key_within_of(k.w, k.n, 2);
                put_body(m.in(k.w), m.argument, step::store);
            } else put_body(k, 0, pass ? step::store : step::load);
            if (!any) t.put(" nothing");
        }
        size_sum flops{}, bytes{};
        cost_of_call<L>(call, flops, bytes);
        t.put("\n    flops ");
        put_sum(t, flops);
        t.put(", bytes ");
        put_sum(t, bytes);
        t.put('\n');
    }
    static constexpr text_type made() {
        text_type t{};
        const plan_summary s = summary_of<L>();
        t.put(i64{s.kernels});
        t.put(" calls of ");
        t.put(i64{s.distinct_kernels});
        t.put(" kernels, ");
        t.put(i64{s.buffers});
        t.put(" buffers, ");
        t.put(i64{s.copies});
        t.put(" copies\n");
        for (int c = 0; c < L::result.n_calls; ++c) put_call(t, c);
        t.put("flops ");
        put_sum(t, s.flops);
        t.put("\nbytes moved ");
        put_sum(t, s.bytes_moved);
        t.put("\narena bytes ");
        put_sum(t, s.arena_bytes);
        t.put('\n');
        return t;
    }
    static consteval auto trimmed() {
        constexpr text_type t = made();
        long_text<t.n> r{};
        for (int k = 0; k < t.n; ++k) r.s[k] = t.s[k];
        r.n = t.n;
        return r;
    }
    static constexpr auto value = trimmed();
};

}  // namespace kiln
