// NumPy's .npy files: six bytes and a version, the length of a header, the header (a literal of a Python dict), the elements.
// The format: numpy.lib.format in NumPy's documentation.
#pragma once
#include <algorithm>
#include <array>
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
#include "kiln/io/array.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/input_file.hpp"
#include "kiln/io/output_file.hpp"

namespace kiln::io {

namespace detail {

/// The most that the header of an .npy file may be long. That of 64 axes has less than 2,000 bytes.
inline constexpr std::size_t npy_header_limit = 1 << 16;

/// The header of an .npy file, and its elements where they lie in the bytes of the file.
struct npy_contents {
    dtype type = dtype::none;
    bool big_endian = false, fortran_order = false;
    std::vector<i64> shape;
    std::span<const unsigned char> data;

    /// Writes the elements in row-major order and in the byte order of the machine.
    void copy_to(void* to) const {
        if (fortran_order && shape.size() > 1 && !data.empty()) reorder(static_cast<unsigned char*>(to));
        else copy_bytes(data, to);
        if (!big_endian) return;
        const auto size = static_cast<std::size_t>(size_of(type));
        auto* const bytes = static_cast<unsigned char*>(to);
        for (std::size_t at = 0; at < data.size(); at += size) std::reverse(bytes + at, bytes + at + size);
    }

private:
    void reorder(unsigned char* to) const {
        const auto size = static_cast<std::size_t>(size_of(type));
        std::vector<std::size_t> stride(shape.size(), size), index(shape.size());
        for (std::size_t a = 1; a < shape.size(); ++a) stride[a] = stride[a - 1] * static_cast<std::size_t>(shape[a - 1]);
        std::size_t from = 0;
        for (std::size_t at = 0; at < data.size(); at += size) {
            std::memcpy(to + at, data.data() + from, size);
            for (std::size_t a = shape.size(); a-- > 0;) {   // the next index, the last axis first
                from += stride[a];
                if (++index[a] < static_cast<std::size_t>(shape[a])) break;
                from -= index[a] * stride[a];
                index[a] = 0;
            }
        }
    }
};

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` and no other Python.
class npy_header {
public:
    npy_header(std::string_view text, const std::filesystem::path& path) : text_(text), path_(path) {}

    void read(npy_contents& to) {
        bool descr = false, order = false, shape = false;
        expect('{');
        while (!take('}')) {
            const std::string_view key = string();
            expect(':');
            if (key == "descr" && !std::exchange(descr, true)) read_descr(to);
            else if (key == "fortran_order" && !std::exchange(order, true)) to.fortran_order = boolean();
            else if (key == "shape" && !std::exchange(shape, true)) to.shape = tuple();
            else fail("the keys descr, fortran_order and shape, once each", "there is " + in_quotes(key));
            if (take(',')) continue;
            expect('}');
            break;
        }
        skip_space();
        if (at_ != text_.size()) refuse("the end");
        if (!descr || !order || !shape) fail("the keys descr, fortran_order and shape", "it is " + in_quotes(text_));
    }

private:
    [[noreturn]] void fail(const std::string& expected, const std::string& came) const {
        file_error(path_, "expected " + expected + " in the header of an .npy file, but " + came);
    }
    [[noreturn]] void refuse(const std::string& expected) const {
        fail(expected, at_ < text_.size() ? "there is " + in_quotes(text_.substr(at_)) : "it ends");
    }
    void skip_space() {
        at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    }
    bool take(std::string_view word) {
        skip_space();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    bool take(char c) { return take(std::string_view(&c, 1)); }
    void expect(char c) {
        if (!take(c)) refuse(std::string("a ") + c);
    }
    std::string_view string() {
        const char quote = take('\'') ? '\'' : take('"') ? '"' : '\0';
        const std::size_t end = quote ? text_.find(quote, at_) : text_.npos;
        if (end == text_.npos) refuse("a string");
        const std::string_view inside = text_.substr(at_, end - at_);
        at_ = end + 1;
        return inside;
    }
    bool boolean() {
        if (take("True")) return true;
        if (!take("False")) refuse("True or False");
        return false;
    }
    std::vector<i64> tuple() {
        std::vector<i64> numbers;
        expect('(');
        while (!take(')')) {
            numbers.push_back(number());
            if (numbers.size() > most_axes) fail("at most " + std::to_string(most_axes) + " extents", "there are more");
            if (take(',')) continue;
            if (numbers.size() == 1) refuse("a ,");   // (3) is a number in Python
            expect(')');
            break;
        }
        return numbers;
    }
    i64 number() {
        skip_space();
        const std::size_t begin = at_;
        u64 n = 0;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            const auto digit = static_cast<u64>(text_[at_] - '0');
            if (n > (static_cast<u64>(std::numeric_limits<i64>::max()) - digit) / 10) refuse("an extent below 2^63");
            n = 10 * n + digit;
        }
        if (at_ == begin) refuse("an extent");
        take('L');   // Python 2 on Windows wrote 3L
        return static_cast<i64>(n);
    }
    void read_descr(npy_contents& to) {
        skip_space();
        if (at_ < text_.size() && text_[at_] == '[') fail("one dtype of kiln's", "it has a structured dtype");
        const std::string_view descr = string();
        const std::string_view name = descr.substr(descr.empty() ? 0 : 1);
        // in the order of dtype
        constexpr std::string_view names[] = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"};
        const auto found = std::find(std::begin(names), std::end(names), name);
        const bool order = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
        if (found == std::end(names) || !order || (descr[0] == '|' && name[1] != '1'))
            fail("a dtype of kiln's (bool, int8 to int64, uint8 to uint64, float32, float64)", "it has " + in_quotes(descr));
        to.type = static_cast<dtype>(found - std::begin(names));
        to.big_endian = descr[0] == '>';
    }

    std::string_view text_;
    const std::filesystem::path& path_;
    std::size_t at_ = 0;
};

/// Reads the bytes of an .npy file; `path` is for the messages.
inline npy_contents decode_npy(std::span<const unsigned char> file, const std::filesystem::path& path) {
    constexpr std::array<unsigned char, 6> magic{0x93, 'N', 'U', 'M', 'P', 'Y'};
    if (file.size() < 10 || !std::equal(magic.begin(), magic.end(), file.begin()))
        file_error(path, "expected an .npy file, which begins with \\x93NUMPY, but it begins with " +
                             in_quotes({reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 10)}));
    const int major = file[6], minor = file[7];
    if (major < 1 || major > 3 || minor != 0)
        file_error(path, "expected version 1.0, 2.0 or 3.0 of the .npy format, but it is " + std::to_string(major) + "." +
                             std::to_string(minor));
    const std::size_t begin = major == 1 ? 10 : 12;
    std::size_t length = 0;
    for (std::size_t i = std::min(begin, file.size()); i-- > 8;) length = length << 8 | file[i];
    if (file.size() < begin || length > file.size() - begin)
        file_error(path, "expected a header of " + std::to_string(length) + " bytes, but the file has only " +
                             std::to_string(file.size()));
    if (length > npy_header_limit)
        file_error(path, "expected a header of at most " + std::to_string(npy_header_limit) + " bytes, but it has " +
                             std::to_string(length));

    npy_contents result;
    npy_header({reinterpret_cast<const char*>(file.data()) + begin, length}, path).read(result);
    result.data = file.subspan(begin + length);
    const std::optional<u64> expected = bytes_of(result.shape, size_of(result.type));
    if (!expected || *expected != result.data.size())
        file_error(path, "expected " + (expected ? std::to_string(*expected) : std::string("more than 2^63")) +
                             " bytes of data for " + text_of(result.type, result.shape) + ", but there are " +
                             std::to_string(result.data.size()));
    require_bools(path, result.type, result.data);
    return result;
}

/// What stands in front of the elements, in version 1.0: a multiple of 64 bytes.
inline std::string encode_npy_header(dtype type, std::span<const i64> shape) {
    std::string header = "{'descr': '";
    header += size_of(type) == 1 ? '|' : '<';
    header += type == dtype::boolean ? 'b' : is_floating(type) ? 'f' : is_signed_integer(type) ? 'i' : 'u';
    header += std::to_string(size_of(type)) + "', 'fortran_order': False, 'shape': " +
              text_of_extents(shape.data(), static_cast<int>(shape.size())) + ", }";
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    const std::size_t n = header.size();
    return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(n & 255) + static_cast<char>(n >> 8) + header;
}

inline array to_array(const npy_contents& contents, const std::filesystem::path& path) {
    array result{contents.type, contents.shape, std::vector<unsigned char>(contents.data.size()), path};
    contents.copy_to(result.bytes.data());
    return result;
}

}  // namespace detail

/// numpy.save: writes anything that can be seen as a tensor to an .npy file, the whole file or none of it. Throws `io_error`
/// where it cannot be written.
template <viewable X>
void save_npy(const std::filesystem::path& path, const X& x) {
    const named_array a("", x);
    const std::string header = detail::encode_npy_header(a.type, a.shape);
    const std::array pieces{detail::bytes_in(header), a.bytes};
    write_file(path, pieces);
}

/// numpy.load: reads an .npy file of any dtype of kiln's and any shape, little- or big-endian, in C or Fortran order. Throws
/// `io_error` where it is anything else than one whole such file.
inline array load_npy(const std::filesystem::path& path) {
    const auto file = read_file(path);
    return detail::to_array(detail::decode_npy(file, path), path);
}

/// The same into a tensor: `load_npy<float, dynamic, 3>("points.npy")`. Throws `io_error` where dtype or shape are others.
template <class T, i64... Extents>
tensor<T, Extents...> load_npy(const std::filesystem::path& path) {
    const auto file = read_file(path);
    const auto contents = detail::decode_npy(file, path);
    auto result = detail::make_tensor<T, Extents...>(path, contents.type, contents.shape);
    contents.copy_to(result.data());
    return result;
}

}  // namespace kiln::io
