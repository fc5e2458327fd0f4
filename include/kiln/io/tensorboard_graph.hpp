// The graph of an expression or of a function as TensorBoard shows it: TensorFlow's GraphDef.
#pragma once
#include <kiln/expr/shown_graph.hpp>

#include "kiln/io/event_messages.hpp"

namespace kiln::io::detail {

enum class graph_field : protozero::pbf_tag_type { node = 1, versions = 4 };
enum class versions_field : protozero::pbf_tag_type { producer = 1 };
enum class node_def_field : protozero::pbf_tag_type { name = 1, op = 2, input = 3, attr = 5 };
enum class attr_field : protozero::pbf_tag_type { key = 1, value = 2 };
enum class attr_value_field : protozero::pbf_tag_type { list = 1, type = 6, shape = 7 };
enum class attr_list_field : protozero::pbf_tag_type { shape = 7 };
enum class shown_dim_field : protozero::pbf_tag_type { size = 1, name = 2 };

/// TensorFlow's number of a dtype; a number without a dtype of its own shows as what it is most often bound to.
constexpr std::int32_t tensorflow_dtype(dtype t) {
    switch (t) {
    case dtype::float64: return 2;
    case dtype::int32: return 3;
    case dtype::uint8: return 4;
    case dtype::int16: return 5;
    case dtype::int8: return 6;
    case dtype::int64: case dtype::weak_int: return 9;
    case dtype::boolean: return 10;
    case dtype::uint16: return 17;
    case dtype::uint32: return 22;
    case dtype::uint64: return 23;
    default: return 1;
    }
}

template <class Field>
void add_shape(message<Field>& to, Field field, const shown_type& t) {
    message<tensor_shape_field> shape(to, field);
    for (std::size_t k = 0; k < t.extents.size(); ++k) {
        message<shown_dim_field> dim(shape, tensor_shape_field::dim);
        dim.add_int64(shown_dim_field::size, t.extents[k]);
        if (!t.names[k].empty()) dim.add_string(shown_dim_field::name, t.names[k]);
    }
}
template <class F>
void add_attribute(message<node_def_field>& node, const char* key, F add) {
    message<attr_field> attr(node, node_def_field::attr);
    attr.add_string(attr_field::key, key);
    message<attr_value_field> value(attr, attr_field::value);
    add(value);
}

inline std::string graph_def_of(const shown_graph& shown) {
    std::string bytes;
    message<graph_field> graph(bytes);
    for (const shown_node& x : shown.nodes) {
        message<node_def_field> node(graph, graph_field::node);
        node.add_string(node_def_field::name, x.name);
        node.add_string(node_def_field::op, x.op);
        for (const std::string& in : x.inputs) node.add_string(node_def_field::input, in);
        if (x.outputs.empty()) continue;
        const bool symbol = x.op == "Placeholder" || x.op == "VariableV2" || x.op == "Const";
        add_attribute(node, symbol ? "dtype" : "T", [&](auto& v) { v.add_enum(attr_value_field::type, tensorflow_dtype(x.outputs[0].element)); });
        if (symbol && x.op != "Const")
            add_attribute(node, "shape", [&](auto& v) { add_shape(v, attr_value_field::shape, x.outputs[0]); });
        add_attribute(node, "_output_shapes", [&](auto& v) {   // what the edges show
            message<attr_list_field> list(v, attr_value_field::list);
            for (const shown_type& t : x.outputs) add_shape(list, attr_list_field::shape, t);
        });
    }
    message<versions_field>(graph, graph_field::versions).add_int32(versions_field::producer, 27);
    return bytes;
}

}  // namespace kiln::io::detail
