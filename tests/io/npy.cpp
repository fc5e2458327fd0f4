// io/npy.hpp: what is written comes back, other writers' files are read, and each bad file gets its sentence. That NumPy reads
// and writes the same is in interchange.py.
#include "kiln/io/npy.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::load_npy;
using io::save_npy;

namespace {

std::string npy(const std::string& header, const std::string& data, int major = 1) {
    std::string file = "\x93NUMPY";
    file += static_cast<char>(major);
    file += '\0';
    for (int i = 0; i < (major == 1 ? 2 : 4); ++i) file += static_cast<char>(header.size() >> 8 * i & 255);
    return file + header + data;
}

std::string header_of(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
    return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::string bytes_of(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

void check_refused(const fs::path& path, const std::string& words) {
    CHECK_THROWS_WITH(load_npy(path), Contains(path.string()) && Contains(words));
    CHECK_THROWS_AS(load_npy(path), io_error);
}

template <class T>
void check_round_trip(const scratch_directory& dir) {
    using limits = std::numeric_limits<T>;
    tensor<T, 2, 3> t;
    for (T& x : t) x = static_cast<T>(&x - t.data());
    t(0, 0) = limits::lowest();
    t(1, 2) = limits::max();
    const fs::path path = dir.root / "t.npy";
    save_npy(path, t);
    CHECK(fs::file_size(path) == 128 + 6 * sizeof(T));
    CHECK(load_npy<T, 2, 3>(path) == t);
    CHECK(load_npy<T, dynamic, dynamic>(path) == t);
    const io::array a = load_npy(path);
    CHECK(a.type == dtype_of<T>);
    CHECK(a.shape == std::vector<i64>{2, 3});
    CHECK(a.to<T, dynamic, 3>() == t);
}

}  // namespace

TEST_CASE("npy: every dtype comes back") {
    const scratch_directory dir;
    check_round_trip<bool>(dir);
    check_round_trip<std::int8_t>(dir);
    check_round_trip<std::int16_t>(dir);
    check_round_trip<std::int32_t>(dir);
    check_round_trip<std::int64_t>(dir);
    check_round_trip<std::uint8_t>(dir);
    check_round_trip<std::uint16_t>(dir);
    check_round_trip<std::uint32_t>(dir);
    check_round_trip<std::uint64_t>(dir);
    check_round_trip<float>(dir);
    check_round_trip<double>(dir);
}

TEST_CASE("npy: rank 0, no elements, and whatever is seen as a tensor") {
    const scratch_directory dir;
    const fs::path path = dir.root / "t.npy";
    save_npy(path, tensor<double>(2.5));
    CHECK(load_npy<double>(path) == 2.5);
    save_npy(path, tensor<int, dynamic, 3>(0));
    CHECK(load_npy<int, dynamic, dynamic>(path).extent(1) == 3);
    save_npy(path, std::vector<float>{1, 2, 3});
    CHECK(load_npy<float, 3>(path)[2] == 3);
    CHECK(dir.count() == 1);   // nothing is left beside it
}

TEST_CASE("npy: big-endian and Fortran order are read into rows") {
    const scratch_directory dir;
    const auto big = load_npy<std::int16_t, 2>(dir.write(npy(header_of(">i2", "(2,)"), bytes_of({1, 2, 3, 4}))));
    CHECK(big[0] == 0x0102);
    CHECK(big[1] == 0x0304);
    const auto columns = load_npy<std::uint8_t, 2, 3>(
        dir.write(npy(header_of("|u1", "(2, 3)", "True"), bytes_of({1, 4, 2, 5, 3, 6}))));
    CHECK(columns == tensor<std::uint8_t, 2, 3>{{1, 2, 3}, {4, 5, 6}});
    std::string data;   // element (i, j, k) is 100 i + 10 j + k, i fastest
    for (int k = 0; k < 4; ++k)
        for (int j = 0; j < 3; ++j)
            for (int i = 0; i < 2; ++i) data += bytes_of({0, 100 * i + 10 * j + k});
    const auto cube = load_npy<std::int16_t, 2, 3, 4>(dir.write(npy(header_of(">i2", "(2, 3, 4)", "True"), data)));
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j)
            for (int k = 0; k < 4; ++k) CHECK(cube(i, j, k) == 100 * i + 10 * j + k);
    CHECK(load_npy<float, 0, 3>(dir.write(npy(header_of("<f4", "(0, 3)", "True"), ""))).empty());
}

TEST_CASE("npy: versions 1.0 to 3.0, and all that a dict may look like") {
    const scratch_directory dir;
    for (int major : {1, 2, 3}) CHECK(load_npy<std::int8_t, 1>(dir.write(npy(header_of("|i1", "(1,)"), "\7", major)))[0] == 7);
    for (const char* header : {"{\"shape\":(1,),\"descr\":\"|i1\",\"fortran_order\":False}",
                               "{'descr':'<i1','fortran_order':True,'shape':(1L,)}",
                               "{ 'descr' : '=i1' ,\n\t'fortran_order' : False , 'shape' : ( 1 , ) , }   \n"})
        CHECK(load_npy<std::int8_t, 1>(dir.write(npy(header, "\7")))[0] == 7);
}

TEST_CASE("npy: another dtype or shape than asked for is refused") {
    const scratch_directory dir;
    const fs::path path = dir.root / "t.npy";
    save_npy(path, tensor<float, 2, 3>());
    CHECK_THROWS_WITH((load_npy<double, 2, 3>(path)), Contains("expected float64 (2, 3), but it holds float32 (2, 3)"));
    CHECK_THROWS_WITH((load_npy<float, dynamic, 4>(path)), Contains("expected float32 (?, 4), but it holds float32 (2, 3)"));
    CHECK_THROWS_WITH((load_npy<float, 6>(path)), Contains(path.string()) && Contains("expected float32 (6,)"));
    CHECK_THROWS_AS((load_npy<float>(path)), io_error);
}

TEST_CASE("npy: what is not one whole file is refused in a sentence") {
    const scratch_directory dir;
    check_refused(dir.root / "missing", "No such file");
    check_refused(dir.root, "it is a directory");
    check_refused(dir.write(""), "expected an .npy file");
    check_refused(dir.write("PK\3\4 and so on"), "it begins with \"PK\\x03\\x04 and s\"");
    check_refused(dir.write(npy(header_of("|i1", "(1,)"), "\7", 4)), "but it is 4.0");
    check_refused(dir.write(npy(header_of("|i1", "(3,)"), "\7")), "expected 3 bytes of data for int8 (3,), but there are 1");
    check_refused(dir.write(npy(header_of("|i1", "(3,)"), "1234")), "but there are 4");
    check_refused(dir.write(npy(header_of("|b1", "(2,)"), "\1\2")), "expected bools, each 0 or 1, but one is 2");
    for (const char* descr : {"<f2", "<c8", "|O", "<U3", "f4", "", "<f16", "|f4", "<M8[ns]"})
        check_refused(dir.write(npy(header_of(descr, "()"), "")), "expected a dtype of kiln's");
    check_refused(dir.write(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "1234")),
                  "a structured dtype");
    check_refused(dir.write(npy("{'descr': '|i1', 'shape': ()}", "1")), "expected the keys descr, fortran_order and shape");
    check_refused(dir.write(npy("{'descr': '|i1', 'descr': '|i1', 'shape': ()}", "1")), "there is \"descr\"");
    check_refused(dir.write(npy(header_of("|i1", "(1)"), "1")), "expected a ,");
    check_refused(dir.write(npy(header_of("|i1", "(-1,)"), "1")), "expected an extent");
    check_refused(dir.write(npy(header_of("|i1", "()") + "x", "1")), "expected the end");
    check_refused(dir.write(npy(header_of("|i1", "()", "0"), "1")), "expected True or False");
    check_refused(dir.write(npy("{'descr': '|i1", "")), "expected a string");
}

TEST_CASE("npy: a forged length or shape allocates nothing") {
    const scratch_directory dir;
    check_refused(dir.write(bytes_of({0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 0xf0, 0xff, 0xff, 0xff})), "4294967280 bytes");
    check_refused(dir.write(bytes_of({0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0xff, 0xff})), "a header of 65535 bytes");
    check_refused(dir.write(npy(std::string(100'000, ' '), "", 2)), "a header of at most 65536 bytes");
    check_refused(dir.write(npy(header_of("<f8", "(4294967296, 4294967296)"), "")), "more than 2^63 bytes");
    check_refused(dir.write(npy(header_of("<f8", "(0, 4294967296, 4294967296)"), "")), "more than 2^63 bytes");
    check_refused(dir.write(npy(header_of("<f8", "(1152921504606846977,)"), "12345678")), "more than 2^63 bytes");
    check_refused(dir.write(npy(header_of("<f8", "(99999999999999999999,)"), "")), "below 2^63");
    std::string ones = "(";
    for (int i = 0; i < 65; ++i) ones += "1,";
    check_refused(dir.write(npy(header_of("|i1", ones + ")"), "1")), "at most 64 extents");
}

TEST_CASE("npy: a file cut short anywhere is refused") {
    const scratch_directory dir;
    const std::string whole = npy(header_of("<f4", "(2, 3)"), std::string(24, 'x'));
    for (std::size_t n = 0; n < whole.size(); ++n) {
        INFO("cut to " << n << " of " << whole.size() << " bytes");
        CHECK_THROWS_AS(load_npy(dir.write(whole.substr(0, n))), io_error);
    }
}
