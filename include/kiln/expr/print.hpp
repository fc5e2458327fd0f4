// Expressions as text for people: debug_print (a tree), pretty (mathematics), to_dot (Graphviz).
#pragma once
#include <kiln/expr/program.hpp>
#include <kiln/expr/names.hpp>

#include <charconv>
#include <cstring>
#include <string>
#include <vector>

namespace kiln {

namespace detail {

// Graph is outline_view: as templates, what nobody prints is not compiled.
template <class Graph>
std::string text_of_extent(const Graph& g, i64 e) {
    if (!is_product(e)) return std::to_string(e);
    const int l = static_cast<int>(extent_tag - e);
    std::string s = g.at(l, 0) == 1 ? "" : std::to_string(g.at(l, 0)) + " ";
    for (int k = 1; k < g.length(l); ++k) s += std::string(k > 1 ? " \"" : "\"") + g.text_of(g.at(l, k)) + "\"";
    return s;
}
template <class Graph>
std::string text_of_type(const Graph& g, const outline_node& x) {
    if (x.type == dtype::none) return "";
    std::string s = std::string(name_of(x.type)) + " (";
    for (int k = 0; k < g.length(x.shape); ++k) s += (k ? ", " : "") + text_of_extent(g, g.at(x.shape, k));
    return s + (g.length(x.shape) == 1 ? ",)" : ")");
}
template <class Graph>
std::string text_of_number(const Graph& g, const outline_node& x) {
    const i64 bits = g.at(x.attrs, 0);
    if (x.type == dtype::boolean) return bits ? "true" : "false";
    if (!is_floating(x.type) && x.type != dtype::weak_float) return std::to_string(bits);
    char s[32];
    const double v = double_of(bits);
    const auto end = x.type == dtype::float32 ? std::to_chars(s, s + sizeof s, static_cast<float>(v)) : std::to_chars(s, s + sizeof s, v);
    return {s, end.ptr};
}
/// A symbol's name, a literal's number, else the operation's name.
template <class Graph>
std::string label_of(const Graph& g, int i) {
    const outline_node& x = g.nodes[i];
    if (!std::strcmp(x.op, "literal")) return text_of_number(g, x);
    if (!std::strcmp(x.op, "placeholder") || !std::strcmp(x.op, "variable")) return g.text_of(g.at(x.attrs, 0));
    return x.op;
}
/// The initial value of a variable is not part of what is computed with it.
inline int operands_of(const outline_node& x) { return x.kind == pattern::leaf ? 0 : x.n_in; }

/// A, B, ..., Z, AA, ...
inline std::string letters(int k) {
    std::string s;
    for (++k; k > 0; k = (k - 1) / 26) s.insert(s.begin(), static_cast<char>('A' + (k - 1) % 26));
    return s;
}

template <class Graph>
struct tree_printer {
    const Graph& g;
    const node_names names;
    std::vector<int> id;   // 1 + the letter of a node; 0: not printed yet
    int n = 0;
    std::string s;

    explicit tree_printer(const Graph& graph) : g(graph), names(names_of(graph)), id(static_cast<std::size_t>(graph.n)) {}
    /// With a stack of its own, since graphs are deep.
    void print(int root) {
        struct frame { int node, next; std::string indent; };
        std::vector<frame> stack;
        line(root, "");
        stack.push_back({root, 0, ""});
        while (!stack.empty()) {
            frame& f = stack.back();
            const outline_node& x = g.nodes[f.node];
            if (f.next == operands_of(x)) {
                stack.pop_back();
                continue;
            }
            const int child = g.operand(x, f.next);
            const bool last = ++f.next == operands_of(x);
            const std::string indent = f.indent + (last ? "   " : " │ ");
            const bool again = id[static_cast<std::size_t>(child)] != 0;
            line(child, f.indent + (last ? " └─ " : " ├─ "));
            if (again && operands_of(g.nodes[child]) > 0) s += indent + " └─ ...\n";
            else if (!again) stack.push_back({child, 0, indent});
        }
    }
    void line(int i, const std::string& indent) {
        int& letter = id[static_cast<std::size_t>(i)];
        if (!letter) letter = ++n;
        s += indent + label_of(g, i) + " [" + letters(letter - 1) + "]";
        const std::string type = text_of_type(g, g.nodes[i]);
        s += type.empty() ? "" : " " + type;
        if (g.path && g.path[i] && g.nodes[i].kind != pattern::leaf) s += " '" + names.name[static_cast<std::size_t>(i)] + "'";
        s += "\n";
    }
};

struct infix { const char* op; const char* sign; int binds; };
inline constexpr infix infixes[]{
    {"logical_or", " || ", 1}, {"logical_and", " && ", 2}, {"equal", " == ", 3}, {"not_equal", " != ", 3}, {"less", " < ", 4},
    {"less_equal", " <= ", 4}, {"greater", " > ", 4}, {"greater_equal", " >= ", 4}, {"add", " + ", 5}, {"subtract", " - ", 5},
    {"multiply", " * ", 6}, {"divide", " / ", 6}, {"remainder", " % ", 6}};

/// What a slice takes or a pad adds, of each axis: {:, 1:-2}, {(0, 0), (1, 2)}.
template <class Graph>
std::string text_of_section(const Graph& g, const outline_node& x) {
    const bool pads = !std::strcmp(x.op, "pad");
    const int listed = g.length(x.attrs) / 2, whole = g.length(x.shape) - listed;
    std::string s = "{";
    for (int k = 0; k < whole + listed; ++k) {
        const i64 before = k < whole ? 0 : g.at(x.attrs, 2 * (k - whole)), after = k < whole ? 0 : g.at(x.attrs, 2 * (k - whole) + 1);
        const std::string b = text_of_extent(g, before), a = text_of_extent(g, after);
        s += k ? ", " : "";
        s += pads ? "(" + b + ", " + a + ")" : (before != 0 ? b : "") + ":" + (after != 0 ? "-" + a : "");
    }
    return s + "}";
}

inline constexpr std::size_t longest_formula = 4096;

/// The formula of every node in the order of the graph; a broadcast shows as its operand. Shared parts are written out wherever
/// they are used, which doubles with each level: what gets too long shows as "...".
template <class Graph>
std::vector<std::string> formulas(const Graph& g) {
    constexpr int unary = 7, atom = 8;
    struct formula { std::string s; int binds; };
    std::vector<formula> f(static_cast<std::size_t>(g.n));
    for (int i = 0; i < g.n; ++i) {
        const outline_node& x = g.nodes[i];
        formula& r = f[static_cast<std::size_t>(i)];
        auto in = [&](int k) -> const formula& { return f[static_cast<std::size_t>(g.operand(x, k))]; };
        auto bracketed = [&](int k, int binds) { return in(k).binds < binds ? "(" + in(k).s + ")" : in(k).s; };
        r.binds = atom;
        const infix* sign = nullptr;
        for (const infix& q : infixes)
            if (!std::strcmp(q.op, x.op)) sign = &q;
        if (x.kind == pattern::leaf) {
            r.s = label_of(g, i);
            if (!r.s.empty() && r.s[0] == '-') r.binds = unary;
        } else if (x.kind == pattern::expand) r = in(0);
        else if (sign && x.n_in == 2) {
            r.binds = sign->binds;
            r.s = bracketed(0, sign->binds) + sign->sign + bracketed(1, sign->binds + 1);
        } else if (!std::strcmp(x.op, "negative")) {
            r.binds = unary;
            r.s = "-" + bracketed(0, atom);
        } else {
            r.s = std::string(x.op) + "(";
            for (int k = 0; k < x.n_in; ++k) r.s += (k ? ", " : "") + in(k).s;
            if (x.kind == pattern::reduction && g.length(x.attrs) < g.length(g.nodes[x.in[0]].shape)) {
                const int rank = g.length(g.nodes[x.in[0]].shape);
                r.s += ", {";
                for (int k = 0; k < g.length(x.attrs); ++k) r.s += (k ? ", " : "") + std::to_string(g.at(x.attrs, k) + rank);
                r.s += "}";
            } else if (x.kind == pattern::reshape) {
                r.s += ", {";
                for (int k = 0; k < g.length(x.shape); ++k) r.s += (k ? ", " : "") + text_of_extent(g, g.at(x.shape, k));
                r.s += "}";
            } else if (x.kind == pattern::section) r.s += ", " + text_of_section(g, x);
            else if (!std::strcmp(x.op, "cast")) r.s += std::string(", ") + name_of(x.type);
            else if (x.kind == pattern::result) r.s += ", " + std::to_string(g.at(x.attrs, 0));
            r.s += ")";
        }
        if (r.s.size() > longest_formula) r = {"...", atom};
    }
    std::vector<std::string> s;
    for (formula& one : f) s.push_back(std::move(one.s));
    return s;
}

/// Which nodes the roots need, initial values left out.
template <class Graph>
std::vector<bool> needed(const Graph& g) {
    std::vector<bool> need(static_cast<std::size_t>(g.n));
    for (int k = 0; k < g.n_roots(); ++k) need[static_cast<std::size_t>(g.root(k))] = true;
    for (int i = g.n - 1; i >= 0; --i)
        for (int k = 0; need[static_cast<std::size_t>(i)] && k < operands_of(g.nodes[i]); ++k)
            need[static_cast<std::size_t>(g.operand(g.nodes[i], k))] = true;
    return need;
}
inline std::string escaped(const std::string& s) {
    std::string r;
    for (const char c : s) {
        if (c == '"' || c == '\\') r += '\\';
        r += c;
    }
    return r;
}

}  // namespace detail

/// debug_print(e): one line for each node, operands below; a node that is used again is printed once, then as "..." (Theano's
/// debugprint). Of several expressions one tree each. Behind what has a name or stands in a scope is its 'name'.
template <class E>
    requires(single_expression<E> || expressions<E>)
std::string debug_print(E) {
    const outline_view g = outline_of_expression<E>.view();
    detail::tree_printer p(g);
    for (int k = 0; k < g.n_roots(); ++k) p.print(g.root(k));
    return std::move(p.s);
}
/// names_of(e): the names of its nodes in the order of the graph, as TensorFlow would make them unique.
template <class E>
    requires(single_expression<E> || expressions<E>)
std::vector<std::string> names_of(E) {
    const outline_view g = outline_of_expression<E>.view();
    return names_of(g).name;
}
/// pretty(e): the expression as one line of mathematics (Theano's pp). A shared part is written out wherever it is used, and
/// a part of more than 4,096 characters shows as "...".
template <single_expression E>
std::string pretty(E) {
    const outline_view g = outline_of_expression<E>.view();
    return detail::formulas(g)[static_cast<std::size_t>(g.root(0))];
}
/// to_dot(e): the graph in Graphviz's language; edges carry dtype and shape.
template <class E>
    requires(single_expression<E> || expressions<E>)
std::string to_dot(E) {
    const outline_view g = outline_of_expression<E>.view();
    std::string s = "digraph kiln {\n  node [fontname=\"sans-serif\"];\n";
    const std::vector<bool> need = detail::needed(g);
    for (int i = 0; i < g.n; ++i) {
        if (!need[static_cast<std::size_t>(i)]) continue;
        const outline_node& x = g.nodes[i];
        s += "  n" + std::to_string(i) + " [label=\"" + detail::escaped(detail::label_of(g, i)) + "\"" +
             (x.kind == pattern::leaf ? ", shape=box" : "") + "];\n";
        for (int k = 0; k < detail::operands_of(x); ++k) {
            const int o = g.operand(x, k);
            s += "  n" + std::to_string(o) + " -> n" + std::to_string(i) + " [label=\"" +
                 detail::escaped(detail::text_of_type(g, g.nodes[o])) + "\"];\n";
        }
    }
    for (int k = 0; k < g.n_roots(); ++k)
        s += "  r" + std::to_string(k) + " [label=\"" + (g.n_roots() > 1 ? std::to_string(k) : std::string("result")) +
             "\", shape=plaintext];\n  n" + std::to_string(g.root(k)) + " -> r" + std::to_string(k) + " [label=\"" +
             detail::escaped(detail::text_of_type(g, g.nodes[g.root(k)])) + "\"];\n";
    return s + "}\n";
}

}  // namespace kiln
