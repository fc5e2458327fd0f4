// Sizes that are known when a function is called: products of a number and named extents.
#pragma once
#include <kiln/graph/frozen.hpp>

namespace kiln {

struct size_expr {
    i64 number;
    int n, name[6];   // indices into the plan's names, ascending
    constexpr bool operator==(const size_expr&) const = default;
    constexpr bool fixed() const { return n == 0; }
};
constexpr size_expr times(const size_expr& a, const size_expr& b) {
    if (a.n == 0 && b.n == 0) return {a.number * b.number, 0, {}};
    size_expr r{a.number * b.number, 0, {}};
    if (r.number == 0) return r;
    for (int i = 0, j = 0; i < a.n || j < b.n;)
        r.name[r.n++] = j == b.n || (i < a.n && a.name[i] <= b.name[j]) ? a.name[i++] : b.name[j++];
    return r;
}

/// Interned sizes and the names that occur in them.
template <int Capacity, int Lists>
struct size_table {
    size_expr sizes[Capacity];
    int n;
    int names[64];   // where the text of a name begins in the graph's characters
    int n_names;

    int product[Lists];   // 1 + the size that a product of the graph is

    constexpr int intern(const size_expr& e) {
        for (int k = n - 1; k >= 0; --k) {
            if (sizes[k].number != e.number) continue;
            if ((e.n == 0 && sizes[k].n == 0) || sizes[k] == e) return k;
        }
        sizes[n] = e;
        return n++;
    }
    constexpr int name(int chars_at) {
        for (int k = 0; k < n_names; ++k)
            if (names[k] == chars_at) return k;
        names[n_names] = chars_at;
        return n_names++;
    }
    constexpr size_expr of(const graph_view& g, i64 extent) {
        if (!is_product(extent)) return {extent, 0, {}};
        const int l = static_cast<int>(extent_tag - extent);
        if (product[l]) return sizes[product[l] - 1];
        size_expr r{g.at(l, 0), 0, {}};
        for (int k = 1; k < g.length(l); ++k)
            r = times(r, {1, 1, {name(static_cast<int>(g.at(l, k) - name_tag))}});
        product[l] = intern(r) + 1;
        return r;
    }
    constexpr size_expr count(const graph_view& g, int shape) {
        size_expr r{1, 0, {}};
        for (int k = 0; k < g.length(shape); ++k) r = times(r, of(g, g.at(shape, k)));
        return r;
    }
};

}  // namespace kiln
