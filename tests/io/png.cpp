// io/png.hpp: what is written comes back, other writers' files are read, and each bad file gets its sentence. That Pillow reads
// the same is in tensorboard.py.
#include "kiln/io/png.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::read_png;
using io::write_png;

namespace {

std::string big_endian(u64 number) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(number >> shift & 255);
    return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
    const std::string both = type + data;
    const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(both.data()), static_cast<uInt>(both.size()));
    return big_endian(data.size()) + both + big_endian(checksum);
}

std::string header(u64 width, u64 height, int bits, int colours) {
    return chunk("IHDR", big_endian(width) + big_endian(height) + static_cast<char>(bits) + static_cast<char>(colours) +
                             std::string(3, '\0'));
}

std::string packed(const std::string& bytes) {
    std::string result(compressBound(static_cast<uLong>(bytes.size())), '\0');
    uLongf size = static_cast<uLongf>(result.size());
    if (compress(reinterpret_cast<Bytef*>(result.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                 static_cast<uLong>(bytes.size())) != Z_OK)
        std::abort();
    return result.substr(0, size);
}

const std::string magic = "\x89PNG\r\n\x1a\n", end = chunk("IEND", "");

/// A PNG file of the rows, each behind its filter's byte; `more` are chunks in front of them.
std::string png(const std::string& head, const std::string& rows, const std::string& more = "") {
    return magic + head + more + chunk("IDAT", packed(rows)) + end;
}

std::string bytes_of(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<int> numbers(const tensor<std::uint8_t, dynamic, dynamic, dynamic>& t) { return {t.begin(), t.end()}; }

void check_refused(const fs::path& path, const std::string& words) {
    CHECK_THROWS_WITH(read_png(path), Contains(path.string()) && Contains(words));
    CHECK_THROWS_AS(read_png(path), io_error);
}

const std::string good = png(header(2, 1, 8, 0), bytes_of({0, 7, 200}));

template <i64 Channels>
void check_round_trip(const fs::path& path) {
    tensor<std::uint8_t, dynamic, dynamic, Channels> image(13, 21);
    for (std::uint32_t x = 1; auto& e : image) e = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
    write_png(path, image);
    CHECK(read_png(path) == image);
}

}  // namespace

TEST_CASE("png: images of one to four channels come back") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.png";
    check_round_trip<1>(path);
    check_round_trip<2>(path);
    check_round_trip<3>(path);
    check_round_trip<4>(path);
    const tensor<std::uint8_t, 2, 3> grey{{0, 1, 2}, {253, 254, 255}};
    write_png(path, grey);
    const auto came = read_png(path);
    CHECK(came.extents() == std::array<i64, 3>{2, 3, 1});
    CHECK(numbers(came) == std::vector{0, 1, 2, 253, 254, 255});
    CHECK(dir.count() == 1);
}

// convert_image_dtype of TensorFlow multiplies by 255.5 and cuts off.
TEST_CASE("png: numbers from 0 to 1 are all 256 levels, others are cut off") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.png";
    tensor<float, 1, 256> levels;
    for (i64 i = 0; i < 256; ++i) levels(0, i) = static_cast<float>(i) / 255;
    write_png(path, levels);
    const auto came = read_png(path);
    for (i64 i = 0; i < 256; ++i) CHECK(came(0, i, 0) == i);
    constexpr double inf = std::numeric_limits<double>::infinity();
    write_png(path, tensor<double, 1, 8>{{0.5, 0.0039, 0.00392, -1, 2, inf, -inf, std::nan("")}});
    CHECK(numbers(read_png(path)) == std::vector{127, 0, 1, 0, 255, 255, 0, 0});
}

TEST_CASE("png: what is no image is refused, and no file is made") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.png";
    CHECK_THROWS_WITH(write_png(path, tensor<float, dynamic, dynamic>(0, 3)), Contains("got the shape (0, 3, 1)"));
    CHECK_THROWS_AS(write_png(path, tensor<float, dynamic, dynamic>(3, 0)), shape_error);
    CHECK_THROWS_AS(write_png(path, tensor<float, dynamic, dynamic, dynamic>(2, 2, 5)), shape_error);
    CHECK_THROWS_AS(write_png(path, tensor<std::uint8_t, dynamic, 1>(1'000'001)), shape_error);
    CHECK(dir.count() == 0);
    CHECK_THROWS_WITH(write_png(dir.root / "no" / "a.png", tensor<float, 1, 1>()), Contains("No such file"));
}

TEST_CASE("png: files of other kinds are read") {
    const scratch_directory dir;
    const auto read = [&](const std::string& bytes) { return read_png(dir.write(bytes)); };
    CHECK(numbers(read(good)) == std::vector{7, 200});
    CHECK(numbers(read(png(header(2, 1, 16, 0), bytes_of({0, 7, 7, 200, 200})))) == std::vector{7, 200});
    CHECK(numbers(read(png(header(8, 1, 1, 0), bytes_of({0, 0xa5})))) == std::vector{255, 0, 255, 0, 0, 255, 0, 255});
    const auto palette = chunk("PLTE", bytes_of({1, 2, 3, 4, 5, 6}));
    const auto of_palette = read(png(header(2, 1, 8, 3), bytes_of({0, 1, 0}), palette));
    CHECK(of_palette.extents() == std::array<i64, 3>{1, 2, 3});
    CHECK(numbers(of_palette) == std::vector{4, 5, 6, 1, 2, 3});
    const auto seen_through = read(png(header(2, 1, 8, 3), bytes_of({0, 1, 0}), palette + chunk("tRNS", bytes_of({9}))));
    CHECK(numbers(seen_through) == std::vector{4, 5, 6, 255, 1, 2, 3, 9});
    const auto filtered_up = bytes_of({0, 1, 2, 3, 2, 1, 1, 1});
    CHECK(numbers(read(png(header(1, 2, 8, 2), filtered_up))) == std::vector{1, 2, 3, 2, 3, 4});
    CHECK(numbers(read(png(header(2, 1, 8, 0), bytes_of({0, 7, 200}), chunk("tEXt", std::string("a\0b", 3))))) ==
          std::vector{7, 200});
}

TEST_CASE("png: what is not one whole sound file is refused in a sentence") {
    const scratch_directory dir;
    check_refused(dir.root / "no", "No such file");
    check_refused(dir.write(""), "begins with \"\"");
    check_refused(dir.write("GIF89a...."), "begins with \"GIF89a..\"");
    for (std::size_t n = 8; n < good.size(); ++n)   // whatever is missing at the end
        CHECK_THROWS_AS(read_png(dir.write(good.substr(0, n))), io_error);
    check_refused(dir.write(magic), "cut short");
    check_refused(dir.write(good.substr(0, good.size() - 12)), "cut short");
    check_refused(dir.write(good + "x"), "expected the file to end");
    check_refused(dir.write(good + good), "expected the file to end");
    for (std::size_t i = 8; i < good.size(); ++i) {   // whichever byte is another one
        std::string damaged = good;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        CHECK_THROWS_AS(read_png(dir.write(damaged)), io_error);
    }
    std::string damaged = good;
    damaged[45] = static_cast<char>(damaged[45] ^ 1);
    check_refused(dir.write(damaged), "the checksum of the chunk \"IDAT\" is wrong");
    check_refused(dir.write(magic + big_endian(0xfffffff0) + "IHDR" + std::string(60, 'x')),
                  "expected 4294967280 bytes in the chunk \"IHDR\" and a checksum, but only 60 bytes follow");
    check_refused(dir.write(magic + end), "expected a header of 13 bytes, IHDR, but there is \"IEND\" of 0");
    check_refused(dir.write(magic + header(2, 1, 8, 0) + end), "libpng says");
    check_refused(dir.write(png(header(0, 1, 8, 0), "")), "libpng says");
    check_refused(dir.write(png(header(2, 1, 3, 0), bytes_of({0, 7, 200}))), "libpng says");
    check_refused(dir.write(png(header(2, 1, 8, 5), bytes_of({0, 7, 200}))), "libpng says");
    check_refused(dir.write(png(header(2, 2, 8, 0), bytes_of({0, 7, 200}))), "libpng says");     // a row is missing
    check_refused(dir.write(png(header(2, 1, 8, 0), bytes_of({9, 7, 200}))), "libpng says");     // no such filter
    check_refused(dir.write(magic + header(2, 1, 8, 0) + chunk("IDAT", "no zlib") + end), "libpng says");
}

TEST_CASE("png: the sizes in a header are not believed") {
    const scratch_directory dir;
    check_refused(dir.write(png(header(0x7fffffff, 0x7fffffff, 8, 6), bytes_of({0, 7}))), "bytes cannot hold them");
    check_refused(dir.write(png(header(1'000'000, 1'000'000, 1, 0), bytes_of({0, 7}))), "bytes cannot hold them");
    check_refused(dir.write(png(header(100'000, 100'000, 8, 0), std::string(1'000'000, '\0'))), "bytes cannot hold them");
    // A file that could hold them: more than 2^30 pixels of one bit.
    check_refused(dir.write(png(header(1 << 15, (1 << 15) + 1, 1, 0), std::string((4096u + 1) << 15, '\0'))),
                  "expected at most 1073741824 bytes of pixels, but the image has 1073774592");
}
