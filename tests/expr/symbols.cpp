// Names: one name is one symbol; what contradicts itself is a finding that names both sides. Symbols that come with functions.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace kiln;

namespace {

struct scene {
    std::unique_ptr<builder> own{new builder{}};
    builder& b{*own};
    type of(dtype t, const list& shape) { return {b.intern(shape), t}; }
    std::string found() {
        check_names(b);
        if (!b.found) return "";
        return std::string(b.found.what.s) + " | " + b.found.left.s + " | " + b.found.right.s;
    }
};

TEST_CASE("one name, one symbol", "[symbols]") {
    scene s;
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(3)));
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(3)));
    placeholder_of(s.b, "xx", s.of(dtype::float32, ints(4)));
    variable_of(s.b, "w", s.of(dtype::float32, ints(3)), zeros);
    variable_of(s.b, "w", s.of(dtype::float32, ints(3)), zeros);
    CHECK(s.found() == "");
}
TEST_CASE("one name, two shapes", "[symbols]") {
    scene s;
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(s.b.named("n"), 3)));
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(3)));
    CHECK(s.found() == "one name, two shapes: x | (\"n\", 3) | (3)");
}
TEST_CASE("one name, two dtypes", "[symbols]") {
    scene s;
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(3)));
    placeholder_of(s.b, "x", s.of(dtype::int8, ints(3)));
    CHECK(s.found() == "one name, two dtypes: x | float32 | int8");
}
TEST_CASE("one name, two kinds", "[symbols]") {
    scene s;
    variable_of(s.b, "x", s.of(dtype::float32, ints(3)), zeros);
    placeholder_of(s.b, "x", s.of(dtype::float32, ints(3)));
    CHECK(s.found().rfind("one name, two kinds of symbol: x", 0) == 0);
}
TEST_CASE("one name, two first values", "[symbols]") {
    scene s;
    variable_of(s.b, "w", s.of(dtype::float32, ints(3)), zeros);
    variable_of(s.b, "w", s.of(dtype::float32, ints(3)), ones);
    CHECK(s.found().rfind("one name, two initial values: w", 0) == 0);
}
TEST_CASE("a variable of run-time extents", "[symbols]") {
    scene s;
    variable_of(s.b, "w", s.of(dtype::float32, ints(s.b.named("n"))), zeros);
    CHECK(s.found() == "variable: the shape must be static | (\"n\") | w");
}

TEST_CASE("long names", "[symbols]") {
    constexpr auto x = placeholder<"a-placeholder/with_a_name.of>more\\than-sixty-four-characters/and-every-character-that-may-occur", float, "a name of 23 characters">;
    constexpr auto w = variable<"model/block/17/attention/query/kernel/with/a/path/that/does/not/end", float>(full<3>);
    auto f = function(inputs(x), sum(x) * w);
    session s(f);
    s.initialize();
    CHECK(f(s, std::vector{1.f, 2.f}) == 9);
    CHECK(f(s, x = std::vector{1.f, 2.f}) == 9);
    CHECK(s.get<"model/block/17/attention/query/kernel/with/a/path/that/does/not/end">() == 3.f);
}

TEST_CASE("names that may not be", "[symbols]") {
    auto found = [](const char* name) {
        scene s;
        variable_of(s.b, name, s.of(dtype::float32, ints(3)), zeros);   // as layers do
        return s.found();
    };
    CHECK(found("layer/kernel") == "");
    CHECK(found(".9") == "");
    CHECK(found("") == "variable: no valid name |  | letters, digits, _ . / -");
    CHECK(found("a b") == "variable: no valid name | a b | letters, digits, _ . / -");
    CHECK(found("_a") == "variable: no valid name | _a | letters, digits, _ . / -");
    CHECK(found("Variable#0") == "variable: no valid name | Variable#0 | letters, digits, _ . / -");
    CHECK(found("größe") == "variable: no valid name | größe | letters, digits, _ . / -");
    CHECK(found(std::string(200, 'x').c_str()) == "");
    CHECK(found(std::string(201, 'x').c_str()) == "variable: the name is too long | " + std::string(34, 'x') + ".. | at most 200 characters");
}

TEST_CASE("names that begin alike", "[symbols]") {
    constexpr auto a = placeholder<"a", int, "n">;
    constexpr auto ab = placeholder<"ab", int, "nn">;
    constexpr auto abc = placeholder<"abc", int, "nnn">;
    auto f = function(inputs(abc, a, ab), outputs(sum(a), sum(ab), sum(abc)));
    auto [one, two, three] = f(ab = std::vector{2, 2}, a = std::vector{1}, abc = std::vector{3, 3, 3});
    CHECK(one == 1);
    CHECK(two == 4);
    CHECK(three == 9);
}

}  // namespace
