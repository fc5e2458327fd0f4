// Epilogues of contractions and their gradients.
#include "compare.hpp"

#include <Eigen/Core>

namespace kiln::testing {
namespace {

constexpr auto a = placeholder<"a", float, "m", "k">;
constexpr auto b = placeholder<"b", float, "k", "n">;
constexpr auto bias = placeholder<"bias", float, "n">;
constexpr auto rows = placeholder<"rows", float, "m", 1>;
constexpr auto res = placeholder<"res", float, "m", "n">;
constexpr auto mask = placeholder<"mask", bool, "m", "n">;
constexpr auto wide = placeholder<"wide", double, "m", "n">;
constexpr auto fa = placeholder<"a", float, 20, 13>;
constexpr auto fb = placeholder<"b", float, 13, 37>;
constexpr auto fbias = placeholder<"bias", float, 37>;
constexpr auto fres = placeholder<"res", float, 20, 37>;

TEST_CASE("epilogues", "[cpu][contractions]") {
    auto f = function(inputs(a, b, bias, rows, res, mask, wide), trace([](value x, value y, value c, value r, value z, value w, value d) {
        const value p = matmul(x, y), h = relu(p + c);
        return values{h, p, sum(h, 0), sum(h), where(w, p * z, 0), h > 0, cast<double>(p) * d, tanh(p * r) + z, sum(p * p, 1), max(p, 0) * c, mean(p), any(p > z, 0),
                      cast<std::int8_t>(p), sum(cast<double>(p) * d), p - sum(p, 0), softmax(p)};
    }, a, b, bias, rows, res, mask, wide));
    for (const i64 m : {1, 2, 13, 20, 50})
        for (const i64 n : {1, 5, 17, 64, 70})
            for (const i64 k : {0, 1, 9, 40}) compare(f, {{"m", m}, {"n", n}, {"k", k}}, {.tolerance = 2e3, .as_float = true, .low = -0.9, .high = 0.9});
    auto g = function(inputs(fa, fb, fbias, fres), trace([](value x, value y, value c, value z) {
        const value p = matmul(x, y), h = tanh(p + c) * z, s = sum(h, 0);
        return values{h, s, s * c, exp(s) > 1, sum(h * h), sqrt(sum(h * h)) + 1, max(p), cast<double>(p) * 1.5, p > 0, sum(p, 1), z + sum(h)};
    }, fa, fb, fbias, fres));
    compare(g, {}, {.tolerance = 1e4, .as_float = true});
    constexpr auto ia = placeholder<"a", std::int8_t, "m", "k">;
    constexpr auto ib = placeholder<"b", std::int8_t, "k", "n">;
    auto i = function(inputs(ia, ib, bias), trace([](value x, value y, value c) {
        const value p = matmul(x, y), w = cast<std::int32_t>(p) * 1000;
        return values{p, w, sum(w, 0), cast<float>(p) * c, p > 3, sum(p), left_shift(cast<std::int64_t>(p), 3)};
    }, ia, ib, bias));
    for (const i64 m : {0, 1, 20})
        for (const i64 n : {1, 17, 70}) compare(i, {{"m", m}, {"n", n}, {"k", 9}});
}
// Lanes are as wide as what the body makes of sums: a panel of the copied right operand has columns of several tiles.
TEST_CASE("epilogues wider than the product, whose right operand is copied", "[cpu][contractions]") {
    constexpr auto left = placeholder<"left", float, "m", 40>;
    constexpr auto right = placeholder<"right", float, 40, 530>;
    constexpr auto small_left = placeholder<"left", std::int8_t, "m", 20>;
    constexpr auto small_right = placeholder<"right", std::int8_t, 20, "n">;
    auto f = function(inputs(left, right), trace([](value x, value y) {
        const value p = cast<double>(matmul(x, y));
        return values{p * 1.5, sum(p, 0), sum(p)};
    }, left, right));
    auto g = function(inputs(a, b), trace([](value x, value y) { return cast<double>(matmul(x, y)) * 1.5; }, a, b));
    auto i = function(inputs(small_left, small_right), trace([](value x, value y) { return cast<float>(matmul(x, y)) * 0.5; }, small_left, small_right));
    for (const i64 m : {64, 130}) {
        compare(f, {{"m", m}}, {.tolerance = 2e3, .as_float = true});
        compare(g, {{"m", m}, {"n", 530}, {"k", 40}}, {.tolerance = 2e3, .as_float = true});
        compare(g, {{"m", m}, {"n", 200}, {"k", 600}}, {.tolerance = 2e3, .as_float = true});
        for (const i64 n : {70, 300, 1100}) compare(i, {{"m", m}, {"n", n}});
    }
}
/// Several tiles of rows read the right operand in place, some steps after the other, and sums wait.
template <i64 M, i64 K, i64 N, bool Turned>
void steps_after_steps() {
    static constexpr auto left = [] {
        if constexpr (Turned) return transpose(placeholder<"left", float, K, M>);
        else return placeholder<"left", float, M, K>;
    }();
    static constexpr auto right = placeholder<"right", float, K, N>;
    static constexpr auto c = placeholder<"c", float, N>;
    static constexpr auto z = placeholder<"z", float, M, N>;
    auto f = function(inputs(left, right), matmul(left, right));
    auto g = function(inputs(left, right, c, z), trace([](value u, value v, value row, value old) {
        const value p = matmul(u, v);
        return values{relu(p + row), old - p * 0.125, sum(p, 0), cast<double>(p) * 0.5};
    }, left, right, c, z));
    INFO(M << " x " << K << " x " << N);
    compare(f, {}, {.tolerance = 2e3});
    compare(g, {}, {.tolerance = 2e3, .as_float = true});
    compare_threads(f);
    compare_threads(g);
}
TEST_CASE("long products in place, some steps after the other", "[cpu][contractions]") {
    steps_after_steps<40, 6000, 24, true>();
    steps_after_steps<64, 1300, 200, true>();
    steps_after_steps<40, 2048, 260, false>();   // the left operand is copied
    steps_after_steps<33, 9000, 17, false>();
}
TEST_CASE("an element-wise buffer that dies in an epilogue", "[cpu][contractions]") {
    auto f = function(inputs(a, b, res, wide), trace([](value x, value y, value z, value d) {   // e, g: buffers read last by the second product
        const value e = exp(z) * matmul(x, y), g = cast<double>(matmul(x * 2.0, y)) + d, p = matmul(x + 1.0, y);
        return values{p * e, cast<double>(p) + g * 2.0, sum(e) + 1.0, sum(g, 0), (cast<double>(p) * g) > 0};
    }, a, b, res, wide));
    for (const i64 m : {1, 20, 50})
        for (const i64 n : {1, 17, 70}) compare(f, {{"m", m}, {"n", n}, {"k", 7}}, {.tolerance = 2e3, .as_float = true});
}
/// Do the sums of the one kernel of F begin with a bias?
template <class F>
constexpr bool begins_with_bias = [] {
    using tiles = cpu::contraction_tiles<typename known_key<cpu::words_at<typename F::L, 0>>::type, cpu::vector_bytes<cpu::default_arch>, 16>;
    return tiles::bias.sum < tiles::n;
}();
TEST_CASE("sums that begin with a bias", "[cpu][contractions]") {
    const settings near{.tolerance = 2e3, .low = -0.9, .high = 0.9};
    auto stored = function(inputs(a, b, bias), matmul(a, b) + bias);
    auto before = function(inputs(a, b, bias), trace([](value x, value y, value c) {
        const value h = relu(c + matmul(x, y)) * c;
        return values{h, sum(h, 0), sum(h)};
    }, a, b, bias));
    constexpr auto turned = placeholder<"b", float, "n", "k">;   // a single row is inner products
    auto products = function(inputs(a, turned, bias), tanh(matmul(a, transpose(turned)) + bias));
    for (const i64 m : {0, 1, 2, 13, 64, 130})
        for (const i64 n : {1, 4, 5, 17, 64, 70, 530})
            for (const i64 k : {0, 1, 9, 40}) {
                compare(stored, {{"m", m}, {"n", n}, {"k", k}}, near);
                compare(products, {{"m", m}, {"n", n}, {"k", k}}, near);
                if (n != 64) compare(before, {{"m", m}, {"n", n}, {"k", k}}, near);
            }
    for (const i64 m : {1, 64}) {   // the steps are cut
        compare(stored, {{"m", m}, {"n", 530}, {"k", 700}}, near);
        compare(before, {{"m", m}, {"n", 300}, {"k", 1100}}, near);
        compare(products, {{"m", m}, {"n", 130}, {"k", 700}}, near);
    }
}
template <class T, i64 Rows, i64 Inner, i64 Columns>
struct layer {
    static constexpr auto x = placeholder<"x", T, Rows, Inner>;
    static constexpr auto w = placeholder<"w", T, Inner, Columns>;
    static constexpr auto c = placeholder<"c", T, Columns>;
    static constexpr auto z = placeholder<"z", T, Rows, Columns>;
};
template <class... F>
void compare_each(double tolerance, F&... f) { (compare(f, {}, {.tolerance = tolerance, .low = -0.9, .high = 0.9}), ...); }
template <class T, i64 Rows, i64 Inner, i64 Columns>
void compare_layer() {
    using in = layer<T, Rows, Inner, Columns>;
    auto f = function(inputs(in::x, in::w, in::c), matmul(in::x, in::w) + in::c);
    auto g = function(inputs(in::x, in::w, in::c), tanh(in::c + matmul(in::x, in::w)) * 2_c);
    auto h = function(inputs(in::x, in::w, in::z), tanh(matmul(in::x, in::w) + in::z));   // a single row of it is a bias
    auto i = function(inputs(in::x, in::w, in::c), matmul(in::x, in::w) - in::c);
    if constexpr (Rows * Inner * Columns <= 4096 && Rows == 1)   // larger ones add it in the body
        static_assert(begins_with_bias<decltype(f)> && begins_with_bias<decltype(g)> && begins_with_bias<decltype(h)> && !begins_with_bias<decltype(i)>);
    compare_each(2e3, f, g, h, i);
}
TEST_CASE("small layers of constant extents begin with their bias", "[cpu][contractions]") {
    compare_layer<float, 1, 8, 32>();
    compare_layer<float, 1, 32, 4>();
    compare_layer<double, 1, 40, 2>();
    compare_layer<float, 1, 11, 37>();
    compare_layer<float, 20, 13, 37>();
    compare_layer<float, 64, 10, 128>();
    compare_layer<double, 7, 10, 530>();
    compare_layer<float, 33, 700, 20>();
    compare_layer<float, 200, 2, 33>();   // the right operand is copied
    constexpr auto x = placeholder<"x", float, "g", "m", 6>;
    constexpr auto y = placeholder<"y", float, "g", 6, 37>;
    constexpr auto each = placeholder<"c", float, "g", 1, 37>;
    constexpr auto all = placeholder<"c", float, 37>;
    auto f = function(inputs(x, y, each), relu(matmul(x, y) + each));
    auto h = function(inputs(x, y, all), matmul(x, y) + all);
    for (const i64 n : {0, 1, 3})
        for (const i64 m : {1, 8, 40}) {
            compare(f, {{"g", n}, {"m", m}}, {.tolerance = 2e3});
            compare(h, {{"g", n}, {"m", m}}, {.tolerance = 2e3});
        }
}
/// Has the body of the one kernel of F the sums of a tile in registers?
template <class F>
constexpr bool body_in_registers = cpu::contraction_tiles<typename known_key<cpu::words_at<typename F::L, 0>>::type, 64, 32>::body_in_registers;
template <class T, i64 Rows, i64 Inner, i64 Columns>
void compare_bodies() {
    using in = layer<T, Rows, Inner, Columns>;
    constexpr auto rate = placeholder<"rate", T>;
    auto f = function(inputs(in::x, in::w, in::c), relu(matmul(in::x, in::w) + in::c));
    auto g = function(inputs(in::x, in::w, in::z, rate), in::z - rate * matmul(in::x, in::w));
    auto h = function(inputs(in::x, in::w, in::z), where(in::z > 0_c, matmul(in::x, in::w), 0_c));
    auto i = function(inputs(in::x, in::w, in::z, in::c), trace([](value l, value r, value d, value e) {
        const value p = matmul(l, r) * e;
        return values{p - d, p > d};
    }, in::x, in::w, in::z, in::c));
    static_assert(body_in_registers<decltype(f)> && body_in_registers<decltype(g)> && body_in_registers<decltype(h)>);
    compare_each(2e3, f, g, h, i);
}
TEST_CASE("short bodies that have their sums in registers", "[cpu][contractions]") {
    compare_bodies<float, 60, 100, 32>();
    compare_bodies<float, 64, 128, 10>();
    compare_bodies<float, 64, 10, 128>();
    compare_bodies<float, 33, 50, 45>();
    compare_bodies<double, 29, 7, 30>();
    compare_bodies<float, 60, 40, 40>();   // the last columns are half a vector
    compare_bodies<float, 20, 30, 21>();
    compare_bodies<double, 30, 20, 11>();
    constexpr auto w = variable<"w", float, 70, 96>(ones);
    constexpr auto x = placeholder<"x", float, 32, 70>;
    constexpr auto d = placeholder<"d", float, 32, 96>;
    auto update = function(inputs(x, d), outputs(), updates(assign(w, w - 0.25_c * matmul(transpose(x), d))));   // where it lies
    session s(update);
    s.initialize();
    tensor<float, 32, 70> left;
    tensor<float, 32, 96> right;
    for (i64 k = 0; k < 32; ++k) {
        for (i64 i = 0; i < 70; ++i) left(k, i) = static_cast<float>((k * 7 + i * 3) % 11) - 5;
        for (i64 j = 0; j < 96; ++j) right(k, j) = static_cast<float>((k * 5 + j) % 13) - 6;
    }
    update(s, left, right);
    int wrong = 0;
    for (i64 i = 0; i < 70; ++i)
        for (i64 j = 0; j < 96; ++j) {
            float sum = 0;
            for (i64 k = 0; k < 32; ++k) sum += left(k, i) * right(k, j);
            wrong += s[w](i, j) != 1 - 0.25f * sum;
        }
    CHECK(wrong == 0);
}
/// How many columns of the one kernel of F are sums along the inner axis, with vectors of so many bytes?
template <class F, int Bytes>
constexpr i64 left_over = cpu::contraction_tiles<typename known_key<cpu::words_at<typename F::L, 0>>::type, Bytes, Bytes == 64 ? 32 : 16>::left_over;
template <class T, i64 Rows, i64 Inner, i64 Columns, i64 Over64, i64 Over32>
void compare_left_over() {
    using in = layer<T, Rows, Inner, Columns>;
    auto f = function(inputs(in::x, in::w), matmul(in::x, in::w));
    auto g = function(inputs(in::x, in::w, in::c), matmul(in::x, in::w) + in::c);
    auto h = function(inputs(in::x, in::w, in::c, in::z), trace([](value l, value r, value d, value e) {
        const value p = matmul(l, r), q = tanh(p + d) * e;
        return values{q, sum(q, 0), sum(q), q > 0, sum(p, 1), max(p, 0) * d};
    }, in::x, in::w, in::c, in::z));
    static_assert(left_over<decltype(f), 64> == Over64 && left_over<decltype(g), 64> == Over64 && left_over<decltype(h), 64> == Over64 && left_over<decltype(f), 32> == Over32);
    compare_each(4e3, f, g, h);
}
TEST_CASE("columns that are left over are sums along the inner axis", "[cpu][contractions]") {
    compare_left_over<float, 57, 131, 37, 5, 0>();
    compare_left_over<float, 64, 128, 10, 0, 2>();
    compare_left_over<float, 100, 100, 100, 4, 4>();
    compare_left_over<float, 9, 130, 41, 0, 1>();
    compare_left_over<float, 150, 70, 24, 8, 0>();
    compare_left_over<double, 70, 33, 19, 3, 0>();
    compare_left_over<float, 300, 100, 2, 2, 2>();   // and no others
    compare_left_over<float, 41, 333, 3, 3, 3>();
    compare_left_over<float, 70, 130, 7, 7, 0>();
    compare_left_over<double, 170, 70, 3, 3, 0>();
    constexpr auto x = placeholder<"x", float, "g", 20, 100>;
    constexpr auto y = placeholder<"y", float, 100, 35>;
    constexpr auto each = placeholder<"c", float, "g", 1, 35>;
    auto f = function(inputs(x, y, each), relu(matmul(x, y) + each));
    static_assert(left_over<decltype(f), 64> == 3);
    for (const i64 n : {0, 1, 3}) compare(f, {{"g", n}}, {.tolerance = 2e3});
}
TEST_CASE("gradients of products", "[cpu][contractions]") {
    struct net {
        constexpr auto operator()(value x, value y, value c, value z) const {
            const value h = tanh(matmul(x, y) + c), o = matmul(transpose(h), z);
            return value_and_grad(sum(square(o)) + sum(softmax(matmul(h, transpose(z))) * 3.0), x, y, c, z);
        }
    };
    auto f = function(inputs(a, b, bias, res), trace(net{}, a, b, bias, res));
    auto g = function(inputs(fa, fb, fbias, fres), trace(net{}, fa, fb, fbias, fres));
    compare(g, {}, {.tolerance = 1e4});
    for (const i64 m : {1, 3, 17})
        for (const i64 n : {1, 5, 33})
            for (const i64 k : {1, 8}) compare(f, {{"m", m}, {"n", n}, {"k", k}}, {.tolerance = 1e4});
    constexpr auto x3 = placeholder<"x", float, "g", "m", 6>;
    constexpr auto y3 = placeholder<"y", float, "g", 6, 10>;
    constexpr auto y2 = placeholder<"z", float, 6, 10>;
    auto s = function(inputs(x3, y3, y2), trace([](value x, value y, value z) {
        return value_and_grad(sum(exp(matmul(x, y) * 0.1) * relu(matmul(x, z))), x, y, z);
    }, x3, y3, y2));
    for (const i64 n : {0, 1, 3})
        for (const i64 m : {1, 8}) compare(s, {{"g", n}, {"m", m}}, {.tolerance = 1e4});
}
TEST_CASE("products against Eigen", "[cpu][contractions]") {
    using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    auto f = function(inputs(a, b), matmul(a, b));
    for (const i64 m : {1, 7, 64, 129})
        for (const i64 n : {1, 30, 128, 257})
            for (const i64 k : {1, 50, 300}) {
                const matrix x = matrix::Random(m, k), y = matrix::Random(k, n), want = x * y;
                const auto got = f(tensor_view<const float, dynamic, dynamic>(x.data(), m, k), tensor_view<const float, dynamic, dynamic>(y.data(), k, n));
                CHECK((Eigen::Map<const matrix>(got.data(), m, n) - want).cwiseAbs().maxCoeff() < 1e-5f * static_cast<float>(k));
            }
}

}  // namespace
}  // namespace kiln::testing
