// Contractions: every kind of operand, size and dtype against plain loops (the interpreter's), epilogues, gradients.
#include "compare.hpp"

namespace kiln::testing {
namespace {

template <class T> constexpr auto a = placeholder<"a", T, "m", "k">;
template <class T> constexpr auto b = placeholder<"b", T, "k", "n">;
constexpr auto u = placeholder<"u", float, "k">;
constexpr auto v = placeholder<"v", float, "k">;
constexpr auto a3 = placeholder<"a", float, "g", "m", "k">;
constexpr auto b3 = placeholder<"b", float, "g", "k", "n">;
constexpr auto bias = placeholder<"bias", float, "n">;

/// All four ways to lay the operands, of which two are views in the graph.
struct four_layouts {
    constexpr auto operator()(value x, value y, value xt, value yt) const {
        return values{matmul(x, y), matmul(transpose(xt), y), matmul(x, transpose(yt)), matmul(transpose(xt), transpose(yt))};
    }
};
template <class T> constexpr auto at = placeholder<"at", T, "k", "m">;
template <class T> constexpr auto bt = placeholder<"bt", T, "n", "k">;
template <class T>
auto layouts() { return function(inputs(a<T>, b<T>, at<T>, bt<T>), trace(four_layouts{}, a<T>, b<T>, at<T>, bt<T>)); }

constexpr i64 extents[]{0, 1, 2, 3, 5, 13, 16, 17, 33, 100};

template <i64 N>
void of_columns() {   // a product that is only stored, one with more to it
    static constexpr auto left = placeholder<"left", float, 9, 11>;
    static constexpr auto right = placeholder<"right", float, 11, N>;
    auto f = function(inputs(left, right), trace([](value x, value y) { return values{matmul(x, y), relu(matmul(x + 1.0, y)) * 2.0}; }, left, right));
    compare(f, {}, {.tolerance = 1e3});
}
TEST_CASE("columns beside whole vectors", "[cpu][contractions]") {   // a part of one, half of one, one and a part, for every instruction set
    of_columns<3>();
    of_columns<13>();
    of_columns<20>();
    of_columns<29>();
    of_columns<37>();
    of_columns<52>();
    of_columns<59>();
}
template <class T, i64 K, i64 N>
void row_by_few_columns() {
    static constexpr auto row = placeholder<"row", T, K>;
    static constexpr auto weights = placeholder<"weights", T, K, N>;
    static constexpr auto offset = placeholder<"offset", T, N>;
    auto f = function(inputs(row, weights, offset), trace([](value x, value w, value o) { return values{matmul(x, w), relu(matmul(x, w) + o), sum(matmul(x, w))}; }, row, weights, offset));
    compare(f, {}, {.tolerance = 1e3});
}
TEST_CASE("a row by a few columns", "[cpu][contractions]") {   // several rows of the right operand are a vector
    row_by_few_columns<float, 15, 4>();   // too few
    row_by_few_columns<float, 16, 4>();
    row_by_few_columns<float, 23, 4>();
    row_by_few_columns<float, 301, 4>();
    row_by_few_columns<float, 32, 8>();
    row_by_few_columns<float, 2100, 8>();
    row_by_few_columns<double, 19, 2>();
    row_by_few_columns<double, 25, 4>();
    row_by_few_columns<double, 1100, 4>();
    row_by_few_columns<std::int32_t, 32, 4>();
}
TEST_CASE("products of run-time extents", "[cpu][contractions]") {
    auto f = layouts<float>();
    auto d = layouts<double>();
    for (const i64 m : extents)
        for (const i64 n : extents)
            for (const i64 k : extents) {
                if (m * n * k > 40000 && (m + n + k) % 3) continue;   // the interpreter is slow
                compare(f, {{"m", m}, {"n", n}, {"k", k}});
                if ((m + n) % 2) compare(d, {{"m", m}, {"n", n}, {"k", k}});
            }
}
template <i64 M, i64 N>
void fixed_few_rows() {   // stored, with an epilogue that waits for all steps, in wider lanes, summed along columns
    static constexpr auto left = placeholder<"left", float, M, 131>;
    static constexpr auto right = placeholder<"right", float, 131, N>;
    auto f = function(inputs(left, right), trace([](value x, value y) {
        return values{matmul(x, y), relu(matmul(x, y)) * 2.0, cast<double>(matmul(x, y)) + 1.0, sum(matmul(x, y), 0), sum(matmul(x, y))};
    }, left, right));
    compare(f, {}, {.tolerance = 1e3, .as_float = true});
}
TEST_CASE("a constant number of few rows, whose first tile leaves panels behind", "[cpu][contractions]") {
    fixed_few_rows<15, 1024>();
    fixed_few_rows<20, 1024>();
    fixed_few_rows<76, 1055>();
}
TEST_CASE("few rows by what is copied for them", "[cpu][contractions]") {   // lines pages apart, and more than 3 MiB
    auto f = layouts<float>();
    auto d = layouts<double>();
    for (const i64 m : {6, 7, 13, 63}) compare(f, {{"m", m}, {"n", 2048}, {"k", 21}});
    compare(f, {{"m", 8}, {"n", 300}, {"k", 2700}});
    compare(d, {{"m", 9}, {"n", 1024}, {"k", 19}});
    static constexpr auto left = placeholder<"left", float, 10, 600>;
    static constexpr auto right = placeholder<"right", float, 600, 2048>;
    auto waiting = function(inputs(left, right), trace([](value x, value y) { return relu(matmul(x, y)) * 2.0; }, left, right));
    compare(waiting, {});
    for (const i64 m : {13, 15, 16, 63}) compare(f, {{"m", m}, {"n", 2048}, {"k", 131}});   // panels that the first rows leave behind
    compare(f, {{"m", 64}, {"n", 1030}, {"k", 131}});
    compare(f, {{"m", 7}, {"n", 1300}, {"k", 610}});
    compare(d, {{"m", 8}, {"n", 1024}, {"k", 67}});
    static constexpr auto any_left = placeholder<"any_left", float, "m", "k">;
    static constexpr auto any_right = placeholder<"any_right", float, "k", "n">;
    auto blocks = function(inputs(any_left, any_right), trace([](value x, value y) { return values{relu(matmul(x, y)) * 2.0, sum(matmul(x, y), 0)}; }, any_left, any_right));
    for (const i64 m : {63, 64}) compare(blocks, {{"m", m}, {"n", 2048}, {"k", 129}});
}
TEST_CASE("products of integers", "[cpu][contractions]") {
    auto i8 = layouts<std::int8_t>();
    auto i32 = layouts<std::int32_t>();
    auto i64s = layouts<std::int64_t>();
    auto u16 = layouts<std::uint16_t>();
    for (const i64 m : {0, 1, 5, 14, 20})
        for (const i64 n : {0, 1, 3, 17, 70})
            for (const i64 k : {0, 1, 4, 33}) {
                compare(i8, {{"m", m}, {"n", n}, {"k", k}}, {.low_integer = -128, .high_integer = 127});
                compare(i32, {{"m", m}, {"n", n}, {"k", k}}, {.low_integer = -60000, .high_integer = 60000});
                compare(i64s, {{"m", m}, {"n", n}, {"k", k}}, {.low_integer = -60000000000, .high_integer = 60000000000});
                compare(u16, {{"m", m}, {"n", n}, {"k", k}}, {.high_integer = 65535});
            }
}

template <class T, i64 M, i64 N, i64 K>
void fixed_product() {
    auto f = function(inputs(placeholder<"a", T, M, K>, placeholder<"b", T, K, N>, placeholder<"at", T, K, M>, placeholder<"bt", T, N, K>),
                      trace(four_layouts{}, placeholder<"a", T, M, K>, placeholder<"b", T, K, N>, placeholder<"at", T, K, M>, placeholder<"bt", T, N, K>));
    compare(f);
}
TEST_CASE("products of fixed extents", "[cpu][contractions]") {
    fixed_product<float, 28, 10, 130>();   // a vector of columns, which meets tiles of twice the height
    fixed_product<float, 64, 16, 130>();
    fixed_product<float, 211, 7, 130>();
    fixed_product<double, 43, 3, 130>();
    fixed_product<float, 1, 1, 1>();
    fixed_product<float, 13, 17, 100>();
    fixed_product<float, 100, 33, 5>();
    fixed_product<float, 16, 100, 16>();
    fixed_product<double, 3, 2, 33>();
    fixed_product<float, 5, 0, 3>();
    fixed_product<float, 0, 5, 3>();
    fixed_product<float, 5, 13, 0>();
    fixed_product<std::int8_t, 17, 5, 13>();
}
template <i64 M>
void product_of_rows() {
    auto f = function(inputs(placeholder<"a", float, M, 7>, placeholder<"b", float, 7, 20>), matmul(placeholder<"a", float, M, 7>, placeholder<"b", float, 7, 20>));
    compare(f);
}
template <i64... M>
void of_rows(std::integer_sequence<i64, M...>) { (product_of_rows<71 + M>(), ...); }
TEST_CASE("many rows, fixed: those of the last tiles", "[cpu][contractions]") { of_rows(std::make_integer_sequence<i64, 14>{}); }
template <i64 M>
void crowded_rows() {   // so many and any, of any length and of one
    static constexpr auto any = placeholder<"a", float, M, "k">;
    static constexpr auto right = placeholder<"b", float, "k", 20>;
    static constexpr auto fixed = placeholder<"a", float, M, 1024>;
    static constexpr auto fixed_right = placeholder<"b", float, 1024, 20>;
    auto f = function(inputs(any, right), matmul(any, right));
    auto g = function(inputs(fixed, fixed_right), trace([](value x, value y) { return values{matmul(x, y), relu(matmul(x, y))}; }, fixed, fixed_right));
    compare(f, {{"k", 1024}});
    compare(g);
}
TEST_CASE("rows that share sets of the first cache", "[cpu][contractions]") {   // their tiles are lower
    auto f = layouts<float>();
    auto d = layouts<double>();
    for (const i64 m : {7, 8, 9, 14, 16, 17, 29}) {
        compare(f, {{"m", m}, {"n", 17}, {"k", 1024}});
        compare(d, {{"m", m}, {"n", 5}, {"k", 512}});
    }
    crowded_rows<8>();
    crowded_rows<9>();
    crowded_rows<29>();
    crowded_rows<72>();
    crowded_rows<75>();
    crowded_rows<78>();
}
TEST_CASE("some extents fixed", "[cpu][contractions]") {
    constexpr auto x = placeholder<"a", float, "m", 13>;
    constexpr auto y = placeholder<"b", float, 13, 10>;
    constexpr auto z = placeholder<"b", float, 13, "n">;
    constexpr auto w = placeholder<"a", float, 7, "k">;
    auto f = function(inputs(x, y), trace([](value p, value q) { return values{matmul(p, q), relu(matmul(p, q) * 2.0), sum(matmul(p, q), 0)}; }, x, y));
    auto g = function(inputs(x, z), trace([](value p, value q) { return values{matmul(p, q), matmul(transpose(q), transpose(p))}; }, x, z));
    auto h = function(inputs(w, b<float>), trace([](value p, value q) { return values{matmul(p, q), sum(matmul(p, q))}; }, w, b<float>));
    for (const i64 m : extents)
        for (const i64 n : {0, 1, 16, 33, 70}) {
            if (n == 0) compare(f, {{"m", m}});
            compare(g, {{"m", m}, {"n", n}});
            compare(h, {{"k", m}, {"n", n}}, {.tolerance = 2e3});
        }
}
TEST_CASE("vectors", "[cpu][contractions]") {
    auto f = function(inputs(u, v, a<float>, b<float>), trace([](value p, value q, value x, value y) {
        return values{dot(p, q), matmul(x, p), matmul(p, y), outer(p, q), dot(x, p) + sum(x, 1), tanh(matmul(p, y)), sum(matmul(x, p)), matmul(expand_dims(p, 0), expand_dims(q, 1)),
                      exp(outer(p, q)), dot(p, p)};
    }, u, v, a<float>, b<float>));
    for (const i64 m : {0, 1, 5, 33})
        for (const i64 n : {1, 3, 17})
            for (const i64 k : {0, 1, 16, 100}) compare(f, {{"m", m}, {"n", n}, {"k", k}}, {.tolerance = 1e3});
}
TEST_CASE("stacks of matrices", "[cpu][contractions]") {
    auto f = function(inputs(a3, b3, bias), trace([](value x, value y, value c) {
        return values{matmul(x, y), matmul(x, sum(y, 0)), matmul(x, y) + c, matmul(sum(x, 0), y)};
    }, a3, b3, bias));
    for (const i64 g : {0, 1, 4})
        for (const i64 m : {0, 1, 5, 20})
            for (const i64 n : {1, 3, 17, 40})
                for (const i64 k : {0, 1, 9}) compare(f, {{"g", g}, {"m", m}, {"n", n}, {"k", k}});
}
TEST_CASE("stacks with broadcast and transposed axes", "[cpu][contractions]") {
    constexpr auto x = placeholder<"x", float, "g", 1, "m", 6>;
    constexpr auto y = placeholder<"y", float, 3, 6, "n">;
    constexpr auto z = placeholder<"z", float, "n", "g", 6>;
    constexpr auto w = placeholder<"w", float, 6, "n">;
    auto f = function(inputs(x, y, z, w), trace([](value p, value q, value r, value s) {
        const value zz = transpose(r, {1, 0, 2}), zt = transpose(r, {1, 2, 0});
        return values{matmul(p, q), matmul(zz, s), matmul(zz, zt), matmul(transpose(s), zt), tanh(matmul(zz, s)), sum(matmul(p, q), axis_list{0, 1}), matmul(p, expand_dims(s, 0)),
                      sum(matmul(zz, zt), 0), sum(matmul(zz, zt), 1), matmul(transpose(q, {0, 2, 1}), q), max(matmul(zz, s), 2)};
    }, x, y, z, w));
    for (const i64 g : {0, 1, 4})
        for (const i64 m : {0, 1, 5})
            for (const i64 n : {1, 3, 17, 40}) compare(f, {{"g", g}, {"m", m}, {"n", n}});
}
TEST_CASE("what is broadcast into a product", "[cpu][contractions]") {
    auto f = function(inputs(u, v, a<float>, b<float>), trace([](value p, value q, value x, value y) {
        list left = shape_list(x), right = shape_list(y);
        const value l = broadcast_by(p, left, "test"), r = broadcast_by(expand_dims(q, 1), right, "test");
        return values{matmul(l, r), matmul(l, y), matmul(x, r), matmul(ones_like(x), y), matmul(x + 1.0, y * 2.0), matmul(exp(x), exp(y)), matmul(l * 2.0, r), tanh(matmul(l, r)) * 2.0};
    }, u, v, a<float>, b<float>));
    for (const i64 m : {0, 1, 5, 20})
        for (const i64 n : {0, 1, 3, 17})
            for (const i64 k : {0, 1, 9}) compare(f, {{"m", m}, {"n", n}, {"k", k}});
}

}  // namespace
}  // namespace kiln::testing
