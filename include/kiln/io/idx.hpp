// Reading IDX files, the format of MNIST: two zero bytes, a type code, the number of dimensions, the extents as
// big-endian 32-bit numbers, and the elements in row-major order.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kiln/core/tensor.hpp"
#include "kiln/core/types.hpp"
#include "kiln/io/input_file.hpp"

namespace kiln::io {

namespace detail {

/// The most data an IDX file may hold, in bytes.
inline constexpr u64 idx_limit = u64{1} << 30;

/// What the third byte of an IDX file says about the elements.
inline std::string idx_type(unsigned char code) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "0x%02x", code);
    const char* name = code == 0x08   ? "uint8"
                       : code == 0x09 ? "int8"
                       : code == 0x0b ? "int16"
                       : code == 0x0c ? "int32"
                       : code == 0x0d ? "float32"
                       : code == 0x0e ? "float64"
                                      : "a type that IDX does not have";
    return std::string(name) + " (type code " + hex + ")";
}

inline std::string idx_shape(const std::vector<i64>& extents) {
    return text_of_extents(extents.data(), static_cast<int>(extents.size()));
}

/// Reads the header of an IDX file of bytes; returns its extents.
inline std::vector<i64> read_idx_header(input_file& file, i64 rank) {
    std::array<unsigned char, 4> word{};
    const std::size_t came = file.read(word);
    if (came == 0) file.fail("expected an IDX file, but it is empty");
    if (came < word.size() || word[0] != 0 || word[1] != 0) {
        std::string bytes;
        for (std::size_t i = 0; i < came; ++i) {
            char hex[8];
            std::snprintf(hex, sizeof hex, " %02x", word[i]);
            bytes += hex;
        }
        file.fail("expected an IDX file, which begins with 00 00, a type and a rank, but it " +
                  std::string(came < word.size() ? "has only the bytes" : "begins with") + bytes);
    }
    if (word[2] != 0x08) file.fail("expected uint8 (type code 0x08), but the file holds " + idx_type(word[2]));
    if (word[3] != rank)
        file.fail("expected " + std::to_string(rank) + (rank == 1 ? " dimension" : " dimensions") + ", but the file has " +
                  std::to_string(int{word[3]}));

    std::vector<i64> extents;
    for (i64 i = 0; i < rank; ++i) {
        if (file.read(word) < word.size())
            file.fail("expected " + std::to_string(rank) + " extents, but the file ends within number " +
                      std::to_string(i + 1));
        extents.push_back(i64{word[0]} << 24 | i64{word[1]} << 16 | i64{word[2]} << 8 | i64{word[3]});
    }
    return extents;
}

/// Reads the elements of an IDX file, and that nothing follows them.
inline std::vector<std::uint8_t> read_idx_data(input_file& file, const std::vector<i64>& extents) {
    u64 expected = 1;
    bool empty = false;
    for (const i64 n : extents) {
        empty = empty || n == 0;
        const u64 factor = std::max<u64>(static_cast<u64>(n), 1);   // a zero must not hide the others
        if (expected > idx_limit / factor)
            file.fail("expected at most " + std::to_string(idx_limit) + " bytes of data, but the header declares the shape " +
                      idx_shape(extents));
        expected *= factor;
    }
    if (empty) expected = 0;
    // The header may be forged, so the memory follows what is really there: at most twice that and a megabyte.
    std::vector<std::uint8_t> data;
    while (data.size() < expected) {
        const std::size_t before = data.size();
        data.resize(std::min<std::size_t>(expected, before + std::max<std::size_t>(before, 1 << 20)));
        const std::size_t came = file.read(std::span(data).subspan(before));
        if (before + came < data.size())
            file.fail("expected " + std::to_string(expected) + " bytes of data, shape " + idx_shape(extents) +
                      ", but the file ends after " + std::to_string(before + came));
    }
    std::array<unsigned char, 1> more{};
    if (file.read(more) != 0)
        file.fail("expected the file to end after " + std::to_string(expected) + " bytes of data, shape " +
                  idx_shape(extents) + ", but there is more");
    return data;
}

template <std::size_t>
inline constexpr i64 one_dynamic = dynamic;

template <std::size_t... I>
auto make_idx_tensor(const std::vector<i64>& extents, const std::vector<std::uint8_t>& data, std::index_sequence<I...>) {
    auto result = tensor<std::uint8_t, one_dynamic<I>...>::uninitialized(extents[I]...);
    std::copy(data.begin(), data.end(), result.data());
    return result;
}

}  // namespace detail

/// Reads an IDX file of unsigned bytes, gzipped or not: `read_idx<3>("train-images-idx3-ubyte.gz")`. Throws
/// `io_error` where the file is anything else than one whole IDX file of `Rank` dimensions and at most 1 GiB.
template <i64 Rank>
auto read_idx(const std::filesystem::path& path) {
    static_assert(Rank >= 1, "read_idx: an IDX file has at least one dimension");
    input_file file(path);
    const std::vector<i64> extents = detail::read_idx_header(file, Rank);
    return detail::make_idx_tensor(extents, detail::read_idx_data(file, extents),
                                   std::make_index_sequence<static_cast<std::size_t>(Rank)>{});
}

}  // namespace kiln::io
