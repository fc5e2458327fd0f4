// io/idx.hpp: what is in a good file, and the one sentence that each bad file gets.
#include "kiln/io/idx.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using kiln::io_error;
using kiln::io::read_idx;

namespace {

std::string header(unsigned char type, std::initializer_list<std::uint32_t> extents) {
    std::string bytes{0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
    for (const std::uint32_t n : extents)
        for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift & 255);
    return bytes;
}

std::string gzip(const std::string& bytes) {
    z_stream z{};
    REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = reinterpret_cast<Bytef*>(packed.data());
    z.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    packed.resize(z.total_out);
    deflateEnd(&z);
    return packed;
}

/// Reading the file fails, and the message names the file and says `words`.
template <kiln::i64 Rank = 2>
void check_refused(const fs::path& path, const std::string& words) {
    CHECK_THROWS_WITH(read_idx<Rank>(path), Contains(path.string()) && Contains(words));
    CHECK_THROWS_AS(read_idx<Rank>(path), io_error);
}

const std::string good = header(8, {2, 3}) + std::string{1, 2, 3, 4, 5, static_cast<char>(255)};

}  // namespace

TEST_CASE("idx: a file is read, gzipped or not") {
    const scratch_directory dir;
    for (const std::string& bytes : {good, gzip(good), gzip(good.substr(0, 9)) + gzip(good.substr(9))}) {
        const auto t = read_idx<2>(dir.write(bytes));
        REQUIRE(t.extent(0) == 2);
        REQUIRE(t.extent(1) == 3);
        CHECK(t(0, 0) == 1);
        CHECK(t(1, 0) == 4);
        CHECK(t(1, 2) == 255);
    }
    CHECK(read_idx<1>(dir.write(header(8, {0}))).size() == 0);
    CHECK(read_idx<3>(dir.write(header(8, {0, 28, 28}))).size() == 0);
}

TEST_CASE("idx: data that is larger than every buffer comes back whole") {
    const scratch_directory dir;
    std::string bytes = header(8, {3'000'017});
    for (std::uint32_t i = 0, x = 1; i < 3'000'017; ++i) bytes += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    std::string zeros = header(8, {3'000'017}) + std::string(3'000'017, '\0');   // unpacks a thousandfold
    for (const std::string& data : {bytes, zeros})
        for (const std::string& file : {data, gzip(data)}) {
            const auto t = read_idx<1>(dir.write(file));
            CHECK(std::string(t.begin(), t.end()) == data.substr(8));
        }
}

TEST_CASE("idx: what is not one whole file of the right kind is refused in a sentence") {
    const scratch_directory dir;
    check_refused(dir.root / "missing", "No such file");
    check_refused(dir.root, "it is a directory");
    check_refused(dir.write(""), "it is empty");
    check_refused(dir.write(gzip("")), "it is empty");
    check_refused(dir.write("{\"a\": 1}"), "begins with 7b 22 61 22");
    check_refused(dir.write(std::string("\0\0\x08", 3)), "has only the bytes 00 00 08");
    check_refused(dir.write(header(0x0d, {2, 3}) + std::string(24, '\0')), "float32 (type code 0x0d)");
    check_refused(dir.write(header(0x42, {2, 3})), "a type that IDX does not have (type code 0x42)");
    check_refused<3>(dir.write(good), "expected 3 dimensions, but the file has 2");
    check_refused<1>(dir.write(good), "expected 1 dimension, but the file has 2");
    check_refused(dir.write(header(8, {2, 3}).substr(0, 9)), "ends within number 2");
    check_refused(dir.write(good.substr(0, good.size() - 1)),
                  "expected 6 bytes of data, shape (2, 3), but the file ends after 5");
    check_refused(dir.write(good + "x"), "expected the file to end after 6 bytes of data, shape (2, 3), but there is more");
    check_refused(dir.write(gzip(good + "x")), "there is more");
    check_refused(dir.write(gzip(good) + gzip("x")), "there is more");
}

TEST_CASE("idx: a forged size allocates nothing") {
    const scratch_directory dir;
    constexpr std::uint32_t huge = 0xffffffff;
    check_refused<3>(dir.write(header(8, {huge, huge, huge})), "(4294967295, 4294967295, 4294967295)");
    check_refused<3>(dir.write(header(8, {huge, huge, 0})), "expected at most 1073741824 bytes");
    check_refused<3>(dir.write(header(8, {0, huge, huge})), "expected at most 1073741824 bytes");
    check_refused<1>(dir.write(header(8, {(1u << 30) + 1})), "expected at most 1073741824 bytes");
    check_refused<1>(dir.write(header(8, {1u << 30}) + "abc"), "ends after 3");
}

TEST_CASE("idx: a file cut short anywhere is refused") {
    const scratch_directory dir;
    for (const std::string& whole : {good, gzip(good)})
        for (std::size_t n = 0; n < whole.size(); ++n) {
            INFO("cut to " << n << " of " << whole.size() << " bytes");
            CHECK_THROWS_AS(read_idx<2>(dir.write(whole.substr(0, n))), io_error);
        }
}

TEST_CASE("idx: a damaged gzip file is refused") {
    const scratch_directory dir;
    const std::string packed = gzip(good);
    std::string wrong_sum = packed;
    wrong_sum[packed.size() - 8] ^= 1;
    check_refused(dir.write(wrong_sum), "damaged (incorrect data check)");
    check_refused(dir.write(packed + "and a tail"), "damaged (incorrect header check)");
    std::size_t refused = 0;   // a flipped bit is refused, or was in a field that nobody reads (a time stamp)
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
        std::string flipped = packed;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        try {
            const auto t = read_idx<2>(dir.write(flipped));
            CHECK(t(1, 2) == 255);
        } catch (const io_error&) {
            ++refused;
        }
    }
    CHECK(refused > 4 * packed.size());
}
