// Rows whose last vector would be half empty are computed by twos: sums of products along them, values of rows that meet them again,
// sums of columns and of everything, stored elements, values that all rows share; groups of any number of rows.
#include "compare.hpp"

namespace kiln::testing {
namespace {

constexpr int bytes = cpu::vector_bytes<cpu::default_arch>;
/// Is the only kernel of F by twos?
template <class F>
constexpr bool in_pairs = cpu::row_groups<typename known_key<cpu::words_at<typename F::L, 0>>::type, bytes>::in_pairs;

template <class T, i64 C>
struct rows_of {
    static constexpr auto x = placeholder<"x", T, "n", C>;
    static constexpr auto across = placeholder<"across", T, C, "n">;
    static constexpr auto w = placeholder<"w", T, C>;
    static constexpr auto y = placeholder<"y", T, "n">;
    static constexpr auto some = placeholder<"some", bool, "n", C>;
    /// A residual of each row, and its product with the row in every shape.
    static constexpr auto model(value v, value c, value l) {
        const value z = matmul(v, c), r = z - l, again = v * expand_dims(r, -1);
        return values{sum(square(r)), sum(again, 0), r, again, sum(again * v), max(again, 0), v > expand_dims(z, -1), min(v, -1)};
    }
    /// Two products along a row, one with what is made of the columns alone; a third pass.
    static constexpr auto passes(value v, value c, value l) {
        const value g = c * 2.0 + 1.0, z = matmul(v, g), s = sum(v * v, -1), d = v * expand_dims(z + s * l, -1), t = sum(d * v, -1);
        return values{sum(d, 0), t, d + expand_dims(t, -1), sum(t), max(z), sum(v * g, 0)};
    }
    static constexpr auto masked(value v, value c, value m) {
        const value z = sum(where(m, v * c, 0), -1);
        return values{z, where(m, v * expand_dims(z, -1), c), any(m & (v > expand_dims(z, -1)), axis_list{-1}), sum(v * expand_dims(z, -1), 0)};
    }
    static constexpr auto once(value v, value c) { return values{sum(v * c, -1), sum(v, 0), sum(v * v), v - c}; }

    /// Pairs: with vectors of 64, 32 and 16 bytes.
    static void check(bool in64, bool in32, bool in16) {
        auto f = function(inputs(x, w, y), trace([](value v, value c, value l) { return model(v, c, l); }, x, w, y));
        auto g = function(inputs(x, w, y), trace([](value v, value c, value l) { return passes(v, c, l); }, x, w, y));
        auto h = function(inputs(x, w, some), trace([](value v, value c, value m) { return masked(v, c, m); }, x, w, some));
        auto i = function(inputs(x, w), trace([](value v, value c) { return once(v, c); }, x, w));
        const auto is = [&](auto& k) {
            using F = std::remove_cvref_t<decltype(k)>;
            CHECK(in_pairs<F> == (bytes == 64 ? in64 : bytes == 32 ? in32 : in16));
        };
        is(f), is(g), is(i);
        for (const i64 n : {0, 1, 2, 7, 8, 9, 16, 17, 24, 33, 70}) {
            const settings s{.tolerance = 1e4, .low = -1, .high = 1.5};
            compare(f, {{"n", n}}, s);
            compare(g, {{"n", n}}, s);
            compare(h, {{"n", n}}, s);
            compare(i, {{"n", n}}, s);
        }
    }
};
TEST_CASE("rows by twos", "[cpu][rows]") {
    rows_of<float, 8>::check(true, false, false);
    rows_of<float, 24>::check(true, false, false);
    rows_of<float, 20>::check(false, true, false);
    rows_of<float, 14>::check(false, false, true);
    rows_of<double, 4>::check(true, false, false);
    rows_of<double, 20>::check(true, false, false);
    rows_of<double, 14>::check(false, true, false);
    rows_of<double, 16>::check(false, false, false);
    using in = rows_of<double, 20>;
    auto apart = function(inputs(in::across, in::w, in::y), trace([](value v, value c, value l) { return in::model(transpose(v), c, l); }, in::across, in::w, in::y));
    STATIC_REQUIRE_FALSE(in_pairs<decltype(apart)>);
    for (const i64 n : {1, 8, 33}) compare(apart, {{"n", n}}, {.tolerance = 1e4, .low = -1, .high = 1.5});
}

}  // namespace
}  // namespace kiln::testing
