// Normalise: graph in, graph out, one sweep in topological order. Each node is built again on its new operands, then the
// rules of passes/rewrites get a chance. What no root needs is left behind; what a rule has replaced stays in the builder
// as a dead node until the graph is numbered canonically.
#pragma once
#include <kiln/graph/numbering.hpp>
#include <kiln/passes/rewrites/rewrites.hpp>

namespace kiln {

struct simplification {
    static constexpr u64 fold_bit = rewrite::all::bit<rewrite::fold_constants>();
    static constexpr u64 out_bit = rewrite::all::bit<rewrite::reshape_out_of_pointwise>();
    static constexpr u64 own_bit = rewrite::all::bit<rewrite::own_rule>();
    static constexpr u64 reshape_bit = rewrite::all::bit<rewrite::reshape_through_pointwise>();
    static constexpr u64 transpose_bit = rewrite::all::bit<rewrite::transpose_through_pointwise>();
    static constexpr u64 stop_bit = rewrite::all::bit<rewrite::stop_gradient_rule>();
    static constexpr int many = -1;   // in `reader`: several nodes read it, or a root is it

    const graph_view& g;
    builder& to;
    rewrites on;
    renumbering tables;

    // Of the nodes of the source.
    int reader[builder::capacity];    // 1 + the node that reads it, 0: none, or `many`
    int symbol_readers[builder::capacity];   // of symbols, which may be roots beside
    int view[builder::capacity];      // 1 + the reshape or transpose in whose layout it is built, 0: in its own
    char layouts[builder::capacity];  // can it be built in the layout of a reshape (1), of a transpose (2)?
    int made[builder::capacity];      // the node in `to`

    // Of the nodes of the result.
    u64 asked[builder::capacity];     // rules that look at it
    u64 wanted[builder::capacity];    // rules that want it as an operand
    int readers[builder::capacity];
    int known;

    constexpr simplification(const graph_view& from, builder& b, rewrites r)
        : g(from), to(b), on(r), tables{from, b, {}, {}, nullptr}, reader{}, symbol_readers{}, view{}, layouts{}, made{}, asked{}, wanted{},
          readers{}, known(0) {}

    /// Who reads what; true where a view may pass through pointwise operations.
    constexpr bool count_readers() {
        bool any = false;
        for (int k = 0; k < g.n_roots(); ++k) reader[g.root(k)] = many;
        for (int i = g.n - 1; i >= 0; --i) {
            const node& x = g.nodes[i];
            if (!reader[i]) continue;
            for (int k = 0; k < x.n_in; ++k) {
                const int o = x.n_in <= 3 ? x.in[k] : g.operand(x, k);
                int& r = reader[o];
                r = r == 0 || r == i + 1 ? i + 1 : many;
                if (g.nodes[o].op->kind == pattern::leaf) ++symbol_readers[o];
            }
            any = any || ((x.op == &info<reshape_op> || x.op == &info<transpose_op>) && g.nodes[x.in[0]].op->pointwise());
        }
        return any;
    }
    /// Which nodes are built in the layout of a view above them: forward, what can be; backward, what is.
    constexpr void choose_layouts() {
        const int allowed = (on.has(reshape_bit) ? 1 : 0) + (on.has(transpose_bit) ? 2 : 0);
        for (int i = 0; i < g.n; ++i) {
            const node& x = g.nodes[i];
            const pattern kind = x.op->kind;
            if (kind == pattern::pointwise && reader[i] > 0) {
                int all = allowed;
                for (int k = 0; k < x.n_in; ++k) all &= layouts[x.n_in <= 3 ? x.in[k] : g.operand(x, k)];
                layouts[i] = static_cast<char>(all);
            } else layouts[i] = kind == pattern::leaf ? 3 : kind == pattern::reshape ? 1
                              : kind == pattern::transpose || kind == pattern::expand ? 2 : 0;
        }
        for (int i = g.n - 1; i >= 0; --i) {
            if (!reader[i]) continue;
            const node& x = g.nodes[i];
            const bool reshape = x.op == &info<reshape_op>, is_view = reshape || x.op == &info<transpose_op>;
            if (is_view && !view[i]) give_layout(x.in[0], i + 1, reshape ? 1 : 2);
            else if (view[i])
                for (int k = 0; k < x.n_in; ++k)
                    give_layout(g.operand(x, k), view[i], g.nodes[view[i] - 1].op == &info<reshape_op> ? 1 : 2);
        }
    }
    constexpr void give_layout(int i, int by, int bit) {
        const node& x = g.nodes[i];
        if ((x.op->pointwise() && (layouts[i] & bit)) || (bit == 1 && x.op == &info<reshape_op> && reader[i] > 0)) view[i] = by;
    }
    /// An operand that stays in its own layout, seen in that of the view.
    constexpr int seen(int id, int by) {
        const node& v = g.nodes[by - 1];
        const value x{&to, id};
        if (v.op == &info<reshape_op>) return settled(reshape_to(x, to.get(tables.list_of(v.shape, false))).id);
        const int r = x.rank(), m = g.length(v.attrs);
        list p{};
        for (int k = -r; k < 0; ++k) p.put(k < -m ? k : g.at(v.attrs, k + m));
        return settled(transpose_by(x, p).id);
    }

    /// Which rules look at the nodes that are new in the result, which want them as operands.
    constexpr void learn() {
        constexpr const rewrite::rule_table& table = rewrite::by_operation;
        for (; known < to.n; ++known) {
            const node& x = to.nodes[known];
            const rewrite::rule_masks& m = table.of(x.op->id);
            wanted[known] = m.operands;
            asked[known] = on.bits & (is_floating(x.type) ? table.of_floating : table.of_others) &
                           (m.roots | (x.op->kind == pattern::pointwise ? fold_bit | out_bit : 0) | (x.op->simplify ? own_bit : 0));
        }
    }
    /// Applies rules until none fits.
    constexpr int settled(int id) {
        for (int round = 0; round < 32; ++round) {
            if (known < to.n) learn();
            u64 rules = asked[id];
            if (!rules) return id;
            const node& x = to.nodes[id];
            u64 some = rewrite::by_operation.of_any_operand, all = ~u64{0};   // what some operand is wanted by, and every one
            if (x.n_in <= 3)
                for (int k = 0; k < x.n_in; ++k) {
                    some |= wanted[x.in[k]];
                    all &= wanted[x.in[k]];
                }
            rules &= some & (all | ~fold_bit);
            int next = id;
            for (; rules && next == id; rules &= rules - 1) next = applied(__builtin_ctzll(rules), id);
            if (next == id) return id;
            id = next;
        }
        return id;
    }
    constexpr int applied(int rule, int id) {
        const value r = rewrite::all::apply[rule]({&to, id}, {readers, !on.has(stop_bit)});
        if (r.zero()) return id;
        if (!(type_of(r) == type_of({&to, id})))
            to.fail(rewrite::all::names[rule], "a rewrite changes the type", to.nodes[r.id].shape, to.nodes[id].shape);
        return r.id;
    }

    /// The node on its new operands; a view whose operand is built in its layout is that operand.
    constexpr int rebuilt(int i) {
        node x = g.nodes[i];
        const int by = view[i], first = x.n_in > 0 && x.n_in <= 3 ? x.in[0] : i;
        if (first != i && view[first] == i + 1) return made[first];
        if (by && x.op == &info<reshape_op>) return view[first] == by ? made[first] : seen(made[first], by);
        if (by) x.shape = g.nodes[by - 1].shape;
        tables.take_lists(x);
        if (x.n_in <= 3) {
            for (int k = 0; k < x.n_in; ++k) {
                const int o = x.in[k];
                x.in[k] = by == 0 || view[o] == by ? made[o] : seen(made[o], by);
            }
        } else {
            i64 p[64]{};
            for (int k = 0; k < x.n_in; ++k) p[k] = made[g.operand(x, k)];
            x.in[0] = to.intern(p, x.n_in);
        }
        const int id = to.add(x);
        return x.type == dtype::none ? id : settled(id);
    }
    constexpr void run(value* roots) {
        if (count_readers() && (on.has(reshape_bit) || on.has(transpose_bit))) choose_layouts();
        for (int i = 0; i < g.n; ++i) {
            const node& x = g.nodes[i];
            if (!reader[x.op == &result_op ? x.in[0] : i]) continue;
            const int id = made[i] = rebuilt(i);
            readers[id] += x.op->kind == pattern::leaf ? symbol_readers[i] : reader[i] == many ? 2 : 1;
        }
        for (int k = 0; k < g.n_roots(); ++k) roots[k] = {&to, made[g.root(k)]};
    }
};

/// The graph again in the builder `to`, simplified; `roots` gets its results. Shapes and dtypes stay, symbols stay (a
/// variable keeps its initial value), bodies of cond and scan are taken over as they are.
constexpr void simplify(const graph_view& g, builder& to, value* roots, rewrites on = all_rewrites) {
    simplification s(g, to, on);
    s.run(roots);
}

/// The same for the values of a growing graph, whose finding is passed on.
constexpr void simplify(builder& from, const value* roots, int n_roots, builder& to, value* out, rewrites on = all_rewrites) {
    i64 ids[max_roots];
    for (int k = 0; k < n_roots; ++k) ids[k] = roots[k].id;
    if (from.found) to.found = from.found;
    simplify(graph_view_of(from, from.intern(ids, n_roots)), to, out, on);
}

}  // namespace kiln
