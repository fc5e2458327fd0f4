// Slices and pads: every kind of position, as numpy has it; extents with names; what is refused. Values of slices and pads agree with
// those of numpy (x = numpy.arange(n); x[start:stop], numpy.pad(x, width)).
#include <kiln/kiln.hpp>

#include <alike.hpp>
#include <catch2/catch.hpp>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, 5>;
constexpr auto m = placeholder<"m", float, 4, 3>;
constexpr auto v = placeholder<"v", double, "n">;

template <class E>
constexpr i64 extent_of(E, int k = 0) {
    constexpr graph_view g = E::graph.view();
    return g.at(g.nodes[g.root(0)].shape, k);
}
/// The extent as text: "n - 2" for one with a name.
template <class E>
constexpr bool named(E, const char* s) {
    constexpr graph_view g = E::graph.view();
    const i64 e = g.at(g.nodes[g.root(0)].shape, 0);
    if (!is_product(e)) return false;
    const int l = static_cast<int>(extent_tag - e);
    return g.length(l) == 2 && g.at(l, 0) == 1 && same_text(g.text_of(g.at(l, 1)), s);
}

// numpy: [len(numpy.arange(5)[a:b]) for a, b in ...]
static_assert(extent_of(slice<1, -1>(x)) == 3);
static_assert(extent_of(slice<0, 4>(x)) == 4);
static_assert(extent_of(slice<none, 2>(x)) == 2);
static_assert(extent_of(slice<-2, none>(x)) == 2);
static_assert(extent_of(slice<-9, 9>(x)) == 5);
static_assert(extent_of(slice<3, 2>(x)) == 0);
static_assert(extent_of(slice<7, 9>(x)) == 0);
static_assert(extent_of(slice<-1, -3>(x)) == 0);
static_assert(extent_of(slice<2, -3>(x)) == 0);
static_assert(extent_of(slice<range<1, none>, range<-2, none>>(m), 1) == 2);
static_assert(extent_of(slice<range<>, range<0, 1>>(m), 1) == 1);
static_assert(extent_of(pad<1, 2>(m), 1) == 6);
static_assert(extent_of(pad<3>(x)) == 11);
static_assert(extent_of(pad<width<0>, width<1, 4>>(m), 1) == 8);

// what says nothing is nothing
static_assert(alike(slice<none, none>(x), x));
static_assert(alike(slice<0, 5>(x), x));
static_assert(alike(slice<range<>>(x), x));
static_assert(alike(pad<0>(x), x));
static_assert(alike(slice<1, -1>(x), slice<-4, 4>(x)));
static_assert(alike(slice<1, none>(x), trace([](value u) { return u[slice(1, none)]; }, x)));
static_assert(alike(slice<range<1, 3>, range<0, 2>>(m), trace([](value u) { return slice(u, slice(1, 3), slice(0, 2)); }, m)));
static_assert(alike(pad<1, 2>(x), trace([](value u) { return pad(u, {1, 2}); }, x)));
static_assert(alike(pad<width<1, 2>, width<0>>(m), trace([](value u) { return pad(u, {{1, 2}, {0, 0}}); }, m)));

// an extent with a name: what the compiler can tell
static_assert(named(slice<1, -1>(v), "n - 2"));
static_assert(named(pad<1, 2>(v), "n + 3"));
static_assert(named(pad<1>(slice<1, -1>(v)), "n"));
static_assert(named(slice<2, none>(slice<0, -1>(v)), "n - 3"));
static_assert(extent_of(slice<-3, none>(v)) == 3);
static_assert(extent_of(slice<0, 3>(v)) == 3);
static_assert(extent_of(slice<-3, -1>(v)) == 2);
static_assert(extent_of(slice<-1, -3>(v)) == 0);
static_assert(extent_of(slice<4, 2>(v)) == 0);
static_assert(extent_of(slice<2, 5>(v)) == 3);
static_assert(named(slice<3, none>(placeholder<"p", float, "n - 1">), "n - 4"));

template <class T, i64 N>
std::vector<double> numbers(const tensor<T, N>& t) { return {t.begin(), t.end()}; }
using numbers_list = std::vector<double>;

TEST_CASE("values of slices and pads are numpy's", "[ops][slices]") {
    const tensor<float, 5> a{0, 1, 2, 3, 4};
    CHECK(numbers(eval(slice<1, -1>(x), x = a)) == numbers_list{1, 2, 3});
    CHECK(numbers(eval(slice<-2, none>(x), x = a)) == numbers_list{3, 4});
    CHECK(numbers(eval(slice<3, 2>(x), x = a)) == numbers_list{});
    CHECK(numbers(eval(pad<1, 2>(x), x = a)) == numbers_list{0, 0, 1, 2, 3, 4, 0, 0});
    CHECK(numbers(eval(pad<2, 0>(slice<1, 3>(x)), x = a)) == numbers_list{0, 0, 1, 2});
    constexpr auto of_values = trace([](value u) { return u[3] + 10 * u[-1] + 100 * u[slice(0, 1)][0]; }, x);
    static_assert(of_values.rank() == 0);
    CHECK(eval(of_values, x = a) == 43);
    constexpr auto row = trace([](value u) { return u[-2]; }, m);
    static_assert(row.rank() == 1);
    const tensor<float, 4, 3> b{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}};
    CHECK(numbers(eval(row, m = b)) == numbers_list{6, 7, 8});
    const auto part = eval(slice<range<1, 3>, range<-2, none>>(m), m = b);   // x[1:3, -2:]
    CHECK(std::vector<float>(part.begin(), part.end()) == std::vector<float>{4, 5, 7, 8});
    const auto around = eval(pad<width<1, 0>, width<0, 1>>(slice<2, none>(m)), m = b);
    CHECK(std::vector<float>(around.begin(), around.end()) == std::vector<float>{0, 0, 0, 0, 6, 7, 8, 0, 9, 10, 11, 0});
}
TEST_CASE("slices in constant evaluation", "[ops][slices]") {
    static_assert(eval(sum(slice<1, -1>(x)), x = tensor{1.f, 2.f, 4.f, 8.f, 16.f}) == 14);
    static_assert(eval(sum(pad<1>(slice<-2, none>(v)) * 2_c), v = tensor{1., 2., 4.}) == 12);
    constexpr auto y = sum(square(slice<1, none>(v) - slice<0, -1>(v)));
    static_assert(eval(y, v = tensor{1., 2., 4.}) == 5);
    static_assert(eval(grad(y, v), v = tensor{1., 2., 4.})(1) == -2);   // 2 (1) - 2 (2)
    static_assert(eval(hvp(y, v, ones_like(v) * 3_c), v = tensor{1., 2., 4.})(1) == 0);
}
TEST_CASE("gradients of slices and pads are pads and slices", "[ops][slices]") {
    constexpr auto g = placeholder<"g", float, 3>;
    static_assert(alike(vjp(slice<1, -1>(x), x, g), pad<1>(g)));
    constexpr auto h = placeholder<"h", float, 8>;
    static_assert(alike(vjp(pad<1, 2>(x), x, h), slice<1, -2>(h)));
    constexpr auto t = placeholder<"t", float, 5>;
    static_assert(alike(jvp(slice<1, -1>(x), x, t), slice<1, -1>(t)));
    static_assert(alike(jvp(pad<1, 2>(x), x, t), pad<1, 2>(t)));
    constexpr auto e = placeholder<"e", double, 3>;   // of the last three of n
    static_assert(named(vjp(slice<-3, none>(v), v, e), "n"));
    static_assert(named(vjp(slice<0, 3>(v), v, e), "n"));
}
TEST_CASE("extents that only a call knows", "[ops][slices]") {
    auto f = function(inputs(v), outputs(slice<1, -1>(v), slice<-3, none>(v), slice<0, 2>(v), pad<1>(v), grad(sum(square(slice<-3, none>(v))), v)));
    const auto [inner, last, first, around, slope] = f(tensor{1., 2., 3., 4.});
    CHECK(std::vector<double>(inner.begin(), inner.end()) == numbers_list{2, 3});
    CHECK(std::vector<double>(last.begin(), last.end()) == numbers_list{2, 3, 4});
    CHECK(std::vector<double>(first.begin(), first.end()) == numbers_list{1, 2});
    CHECK(std::vector<double>(around.begin(), around.end()) == numbers_list{0, 1, 2, 3, 4, 0});
    CHECK(std::vector<double>(slope.begin(), slope.end()) == numbers_list{0, 4, 6, 8});
    const auto again = f(tensor{5., 6., 7.});
    CHECK(std::get<0>(again).size() == 1);
    CHECK_THROWS_WITH(f(tensor{5., 6.}), "kiln: the extent \"n\" is 2, a slice wants at least 3");
    auto whole = function(inputs(v), slice<2, -2>(v));
    CHECK(whole(tensor{1., 2., 3., 4.}).size() == 0);
    CHECK_THROWS_AS(whole(tensor{1., 2., 3.}), shape_error);
    constexpr auto u = placeholder<"u", double, "n - 1">;   // the caller's own name for it
    auto both = function(inputs(v, u), slice<1, none>(v) + u);
    const auto sum = both(tensor{1., 2., 3.}, tensor{10., 20.});
    CHECK(std::vector<double>(sum.begin(), sum.end()) == numbers_list{12, 23});
    CHECK_THROWS_AS(both(tensor{1., 2., 3.}, tensor{10., 20., 30.}), shape_error);
}

template <class F>
std::string found(F f, const char* name, type t) {
    static builder b;
    b = {};
    list s{};
    if (t.shape) s.put(t.shape);
    f(placeholder_of(b, name, {b.intern(s), t.element}));
    return b.found.what.s;
}
TEST_CASE("what slices and pads refuse", "[ops][slices]") {
    const type vector{5, dtype::float32}, number{0, dtype::float32};
    CHECK(found([](value u) { u[5]; }, "x", vector) == "slice: index out of range");
    CHECK(found([](value u) { u[-6]; }, "x", vector) == "slice: index out of range");
    CHECK(found([](value u) { u[0]; }, "x", number) == "slice: the operand has no axis");
    CHECK(found([](value u) { slice(u, slice(0, 1), slice(0, 1)); }, "x", vector) == "slice: more slices than axes");
    CHECK(found([](value u) { pad(u, {1, -1}); }, "x", vector) == "pad: a negative width");
    CHECK(found([](value u) { pad(u, {{1, 1}, {1, 1}}); }, "x", vector) == "pad: one width, or one for each axis");
    CHECK(found([](value u) { slice_range r{-2, 3}; slice_by(expand(u, ints(-2), ints(u.b->named("n"))), &r, 1); }, "x", vector) == "slice: the extent cannot be told");
    CHECK(found([](value u) {   // a name without room for a number beside it is not cut short
        const std::string name(201, 'n');
        slice_range r{1, none};
        slice_by(expand(u, ints(-2), ints(u.b->named(name.c_str()))), &r, 1);
    }, "x", vector) == "slice: the extent cannot be told");
    CHECK(found([](value u) { pad(u, {0, 0}); u[slice(0, 0)]; u[4]; u[-5]; }, "x", vector) == "");
}

}  // namespace
