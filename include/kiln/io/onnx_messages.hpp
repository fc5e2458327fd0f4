// The messages of ONNX files, as far as kiln writes them: the numbers of their fields, dtypes and attributes. They are Protocol
// Buffers: onnx.proto of ONNX.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <protozero/pbf_builder.hpp>

#include "kiln/core/types.hpp"

namespace kiln::io::detail {

/// The version of the format, and that of the operations; ONNX 1.12 and later read them.
inline constexpr i64 onnx_ir_version = 8, onnx_opset = 17;

enum class onnx_model_field : protozero::pbf_tag_type {
    ir_version = 1, producer_name = 2, producer_version = 3, graph = 7, opset_import = 8
};
enum class onnx_opset_field : protozero::pbf_tag_type { domain = 1, version = 2 };
enum class onnx_graph_field : protozero::pbf_tag_type { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
enum class onnx_node_field : protozero::pbf_tag_type { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 };
enum class onnx_attribute_field : protozero::pbf_tag_type { name = 1, i = 3, s = 4, g = 6, ints = 8, type = 20 };
enum class onnx_tensor_field : protozero::pbf_tag_type { dims = 1, data_type = 2, name = 8, raw_data = 9 };
enum class onnx_value_field : protozero::pbf_tag_type { name = 1, type = 2 };
enum class onnx_type_field : protozero::pbf_tag_type { tensor_type = 1 };
enum class onnx_tensor_type_field : protozero::pbf_tag_type { elem_type = 1, shape = 2 };
enum class onnx_shape_field : protozero::pbf_tag_type { dim = 1 };
enum class onnx_dim_field : protozero::pbf_tag_type { dim_value = 1, dim_param = 2 };

/// What an attribute holds.
enum class onnx_attribute_type : std::int32_t { number = 2, text = 3, graph = 5, numbers = 7 };

template <class Field>
using onnx_message = protozero::pbf_builder<Field>;

/// ONNX's number of a dtype; a constant that met nothing is int64 or float64.
constexpr std::int32_t onnx_type(dtype t) {
    constexpr std::int32_t numbers[] = {9, 3, 5, 6, 7, 2, 4, 12, 13, 1, 11, 7, 11, 0};
    return numbers[static_cast<int>(t)];
}

// Attributes of a node, each a serialized AttributeProto.
inline std::string onnx_attribute(const char* name, i64 number) {
    std::string bytes;
    onnx_message<onnx_attribute_field> a(bytes);
    a.add_string(onnx_attribute_field::name, name);
    a.add_int64(onnx_attribute_field::i, number);
    a.add_enum(onnx_attribute_field::type, static_cast<std::int32_t>(onnx_attribute_type::number));
    return bytes;
}
inline std::string onnx_attribute(const char* name, const std::vector<i64>& numbers) {
    std::string bytes;
    onnx_message<onnx_attribute_field> a(bytes);
    a.add_string(onnx_attribute_field::name, name);
    for (const i64 v : numbers) a.add_int64(onnx_attribute_field::ints, v);
    a.add_enum(onnx_attribute_field::type, static_cast<std::int32_t>(onnx_attribute_type::numbers));
    return bytes;
}
inline std::string onnx_attribute(const char* name, const char* text) {
    std::string bytes;
    onnx_message<onnx_attribute_field> a(bytes);
    a.add_string(onnx_attribute_field::name, name);
    a.add_string(onnx_attribute_field::s, text);
    a.add_enum(onnx_attribute_field::type, static_cast<std::int32_t>(onnx_attribute_type::text));
    return bytes;
}
/// `graph` is a serialized GraphProto.
inline std::string onnx_body_attribute(const char* name, const std::string& graph) {
    std::string bytes;
    onnx_message<onnx_attribute_field> a(bytes);
    a.add_string(onnx_attribute_field::name, name);
    a.add_message(onnx_attribute_field::g, graph);
    a.add_enum(onnx_attribute_field::type, static_cast<std::int32_t>(onnx_attribute_type::graph));
    return bytes;
}

/// A constant tensor, a serialized TensorProto. Elements are written as they lie in memory, little-endian.
template <class Extents>
std::string onnx_tensor(const std::string& name, dtype type, const Extents& shape, std::string_view elements) {
    std::string bytes;
    onnx_message<onnx_tensor_field> t(bytes);
    for (const i64 e : shape) t.add_int64(onnx_tensor_field::dims, e);
    t.add_enum(onnx_tensor_field::data_type, onnx_type(type));
    t.add_string(onnx_tensor_field::name, name);
    t.add_bytes(onnx_tensor_field::raw_data, elements.data(), elements.size());
    return bytes;
}

}  // namespace kiln::io::detail
