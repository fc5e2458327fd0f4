// Maps that contractions compute while they copy an operand into panels.
#include "compare.hpp"

#include <Eigen/Core>

namespace kiln::testing {
namespace {

constexpr auto a = placeholder<"a", float, "m", "k">;
constexpr auto turned_a = placeholder<"turned_a", float, "k", "m">;
constexpr auto b = placeholder<"b", float, "k", "n">;
constexpr auto turned_b = placeholder<"turned_b", float, "n", "k">;
constexpr auto rows = placeholder<"rows", float, 45, "k">;   // right operands are computed for many rows
constexpr auto bytes = placeholder<"bytes", std::uint8_t, "m", "k">;
constexpr auto rows_of_bytes = placeholder<"rows_of_bytes", std::uint8_t, 45, "k">;
constexpr auto weights = placeholder<"weights", std::int8_t, "k", "n">;
constexpr auto kept = placeholder<"kept", bool, "m", "k">;
constexpr auto of_inner = placeholder<"of_inner", float, "k">;
constexpr auto of_row = placeholder<"of_row", float, "m", 1>;
constexpr auto of_column = placeholder<"of_column", float, "n">;

template <class P>
constexpr int prologues_in(const basic_function<P>&) {
    using L = typename basic_function<P>::L;
    int n = 0;
    for (int q = 0; q < L::n_nodes; ++q) n += L::maps.inside[q] != 0;
    return n;
}
template <class P>
void compare_over_sizes(basic_function<P>& f, const settings& s) {
    for (const i64 m : {0, 1, 3, 13, 50})
        for (const i64 n : {1, 17, 70, 300})
            for (const i64 k : {0, 1, 9, 600}) compare(f, {{"m", m}, {"n", n}, {"k", k}}, s);
}
const settings near_float{.tolerance = 4e3, .as_float = true, .low = -0.9, .high = 0.9};

TEST_CASE("casts, masks and scales as prologues", "[cpu][contractions]") {
    auto f = function(inputs(rows_of_bytes, weights, of_inner, of_column), trace([](value x, value w, value s, value c) {
        return matmul(cast<float>(x) / 255.0, cast<float>(w) * c) + c * sum(s);
    }, rows_of_bytes, weights, of_inner, of_column));
    STATIC_REQUIRE(prologues_in(f) == 2);
    compare_over_sizes(f, near_float);
    auto g = function(inputs(a, kept, of_inner, of_row, b), trace([](value x, value w, value s, value r, value y) {
        return relu(matmul(where(w, x * s - r, 0), y));   // values of rows, of columns, and a mask
    }, a, kept, of_inner, of_row, b));
    STATIC_REQUIRE(prologues_in(g) == 1);
    compare_over_sizes(g, near_float);
}
TEST_CASE("turned prologues", "[cpu][contractions]") {
    auto f = function(inputs(a, turned_a, b, turned_b, rows), trace([](value x, value xt, value y, value yt, value r) {
        return values{matmul(r + 1.0, y * 2.0), matmul(r * r, transpose(abs(yt))), matmul(r, transpose(yt - 1.0)), matmul(transpose(-xt), y), matmul(transpose(xt + 3.0), transpose(yt)),
                      matmul(x * 0.5, transpose(yt))};
    }, a, turned_a, b, turned_b, rows));
    STATIC_REQUIRE(prologues_in(f) == 8);
    compare_over_sizes(f, near_float);
}
TEST_CASE("wide blocks of computed operands, and of a single row", "[cpu][contractions]") {
    static constexpr auto row = placeholder<"row", std::uint8_t, 1, "k">;
    auto single = function(inputs(row, b), trace([](value x, value y) { return relu(matmul(cast<float>(x) / 255.0, y)) * 2.0; }, row, b));
    auto few = function(inputs(rows, a, b), trace([](value r, value x, value y) { return values{relu(matmul(r, y * 2.0)), tanh(matmul(x * 0.5, y))}; }, rows, a, b));
    INFO(prologues_in(single) << " and " << prologues_in(few));
    for (const i64 n : {512, 1100}) {
        compare(single, {{"n", 4 * n}, {"k", 530}}, near_float);
        compare(few, {{"m", 7}, {"n", n}, {"k", 140}}, near_float);
    }
}
TEST_CASE("sums that wait for the next steps", "[cpu][contractions]") {   // more than 512 steps, few columns, and an epilogue
    auto f = function(inputs(a, turned_a, b, turned_b, rows, of_column), trace([](value x, value xt, value y, value yt, value r, value c) {
        return values{relu(matmul(r, transpose(abs(yt))) + c), relu(matmul(r, y * 2.0) + c), tanh(matmul(x * 0.5, y) + c), matmul(transpose(xt - 0.5), y) + c,
                      relu(matmul(x, transpose(yt)) + c), sum(matmul(x + 0.25, transpose(yt)) * c, 0)};
    }, a, turned_a, b, turned_b, rows, of_column));
    STATIC_REQUIRE(prologues_in(f) == 5);
    for (const i64 m : {1, 3, 50, 256})
        for (const i64 n : {1, 10, 17, 100})
            for (const i64 k : {600, 784, 1500}) compare(f, {{"m", m}, {"n", n}, {"k", k}}, {.tolerance = 4e4, .as_float = true, .low = -0.9, .high = 0.9});
    for (const i64 n : {10, 100}) compare_threads(f, {{"m", 128}, {"n", n}, {"k", 3072}});
    constexpr auto x = placeholder<"x", float, 64, 784>;
    constexpr auto weights_of_ten = placeholder<"w", float, 10, 784>;
    constexpr auto small_weights = placeholder<"v", std::int8_t, 784, 10>;
    constexpr auto ten = placeholder<"ten", float, 10>;
    auto g = function(inputs(x, weights_of_ten, small_weights, ten), trace([](value p, value q, value v, value c) {
        return values{relu(matmul(p, transpose(q)) + c), matmul(p, cast<float>(v)) + c};
    }, x, weights_of_ten, small_weights, ten));
    compare(g, {}, {.tolerance = 4e4, .as_float = true});
}
TEST_CASE("prologues of constant extents", "[cpu][contractions]") {
    constexpr auto x = placeholder<"x", std::uint8_t, 37, 50>;
    constexpr auto w = placeholder<"w", float, 50, 45>;
    constexpr auto v = placeholder<"v", double, 45, 50>;
    auto f = function(inputs(x, w, v), trace([](value p, value q, value r) {
        return values{matmul(cast<float>(p) * 0.25, q), matmul(cast<double>(p), transpose(r * 3.0)), matmul(cast<std::int32_t>(p), cast<std::int32_t>(where(q > 0, 3, -2)))};
    }, x, w, v));
    compare(f, {}, {.tolerance = 4e3, .as_float = true});
}
TEST_CASE("prologues of several dtypes", "[cpu][contractions]") {
    constexpr auto ia = placeholder<"ia", std::int8_t, 37, "k">;
    constexpr auto ib = placeholder<"ib", std::int16_t, "k", "n">;
    auto f = function(inputs(ia, ib), trace([](value x, value y) {
        return values{matmul(cast<std::int32_t>(x) - 1, cast<std::int32_t>(y) * 3), cast<double>(matmul(cast<float>(x) * 0.5, cast<float>(y))) * 2.0,
                      matmul(x + x, cast<std::int8_t>(y % 11)), matmul(cast<double>(x), cast<double>(y) + 0.5)};
    }, ia, ib));
    STATIC_REQUIRE(prologues_in(f) == 7);   // a remainder is costly
    compare_over_sizes(f, near_float);
}
TEST_CASE("prologues over batches", "[cpu][contractions]") {
    constexpr auto x = placeholder<"x", float, "g", 33, "k">;
    constexpr auto w = placeholder<"w", float, "g", "k", "n">;
    constexpr auto wt = placeholder<"wt", float, "g", "n", "k">;
    constexpr auto xt = placeholder<"xt", float, "g", "k", 33>;
    constexpr auto of_batch = placeholder<"of_batch", float, "g", 1, 1>;
    constexpr auto shared = placeholder<"shared", float, "k", "n">;
    auto f = function(inputs(x, w, wt, xt, of_batch, shared), trace([](value p, value q, value qt, value pt, value s, value y) {
        return values{matmul(p * s, q + 1.0), matmul(transpose(pt * 0.5, {0, 2, 1}), q), matmul(p, transpose(qt - s, {0, 2, 1})), matmul(p * 3.0, y), matmul(p, y * s)};
    }, x, w, wt, xt, of_batch, shared));
    STATIC_REQUIRE(prologues_in(f) >= 5);
    for (const i64 g : {1, 3})
        for (const i64 n : {17, 70})
            for (const i64 k : {0, 9, 40}) {
                compare(f, {{"g", g}, {"n", n}, {"k", k}}, near_float);
                compare_threads(f, {{"g", g}, {"n", n}, {"k", k}});
            }
}
TEST_CASE("prologues on several threads", "[cpu][contractions][threads]") {
    auto f = function(inputs(bytes, b, of_row, rows, weights), trace([](value x, value y, value r, value z, value w) {
        return values{matmul(cast<float>(x) * r, y), matmul(z, cast<float>(w))};
    }, bytes, b, of_row, rows, weights));
    STATIC_REQUIRE(prologues_in(f) == 2);
    for (const i64 m : {1, 50, 200})
        for (const i64 n : {17, 300}) compare_threads(f, {{"m", m}, {"n", n}, {"k", 600}});
}
TEST_CASE("what is not a prologue", "[cpu][contractions]") {
    auto costly = function(inputs(a, b), trace([](value x, value y) { return matmul(exp(x), y); }, a, b));
    STATIC_REQUIRE(prologues_in(costly) == 0);
    auto read_twice = function(inputs(a, b), trace([](value x, value y) {
        const value h = x * 2.0;
        return values{matmul(h, y), matmul(transpose(h), matmul(h, y))};
    }, a, b));
    STATIC_REQUIRE(prologues_in(read_twice) == 0);
    auto a_result = function(inputs(a, b), trace([](value x, value y) {
        const value h = x * 2.0;
        return values{matmul(h, y), h};
    }, a, b));
    STATIC_REQUIRE(prologues_in(a_result) == 0);
    constexpr auto small = placeholder<"small", float, 16, 16>;
    auto few_rows = function(inputs(a, weights), trace([](value x, value w) { return matmul(x, cast<float>(w)); }, a, weights));   // "m" may be 1
    STATIC_REQUIRE(prologues_in(few_rows) == 0);
    auto in_place = function(inputs(small), trace([](value x) { return matmul(x * 2.0, x); }, small));
    STATIC_REQUIRE(prologues_in(in_place) == 0);
    auto windows = function(inputs(placeholder<"image", float, 2, 20, 20, 8>, placeholder<"filters", float, 3, 3, 8, 16>), trace([](value x, value w) {
        return conv2d(x * 2.0, w * 0.5);
    }, placeholder<"image", float, 2, 20, 20, 8>, placeholder<"filters", float, 3, 3, 8, 16>));
    STATIC_REQUIRE(prologues_in(windows) == 0);
    compare(read_twice, {{"m", 20}, {"n", 40}, {"k", 30}}, {.tolerance = 1e5, .as_float = true});
    compare(windows, {}, near_float);
}
TEST_CASE("a prologue reads a variable before it is written", "[cpu][contractions]") {
    constexpr auto w = variable<"w", float, 64, 64>(random_uniform<-0.5, 0.5>);
    constexpr auto v = variable<"v", float, 64, 64>(random_uniform<-0.5, 0.5>);
    constexpr auto product = matmul(w * 2_c, v - 1_c);
    auto f = function(inputs(), product, updates(assign(w, product + w), assign(v, v * 0.5_c)));   // by its own contraction, by another kernel
    STATIC_REQUIRE(prologues_in(f) == 2);
    session s(f);
    s.initialize(5);
    using matrix = Eigen::Matrix<float, 64, 64, Eigen::RowMajor>;
    const auto value = [&](const auto& x) {
        matrix r;
        for (int i = 0; i < 64; ++i)
            for (int j = 0; j < 64; ++j) r(i, j) = s[x](i, j);
        return r;
    };
    const matrix w0 = value(w), v0 = value(v), want = (w0 * 2) * (v0.array() - 1).matrix();
    const auto got = f(s);
    for (int i = 0; i < 64; ++i)
        for (int j = 0; j < 64; ++j) CHECK(got(i, j) == Approx(want(i, j)).margin(1e-4));
    CHECK((value(w) - want - w0).cwiseAbs().maxCoeff() < 1e-4);
    CHECK((value(v) - v0 * 0.5f).cwiseAbs().maxCoeff() == 0);
}

}  // namespace
}  // namespace kiln::testing
