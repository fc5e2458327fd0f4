// Rows that are summed: rows take turns at sums of their own, several that fill vectors lie one behind the other, and blocks of columns
// keep their sums in registers. Any number of rows and columns, sums of products with the row's and the column's values, NaN, stored elements.
#include "compare.hpp"

namespace kiln::testing {
namespace {

template <class T, class X, class Y, class R, class C>
void sums(X x, Y y, R r, C c, std::initializer_list<i64> columns) {
    const auto sum_alone = [](value v) { return sum(v, 0); };
    const auto products = [](value v, value w, value by, value at) {
        const value rows = expand_dims(by, -1);
        return values{sum(v * w, 0), sum(v * rows, 0), sum((v - at) * rows, 0), sum(v + w * rows, 0), sum(where(v > w, v, 0), 0)};
    };
    const auto kinds = [](value v, value w) {
        return values{max(v, 0), min(v * w, 0), prod(v * 0.25 + 1.0, 0), any(v > w, axis_list{0}), all(v > -w, axis_list{0}), sum(cast<std::int64_t>(v * 8.0), 0)};
    };
    const auto with_elements = [](value v, value w, value by, value at) {
        const value d = (v - at) * expand_dims(by, -1);
        return values{d, sum(d, 0), sum(d * w), sum(by), exp(sum(d * d, 0)), max(d)};
    };
    auto f = function(inputs(x), trace(sum_alone, x));
    auto g = function(inputs(x, y, r, c), trace(products, x, y, r, c));
    auto h = function(inputs(x, y), trace(kinds, x, y));
    auto i = function(inputs(x, y, r, c), trace(with_elements, x, y, r, c));
    auto j = function(inputs(x, r), trace([](value v, value by) { return matmul(by, v); }, x, r));
    const settings s{.tolerance = 1e4, .low = -1, .high = 1};
    const settings with_nan{.tolerance = 1e4, .draw = [](int, i64 k) -> long double { return k % 67 == 5 ? NAN : static_cast<long double>(k * 37 % 101) / 60 - 0.8L; }};
    for (const i64 n : {0, 1, 3, 4, 7, 8, 9, 16, 31, 70, 131})
        for (const i64 w : columns) {
            compare(f, {{"n", n}, {"w", w}}, s);
            compare(g, {{"n", n}, {"w", w}}, s);
            compare(h, {{"n", n}, {"w", w}}, s);
            compare(i, {{"n", n}, {"w", w}}, s);
            compare(j, {{"n", n}, {"w", w}}, s);
            compare(f, {{"n", n}, {"w", w}}, with_nan);
            compare(i, {{"n", n}, {"w", w}}, with_nan);
        }
}
template <class T, i64 C>
void sums_of_known() {
    sums<T>(placeholder<"x", T, "n", C>, placeholder<"y", T, "n", C>, placeholder<"r", T, "n">, placeholder<"c", T, C>, {C});
}
TEST_CASE("sums of few columns", "[cpu][shapes]") {
    sums_of_known<float, 4>();
    sums_of_known<float, 7>();
    sums_of_known<float, 10>();
    sums_of_known<float, 16>();
    sums_of_known<float, 31>();
    sums_of_known<float, 50>();
    sums_of_known<double, 3>();
    sums_of_known<double, 8>();
    sums_of_known<double, 24>();
}
TEST_CASE("sums of any number of columns", "[cpu][shapes]") {
    const auto of = [](auto t) {
        using T = decltype(t);
        sums<T>(placeholder<"x", T, "n", "w">, placeholder<"y", T, "n", "w">, placeholder<"r", T, "n">, placeholder<"c", T, "w">,
                {0, 1, 3, 8, 10, 16, 17, 33, 64, 65, 100, 133, 300});
    };
    of(float{});
    of(double{});
}
/// Rows that are all known: a loop over those that are left, where there are none, made g++ warn.
TEST_CASE("sums of known rows of few columns", "[cpu][shapes]") {
    constexpr auto x = placeholder<"x", float, 16, 10>;
    constexpr auto y = placeholder<"y", float, 1000, 3>;
    auto f = function(inputs(x), sum<0>(x));
    auto g = function(inputs(y), sum<0>(y * y));
    for (int k = 0; k < 3; ++k) {
        compare(f, {});
        compare(g, {}, {.tolerance = 1e4});
    }
}

}  // namespace
}  // namespace kiln::testing
