// io/npz.hpp: archives come back, and what is not a sound archive of arrays is refused.
#include "kiln/io/npz.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::load_npz;
using io::save_npz;

namespace {

void check_refused(const fs::path& path, const std::string& words) {
    CHECK_THROWS_WITH(load_npz(path), Contains(path.string()) && Contains(words));
    CHECK_THROWS_AS(load_npz(path), io_error);
}

/// An archive of files with any names and contents.
fs::path archive(const scratch_directory& dir, const std::vector<std::pair<std::string, std::string>>& files) {
    const fs::path path = dir.root / "made.npz";
    fs::remove(path);
    zip_t* z = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    REQUIRE(z);
    for (const auto& [name, bytes] : files) {
        const auto i = zip_file_add(z, name.c_str(), zip_source_buffer(z, bytes.data(), bytes.size(), 0), 0);
        REQUIRE(i >= 0);
        REQUIRE(zip_set_file_compression(z, static_cast<zip_uint64_t>(i), ZIP_CM_STORE, 0) == 0);
    }
    REQUIRE(zip_close(z) == 0);
    return path;
}

std::string npy_of(const tensor<float, 2>& t, const scratch_directory& dir) {
    io::save_npy(dir.root / "t.npy", t);
    return content(dir.root / "t.npy");
}

}  // namespace

TEST_CASE("npz: arrays come back by name, stored or deflated") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.npz";
    tensor<double, 100, 50> w;
    w.fill(0.5);
    w(99, 49) = 7;
    const std::vector<int> n{1, 2, 3};
    const tensor<bool> flag(true);
    for (const bool compress : {false, true}) {
        save_npz(path, {{"w", w}, {"layer/n", n}, {"flag", flag}, {"nothing", tensor<float, 0, 3>()}}, {.compress = compress});
        CHECK((fs::file_size(path) < 5000) == compress);
        const auto arrays = load_npz(path);
        REQUIRE(arrays.size() == 4);
        CHECK(arrays.at("w").to<double, dynamic, 50>() == w);
        CHECK(arrays.at("layer/n").to<int, 3>()[2] == 3);
        CHECK(arrays.at("flag").to<bool>());
        CHECK(arrays.at("nothing").shape == std::vector<i64>{0, 3});
        CHECK_THROWS_WITH((arrays.at("w").to<float, 100, 50>()),
                          Contains("a.npz[w.npy]") && Contains("it holds float64 (100, 50)"));

        std::vector<io::named_array> again;   // what was read can be written
        for (const auto& [name, a] : arrays) again.emplace_back(name, a);
        save_npz(dir.root / "b.npz", again);
        CHECK(load_npz(dir.root / "b.npz").at("w").bytes == arrays.at("w").bytes);
    }
    save_npz(path, {});
    CHECK(load_npz(path).empty());
}

TEST_CASE("npz: the same arrays make the same file") {
    const scratch_directory dir;
    const std::vector<int> n{1, 2, 3};
    save_npz(dir.root / "a", {{"n", n}});
    save_npz(dir.root / "b", {{"n", n}});
    CHECK(content(dir.root / "a") == content(dir.root / "b"));
}

TEST_CASE("npz: names that cannot be are refused, and the old file stays") {
    const scratch_directory dir;
    const fs::path path = dir.write("old");
    const std::vector<int> n{1, 2, 3};
    CHECK_THROWS_AS(save_npz(path, {{"n", n}, {"n", n}}), io_error);
    CHECK_THROWS_AS(save_npz(path, {{"", n}}), io_error);
    CHECK_THROWS_AS(save_npz(path, {{std::string("a\0b", 3), n}}), io_error);
    CHECK_THROWS_AS(io::named_array("a", io::array{}), value_error);
    CHECK(content(path) == "old");
    CHECK(dir.count() == 1);
}

TEST_CASE("npz: what is not a sound archive of arrays is refused") {
    const scratch_directory dir;
    const tensor<float, 2> t{1, 2};
    const std::string good = npy_of(t, dir);
    check_refused(dir.root / "missing", "No such file");
    check_refused(dir.write(""), "it has only 0 bytes");
    check_refused(dir.write(std::string(1000, 'x')), "expected a sound .npz file");
    check_refused(archive(dir, {{"t.npy", good}, {"readme.txt", "hello"}}), "there is \"readme.txt\"");
    check_refused(archive(dir, {{"t.npy", good.substr(0, 130)}}), "[t.npy]\": expected 8 bytes of data");
    check_refused(archive(dir, {{"t.npy", ""}}), "expected an .npy file");
    CHECK(load_npz(archive(dir, {{"a.npy", good}, {"b.npy", good}})).size() == 2);

    std::string twice = content(archive(dir, {{"a.npy", good}, {"b.npy", good}}));
    for (std::size_t at; (at = twice.find("b.npy")) != twice.npos;) twice[at] = 'a';
    check_refused(dir.write(twice), "File already exists");

    const std::string whole = content(archive(dir, {{"t.npy", good}}));
    for (std::size_t n = 0; n < whole.size(); ++n) CHECK_THROWS_AS(load_npz(dir.write(whole.substr(0, n))), io_error);
    std::string wrong = whole;
    wrong[wrong.find(good) + good.size() - 1] ^= 1;
    check_refused(dir.write(wrong), "CRC error");
}

TEST_CASE("npz: a zip bomb is stopped at the limit") {
    const scratch_directory dir;
    const fs::path path = dir.root / "bomb.npz";
    const std::vector<std::uint8_t> zeros(50'000'000);
    save_npz(path, {{"zeros", zeros}}, {.compress = true});
    CHECK(fs::file_size(path) < 100'000);
    CHECK(load_npz(path).at("zeros").shape == std::vector<i64>{50'000'000});
    CHECK_THROWS_WITH(load_npz(path, 1 << 20), Contains("the limit of load_npz is exceeded"));
}
