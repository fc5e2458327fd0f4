// eval: at run time on the machine, in constant evaluation by the reference interpreter; the same values.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace kiln;

namespace {

constexpr auto a = placeholder<"a", int>;
constexpr auto b = placeholder<"b", int>;
constexpr auto x = placeholder<"x", double>;
constexpr auto v = placeholder<"v", double, 3>;
constexpr auto n = placeholder<"n", float, "n">;
constexpr auto m = placeholder<"m", double, 2, 3>;
constexpr auto rows = placeholder<"rows", double, "rows", 3>;

// rank 0
static_assert(eval(a + b, a = 10, b = 32) == 42);
static_assert(eval(a + b, b = 32, a = 10) == 42);
static_assert(std::is_same_v<decltype(eval(a + b, a = 1, b = 2)), int>);
static_assert(eval(constant<2> + 3_c) == 5);
static_assert(eval(2_c) == 2);
static_assert(eval(2.5_c * 2_c) == 5.0);
static_assert(eval(1'000_c + 0.5_c) == 1000.5);
static_assert(eval(1e3_c + 25e-2_c) == 1000.25);
static_assert(eval(square(x) / 2_c, x = 3) == 4.5);
static_assert(eval(where(a < b, a, b), a = 7, b = 4) == 4);
static_assert(eval(a > 5_c && !(a == b), a = 7, b = 4));
static_assert(eval(a / b, a = -7, b = 2) == -3);
static_assert(eval(a % b, a = -7, b = 2) == -1);
static_assert(eval(sum(iota<5>)) == 10);

// rank 1 and 2
constexpr double three[]{1, 2, 4};
static_assert(eval(sum(v), v = three) == 7);
static_assert(eval(v * 2_c, v = three)(2) == 8);
static_assert(eval(max(v), v = std::array{1., 5., 2.}) == 5);
static_assert(eval(sum(n), n = std::array{1.f, 2.f}) == 3.f);
static_assert(eval(n + 1_c, n = std::array{1.f, 2.f}).size() == 2);
constexpr double six[]{1, 2, 3, 4, 5, 6};
static_assert(eval(transpose(m), m = tensor_view<const double, 2, 3>(six))(2, 1) == 6);
static_assert(eval(matmul(m, v), m = tensor_view<const double, 2, 3>(six), v = three)(1) == 38);
static_assert(eval(softmax(m * 0_c), m = tensor_view<const double, 2, 3>(six))(1, 2) == 1.0 / 3);
static_assert(eval(sum<0>(rows), rows = tensor_view<const double, dynamic, 3>(six, 2))(0) == 5);
static_assert(eval(reshape<-1>(rows), rows = tensor_view<const double, dynamic, 3>(six, 2)).extent(0) == 6);
static_assert(eval(grad(sum(v * v * v), v), v = three)(2) == 48);

// products of extents, told by one of their parts or by several
constexpr auto doubled = placeholder<"doubled", double, extent(2) * extent("rows")>;
constexpr auto product = placeholder<"product", double, extent("n") * extent("rows")>;
constexpr auto left = placeholder<"left", double, "n", 1>;
static_assert(eval(sum(doubled), doubled = std::array{1., 2., 3., 4.}) == 10);
static_assert(eval(reshape<2, "rows">(doubled), doubled = std::array{1., 2., 3., 4.})(1, 0) == 3);
static_assert(eval(reshape<"n", "rows">(product) * left, product = six, left = tensor_view<const double, 2, 1>(three))(1, 2) == 12);

// derivatives, dtypes, special values
static_assert(eval(grad(square(x), x), x = 2.0) == 4.0);
static_assert(eval(grad(grad(x * x * x, x), x), x = 5.0) == 30.0);
constexpr auto i8 = placeholder<"i8", std::int8_t>;
static_assert(eval(i8 + i8, i8 = 100) == -56);
constexpr auto u64_ = placeholder<"u64", std::uint64_t>;
static_assert(eval(u64_ / 2_c, u64_ = ~std::uint64_t{0}) == std::uint64_t{0x7fffffffffffffff});
constexpr auto flag = placeholder<"flag", bool>;
static_assert(eval(where(flag, 1_c, x), flag = true, x = 0.5) == 1);
static_assert(eval(1_c / x, x = 0.0) == std::numeric_limits<double>::infinity());

// what gives a tensor inside a constant
constexpr double trace_of_product = [] {
    const auto p = eval(matmul(m, transpose(m)), m = tensor_view<const double, 2, 3>(six));
    return p(0, 0) + p(1, 1);
}();
static_assert(trace_of_product == 91);

TEST_CASE("at run time and in the compiler", "[eval]") {
    constexpr int constant = eval(a * b - 1_c, a = 6, b = 7);
    int six_now = 6;
    CHECK(eval(a * b - 1_c, a = six_now, b = 7) == constant);
    CHECK(eval(x / 4_c, x = six_now) == 1.5);
    CHECK(eval(2_c + 3_c) == 5);

    const tensor<double, 2, 3> t{{1, 2, 3}, {4, 5, 6}};
    constexpr double by_compiler = eval(sum(exp(m) * m), m = tensor_view<const double, 2, 3>(six));
    CHECK(eval(sum(exp(m) * m), m = t) == Approx(by_compiler).epsilon(1e-14));
    const auto turned = eval(transpose(m), m = t);
    CHECK(turned(2, 1) == 6);
    CHECK(eval(rows - expand_dims<1>(mean<1>(rows)), rows = t)(1, 0) == -1);
    CHECK(eval(sum(n), n = std::vector{1.f, 2.f, 3.f}) == 6);
    CHECK(eval(n * 2_c, n = std::vector<float>{}).size() == 0);
    std::vector<float> vector{1, 2};
    CHECK(eval(n * 2_c, n = std::span(vector))(1) == 4);
}

TEST_CASE("errors of eval", "[eval]") {
    CHECK_THROWS_WITH(eval(i8 + 1_c, i8 = 300), "kiln: i8: 300 is no int8");
    CHECK_THROWS_AS(eval(a, a = 1.5), value_error);
    CHECK_THROWS_WITH(eval(sum(m), m = tensor<double, dynamic, 3>(3)), "kiln: m: expected shape (2, 3), got (3, 3)");
    CHECK_THROWS_WITH(eval(dot(n, placeholder<"k", float, "n">), n = std::vector{1.f, 2.f}, placeholder<"k", float, "n"> = std::vector{1.f}),
                      "kiln: k: expected shape (\"n\"), got (1): axis 0 must be 2");
}

}  // namespace
