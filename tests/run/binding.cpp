// What a call checks: named extents are bound once and are the same everywhere, numbers fit their dtype; and what the
// exceptions say.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <array>

#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "n">;
constexpr auto y = placeholder<"y", float, "n">;
constexpr auto m = placeholder<"m", float, "rows", 3>;
constexpr auto square_of = placeholder<"square", float, "n", "n">;
constexpr auto images = placeholder<"images", float, "batch", 4, 7>;
constexpr auto labels = placeholder<"labels", int, "batch">;
constexpr auto sentences = placeholder<"sentences", float, "batch", "time", 2>;
constexpr auto steps = placeholder<"steps", float, extent("batch") * extent("time")>;
constexpr auto pairs = placeholder<"pairs", float, extent(2) * extent("n")>;

template <class F>
std::string text_of_shape_error(F f) {
    try {
        f();
    } catch (const shape_error& e) {
        return e.what();
    }
    return "no shape_error";
}
template <class F>
std::string text_of_value_error(F f) {
    try {
        f();
    } catch (const value_error& e) {
        return e.what();
    }
    return "no value_error";
}
std::vector<float> counted(std::size_t n) {
    std::vector<float> r(n);
    std::iota(r.begin(), r.end(), 0.f);
    return r;
}

TEST_CASE("extents change between calls", "[binding]") {
    auto f = function(inputs(x, y), outputs(x * y, sum(x - y), mean(x)));
    for (const std::size_t n : {5u, 1u, 0u, 64u, 63u, 65u, 3u, 1000u, 2u}) {
        std::vector<float> one = counted(n), two(n, 2);
        auto [product, total, average] = f(one, two);
        REQUIRE(product.size() == static_cast<i64>(n));
        double want = 0, sum_of_one = 0;
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(product(static_cast<i64>(i)) == 2 * one[i]);
            want += static_cast<double>(one[i]) - 2;
            sum_of_one += static_cast<double>(one[i]);
        }
        CHECK(static_cast<double>(total) == want);
        if (n > 0) CHECK(static_cast<double>(average) == Approx(sum_of_one / static_cast<double>(n)));
        else CHECK(average != average);
    }
}

TEST_CASE("batches of size zero", "[binding]") {
    auto f = function(inputs(m), outputs(sum<0>(m), sum<1>(m), softmax(m), matmul(transpose(m), m), sum(m), max<1>(m), m + 1_c));
    const tensor<float, dynamic, 3> none(0);
    auto [columns, rows, soft, product, total, largest, plus] = f(none);
    CHECK(columns.size() == 3);
    for (const float c : columns) CHECK(c == 0);
    CHECK(rows.size() == 0);
    CHECK(soft.extent(0) == 0);
    CHECK(soft.extent(1) == 3);
    CHECK(product.size() == 9);
    for (const float c : product) CHECK(c == 0);
    CHECK(total == 0);
    CHECK(largest.size() == 0);
    CHECK(plus.size() == 0);

    const tensor<float, dynamic, 3> two{{1, 2, 3}, {4, 5, 6}};
    auto [c2, r2, s2, p2, t2, l2, q2] = f(two);
    CHECK(c2(2) == 9);
    CHECK(r2(1) == 15);
    CHECK(p2(0, 1) == 22);
    CHECK(l2(0) == 3);
    CHECK(t2 == 21);
    CHECK(q2(1, 2) == 7);
    CHECK(s2(0, 0) + s2(0, 1) + s2(0, 2) == Approx(1));
}

TEST_CASE("an extent that is bound twice", "[binding]") {
    auto f = function(inputs(x, y), dot(x, y));
    CHECK(f(counted(3), counted(3)) == 5);
    CHECK(text_of_shape_error([&] { f(counted(3), counted(2)); }) ==
          "kiln: y: expected shape (\"n\"), got (2): axis 0 must be 3");
    CHECK(text_of_shape_error([&] { f(y = counted(3), x = counted(2)); }) ==   // in the order of the inputs
          "kiln: y: expected shape (\"n\"), got (3): axis 0 must be 2");
    CHECK(f(counted(4), counted(4)) == 14);   // an error leaves the function as it was

    auto g = function(inputs(square_of, x), matmul(square_of, x));
    CHECK(g(tensor<float, 2, 2>{{1, 2}, {3, 4}}, tensor{1.f, 1.f})(1) == 7);
    CHECK(text_of_shape_error([&] { g(tensor<float, 2, 3>(), tensor{1.f, 1.f}); }) ==
          "kiln: square: expected shape (\"n\", \"n\"), got (2, 3): axis 1 must be 2");
    CHECK(text_of_shape_error([&] { g(tensor<float, 2, 2>(), tensor{1.f, 1.f, 1.f}); }) ==
          "kiln: x: expected shape (\"n\"), got (3): axis 0 must be 2");
}

TEST_CASE("an extent that is a number", "[binding]") {
    auto f = function(inputs(m), m);
    CHECK(text_of_shape_error([&] { f(tensor<float, dynamic, dynamic>(2, 4)); }) ==
          "kiln: m: expected shape (\"rows\", 3), got (2, 4)");
    CHECK(text_of_shape_error([&] { f(tensor<float, 2, 4>()); }) == "kiln: m: expected shape (\"rows\", 3), got (2, 4)");
    auto g = function(inputs(images, labels), outputs(sum(images), sum(labels)));
    CHECK(text_of_shape_error([&] { g(tensor<float, 2, 4, 7>(), tensor{1, 2, 3}); }) ==
          "kiln: labels: expected shape (\"batch\"), got (3): axis 0 must be 2");
    CHECK(text_of_shape_error([&] { g(tensor<float, 2, 7, 4>(), tensor{1, 2}); }) ==
          "kiln: images: expected shape (\"batch\", 4, 7), got (2, 7, 4)");
}
// Right types need no look at run time, all others do.
TEST_CASE("extents that are all numbers, against types that say theirs or do not", "[binding]") {
    constexpr auto u = placeholder<"u", float, 3>;
    constexpr auto v = placeholder<"v", float, 2, 3>;
    auto f = function(inputs(u, v), outputs(sum(u), sum(v)));
    const std::array<float, 3> three{1, 2, 3};
    const std::array<float, 2> two{1, 2};
    const tensor<float, 2, 3> right{{1, 1, 1}, {1, 1, 1}};
    const std::string wrong_u = "kiln: u: expected shape (3), got (2)", wrong_v = "kiln: v: expected shape (2, 3), got (3, 2)";
    CHECK(f(three, right) == std::tuple(6.0f, 6.0f));
    CHECK(f(v = right, u = three) == std::tuple(6.0f, 6.0f));
    CHECK(f(std::vector(three.begin(), three.end()), right) == std::tuple(6.0f, 6.0f));
    CHECK(text_of_shape_error([&] { f(two, right); }) == wrong_u);
    CHECK(text_of_shape_error([&] { f(three, tensor<float, 3, 2>()); }) == wrong_v);
    CHECK(text_of_shape_error([&] { f(v = right, u = two); }) == wrong_u);
    CHECK(text_of_shape_error([&] { f(v = tensor<float, 3, 2>(), u = three); }) == wrong_v);
    CHECK(text_of_shape_error([&] { f(std::vector{1.f, 2.f}, right); }) == wrong_u);
    CHECK(text_of_shape_error([&] { f(three, tensor<float, dynamic, 3>(3)); }) == "kiln: v: expected shape (2, 3), got (3, 3)");
    auto with_default = function(inputs(u, v = right), outputs(sum(u), sum(v)));
    CHECK(with_default(three) == std::tuple(6.0f, 6.0f));
    CHECK(text_of_shape_error([&] { with_default(two); }) == wrong_u);
    CHECK(text_of_shape_error([&] { with_default(three, tensor<float, 3, 2>()); }) == wrong_v);
}

TEST_CASE("products of extents", "[binding]") {
    auto f = function(inputs(images), outputs(reshape<"batch", 28>(images), reshape<extent("batch") * extent(28)>(images),
                                              sum<1>(reshape<"batch", 28>(images) * 2_c)));
    for (const i64 n : {3, 0, 1, 5}) {
        tensor<float, dynamic, 4, 7> in(n);
        std::iota(in.begin(), in.end(), 0.f);
        auto [rows, flat, sums] = f(in);
        REQUIRE(rows.extent(0) == n);
        REQUIRE(rows.extent(1) == 28);
        REQUIRE(flat.size() == 28 * n);
        for (i64 i = 0; i < 28 * n; ++i) {
            CHECK(rows.data()[i] == static_cast<float>(i));
            CHECK(flat(i) == static_cast<float>(i));
        }
        for (i64 i = 0; i < n; ++i) CHECK(sums(i) == static_cast<float>(2 * (28 * 28 * i + 27 * 14)));
    }

    auto g = function(inputs(sentences), reshape<extent("batch") * extent("time"), 2>(sentences) + 1_c);
    const tensor<float, dynamic, dynamic, 2> s(3, 5);
    CHECK(g(s).extent(0) == 15);
    CHECK(g(tensor<float, 2, 2, 2>()).extent(0) == 4);
    CHECK(g(tensor<float, 2, 2, 2>())(3, 1) == 1);
}

TEST_CASE("a product as the extent of an input", "[binding]") {
    auto f = function(inputs(sentences, steps), sum<1>(reshape<extent("batch") * extent("time"), 2>(sentences)) * steps);
    const tensor<float, dynamic, dynamic, 2> s(3, 5);
    CHECK(f(s, counted(15)).size() == 15);
    CHECK(text_of_shape_error([&] { f(s, counted(14)); }) ==
          "kiln: steps: expected shape (\"batch\" \"time\"), got (14): axis 0 must be 15");

    auto g = function(inputs(pairs), sum<0>(reshape<"n", 2>(pairs)));   // one unknown name follows from the product
    CHECK(g(counted(6))(0) == 6);
    CHECK(g(counted(6))(1) == 9);
    CHECK(text_of_shape_error([&] { g(counted(5)); }) == "kiln: pairs: expected shape (2 \"n\"), got (5)");

    // the product comes before the extents that it is made of
    auto h = function(inputs(steps, sentences), sum<1>(reshape<extent("batch") * extent("time"), 2>(sentences)) * steps);
    CHECK(h(counted(15), s).size() == 15);
    CHECK(text_of_shape_error([&] { h(counted(14), s); }) ==
          "kiln: steps: expected shape (\"batch\" \"time\"), got (14): axis 0 must be 15");
    CHECK(h(counted(0), tensor<float, dynamic, dynamic, 2>(0, 5)).size() == 0);
}

TEST_CASE("extents that nothing tells", "[binding]") {
    auto f = function(inputs(steps), sum(steps));
    CHECK(text_of_shape_error([&] { f(counted(6)); }).rfind("kiln: no argument tells the extent \"", 0) == 0);
}

TEST_CASE("an input that no kernel reads", "[binding]") {
    constexpr auto i = placeholder<"i", int, "n">;
    constexpr auto j = placeholder<"j", int, "n">;
    auto f = function(inputs(i, j), outputs(sum(i - i), sum(j)));   // an integer less itself is 0
    auto [nothing, total] = f(tensor{1, 2, 3}, tensor{4, 5, 6});
    CHECK(nothing == 0);
    CHECK(total == 15);
    auto g = function(inputs(i), sum(i - i));
    CHECK(g(tensor{1, 2, 3}) == 0);
    CHECK(text_of_shape_error([&] { f(tensor{1, 2, 3}, tensor{4, 5}); }) ==
          "kiln: j: expected shape (\"n\"), got (2): axis 0 must be 3");
}

TEST_CASE("numbers that the dtype cannot hold", "[binding]") {
    constexpr auto i8 = placeholder<"i8", std::int8_t>;
    constexpr auto u8 = placeholder<"u8", std::uint8_t>;
    constexpr auto i32 = placeholder<"i32", int>;
    constexpr auto i64_ = placeholder<"i64", std::int64_t>;
    constexpr auto u64_ = placeholder<"u64", std::uint64_t>;
    constexpr auto flag = placeholder<"flag", bool>;
    constexpr auto real = placeholder<"real", float>;
    auto f = function(inputs(i8), i8 + i8);
    CHECK(f(100) == -56);   // within the dtype arithmetic wraps
    CHECK(f(-128) == 0);
    static_assert(std::is_same_v<decltype(f(1)), std::int8_t>);
    CHECK(text_of_value_error([&] { f(300); }) == "kiln: i8: 300 is no int8");
    CHECK(text_of_value_error([&] { f(128); }) == "kiln: i8: 128 is no int8");
    CHECK(text_of_value_error([&] { f(-129); }) == "kiln: i8: -129 is no int8");
    CHECK(text_of_value_error([&] { f(i8 = 300); }) == "kiln: i8: 300 is no int8");
    CHECK(text_of_value_error([&] { f(1.5); }).rfind("kiln: i8: 1.5", 0) == 0);
    CHECK(f(3.0) == 6);

    auto g = function(inputs(u8), u8 + u8);
    CHECK(g(200) == 144);
    CHECK(text_of_value_error([&] { g(-1); }) == "kiln: u8: -1 is no uint8");
    CHECK(text_of_value_error([&] { g(256u); }) == "kiln: u8: 256 is no uint8");

    auto h = function(inputs(i32), -i32);
    CHECK(text_of_value_error([&] { h(1.5); }).rfind("kiln: i32: 1.5", 0) == 0);
    CHECK(text_of_value_error([&] { h(1u << 31); }) == "kiln: i32: 2147483648 is no int32");
    CHECK(text_of_value_error([&] { h(std::numeric_limits<double>::quiet_NaN()); }).find("is no int32") != std::string::npos);
    CHECK(text_of_value_error([&] { h(std::numeric_limits<float>::infinity()); }).find("is no int32") != std::string::npos);
    CHECK(h(-2147483648.0) == std::numeric_limits<int>::min());

    auto k = function(inputs(i64_), i64_);
    CHECK(text_of_value_error([&] { k(std::uint64_t{1} << 63); }) == "kiln: i64: 9223372036854775808 is no int64");
    CHECK(text_of_value_error([&] { k(0x1p63); }).find("is no int64") != std::string::npos);
    CHECK(k(-0x1p63) == std::numeric_limits<i64>::min());
    auto u = function(inputs(u64_), u64_);
    CHECK(text_of_value_error([&] { u(-1); }) == "kiln: u64: -1 is no uint64");
    CHECK(u(~std::uint64_t{0}) == ~std::uint64_t{0});

    auto n = function(inputs(flag), !flag);
    CHECK(n(0) == true);
    CHECK(n(true) == false);
    CHECK(text_of_value_error([&] { n(2); }) == "kiln: flag: 2 is no bool");

    auto r = function(inputs(real), real * 2_c);
    CHECK(r(0.1) == 0.1f * 2);
    CHECK(r(3) == 6);
    CHECK(r(1e300) == std::numeric_limits<float>::infinity());
}

}  // namespace
