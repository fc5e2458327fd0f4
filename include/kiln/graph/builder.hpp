// The growing graph of one constant evaluation: hash-consing tables of fixed size, no container of the standard
// library (a vector costs thirty times the steps). Every pass writes into one; `frozen` makes the exact-size constant.
#pragma once
#include <kiln/graph/node.hpp>
#include <kiln/graph/tables.hpp>

namespace kiln {

struct slice_range;
struct slice_index;

/// A handle to a node. The default value is the structural zero: no node at all, and no code.
struct value {
    builder* b = nullptr;
    int id = -1;

    // By b: after a constant evaluation of the same function g++ 12 fills local arrays of values with null bytes at run time.
    constexpr bool zero() const { return b == nullptr; }
    constexpr const node& n() const;
    constexpr int rank() const;
    constexpr i64 extent(int k) const;   // k < 0 counts from the end; a product of names is a tagged number
    constexpr dtype element() const;
    constexpr i64 shape(int k) const { return extent(k); }
    constexpr value operator[](const slice_range& r) const;   // ops/slices.hpp
    constexpr value operator[](const slice_index& i) const;

    using symbolic_tag = void;
};

struct builder : graph_tables {
    static constexpr int n_regions_max = 256, n_scopes_max = 512;

    node nodes[capacity];
    int scope[capacity];          // the body that a node belongs to; 0 is the graph itself
    int n;
    int node_table[2 * capacity];

    node pool[capacity];          // the nodes of regions
    int n_pool;
    region regions[n_regions_max];
    int n_regions;

    int current, n_scopes, parent[n_scopes_max], n_params[n_scopes_max];
    int captured_scope[n_scopes_max], captured_from[n_scopes_max], captured_as[n_scopes_max], n_captured;
    int n_holes, depth;

    int path[capacity];           // of a node: the scope that it was made in, its name (graph/scope.hpp); 0: the root, no name
    int origin[capacity];         // 1 + the node whose gradient it is a part of; only where there is a path
    int new_path, new_origin;     // of the nodes that are made now
    int n_openings;
    bool labelled;                // some node may have a path
    bool upcasts;                 // operands of two dtypes are cast to what holds both, instead of being refused

    // ---- nodes
    constexpr int operand(const node& x, int k) const {
        return x.n_in <= 3 ? x.in[k] : static_cast<int>(lists[x.in[0] + 1 + k]);
    }
    constexpr int add(const node& x) {
        u64 h = x.op->id + (static_cast<u64>(x.in[0]) + (static_cast<u64>(x.in[1]) << 16) + (static_cast<u64>(x.in[2]) << 32) + (static_cast<u64>(x.shape) << 48)) * 0xC2B2AE3D27D4EB4Full +
                (static_cast<u64>(x.attrs) << 16 ^ static_cast<u64>(current)) * 0xff51afd7ed558ccdull;
        h ^= h >> 29;
        h *= 0x9E3779B97F4A7C15ull;
        int j = static_cast<int>(h >> 20 & (2 * capacity - 1));
        for (; int k = node_table[j]; j = (j + 1) & (2 * capacity - 1)) {
            const node& y = nodes[k - 1];
            if (y.op == x.op && y.in[0] == x.in[0] && y.in[1] == x.in[1] && y.in[2] == x.in[2] &&
                y.n_in == x.n_in && y.attrs == x.attrs && y.shape == x.shape && y.type == x.type &&
                scope[k - 1] == current)
                return k - 1;
        }
        if (n + 20 >= capacity) { full(); return n - 1; }
        node_table[j] = n + 1;
        nodes[n] = x;
        scope[n] = current;
        if (new_path) {
            path[n] = new_path;
            origin[n] = new_origin;
        }
        return n++;
    }
    constexpr value leaf(const op_info& op, type t, i64 a) {
        return {this, add({&op, 0, {-1, -1, -1}, t.shape, t.element, intern(&a, 1)})};
    }
    /// A constant, the same in every element: the bits of a double for floating dtypes, else the integer.
    constexpr value literal(type t, i64 bits) { return leaf(literal_op, t, bits); }
    constexpr value param(type t) { return leaf(parameter_op, t, n_params[current]++); }
    constexpr value hole(type t) { return leaf(hole_op, t, n_holes++); }

    /// The one way to append an operation: checks its operands, infers the type, shares equal nodes.
    constexpr value make(const op_info& op, const value* in, int n_in, int attrs);
    constexpr value make(const op_info& op, const value* in, int n_in, const list& attrs) {
        return make(op, in, n_in, intern(attrs));
    }

    // ---- bodies: a scope of this builder while they are traced, then a region
    constexpr int open() {
        if (n_scopes + 1 >= n_scopes_max) { full(); return current; }
        parent[++n_scopes] = current;
        n_params[n_scopes] = 0;
        return current = n_scopes;
    }
    constexpr int capture(int id);
    constexpr int close(const value* roots, int n_roots, value* captured, int& n_outer);
    constexpr void replay(int r, const value* args, value* roots);
};

constexpr const node& value::n() const { return b->nodes[id]; }
constexpr int value::rank() const { return b->length(b->nodes[id].shape); }
constexpr i64 value::extent(int k) const {
    const int s = b->nodes[id].shape;
    return b->at(s, k < 0 ? b->length(s) + k : k);
}
constexpr dtype value::element() const { return b->nodes[id].type; }
constexpr type type_of(value x) { return {x.n().shape, x.n().type}; }

/// What a rule sees of its node: operands, results, attributes.
struct site {
    builder* b;
    int id;
    const char* wanted = nullptr;   // reverse mode: which nodes need an adjoint

    constexpr const node& n() const { return b->nodes[id]; }
    constexpr int size() const { return n().n_in; }
    constexpr int in(int k) const {   // by hand, here and below: rules ask for operands all the time
        const node& x = b->nodes[id];
        return x.n_in <= 3 ? x.in[k] : b->operand(x, k);
    }
    constexpr value operator[](int k) const {
        const node& x = b->nodes[id];
        return {b, x.n_in <= 3 ? x.in[k] : b->operand(x, k)};
    }
    constexpr value result(int k = 0) const { return {b, n().type == dtype::none ? id + 1 + k : id}; }
    constexpr bool wants(int k) const { return wanted == nullptr || wanted[in(k)]; }
    constexpr int n_attrs() const { return b->length(n().attrs); }
    constexpr i64 attr(int k) const { return b->at(n().attrs, k); }
    constexpr list attrs(int from = 0) const { return b->get(n().attrs, from); }
    constexpr int region(int k) const { return static_cast<int>(attr(k) - region_tag); }
    constexpr int shape(int k) const { return b->nodes[in(k)].shape; }
    constexpr dtype element(int k) const { return b->nodes[in(k)].type; }
};

constexpr int results_of(site s) { return s.n().op->results ? s.n().op->results(s) : 1; }

constexpr bool accepts(domain d, dtype t) {
    return d == domain::any || (d == domain::number && t != dtype::boolean) ||
           (d == domain::floating && is_floating(t)) ||
           (d == domain::integral && (is_integer(t) || t == dtype::boolean)) ||
           (d == domain::integer && is_integer(t)) ||
           (d == domain::boolean && t == dtype::boolean);
}
constexpr const char* wanted_by(domain d) {
    return d == domain::number ? "a number" : d == domain::floating ? "float32 or float64"
         : d == domain::integral ? "an integer or bool" : d == domain::integer ? "an integer" : d == domain::boolean ? "bool" : "any";
}

constexpr value builder::make(const op_info& op, const value* in, int n_in, int attrs) {
    node x{&op, n_in, {-1, -1, -1}, 0, dtype::none, attrs};
    if (n_in <= 3) {
        for (int k = 0; k < n_in; ++k) {
            const int id = in[k].id;
            x.in[k] = scope[id] == current ? id : capture(id);
        }
    } else {
        i64 ids[64]{};
        for (int k = 0; k < n_in; ++k) {
            const int id = in[k].id;
            ids[k] = scope[id] == current ? id : capture(id);
        }
        x.in[0] = intern(ids, n_in);
    }
    if (op.kind == pattern::pointwise && !op.infer) {   // the common case, without a call
        const node& last = nodes[x.in[n_in - 1]];
        x.shape = last.shape;
        x.type = op.boolean ? dtype::boolean : last.type;
        for (int k = 0; k < n_in; ++k) {
            const node& y = nodes[x.in[k]];
            if (y.shape != x.shape) fail(op.name, "shapes do not broadcast", y.shape, x.shape);
            if (k >= op.first_typed && y.type != last.type)
                fail(op.name, "dtypes differ, use cast", text(name_of(y.type)), text(name_of(last.type)));
        }
        if (op.takes != domain::any && !accepts(op.takes, last.type))
            fail(op.name, "not for this dtype", text(name_of(last.type)), text(wanted_by(op.takes)));
        return {this, add(x)};
    }
    nodes[n] = x;   // rules see the node before it is added
    const site s{this, n};
    if (!op.results) {
        const type t = op.infer(s, 0);
        x.shape = t.shape;
        x.type = t.element;
        return {this, add(x)};
    }
    const int r = op.results(s);
    type t[most_values]{};
    for (int k = 0; k < r; ++k) t[k] = op.infer(s, k);
    const int m = add(x);   // several results: the node, then one result node for each
    for (int k = 0; k < r; ++k) {
        const i64 a = k;
        add({&result_op, 1, {m, -1, -1}, t[k].shape, t[k].element, intern(&a, 1)});
    }
    return {this, m};
}

// An operand from an outer scope becomes a parameter of this one; literals are simply written again.
constexpr int builder::capture(int id) {
    if (nodes[id].op == &literal_op) return add(nodes[id]);
    const int up = parent[current], here = current;
    int s = up;
    while (s && s != scope[id]) s = parent[s];
    if (s != scope[id]) {
        fail("body", "a value used outside of it", nodes[id].shape, 0);
        return id;
    }
    if (scope[id] != up) {
        current = up;
        id = capture(id);
        current = here;
    }
    for (int k = 0; k < n_captured; ++k)
        if (captured_scope[k] == current && captured_from[k] == id) return captured_as[k];
    const int p = param({nodes[id].shape, nodes[id].type}).id;
    if (n_captured == n_scopes_max) { full(); return p; }
    captured_scope[n_captured] = current;
    captured_from[n_captured] = id;
    captured_as[n_captured++] = p;
    return p;
}

// The live nodes of the current scope become a region; `captured` gets the outer values behind its last parameters.
constexpr int builder::close(const value* roots, int n_roots, value* captured, int& n_outer) {
    const int here = current, first = n_pool;
    int to[capacity], last = -1, params = 0, size = 0;
    for (int i = 0; i < n; ++i) size += scope[i] == here;
    if (n_pool + size > capacity) {
        full();
        current = parent[here];
        return 0;
    }
    char live[capacity]{};
    i64 r[64]{};
    for (int k = 0; k < n_roots; ++k) {
        r[k] = scope[roots[k].id] == current ? roots[k].id : capture(roots[k].id);
        live[r[k]] = 1;
        if (r[k] > last) last = static_cast<int>(r[k]);
    }
    while (last >= 0 && last + 1 < n && nodes[last + 1].op == &result_op) ++last;
    for (int i = last; i >= 0; --i)
        if (live[i])
            for (int k = 0; k < nodes[i].n_in; ++k) live[operand(nodes[i], k)] = 1;
    for (int i = 0; i < n; ++i)
        if (scope[i] == here && nodes[i].op == &parameter_op) {
            to[i] = params++;
            pool[n_pool++] = nodes[i];
            live[i] = 0;
        }
    for (int i = 0; i <= last; ++i) {
        if (scope[i] != here) continue;
        if (nodes[i].op == &result_op && live[nodes[i].in[0]] == 2) live[i] = 1;
        if (!live[i]) continue;
        node x = nodes[i];
        if (x.type == dtype::none) live[i] = 2;
        if (x.n_in <= 3) {
            for (int k = 0; k < x.n_in; ++k) x.in[k] = to[x.in[k]];
        } else {
            i64 l[64]{};
            for (int k = 0; k < x.n_in; ++k) l[k] = to[operand(x, k)];
            x.in[0] = intern(l, x.n_in);
        }
        to[i] = n_pool - first;
        pool[n_pool++] = x;
    }
    for (int k = 0; k < n_roots; ++k) r[k] = to[r[k]];
    const region g{first, n_pool - first, params, intern(r, n_roots)};
    for (int k = 0; k < n_captured; ++k)
        if (captured_scope[k] == here) {
            if (n_outer == most_values) {
                fail("body", "it takes too many values", text("over 64 from its surroundings"), word{});
                break;
            }
            captured[n_outer++] = {this, captured_from[k]};
        }
    current = parent[here];
    for (int q = 0; q < n_regions; ++q) {   // equal regions are one
        const region& o = regions[q];
        if (o.n != g.n || o.params != g.params || o.roots != g.roots) continue;
        int k = 0;
        while (k < g.n && pool[o.first + k] == pool[g.first + k]) ++k;
        if (k == g.n) {
            n_pool = first;
            return q;
        }
    }
    if (n_regions == n_regions_max) { full(); return 0; }
    regions[n_regions] = g;
    return n_regions++;
}

// The region's nodes again, in the current scope, on the given arguments.
constexpr void builder::replay(int r, const value* args, value* roots) {
    const region g = regions[r];
    int to[capacity];
    for (int i = 0; i < g.n; ++i) {
        const node& x = pool[g.first + i];
        if (i < g.params) to[i] = args[i].id;
        else if (x.op == &result_op) to[i] = to[x.in[0]] + 1 + static_cast<int>(at(x.attrs, 0));
        else if (x.op->leaf() && x.n_in == 0) to[i] = add(x);
        else {
            value in[64];
            for (int k = 0; k < x.n_in; ++k) in[k] = {this, to[operand(x, k)]};
            to[i] = make(*x.op, in, x.n_in, x.attrs).id;
        }
    }
    for (int k = 0; k < length(g.roots); ++k) roots[k] = {this, to[at(g.roots, k)]};
}

}  // namespace kiln
