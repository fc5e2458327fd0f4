// Arrays of which only run time knows dtype and shape: what files hold and what is written to them.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/core/tensor.hpp"
#include "kiln/core/types.hpp"
#include "kiln/io/file_error.hpp"

namespace kiln::io {

static_assert(std::endian::native == std::endian::little, "kiln::io writes elements as they lie in memory");

namespace detail {

/// The most axes that a file may declare; numpy's own limit.
inline constexpr std::size_t most_axes = 64;

/// "float32 (3, 4)"
inline std::string text_of(dtype type, std::span<const i64> shape) {
    return name_of(type) + (" " + text_of_extents(shape.data(), static_cast<int>(shape.size())));
}

/// How many bytes the elements of a shape take, where that is a number. A zero does not hide what stands beside it.
inline std::optional<u64> bytes_of(std::span<const i64> shape, int element) {
    u64 bytes = static_cast<u64>(element);
    bool empty = false;
    for (const i64 n : shape) {
        empty = empty || n == 0;
        const u64 factor = n > 1 ? static_cast<u64>(n) : 1;
        if (bytes > static_cast<u64>(std::numeric_limits<i64>::max()) / factor) return {};
        bytes *= factor;
    }
    return empty ? 0 : bytes;
}

/// Throws where a byte of a bool is neither 0 nor 1: C++ has no such bool.
inline void require_bools(const std::filesystem::path& path, dtype type, std::span<const unsigned char> bytes) {
    if (type != dtype::boolean) return;
    for (const unsigned char b : bytes)
        if (b > 1) file_error(path, "expected bools, each 0 or 1, but one is " + std::to_string(int{b}));
}

inline std::span<const unsigned char> bytes_in(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

inline void copy_bytes(std::span<const unsigned char> from, void* to) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());   // memcpy wants no null pointers
}

/// An uninitialised tensor of the run-time shape, if dtype and shape are those of the type; else throws.
template <class T, i64... Extents>
tensor<T, Extents...> make_tensor(const std::filesystem::path& path, dtype type, std::span<const i64> shape) {
    constexpr std::array<i64, sizeof...(Extents)> expected{Extents...};
    bool same = type == dtype_of<T> && shape.size() == expected.size();
    for (std::size_t i = 0; same && i < expected.size(); ++i) same = expected[i] == dynamic || expected[i] == shape[i];
    if (!same) file_error(path, "expected " + text_of(dtype_of<T>, expected) + ", but it holds " + text_of(type, shape));
    typename row_major<Extents...>::extents_type extents{};
    for (std::size_t i = 0; i < extents.size(); ++i) extents[i] = shape[i];
    return tensor<T, Extents...>::uninitialized(row_major<Extents...>(extents));
}

}  // namespace detail

/// What a file holds under one name, with a dtype and a shape that run time found out.
struct array {
    dtype type = dtype::none;
    std::vector<i64> shape;
    std::vector<unsigned char> bytes;   // the elements in row-major order
    std::filesystem::path from;         // where it came from, for messages

    /// The tensor: `a.to<float, dynamic, 3>()`. Throws `io_error` where dtype or shape are others.
    template <class T, i64... Extents>
    tensor<T, Extents...> to() const {
        auto result = detail::make_tensor<T, Extents...>(from, type, shape);
        detail::copy_bytes(bytes, result.data());
        return result;
    }
};

/// What is to be written under a name: `{"w", w}` of anything that can be seen as a tensor, or of an `array`. It is a view:
/// the elements have to live until they are written.
struct named_array {
    std::string name;
    dtype type;
    std::vector<i64> shape;
    std::span<const unsigned char> bytes;

    template <viewable X>
    named_array(std::string name_, const X& x) : name(std::move(name_)) {
        const auto view = as_view(x);
        type = dtype_of<typename decltype(view)::value_type>;
        for (int axis = 0; axis < view.rank(); ++axis) shape.push_back(view.extent(axis));
        bytes = {reinterpret_cast<const unsigned char*>(view.data()),
                 static_cast<std::size_t>(view.size()) * sizeof(typename decltype(view)::value_type)};
    }
    named_array(std::string name_, const array& a) : named_array(std::move(name_), a.type, a.shape, a.bytes) {}
    /// Throws `value_error` where these are not the bytes of such an array.
    named_array(std::string name_, dtype type_, std::span<const i64> shape_, std::span<const unsigned char> bytes_)
        : name(std::move(name_)), type(type_), shape(shape_.begin(), shape_.end()), bytes(bytes_) {
        if (is_weak(type) || type == dtype::none || detail::bytes_of(shape, size_of(type)) != bytes.size())
            throw value_error(in_quotes(name) + ": expected the elements of an array, got " + std::to_string(bytes.size()) +
                              " bytes for " + detail::text_of(type, shape));
    }
};

}  // namespace kiln::io
