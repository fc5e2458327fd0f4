// Safetensors files: the length of a header (64 bits, little-endian), the header (JSON: dtype, shape and place of each tensor),
// the elements of all tensors without gaps.
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/io/array.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/input_file.hpp"
#include "kiln/io/output_file.hpp"

namespace kiln::io {

/// What a safetensors file says about itself: texts by name.
using file_metadata = std::map<std::string, std::string>;

namespace detail {

/// The most that the header of a safetensors file may be long; the limit of the format.
inline constexpr u64 safetensors_header_limit = 100'000'000;

/// The dtypes of the format that have whole bytes. kiln has those before F16.
struct safetensors_dtype {
    std::string_view name;
    dtype type;
    int bytes;
};
inline constexpr safetensors_dtype safetensors_dtypes[] = {
    {"BOOL", dtype::boolean, 1}, {"I8", dtype::int8, 1},    {"I16", dtype::int16, 2},   {"I32", dtype::int32, 4},
    {"I64", dtype::int64, 8},    {"U8", dtype::uint8, 1},   {"U16", dtype::uint16, 2},  {"U32", dtype::uint32, 4},
    {"U64", dtype::uint64, 8},   {"F32", dtype::float32, 4}, {"F64", dtype::float64, 8}, {"F16", dtype::none, 2},
    {"BF16", dtype::none, 2},    {"F8_E5M2", dtype::none, 1}, {"F8_E4M3", dtype::none, 1}, {"F8_E8M0", dtype::none, 1},
    {"C64", dtype::none, 8}};

struct safetensors_entry {
    const safetensors_dtype* type = nullptr;
    std::vector<i64> shape;
    std::vector<u64> place;                 // begin and end
    std::span<const unsigned char> bytes;   // the elements, in the bytes of the file

    std::string text() const {   // "F16 (3, 4)" of a dtype that kiln does not have
        if (type->type != dtype::none) return text_of(type->type, shape);
        return std::string(type->name) + " " + text_of_extents(shape.data(), static_cast<int>(shape.size()));
    }
};

struct safetensors_contents {
    std::map<std::string, safetensors_entry> tensors;
    file_metadata metadata;
};

/// Takes the events of the JSON parser. No document is built, so that a header cannot ask for more memory or depth than
/// what it says takes; and whatever is not expected stops the parser where it stands.
class safetensors_header {
public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    explicit safetensors_header(safetensors_contents& to) : to_(to) {}
    std::string problem;   // why the parser stopped

    bool start_object(std::size_t) {
        if (where_ == at::start) return go(at::names);
        if (where_ != at::name) return stop("an object");
        if (key_ == "__metadata__") return go(at::metadata);
        entry_ = &to_.tensors[key_];
        return go(at::entry);
    }
    bool key(string_t& key) {
        if (where_ == at::entry) {
            key_ = key;
            if (key == "dtype" && !entry_->type) return go(at::type);
            if (key == "shape" && !std::exchange(has_shape_, true)) return go(at::shape);
            if (key == "data_offsets" && !std::exchange(has_place_, true)) return go(at::place);
            return stop("a key that does not belong there, or twice,");
        }
        key_ = key;
        if (where_ == at::metadata)
            return to_.metadata.try_emplace(key).second ? go(at::text) : stop("the key " + in_quotes(key) + " twice");
        const bool first = key == "__metadata__" ? !std::exchange(has_metadata_, true) : !to_.tensors.contains(key);
        return first ? go(at::name) : stop("the key " + in_quotes(key) + " twice");
    }
    bool end_object() {
        if (where_ == at::metadata) return go(at::names);
        if (where_ == at::names) return go(at::end);
        if (!entry_->type || !has_shape_ || entry_->place.size() != 2)
            return stop("a tensor without dtype, shape and two data_offsets");
        has_shape_ = has_place_ = false;
        return go(at::names);
    }
    bool string(string_t& text) {
        if (where_ == at::text) {
            to_.metadata[key_] = text;
            return go(at::metadata);
        }
        if (where_ != at::type) return stop("a string");
        for (const auto& known : safetensors_dtypes)
            if (known.name == text) entry_->type = &known;
        return entry_->type ? go(at::entry) : stop("the dtype " + in_quotes(text));
    }
    bool start_array(std::size_t) {
        if (where_ == at::shape) return go(at::in_shape);
        if (where_ == at::place) return go(at::in_place);
        return stop("an array");
    }
    bool end_array() { return go(at::entry); }
    bool number_unsigned(number_unsigned_t n) {
        constexpr auto most = static_cast<u64>(std::numeric_limits<i64>::max());
        if (where_ == at::in_shape && n <= most && entry_->shape.size() < most_axes)
            entry_->shape.push_back(static_cast<i64>(n));
        else if (where_ == at::in_place && entry_->place.size() < 2) entry_->place.push_back(n);
        else return stop("the number " + std::to_string(n));
        return true;
    }
    bool number_integer(number_integer_t n) { return stop("the number " + std::to_string(n)); }
    bool number_float(number_float_t, const string_t& text) { return stop("the number " + in_quotes(text)); }
    bool null() { return stop("null"); }
    bool boolean(bool b) { return stop(b ? "true" : "false"); }
    bool binary(binary_t&) { return stop("binary data"); }
    bool parse_error(std::size_t place, const std::string& token, const nlohmann::json::exception&) {
        problem = "is no JSON: at byte " + std::to_string(place) + " there is " + in_quotes(token);
        return false;
    }

private:
    // Where the parser is, by what comes next: `name` is the value of a tensor's name, `text` that of a key of the metadata.
    enum class at { start, names, name, metadata, text, entry, type, shape, in_shape, place, in_place, end };
    bool go(at next) {
        where_ = next;
        return true;
    }
    bool stop(const std::string& what) {
        problem = "has " + what + (key_.empty() ? std::string() : " at the key " + in_quotes(key_));
        return false;
    }

    safetensors_contents& to_;
    at where_ = at::start;
    std::string key_;
    safetensors_entry* entry_ = nullptr;
    bool has_shape_ = false, has_place_ = false, has_metadata_ = false;
};

/// Reads the bytes of a safetensors file; `path` is for the messages. The tensors tile the data: none reaches out of it or
/// into another, and nothing lies between them.
inline safetensors_contents decode_safetensors(std::span<const unsigned char> file, const std::filesystem::path& path) {
    constexpr std::size_t first = 8;
    if (file.size() < first)
        file_error(path, "expected a safetensors file, but it has only " + std::to_string(file.size()) + " bytes");
    u64 length = 0;
    for (std::size_t i = first; i-- > 0;) length = length << 8 | file[i];
    const u64 most = std::min<u64>(safetensors_header_limit, file.size() - first);
    if (length > most)
        file_error(path, "expected a safetensors file with a header of at most " + std::to_string(most) +
                             " bytes, but it declares " + std::to_string(length));
    const auto header = file.subspan(first, length);
    const auto data = file.subspan(first + length);

    safetensors_contents result;
    safetensors_header events(result);
    // The parser would skip a byte order mark, and take a zero byte for the end.
    if (header.empty() || header[0] != '{' || std::find(header.begin(), header.end(), 0) != header.end())
        file_error(path, "expected a safetensors file with a header that begins with { and is text, but it is not");
    if (!nlohmann::json::sax_parse(header.begin(), header.end(), &events))
        file_error(path, "expected a safetensors file, but its header " + events.problem);

    std::vector<std::pair<const std::string*, safetensors_entry*>> in_order;
    for (auto& [name, entry] : result.tensors) in_order.emplace_back(&name, &entry);
    std::ranges::sort(in_order, {}, [](const auto& x) { return x.second->place; });
    u64 end = 0;
    for (const auto& [name, entry] : in_order) {
        const u64 from = entry->place[0], to = entry->place[1];
        const std::string where = "[" + std::to_string(from) + ", " + std::to_string(to) + ")";
        if (from != end || to < from || to > data.size())
            file_error(path, "expected tensors that fill its " + std::to_string(data.size()) +
                                 " bytes of data one behind the other, but " + in_quotes(*name) + " lies in " + where +
                                 " where " + std::to_string(end) + " is the next");
        const std::optional<u64> bytes = bytes_of(entry->shape, entry->type->bytes);
        if (!bytes || *bytes != to - from)
            file_error(path, "expected the size of the tensor " + in_quotes(*name) + " from its shape, " + entry->text() +
                                 ", but it lies in " + where);
        entry->bytes = data.subspan(from, to - from);
        end = to;
    }
    if (end != data.size())
        file_error(path, "expected tensors that fill its " + std::to_string(data.size()) + " bytes of data, but they end at " +
                             std::to_string(end));
    for (const auto& [name, entry] : result.tensors) require_bools(path, entry.type->type, entry.bytes);
    return result;
}

/// What stands in front of the elements, for arrays in this order.
inline std::string encode_safetensors_header(const std::vector<const named_array*>& arrays, const file_metadata& metadata,
                                             const std::filesystem::path& path) {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    u64 end = 0;
    for (const named_array* a : arrays) {
        if (a->name == "__metadata__" || header.contains(a->name))
            file_error(path, "expected each tensor under a name of its own, but there are two of " + in_quotes(a->name));
        const auto known = std::ranges::find(safetensors_dtypes, a->type, &safetensors_dtype::type);
        header[a->name] = {{"dtype", known->name}, {"shape", a->shape}, {"data_offsets", {end, end + a->bytes.size()}}};
        end += a->bytes.size();
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::exception&) {
        file_error(path, "expected names and metadata in UTF-8, but some are not");
    }
    text.append((8 - text.size() % 8) % 8, ' ');   // the elements begin at a multiple of 8
    if (text.size() > safetensors_header_limit) file_error(path, "expected a header of at most 100 MB, but it gets longer");
    std::string length;
    for (int shift = 0; shift < 64; shift += 8) length += static_cast<char>(text.size() >> shift & 255);
    return length + text;
}

}  // namespace detail

/// What is in a safetensors file.
struct safetensors_file {
    std::map<std::string, array> tensors;
    file_metadata metadata;
};

/// Writes arrays under names to a safetensors file, the whole file or none of it:
/// `save_safetensors("a.safetensors", {{"w", w}, {"b", b}})`. Throws `io_error` where a name comes twice or is not UTF-8, and
/// where the file cannot be written.
inline void save_safetensors(const std::filesystem::path& path, const std::vector<named_array>& arrays,
                             const file_metadata& metadata = {}) {
    // The order of the reference: by size of the elements, so that all are aligned, then by name.
    std::vector<const named_array*> order;
    for (const named_array& a : arrays) order.push_back(&a);
    std::ranges::sort(order, [](const named_array* a, const named_array* b) {
        return size_of(a->type) != size_of(b->type) ? size_of(a->type) > size_of(b->type) : a->name < b->name;
    });
    const std::string header = detail::encode_safetensors_header(order, metadata, path);
    std::vector<std::span<const unsigned char>> pieces{detail::bytes_in(header)};
    for (const named_array* a : order) pieces.push_back(a->bytes);
    write_file(path, pieces);
}

/// Reads a safetensors file: `load_safetensors("a.safetensors").tensors.at("w").to<float, 3, 4>()`. Throws `io_error` where
/// it is anything else than one whole such file, or has a dtype that kiln does not have.
inline safetensors_file load_safetensors(const std::filesystem::path& path) {
    const auto file = read_file(path);
    auto contents = detail::decode_safetensors(file, path);
    safetensors_file result;
    for (const auto& [name, entry] : contents.tensors) {
        const std::filesystem::path from = path.string() + "[" + printable(name) + "]";
        if (entry.type->type == dtype::none) file_error(from, "expected a dtype of kiln's, but it holds " + entry.text());
        result.tensors[name] = {entry.type->type, entry.shape, {entry.bytes.begin(), entry.bytes.end()}, from};
    }
    result.metadata = std::move(contents.metadata);
    return result;
}

}  // namespace kiln::io
