// The messages of TensorBoard's event files, as far as kiln writes them: the numbers of their fields. They are Protocol Buffers:
// event.proto, summary.proto, tensor.proto and step_stats.proto in TensorBoard.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <protozero/pbf_builder.hpp>

#include "kiln/core/error.hpp"
#include "kiln/core/types.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/utf8.hpp"

namespace kiln::io::detail {

enum class event_field : protozero::pbf_tag_type {
    wall_time = 1, step = 2, file_version = 3, graph_def = 4, summary = 5, tagged_run_metadata = 8
};
enum class tagged_run_metadata_field : protozero::pbf_tag_type { tag = 1, run_metadata = 2 };

enum class summary_field : protozero::pbf_tag_type { value = 1 };
enum class value_field : protozero::pbf_tag_type { tag = 1, simple_value = 2, tensor = 8, metadata = 9 };
enum class metadata_field : protozero::pbf_tag_type { plugin_data = 1, data_class = 4 };
enum class plugin_data_field : protozero::pbf_tag_type { plugin_name = 1 };

enum class tensor_field : protozero::pbf_tag_type { dtype = 1, shape = 2, content = 4, string_val = 8 };
enum class tensor_shape_field : protozero::pbf_tag_type { dim = 2 };
enum class dim_field : protozero::pbf_tag_type { size = 1 };

enum class run_metadata_field : protozero::pbf_tag_type { step_stats = 1 };
enum class step_stats_field : protozero::pbf_tag_type { dev_stats = 1 };
enum class device_field : protozero::pbf_tag_type { device = 1, node_stats = 2 };
enum class node_field : protozero::pbf_tag_type {
    node_name = 1, all_start_micros = 2, op_start_rel_micros = 3, op_end_rel_micros = 4, all_end_rel_micros = 5, memory = 6
};
enum class memory_field : protozero::pbf_tag_type { allocator_name = 1, total_bytes = 2 };

/// TensorFlow's numbers of dtypes.
enum class tensor_dtype : std::int32_t { float64 = 2, string = 7 };
/// What a reader of a summary may do with it.
enum class data_class : std::int32_t { tensor = 2, blob_sequence = 3 };

template <class Field>
using message = protozero::pbf_builder<Field>;

/// Throws `value_error` where bytes are more than a message may have.
inline void require_message_size(u64 size) {
    constexpr u64 most = (u64{1} << 31) - 1;
    if (size > most)
        throw value_error("tensorboard: expected at most 2 GiB in one record, got " + std::to_string(size) + " bytes");
}

/// Adds bytes, or a text that is known to be UTF-8.
template <class Field>
void add_bytes(message<Field>& to, Field field, std::string_view bytes) {
    require_message_size(bytes.size());
    to.add_bytes(field, bytes.data(), bytes.size());
}

/// Adds a text. Throws `value_error` where it is not UTF-8: of a message with such a text readers take nothing.
template <class Field>
void add_text(message<Field>& to, Field field, std::string_view text) {
    if (!is_utf8(text)) throw value_error("tensorboard: expected UTF-8, got " + in_quotes(text));
    add_bytes(to, field, text);
}

/// Adds a name: a text that is not empty.
template <class Field>
void add_name(message<Field>& to, Field field, std::string_view name) {
    if (name.empty()) throw value_error("tensorboard: expected a tag or a name, got an empty one");
    add_text(to, field, name);
}

/// Adds what says which part of TensorBoard shows a value.
inline void add_plugin(message<value_field>& value, const char* name, data_class content) {
    message<metadata_field> metadata(value, value_field::metadata);
    metadata.add_enum(metadata_field::data_class, static_cast<std::int32_t>(content));
    message<plugin_data_field>(metadata, metadata_field::plugin_data).add_string(plugin_data_field::plugin_name, name);
}

/// Adds what a tensor has beside its elements.
inline void add_tensor_type(message<tensor_field>& tensor, tensor_dtype dtype, std::initializer_list<i64> shape) {
    tensor.add_enum(tensor_field::dtype, static_cast<std::int32_t>(dtype));
    message<tensor_shape_field> extents(tensor, tensor_field::shape);
    for (const i64 extent : shape) message<dim_field>(extents, tensor_shape_field::dim).add_int64(dim_field::size, extent);
}

}  // namespace kiln::io::detail
