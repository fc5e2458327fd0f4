// Programs: outputs, updates and givens in any order; the same program is one type.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <type_traits>

using namespace kiln;

namespace {

template <class A, class B>
constexpr bool alike(A, B) { return std::is_same_v<A, B>; }

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
constexpr auto w = variable<"w", double>(ones);

TEST_CASE("the parts of a function in any order", "[program]") {
    auto f = function(inputs(x), outputs(w * x), updates(assign(w, w + x)), givens(x = x * 2_c));
    auto g = function(inputs(x), givens(x = x * 2_c), updates(assign(w, w + x)), outputs(w * x));
    auto h = function(inputs(x), updates(assign(w, w + x)), w * x, givens(x = x * 2_c));
    static_assert(std::is_same_v<decltype(f), decltype(g)>);
    session s(f, h);
    s.initialize();
    CHECK(f(s, 1) == 2);
    CHECK(g(s, 1) == 6);
    CHECK(h(s, 1) == 10);
    CHECK(s[w] == 7.0);
}

TEST_CASE("several results as one", "[program]") {
    constexpr auto y2 = x * x * y;
    constexpr auto g = grad(y2, x, y);
    auto f = function(inputs(x, y), g);
    auto [dx, dy] = f(3, 5);
    CHECK(dx == 30);
    CHECK(dy == 9);
    static_assert(alike(get<0>(g), grad(y2, x)));
    static_assert(alike(get<1>(g), grad(y2, y)));
    auto h = function(inputs(x, y), outputs(y2, g, get<1>(g)));
    auto [value_of, d0, d1, again] = h(3, 5);
    CHECK(value_of == 45);
    CHECK(d0 == 30);
    CHECK(d1 == 9);
    CHECK(again == 9);
}

TEST_CASE("updates of a list of values", "[program]") {
    constexpr auto v = variable<"v", double>(zeros);
    auto f = function(inputs(x), outputs(w, v), updates(assign(w, x), assign(v, w)));
    session s(f);
    s.initialize();
    f(s, 5);
    auto [w_old, v_old] = f(s, 7);
    CHECK(w_old == 5);
    CHECK(v_old == 1);
    CHECK(s[v] == 5.0);
}

TEST_CASE("named extents of several symbols", "[program]") {
    constexpr auto a = placeholder<"a", float, "rows", "inner">;
    constexpr auto b = placeholder<"b", float, "inner", "columns">;
    auto f = function(inputs(a, b), outputs(matmul(a, b), sum<0>(b), transpose(a)));
    for (const auto& [rows, inner, columns] : {std::array{2, 3, 4}, std::array{1, 1, 1}, std::array{17, 33, 5}, std::array{3, 0, 2}}) {
        tensor<float, dynamic, dynamic> l(rows, inner), r(inner, columns);
        for (i64 k = 0; k < l.size(); ++k) l.data()[k] = static_cast<float>(k % 5);
        for (i64 k = 0; k < r.size(); ++k) r.data()[k] = static_cast<float>(k % 3);
        const auto [product, sums, turned] = f(l, r);
        REQUIRE(product.extent(0) == rows);
        REQUIRE(product.extent(1) == columns);
        for (int p = 0; p < rows; ++p)
            for (int q = 0; q < columns; ++q) {
                float want = 0;
                for (int k = 0; k < inner; ++k) want += l(p, k) * r(k, q);
                CHECK(product(p, q) == want);
            }
        CHECK(turned.extent(0) == inner);
        CHECK(sums.size() == columns);
    }
}

}  // namespace
