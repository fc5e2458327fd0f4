// io/safetensors.hpp: files come back byte for byte, and each hostile one gets its sentence. That the safetensors package reads
// and writes the same is in interchange.py.
#include "kiln/io/safetensors.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::load_safetensors;
using io::save_safetensors;

namespace {

std::string length_of(u64 n) {
    std::string text;
    for (int shift = 0; shift < 64; shift += 8) text += static_cast<char>(n >> shift & 255);
    return text;
}

std::string file_of(const std::string& header, const std::string& data) { return length_of(header.size()) + header + data; }

std::string tensor_text(const std::string& name, const std::string& dtype, const std::string& shape, int begin, int end) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + std::to_string(begin) +
           "," + std::to_string(end) + "]}";
}

void check_refused(const fs::path& path, const std::string& words) {
    CHECK_THROWS_WITH(load_safetensors(path), Contains(path.string()) && Contains(words));
    CHECK_THROWS_AS(load_safetensors(path), io_error);
}

}  // namespace

TEST_CASE("safetensors: tensors and metadata come back") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.safetensors";
    const tensor<float, 2, 3> w{{1, 2, 3}, {4, 5, 6}};
    const tensor<double> one(1.5);
    const tensor<bool, 3> flags{true, false, true};
    const tensor<std::uint16_t, 0, 7> nothing;
    const io::file_metadata metadata{{"who", "me"}, {"ü", "\t\\"}};
    save_safetensors(path, {{"flags", flags}, {"w", w}, {"größe \"1\"\n", one}, {"nothing", nothing}}, metadata);
    const auto file = load_safetensors(path);
    REQUIRE(file.tensors.size() == 4);
    CHECK(file.tensors.at("w").to<float, 2, 3>() == w);
    CHECK(file.tensors.at("größe \"1\"\n").to<double>() == 1.5);
    CHECK(file.tensors.at("flags").to<bool, dynamic>() == flags);
    CHECK(file.tensors.at("nothing").shape == std::vector<i64>{0, 7});
    CHECK(file.metadata == metadata);

    const std::string bytes = content(path);   // elements are aligned, the largest first
    CHECK(static_cast<unsigned char>(bytes[0]) % 8 == 0);
    CHECK(bytes.find("gr") < bytes.find("\"w\""));
    CHECK(bytes.find("\"w\"") < bytes.find("flags"));
    save_safetensors(path, {});
    CHECK(load_safetensors(path).tensors.empty());
    CHECK(dir.count() == 1);
}

TEST_CASE("safetensors: what cannot be written is refused, and the old file stays") {
    const scratch_directory dir;
    const fs::path path = dir.write("old");
    const std::vector<int> n{1, 2, 3};
    CHECK_THROWS_WITH(save_safetensors(path, {{"n", n}, {"n", n}}), Contains("there are two of \"n\""));
    CHECK_THROWS_AS(save_safetensors(path, {{"__metadata__", n}}), io_error);
    CHECK_THROWS_WITH(save_safetensors(path, {{"\xff", n}}), Contains("expected names and metadata in UTF-8"));
    CHECK_THROWS_AS(save_safetensors(path, {{"n", n}}, {{"a", "\xff"}}), io_error);
    CHECK_THROWS_AS(save_safetensors(dir.root / "no" / "folder", {{"n", n}}), io_error);
    CHECK(content(path) == "old");
    CHECK(dir.count() == 1);
}

TEST_CASE("safetensors: others' files") {
    const scratch_directory dir;
    // spaces, any order of keys, tensors in any order of their places, and a header whose length looks like gzip
    std::string header = R"({ "b" : {"data_offsets":[2,4],"shape":[1],"dtype":"I16"}, )" + tensor_text("a", "U8", "[2]", 0, 2) + "}";
    header.append(0x8b1f - header.size(), ' ');
    const auto file = load_safetensors(dir.write(file_of(header, std::string("\1\2\3\4"))));
    CHECK(file.tensors.at("a").to<std::uint8_t, 2>()[1] == 2);
    CHECK(file.tensors.at("b").to<std::int16_t, 1>()[0] == 0x0403);
    CHECK(load_safetensors(dir.write(file_of("{}", ""))).tensors.empty());
}

TEST_CASE("safetensors: forged headers are refused in a sentence") {
    const scratch_directory dir;
    const auto refused = [&](const std::string& header, const std::string& data, const std::string& words) {
        INFO(header);
        check_refused(dir.write(file_of(header, data)), words);
    };
    check_refused(dir.root / "missing", "No such file");
    check_refused(dir.write(""), "it has only 0 bytes");
    check_refused(dir.write("1234567"), "it has only 7 bytes");
    check_refused(dir.write(length_of(0)), "begins with {");
    check_refused(dir.write(length_of(3) + "{}"), "at most 2 bytes, but it declares 3");
    check_refused(dir.write(length_of(~u64{0}) + "{}"), "but it declares 18446744073709551615");
    const std::string long_header = "{" + std::string(100'000'000, ' ') + "}";
    check_refused(dir.write(file_of(long_header, "")), "at most 100000000 bytes");

    const std::string a = tensor_text("a", "U8", "[2]", 0, 2);
    const auto with_b = [&](int begin, int end) { return "{" + a + "," + tensor_text("b", "U8", "[2]", begin, end) + "}"; };
    refused(with_b(3, 5), "12345", "\"b\" lies in [3, 5) where 2 is the next");   // a hole
    refused(with_b(1, 3), "123", "\"b\" lies in [1, 3) where 2 is the next");     // an overlap
    refused(with_b(0, 2), "12", " lies in [0, 2) where 2 is the next");
    refused("{" + a + "}", "1", "\"a\" lies in [0, 2)");
    refused("{" + a + "}", "123", "they end at 2");
    refused("{" + tensor_text("a", "U8", "[2]", 2, 0) + "}", "12", "\"a\" lies in [2, 0)");
    refused("{" + tensor_text("a", "F32", "[2]", 0, 4) + "}", "1234", "float32 (2,), but it lies in [0, 4)");
    refused("{" + tensor_text("a", "U8", "[4294967296,4294967296]", 0, 0) + "}", "", "expected the size");
    refused("{" + tensor_text("a", "U8", "[0,4294967296,4294967296]", 0, 0) + "}", "", "expected the size");
    refused("{" + tensor_text("a", "U8", "[9223372036854775808]", 0, 0) + "}", "", "has the number 9223372036854775808");
    refused("{" + tensor_text("a", "U8", "[99999999999999999999]", 0, 0) + "}", "", "has the number");
    refused("{" + tensor_text("a", "U8", "[-2]", 0, 2) + "}", "12", "has the number -2");
    refused("{" + tensor_text("a", "U8", "[2.0]", 0, 2) + "}", "12", "has the number");
    refused("{" + tensor_text("a", "U9", "[2]", 0, 2) + "}", "12", "has the dtype \"U9\"");
    refused("{" + tensor_text("a", "F16", "[1]", 0, 2) + "}", "12", "expected a dtype of kiln's, but it holds F16 (1,)");
    refused("{" + tensor_text("a", "BOOL", "[2]", 0, 2) + "}", "12", "expected bools");
    refused("{" + a + "," + a + "}", "12", "has the key \"a\" twice");
    refused("{\"__metadata__\":{},\"__metadata__\":{}}", "", "twice");
    refused("{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", "", "the key \"x\" twice");
    refused("{\"__metadata__\":{\"x\":1}}", "", "has the number 1");
    refused("{\"__metadata__\":[]}", "", "has an array");
    const auto entry = [&](const std::string& text, const std::string& words) { refused(R"({"a":{)" + text + "}}", "1", words); };
    entry(R"("dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1])", "twice, at the key \"dtype\"");
    entry(R"("dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1])", "twice, at the key \"shape\"");
    entry(R"("dtype":"U8","shape":[],"data_offsets":[],"data_offsets":[0,1])", "twice, at the key \"data_offsets\"");
    entry(R"("dtype":"U8","shape":[],"data_offsets":[0])", "without dtype, shape and two data_offsets");
    entry(R"("dtype":"U8","shape":[],"data_offsets":[0,1,1])", "has the number 1");
    entry(R"("dtype":"U8","shape":[],"data_offsets":[0,1],"more":0)", "does not belong there, or twice, at the key \"more\"");
    entry(R"("dtype":"U8","shape":[[1]],"data_offsets":[0,1])", "has an array");
    refused("{\"a\":1}", "", "has the number 1");
    refused("{\"a\":null}", "", "has null");
    refused("{\"a\":{}}", "", "without dtype");
    refused("[]", "", "begins with {");
    refused(" {}", "", "begins with {");
    refused("\xef\xbb\xbf{}", "", "begins with {");
    refused(std::string("{}\0", 3), "", "is text");
    refused("{}x", "", "is no JSON: at byte 3");
    refused("{\"\xff\":{}}", "", "is no JSON");
    refused("{\"a\":" + std::string(100'000, '{'), "", "is no JSON");
    refused("{\"a\":" + std::string(100'000, '['), "", "has an array");
    std::string ones = "[1";
    for (int i = 0; i < 64; ++i) ones += ",1";
    refused("{" + tensor_text("a", "U8", ones + "]", 0, 1) + "}", "1", "has the number 1");
}

TEST_CASE("safetensors: a file cut short anywhere is refused") {
    const scratch_directory dir;
    const std::string whole = file_of("{" + tensor_text("a", "U8", "[2]", 0, 2) + "}", "12");
    for (std::size_t n = 0; n < whole.size(); ++n) {
        INFO("cut to " << n << " of " << whole.size() << " bytes");
        CHECK_THROWS_AS(load_safetensors(dir.write(whole.substr(0, n))), io_error);
    }
}
