// Shapes of nests: row programs over the last, a middle, the first axis and pairs of axes, with operands of every mask.
#include "compare.hpp"

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, "n", "w">;
constexpr auto y = placeholder<"y", float, "n", "h", "w">;
constexpr auto x10 = placeholder<"x", float, "n", 10>;
constexpr auto d3 = placeholder<"x", double, "n", 3>;
constexpr auto y64 = placeholder<"y", float, "n", 4, 64>;
constexpr auto c = placeholder<"c", float, "w">;
constexpr auto h1 = placeholder<"h1", float, "h", 1>;
constexpr auto n11 = placeholder<"n11", float, "n", 1, 1>;
constexpr auto nw = placeholder<"nw", float, "n", 1, "w">;
constexpr auto hw = placeholder<"hw", float, "h", "w">;
constexpr auto c10 = placeholder<"c", float, 10>;
constexpr auto n1 = placeholder<"n1", float, "n", 1>;

constexpr value layer_norm(value v, axis_list a) {
    const value m = mean(v, a, keepdims), d = v - m;
    return d * rsqrt(mean(square(d), a, keepdims) + 1e-3);
}
struct over_rows {
    constexpr auto operator()(value v) const {
        return values{softmax(v), log_softmax(v), layer_norm(v, -1), logsumexp(v, -1), variance(v, -1), norm(v + 1, -1)};
    }
};

TEST_CASE("row programs over the last axis", "[cpu][shapes]") {
    auto f = function(inputs(x), trace(over_rows{}, x));
    auto f10 = function(inputs(x10), trace(over_rows{}, x10));
    auto f3 = function(inputs(d3), trace(over_rows{}, d3));
    auto f64 = function(inputs(y64), trace(over_rows{}, y64));
    for (const i64 n : {0, 1, 3, 16, 17, 50}) {
        compare(f10, {{"n", n}});
        compare(f3, {{"n", n}}, {.tolerance = 1e5});
        compare(f64, {{"n", n}});
        for (const i64 w : {1, 3, 10, 16, 17, 64, 200, 1000}) compare(f, {{"n", n}, {"w", w}}, {.tolerance = 1e4});
        compare(f, {{"n", n}, {"w", 0}});
    }
}
/// An operation that does not say that it spreads NaN, and does not.
struct zero_for_nan_op : elementwise<zero_for_nan_op, 1> {
    static constexpr auto name = "test.zero_for_nan";
    static constexpr auto takes = domain::floating;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto v) { return select(v != v, like(v, 0), v); }
};
TEST_CASE("NaN in rows", "[cpu][shapes]") {
    struct hidden {   // the sums are NaN whatever the maximum is
        constexpr auto operator()(value v) const {
            const value m = min(v, -1, keepdims), s = sum(exp(m - v), -1, keepdims);
            return values{softmax(v), log_softmax(v), logsumexp(v, -1), sum(logsumexp(v, -1)), sum(softmax(v), 0), exp(m - v) / s, log(s) - m};
        }
    };
    struct seen {
        constexpr auto operator()(value v) const {
            const value m = max(v, -1, keepdims), l = min(v, -1, keepdims), e = exp(v - m);
            return values{m, v - l, e / max(e, -1, keepdims), where(sum(e, -1, keepdims) > 0, m, 0), where(m > 0, v, -v),
                          max(where(isnan(v), 0, v), -1), sum(where(v > 0, exp(v - m), 1), -1), sum(l, -2), max(l)};
        }
    };
    struct lost {
        constexpr auto operator()(value v) const {
            return values{sum(zero_for_nan_op::apply(exp(v - max(v, -1, keepdims))), -1)};
        }
    };
    const settings s{.tolerance = 1e4, .draw = [](int, i64 i) -> long double {
        const long double v = static_cast<long double>(i * 37 % 101) / 25 - 2;
        return i % 23 == 5 || i % 61 == 3 ? NAN : i % 53 == 2 ? HUGE_VALL : i % 71 == 1 ? -HUGE_VALL : v;
    }};
    auto f = function(inputs(x), trace(hidden{}, x));
    auto g = function(inputs(x), trace(seen{}, x));
    auto h = function(inputs(x), trace(lost{}, x));
    auto f10 = function(inputs(x10), trace(hidden{}, x10));
    auto g3 = function(inputs(d3), trace(seen{}, d3));
    for (const i64 n : {1, 17, 50}) {
        compare(f10, {{"n", n}}, s);
        compare(g3, {{"n", n}}, s);
        for (const i64 w : {1, 3, 16, 17, 40, 200}) {
            compare(f, {{"n", n}, {"w", w}}, s);
            compare(g, {{"n", n}, {"w", w}}, s);
            compare(h, {{"n", n}, {"w", w}}, s);
        }
    }
}
template <class L>
constexpr auto label = placeholder<"label", L, "n">;
template <class T>
struct one_hot_rows {
    static constexpr value hits(value v, value label) { return expand_dims(label, -1) == iota_like(v, label); }
    static constexpr value iota_like(value v, value label) { return iota_in(*v.b, v.extent(-1), label.element()); }
    constexpr auto operator()(value v, value label) const {
        const value loss = mean(softmax_cross_entropy(v, label)), hit = hits(v, label);
        value slope{}, one = ones_like(loss);
        reverse(*v.b, &loss, &one, 1, &v, 1, &slope);
        return values{loss, slope, softmax_cross_entropy(v, label), sum(where(hit, v, 0), -1), where(hit, exp(v), v)};
    }
};
struct one_hot_folded {   // the hit is in what is folded over rows, or not 0 elsewhere
    constexpr auto operator()(value v, value label) const {
        const value hit = one_hot_rows<float>::hits(v, label), slope = softmax(v) - where(hit, ones_like(v), 0);
        return values{sum(slope, 0), slope, sum(where(hit, v, 1), -1), sum(where(hit, v, 0)), sum(where(hit, v, 0), 0)};
    }
};
struct one_hot_elsewhere {   // in a maximum, in what is kept between passes, in integers
    constexpr auto operator()(value v, value label) const {
        const value hit = one_hot_rows<float>::hits(v, label), e = exp(where(hit, v, 0)), one = ones_like(v);
        return values{max(where(hit, v, -100), -1), e * sum(e, -1, keepdims), cast<std::int32_t>(hit), sum(cast<float>(hit), -1), log_softmax(v) * where(hit, 0.9 * one, 0.1)};
    }
};
struct two_hot {
    constexpr auto operator()(value v, value label, value other) const {
        return values{where(one_hot_rows<float>::hits(v, label), v, sum(v, -1, keepdims)) + where(one_hot_rows<float>::hits(v, other), ones_like(v), 0)};
    }
};
TEST_CASE("one-hot rows", "[cpu][shapes]") {
    auto f = function(inputs(x, label<std::int32_t>), trace(one_hot_rows<float>{}, x, label<std::int32_t>));
    constexpr auto d = placeholder<"x", double, "n", "w">;
    auto f64 = function(inputs(d, label<std::int64_t>), trace(one_hot_rows<double>{}, d, label<std::int64_t>));
    constexpr auto second = placeholder<"second", std::int32_t, "n">;
    auto folded = function(inputs(x, label<std::int32_t>), trace(one_hot_folded{}, x, label<std::int32_t>));
    auto elsewhere = function(inputs(x, label<std::int32_t>), trace(one_hot_elsewhere{}, x, label<std::int32_t>));
    auto two = function(inputs(x, label<std::int32_t>, second), trace(two_hot{}, x, label<std::int32_t>, second));
    constexpr auto one = placeholder<"one", std::int32_t>;
    auto same = function(inputs(x, one), trace([](value v, value k) {
        return values{sum(where(k == one_hot_rows<float>::iota_like(v, k), v, 0), -1), v - where(k == one_hot_rows<float>::iota_like(v, k), ones_like(v), 0)};
    }, x, one));
    for (const i64 n : {0, 1, 5, 40})
        for (const i64 w : {1, 3, 8, 9, 31, 32, 33, 70, 200, 300}) {
            const settings s{.tolerance = 1e4, .low_integer = -4, .high_integer = w + 4 < 127 ? w + 4 : 127};
            compare(f, {{"n", n}, {"w", w}}, s);
            compare(f64, {{"n", n}, {"w", w}}, s);
            compare(folded, {{"n", n}, {"w", w}}, s);
            compare(elsewhere, {{"n", n}, {"w", w}}, s);
            compare(two, {{"n", n}, {"w", w}}, s);
            compare(same, {{"n", n}, {"w", w}}, s);
        }
}
TEST_CASE("row programs over other axes", "[cpu][shapes]") {
    auto f = function(inputs(y), trace([](value v) {
        return values{softmax(v, 0), softmax(v, 1), log_softmax(v, 1), layer_norm(v, axis_list{-2, -1}), layer_norm(v, 0), layer_norm(v, axis_list{0, 1}),
                      layer_norm(v, axis_list{0, 2}), logsumexp(v, axis_list{0, 1}), logsumexp(v, axis_list{1, 2}), logsumexp(v, axis_list{0, 2})};
    }, y));
    for (const i64 n : {0, 1, 4})
        for (const i64 h : {1, 3, 20})
            for (const i64 w : {1, 5, 17, 70}) compare(f, {{"n", n}, {"h", h}, {"w", w}}, {.tolerance = 1e4});
}
TEST_CASE("row programs with operands of every mask", "[cpu][shapes]") {
    auto f = function(inputs(y, c, h1, n11, nw, hw), trace([](value v, value cw, value hh, value nn, value nnw, value hhw) {
        return values{softmax(v + cw), softmax(v * hh + nn), log_softmax(v + nnw - hhw), sum(v * cw + hh * nn, 0), sum(v * nnw * hhw, 1),
                      max(v + hh, 2), layer_norm(v * nn, -1) * cw + hh};
    }, y, c, h1, n11, nw, hw));
    for (const i64 n : {0, 1, 3})
        for (const i64 h : {0, 1, 4, 20})
            for (const i64 w : {0, 1, 10, 17, 100}) compare(f, {{"n", n}, {"h", h}, {"w", w}}, {.tolerance = 1e4});
    auto g = function(inputs(x10, c10, n1), trace([](value v, value cw, value nn) {
        const value z = (v + cw) * nn;
        return values{softmax(z), sum(z, 0), sum(z), exp(sum(z, 0)) * 2, sum(z, 1, keepdims) / nn, log_softmax(z + nn)};
    }, x10, c10, n1));
    for (const i64 n : {0, 1, 3, 16, 17, 40}) compare(g, {{"n", n}}, {.tolerance = 1e5});
}
TEST_CASE("values of rows that are summed, stored and fed back", "[cpu][shapes]") {
    struct program {
        constexpr auto operator()(value v) const {
            const value m = max(v, -1), s = sum(exp(v - expand_dims(m, -1)), -1), l = log(s) + m;
            return values{l, sum(l), mean(l) * 2.0, max(l), v - expand_dims(l, -1), exp(m), sum(exp(m) * s), cast<std::int32_t>(m), m > 0.5, sum(v, 0) / 3.0};
        }
    };
    auto f = function(inputs(x), trace(program{}, x));
    auto f10 = function(inputs(x10), trace(program{}, x10));
    auto f3 = function(inputs(d3), trace(program{}, d3));
    auto f64 = function(inputs(y64), trace(program{}, y64));
    for (const i64 n : {1, 2, 15, 16, 17, 33, 100}) {
        compare(f10, {{"n", n}});
        compare(f3, {{"n", n}});
        compare(f64, {{"n", n}});
        for (const i64 w : {1, 10, 17, 300}) compare(f, {{"n", n}, {"w", w}});
    }
}
TEST_CASE("costly values that all rows share, and rows of few lanes", "[cpu][shapes]") {
    static constexpr auto x4 = placeholder<"x", float, 4, "n">;   // read across: columns lie apart
    static constexpr auto c4 = placeholder<"c", float, 4>;
    static constexpr auto d = placeholder<"d", double, 3>;
    static constexpr auto label = placeholder<"label", std::int32_t, "n">;
    struct program {
        constexpr auto operator()(value v, value cw, value l) const {
            const value z = (v - cw) * exp(-cw), s = logsumexp(z, -1), p = softmax(z);
            const value hit = expand_dims(l, -1) == cast<std::int32_t>(argmax(z * 0.0 + cw, -1, keepdims));
            const value total = sum(s * cos(s));
            return values{total, grad(total, v), grad(total, cw), p, z > 0, where(hit, p, 0), sum(p, 0), sum(p * exp(cw)), any(z > 1, axis_list{-1}), max(z, 0)};
        }
    };
    auto f4 = function(inputs(x4, c4, label), trace([](value v, value cw, value l) { return program{}(transpose(v), cw, l); }, x4, c4, label));
    auto f3 = function(inputs(d3, d, label), trace(program{}, d3, d, label));
    auto f10 = function(inputs(x10, c10, label), trace(program{}, x10, c10, label));
    for (const i64 n : {1, 7, 8, 16, 17, 40}) {
        compare(f4, {{"n", n}}, {.tolerance = 1e4});
        compare(f3, {{"n", n}}, {.tolerance = 1e5});
        compare(f10, {{"n", n}}, {.tolerance = 1e4});
    }
}
TEST_CASE("many passes over a row", "[cpu][shapes]") {
    struct program {
        constexpr auto operator()(value v) const {
            for (int k = 0; k < 7; ++k) v = softmax(v * 3.0 + 0.1);
            return values{v, sum(v * v, 0)};
        }
    };
    auto f = function(inputs(x), trace(program{}, x));
    auto f10 = function(inputs(x10), trace(program{}, x10));
    for (const i64 n : {1, 5}) {
        compare(f10, {{"n", n}});
        for (const i64 w : {1, 17, 150}) compare(f, {{"n", n}, {"w", w}});
    }
}
TEST_CASE("models that are linear in rows", "[cpu][shapes]") {
    struct program {   // its slope is known from the row, and meets the row again
        constexpr auto operator()(value v, value cw, value l) const {
            const value z = matmul(v, cw), squares = sum(square(z - l)), entropy = sum(softplus(z) - l * z), m = max(v, -1);
            return values{squares, grad(squares, cw), entropy, grad(entropy, cw), sum(expand_dims(m, -1) * v, 0), z};
        }
    };
    const auto trial = [](auto rows, auto columns, auto label) {
        constexpr auto traced = trace(program{}, decltype(rows){}, decltype(columns){}, decltype(label){});
        auto f = function(inputs(rows, columns, label), traced);
        for (const i64 n : {0, 1, 7, 8, 16, 17, 40}) compare(f, {{"n", n}}, {.tolerance = 1e4});
    };
    static constexpr auto label = placeholder<"label", float, "n">;
    static constexpr auto labels = placeholder<"labels", double, "n">;
    trial(x10, c10, label);
    trial(placeholder<"x", float, "n", 50>, placeholder<"c", float, 50>, label);
    trial(placeholder<"x", double, "n", 8>, placeholder<"c", double, 8>, labels);
    trial(placeholder<"x", double, "n", 20>, placeholder<"c", double, 20>, labels);
}
TEST_CASE("sigmoid and softplus have the same bits in one kernel as apart", "[cpu][shapes]") {
    static constexpr auto both = [](value v) { return values{softplus(v), sigmoid(v), sigmoid(-v)}; };
    const auto bits = [](auto in, auto a, auto b) {
        auto together = function(inputs(in), outputs(a, b));
        auto first = function(inputs(in), a);
        auto second = function(inputs(in), b);
        tensor<float, 3, 40> values;
        for (i64 k = 0; k < 120; ++k) values.data()[k] = static_cast<float>(k - 60) / 7;
        const auto t = together(values);
        const auto p = first(values), q = second(values);
        CHECK(std::memcmp(std::get<0>(t).data(), p.data(), static_cast<std::size_t>(p.size()) * sizeof(float)) == 0);
        CHECK(std::memcmp(std::get<1>(t).data(), q.data(), static_cast<std::size_t>(q.size()) * sizeof(float)) == 0);
    };
    static constexpr auto in = placeholder<"in", float, 3, 40>;
    bits(in, softplus(in), sigmoid(in));
    bits(in, sigmoid(sum<-1>(in)), softplus(sum<-1>(in)));
    auto f = function(inputs(x), trace(both, x));
    auto of_rows = function(inputs(x), trace([](value v) { return both(mean(v, -1)); }, x));
    auto of_columns = function(inputs(x), trace([](value v) { return both(mean(v, 0)); }, x));
    auto back = function(inputs(x, c), trace([](value v, value cw) {
        const value p = softplus(cw), q = sigmoid(cw), total = sum(v * p, 0);
        return values{total * q, p - q, sum(sigmoid(v) * q, -1), sum(softplus(v), -1)};
    }, x, c));
    for (const i64 w : {1, 10, 17, 100}) {
        compare(f, {{"n", 5}, {"w", w}});
        compare(of_rows, {{"n", 5}, {"w", w}});
        compare(of_columns, {{"n", 5}, {"w", w}});
        compare(back, {{"n", 5}, {"w", w}});
    }
}
TEST_CASE("gradients of row programs", "[cpu][shapes]") {
    auto f = function(inputs(y, c, h1), trace([](value v, value cw, value hh) {
        const value p = softmax(v * cw + hh), q = layer_norm(v + cw, -1);
        return value_and_grad(sum(square(p) * q + logsumexp(v, -2, keepdims)), v, cw, hh);
    }, y, c, h1));
    for (const i64 n : {1, 3})
        for (const i64 h : {1, 5})
            for (const i64 w : {2, 17, 100}) compare(f, {{"n", n}, {"h", h}, {"w", w}}, {.tolerance = 1e4});
}

TEST_CASE("a row is not written over while a later pass over it still reads it", "[cpu][rows]") {
    const auto check = [](auto t) {
        using T = decltype(t);
        constexpr auto left = placeholder<"left", T, "n", 7>;
        constexpr auto right = placeholder<"right", T, 7, 12>;
        constexpr auto last = placeholder<"last", T, 12, 6>;
        auto f = function(inputs(left, right, last), trace([](value p, value q, value r) {
            const value m = matmul(p, q), v = m - max(m, -1, keepdims), w = m * sum(v * v, -1, keepdims);
            return values{matmul(v, r), matmul(w, r)};
        }, left, right, last));
        for (const i64 n : {1, 20}) compare(f, {{"n", n}}, {.tolerance = 1e4});
    };
    check(float{});
    check(double{});
}

}  // namespace
}  // namespace kiln::testing
