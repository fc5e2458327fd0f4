// Rows of as many columns as the call says, which may be less than a vector, or a few of them: folds of many rows at once, with values of rows and
// of columns, costly ones of rows, elements that are stored, NaN, empty rows.
#include "compare.hpp"

namespace kiln::testing {
namespace {

template <class T>
void check_narrow() {
    static constexpr auto x = placeholder<"x", T, "n", "w">;
    static constexpr auto y = placeholder<"y", T, "n", "w">;
    static constexpr auto by = placeholder<"by", T, "n", 1>;
    static constexpr auto along = placeholder<"along", T, "w">;
    auto folds = function(inputs(x), trace([](value v) { return values{sum(v, -1), max(v, -1), min(v, -1), sum(v * v, -1)}; }, x));
    auto products = function(inputs(x, y, by, along), trace([](value v, value w, value r, value c) {
        return values{sum(v * c, -1), sum(v * w * r, -1), max(v + c, -1) - squeeze(r, -1), v * c + r, any(v > w, axis_list{-1}), all(v * w < r, axis_list{-1})};
    }, x, y, by, along));
    auto again = function(inputs(x, by), trace([](value v, value r) {
        const value m = max(v, -1, keepdims), d = v - m;
        return values{d, sum(d * r, -1), min(d * d, -1), m + m, argmax(v, -1)};
    }, x, by));
    auto alone = function(inputs(x), max<1>(x));
    const settings s{.tolerance = 1e4, .low = -1, .high = 1, .low_integer = -5, .high_integer = 5};
    const auto all = [&](i64 n, i64 w) {
        compare(folds, {{"n", n}, {"w", w}}, s);
        compare(products, {{"n", n}, {"w", w}}, s);
        compare(again, {{"n", n}, {"w", w}}, s);
        compare(alone, {{"n", n}, {"w", w}}, s);
    };
    for (const i64 n : {0, 1, 2, 7, 8, 9, 16, 17, 33, 40})
        for (const i64 w : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20}) all(n, w);
    for (const i64 n : {1, 8, 33})   // of up to twelve vectors, and of one more
        for (const i64 w : {24, 31, 32, 33, 48, 50, 56, 57, 64, 65, 95, 96, 97, 112, 113, 190, 192, 193}) all(n, w);
}
TEST_CASE("narrow rows of any number of columns", "[cpu][rows]") {
    check_narrow<float>();
    check_narrow<double>();
    check_narrow<std::int32_t>();
}
TEST_CASE("narrow rows of which something costly is made", "[cpu][rows]") {
    static constexpr auto x = placeholder<"x", float, "n", "w">;
    static constexpr auto by = placeholder<"by", float, "n", 1>;
    auto f = function(inputs(x, by), trace([](value v, value r) {
        const value m = mean(v, -1, keepdims);
        return values{variance(v, -1), norm(v, -1), exp(max(v, -1)), log(sum(v * v, -1) + 1.0) / squeeze(r * r + 1.0, -1), v - m, m * 8.0, isnan(m)};
    }, x, by));
    auto empty = function(inputs(x), sum<1>(x));
    const auto with_nan = [](int, i64 k) -> long double { return k % 41 == 7 ? NAN : static_cast<long double>(k * 37 % 101) / 50 - 1; };
    for (const i64 n : {0, 1, 8, 15, 16, 35})
        for (const i64 w : {1, 3, 4, 8, 11, 16, 20, 64, 100, 192}) {
            compare(f, {{"n", n}, {"w", w}}, {.tolerance = 1e4, .low = -1, .high = 1});
            compare(f, {{"n", n}, {"w", w}}, {.tolerance = 1e4, .draw = with_nan});
        }
    compare(empty, {{"n", 9}, {"w", 0}});
}

TEST_CASE("rows of the last, smaller group", "[cpu][rows]") {   // g++ warned of the loop over those that it lacks
    static constexpr auto x = placeholder<"x", float, 100, 12>;
    static auto f = function(inputs(x), sum<1>(x));
    static auto g = function(inputs(x), softmax(x));
    static tensor<float, 100, 12> in;
    for (i64 k = 0; k < 1200; ++k) in.data()[k] = static_cast<float>(k % 12 == 0 ? k / 12 % 10 : 0);
    const auto sums = f(in);
    const auto shares = g(in);
    for (i64 i = 0; i < 100; ++i) {
        CHECK(sums(i) == static_cast<float>(i % 10));
        CHECK(shares(i, 11) == Approx(1 / (11 + std::exp(static_cast<double>(i % 10)))));
    }
}

}  // namespace
}  // namespace kiln::testing
