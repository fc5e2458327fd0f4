// PNG files. Links with libpng and zlib.
#pragma once
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kiln/core/tensor.hpp"
#include "kiln/core/types.hpp"
#include "kiln/expr/error.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/input_file.hpp"
#include "kiln/io/output_file.hpp"

namespace kiln::io {

namespace detail {

/// The most bytes that the pixels of one image may take; libpng's own limit on the sides is a million.
inline constexpr u64 png_limit = u64{1} << 30;

/// Whether a view holds images: uint8, float or double, of rank [h, w] or one from 3 to `MostAxes`, the last of which has 1 to 4
/// channels as far as the compiler knows.
template <class View, int MostAxes>
constexpr bool has_pixels = [] {
    using T = typename View::value_type;
    constexpr int rank = View::rank();
    if (!(dtype_of<T> == dtype::uint8 || std::is_floating_point_v<T>) || rank < 2 || rank > MostAxes) return false;
    constexpr i64 channels = rank < 3 ? 1 : View::shape_type::static_extents[rank - 1];
    return channels == dynamic || (channels >= 1 && channels <= 4);
}();

/// The byte of one channel of one pixel. Floating numbers are those of tf.image.convert_image_dtype: 0 to 1 in 256 levels, what
/// lies outside is cut off; NaN is 0.
template <class T>
std::uint8_t pixel_of(T x) {
    if constexpr (std::is_floating_point_v<T>) x = x > 0 ? std::min(x * T(255.5), T(255)) : T(0);
    return static_cast<std::uint8_t>(x);
}

/// One image as a PNG file. Throws `shape_error` where the extents are no image's.
inline std::vector<unsigned char> encode_png(std::span<const std::uint8_t> pixels, i64 height, i64 width, i64 channels) {
    constexpr i64 most = 1'000'000;
    if (height < 1 || height > most || width < 1 || width > most || channels < 1 || channels > 4 || pixels.size() > png_limit) {
        const i64 extents[] = {height, width, channels};
        throw shape_error("image: expected 1 to 1000000 rows and columns, 1 to 4 channels and at most 1 GiB, got the shape " +
                          text_of_extents(extents, 3));
    }
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = static_cast<png_uint_32>(channels - 1);   // a bit for alpha, a bit for colour: grey, grey + alpha, RGB, RGBA
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::vector<unsigned char> bytes(size);
    if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr))
        throw error(std::string("image: libpng does not encode it: ") + image.message);
    bytes.resize(size);
    return bytes;
}

/// The images in a view of shape [h, w], [h, w, c] or [n, h, w, c].
template <class View>
struct images_in {
    static constexpr int rank = View::rank(), first = rank == 4 ? 1 : 0;
    const View& view;
    i64 n = rank == 4 ? view.extent(0) : 1, height = view.extent(first), width = view.extent(first + 1);
    i64 channels = rank == 2 ? 1 : view.extent(rank - 1);

    /// Calls f with the PNG file of each.
    template <class F>
    void for_each_png(F f) const {
        std::vector<std::uint8_t> pixels(n == 0 ? 0 : static_cast<std::size_t>(view.size() / n));
        const auto* from = view.data();
        for (i64 i = 0; i < n; ++i, from += pixels.size()) {
            std::transform(from, from + pixels.size(), pixels.begin(), pixel_of<typename View::value_type>);
            f(encode_png(pixels, height, width, channels));
        }
    }
};
template <class View>
images_in(const View&) -> images_in<View>;

inline u64 big_endian(std::span<const unsigned char> bytes) {
    u64 number = 0;
    for (const unsigned char b : bytes) number = number << 8 | b;
    return number;
}

/// Throws where the bytes are not one whole PNG file with sound checksums, or its pixels cannot be in so few bytes.
// libpng passes over what follows the pixels, and asks for memory as the header says.
inline void require_whole_png(std::span<const unsigned char> file, const std::filesystem::path& path) {
    const auto text = [&](std::size_t at, std::size_t n) {
        return std::string_view(reinterpret_cast<const char*>(file.data()) + at, std::min(n, file.size() - at));
    };
    if (text(0, 8) != "\x89PNG\r\n\x1a\n")
        file_error(path, "expected a PNG file, which begins with \\x89PNG, but it begins with " + in_quotes(text(0, 8)));
    std::size_t at = 8;
    for (bool end = false; !end;) {
        if (file.size() - at < 12) file_error(path, "expected a whole PNG file, but it is cut short");
        const u64 length = big_endian(file.subspan(at, 4));
        const std::string_view type = text(at + 4, 4);
        if (length > file.size() - at - 12)
            file_error(path, "expected " + std::to_string(length) + " bytes in the chunk " + in_quotes(type) +
                                 " and a checksum, but only " + std::to_string(file.size() - at - 8) + " bytes follow");
        const auto chunk = file.subspan(at + 4, 4 + static_cast<std::size_t>(length));
        if (crc32_z(0, chunk.data(), chunk.size()) != big_endian(file.subspan(at + 8 + static_cast<std::size_t>(length), 4)))
            file_error(path, "expected a sound PNG file, but the checksum of the chunk " + in_quotes(type) + " is wrong");
        if (at == 8 && (type != "IHDR" || length != 13))
            file_error(path, "expected a header of 13 bytes, IHDR, but there is " + in_quotes(type) + " of " +
                                 std::to_string(length));
        end = type == "IEND";
        at += 12 + static_cast<std::size_t>(length);
    }
    if (at != file.size()) file_error(path, "expected the file to end after the chunk IEND, but there is more");

    const u64 width = big_endian(file.subspan(16, 4)), height = big_endian(file.subspan(20, 4));
    constexpr u64 best_ratio = 1032;   // of deflate: 258 bytes for two bits
    const u64 bits = file[24];         // of a channel; there is at least one
    if (width != 0 && height > 8 * best_ratio * file.size() / std::max<u64>(bits, 1) / width)
        file_error(path, "expected " + std::to_string(height) + " rows of " + std::to_string(width) + " pixels, but " +
                             std::to_string(file.size()) + " bytes cannot hold them");
}

/// Reads the bytes of a PNG file; `path` is for the messages.
inline tensor<std::uint8_t, dynamic, dynamic, dynamic> decode_png(std::span<const unsigned char> file,
                                                                  const std::filesystem::path& path,
                                                                  u64 limit = png_limit) {
    require_whole_png(file, path);
    struct owned : png_image {
        ~owned() { png_image_free(this); }
    } image{};
    const auto fail = [&] { file_error(path, "expected a sound PNG file, but libpng says: " + printable(image.message)); };
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, file.data(), file.size())) fail();
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    image.format &= PNG_FORMAT_RGBA;   // 8 bits each, no palette; grey stays grey
    const u64 channels = PNG_IMAGE_PIXEL_CHANNELS(image.format), size = u64{image.height} * image.width * channels;
    if (size > limit)
        file_error(path, "expected at most " + std::to_string(limit) + " bytes of pixels, but the image has " +
                             std::to_string(size));
    auto pixels = tensor<std::uint8_t, dynamic, dynamic, dynamic>::uninitialized(image.height, image.width, channels);
    if (!png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr)) fail();
    return pixels;
}

}  // namespace detail

/// Writes an image to a PNG file, the whole file or none of it. Shape [h, w] is grey, [h, w, c] grey, grey with alpha, RGB or
/// RGBA for c from 1 to 4. Of uint8, or of float or double from 0 (black) to 1, whose other values are cut off and whose NaN is
/// 0. Throws `shape_error` where there is no pixel or the extents are too large, `io_error` where the file cannot be written.
template <viewable X>
void write_png(const std::filesystem::path& path, const X& image) {
    using view = view_of<const X&>;
    if constexpr (!detail::has_pixels<view, 3>)
        static_assert(compile_error<said<view, exact("write_png: expected [h, w] or")>,
                                    said<view, exact("[h, w, 1 to 4 channels]")>,
                                    said<view, exact("of uint8, float or double")>>::never);
    else {
        const auto seen = as_view(image);
        detail::images_in(seen).for_each_png([&](const auto& file) { write_file(path, file); });
    }
}

/// Reads a PNG file of any kind: [h, w, c], where c is 1 for grey, 2 with alpha, 3 for RGB, 4 with alpha, as the file has them;
/// 8 bits each, in sRGB. Throws `io_error` where it is anything else than one whole sound PNG file whose pixels take at most
/// 1 GiB.
inline tensor<std::uint8_t, dynamic, dynamic, dynamic> read_png(const std::filesystem::path& path) {
    return detail::decode_png(read_file(path), path);
}

}  // namespace kiln::io
