// Before fusion: results become nodes of their own, operands that must lie in memory do, and reductions remove one run of
// axes each.
#pragma once
#include <kiln/passes/fuse.hpp>

namespace kiln {

/// What a function is: its graph's roots are [outputs, new values, assigned variables, inputs].
struct signature {
    int outputs, updates, inputs;
    constexpr int results() const { return outputs + updates; }
};

/// Rebuilds g in `b`; `roots` (as many as g has) get the new nodes.
constexpr void legalise(const graph_view& g, signature s, builder& b, int* roots) {
    renumbering c{g, b, {}, {}, nullptr};
    int index[builder::capacity], serial = 0;
    auto stored = [&](int id) {
        const value v{&b, id};
        return b.make(info<copy_op>, &v, 1, ints(serial++)).id;
    };
    for (int i = 0; i < g.n; ++i) {
        const node& from = g.nodes[i];
        node x = from;
        x.shape = c.list_of(x.shape, false);
        x.attrs = x.op == &literal_op ? c.raw_list(x.attrs) : c.list_of(x.attrs, false);
        const bool in_memory = x.op->kind == pattern::contraction || x.op->kind == pattern::opaque;
        i64 in[64]{};
        if (x.op == &variable_op) {   // its initial value is another function's business
            x.n_in = 0;
            x.in[0] = -1;
        }
        for (int k = 0; k < x.n_in; ++k) {
            in[k] = index[g.operand(from, k)];
            const node& y = b.nodes[in[k]];
            if (in_memory && y.op == &literal_op) in[k] = stored(static_cast<int>(in[k]));
        }
        if (x.op->kind == pattern::reduction) {   // [a, b, c, d] over {0, 2}: first the last run
            list axes = b.get(x.attrs);
            value v{&b, static_cast<int>(in[0])};
            while (axes.n > 0) {
                list run{}, rest{};
                int first = axes.n - 1;
                while (first > 0 && axes[first - 1] == axes[first] - 1) --first;
                for (int k = first; k < axes.n; ++k) run.put(axes[k]);
                for (int k = 0; k < first; ++k) rest.put(axes[k] + run.n);
                v = b.make(*x.op, &v, 1, run);
                axes = rest;
            }
            index[i] = v.id;
            continue;
        }
        if (x.n_in <= 3) {
            for (int k = 0; k < x.n_in; ++k) x.in[k] = static_cast<int>(in[k]);
        } else x.in[0] = b.intern(in, x.n_in);
        index[i] = b.add(x);
    }
    char taken[builder::capacity]{};
    for (int k = 0; k < g.n_roots(); ++k) {
        int id = index[g.root(k)];
        if (k < s.results()) {
            value v{&b, id};
            if (is_weak(v.element()))
                v = b.literal({v.n().shape, v.element() == dtype::weak_float ? dtype::float64 : dtype::int64}, b.at(v.n().attrs, 0));
            // the same elements in another shape are the same memory
            int u = v.id;
            while (b.nodes[u].op->kind == pattern::reshape) u = b.nodes[u].in[0];
            const pattern p = b.nodes[u].op->kind;
            const bool makes = p == pattern::pointwise || p == pattern::reduction || p == pattern::contraction;
            id = makes && !taken[u] ? u : stored(v.id);
            taken[id] = 1;
        }
        roots[k] = id;
    }
}

}  // namespace kiln
