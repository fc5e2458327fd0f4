// Before fusion: results become nodes of their own, operands that must lie in memory do, and reductions remove one run of
// axes each.
#pragma once
#include <kiln/graph/numbering.hpp>
#include <kiln/passes/depthwise.hpp>
#include <kiln/passes/fuse.hpp>
#include <kiln/passes/window_places.hpp>

namespace kiln {

/// What a function is: its graph's roots are [outputs, new values, assigned variables, inputs].
struct signature {
    int outputs, updates, inputs;
    constexpr int results() const { return outputs + updates; }
};

/// cond: both bodies are written out in the graph, on operands that enter a branch; lowering gives each group of a branch its
/// predicate, so that only the body that is taken runs.
constexpr void branches(const graph_view& g, renumbering& c, builder& b, int i, int* index) {
    const node& x = g.nodes[i];
    const int split = 1 + static_cast<int>(g.at(x.attrs, 2));
    value predicate{&b, index[g.operand(x, 0)]}, roots[2][most_values];
    if (b.nodes[predicate.id].op == &literal_op) predicate = call<copy_op>(ints(1 << 20), predicate);
    int n = 0;
    for (int k = 0; k < 2; ++k) {
        const int from = k ? split : 1, to = k ? x.n_in : split;
        value args[64];
        for (int j = from; j < to; ++j) {
            const value outside{&b, index[g.operand(x, j)]};
            args[j - from] = is_literal(outside) ? outside : call<enter_op>(ints(k == 0), outside, predicate);
        }
        const int r = c.region_of(static_cast<int>(g.at(x.attrs, k) - region_tag));
        b.replay(r, args, roots[k]);
        n = b.length(b.regions[r].roots);
    }
    for (int k = 0; k < n; ++k) {
        value in[]{predicate, roots[0][k], roots[1][k]};
        for (int j = 1; j < 3; ++j)   // a body's result may be a constant, or what it was given
            if (is_literal(in[j])) in[j] = call<copy_op>(ints((1 << 20) + i), in[j]);
        index[i + 1 + k] = b.make(info<merge_op>, in, 3, list{}).id;
    }
}

/// Does the graph have bodies still?
constexpr bool has_bodies(const builder& b) {
    for (int i = 0; b.n_regions > 0 && i < b.n; ++i)
        if (b.nodes[i].op == &info<cond_op>) return true;
    return false;
}

/// Maxima of windows whose slope is wanted keep the places where they are: the image need not be kept, or looked through again.
struct kept_places {
    const graph_view& g;
    builder& b;
    const char* live;

    constexpr bool is_slope(int i) const { return live[i] && g.nodes[i].op == &info<window_from_max_op>; }
    constexpr bool wanted_of(const node& most) const {
        for (int i = 0; i < g.n; ++i)
            if (is_slope(i) && g.nodes[i].in[1] == most.in[0] && g.nodes[i].attrs == most.attrs) return true;
        return false;
    }
    /// The node of two results for this image in `b`: one kernel gives the maxima and the places.
    constexpr int of(int image, int geometry) const {
        for (int i = 0; i < b.n; ++i)
            if (const node& y = b.nodes[i]; y.op == &info<window_max_and_place_op> && y.in[0] == image && y.attrs == geometry) return i;
        const value v{&b, image};
        return b.make(info<window_max_and_place_op>, &v, 1, b.get(geometry)).id;
    }
};

/// Rebuilds in `b` what of g the roots need; `roots` become the new nodes. `where` gets the new node of each, -1 where there is none.
constexpr void legalise(const graph_view& g, signature s, builder& b, int* roots, int n_roots, int* where = nullptr) {
    renumbering c{g, b, {}, {}, nullptr};
    int index[builder::capacity], serial = 0;
    char live[builder::capacity]{};
    auto stored = [&](int id) {
        const value v{&b, id};
        return b.make(info<copy_op>, &v, 1, ints(serial++)).id;
    };
    const depthwise_products depthwise{g};
    for (int k = 0; k < n_roots; ++k) live[roots[k]] = 1;
    for (int i = g.n - 1; i >= 0; --i) {
        if (!live[i]) continue;
        const node& x = g.nodes[i];
        if (x.op == &variable_op) continue;   // its initial value is another function's business
        if (const auto f = depthwise.at(i); f.op) {
            for (int k = 0; k < f.n_in; ++k) live[f.in[k]] = 1;
            continue;
        }
        for (int k = 0; k < x.n_in; ++k) live[x.n_in <= 3 ? x.in[k] : g.operand(x, k)] = 1;
    }
    wider_sums wider;
    wider.find(g, live);
    if (wider.n > 0) wider.find_floating(g, roots, n_roots);
    const kept_places places{g, b, live};
    for (int i = 0; i < g.n; ++i) {
        const node& from = g.nodes[i];
        if (!live[from.op == &result_op ? from.in[0] : i]) continue;
        node x = from;
        c.take_lists(x);
        const pattern kind = x.op->kind;
        if (kind == pattern::pointwise && x.n_in <= 3) {   // the common case
            for (int k = 0; k < x.n_in; ++k) x.in[k] = index[x.in[k]];
            index[i] = b.add(x);
            continue;
        }
        const bool in_memory = kind == pattern::contraction || kind == pattern::opaque;
        if (from.op == &result_op && g.nodes[from.in[0]].op == &info<cond_op>) continue;   // merged with its node
        if (from.op == &info<cond_op>) {
            branches(g, c, b, i, index);
            continue;
        }
        if (const auto f = depthwise.at(i); f.op) {
            value v[2];
            for (int k = 0; k < f.n_in; ++k) v[k] = {&b, is_literal({&b, index[f.in[k]]}) ? stored(index[f.in[k]]) : index[f.in[k]]};
            index[i] = reshape_to(depthwise_products::made(f, v), b.get(x.shape)).id;
            continue;
        }
        i64 in[64];
        if (x.op == &variable_op) {
            x.n_in = 0;
            x.in[0] = -1;
        }
        for (int k = 0; k < x.n_in; ++k) {
            in[k] = index[x.n_in <= 3 ? x.in[k] : g.operand(from, k)];
            const node& y = b.nodes[in[k]];
            if (in_memory && y.op == &literal_op) in[k] = stored(static_cast<int>(in[k]));
        }
        if (x.op == &info<window_max_op> && places.wanted_of(from)) {
            index[i] = places.of(static_cast<int>(in[0]), x.attrs) + 1;
            continue;
        }
        if (x.op == &info<window_from_max_op>) {
            const value slope[]{{&b, static_cast<int>(in[0])}, {&b, places.of(static_cast<int>(in[1]), x.attrs) + 2}};
            index[i] = b.make(info<window_from_place_op>, slope, 2, b.get(x.attrs)).id;
            continue;
        }
        if (x.op == &info<pad_op>) {
            index[i] = masked_reach({&b, static_cast<int>(in[0])}, b.get(x.attrs)).id;
            continue;
        }
        if ((kind == pattern::expand || kind == pattern::reshape || kind == pattern::transpose || kind == pattern::section) && x.n_in == 1 &&
            b.nodes[in[0]].op == &literal_op) {   // from a body that was opened
            index[i] = b.literal({x.shape, x.type}, b.at(b.nodes[in[0]].attrs, 0)).id;
            continue;
        }
        if (kind == pattern::reduction) {   // [a, b, c, d] over {0, 2}: first the last run
            list axes = b.get(x.attrs);
            value v{&b, static_cast<int>(in[0])};
            if (const int pad = wider.n > 0 ? wider.of(g, i) : -1; pad >= 0) v = masked_reach(v, b.get(c.list_of(g.nodes[pad].attrs, false)));
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
    for (int i = 0; where && i < g.n; ++i) where[i] = live[g.nodes[i].op == &result_op ? g.nodes[i].in[0] : i] ? index[i] : -1;
    char taken[builder::capacity]{};
    for (int k = 0; k < n_roots; ++k) {
        int id = index[roots[k]];
        if (k < s.results()) {
            value v{&b, id};
            if (is_weak(v.element()))
                v = b.literal({v.n().shape, v.element() == dtype::weak_float ? dtype::float64 : dtype::int64}, b.at(v.n().attrs, 0));
            // the same elements in another shape are the same memory
            int u = v.id;
            while (b.nodes[u].op->kind == pattern::reshape) u = b.nodes[u].in[0];
            const pattern p = b.nodes[u].op->kind;
            const bool makes = p == pattern::pointwise || p == pattern::reduction || p == pattern::contraction || p == pattern::opaque || p == pattern::result;
            id = makes && !taken[u] ? u : stored(v.id);
            taken[id] = 1;
        }
        roots[k] = id;
    }
}

}  // namespace kiln
