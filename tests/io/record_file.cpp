// io/record_file.hpp: the bytes of records, checksums, and what happens where a record cannot be written.
#include "kiln/io/record_file.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include "scratch_directory.hpp"

using Catch::Matchers::Contains;
using namespace kiln;
using io::record_file;
using io::detail::crc32c;

namespace {

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char c : bytes)
        for (const int shift : {4, 0}) text += "0123456789abcdef"[c >> shift & 15];
    return text;
}

/// Files may get no longer than this, in this process and for this scope.
struct file_size_limit {
    rlimit before{};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);   // so that write fails

    explicit file_size_limit(std::uintmax_t bytes) {
        REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
        const rlimit low{bytes, before.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &low) == 0);
    }
    ~file_size_limit() {
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, handler);
    }
};

}  // namespace

TEST_CASE("record_file: CRC-32C is that of RFC 3720, appendix B.4") {
    CHECK(crc32c("123456789") == 0xe3069283);   // and the catalogue's check value
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    std::string rising(32, '\0');
    std::iota(rising.begin(), rising.end(), '\0');
    CHECK(crc32c(rising) == 0x46dd794e);
    CHECK(crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113fdb5c);
    CHECK(crc32c("") == 0);
}

TEST_CASE("record_file: the bytes are those of TensorBoard's RecordWriter") {
    const scratch_directory dir;
    record_file file(dir.root / "records");
    CHECK(content(file.path()) == "");
    file.append("");
    CHECK(hex(content(file.path())) == "000000000000000029039807d8ea82a2");   // there at once
    file.append("kiln");
    CHECK(hex(content(file.path())).substr(32) == "0400000000000000424552046b696c6ef7f4cdce");
    record_file other = std::move(file);
    other.append("");
    CHECK(content(other.path()).size() == 16 + 20 + 16);
    file = std::move(other);
    file.append("");
    CHECK(content(file.path()).size() == 16 + 20 + 16 + 16);
}

TEST_CASE("record_file: a file that is there or cannot be made is refused by name") {
    const scratch_directory dir;
    const auto there = dir.write("old", "there");
    CHECK_THROWS_WITH(record_file(there), Contains(there.string()) && Contains("File exists"));
    CHECK(content(there) == "old");
    CHECK_THROWS_AS(record_file(there), io_error);
    CHECK_THROWS_WITH(record_file(dir.root / "no" / "file"), Contains("No such file"));
    CHECK_THROWS_WITH(record_file(dir.root), Contains("File exists"));
}

TEST_CASE("record_file: of a record that does not fit nothing is left, and the next one is behind the last whole one") {
    const scratch_directory dir;
    record_file file(dir.root / "records");
    file.append("first");
    const std::string before = content(file.path());
    {
        const file_size_limit limit(before.size() + 10);
        CHECK_THROWS_WITH(file.append("second"), Contains(file.path().string()) && Contains("File too large"));
        CHECK_THROWS_AS(file.append("second"), io_error);
    }
    CHECK(content(file.path()) == before);
    file.append("first");
    CHECK(content(file.path()) == before + before);
}
