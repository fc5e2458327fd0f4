// Names and scopes. A node keeps the path of the scope that it was made in, and its name where it got one; the names that people
// see (`addition/add_1`) are made of these when a graph is shown (expr/names.hpp). No kernel knows them.
#pragma once
#include <kiln/graph/builder.hpp>

namespace kiln {

// A path is an interned list [path_mark, name, id, name, id, ..., name of the node where it has one]. The id tells scopes of one
// name apart; an operation that is made of several nodes (conv2d) is a scope with a negative id.
inline constexpr i64 path_mark = (i64{1} << 39) + 1;   // so no other list is equal to a path
inline constexpr i64 reopened = 0;                     // the scope that has this very name
inline constexpr i64 gone = 1;                         // an operation that is not in the graph, only its gradient; its scopes follow
inline constexpr i64 first_opened = 2, first_settled = i64{1} << 20;
constexpr bool is_fresh(i64 id) { return (id >= first_opened && id < first_settled) || (id <= -first_opened && id > -first_settled); }

/// Does the node with this path have a name of its own?
constexpr bool is_named(const builder& b, int path) { return path != 0 && b.length(path) % 2 == 0; }

constexpr int extended(builder& b, int path, i64 name, i64 id) {
    list p = path ? b.get(path) : list(path_mark);
    if (p.n + 3 > list::capacity) {
        b.fail("name_scope", "scopes are nested too deep", builder::text(b.text_of(name)), builder::text("at most 14"));
        return path;
    }
    p.put(name);
    p.put(id);
    return b.intern(p);
}

/// A name for a layer or a scope inside a trace: "readout", {"hidden", 3} is "hidden/3".
struct layer_name {
    static constexpr int capacity = 255;
    char s[capacity + 1]{};
    int n = 0;

    constexpr layer_name(const char* name) { put(name); }
    constexpr layer_name(const char* name, int number) {
        word digits{};
        put(name).put("/").put(digits.put(i64{number}).s);
    }
    constexpr layer_name with(const char* variable) const {
        layer_name r = *this;
        return r.put("/").put(variable);
    }
    constexpr layer_name& put(const char* t) {   // what is cut is too long for a name, and refused there
        while (*t && n < capacity) s[n++] = *t++;
        return *this;
    }
};
inline constexpr int longest_name = 200;

/// While it lives, nodes are made under this path.
class path_guard {
public:
    constexpr path_guard(builder& to, int path) : b(&to), outer(to.new_path), outer_origin(to.new_origin) {
        b->new_path = path;
        b->new_origin = 0;
        b->labelled = true;
    }
    constexpr ~path_guard() {
        b->new_path = outer;
        b->new_origin = outer_origin;
    }
    path_guard(const path_guard&) = delete;
    path_guard& operator=(const path_guard&) = delete;

private:
    builder* b;
    int outer, outer_origin;
};

constexpr int path_of_scope(builder& b, layer_name name) {
    if (name.n == 0) return 0;
    if (name.n > longest_name) {
        b.fail("name_scope", "the name is too long", builder::text(name.s), builder::text("at most 200 characters"));
        return b.new_path;
    }
    if (name.s[name.n - 1] != '/') return extended(b, b.new_path, b.name(name.s), first_opened + b.n_openings++);
    name.s[name.n - 1] = 0;
    return extended(b, 0, b.name(name.s), reopened);
}

/// Inside a trace, const name_scope scope(h, "encoder"): until the end of the block, what is made belongs to the scope `encoder`,
/// which shows in TensorBoard and wherever a graph is shown. Scopes nest; a name that is opened again is another scope
/// (`encoder_1`); "encoder/" opens the same one again, "" is the root (TensorFlow's four rules). Symbols keep their own names. `h` is any
/// value of the trace.
class name_scope : path_guard {
public:
    constexpr name_scope(value h, const layer_name& name) : path_guard(*h.b, path_of_scope(*h.b, name)) {}
};

/// While it lives, the nodes that are made are one operation to those who look at the graph: conv2d, softmax.
class composite : path_guard {
public:
    constexpr composite(builder& to, const char* name)
        : path_guard(to, extended(to, to.new_path, to.name(name), -first_opened - to.n_openings++)) {}
};

/// named(v, "sum"): the name that v shows. A node keeps its place in the scopes; symbols have their names already.
constexpr value named(value v, const char* name) {
    builder& b = *v.b;
    const op_info* op = v.n().op;
    if (op == &placeholder_op || op == &variable_op) {
        b.fail("named", "a symbol has its name", builder::text(b.text_of(b.at(v.n().attrs, 0))), builder::text(name));
        return v;
    }
    const int old = b.path[v.id];
    list p = old ? b.get(old) : list(path_mark);
    if (p.n % 2 == 0) --p.n;
    b.labelled = true;
    if (p.n > 1 && p[p.n - 1] < 0) {   // an operation of several nodes is renamed
        const i64 id = p[p.n - 1], to = b.name(name);
        const int depth = p.n - 2;
        for (int i = 0; i < b.n; ++i) {
            if (b.length(b.path[i]) <= depth + 1 || b.at(b.path[i], depth + 1) != id) continue;
            list q = b.get(b.path[i]);
            q.at[depth] = to;
            b.path[i] = b.intern(q);
        }
        return v;
    }
    p.put(b.name(name));
    b.path[v.id] = b.intern(p);
    return v;
}

}  // namespace kiln
