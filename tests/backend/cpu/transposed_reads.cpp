// Maps that read tensors across: squares that are transposed in registers, rows that lie apart, elements one by one; every dtype, every
// permutation of three axes, with values of rows and of columns beside, and edges of every length.
#include "compare.hpp"

namespace kiln::testing {
namespace {

template <class T>
struct matrices {
    static constexpr auto x = placeholder<"x", T, "n", "m">;
    static constexpr auto y = placeholder<"y", T, "m", "n">;
    static constexpr auto row = placeholder<"row", T, "n">;
    static constexpr auto column = placeholder<"column", T, "m", 1>;
    static constexpr auto program(value a, value b, value r, value c) {
        const value t = transpose(a);
        return values{t + t, b - t, (t + r) * c, where(t > b, t, b), t > b, cast<double>(t) + 1.0};
    }
    static void check() {
        auto f = function(inputs(x, y, row, column), trace([](value a, value b, value r, value c) { return program(a, b, r, c); }, x, y, row, column));
        auto alone = function(inputs(x), transpose(x) * 2_c);
        auto copy = function(inputs(x), transpose(x));
        for (const i64 n : {0, 1, 3, 4, 5, 8, 16, 17, 31, 50})
            for (const i64 m : {0, 1, 2, 4, 7, 16, 19, 32, 45}) {
                compare(f, {{"n", n}, {"m", m}});
                compare(alone, {{"n", n}, {"m", m}});
                compare(copy, {{"n", n}, {"m", m}});
            }
    }
};
TEST_CASE("matrices read across", "[cpu][shapes]") {
    matrices<float>::check();
    matrices<double>::check();
    matrices<std::int32_t>::check();
    matrices<std::int64_t>::check();
    matrices<std::int8_t>::check();
}
TEST_CASE("maps with costly functions, masks and bytes of matrices read across", "[cpu][shapes]") {
    static constexpr auto x = placeholder<"x", float, "n", "m">;
    static constexpr auto z = placeholder<"z", float, "m">;
    static constexpr auto bytes = placeholder<"bytes", std::uint8_t, "n", "m">;
    static constexpr auto some = placeholder<"some", bool, "n", "m">;
    auto f = function(inputs(x, z, bytes, some), trace([](value a, value r, value b, value s) {
        const value t = transpose(a), c = expand_dims(r, -1);
        return values{exp(t) + tanh(c), t * exp(c), where(transpose(s), t, -t), cast<float>(transpose(b)) * t, sum(t * c, 0), max(t, -1)};
    }, x, z, bytes, some));
    for (const i64 n : {1, 5, 16, 37})
        for (const i64 m : {1, 4, 16, 33}) compare(f, {{"n", n}, {"m", m}}, {.tolerance = 1e4, .low = -1, .high = 1});
}
TEST_CASE("known extents of matrices read across", "[cpu][shapes]") {
    const auto check = [](auto x) {
        auto f = function(inputs(x), trace([](value a) { const value t = transpose(a); return values{t * 2.0, sum(t * t, 0), t - expand_dims(sum(t, -1), -1)}; }, x));
        compare(f, {}, {.tolerance = 1e4});
    };
    check(placeholder<"x", float, 16, 16>);
    check(placeholder<"x", float, 40, 3>);
    check(placeholder<"x", float, 5, 60>);
    check(placeholder<"x", double, 33, 10>);
}
TEST_CASE("permutations of three axes", "[cpu][shapes]") {
    const auto check = [](auto x) {
        auto f = function(inputs(x), outputs(transpose<0, 2, 1>(x), transpose<2, 1, 0>(x) * 2_c, transpose<0, 2, 1>(x) * 2_c, transpose<1, 0, 2>(x) * 2_c, transpose<1, 2, 0>(x) * 2_c, transpose<2, 0, 1>(x) * 2_c, transpose<2, 1, 0>(x) * 2_c));
        auto g = function(inputs(x), trace([](value v) {
            const value y = transpose_by(v, ints(1, 0, 2));
            return values{sum(y, -1), y + sum(y, -1, keepdims), sum(y, 0), max(transpose_by(v, ints(2, 1, 0)) + 1.0, 1)};
        }, x));
        for (const i64 a : {0, 1, 4, 18})
            for (const i64 b : {1, 5, 16})
                for (const i64 c : {1, 3, 20}) {
                    compare(f, {{"a", a}, {"b", b}, {"c", c}});
                    if (a > 0) compare(g, {{"a", a}, {"b", b}, {"c", c}}, {.tolerance = 1e4});
                }
    };
    check(placeholder<"x", float, "a", "b", "c">);
    check(placeholder<"x", double, "a", "b", "c">);
}

}  // namespace
}  // namespace kiln::testing
