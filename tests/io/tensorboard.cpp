// io/tensorboard.hpp and io/node_times.hpp: the file, its records and what is refused. That TensorBoard reads and shows all of it
// is in tensorboard.py.
#include "kiln/io/tensorboard.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <protozero/pbf_reader.hpp>
#include <random>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include "kiln/io/node_times.hpp"
#include "killed.hpp"
#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::tensorboard::node_times;
using io::tensorboard::writer;

namespace {

std::uint32_t masked_checksum(const std::string& bytes) {   // bit by bit
    std::uint32_t crc = ~0u;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

u64 number_at(const std::string& bytes, std::size_t at, int size) {
    u64 number = 0;
    for (int i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes.at(at + static_cast<std::size_t>(i)));
    return number;
}

/// The records of a file whose checksums are right; one that is cut off at the end is passed over.
std::vector<std::string> records(const fs::path& path) {
    const std::string file = content(path);
    std::vector<std::string> result;
    for (std::size_t at = 0; at + 12 <= file.size();) {
        const std::size_t length = number_at(file, at, 8);
        CHECK(number_at(file, at + 8, 4) == masked_checksum(file.substr(at, 8)));
        if (length > file.size() - at - 12 || file.size() - at - 12 - length < 4) break;
        result.push_back(file.substr(at + 12, length));
        CHECK(number_at(file, at + 12 + length, 4) == masked_checksum(result.back()));
        at += 16 + length;
    }
    return result;
}

/// The step of an event, 0 where it has none.
i64 step_of(const std::string& record) {
    protozero::pbf_reader event(record);
    return event.next(2) ? event.get_int64() : 0;
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// The call is refused with an error of the type E, and nothing is written.
template <class E, class F>
void check_refused(const writer& w, F call, const std::string& words) {
    const std::string before = content(w.path());
    CHECK_THROWS_AS(call(), E);
    CHECK_THROWS_WITH(call(), Contains(words));
    CHECK(content(w.path()) == before);
}

}  // namespace

TEST_CASE("tensorboard: a writer makes the directory and an event file, which begins with its version") {
    const scratch_directory dir;
    const double before = now();
    const writer w(dir.root / "a" / "b");
    const double after = now();
    CHECK(w.path().parent_path() == dir.root / "a" / "b");
    CHECK(std::regex_match(w.path().filename().string(), std::regex(R"(events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+)")));
    const auto all = records(w.path());
    REQUIRE(all.size() == 1);
    protozero::pbf_reader event(all[0]);
    REQUIRE(event.next(1));
    const double time = event.get_double();
    CHECK((before <= time && time <= after));
    REQUIRE(event.next(3));
    CHECK(event.get_string() == "brain.Event:2");
}

TEST_CASE("tensorboard: each writer has a file of its own") {
    const scratch_directory dir;
    writer a(dir.root), b(dir.root);
    CHECK(dir.count() == 2);
    a.scalar("x", 1, 1);
    CHECK(records(a.path()).size() == 2);
    CHECK(records(b.path()).size() == 1);
    b = std::move(a);
    b.scalar("x", 2, 1);
    CHECK(records(b.path()).size() == 3);
}

TEST_CASE("tensorboard: a record is in the file when the call returns") {
    const scratch_directory dir;
    writer w(dir.root);
    const tensor<float, 2, 3> t{{1, 2, 3}, {4, 5, 6}};
    std::size_t n = 1;
    const auto check_one_more = [&](i64 step) {
        const auto all = records(w.path());
        REQUIRE(all.size() == ++n);
        CHECK(step_of(all.back()) == step);
    };
    w.scalar("loss", 7, 0.5);
    check_one_more(7);
    w.scalar("größe", std::numeric_limits<i64>::max(), std::nan(""));
    check_one_more(std::numeric_limits<i64>::max());
    w.scalar("n", -1, std::size_t{3});
    check_one_more(-1);
    w.scalar("rank 0", 1, tensor<double>(2));
    check_one_more(1);
    w.histogram("t", 8, t);
    check_one_more(8);
    w.histogram("view", 9, t.view());
    check_one_more(9);
    w.histogram("span", 10, std::span<const float>(t.data(), 4));
    check_one_more(10);
    w.histogram("empty", 11, std::vector<std::int16_t>());
    check_one_more(11);
    w.image("grey", 12, t);
    check_one_more(12);
    w.image("none of them", 13, tensor<std::uint8_t, dynamic, 4, 4, 3>(0));
    check_one_more(13);
    w.text("text", 14, "");
    check_one_more(14);
    w.graph_def("");
    check_one_more(0);
    w.run_metadata("cost", 15, node_times().run_metadata());
    check_one_more(15);
}

TEST_CASE("tensorboard: what TensorBoard would not read is refused, and nothing is written") {
    const scratch_directory dir;
    writer w(dir.root);
    const tensor<float, 2, 3> t;
    check_refused<value_error>(w, [&] { w.scalar("", 1, 1); }, "got an empty one");
    check_refused<value_error>(w, [&] { w.histogram("", 1, t); }, "got an empty one");
    check_refused<value_error>(w, [&] { w.image("", 1, t); }, "got an empty one");
    check_refused<value_error>(w, [&] { w.text("", 1, "a"); }, "got an empty one");
    check_refused<value_error>(w, [&] { w.run_metadata("", 1, ""); }, "got an empty one");
    check_refused<value_error>(w, [&] { w.scalar("a\xff", 1, 1); }, R"(expected UTF-8, got "a\xff")");
    check_refused<value_error>(w, [&] { w.text("a", 1, "\xc3"); }, R"(expected UTF-8, got "\xc3")");
    check_refused<shape_error>(w, [&] { w.image("a", 1, tensor<float, dynamic, dynamic>(0, 3)); }, "got the shape (0, 3, 1)");
    check_refused<shape_error>(w, [&] { w.image("a", 1, tensor<float, dynamic, dynamic, dynamic>(2, 3, 5)); }, "(2, 3, 5)");
    check_refused<shape_error>(w, [&] { w.image("a", 1, tensor<float, 2, 3, dynamic, 3>(0)); }, "(3, 0, 3)");
    constexpr std::size_t large = std::size_t{1} << 31;
    const std::unique_ptr<char[]> never_read(new char[large]);
    check_refused<value_error>(w, [&] { w.graph_def({never_read.get(), large}); }, "at most 2 GiB in one record, got 2147483648");
    w.scalar("a", 1, 1);
    CHECK(records(w.path()).size() == 2);
}

TEST_CASE("tensorboard: a directory that cannot be made is named") {
    const scratch_directory dir;
    const auto file = dir.write("x", "file");
    CHECK_THROWS_WITH(writer(file / "logs"), Contains(file.string()) && Contains("expected to make a directory"));
    CHECK_THROWS_AS(writer(file), io_error);
    CHECK_THROWS_AS(writer("/proc/logs"), io_error);
}

TEST_CASE("tensorboard: a program that is killed leaves whole records") {
    const scratch_directory dir;
    std::mt19937 random(7);
    for (int round = 0; round < 30; ++round) {
        const fs::path logs = dir.root / std::to_string(round);
        run_and_kill(std::chrono::milliseconds(5), random, [&] {
            writer w(logs);
            const std::vector<double> numbers(100);
            for (i64 step = 1;; ++step) w.histogram("x", step, numbers);
        });
        if (!fs::exists(logs)) continue;
        for (const auto& entry : fs::directory_iterator(logs)) {
            const auto all = records(entry.path());
            for (std::size_t i = 0; i < all.size(); ++i) CHECK(step_of(all[i]) == static_cast<i64>(i));
        }
    }
}

TEST_CASE("node_times: names and times that TensorBoard could not show are refused, and leave nothing") {
    CHECK_THROWS_AS(node_times(""), value_error);
    node_times times;
    const std::string before = times.run_metadata();
    CHECK_THROWS_WITH(times.add("", 1, 1), Contains("got an empty one"));
    CHECK_THROWS_WITH(times.add("\xff", 1, 1), Contains("expected UTF-8"));
    for (const double wrong : {-1.0, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_WITH(times.add("a", wrong, 1), Contains("expected a start and a duration from 0") && Contains("\"a\""));
        CHECK_THROWS_AS(times.add("a", 1, wrong), value_error);
    }
    CHECK(times.run_metadata() == before);
    times.add("a", 1, 1);
    CHECK(times.run_metadata() != before);
}
