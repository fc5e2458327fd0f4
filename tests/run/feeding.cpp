// Feeding what is no placeholder: the caller's value stands in place of an expression, of a variable, of a part of a gradient.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
constexpr auto h = x * y;
constexpr auto v = placeholder<"v", float, "n">;
constexpr auto w = variable<"w", double>(ones);
constexpr auto row = placeholder<"row", float, 3>;
constexpr auto small = placeholder<"small", std::int8_t>;

// in the compiler
static_assert(eval(h + 1_c, h = 5) == 6);   // neither x nor y is asked for
static_assert(eval(h + x, h = 5, x = 2) == 7);
static_assert(eval(square(h) - h, h = 3) == 6);
static_assert(eval(h, h = 4) == 4);
static_assert(eval(exp(h) + square(exp(h)), exp(h) = 3) == 12);
static_assert(eval(h + 1_c, h = 5, x = 2) == 6);   // eval has nothing against a value that is not needed
static_assert(eval(grad(square(h), x), h = 10, x = 2, y = 3) == 60);   // 2 h y: the gradient reads h too
static_assert(eval(w * x, w = 3, x = 2) == 6);   // a variable, without a session

TEST_CASE("an expression as an input", "[feeding]") {
    auto f = function(inputs(x, h), outputs(h + x, square(h)));
    const auto [sum, square_of_h] = f(2, 10);
    CHECK(sum == 12);
    CHECK(square_of_h == 100);
    CHECK(std::get<0>(f(h = 10, x = 2)) == 12);
    CHECK(std::get<0>(f(x = 3, x * y = 10)) == 13);   // whoever writes it, it is the same expression
    CHECK(eval(h + x, h = 10, x = 2) == 12);
}

TEST_CASE("an expression and a part of it", "[feeding]") {
    constexpr auto g = h + 1_c;
    auto f = function(inputs(h, g), h * 100_c + g);
    CHECK(f(2, 7) == 207);
    CHECK(f(g = 7, h = 2) == 207);
}

TEST_CASE("tensors in place of what is computed", "[feeding]") {
    constexpr auto doubled = v * 2_c;
    auto f = function(inputs(doubled), outputs(sum(doubled), doubled + 1_c));   // the extent comes with it
    const auto [total, plus] = f(std::vector{1.f, 2.f, 4.f});
    CHECK(total == 7);
    CHECK(plus(2) == 5);
    auto g = function(inputs(doubled, v), dot(doubled, v));
    CHECK(g(v = std::vector{1.f, 2.f}, doubled = std::vector{3.f, 4.f}) == 11);
    CHECK_THROWS_WITH(g(std::vector{1.f, 2.f}, std::vector{3.f}),
                      "kiln: v: expected shape (\"n\"), got (1): axis 0 must be 2");
    auto fixed = function(inputs(exp(row)), sum(exp(row)));
    CHECK_THROWS_WITH(fixed(std::vector{1.f, 2.f}), "kiln: exp#input0: expected shape (3), got (2)");
}

TEST_CASE("what is fed is checked like any input", "[feeding]") {
    constexpr auto twice = small * 2_c;
    auto f = function(inputs(small, twice), small + twice);
    CHECK(f(1, 5) == 6);
    CHECK_THROWS_WITH(f(1, 300), "kiln: multiply#input1: 300 is no int8");
    CHECK_THROWS_WITH(f(twice = 1.5, small = 1), "kiln: multiply#input1: 1.500000 is no int8");
}

TEST_CASE("an expression that was given a name", "[feeding]") {
    constexpr auto twice = named<"twice">(small * 2_c);
    auto f = function(inputs(small, twice), small + twice);
    CHECK(f(small = 1, twice = 5) == 6);
    CHECK_THROWS_WITH(f(1, 300), "kiln: twice#input1: 300 is no int8");
    constexpr auto long_name = named<"what_is_two_times_as_much_as_what_is_small">(small * 2_c);
    constexpr auto long_too = named<"what_is_two_times_as_much_as_what_is_large">(small * 3_c);
    CHECK(function(inputs(long_name, long_too), long_name - long_too)(7, 4) == 3);
    CHECK(eval(small * 2_c + small, twice = 3, small = 1) == 4);   // the same value, whatever it is called
}

TEST_CASE("a variable as an input", "[feeding]") {
    auto f = function(inputs(w, x), w * x, updates(assign(w, w + x)));   // the new value is of what was fed
    session s(f);
    s.initialize();
    CHECK(f(s, 10, 3) == 30);
    CHECK(s[w] == 13.0);
    CHECK(f(s, x = 2, w = 5) == 10);
    CHECK(s[w] == 7.0);
    CHECK(s.run(w * x, w = 5, x = 2) == 10);
    CHECK(s.run(w * x, x = 2) == 14);
    CHECK(s.run(w * h, h = 2) == 14);
}

TEST_CASE("givens of what is computed", "[feeding]") {
    auto f = function(inputs(x), h + square(h), givens(h = x + 1_c));
    CHECK(f(2) == 12);
    auto g = function(inputs(x), h + exp(h), givens(exp(h) = 5_c * x, y = 2_c));
    CHECK(g(1) == 7);
    auto swapped = function(inputs(x, y), x - y, givens(x = y, y = x));   // at once, not one after the other
    CHECK(swapped(1, 10) == 9);
    auto of_gradient = function(inputs(x, y), grad(square(h), x), givens(h = 10_c * x));
    CHECK(of_gradient(2, 3) == 120);
    auto both = function(inputs(h), h - x, givens(x = 100_c * h));   // in what is given, what is fed is fed
    CHECK(both(2) == -198);
}

TEST_CASE("both branches of a cond see it", "[feeding]") {
    constexpr auto z = trace([](value a, value p) { return cond(a > 0.0, [&] { return p * 2.0; }, [&] { return p - 1.0; }); }, x, h);
    auto f = function(inputs(x, h), z);
    CHECK(f(1, 10) == 20);
    CHECK(f(-1, 10) == 9);
}

}  // namespace
