// A graph of kiln, the function's or a body of cond, while it becomes nodes of an ONNX model.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/graph/list.hpp"
#include "kiln/io/onnx_terms.hpp"
#include "kiln/run/stored_variable.hpp"

namespace kiln::io::detail {

/// The graph of a function and the bodies in it, for run time.
struct onnx_source {
    outline_view graph;
    int n_outputs, first_input, n_inputs;   // counted in roots
    const outline_node* pool;
    const region* regions;
};

/// The outline of the bodies of a graph.
template <int Pool, int Regions>
struct bodies_outline {
    outline_node pool[Pool];
    region regions[Regions];
};
template <int Nodes, int Pool, int Regions, int Lists, int Chars, int Paths>
constexpr auto bodies_of(const graph<Nodes, Pool, Regions, Lists, Chars, Paths>& g) {
    bodies_outline<Pool, Regions> r{};
    for (int i = 0; i < Pool; ++i)
        if (const node& x = g.pool[i]; x.op) r.pool[i] = {x.op->name, x.op->kind, x.n_in, {x.in[0], x.in[1], x.in[2]}, x.shape, x.type, x.attrs};
    for (int k = 0; k < Regions; ++k) r.regions[k] = g.regions[k];
    return r;
}

/// What a node became. Broadcasting is left to the operations of ONNX: bit k of `stretched` says that all elements along axis
/// -1 - k are equal, and that the model's value has extent 1 there, or not that axis.
struct onnx_value {
    std::string name;
    int rank = 0;   // of the model's value
    unsigned stretched = 0;
};

struct onnx_body {
    const onnx_source& source;
    const outline_view& g;
    onnx_builder& to;
    std::span<const stored_variable> variables;
    std::vector<onnx_value> values;   // of each node

    const outline_node& node(int i) const { return g.nodes[i]; }
    bool is(int i, std::string_view op) const { return node(i).op == op; }
    int operand(int i, int k) const { return g.operand(node(i), k); }
    int rank(int i) const { return g.length(node(i).shape); }
    dtype type(int i) const { return node(i).type; }
    i64 attribute(int i, int k) const { return g.at(node(i).attrs, k); }
    std::vector<i64> attributes(int i, int from = 0) const {
        std::vector<i64> r;
        for (int k = from; k < g.length(node(i).attrs); ++k) r.push_back(attribute(i, k));
        return r;
    }
    std::vector<i64> extents(int i) const { return to.extents_of(node(i).shape); }
    i64 extent(int i, int k) const { return g.at(node(i).shape, k < 0 ? rank(i) + k : k); }

    onnx_value& value(int i) { return values[static_cast<std::size_t>(i)]; }
    void set(int i, const std::string& name) { value(i) = {name, rank(i), 0}; }

    /// The value of node i in its whole shape.
    std::string whole(int i) {
        onnx_value& v = value(i);
        if (v.stretched != 0) set(i, to.node("Expand", {v.name, to.shape(extents(i))}));
        return v.name;
    }
    onnx_term term(int i) { return {&to, whole(i), type(i)}; }
};

}  // namespace kiln::io::detail
