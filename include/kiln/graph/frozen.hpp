// The finished graph: a structural constant of exact size, and the digest that names it.
#pragma once
#include <kiln/graph/builder.hpp>

namespace kiln {

/// What reads a graph sees of it, whether it is frozen or still growing.
struct graph_view {
    const node* nodes;
    int n;
    const node* pool;
    const region* regions;
    const i64* lists;
    const char* chars;
    int n_lists;
    int roots;   // interned list of the nodes that are results
    const int* path;     // of each node, as in the builder; null: no node has one
    const int* origin;

    constexpr int length(int l) const { return l ? static_cast<int>(lists[l]) : 0; }
    constexpr i64 at(int l, int k) const { return lists[l + 1 + k]; }
    constexpr int operand(const node& x, int k) const {
        return x.n_in <= 3 ? x.in[k] : static_cast<int>(lists[x.in[0] + 1 + k]);
    }
    constexpr int n_roots() const { return length(roots); }
    constexpr int root(int k) const { return static_cast<int>(at(roots, k)); }
    constexpr const char* text_of(i64 name) const { return chars + (name - name_tag); }
};

/// A graph as a constant. Sizes are at least one, since an array has no size zero.
template <int Nodes, int Pool, int Regions, int Lists, int Chars, int Paths>
struct graph {
    node nodes[Nodes];
    node pool[Pool];
    region regions[Regions];
    i64 lists[Lists];
    char chars[Chars];
    int path[Paths], origin[Paths];   // as many as nodes, or one where no node has a path
    int roots;

    static constexpr bool labelled = Paths == Nodes;
    constexpr graph_view view() const {
        return {nodes, Nodes, pool, regions, lists, chars, Lists, roots, labelled ? path : nullptr, labelled ? origin : nullptr};
    }
};

constexpr graph_view graph_view_of(const builder& b, int roots = 0) {
    return {b.nodes, b.n, b.pool, b.regions, b.lists, b.chars, b.n_lists, roots, b.labelled ? b.path : nullptr, b.labelled ? b.origin : nullptr};
}
/// The graph without the names of its nodes: what is computed does not depend on them.
constexpr graph_view unlabelled(graph_view g) {
    g.path = g.origin = nullptr;
    return g;
}

/// Values of named extents, for an interpreter.
struct extent_bindings {
    i64 name[16], extent[16];   // index into the graph's characters
    int n = 0;

    constexpr i64 value_of(const graph_view& g, i64 e) const {
        if (!is_product(e)) return e;
        const int l = static_cast<int>(extent_tag - e);
        i64 r = g.at(l, 0);
        for (int k = 1; k < g.length(l); ++k) r *= value_of_name(g, g.at(l, k));
        return r;
    }
    constexpr i64 value_of_name(const graph_view& g, i64 c) const {
        for (int j = 0; j < n; ++j)
            if (name[j] == c) return extent[j];
        const name_and_number x = name_and_number_of(g.text_of(c));
        for (int j = 0; j < n && x.number != 0; ++j)
            if (x.is_name(g.text_of(name[j]))) return extent[j] + x.number;
        return 1;
    }
    /// A single name gets its value from the extent of an argument.
    constexpr void bind(const graph_view& g, i64 e, i64 v) {
        if (!is_product(e)) return;
        const int l = static_cast<int>(extent_tag - e);
        if (g.length(l) != 2 || g.at(l, 0) == 0) return;
        for (int j = 0; j < n; ++j)
            if (name[j] == g.at(l, 1)) return;
        name[n] = g.at(l, 1);
        extent[n++] = v / g.at(l, 0);
    }
    /// The name with that text gets a value.
    template <class Graph>
    constexpr void bind(const Graph& g, const char* s, i64 v) {
        for (int at = 0, end = static_cast<int>(sizeof g.chars); at < end; ++at) {
            int k = 0;
            while (at + k < end && s[k] && s[k] == g.chars[at + k]) ++k;
            if (!s[k] && at + k < end && !g.chars[at + k]) {
                name[n] = name_tag + at;
                extent[n++] = v;
                return;
            }
            while (at < end && g.chars[at]) ++at;
        }
    }
};

/// 128 bits that name a canonical graph: operations by the hash of their names, tables, names.
struct digest {
    u64 lo, hi;
    constexpr bool operator==(const digest&) const = default;
};

constexpr digest digest_of(const graph_view& g, int n_pool, int n_chars, int n_regions) {
    u64 h = static_cast<u64>(g.n), k = static_cast<u64>(n_pool);
    auto put = [&](u64 v) {
        h = (h ^ v) * 0x9E3779B97F4A7C15ull;
        h ^= h >> 29;
        k = (k + 0x517cc1b727220a95ull) ^ (v * 0xff51afd7ed558ccdull);
        k = k * 0x9E3779B97F4A7C15ull;
        k ^= k >> 29;
    };
    auto pair = [](int a, int b) { return static_cast<u64>(static_cast<unsigned>(a)) | static_cast<u64>(b) << 32; };
    auto put_nodes = [&](const node* p, int n) {
        for (int i = 0; i < n; ++i) {
            const node& x = p[i];
            if (!x.op) continue;   // the one element of an empty table
            // by hand, two words at once: constant evaluation pays for each step, and this is done for every node of every expression
            const u64 a = x.op->id + (static_cast<u64>(x.shape) | static_cast<u64>(x.attrs) << 32) * 0xC2B2AE3D27D4EB4Full;
            const u64 b = (static_cast<u64>(x.in[0]) & 0xffff) | (static_cast<u64>(x.in[1]) & 0xffff) << 16 | (static_cast<u64>(x.in[2]) & 0xffff) << 32 |
                          static_cast<u64>(x.n_in) << 48 | static_cast<u64>(x.type) << 56;
            h = (h ^ a) * 0x9E3779B97F4A7C15ull + b;
            h ^= h >> 29;
            k = (k ^ b) * 0xff51afd7ed558ccdull + a;
            k ^= k >> 31;
        }
    };
    put_nodes(g.nodes, g.n);
    put_nodes(g.pool, n_pool);
    for (int i = 0; g.path && i < g.n; ++i) {
        h = (h ^ (static_cast<u64>(g.path[i]) | static_cast<u64>(g.origin[i]) << 32)) * 0x9E3779B97F4A7C15ull;
        k = k * 0xff51afd7ed558ccdull + (h >> 17);
    }
    for (int i = 0; i < n_regions; ++i)
        if (const region& r = g.regions[i]; r.n) {
            put(pair(r.first, r.n));
            put(pair(r.params, r.roots));
        }
    for (int i = 0; i < g.n_lists; ++i) put(static_cast<u64>(g.lists[i]));
    for (int i = 0; i < n_chars; ++i) put(static_cast<u64>(static_cast<unsigned char>(g.chars[i])));
    put(static_cast<u64>(g.roots));
    return {h, k};
}

template <int Nodes, int Pool, int Regions, int Lists, int Chars, int Paths>
constexpr digest digest_of(const graph<Nodes, Pool, Regions, Lists, Chars, Paths>& g) {
    return digest_of(g.view(), Pool, Chars, Regions);
}

/// The canonical graph in `b` as a constant of exactly its size.
template <int Nodes, int Pool, int Regions, int Lists, int Chars, int Paths>
constexpr auto frozen(const builder& b, int roots) {
    graph<Nodes, Pool, Regions, Lists, Chars, Paths> g{};
    for (int i = 0; i < b.n; ++i) g.nodes[i] = b.nodes[i];
    for (int i = 0; i < b.n_pool; ++i) g.pool[i] = b.pool[i];
    for (int i = 0; i < b.n_regions; ++i) g.regions[i] = b.regions[i];
    for (int i = 0; i < b.n_lists; ++i) g.lists[i] = b.lists[i];
    for (int i = 0; i < b.n_chars; ++i) g.chars[i] = b.chars[i];
    for (int i = 0; b.labelled && i < b.n; ++i) {
        g.path[i] = b.path[i];
        g.origin[i] = b.origin[i];
    }
    g.roots = roots;
    return g;
}

constexpr int at_least_one(int n) { return n > 0 ? n : 1; }

}  // namespace kiln
