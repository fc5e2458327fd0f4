// Any number of threads gives the same bits: maps, row programs (with scratch rows), contractions, stacks.
#include "compare.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, "n", "w">;
constexpr auto c = placeholder<"c", float, "w">;
constexpr auto y = placeholder<"y", float, "g", "n", "w">;
constexpr auto b = placeholder<"b", float, "w", "k">;
constexpr auto b3 = placeholder<"b", float, "g", "w", "k">;
constexpr auto bt3 = placeholder<"b", float, "g", "k", "w">;
constexpr auto bias = placeholder<"bias", float, "k">;

TEST_CASE("maps and row programs on several threads", "[cpu][threads]") {
    auto f = function(inputs(x, c), trace([](value v, value cw) {
        return values{tanh(v) * cw + v, softmax(v + cw), log_softmax(v), logsumexp(v, -1), exp(v) / (1.0 + sum(square(exp(v)), -1, keepdims)), v > 0};
    }, x, c));
    for (const i64 n : {1, 37, 1000})
        for (const i64 w : {5, 64, 1000, 40000})
            if (n * w < 1000000) {
                compare_threads(f, {{"n", n}, {"w", w}});
                if (n * w < 100000) compare_on(3, f, {{"n", n}, {"w", w}}, {.tolerance = 1e4});
            }
}
TEST_CASE("few long rows on several threads", "[cpu][threads]") {   // of maps columns are shared, of other nests rows one by one
    static constexpr auto weight = placeholder<"weight", float, "n">;
    auto maps = function(inputs(x, c, weight), trace([](value v, value cw, value rw) {
        const value each = expand_dims(exp(rw), 1);
        return values{tanh(v) * cw + each, pad(v * 2.0, {{0, 0}, {3, 5}}), where(v > 0, each, v), v[slice(0, 1)] + v};
    }, x, c, weight));
    auto rows = function(inputs(x, c), trace([](value v, value cw) {
        return values{softmax(v * cw), sum(exp(v), 1), log(sum(exp(v), 1)) * 2.0, max(v, 1)};
    }, x, c));
    for (const i64 n : {1, 2, 3, 5, 7, 18, 35})
        for (const i64 w : {1000, 4001}) {
            compare_threads(maps, {{"n", n}, {"w", w}});
            compare_threads(rows, {{"n", n}, {"w", w}});
            compare_on(3, maps, {{"n", n}, {"w", w}}, {.tolerance = 1e3});
            compare_on(3, rows, {{"n", n}, {"w", w}}, {.tolerance = 1e4});
        }
}
TEST_CASE("stacked nests on several threads", "[cpu][threads]") {
    auto f = function(inputs(y, c), trace([](value v, value cw) {   // column sums and costly values of each outer index have scratch
        return values{sum(v, 1), softmax(v, 1), sum(exp(v) * cw, 1) * 2.0, max(v, axis_list{1, 2}), softmax(v * cw), exp(v) * sum(exp(v), -1, keepdims)};
    }, y, c));
    for (const i64 g : {1, 7})
        for (const i64 n : {3, 50})
            for (const i64 w : {17, 300}) {
                compare_threads(f, {{"g", g}, {"n", n}, {"w", w}});
                compare_on(2, f, {{"g", g}, {"n", n}, {"w", w}}, {.tolerance = 1e4});
            }
}
TEST_CASE("sums of columns on several threads", "[cpu][threads]") {
    auto f = function(inputs(x, c), trace([](value v, value cw) {   // each thread has columns of its own
        return values{sum(v * cw, 0), max(exp(v), 0), sum(v * v, 0) * 2.0 + cw};
    }, x, c));
    for (const i64 n : {0, 1, 37, 400})
        for (const i64 w : {5, 64, 1000, 1023}) {
            compare_threads(f, {{"n", n}, {"w", w}});
            if (n > 0) compare_on(3, f, {{"n", n}, {"w", w}}, {.tolerance = 1e3});
        }
    // a thread's columns are fewer than those from which on rows are summed in blocks
    auto cheap = function(inputs(x), sum<0>(x));
    for (const i64 w : {150, 200, 230, 300, 460}) compare_threads(cheap, {{"n", 4000}, {"w", w}});
}
TEST_CASE("a row by a matrix of any width on several threads", "[cpu][threads]") {   // in pieces of eight, four, two vectors
    constexpr auto row = placeholder<"row", float, 1, "k">;
    constexpr auto matrix = placeholder<"matrix", float, "k", "w">;
    auto f = function(inputs(row, matrix), matmul(row, matrix));
    for (const i64 w : {150, 230, 700, 1500, 2050}) compare_threads(f, {{"k", 4000}, {"w", w}});
}
TEST_CASE("slices of filters' gradients that become wider numbers", "[cpu][threads]") {
    constexpr auto image = placeholder<"image", float, "n", 12, 12, 3>;
    constexpr auto filters = placeholder<"filters", float, 3, 3, 3, 4>;
    auto f = function(inputs(image, filters), cast<double>(grad(sum(square(conv2d<same>(image, filters))), filters)) * 0.1_c);
    for (const i64 n : {5, 64, 200}) {
        compare_threads(f, {{"n", n}});
        compare(f, {{"n", n}}, {.as_float = true});
    }
}
TEST_CASE("contractions on several threads", "[cpu][threads]") {
    auto f = function(inputs(x, b, bias), trace([](value v, value m, value h) {
        const value p = matmul(v, m), t = relu(p + h);
        return values{t, sum(t, 0), matmul(transpose(v), t), sum(p * p), matmul(t, transpose(m))};
    }, x, b, bias));
    auto s = function(inputs(y, b3), trace([](value v, value m) { return values{matmul(v, m), sum(tanh(matmul(v, m)), 1)}; }, y, b3));
    auto t = function(inputs(y, bt3), trace([](value v, value m) { return values{matmul(v, transpose(m, {0, 2, 1})), sum(matmul(v, transpose(m, {0, 2, 1})), 1)}; }, y, bt3));
    for (const i64 n : {5, 64, 100})
        for (const i64 k : {3, 65, 128}) {
            compare_threads(f, {{"n", n}, {"w", 90}, {"k", k}});
            compare_threads(s, {{"g", 5}, {"n", n}, {"w", 30}, {"k", k}});
            compare_threads(t, {{"g", 5}, {"n", n}, {"w", 30}, {"k", k}});
            if (n < 70) compare_on(3, t, {{"g", 5}, {"n", n}, {"w", 30}, {"k", k}}, {.tolerance = 1e4});
        }
    constexpr auto many = placeholder<"many", float, "n", 130>;   // three columns are no tile
    constexpr auto to_three = placeholder<"to_three", float, 130, 3>;
    auto few = function(inputs(many, to_three), trace([](value v, value m) { return values{matmul(v, m), relu(matmul(v, m)), sum(tanh(matmul(v, m)), 0), sum(square(matmul(v, m)))}; }, many, to_three));
    for (const i64 n : {0, 1, 5, 100, 3000}) {
        compare_threads(few, {{"n", n}});
        compare_on(3, few, {{"n", n}});
    }
}
TEST_CASE("contractions of few columns on several threads", "[cpu][threads]") {   // tiles of rows
    constexpr auto narrow = placeholder<"narrow", float, "w", 17>;
    auto f = function(inputs(x, narrow), trace([](value v, value m) { return values{relu(matmul(v, m)), matmul(v, m), matmul(transpose(v), matmul(v, m))}; }, x, narrow));
    for (const i64 n : {5, 29, 64, 400, 4096})
        for (const i64 w : {3, 64, 1024})
            if (n * w <= 400000) compare_threads(f, {{"n", n}, {"w", w}});
    constexpr auto known = placeholder<"known", double, 150, 77>;
    constexpr auto known_narrow = placeholder<"known_narrow", double, 77, 19>;   // three columns are no vector
    auto g = function(inputs(known, known_narrow), trace([](value v, value m) { return values{tanh(matmul(v, m)), matmul(v, m)}; }, known, known_narrow));
    compare_threads(g);
    auto h = function(inputs(x, narrow), trace([](value v, value m) {   // sums over rows are those of slices
        const value z = matmul(v, m);
        return values{relu(z), sum(relu(z), 0), max(z, 0), sum(square(z))};
    }, x, narrow));
    for (const i64 n : {0, 1, 29, 700})
        for (const i64 w : {3, 300}) {
            compare_threads(h, {{"n", n}, {"w", w}});
            if (n > 0) compare_on(3, h, {{"n", n}, {"w", w}});
        }
}
TEST_CASE("totals of a few outer indices on several threads", "[cpu][threads]") {   // of slices, of each index
    static constexpr auto images = placeholder<"images", float, 3, 2500, 20>;
    static constexpr auto pairs = placeholder<"pairs", double, 5, 2, 900, 17>;
    static constexpr auto wide = placeholder<"wide", float, 7, 300, 400>;
    static constexpr auto added = placeholder<"added", float, 300, 400>;
    auto f = function(inputs(images), trace([](value v) { return values{sum(exp(v), 1), max(v, 1) * 2.0, sum(sum(v * v, 1) * 0.5), mean(v, axis_list{1, 2})}; }, images));
    auto g = function(inputs(pairs), trace([](value v) { return values{sum(v, 2), sum(square(v), axis_list{0, 2})}; }, pairs));
    auto h = function(inputs(wide, added), trace([](value v, value w) { return values{sum(exp(v * w), axis_list{1, 2}), sum(v + w, 1)}; }, wide, added));
    compare_threads(f);
    compare_threads(g);
    compare_threads(h);
    for (const int n : {1, 3}) {
        f.threads(n);
        g.threads(n);
        h.threads(n);
        compare(f, {}, {.tolerance = 1e4});
        compare(g, {}, {.tolerance = 1e4});
        compare(h, {}, {.tolerance = 1e4});
    }
}
template <class Left, class Right>
void try_few_tiles(Left left, Right right, const char* what) {
    INFO(what);
    auto sums = function(inputs(left, right), matmul(left, right));
    auto mapped = function(inputs(left, right), relu(matmul(left, right) * 2_c + 1_c));
    for (const i64 rows : {1, 3, 64})
        for (const i64 columns : {1, 16, 37})
            for (const i64 inner : {0, 7, 1500, 5001}) {
                compare_threads(sums, {{"m", rows}, {"n", columns}, {"k", inner}});
                compare_threads(mapped, {{"m", rows}, {"n", columns}, {"k", inner}});
                compare(sums, {{"m", rows}, {"n", columns}, {"k", inner}}, {.tolerance = 2e3});
                compare(mapped, {{"m", rows}, {"n", columns}, {"k", inner}}, {.tolerance = 2e3});
            }
}
template <i64 Columns>
void try_few_columns_with_bias() {
    static constexpr auto row = placeholder<"row", float, 1, 40000>;
    static constexpr auto m = placeholder<"m", float, 40000, Columns>;
    static constexpr auto added = placeholder<"added", float, Columns>;
    auto f = function(inputs(row, m, added), matmul(row, m) + added);
    INFO(Columns);
    compare(f, {}, {.tolerance = 2e4});
    compare_threads(f);
}
TEST_CASE("programs of a few long rows on several threads", "[cpu][threads]") {   // of slices of each row
    static constexpr auto known = placeholder<"known", float, 3, 140000>;
    static constexpr auto stacked = placeholder<"stacked", double, 2, 3, 140000>;
    static constexpr auto line = placeholder<"line", float, 140000>;
    static constexpr auto factor = placeholder<"factor", float, 3, 1>;
    auto f = function(inputs(known, factor, line), trace([](value v, value r, value w) {
        const value centred = v - mean(v, 1, keepdims);
        return values{softmax(v * r + w), logsumexp(v, 1), centred / sqrt(mean(square(centred), 1, keepdims) + 1e-3), argmax(v, 1), sum(exp(v), 1) * 2.0};
    }, known, factor, line));
    auto g = function(inputs(stacked), trace([](value v) { return values{log_softmax(v), max(v, 2) + 1.0, prod(v * 0.5, 2)}; }, stacked));
    compare_threads(f);
    compare_threads(g);
    for (const int n : {1, 3}) {
        f.threads(n);
        g.threads(n);
        compare(f, {}, {.tolerance = 1e5});
        compare(g, {}, {.tolerance = 1e5});
    }
}
TEST_CASE("sums over rows of any length on several threads", "[cpu][threads]") {   // of slices of rows, or of long rows of their columns
    static constexpr auto xs = placeholder<"xs", double, "n", "w">;
    auto f = function(inputs(x, c), trace([](value v, value w) { return values{sum(v, 0), max(v * 2.0, 0), sum(exp(v) * w, 0) / 2.0, argmin(v, 0)}; }, x, c));
    auto g = function(inputs(x), sum<0>(square(x)));
    auto h = function(inputs(y), trace([](value v) { return values{sum(v, 1), sum(tanh(v), axis_list{0, 1})}; }, y));
    auto q = function(inputs(xs), outputs(prod<0>(xs), any<0>(xs > 0.5_c)));
    for (const i64 n : {0, 1, 9, 700})
        for (const i64 w : {0, 1, 3, 17, 64, 300, 9000}) {
            if (n * w > 300000) continue;
            if (n > 0) compare_threads(f, {{"n", n}, {"w", w}});
            compare_threads(g, {{"n", n}, {"w", w}});
            compare_threads(h, {{"g", 3}, {"n", n}, {"w", w}});
            compare_threads(q, {{"n", n}, {"w", w}});
            compare_on(3, g, {{"n", n}, {"w", w}}, {.tolerance = 1e4});
            compare_on(2, q, {{"n", n}, {"w", w}}, {.tolerance = 1e5});
        }
}
TEST_CASE("variables of a few long rows are assigned once", "[cpu][threads]") {
    constexpr auto rows = placeholder<"rows", float, 3, "n">;
    constexpr auto factor = variable<"factor", float, 3, 1>(ones);
    constexpr auto scale = variable<"scale", float>(ones);
    constexpr auto line = placeholder<"line", float, "n">;
    auto f = function(inputs(rows), softmax(rows * (factor * 2_c)), updates(assign(factor, factor * 2_c)));
    auto g = function(inputs(line), softmax(line * (scale * 2_c)), updates(assign(scale, scale * 2_c)));
    tensor<float, 3, dynamic> data(i64{20000});
    tensor<float, dynamic> one(i64{20000});
    for (i64 k = 0; k < data.size(); ++k) data.data()[k] = static_cast<float>(k * 7 % 11) / 64 - 0.05f;
    for (i64 k = 0; k < one.size(); ++k) one.data()[k] = data.data()[k];
    std::vector<std::vector<float>> got;
    for (const int threads : {1, 2, 3}) {
        session s(f, g);
        s.initialize();
        f.threads(threads);
        g.threads(threads);
        std::vector<float> bits;
        for (int round = 0; round < 3; ++round) {
            const auto r = f(s, data);
            const auto q = g(s, one);
            bits.insert(bits.end(), r.data(), r.data() + r.size());
            bits.insert(bits.end(), q.data(), q.data() + q.size());
            CHECK(s[factor].data()[2] == static_cast<float>(2 << round));
            CHECK(s[scale] == static_cast<float>(2 << round));
        }
        got.push_back(bits);
    }
    CHECK(got[1] == got[0]);
    CHECK(got[2] == got[0]);
}
TEST_CASE("products of few tiles on several threads", "[cpu][threads]") {   // slices of the inner axis
    static constexpr auto mk = placeholder<"mk", float, "m", "k">;
    static constexpr auto km = placeholder<"km", float, "k", "m">;
    static constexpr auto kn = placeholder<"kn", float, "k", "n">;
    static constexpr auto nk = placeholder<"nk", float, "n", "k">;
    static constexpr auto dmk = placeholder<"dmk", double, "m", "k">;
    static constexpr auto dkn = placeholder<"dkn", double, "k", "n">;
    static constexpr auto imk = placeholder<"imk", std::int32_t, "m", "k">;
    static constexpr auto ikn = placeholder<"ikn", std::int32_t, "k", "n">;
    static constexpr auto tall = placeholder<"tall", float, 5000, 64>;
    static constexpr auto slim = placeholder<"slim", float, 5000, 24>;
    try_few_tiles(mk, kn, "by rows");
    try_few_tiles(transpose(km), kn, "the left one turned");
    try_few_tiles(mk, transpose(nk), "the right one turned");
    try_few_tiles(transpose(km), transpose(nk), "both turned");
    try_few_tiles(dmk, dkn, "doubles");
    try_few_tiles(imk, ikn, "integers");
    try_few_columns_with_bias<4>();
    try_few_columns_with_bias<8>();
    try_few_columns_with_bias<16>();
    auto f = function(inputs(tall, slim), outputs(matmul(transpose(tall), slim), cast<double>(matmul(transpose(slim), slim)) * 0.5_c));
    compare_threads(f);
    compare(f, {}, {.tolerance = 2e3, .as_float = true});
}
TEST_CASE("convolutions of any number of channels on several threads", "[cpu][threads]") {
    const auto of = []<i64 Seen, i64 Given>(std::integral_constant<i64, Seen>, std::integral_constant<i64, Given>) {
        constexpr auto images = placeholder<"images", float, "n", 9, 11, Seen>;
        constexpr auto filters = placeholder<"filters", float, 3, 3, Seen, Given>;
        auto f = function(inputs(images, filters), trace([](value v, value w) {
            const value z = conv2d<same>(v, w);
            return values{relu(z), grad(sum(square(z)), v), grad(sum(square(z)), w)};
        }, images, filters));
        for (const i64 n : {3, 16, 41}) compare_threads(f, {{"n", n}});
    };
    const auto gradients = []<i64 Channels>(std::integral_constant<i64, Channels>) {   // the bias between two convolutions has sums over rows
        constexpr auto images = placeholder<"images", float, "n", 9, 11, 3>;
        constexpr auto first = placeholder<"first", float, 3, 3, 3, Channels>;
        constexpr auto shift = placeholder<"shift", float, Channels>;
        constexpr auto second = placeholder<"second", float, 3, 3, Channels, 4>;
        auto f = function(inputs(images, first, shift, second), trace([](value v, value w, value h, value u) {
            return grad(sum(square(conv2d<same>(relu(conv2d<same>(v, w) + h), u))), w, h, u);
        }, images, first, shift, second));
        for (const i64 n : {2, 16, 41}) {
            compare_threads(f, {{"n", n}});
            compare_on(2, f, {{"n", n}});
        }
    };
    gradients(std::integral_constant<i64, 6>{});
    gradients(std::integral_constant<i64, 20>{});
    of(std::integral_constant<i64, 2>{}, std::integral_constant<i64, 5>{});
    of(std::integral_constant<i64, 20>{}, std::integral_constant<i64, 24>{});
}
TEST_CASE("totals on several threads", "[cpu][threads]") {   // of slices
    auto f = function(inputs(x), trace([](value v) {
        return values{sum(v), max(v), sum(square(exp(v))), mean(logsumexp(v, -1)), all(v < 100)};
    }, x));
    auto rows = function(inputs(placeholder<"rows", float, "n", 11>), trace([](value v) {   // short ones
        return values{sum(v, 0), sum(exp(v), 0) * 2.0, mean(logsumexp(v, -1)), max(v, 0), sum(v)};
    }, placeholder<"rows", float, "n", 11>));
    auto line = function(inputs(placeholder<"line", double, "n">), trace([](value v) { return values{sum(v), mean(square(v)), min(v), any(v > 0)}; }, placeholder<"line", double, "n">));
    auto again = function(inputs(placeholder<"line", float, "n">), trace([](value v) {   // several passes
        const value centred = v - mean(v);
        return values{softmax(v), centred / sqrt(mean(square(centred)) + 1e-3), log_softmax(v) * exp(v), logsumexp(v, -1)};
    }, placeholder<"line", float, "n">));
    for (const i64 n : {0, 1, 37, 5000}) {
        for (const i64 w : {1, 17, 300})
            if (n > 0 && n * w < 200000) compare_threads(f, {{"n", n}, {"w", w}});
        compare_threads(rows, {{"n", n > 0 ? n : 2}});
        if (n > 0) compare_threads(line, {{"n", n * n}});
        if (n > 0) compare_threads(again, {{"n", 20 * n}});
    }
    auto columns = function(inputs(x, c), trace([](value v, value cw) {   // of rows that are passed over several times
        const value centred = v - mean(v, -1, keepdims), z = centred / sqrt(mean(square(centred), -1, keepdims) + 1e-3);
        return values{sum(softmax(v), 0), grad(sum(square(z * cw)), cw), max(z, 0)};
    }, x, c));
    for (const i64 n : {1, 40, 300})
        for (const i64 w : {5, 300, 1500}) compare_threads(columns, {{"n", n}, {"w", w}});
    constexpr auto ranked = placeholder<"ranked", float, "n", 9>;
    auto best = function(inputs(ranked), trace([](value v) { return values{result(top_k(v, 3), 0), result(top_k(v, 3), 1)}; }, ranked));
    for (const i64 n : {1, 500}) compare_threads(best, {{"n", n}});
    columns.threads(2);
    compare(columns, {{"n", 40}, {"w", 300}});
    f.threads(2);
    compare(f, {{"n", 37}, {"w", 300}});
    rows.threads(3);
    compare(rows, {{"n", 5000}});
    line.threads(2);
    compare(line, {{"n", 5000}});
    again.threads(3);
    compare(again, {{"n", 5000}});
}
TEST_CASE("gradients on several threads", "[cpu][threads]") {
    auto f = function(inputs(x, b, bias), trace([](value v, value m, value h) {
        return value_and_grad(mean(logsumexp(tanh(matmul(v, m) + h), -1)), v, m, h);
    }, x, b, bias));
    compare_threads(f, {{"n", 64}, {"w", 200}, {"k", 33}});
    compare_threads(f, {{"n", 3}, {"w", 2000}, {"k", 100}});
}

TEST_CASE("variables that totals are added to are assigned once", "[cpu][threads]") {
    constexpr auto line = placeholder<"line", float, "n">;
    constexpr auto seen = variable<"seen", float>(zeros);
    constexpr auto scale = variable<"scale", float>(ones);
    auto f = function(inputs(line), softmax(line * scale), updates(assign_add(seen, logsumexp(line * scale)), assign(scale, scale + max(line * scale))));
    tensor<float, dynamic> data(i64{20000});
    for (i64 k = 0; k < data.size(); ++k) data.data()[k] = static_cast<float>(k * 7 % 11) / 8 - 0.5f;
    std::vector<std::vector<float>> got;
    for (const int threads : {1, 2, 3}) {
        session s(f);
        s.initialize();
        f.threads(threads);
        std::vector<float> bits;
        for (int round = 0; round < 3; ++round) {
            const auto r = f(s, data);
            bits.insert(bits.end(), r.data(), r.data() + r.size());
            bits.push_back(s[seen]);
            bits.push_back(s[scale]);
        }
        CHECK(s[scale] == Approx(1.75 * 1.75 * 1.75));   // the largest is 0.75
        got.push_back(bits);
    }
    CHECK(got[1] == got[0]);
    CHECK(got[2] == got[0]);
}

/// One that is first called while others run, one that others share the workers with: all have the bits of one thread.
TEST_CASE("functions on several threads in several threads", "[cpu][threads]") {
    const auto make = [] {
        return function(inputs(x, b, bias), trace([](value v, value m, value h) {
            return value_and_grad(mean(logsumexp(tanh(matmul(v, m) + h), -1)), v, m, h);
        }, x, b, bias));
    };
    const auto call = [](auto& f, int seed) {
        tensor<float, dynamic, dynamic> data(i64{40}, i64{50}), weights(i64{50}, i64{30});
        tensor<float, dynamic> shift(i64{30});
        for (i64 k = 0; k < data.size(); ++k) data.data()[k] = static_cast<float>((k * 7 + seed) % 11) / 8 - 0.5f;
        for (i64 k = 0; k < weights.size(); ++k) weights.data()[k] = static_cast<float>((k * 5 + seed) % 13) / 16 - 0.4f;
        for (i64 k = 0; k < shift.size(); ++k) shift.data()[k] = static_cast<float>(k % 3) / 4;
        const auto r = f(data, weights, shift);
        const auto& g = std::get<2>(r);
        std::vector<float> bits(g.data(), g.data() + g.size());
        bits.push_back(static_cast<float>(std::get<0>(r)));
        return bits;
    };
    constexpr int n = 4, rounds = 50;
    std::vector<std::vector<float>> expected, got(n);
    auto alone = make();
    for (int k = 0; k < n; ++k) expected.push_back(call(alone, k));
    std::vector<std::thread> threads;
    std::vector<int> wrong(n);
    for (int k = 0; k < n; ++k)
        threads.emplace_back([&, k] {
            auto f = make();
            f.threads(k + 1);
            for (int round = 0; round < rounds; ++round) wrong[static_cast<std::size_t>(k)] += call(f, k) != expected[static_cast<std::size_t>(k)];
        });
    for (std::thread& t : threads) t.join();
    CHECK(wrong == std::vector<int>(n, 0));
}
#ifndef __SANITIZE_THREAD__   // which refuses threads in a child of a process that has some
TEST_CASE("a child of fork() starts threads of its own", "[cpu][threads]") {
    auto f = function(inputs(x), sum<1>(exp(x)));
    f.threads(2);
    tensor<float, dynamic, dynamic> data(i64{600}, i64{1000});
    const auto expected = f(data);   // the parent's workers sleep from here on
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        const auto got = f(data);
        ::_exit(std::equal(got.data(), got.data() + got.size(), expected.data()) ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    const auto again = f(data);
    CHECK(std::equal(again.data(), again.data() + again.size(), expected.data()));
}
#endif
TEST_CASE("the number of threads", "[cpu][threads]") {
    auto f = function(inputs(x), square(x));
    CHECK_THROWS_WITH(f.threads(-1), "threads: -1 is not a number of threads (0 to 1024)");
    CHECK_THROWS_WITH(f.threads(1025), "threads: 1025 is not a number of threads (0 to 1024)");
    f.threads(0);
    const char* before = std::getenv("KILN_THREADS");
    const std::string kept = before ? before : "";
    const auto said = [](const char* text) {
        setenv("KILN_THREADS", text, 1);
        return cpu::threads_of_environment();
    };
    CHECK(said("") == 1);
    CHECK(said("3") == 3);
    CHECK(said("0") == cpu::cores());
    for (const char* wrong : {"many", "-1", "2x", "1025", "99999999999999999999"})
        CHECK_THROWS_WITH(said(wrong), std::string("KILN_THREADS is \"") + wrong + "\", not a number of threads (0 to 1024)");
    auto asked = function(inputs(x), square(x));
    tensor<float, dynamic, dynamic> data(i64{1}, i64{2});
    CHECK_THROWS_WITH(asked(data), "KILN_THREADS is \"99999999999999999999\", not a number of threads (0 to 1024)");
    said("2");
    CHECK(asked(data).size() == 2);
    before ? setenv("KILN_THREADS", kept.c_str(), 1) : unsetenv("KILN_THREADS");
}

}  // namespace
}  // namespace kiln::testing
