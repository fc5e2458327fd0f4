// Every way to write an operation makes the same node: template arguments and ordinary ones, operators and functions,
// negative axes and positive ones, bare numbers.
#include "trial.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

struct written {
    trial g;
    value x = g.placeholder(dtype::float64, {2, 3, 4}), y = g.placeholder(dtype::float64, {2, 3, 4}),
          b = g.placeholder(dtype::boolean, {3}), c = g.placeholder(dtype::boolean, {3}),
          i = g.placeholder(dtype::int32, {3}), j = g.placeholder(dtype::int32, {3});
};
bool same(value p, value q) { return p.b == q.b && p.id == q.id; }

TEST_CASE("reductions are written in many ways", "[ops]") {
    written w;
    const value x = w.x;
    CHECK(same(sum(x), sum<axes<0, 1, 2>>(x)));
    CHECK(same(sum(x), sum(x, {0, 1, 2})));
    CHECK(same(sum(x, 1), sum<1>(x)));
    CHECK(same(sum(x, 1), sum(x, -2)));
    CHECK(same(sum<1>(x), sum<-2>(x)));
    CHECK(same(sum(x, {0, 2}), sum<axes<0, 2>>(x)));
    CHECK(same(sum(x, {2, 0}), sum<0, 2>(x)));
    CHECK(same(sum(x, axes<0, 2>), sum<axes<-1, 0>>(x)));
    CHECK(same(sum(x, 1, keepdims), sum<1, keepdims>(x)));
    CHECK(same(sum(x, keepdims), sum<keepdims>(x)));
    CHECK(same(max(x, 0, keepdims), max<keepdims, 0>(x)));
    CHECK(same(mean(x, 1), mean<1>(x)));
    CHECK(same(argmax(x, 1), argmax<1>(x)));
    CHECK(same(logsumexp(x, 1, keepdims), logsumexp<1, keepdims>(x)));
    CHECK(same(all(w.b), all<0>(w.b)));
    CHECK(same(any(w.b, 0), any<-1>(w.b)));
    CHECK(same(softmax(x), softmax(x, 2)));
    CHECK(!w.g.b().found);
}

TEST_CASE("operators are functions", "[ops]") {
    written w;
    const value x = w.x, y = w.y;
    CHECK(same(x + y, add(x, y)));
    CHECK(same(x - y, subtract(x, y)));
    CHECK(same(x * y, multiply(x, y)));
    CHECK(same(x / y, divide(x, y)));
    CHECK(same(x % y, fmod(x, y)));
    CHECK(same(-x, negative(x)));
    CHECK(same(x < y, less(x, y)));
    CHECK(same(x <= y, less_equal(x, y)));
    CHECK(same(x > y, greater(x, y)));
    CHECK(same(x >= y, greater_equal(x, y)));
    CHECK(same(x == y, equal(x, y)));
    CHECK(same(x != y, not_equal(x, y)));
    CHECK(same(w.b && w.c, logical_and(w.b, w.c)));
    CHECK(same(w.b || w.c, logical_or(w.b, w.c)));
    CHECK(same(!w.b, logical_not(w.b)));
    CHECK(same(w.i & w.j, bitwise_and(w.i, w.j)));
    CHECK(same(w.i | w.j, bitwise_or(w.i, w.j)));
    CHECK(same(w.i ^ w.j, bitwise_xor(w.i, w.j)));
    CHECK(same(~w.i, bitwise_not(w.i)));
    CHECK(same(abs(x), absolute(x)));
    CHECK(same(true_divide(x, y), x / y));
    CHECK(!w.g.b().found);
}

TEST_CASE("bare numbers take dtype and shape of their partner", "[ops]") {
    written w;
    const value x = w.x;
    CHECK(same(x + 2, x + 2.0));
    CHECK(same(x + 2, x + full_like(x, 2)));
    CHECK(same(2 - x, full_like(x, 2) - x));
    CHECK(same(maximum(x, 0), maximum(x, zeros_like(x))));
    CHECK(same(clip(x, -1, 1), clip(x, full_like(x, -1), full_like(x, 1))));
    CHECK(same(where(x > 0, x, 0), where(x > zeros_like(x), x, zeros_like(x))));
    CHECK(same(where(x > 0, 1, x), where(x > 0, ones_like(x), x)));
    CHECK(same(w.i * 3, w.i * full_of(w.g.b(), type_of(w.i), 3)));
    CHECK(where(w.b, 1, 2).element() == dtype::int64);
    CHECK(where(w.b, 1.0, 2).element() == dtype::float64);
    CHECK(same(clip(0.5, x, 1), clip(full_like(x, 0.5), x, ones_like(x))));
    CHECK(same(clip(0.5, 1, x), clip(full_like(x, 0.5), ones_like(x), x)));
    CHECK(pow(2, x).element() == dtype::float64);
    CHECK(!w.g.b().found);
}

TEST_CASE("constants that have met nothing yet", "[ops]") {
    written w;
    const value x = w.x, two = full_of(w.g.b(), {0, dtype::weak_int}, 2), half = full_of(w.g.b(), {0, dtype::weak_float}, 0.5);
    CHECK(same(two * x, 2 * x));
    CHECK(same(pow(x, two), pow(x, 2)));
    CHECK(same(where(x > 0, two, x), where(x > 0, 2, x)));
    CHECK(same(clip(x, half, two), clip(x, 0.5, 2)));
    CHECK(same(clip(half, two, x), clip(0.5, 2, x)));
    CHECK(same((two + half) * x, 2.5 * x));   // they compute at once
    CHECK(same(exp(half - half) + x, 1 + x));
    CHECK(same(sqrt(two * two) * x, 2 * x));
    CHECK(same(clip(two * two, half, two) * x, 2 * x));
    CHECK(same(w.i + two, w.i + 2));
    CHECK(is_literal(two / (two - two), 0));
    CHECK((two + two).element() == dtype::weak_int);
    CHECK(!w.g.b().found);
    static_cast<void>(w.i * half);   // no silent conversion
    CHECK(std::string(w.g.b().found.what.s) == "number: not for this dtype, use cast");
}

TEST_CASE("views are written in many ways, and those that change nothing are none", "[ops]") {
    written w;
    const value x = w.x;
    CHECK(same(reshape<6, 4>(x), reshape(x, {6, 4})));
    CHECK(same(reshape<-1, 4>(x), reshape<6, 4>(x)));
    CHECK(same(reshape<2, 3, 4>(reshape<24>(x)), x));
    CHECK(same(reshape<4, 6>(reshape<24>(x)), reshape<4, 6>(x)));
    CHECK(same(ravel(x), reshape<-1>(x)));
    CHECK(same(transpose(x), transpose<2, 1, 0>(x)));
    CHECK(same(transpose(x, {2, 1, 0}), transpose<-1, 1, -3>(x)));
    CHECK(same(transpose(transpose(x)), x));
    CHECK(same(transpose<1, 2, 0>(transpose<1, 2, 0>(x)), transpose<2, 0, 1>(x)));
    CHECK(same(transpose<0, 1, 2>(x), x));
    CHECK(same(expand_dims<1>(x), reshape<2, 1, 3, 4>(x)));
    CHECK(same(squeeze(expand_dims<1>(x)), x));
    CHECK(same(squeeze<1>(expand_dims<1>(x)), x));
    CHECK(same(broadcast_to<2, 3, 4>(x), x));
    CHECK(same(broadcast_to<5, 2, 3, 4>(x), broadcast_to(x, {5, 2, 3, 4})));
    CHECK(same(cast<double>(x), x));
    CHECK(same(cast<float>(x), cast(x, dtype::float32)));
    CHECK(!w.g.b().found);
}

}  // namespace
}  // namespace kiln::testing
