// Calling functions: by position and by name, with numbers, tensors, views, spans, vectors, arrays and Eigen maps; what
// comes back, by value and into the caller's memory.
#include <kiln/kiln.hpp>

#include <Eigen/Core>
#include <catch2/catch.hpp>

#include <array>
#include <span>
#include <type_traits>
#include <vector>

using namespace kiln;

namespace {

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
constexpr auto c = placeholder<"c", int>;
constexpr auto v = placeholder<"v", float, "n">;
constexpr auto m = placeholder<"m", float, "rows", 3>;
constexpr auto fixed = placeholder<"fixed", float, 2, 3>;

TEST_CASE("by position and by name", "[function]") {
    auto f = function(inputs(a, b, c), a * 100_c + b * 10_c + c);
    CHECK(f(1, 2, 3) == 123);
    CHECK(f(a = 1, b = 2, c = 3) == 123);
    CHECK(f(c = 3, a = 1, b = 2) == 123);
    CHECK(f(b = 2, c = 3, a = 1) == 123);
    static_assert(std::is_same_v<decltype(f(1, 2, 3)), int>);   // rank 0 is a number

    int one = 1;
    const long long two = 2;
    CHECK(f(one, two, 3.0) == 123);
    CHECK(f(a = one, c = static_cast<signed char>(3), b = 2u) == 123);
    CHECK(f(true, false, true) == 101);
}

TEST_CASE("a number as an argument in many forms", "[function]") {
    auto f = function(inputs(a, b), a - b);
    tensor<int> ten(10);
    const tensor<int> four(4);
    int three = 3;
    CHECK(f(ten, four) == 6);
    CHECK(f(ten, 4) == 6);
    CHECK(f(tensor_view<int>(&three), ten) == -7);
    CHECK(f(b = tensor_view<const int>(&three), a = ten) == 7);
}

TEST_CASE("a vector as an argument in many forms", "[function]") {
    auto f = function(inputs(v), sum(v * v));
    const float expected = 14;
    tensor<float, dynamic> owner{1, 2, 3};
    const tensor<float, 3> three{1, 2, 3};
    std::vector<float> vector{1, 2, 3};
    const std::vector<float>& constant = vector;
    std::array<float, 3> array{1, 2, 3};
    float c_array[]{1, 2, 3};
    Eigen::VectorXf eigen(3);
    eigen << 1, 2, 3;
    CHECK(f(owner) == expected);
    CHECK(f(three) == expected);
    CHECK(f(tensor{1.f, 2.f, 3.f}) == expected);
    CHECK(f(owner.view()) == expected);
    CHECK(f(tensor_view<const float, 3>(vector.data())) == expected);
    CHECK(f(tensor_view<float, dynamic>(vector.data(), 2)) == 5);
    CHECK(f(vector) == expected);
    CHECK(f(constant) == expected);
    CHECK(f(std::vector{1.f, 2.f}) == 5);
    CHECK(f(array) == expected);
    CHECK(f(c_array) == expected);
    CHECK(f(std::span(vector)) == expected);
    CHECK(f(std::span<const float>(vector).subspan(1)) == 13);
    CHECK(f(std::span<float, 3>(array)) == expected);
    CHECK(f(eigen) == expected);
    CHECK(f(Eigen::Map<const Eigen::VectorXf>(vector.data(), 3)) == expected);
    CHECK(f(v = vector) == expected);
    CHECK(f(v = std::vector{1.f, 2.f}) == 5);
    CHECK(f(v = std::span(array)) == expected);
    CHECK(f(v = owner) == expected);
    CHECK(f(v = c_array) == expected);
}

TEST_CASE("a matrix as an argument in many forms", "[function]") {
    auto f = function(inputs(m), transpose(m) * 2_c);
    using row_major_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    float data[]{1, 2, 3, 4, 5, 6};
    float grid[2][3]{{1, 2, 3}, {4, 5, 6}};
    row_major_matrix eigen(2, 3);
    eigen << 1, 2, 3, 4, 5, 6;
    auto check = [](const auto& r) {
        REQUIRE(r.extent(0) == 3);
        REQUIRE(r.extent(1) == 2);
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 2; ++j) CHECK(r(i, j) == static_cast<float>(2 * (1 + 3 * j + i)));
    };
    check(f(tensor{{1.f, 2.f, 3.f}, {4.f, 5.f, 6.f}}));
    check(f(tensor_view<const float, 2, 3>(data)));
    check(f(tensor_view<float, dynamic, 3>(data, 2)));
    check(f(tensor_view<float, dynamic, dynamic>(data, 2, 3)));
    check(f(grid));
    check(f(eigen));
    check(f(Eigen::Map<row_major_matrix>(data, 2, 3)));
    check(f(m = Eigen::Map<const row_major_matrix>(data, 2, 3)));
    static_assert(std::is_same_v<decltype(f(grid)), tensor<float, 3, dynamic>>);
}

TEST_CASE("results by value", "[function]") {
    auto f = function(inputs(fixed), outputs(sum(fixed), transpose(fixed), argmax<1>(fixed), fixed > 2_c));
    const tensor<float, 2, 3> x{{1, 5, 3}, {4, 2, 6}};
    auto [total, turned, where_it_is, above] = f(x);
    static_assert(std::is_same_v<decltype(total), float>);
    static_assert(std::is_same_v<decltype(turned), tensor<float, 3, 2>>);
    static_assert(std::is_same_v<decltype(above), tensor<bool, 2, 3>>);
    CHECK(total == 21);
    CHECK(turned(1, 0) == 5);
    CHECK(turned(2, 1) == 6);
    CHECK(where_it_is(0) == 1);
    CHECK(where_it_is(1) == 2);
    CHECK_FALSE(above(0, 0));
    CHECK(above(0, 1));
    CHECK_FALSE(above(1, 1));

    const auto again = f(x);   // what came first is not touched by what comes later
    const tensor<float, 2, 3> zero;
    f(zero);
    CHECK(std::get<0>(again) == 21);
    CHECK(turned(2, 1) == 6);
}

TEST_CASE("results into the caller's memory", "[function]") {
    auto f = function(inputs(m), outputs(m + 1_c, sum(m), sum<0>(m)));
    const tensor<float, dynamic, 3> x{{1, 2, 3}, {4, 5, 6}};
    tensor<float, dynamic, 3> plus(2);
    std::array<float, 3> columns{};
    float total = 0;
    f.into(plus, total, columns)(x);
    CHECK(total == 21);
    CHECK(plus(1, 2) == 7);
    CHECK(columns == std::array<float, 3>{5, 7, 9});

    float raw[6]{};
    std::vector<float> sums(3);
    tensor<float> rank_0;
    f.into(tensor_view<float, 2, 3>(raw), rank_0, std::span(sums))(m = x);
    CHECK(raw[0] == 2);
    CHECK(raw[5] == 7);
    CHECK(rank_0 == 21.f);
    CHECK(sums == std::vector<float>{5, 7, 9});

    Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> eigen(2, 3);
    f.into(eigen, total, sums)(x);
    CHECK(eigen(1, 2) == 7);
}

TEST_CASE("into a view of another shape", "[function]") {
    auto f = function(inputs(m), m + 1_c);
    const tensor<float, dynamic, 3> x(2);
    tensor<float, dynamic, 3> three(3);
    three.fill(7);
    CHECK_THROWS_WITH(f.into(three)(x), "kiln: into: output 0 has shape (2, 3), got a view of (3, 3)");
    for (const float y : three) CHECK(y == 7);
}

TEST_CASE("the input written over", "[function]") {
    auto f = function(inputs(v), v * v + 1_c);
    std::vector<float> x(37);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    f.into(x)(x);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == static_cast<float>(i * i + 1));
}

TEST_CASE("an output that is an input, a constant, or another output", "[function]") {
    auto f = function(inputs(v), outputs(v, v, reshape<"n", 1>(v), 2.5_c, v + 0_c, 3_c));
    const tensor<float, dynamic> x{1, 2, 3};
    auto [first, second, column, number, third, integer] = f(x);
    static_assert(std::is_same_v<decltype(number), double>);
    static_assert(std::is_same_v<decltype(integer), std::int64_t>);
    CHECK(first(2) == 3);
    CHECK(second(1) == 2);
    CHECK(column(2, 0) == 3);
    CHECK(number == 2.5);
    CHECK(third(0) == 1);
    CHECK(integer == 3);
}

TEST_CASE("no inputs", "[function]") {
    auto f = function(inputs(), outputs(constant<2> + 3_c, iota<5, float>));
    auto [number, counter] = f();
    CHECK(number == 5);
    CHECK(counter.size() == 5);
    CHECK(counter(4) == 4);
}

TEST_CASE("copies of a function have memory of their own", "[function]") {
    auto f = function(inputs(m), softmax(matmul(m, transpose(m))));
    const tensor<float, dynamic, 3> x{{1, 2, 3}, {4, 5, 7}}, y{{1, 0, 0}};
    const auto before = f(x);
    auto g = f;
    const auto of_y = g(y);
    CHECK(of_y.extent(0) == 1);
    CHECK(of_y(0, 0) == 1);
    const auto after = f(x);
    CHECK(std::equal(before.begin(), before.end(), after.begin(), after.end()));
    auto h = std::move(g);
    CHECK(h(y)(0, 0) == 1);
    CHECK(std::ranges::equal(h(x), before));
    f = h;
    CHECK(std::ranges::equal(f(x), before));
}

TEST_CASE("a name in two functions is two symbols", "[function]") {
    constexpr auto x = placeholder<"x", float, "n">;
    constexpr auto other = placeholder<"x", int, 2, 2>;
    auto f = function(inputs(x), sum(x));
    auto g = function(inputs(other), sum<0>(other));
    CHECK(f(std::vector{1.f, 2.f, 3.f}) == 6);
    const auto columns = g(tensor{{1, 2}, {3, 4}});
    CHECK(columns(0) == 4);
    CHECK(columns(1) == 6);
}

}  // namespace
