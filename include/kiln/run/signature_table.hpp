// What a call of a function needs to know of its plan: inputs with names, types and extents; the types of its results.
#pragma once
#include <kiln/plan/explain.hpp>
#include <kiln/run/call_check.hpp>

namespace kiln {

/// An extent of the graph g in terms of the names of the plan L.
template <class L>
constexpr size_expr named_size(const graph_view& g, i64 e) {
    if (!is_product(e)) return {e, 0, {}};
    const int l = static_cast<int>(extent_tag - e);
    size_expr r{g.at(l, 0), 0, {}};
    for (int j = 1; j < g.length(l); ++j)
        for (int q = 0; q < L::result.n_names; ++q)
            if (same_text(g.text_of(g.at(l, j)), L::graph.chars + L::result.name[q])) r.name[r.n++] = q;
    return r;
}

/// A shape as the user wrote it, for messages.
constexpr word shape_text_of(const graph_view& g, int shape) {
    word w{};
    w.put("(");
    for (int a = 0; a < g.length(shape); ++a) {
        if (a) w.put(", ");
        const i64 e = g.at(shape, a);
        if (!is_product(e)) {
            w.put(e);
            continue;
        }
        const int l = static_cast<int>(extent_tag - e);
        if (g.at(l, 0) != 1) w.put(g.at(l, 0)).put(" ");
        for (int j = 1; j < g.length(l); ++j) w.put(j > 1 ? " \"" : "\"").put(g.text_of(g.at(l, j))).put("\"");
    }
    return w.put(")");
}

/// The inputs of a program: names, types, shapes, as its lowered graph has them.
template <class L, int N>
struct input_table {
    static constexpr int n_inputs = N, n_leaves = L::result.n_leaves;
    static constexpr int node(int k) { return L::result.leaf[k].node; }
    static constexpr auto names = texts_of<L::result.n_leaves>([](int k) {
        const graph_view v = L::graph.view();
        return L::graph.nodes[node(k)].op == &seed_op ? "seed" : v.text_of(v.at(L::graph.nodes[node(k)].attrs, 0));
    });
    static constexpr const char* name(int k) { return names[k]; }
    static constexpr dtype type(int k) { return L::graph.nodes[node(k)].type; }
    static constexpr bool is_variable(int k) { return L::graph.nodes[node(k)].op == &variable_op; }
    /// The input that the placeholder P is; -1 where it is none.
    template <class P>
    static consteval int index() {
        constexpr graph_view v = P::graph.view();
        const kiln::node& x = P::graph.nodes[v.root(0)];
        if (x.op != &placeholder_op) return -1;
        return names.find(v.text_of(v.at(x.attrs, 0)), N);
    }
    static constexpr int rank(int k) {
        const graph_view v = L::graph.view();
        return v.length(v.nodes[node(k)].shape);
    }
    static constexpr size_expr extent(int k, int a) {
        const graph_view v = L::graph.view();
        return named_size<L>(v, v.at(v.nodes[node(k)].shape, a));
    }
    /// What is expected, for messages.
    template <int K>
    static constexpr word shape_text = shape_text_of(L::graph.view(), L::graph.nodes[node(K)].shape);
    template <int K>
    static constexpr auto extents = [] {
        struct table { size_expr at[9]; } r{};
        for (int a = 0; a < rank(K); ++a) r.at[a] = extent(K, a);
        return r;
    }();
    static constexpr int first_extent(int k) {
        int r = 0;
        for (int i = 0; i < k; ++i) r += rank(i);
        return r;
    }
    /// The name that name k of the plan is made of, and the number beside it ("n - 3"); -1: none.
    struct sum_of_name {
        int name;
        i64 number;
    };
    static constexpr sum_of_name sum(int k) {
        const name_and_number x = name_and_number_of(L::graph.chars + L::result.name[k]);
        for (int j = 0; j < L::result.n_names && x.number != 0; ++j)
            if (x.is_name(L::graph.chars + L::result.name[j])) return {j, x.number};
        return {-1, 0};
    }
    struct shape_table { input_shape at[N + 1]; };
    static constexpr shape_table shapes = []<int... K>(std::integer_sequence<int, K...>) {
        return shape_table{{{names[K], shape_text<K>.s, extents<K>.at, rank(K)}..., {}}};
    }(std::make_integer_sequence<int, N>{});
};

/// The owning result of output k: the number itself for rank 0, else a tensor.
template <class L, int K>
struct output_type {
    // In the lowered graph a view of a result is that result, so its shape stands in the program's.
    static constexpr graph_view g = L::expression::graph.view();
    static constexpr int shape = g.nodes[g.root(K)].shape;
    static constexpr int rank = g.length(shape);
    using element = ctype_of<L::graph.nodes[L::graph.view().root(K)].type>;
    static constexpr i64 extent(int a) {
        const i64 e = g.at(shape, a);
        return is_product(e) ? dynamic : e;
    }
    static constexpr size_expr size(int a) { return named_size<L>(g, g.at(shape, a)); }
    template <class I>
    struct of;
    template <int... A>
    struct of<std::integer_sequence<int, A...>> {
        using tensor_type = tensor<element, extent(A)...>;
        using view_type = tensor_view<element, extent(A)...>;
    };
    using indices = std::make_integer_sequence<int, rank>;
    using tensor_type = typename of<indices>::tensor_type;
    using view_type = typename of<indices>::view_type;
};

}  // namespace kiln
