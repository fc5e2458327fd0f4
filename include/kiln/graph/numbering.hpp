// One graph in the tables of another: canonical numbering, by which equal graphs get equal numbers however they were built, and
// import into a graph that grows.
#pragma once
#include <kiln/graph/frozen.hpp>
#include <kiln/graph/scope.hpp>

namespace kiln {

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

}  // namespace kiln
