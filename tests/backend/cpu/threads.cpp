// Any number of threads gives the same bits: maps, row programs (with scratch rows), contractions, stacks.
#include "compare.hpp"

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
                f.threads(3);
                if (n * w < 100000) compare(f, {{"n", n}, {"w", w}}, {.tolerance = 1e4});
                f.threads(1);
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
                f.threads(2);
                compare(f, {{"g", g}, {"n", n}, {"w", w}}, {.tolerance = 1e4});
                f.threads(1);
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
            t.threads(3);
            if (n < 70) compare(t, {{"g", 5}, {"n", n}, {"w", 30}, {"k", k}}, {.tolerance = 1e4});
            t.threads(1);
        }
}
TEST_CASE("gradients on several threads", "[cpu][threads]") {
    auto f = function(inputs(x, b, bias), trace([](value v, value m, value h) {
        return value_and_grad(mean(logsumexp(tanh(matmul(v, m) + h), -1)), v, m, h);
    }, x, b, bias));
    compare_threads(f, {{"n", 64}, {"w", 200}, {"k", 33}});
    compare_threads(f, {{"n", 3}, {"w", 2000}, {"k", 100}});
}

}  // namespace
}  // namespace kiln::testing
