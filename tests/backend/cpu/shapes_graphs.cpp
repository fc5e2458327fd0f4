// Shapes of graphs: column sums with epilogues, totals, results that feed back, chains of reductions, views between
// elementwise operations, counters against axes, outputs that are symbols, views, literals, twice the same.
#include "compare.hpp"

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, "n", "w">;
constexpr auto z = placeholder<"z", float, "n", "w">;
constexpr auto q = placeholder<"q", float, "n", "n">;
constexpr auto y = placeholder<"y", float, "n", "h", "w">;
constexpr auto x10 = placeholder<"x", float, "n", 10>;
constexpr auto s56 = placeholder<"x", float, 5, 6>;
constexpr auto d = placeholder<"d", double, "n", "w">;
constexpr auto c = placeholder<"c", float, "w">;
constexpr auto r = placeholder<"r", float, "n">;
constexpr auto k = placeholder<"k", std::int32_t, "n">;
constexpr auto e = placeholder<"e", float, 3, 2, 4, 5>;

template <class F, class... E>
void sizes_of(F& f, std::initializer_list<i64> ns, std::initializer_list<i64> ws, settings s = {}) {
    for (const i64 n : ns)
        for (const i64 w : ws) compare(f, {{"n", n}, {"h", 3}, {"w", w}}, s);
}

TEST_CASE("column sums with an epilogue, totals", "[cpu][shapes]") {
    auto f = function(inputs(x, c), trace([](value v, value cw) {
        const value s = sum(v, 0), m = max(v * 2.0, 0);
        return values{tanh(s) * cw, s > 0, m - cw, sum(v * v), sqrt(sum(v * v) + 1) * 0.5, max(v), sum(s)};
    }, x, c));
    sizes_of(f, {1, 2, 16, 100}, {1, 10, 17, 300});
    sizes_of(f, {0}, {0, 5, 17});
    auto cancelling = function(inputs(x, c), trace([](value v, value cw) { return mean(v) * 3.0 + sum(v * cw); }, x, c));
    sizes_of(cancelling, {1, 2, 16, 100}, {1, 10, 17, 300}, {.scale = 100});   // of 90,000 signed terms: as large as sums of some of them
    sizes_of(cancelling, {0}, {0, 5, 17});
    auto g = function(inputs(x10), trace([](value v) {
        const value s = sum(v, 0);
        return values{tanh(s), s * sum(v), v + s, v * max(v), cast<std::int64_t>(s * 4.0), any(v > 1.9, 0)};
    }, x10));
    for (const i64 n : {0, 1, 16, 33}) compare(g, {{"n", n}});
}
TEST_CASE("results that feed back", "[cpu][shapes]") {
    auto f = function(inputs(x, z), trace([](value v, value u) {
        const value n = sqrt(sum(v * v) + sum(u * u)), s = minimum(1.0, 2.0 / n);
        const value m = v - mean(v), t = m / sqrt(mean(m * m) + 0.01);
        return values{v * s, u * s, n, t, sum(t * u, 0), softmax(t), v - sum(v, 0, keepdims), (v - mean(v, 0)) * (u - mean(u, 0))};
    }, x, z));
    sizes_of(f, {1, 2, 17, 40}, {1, 10, 64, 200}, {.tolerance = 1e4});
}
TEST_CASE("chains of reductions", "[cpu][shapes]") {
    auto f = function(inputs(y), trace([](value v) {
        const value a = max(v, 2), b = sum(a, 1), b2 = sum(a * 2.0, 0), g = sum(exp(v), 1), h = max(g * g, 1), i = sum(v, 0);
        return values{sum(b), max(b2), sum(h), sum(i, 1), sum(sum(i, 0)), mean(sum(square(v), axis_list{0, 1})), prod(sum(v, axis_list{1, 2}) + 1.0), argmax(sum(v, 2), 1),
                      sum(max(sum(v, 2), 1) * min(v, axis_list{1, 2})), b + h};
    }, y));
    sizes_of(f, {1, 2, 20}, {1, 10, 17, 90}, {.tolerance = 1e4});
    sizes_of(f, {1, 2}, {0}, {.tolerance = 1e4});
}
TEST_CASE("reductions of what is broadcast", "[cpu][shapes]") {
    auto f = function(inputs(x, c, r), trace([](value v, value cw, value rr) {
        const value big = expand_dims(rr, 1) + 0.0 * v, col = expand_dims(rr, 1);
        list s = shape_list(v);
        const value wide = broadcast_by(col, s, "test"), flat = broadcast_by(cw, s, "test");
        return values{sum(wide, 1), sum(wide, 0), sum(wide), max(flat, 0), sum(flat, 1), sum(flat), sum(exp(wide), 1), sum(exp(wide) * flat, 0),
                      prod(flat * 0.5, 1), sum(where(wide > 0, 1.5, 0.25)), sum(big, 1), sum(ones_like(v), 1), sum(ones_like(v) * 2.0), max(ones_like(v), 0)};
    }, x, c, r));
    sizes_of(f, {0, 1, 2, 20}, {0, 1, 10, 17, 90}, {.tolerance = 1e3});
    auto g = function(inputs(x, r), trace([](value v, value rr) {   // of a value of rows that the same nest has
        list s = shape_list(v);
        const value m = max(v, -1, keepdims), wide = broadcast_by(m, s, "test"), ofr = broadcast_by(expand_dims(rr, 1), s, "test");
        return values{sum(wide, -1), sum(wide, 0), sum(wide * wide), v - m, sum(v - wide, -1), sum(ofr * ofr, -1)};
    }, x, r));
    sizes_of(g, {1, 2, 20}, {1, 10, 17, 90});
}
TEST_CASE("transposes and reshapes between elementwise operations", "[cpu][shapes]") {
    auto f = function(inputs(q, x), trace([](value a, value v) {
        const value t = transpose(a), p = exp(transpose(a + 1.0) * 2.0) + a;
        const value u = reshape(v * 2.0, {-1}), w = reshape(u + 1.0, {1, -1}), back = reshape_to(w, shape_list(v));
        return values{a + t, t * 2.0, p, sum(t * a, 1), sum(exp(t), 0), max(t - a), transpose(transpose(v) + 1.0), u, back * v, sum(u), sum(transpose(v), 0), softmax(transpose(v))};
    }, q, x));
    sizes_of(f, {0, 1, 3, 16, 19}, {1, 10, 17, 64});
    auto g = function(inputs(e), trace([](value v) {
        const value p = transpose<2, 0, 3, 1>(v), t = transpose<3, 2, 1, 0>(v);
        return values{p * 2.0, exp(t), sum(p, 1), sum(t, axis_list{1, 2}), max(p, 3), sum(p + 1.0, axis_list{0, 3}), reshape<24, 5>(v) + 1.0, sum(reshape<6, 20>(p), 1),
                      softmax(p), softmax(reshape<4, 30>(p * 0.5), 0), sum(transpose<1, 0, 2, 3>(v) * 2.0, 3)};
    }, e));
    compare(g);
}
TEST_CASE("counters against axes", "[cpu][shapes]") {
    auto f = function(inputs(x, k, r), trace([](value v, value i, value rr) {
        builder& b = *v.b;
        const value rows = iota_in(b, v.extent(0), dtype::int32), columns = iota_in(b, v.extent(1), dtype::int64), at = iota_in(b, v.extent(1), dtype::float32);
        const value here = one_hot<10>(i);
        return values{expand_dims(cast<float>(rows), 1) * v, v + at, where(expand_dims(rows, 1) == cast<std::int32_t>(columns), v, 0), here, sum(here, 0), sum(here, 1),
                      columns, rows + 1, sum(v * at, 1), cast<float>(rows) * rr, sum(rows), argmax(v + at, 0), reshape(rows, {1, -1}) + 1, exp(rr) * cast<float>(rows), max(at * v, 0)};
    }, x, k, r));
    for (const i64 n : {1, 3, 16, 17, 40})
        for (const i64 w : {1, 10, 17, 64}) compare(f, {{"n", n}, {"w", w}}, {.low_integer = -1, .high_integer = 10});
}
TEST_CASE("outputs that are symbols, views, literals, twice the same", "[cpu][shapes]") {
    auto f = function(inputs(x, c), outputs(x, c, x, transpose(x), 2_c, trace([](value v, value cw) {
        list s = shape_list(v);
        const value t = v * cw, u = exp(t);
        return values{t, t, u, u + t, sum(u, 0), broadcast_by(cw, s, "test"), ravel(v), reshape(t, {-1, 1}), expand_dims(v, 0), ones_like(v) * 3.0, transpose(u), ravel(u), -v, -v};
    }, x, c)));
    sizes_of(f, {0, 1, 3, 20}, {0, 1, 10, 17, 64});
}
TEST_CASE("every mask of four axes", "[cpu][shapes]") {
    auto f = function(inputs(e), trace([](value v) {
        value_list out;
        for (int m = 0; m < 16; ++m) {   // a maximum over the other axes against the tensor, and a sum of that over the first and the last
            value u = v;
            for (int a = 0; a < 4; ++a)
                if (!(m >> a & 1)) u = max(u, a, keepdims);
            const value w = v * u;
            out.put(w);
            if (m % 3 == 0) out.put(sum(w, axis_list{0, 3}));
        }
        return out;
    }, e));
    compare(f);
}
TEST_CASE("several dtypes in one nest", "[cpu][shapes]") {
    auto f = function(inputs(x, d, k), trace([](value v, value u, value i) {
        const value w = cast<double>(v) * u, b = (v > 0) && (u < 1.0), s = sum(w, 1), j = expand_dims(i, 1);
        return values{w, b, s, cast<float>(s), cast<std::int8_t>(u * 50.0), sum(cast<std::int64_t>(v * 100.0), 0), any(b, 0), all(b, 1), argmax(u, 1), sum(cast<std::int8_t>(j) + cast<std::int8_t>(v * 3.0), 1),
                      max(cast<std::uint16_t>(u * 30000.0), 0), where(b, v, cast<float>(u)), cast<bool>(v) != b, i * i, sum(where(b, w, u)), softmax(cast<float>(w))};
    }, x, d, k));
    sizes_of(f, {1, 2, 16, 35}, {1, 10, 17, 130});
}

}  // namespace
}  // namespace kiln::testing
