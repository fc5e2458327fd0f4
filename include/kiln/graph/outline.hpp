// A graph for run time: names in place of the records of operations, so that a program which prints it does not carry the rules
// of every operation along.
#pragma once
#include <kiln/graph/frozen.hpp>

namespace kiln {

struct outline_node {
    const char* op;   // its name
    pattern kind;
    int n_in, in[3];
    int shape;
    dtype type;
    int attrs;
};

/// What reads an outline sees of it.
struct outline_view {
    const outline_node* nodes;
    int n;
    const i64* lists;
    const char* chars;
    int roots;
    const int* path;   // of each node; null: no node has one
    const int* origin;

    int length(int l) const { return l ? static_cast<int>(lists[l]) : 0; }
    i64 at(int l, int k) const { return lists[l + 1 + k]; }
    int operand(const outline_node& x, int k) const { return x.n_in <= 3 ? x.in[k] : static_cast<int>(at(x.in[0], k)); }
    int n_roots() const { return length(roots); }
    int root(int k) const { return static_cast<int>(at(roots, k)); }
    const char* text_of(i64 name) const { return chars + (name - name_tag); }
};

template <int Nodes, int Lists, int Chars, int Paths>
struct outline {
    outline_node nodes[Nodes];
    i64 lists[Lists];
    char chars[Chars];
    int path[Paths], origin[Paths];
    int roots;
    outline_view view() const {
        constexpr bool labelled = Paths == Nodes;
        return {nodes, Nodes, lists, chars, roots, labelled ? path : nullptr, labelled ? origin : nullptr};
    }
};

template <int Nodes, int Pool, int Regions, int Lists, int Chars, int Paths>
constexpr auto outline_of(const graph<Nodes, Pool, Regions, Lists, Chars, Paths>& g) {
    outline<Nodes, Lists, Chars, Paths> r{};
    for (int i = 0; i < Nodes; ++i) {
        const node& x = g.nodes[i];
        r.nodes[i] = {x.op->name, x.op->kind, x.n_in, {x.in[0], x.in[1], x.in[2]}, x.shape, x.type, x.attrs};
    }
    for (int k = 0; k < Lists; ++k) r.lists[k] = g.lists[k];
    for (int k = 0; k < Chars; ++k) r.chars[k] = g.chars[k];
    for (int k = 0; k < Paths; ++k) {
        r.path[k] = g.path[k];
        r.origin[k] = g.origin[k];
    }
    r.roots = g.roots;
    return r;
}

}  // namespace kiln
