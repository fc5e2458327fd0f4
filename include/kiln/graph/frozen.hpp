// The finished graph: a structural constant of exact size, its canonical numbering and its digest.
#pragma once
#include <kiln/graph/scope.hpp>

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
        for (int k = 1; k < g.length(l); ++k)
            for (int j = 0; j < n; ++j)
                if (name[j] == g.at(l, k)) r *= extent[j];
        return r;
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

/// Copies the tables of one graph into another builder: lists, names and regions are renumbered, whatever operation
/// they belong to.
struct renumbering {
    const graph_view& from;
    builder& to;
    int lists[2 * builder::capacity];
    int regions[builder::n_regions_max];
    const extent_bindings* bound = nullptr;
    u64 salt = 0;   // of the ids of scopes

    constexpr i64 name_of(i64 c) { return to.name(from.text_of(c)); }
    static constexpr bool before(const char* a, const char* c) {
        while (*a && *a == *c) { ++a; ++c; }
        return *a < *c;
    }
    constexpr i64 item(i64 v) {
        if (bound && is_product(v)) return bound->value_of(from, v);
        if (is_product(v)) {
            const int l = static_cast<int>(extent_tag - v);
            list p{};
            for (int k = 0; k < from.length(l); ++k) p.put(from.at(l, k));
            for (int k = 2; k < p.n; ++k) {   // by text, since the order of first use is not known yet
                const i64 c = p.at[k];
                int j = k;
                for (; j > 1 && before(from.text_of(c), from.text_of(p.at[j - 1])); --j) p.at[j] = p.at[j - 1];
                p.at[j] = c;
            }
            for (int k = 1; k < p.n; ++k) p.at[k] = name_of(p[k]);
            for (int k = 2; k < p.n; ++k) {
                const i64 c = p.at[k];
                int j = k;
                for (; j > 1 && c < p.at[j - 1]; --j) p.at[j] = p.at[j - 1];
                p.at[j] = c;
            }
            return to.product(p);
        }
        if (is_name(v)) return name_of(v);
        return is_region(v) ? region_tag + region_of(static_cast<int>(v - region_tag)) : v;
    }
    constexpr int list_of(int l, bool raw) {
        if (l == 0) return 0;
        if (lists[l]) return lists[l];
        const int len = from.length(l);
        i64 p[64]{};
        for (int k = 0; k < len; ++k) {
            const i64 v = from.at(l, k);
            p[k] = raw || (v > extent_tag && v < region_tag) ? v : item(v);
        }
        return lists[l] = to.intern(p, len);
    }
    constexpr int region_of(int r) {
        if (regions[r]) return regions[r] - 1;
        const region g = from.regions[r];
        node temp[builder::capacity];
        int n = 0, roots[64]{}, index[builder::capacity]{};
        i64 ids[64]{};
        const int n_roots = from.length(g.roots);
        for (int k = 0; k < n_roots; ++k) roots[k] = static_cast<int>(from.at(g.roots, k));
        number(from.pool + g.first, g.n, g.params, roots, n_roots, temp, n, index);
        for (int k = 0; k < n_roots; ++k) ids[k] = roots[k];
        const region c{to.n_pool, n, g.params, to.intern(ids, n_roots)};
        for (int q = 0; q < to.n_regions; ++q) {
            const region& e = to.regions[q];
            if (e.n != c.n || e.params != c.params || e.roots != c.roots) continue;
            int k = 0;
            while (k < n && to.pool[e.first + k] == temp[k]) ++k;
            if (k == n) {
                regions[r] = q + 1;
                return q;
            }
        }
        for (int k = 0; k < n; ++k) to.pool[to.n_pool++] = temp[k];
        to.regions[to.n_regions++] = c;
        regions[r] = to.n_regions;
        return to.n_regions - 1;
    }
    // Post-order from the roots, operands first, with an explicit stack; `roots` are renumbered in place.
    constexpr void number(const node* base, int count, int params, int* roots, int n_roots, node* out, int& n, int* index) {
        int stack[2 * builder::capacity], top = 0;
        for (int k = 0; k < params; ++k) emit(base, k, index, out, n);
        for (int k = 0; k < n_roots; ++k) {
            stack[top++] = roots[k];
            while (top) {
                const int i = stack[top - 1];
                if (index[i]) { --top; continue; }
                const node& x = base[i];
                bool ready = true;
                for (int q = x.n_in - 1; q >= 0; --q)
                    if (const int c = x.n_in <= 3 ? x.in[q] : from.operand(x, q); !index[c]) {
                        stack[top++] = c;
                        ready = false;
                    }
                if (!ready) continue;
                --top;
                emit(base, i, index, out, n);
                if (x.type == dtype::none)
                    for (int q = i + 1; q < count && base[q].op == &result_op && base[q].in[0] == i; ++q)
                        emit(base, q, index, out, n);
            }
            roots[k] = index[roots[k]] - 1;
        }
    }
    constexpr void emit(const node* base, int i, int* index, node* out, int& n) {
        node x = base[i];
        take_lists(x);
        if (x.n_in <= 3) {
            for (int k = 0; k < x.n_in; ++k) x.in[k] = index[x.in[k]] - 1;
        } else {
            i64 p[64]{};
            for (int k = 0; k < x.n_in; ++k) p[k] = index[from.operand(x, k)] - 1;
            x.in[0] = to.intern(p, x.n_in);
        }
        out[n++] = x;
        index[i] = n;
    }
    // The paths and origins of nodes that became index[i] - 1, in their new order. A node whose gradient is here, but which is
    // not itself, leaves the name of its operation and its scopes.
    constexpr void label(const int* index, int n) {
        int source[builder::capacity]{};   // 1 + the node that became k
        for (int i = 0; i < from.n; ++i)
            if (from.path[i] && index[i]) source[index[i] - 1] = i + 1;
        int last = 0, path = 0;   // of most nodes the path is that of the one before
        for (int k = 0; k < n; ++k) {
            if (source[k] == 0) continue;
            const int i = source[k] - 1, o = from.origin[i];
            if (from.path[i] != last) path = path_of(last = from.path[i]);
            to.path[k] = path;
            if (o == 0) continue;
            to.origin[k] = index[o - 1];
            if (index[o - 1] == 0) to.path[k] = path_of_gone(path, o - 1);
        }
        to.labelled = last != 0;
    }
    constexpr int path_of_gone(int path, int o) {
        list p = to.get(path);
        const int old = from.path[o] ? path_of(from.path[o]) : 0, n = old ? to.length(old) : 0;
        if (p.n + 2 + n > list::capacity) return path;
        p.put(to.name(from.nodes[o].op->name));
        p.put(gone);
        for (int k = 1; k + 1 < n; k += 2) {   // its scopes
            p.put(to.at(old, k));
            p.put(to.at(old, k + 1));
        }
        return to.intern(p);
    }
    // Scopes that this builder opened are numbered; from now on they are known by what was built, so that scopes of other
    // expressions stay other scopes.
    constexpr int path_of(int l) {
        if (lists[l]) return lists[l];
        list p{};
        for (int k = 0; k < from.length(l); ++k) {
            i64 v = from.at(l, k);
            if (is_name(v)) v = name_of(v);
            else if (is_fresh(v)) {
                if (salt == 0) salt = content();
                const u64 h = mix(salt, static_cast<u64>(v)) >> 25;
                v = v < 0 ? -first_settled - static_cast<i64>(h) : first_settled + static_cast<i64>(h);
            }
            p.put(v);
        }
        return lists[l] = to.intern(p);
    }
    constexpr u64 content() const {
        u64 h = 1;
        for (int i = 0; i < from.n; ++i) {
            const node& x = from.nodes[i];
            h = mix(h, x.op->id + (static_cast<u64>(x.in[0]) << 40 ^ static_cast<u64>(x.in[1]) << 20 ^ static_cast<u64>(x.in[2])) + static_cast<u64>(x.attrs));
            if (x.op == &placeholder_op || x.op == &variable_op) h = mix(h, hash(from.text_of(from.at(x.attrs, 0))));
        }
        for (int k = 0; k < from.n_lists; ++k) h = mix(h, static_cast<u64>(from.lists[k]));
        return h;
    }
    /// The node's own lists.
    constexpr void take_lists(node& x) {
        if (x.shape) x.shape = lists[x.shape] ? lists[x.shape] : list_of(x.shape, false);
        if (x.attrs) x.attrs = x.op == &literal_op ? raw_list(x.attrs) : lists[x.attrs] ? lists[x.attrs] : list_of(x.attrs, false);
    }
    constexpr int raw_list(int l) {   // the bits of a literal; another list may have the same bits and mean a tag
        const i64 v = from.at(l, 0);
        return to.intern(&v, 1);
    }
};

inline constexpr int max_roots = 2048;

/// Renumbers the part of `s` that the roots need into the empty builder `o`; returns the interned list of roots.
/// Equal expressions get equal numbers however they were built.
constexpr int canonical(const graph_view& s, const int* roots, int n_roots, builder& o) {
    renumbering c{s, o, {}, {}, nullptr};
    int r[max_roots], index[builder::capacity]{};
    i64 ids[max_roots];
    ids[0] = 0;   // g++ sees that it is read, not that it is written
    for (int k = 0; k < n_roots; ++k) r[k] = roots[k];
    c.number(s.nodes, s.n, 0, r, n_roots, o.nodes, o.n, index);
    if (s.path) c.label(index, o.n);
    for (int k = 0; k < n_roots; ++k) ids[k] = r[k];
    return o.intern(ids, n_roots);
}

/// The nodes of a frozen graph again in a growing one; `roots` gets its results.
constexpr void import(builder& b, const graph_view& g, value* roots, const extent_bindings* bound = nullptr) {
    renumbering c{g, b, {}, {}, bound};
    int index[builder::capacity];
    for (int i = 0; i < g.n; ++i) {
        node x = g.nodes[i];
        c.take_lists(x);
        if (x.n_in <= 3) {
            for (int k = 0; k < x.n_in; ++k) x.in[k] = index[x.in[k]];
        } else {
            i64 p[64]{};
            for (int k = 0; k < x.n_in; ++k) p[k] = index[g.operand(x, k)];
            x.in[0] = b.intern(p, x.n_in);
        }
        index[i] = b.add(x);
    }
    for (int i = 0; g.path && i < g.n; ++i) {   // what is there already keeps its place, if it has one; a name goes before a scope
        if (g.path[i] == 0) continue;
        const int k = index[i], p = c.path_of(g.path[i]);
        b.labelled = true;
        if (b.path[k] && (is_named(b, b.path[k]) || !is_named(b, p))) continue;
        b.path[k] = p;
        b.origin[k] = g.origin[i] ? 1 + index[g.origin[i] - 1] : 0;
    }
    for (int k = 0; k < g.n_roots(); ++k) roots[k] = {&b, index[g.root(k)]};
}

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
