// Symbols without a name where they are used: calls by position and by name, sessions, optimizers.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = unnamed_placeholder<float, "batch", 3>();
constexpr auto y = unnamed_placeholder<float, "batch">();
constexpr auto w = variable<float, 3>(full<2>);
constexpr auto bias = variable<float>(1_c);

TEST_CASE("functions of symbols without a name", "[symbols]") {
    auto f = function(inputs(x, y), sum(matmul(x, w) - y) + bias);
    session s(f);
    s.initialize();
    const std::vector<float> given{1, 2, 3, 4, 5, 6};
    const tensor_view<const float, dynamic, 3> rows(given.data(), 2);
    CHECK(f(s, rows, std::vector{1.f, 2.f}) == 40);
    CHECK(f(s, y = std::vector{1.f, 2.f}, x = rows) == 40);
    s[w] = 1;
    s[bias] = 0.5f;
    CHECK(f(s, rows, std::vector{1.f, 2.f}) == 18.5f);
    CHECK_THROWS_WITH(f(s, rows, std::vector{1.f}), "kiln: Placeholder#1: expected shape (\"batch\"), got (1): axis 0 must be 2");
}

TEST_CASE("variables without a name in a session", "[symbols]") {
    constexpr auto a = variable<double, 50>(random_normal<>);
    constexpr auto b = variable<double, 50>(random_normal<>);
    auto f = function(inputs(), sum(a * b));
    session s(f);
    CHECK(s.uninitialized() == std::vector<std::string>{"Variable#2", "Variable#3"});
    s.initialize(3);
    CHECK(s[a](0) != s[b](0));   // each is drawn by itself
    s[a] = 0;
    CHECK(f(s) == 0);
}

TEST_CASE("an optimizer's variables of variables without a name", "[symbols]") {
    constexpr auto loss = square(bias - 3_c);
    auto train = function(inputs(), loss, updates(nn::adam(loss, 0.1_c)));
    session s(train);
    s.initialize();
    const float first = train(s);
    for (int k = 0; k < 50; ++k) train(s);
    CHECK(first == 4);
    CHECK(train(s) < 0.1f);
}

}  // namespace
