// Shapes of nests: reductions over every subset of the axes of tensors of rank 1 to 4, in one graph each.
#include "compare.hpp"

#include <algorithm>
#include <limits>

namespace kiln::testing {
namespace {

constexpr auto x1 = placeholder<"x", float, "a">;
constexpr auto x2 = placeholder<"x", float, "a", "b">;
constexpr auto x3 = placeholder<"x", float, "a", "b", "c">;
constexpr auto x4 = placeholder<"x", float, "a", "b", "c", "d">;
constexpr auto s2 = placeholder<"x", float, 7, 17>;
constexpr auto s3 = placeholder<"x", float, 3, 4, 10>;
constexpr auto d3 = placeholder<"x", double, "a", "b", 3>;
constexpr auto i3 = placeholder<"x", std::int8_t, "a", "b", "c">;

/// The reduction F over every subset of the axes, every second one with the reduced axes kept.
template <class F>
constexpr value_list over_subsets(value x, int first = 1) {
    value_list r;
    for (int m = first; m < 1 << x.rank(); ++m) {
        list a{};
        for (int k = 0; k < x.rank(); ++k)
            if (m >> k & 1) a.put(k - x.rank());
        const value y = F::over(x, a);
        r.put(m & 1 ? with_ones(y, x, a) : y);
    }
    return r;
}
template <class F>
struct subsets {
    constexpr auto operator()(value x) const { return over_subsets<F>(x); }
};
/// Each reduction goes back into the tensor that it is made of.
struct fed_back {
    constexpr auto operator()(value x) const {
        value_list r;
        for (int m = 1; m < 1 << x.rank(); ++m) {
            list a{};
            for (int k = 0; k < x.rank(); ++k)
                if (m >> k & 1) a.put(k - x.rank());
            r.put(x * with_ones(sum_over(x, a), x, a));
        }
        return r;
    }
};

template <int... Axis>
struct sums_of_products {
    constexpr auto operator()(value x, value y) const {
        const auto p = [&](int k) { return (x + k) * y; };   // each has one reader, but for `both` and `product`
        const auto q = [&](int k) { return square(y - k); };
        const value c = x > y, both = p(1) + q(1), product = p(13);
        const value terms[]{p(2) + q(2), p(3) - q(3), y * exp(x) - p(4), 3.0 - p(5), x - p(6), where(c, p(7), 0), where(c, q(8) - p(8), 0),
                            where(c, 1, p(9)), where(c, p(10), -0.0), q(11) + (p(11) - y * exp(y)), product - p(12), both};
        value_list r;
        for (const value t : terms) r.put(sum_over(t, ints(Axis...)));
        r.put(both);
        r.put(product);
        return r;
    }
};
TEST_CASE("sums of sums of products", "[cpu][shapes]") {   // the products are added one by one, under their masks and signs
    static constexpr auto v = placeholder<"v", float, "a", "b">;
    auto rows = function(inputs(x2, v), trace(sums_of_products<-1>{}, x2, v));
    auto columns = function(inputs(x2, v), trace(sums_of_products<-2>{}, x2, v));
    auto all = function(inputs(x2, v), trace(sums_of_products<-2, -1>{}, x2, v));
    static constexpr auto w = placeholder<"v", float, 7, 17>;
    auto fixed = function(inputs(s2, w), trace(sums_of_products<-1>{}, s2, w));
    compare(fixed, {}, {.tolerance = 1e4});
    for (const i64 a : {1, 3, 17, 40})
        for (const i64 b : {1, 3, 10, 16, 17, 100}) {
            compare(rows, {{"a", a}, {"b", b}}, {.tolerance = 1e4});
            compare(columns, {{"a", a}, {"b", b}}, {.tolerance = 1e4});
            compare(all, {{"a", a}, {"b", b}}, {.tolerance = 1e4});
        }
}
TEST_CASE("sums over every subset of axes", "[cpu][shapes]") {
    auto f1 = function(inputs(x1), trace(subsets<sum_call>{}, x1));
    auto f2 = function(inputs(x2), trace(subsets<sum_call>{}, x2));
    auto f3 = function(inputs(x3), trace(subsets<sum_call>{}, x3));
    auto f4 = function(inputs(x4), trace(subsets<sum_call>{}, x4));
    for (const i64 a : {0, 1, 3, 16, 17, 64, 1000}) {
        const settings sums{.tolerance = 1e4};
        compare(f1, {{"a", a}}, sums);
        for (const i64 b : {0, 1, 3, 10, 16, 17, 64, 1000}) compare(f2, {{"a", a}, {"b", b}}, sums);
    }
    for (const i64 a : {0, 1, 2, 5})
        for (const i64 b : {0, 1, 3})
            for (const i64 c : {0, 1, 10, 33}) {
                compare(f3, {{"a", a}, {"b", b}, {"c", c}});
                for (const i64 d : {0, 1, 4, 17}) compare(f4, {{"a", a}, {"b", b}, {"c", c}, {"d", d}});
            }
}
TEST_CASE("maxima over every subset of axes", "[cpu][shapes]") {
    auto f2 = function(inputs(s2), trace(subsets<max_call>{}, s2));
    auto f3 = function(inputs(s3), trace(subsets<max_call>{}, s3));
    auto f4 = function(inputs(x4), trace(subsets<max_call>{}, x4));
    auto g3 = function(inputs(d3), trace(subsets<max_call>{}, d3));
    compare(f2);
    compare(f3);
    for (const i64 a : {0, 1, 3})
        for (const i64 b : {0, 1, 9}) {
            compare(g3, {{"a", a}, {"b", b}});
            compare(f4, {{"a", a}, {"b", b}, {"c", 5}, {"d", 17}});
        }
}
TEST_CASE("positions of maxima over every subset of axes", "[cpu][shapes]") {
    auto f2 = function(inputs(s2), trace(subsets<argmax_call>{}, s2));
    auto f3 = function(inputs(x3), trace(subsets<argmax_call>{}, x3));
    auto i = function(inputs(i3), trace(subsets<argmin_call>{}, i3));
    compare(f2);
    for (const i64 a : {1, 3})
        for (const i64 b : {1, 4, 20})
            for (const i64 c : {1, 17, 70}) {
                compare(f3, {{"a", a}, {"b", b}, {"c", c}});
                compare(i, {{"a", a}, {"b", b}, {"c", c}});
            }
}
TEST_CASE("integers and means", "[cpu][shapes]") {
    auto s = function(inputs(i3), trace(subsets<sum_call>{}, i3));
    auto m = function(inputs(d3), trace(subsets<mean_call>{}, d3));
    for (const i64 a : {0, 1, 3})
        for (const i64 b : {0, 1, 20}) {
            compare(s, {{"a", a}, {"b", b}, {"c", 130}});
            compare(m, {{"a", a}, {"b", b}});
        }
}
TEST_CASE("sums that go back into the tensor", "[cpu][shapes]") {
    auto f2 = function(inputs(x2), trace(fed_back{}, x2));
    auto g2 = function(inputs(s2), trace(fed_back{}, s2));
    auto f3 = function(inputs(x3), trace(fed_back{}, x3));
    auto g3 = function(inputs(s3), trace(fed_back{}, s3));
    compare(g2);
    compare(g3);
    for (const i64 a : {0, 1, 3, 16})
        for (const i64 b : {0, 1, 17, 100}) {
            compare(f2, {{"a", a}, {"b", b}});
            compare(f3, {{"a", a}, {"b", b}, {"c", 5}});
        }
}

/// Two vectors see to NaN together: a NaN anywhere must reach the result, from whole vectors, those left over and the last few numbers.
template <class T>
void try_nan_everywhere() {
    constexpr auto v = placeholder<"v", T, "n">;
    auto f = function(inputs(v), outputs(max(v), min(v), max(absolute(v)), sum(v)));
    for (const i64 n : {1, 2, 7, 31, 64, 127, 128, 200, 293}) {
        tensor<T, dynamic> x(n);
        for (i64 k = 0; k < n; ++k) x(k) = static_cast<T>(k * 37 % 101 - 50);
        const T largest = *std::max_element(x.data(), x.data() + n), least = *std::min_element(x.data(), x.data() + n);
        T high, low, widest, total;
        f.into(high, low, widest, total)(x);
        CHECK(high == largest);
        CHECK(low == least);
        CHECK(widest == std::max(largest, -least));
        bool seen = true;
        for (i64 k = 0; k < n; ++k) {
            const T before = x(k);
            x(k) = std::numeric_limits<T>::quiet_NaN();
            f.into(high, low, widest, total)(x);
            seen &= high != high && low != low && widest != widest && total != total;
            x(k) = before;
        }
        INFO(n);
        CHECK(seen);
    }
}
/// Of rows, of columns and of both, where an earlier row's NaN is carried on, with two dtypes in one body.
void try_nan_in_rows() {
    constexpr auto v = placeholder<"v", float, "n", "w">;
    constexpr auto r = placeholder<"r", float, "w">;
    auto f = function(inputs(v, r), outputs(max(v + r), max<1>(v), min<0>(v), min(cast<double>(v))));
    for (const i64 w : {3, 40, 133, 300}) {
        constexpr i64 n = 3;
        tensor<float, dynamic, dynamic> x(n, w);
        tensor<float, dynamic> zero(w), of_columns(w);
        tensor<float, dynamic> of_rows(n);
        for (i64 k = 0; k < n * w; ++k) x.data()[k] = static_cast<float>(k * 37 % 101 - 50);
        bool right = true;
        for (i64 k = 0; k < n * w; ++k) {
            const float before = x.data()[k];
            x.data()[k] = std::numeric_limits<float>::quiet_NaN();
            float all;
            double least;
            f.into(all, of_rows, of_columns, least)(x, zero);
            right &= all != all && least != least;
            for (i64 i = 0; i < n; ++i) right &= (of_rows(i) != of_rows(i)) == (i == k / w);
            for (i64 j = 0; j < w; ++j) right &= (of_columns(j) != of_columns(j)) == (j == k % w);
            x.data()[k] = before;
        }
        INFO(w);
        CHECK(right);
    }
}
TEST_CASE("NaN anywhere in a maximum", "[cpu][shapes]") {
    try_nan_in_rows();
    try_nan_everywhere<float>();
    try_nan_everywhere<double>();
}

}  // namespace
}  // namespace kiln::testing
