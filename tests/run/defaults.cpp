// Inputs with default values: by position and by name, numbers and tensors, kept by the function.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

using namespace kiln;

namespace {

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
constexpr auto c = placeholder<"c", double>;
constexpr auto small = placeholder<"small", std::int8_t>;
constexpr auto v = placeholder<"v", float, "n">;
constexpr auto u = placeholder<"u", float, "n">;
constexpr auto fixed = placeholder<"fixed", float, 2>;
constexpr auto w = variable<"w", double>(ones);

TEST_CASE("a number as a default", "[defaults]") {
    auto f = function(inputs(a, b = 32), a + b);
    CHECK(f(10) == 42);
    CHECK(f(10, 1) == 11);
    CHECK(f(a = 1) == 33);
    CHECK(f(a = 1, b = 2) == 3);
    CHECK(f(b = 2, a = 1) == 3);
    CHECK(f(10) == 42);   // a call with a value changes no default
    int sum = 0;
    f.into(sum)(5);
    CHECK(sum == 37);
}

TEST_CASE("every input has a default", "[defaults]") {
    auto f = function(inputs(a = 1, b = 2_c, c = 2.5), a * 100_c + b * 10_c + cast<int>(c * 2_c));
    CHECK(f() == 125);
    CHECK(f(3) == 325);
    CHECK(f(3, 4) == 345);
    CHECK(f(3, 4, 0.5) == 341);
    CHECK(f(b = 0) == 105);
    CHECK(f(c = 1, a = 2) == 222);
}

TEST_CASE("a tensor as a default is kept by the function", "[defaults]") {
    auto f = [] {
        std::vector gone{1.f, 2.f, 3.f};
        return function(inputs(v, u = gone), dot(v, u));
    }();
    CHECK(f(std::vector{1.f, 1.f, 1.f}) == 6);
    CHECK(f(v = std::vector{1.f, 0.f, 2.f}) == 7);
    CHECK(f(std::vector{1.f, 1.f}, std::vector{4.f, 5.f}) == 9);
    CHECK_THROWS_WITH(f(std::vector{1.f}), "kiln: u: expected shape (\"n\"), got (3): axis 0 must be 1");

    auto g = function(inputs(fixed = tensor{1.f, 2.f}), sum(fixed));
    CHECK(g() == 3);
    CHECK(g(tensor{5.f, 6.f}) == 11);
    auto wrong = function(inputs(fixed = tensor{1.f, 2.f, 3.f}), sum(fixed));
    CHECK_THROWS_WITH(wrong(), "kiln: fixed: expected shape (2), got (3)");
    CHECK(wrong(tensor{5.f, 6.f}) == 11);
}

TEST_CASE("inputs may be kept before there is a function", "[defaults]") {
    const auto in = inputs(a, v = tensor{1.f, 2.f});
    auto f = function(in, cast<float>(a) * sum(v));
    auto g = function(in, cast<float>(a) + sum(v));
    CHECK(f(10) == 30);
    CHECK(g(10) == 13);
}

TEST_CASE("copies have their own defaults", "[defaults]") {
    auto f = function(inputs(fixed = tensor{1.f, 2.f}), sum(fixed));
    auto g = f;
    auto h = function(inputs(fixed = tensor_view<const float, 2>(tensor{3.f, 4.f}.data())), sum(fixed));
    f = function(inputs(fixed = tensor{7.f, 8.f}), sum(fixed));
    CHECK(f() == 15);
    CHECK(g() == 3);
    CHECK(h() == 7);
    auto assigned = g;
    assigned = f;
    CHECK(assigned() == 15);
    CHECK(f() == 15);
    auto moved = std::move(g);
    CHECK(moved() == 3);
}

TEST_CASE("a default must fit", "[defaults]") {
    CHECK_THROWS_WITH(function(inputs(small = 300), small), "kiln: small: 300 is no int8");
    CHECK_THROWS_WITH(function(inputs(a = 1.5), a), "kiln: a: 1.500000 is no int32");
    CHECK_THROWS_AS(function(inputs(small = 300), small), value_error);
    CHECK(function(inputs(small = 100), small)() == 100);
}

TEST_CASE("defaults beside a session and for what is computed", "[defaults]") {
    auto train = function(inputs(c = 0.5), w, updates(assign(w, w - c)));
    session s(train);
    s.initialize();
    CHECK(train(s) == 1.0);
    CHECK(train(s, 0.25) == 0.5);
    CHECK(train(s, c = 1) == 0.25);
    CHECK(s[w] == -0.75);
    auto f = function(inputs(c, square(c) = 100), square(c) + c);
    CHECK(f(1) == 101);
    CHECK(f(1, 2) == 3);
}

}  // namespace
