// The order of groups: who reads a variable comes before the group that assigns it in place, and where that cannot be, the new value is copied.
#include <catch2/catch.hpp>
#include <kiln/kiln.hpp>

#include <string>

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, 3>;
constexpr auto a = variable<"a", float, 3>(zeros);
constexpr auto b = variable<"b", float, 3>(ones);
constexpr auto square_one = variable<"square_one", float, 2, 2>(zeros);
constexpr auto other = variable<"other", float, 2, 2>(zeros);

template <class F>
bool copies(const F& f, int n) {
    return std::string(explain(f)).find(", " + std::to_string(n) + " copies") != std::string::npos;
}
template <class T>
std::vector<float> numbers(const T& t) {
    return {t.data(), t.data() + t.size()};
}
using several = std::vector<float>;

TEST_CASE("what reads a variable comes before what assigns it", "[plan][schedule]") {
    auto f = function(inputs(x), outputs(sum(a * x), a * 2_c), updates(assign(a, a + x)));
    auto products = function(inputs(x), outputs(matmul(square_one, square_one)), updates(assign(square_one, square_one + sum(x))));
    CHECK(copies(products, 0));
    session s(f, products);
    s.initialize();
    s[square_one] = tensor<float, 2, 2>{{1, 2}, {3, 4}};
    CHECK(numbers(products(s, tensor<float, 3>{1, 2, 3})) == several{7, 10, 15, 22});
    CHECK(numbers(s[square_one]) == several{7, 8, 9, 10});
    const auto none = f(s, tensor<float, 3>{1, 2, 3});
    CHECK(get<0>(none) == 0);
    const auto then = f(s, tensor<float, 3>{1, 10, 100});
    CHECK(get<0>(then) == 1 + 20 + 300);
    CHECK(numbers(get<1>(then)) == several{2, 4, 6});
    CHECK(numbers(s[a]) == several{2, 12, 103});
}
TEST_CASE("variables that change places", "[plan][schedule]") {
    auto elements = function(inputs(), updates(assign(a, b + 1_c), assign(b, a * 2_c)));   // one loop reads both before it writes
    auto products = function(inputs(), updates(assign(square_one, matmul(other, other)), assign(other, matmul(square_one, square_one))));
    CHECK(copies(elements, 0));
    CHECK(copies(products, 1));
    session s(elements, products);
    s.initialize();
    s[a] = tensor<float, 3>{1, 2, 3};
    elements(s);
    CHECK(numbers(s[a]) == several{2, 2, 2});
    CHECK(numbers(s[b]) == several{2, 4, 6});
    s[square_one] = tensor<float, 2, 2>{{1, 2}, {3, 4}};
    s[other] = tensor<float, 2, 2>{{0, 1}, {1, 0}};
    products(s);
    CHECK(numbers(s[square_one]) == several{1, 0, 0, 1});
    CHECK(numbers(s[other]) == several{7, 10, 15, 22});
}
TEST_CASE("a new value that is made of other elements of the old one is copied", "[plan][schedule]") {
    auto turned = function(inputs(), updates(assign(square_one, transpose(square_one) * 2_c)));
    auto products = function(inputs(), updates(assign(square_one, matmul(square_one, square_one))));
    auto elements = function(inputs(), updates(assign(square_one, square_one * square_one)));
    CHECK(copies(turned, 1));
    CHECK(copies(products, 1));
    CHECK(copies(elements, 0));
    session s(turned, products, elements);
    s.initialize();
    s[square_one] = tensor<float, 2, 2>{{1, 2}, {3, 4}};
    turned(s);
    CHECK(numbers(s[square_one]) == several{2, 6, 4, 8});
    products(s);
    CHECK(numbers(s[square_one]) == several{28, 60, 40, 88});
    elements(s);
    CHECK(numbers(s[square_one]) == several{784, 3600, 1600, 7744});
}
TEST_CASE("a row that is passed over again is assigned behind its last pass", "[plan][schedule]") {
    const auto shifted = a + x;
    auto f = function(inputs(x), outputs(sum(square(shifted - mean(shifted)))), updates(assign(a, shifted)));
    session s(f);
    s.initialize();
    CHECK(f(s, tensor<float, 3>{1, 2, 3}) == Approx(2));
    CHECK(f(s, tensor<float, 3>{0, 0, 3}) == Approx(14));   // 1, 2, 6
    CHECK(numbers(s[a]) == several{1, 2, 6});
}

}  // namespace
}  // namespace kiln::testing
