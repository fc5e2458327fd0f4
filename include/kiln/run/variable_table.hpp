// The variables of some programs as one table, and the program that gives them their initial values.
#pragma once
#include <kiln/expr/program.hpp>
#include <kiln/core/tensor_view.hpp>

#include <utility>

namespace kiln {

/// The variables of some graphs as one table: name, type, offset in the session's storage.
struct variable_row {
    int name;     // where its text begins in the characters of the graph
    int node;
    dtype type;
    i64 count, offset;
};

/// The union of the variables of several programs: a graph whose roots are the variables.
template <class... E>
struct variable_union {
    static constexpr bool several = true;
    template <class P>
    static constexpr void take(builder& b, value* roots, int& n) {
        const graph_view g = unlabelled(P::graph.view());
        int ids[1024]{}, m = 0;
        for (int i = 0; i < g.n; ++i)
            if (g.nodes[i].op == &variable_op) ids[m++] = i;
        if (m == 0) return;
        builder own{};   // the variables alone: the rest of the graph may be a thousand times larger
        value r[1024];
        const int interned = canonical(g, ids, m, own);
        import(b, graph_view_of(own, interned), r);
        for (int k = 0; k < m; ++k) {
            bool have = false;
            for (int j = 0; j < n; ++j) have |= roots[j].id == r[k].id;
            if (!have) roots[n++] = r[k];
        }
    }
    static constexpr built run() {
        builder b{};
        value roots[1024];
        int n = 0;
        (take<E>(b, roots, n), ...);
        check_names(b);
        built r{};
        r.b.found = b.found;
        if (b.found) return r;
        int ids[1024]{};
        for (int k = 0; k < n; ++k) ids[k] = roots[k].id;
        r.roots = canonical(graph_view_of(b), ids, n, r.b);
        return r;
    }
    static constexpr auto found = made_by<variable_union>();
    static constexpr bool wrong = a_finding<decltype(found)>;
};

/// Texts as a constant of their own: graphs are for the compiler alone, since the object file would get every rule of every
/// operation that they point to.
template <int Chars, int N>
struct text_table {
    char chars[Chars];
    int at[N + 1];
    constexpr const char* operator[](int k) const { return chars + at[k]; }
    /// Which of the first n is s; -1: none.
    constexpr int find(const char* s, int n) const {
        for (int k = 0; k < n; ++k)
            if (same_text(s, (*this)[k])) return k;
        return -1;
    }
};
/// Texts F(0), ..., F(N - 1).
template <int N, class F>
consteval auto texts_of(F text) {
    constexpr int chars = [] {
        int n = 1;
        for (int k = 0; k < N; ++k)
            for (const char* s = F{}(k); *s; ++s) ++n;
        return n + N;
    }();
    (void)text;
    text_table<chars, N> r{};
    int n = 0;
    for (int k = 0; k < N; ++k) {
        r.at[k] = n;
        for (const char* s = F{}(k); *s; ++s) r.chars[n++] = *s;
        ++n;
    }
    return r;
}

template <class V>
struct variable_table {
    static constexpr int n = V::graph.view().n_roots();
    struct rows {
        variable_row row[n + 1];
        i64 bytes;
    };
    static constexpr rows all = [] {
        rows r{};
        const graph_view g = V::graph.view();
        for (int k = 0; k < n; ++k) {
            const node& x = g.nodes[g.root(k)];
            i64 count = 1;
            for (int a = 0; a < g.length(x.shape); ++a) count *= g.at(x.shape, a);
            r.row[k] = {static_cast<int>(g.at(x.attrs, 0) - name_tag), g.root(k), x.type, count, r.bytes};
            r.bytes += (count * size_of(x.type) + 63) / 64 * 64 + 64;
        }
        return r;
    }();
    static constexpr auto names = texts_of<n>([](int k) { return V::graph.chars + all.row[k].name; });
    static constexpr const char* name(int k) { return names[k]; }
    static constexpr int find(const char* s) { return names.find(s, n); }
    static constexpr int rank(int k) {
        const graph_view g = V::graph.view();
        return g.length(g.nodes[g.root(k)].shape);
    }
    static constexpr i64 extent(int k, int a) {
        const graph_view g = V::graph.view();
        return g.at(g.nodes[g.root(k)].shape, a);
    }
    static constexpr int n_extents = [] {
        int r = 0;
        for (int k = 0; k < n; ++k) r += rank(k);
        return r;
    }();
    struct shape_table {
        i64 extents[n_extents + 1];
        int first[n + 1];
    };
    static constexpr shape_table shapes = [] {   // for run time, as the names are
        shape_table r{};
        for (int k = 0; k < n; ++k) {
            r.first[k + 1] = r.first[k];
            for (int a = 0; a < rank(k); ++a) r.extents[r.first[k + 1]++] = extent(k, a);
        }
        return r;
    }();
    template <int K, class I = std::make_integer_sequence<int, rank(K)>>
    struct view_type;
    template <int K, int... A>
    struct view_type<K, std::integer_sequence<int, A...>> {
        using type = tensor_view<ctype_of<all.row[K].type>, extent(K, A)...>;
    };
};

/// The program that gives every variable of V its initial value; variables in initial values stand for theirs.
template <class V>
struct initial_program {
    static constexpr int n = V::graph.view().n_roots();
    static constexpr signature sig{0, n, 0};
    static constexpr bool several = true;
    static constexpr built run() {
        builder b{};
        value v[1024], first[1024];
        import(b, V::graph.view(), v);
        for (int k = 0; k < n; ++k) first[k] = {&b, v[k].n().in[0]};
        value roots[2048];
        for (int k = 0; k < n; ++k) roots[k] = first[k];
        while (uses_variables(b, roots, n)) {   // as often as they depend on one another
            value from[1024], to[1024];
            for (int k = 0; k < n; ++k) {
                from[k] = v[k];
                to[k] = first[k];
            }
            substitute(b, from, to, n, roots, n);
        }
        int ids[2048]{};
        for (int k = 0; k < n; ++k) {
            ids[k] = roots[k].id;
            ids[n + k] = v[k].id;
        }
        built r{};
        r.roots = canonical(graph_view_of(b), ids, 2 * n, r.b);
        return r;
    }
    static constexpr bool uses_variables(const builder& b, const value* roots, int m) {
        char need[builder::capacity]{};
        for (int k = 0; k < m; ++k) need[roots[k].id] = 1;
        for (int i = b.n - 1; i >= 0; --i) {
            if (!need[i]) continue;
            if (b.nodes[i].op == &variable_op) return true;
            if (b.nodes[i].op->leaf()) continue;
            for (int k = 0; k < b.nodes[i].n_in; ++k) need[b.operand(b.nodes[i], k)] = 1;
        }
        return false;
    }
    static constexpr auto found = made_by<initial_program>();
};

}  // namespace kiln
