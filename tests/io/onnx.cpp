// io/onnx.hpp: the file, and what is refused. That ONNX Runtime computes the same with the models is in onnx.py.
#include "kiln/io/onnx.hpp"

#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "batch", 2>;
constexpr auto n = placeholder<"n", std::int32_t, 3>;
constexpr auto m = placeholder<"m", std::int32_t, 3>;
constexpr auto w = variable<"w", float, 2, 3>(full<0.5>);

/// The fields of a message with this number.
std::vector<std::string> fields(const std::string& message, protozero::pbf_tag_type tag) {
    std::vector<std::string> r;
    for (protozero::pbf_reader p(message); p.next();)
        if (p.tag() == tag && p.wire_type() == protozero::pbf_wire_type::length_delimited) r.push_back(p.get_string());
        else p.skip();
    return r;
}
std::vector<std::string> operations(const std::string& graph) {
    std::vector<std::string> r;
    for (const std::string& node : fields(graph, 1)) r.push_back(fields(node, 4).at(0));
    return r;
}

/// The function has what ONNX has not: that is said, and nothing is written.
template <class F>
void check_refused(const F& f, const std::string& words) {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.onnx";
    CHECK_THROWS_AS(io::onnx::save(path, f), value_error);
    CHECK_THROWS_WITH(io::onnx::save(path, f), Contains(path.string()) && Contains(words));
    CHECK(dir.count() == 0);
}

}  // namespace

TEST_CASE("onnx: a model is a message of the format") {
    const scratch_directory dir;
    const auto f = function(inputs(x), outputs(relu(matmul(x, w)), sum(x)));
    session s(f);
    s.initialize();
    io::onnx::save(dir.root / "a.onnx", f, s);
    io::onnx::save(dir.root / "b.onnx", f, s);
    CHECK(dir.count() == 2);
    const std::string model = content(dir.root / "a.onnx");
    CHECK(model == content(dir.root / "b.onnx"));
    CHECK(fields(model, 2) == std::vector<std::string>{"kiln"});

    const std::string graph = fields(model, 7).at(0);
    CHECK(operations(graph) == std::vector<std::string>{"MatMul", "Relu", "ReduceSum", "Identity", "Identity"});
    std::vector<std::string> inputs, outputs, constants;
    for (const std::string& i : fields(graph, 11)) inputs.push_back(fields(i, 1).at(0));
    for (const std::string& o : fields(graph, 12)) outputs.push_back(fields(o, 1).at(0));
    CHECK(inputs == std::vector<std::string>{"x"});
    CHECK(outputs == std::vector<std::string>{"output_0", "output_1"});
    for (const std::string& t : fields(graph, 5))
        if (fields(t, 8).at(0) == "w") constants.push_back(fields(t, 9).at(0));
    const float half[6]{0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
    CHECK(constants == std::vector<std::string>{{reinterpret_cast<const char*>(half), sizeof half}});
    CHECK(fields(graph, 11).at(0).find("batch") != std::string::npos);
}

TEST_CASE("onnx: weights are those of the moment") {
    const scratch_directory dir;
    const auto f = function(inputs(x), matmul(x, w));
    session s(f);
    CHECK_THROWS_AS(io::onnx::save(dir.root / "a.onnx", f, s), uninitialized_error);
    CHECK_THROWS_WITH(io::onnx::save(dir.root / "a.onnx", f, s), Contains("\"w\""));
    CHECK(dir.count() == 0);
    s[w] = 2;
    io::onnx::save(dir.root / "a.onnx", f, s);
    const std::string before = content(dir.root / "a.onnx");
    s[w] = 3;
    io::onnx::save(dir.root / "a.onnx", f, s);
    CHECK(content(dir.root / "a.onnx") != before);
    CHECK(dir.count() == 1);
}

TEST_CASE("onnx: what ONNX has not is refused by name") {
    check_refused(function(inputs(n, m), n & m), "the function has the operation \"bitwise_and\" of int32");
    check_refused(function(inputs(n, m), n ^ m), "the function has the operation \"bitwise_xor\" of int32");
    check_refused(function(inputs(x), truncated_normal<>(x) + x), "the function has the operation \"truncated_normal\"");
    check_refused(function(inputs(n), random_uniform<0, 9>(n) + n), "the function has the operation \"random_bits\"");
    // In a body, too.
    check_refused(function(inputs(n), trace([](value v) { return cond(all(v > 0), [&] { return v & 3; }, [&] { return v; }); }, n)),
                  "the function has the operation \"bitwise_and\" of int32");
    // A variable that no result depends on: the call needs no session.
    constexpr auto v = variable<"v", std::int32_t, 3>(zeros);
    check_refused(function(inputs(n), n + v * 0_c), "no session was given for the variable \"v\"");
    // An extent that no input has: the caller could not give it either.
    check_refused(function(inputs(n), outputs(n + 1_c, ones(shape<float, "rows">))), "no input says what the extent \"rows\" is");
}

TEST_CASE("onnx: a model has at most 2 GiB") {
    const fs::path path = "a.onnx";
    const outline_view nothing{};
    io::detail::onnx_builder b(path, nothing);
    const char byte = 0;
    const std::string_view huge(&byte, std::size_t{1} << 31);   // nobody looks at it
    CHECK_THROWS_AS(b.initializer("w", dtype::int8, std::vector<i64>{i64{1} << 31}, huge), value_error);
    CHECK_THROWS_WITH(b.initializer("w", dtype::int8, std::vector<i64>{i64{1} << 31}, huge), Contains("more than 2 GiB"));
    CHECK(b.initializers.empty());
}

TEST_CASE("onnx: a file that cannot be written is left alone") {
    const scratch_directory dir;
    const auto f = function(inputs(x), exp(x));
    CHECK_THROWS_AS(io::onnx::save(dir.root / "none" / "a.onnx", f), io_error);
    CHECK_THROWS_AS(io::onnx::save(dir.root, f), io_error);
    CHECK(dir.count() == 0);
}
