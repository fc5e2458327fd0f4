// A graph as people look at it, in TensorFlow's manner: broadcasts are not shown, constants stand at their readers, operations that
// are made of several nodes are one, variables have Assign and read.
#pragma once
#include <map>

#include <kiln/backend/constant/interpret.hpp>   // the reference of cond, which its record names
#include <kiln/expr/names.hpp>
#include <kiln/expr/print.hpp>
#include <kiln/expr/program.hpp>

namespace kiln {

/// Shape and dtype on an edge; a run-time extent is -1 with its names as text.
struct shown_type {
    dtype element;
    std::vector<i64> extents;
    std::vector<std::string> names;
};
struct shown_node {
    std::string name, op;              // `op`: TensorFlow's type of operation
    std::vector<std::string> inputs;   // "a", "top:1", "^before"
    std::vector<shown_type> outputs;
    std::vector<int> nodes;            // those of the graph that it stands for
    std::string value = {};            // the number of a constant
};

class shown_graph {
public:
    /// The roots of g are [results, variables that get the last `updates` of them, inputs].
    shown_graph(const outline_view& graph, int results, int updates) : g(graph), names(names_of(graph)), at(static_cast<std::size_t>(g.n), -1) {
        find_broadcasts(results);
        find_wholes(results);
        for (int i = 0; i < g.n; ++i) show(i);
        for (int k = 0; k < updates; ++k) assign(g.root(results - updates + k), g.root(results + k));
        if (!initial.empty()) nodes.push_back({names.unique("init"), "NoOp", initial, {}, {}});
    }
    std::vector<shown_node> nodes;

private:
    const outline_view& g;
    node_names names;
    std::vector<int> at;                 // the shown node of each node; -1: none
    std::vector<bool> shows, outward;    // a broadcast that is more than one; a part of a whole that others read
    std::map<std::string, int> wholes;
    std::vector<std::string> initial;

    bool is(int i, std::string_view op) const { return g.nodes[i].op == op; }
    static std::size_t u(int i) { return static_cast<std::size_t>(i); }
    const std::string& whole(int i) const { return names.whole[u(i)]; }   // what node i is a part of

    void find_broadcasts(int results) {
        shows.assign(u(g.n), false);
        for (int k = 0; k < results; ++k) shows[u(g.root(k))] = true;
        for (int i = 0; i < g.n; ++i)
            for (int k = 0; k < g.nodes[i].n_in; ++k)
                if (g.nodes[i].kind != pattern::pointwise && !is(i, "variable")) shows[u(g.operand(g.nodes[i], k))] = true;
    }
    void find_wholes(int results) {
        outward.assign(u(g.n), false);
        for (int k = 0; k < results; ++k) outward[u(g.root(k))] = true;
        for (int i = 0; i < g.n; ++i)
            for (int k = 0; k < g.nodes[i].n_in; ++k) {
                const int o = source(i, g.operand(g.nodes[i], k));
                if (whole(o) != whole(i) && !is(o, "literal") && !is(o, "seed")) outward[u(o)] = true;
            }
        std::map<std::string, int> n;   // the last part of a whole is its first output
        for (int i = g.n - 1; i >= 0; --i)
            if (outward[u(i)] && !whole(i).empty()) {
                const int k = n[whole(i)]++;
                names.name[u(i)] = whole(i) + (k ? ":" + std::to_string(k) : "");
            }
    }
    /// What an operand of i shows as: a broadcast into an elementwise operation shows as what is broadcast.
    int source(int i, int o) const {
        const bool implicit = g.nodes[i].kind == pattern::pointwise || is(i, "variable");
        while (implicit && g.nodes[o].kind == pattern::expand) o = g.operand(g.nodes[o], 0);
        return o;
    }
    shown_type type_of(int i) const {
        const outline_node& x = g.nodes[i];
        shown_type t{x.type, {}, {}};
        for (int k = 0; k < g.length(x.shape); ++k) {
            const i64 e = g.at(x.shape, k);
            t.extents.push_back(is_product(e) ? -1 : e);
            t.names.push_back(is_product(e) ? text_of_product(g, e) : "");
        }
        return t;
    }
    int put(std::string name, std::string_view op, std::vector<shown_type> outputs, std::vector<int> of) {
        nodes.push_back({std::move(name), std::string(op), {}, std::move(outputs), std::move(of)});
        if (op == "Const" && !nodes.back().nodes.empty()) nodes.back().value = detail::text_of_number(g, g.nodes[nodes.back().nodes[0]]);
        return static_cast<int>(nodes.size()) - 1;
    }

    void show(int i) {
        const outline_node& x = g.nodes[i];
        if (is(i, "literal") || is(i, "seed") || x.kind == pattern::result) return;
        if (x.kind == pattern::expand && !shows[u(i)]) return;
        if (!whole(i).empty()) return show_part(i);
        const std::string& name = names.name[u(i)];
        std::vector<shown_type> outputs;
        if (x.type == dtype::none)
            for (int k = i + 1; k < g.n && g.nodes[k].kind == pattern::result && g.nodes[k].in[0] == i; ++k) outputs.push_back(type_of(k));
        else outputs.push_back(type_of(i));
        const int n = at[u(i)] = put(name, tensorflow_name_of(x.op).type, outputs, {i});
        if (is(i, "variable")) return initialise(i, n);
        for (int k = 0; k < x.n_in; ++k) read(n, i, g.operand(x, k), argument(x, k));
        if (x.kind == pattern::reshape) {
            const i64 rank = g.length(x.shape);
            nodes[u(n)].inputs.push_back(name + "/shape");
            put(name + "/shape", "Const", {{dtype::int32, {rank}, {""}}}, {});
        }
    }
    static std::string argument(const outline_node& x, int k) {
        if (x.kind == pattern::pointwise && x.n_in == 2) return k ? "y" : "x";
        return "Const";
    }
    // The node of a whole stands where its first part does.
    void show_part(int i) {
        auto [place, first] = wholes.try_emplace(whole(i), 0);
        if (first) place->second = put(whole(i), tensorflow_name_of(names.type[u(i)].c_str()).type, {}, {});
        const int n = place->second;
        at[u(i)] = n;
        nodes[u(n)].nodes.push_back(i);
        if (outward[u(i)]) nodes[u(n)].outputs.insert(nodes[u(n)].outputs.begin(), type_of(i));
        for (int k = 0; k < g.nodes[i].n_in; ++k) {
            const int o = source(i, g.operand(g.nodes[i], k));
            if (whole(o) == whole(i) || is(o, "literal") || is(o, "seed")) continue;
            add(n, reference(o));
        }
    }
    void add(int n, const std::string& input) {
        for (const std::string& s : nodes[u(n)].inputs)
            if (s == input) return;
        nodes[u(n)].inputs.push_back(input);
    }
    std::string reference(int o) const { return is(o, "variable") ? names.name[u(o)] + "/read" : names.name[u(o)]; }
    void read(int n, int i, int o, const std::string& argument) {
        o = source(i, o);
        if (is(o, "seed")) return;
        if (!is(o, "literal")) {
            nodes[u(n)].inputs.push_back(reference(o));
            return;
        }
        const std::string name = names.unique(nodes[u(n)].name + "/" + argument);
        nodes[u(n)].inputs.push_back(name);
        put(name, "Const", {type_of(o)}, {o});
    }
    void initialise(int i, int n) {
        const std::string name = nodes[u(n)].name;
        const int o = source(i, g.nodes[i].in[0]);
        std::string first = is(o, "literal") ? names.unique("Const") : reference(o);
        if (is(o, "literal")) put(first, "Const", {type_of(i)}, {o});
        shown_node assigned{names.unique(name + "/Assign"), "Assign", {name, first}, {type_of(i)}, {}};
        initial.push_back("^" + assigned.name);
        nodes.push_back(std::move(assigned));
        nodes.push_back({names.unique(name + "/read"), "Identity", {name}, {type_of(i)}, {}});
    }
    void assign(int value, int variable) {
        const std::string& made = names.name[u(value)];
        const std::size_t slash = is(value, "literal") || is(value, "variable") ? made.npos : made.rfind('/');
        const int n = put(names.unique((slash == made.npos ? "" : made.substr(0, slash + 1)) + "Assign"), "Assign", {type_of(variable)}, {});
        nodes[u(n)].inputs.push_back(names.name[u(variable)]);
        read(n, variable, value, "value");
    }
    static std::string text_of_product(const outline_view& g, i64 e) {
        const int l = static_cast<int>(extent_tag - e);
        std::string s = g.at(l, 0) == 1 ? "" : std::to_string(g.at(l, 0));
        for (int k = 1; k < g.length(l); ++k) s += (s.empty() ? "" : " ") + std::string(g.text_of(g.at(l, k)));
        return s;
    }
};

/// The graph of an expression, or of a function with its updates.
template <class E>
struct shown_of {
    static shown_graph graph() {
        static constexpr auto& outline = outline_of_expression<E>;
        static const outline_view g = outline.view();
        return shown_graph(g, g.n_roots(), 0);
    }
};
template <class F>
    requires requires { typename F::program_type; }
struct shown_of<F> {
    static constexpr auto outline = outline_of(named_program<typename F::program_type>::found);
    static shown_graph graph() {
        static const outline_view g = outline.view();
        constexpr signature sig = F::program_type::sig;
        return shown_graph(g, sig.results(), sig.updates);
    }
};

}  // namespace kiln
