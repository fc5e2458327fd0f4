// Derivatives of expressions: of several symbols at once, with seeds, in both modes, nested, with respect to variables and
// to expressions in the middle.
#include <kiln/kiln.hpp>

#include "alike.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <type_traits>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
constexpr auto v = placeholder<"v", double, 3>;
constexpr auto u = placeholder<"u", double, 3>;
constexpr auto m = placeholder<"m", double, "n", 3>;
constexpr auto w = variable<"w", double, 3>(full<2.0>);

// of several
constexpr auto f_of_xy = x * x * y + sin(y);
static_assert(eval(get<0>(grad(f_of_xy, x, y)), x = 3, y = 5) == 30);
static_assert(alike(get<0>(grad(f_of_xy, x, y)), grad(f_of_xy, x)));
static_assert(alike(get<1>(grad(f_of_xy, x, y)), grad(f_of_xy, y)));
static_assert(decltype(value_and_grad(f_of_xy, x, y))::size == 3);
static_assert(alike(get<0>(value_and_grad(f_of_xy, x, y)), f_of_xy));
static_assert(alike(get<2>(value_and_grad(f_of_xy, x, y)), grad(f_of_xy, y)));

// connected, but zero by construction: no mistake
static_assert(eval(grad(x * 0_c + y, x), x = 3) == 0);
static_assert(eval(grad(grad(x * y, x), y), x = 3, y = 4) == 1);
static_assert(eval(grad(grad(x * 3_c + x * x, x), x), x = 3) == 2);

// lists of ys and xs: the sum over the ys; seeds are cotangents
constexpr auto both = gradients(ys(x * y, x + y), xs(x, y));
static_assert(eval(get<0>(both), x = 3, y = 5) == 6);
static_assert(eval(get<1>(both), x = 3, y = 5) == 4);
static_assert(eval(gradients(ys(x * y, x + y), xs(x), seeds(2_c * y, x)), x = 3, y = 5) == 53);
constexpr double three[]{1, 2, 4}, unit[]{0, 1, 0};
static_assert(eval(gradients(ys(v * v), xs(v)), v = three)(2) == 8);        // of something that is no scalar
static_assert(eval(gradients(ys(v * v, sum(v)), xs(v), seeds(u, x)), v = three, u = unit, x = 10)(1) == 14);

// both modes
constexpr auto scaled = v * sum(v * v);   // J = |v|^2 I + 2 v v^T
static_assert(eval(jvp(scaled, v, u), v = three, u = unit)(0) == 4);
static_assert(eval(jvp(scaled, v, u), v = three, u = unit)(1) == 29);
static_assert(eval(vjp(scaled, v, u), v = three, u = unit)(2) == 16);
static_assert(eval(jvp(scaled, v, 1_c), v = three)(0) == 21 + 14);          // a number as a tangent
static_assert(eval(vjp(scaled, v, 1_c), v = three)(0) == 21 + 14);
constexpr auto cubes = sum(v * v * v);
static_assert(eval(hvp(cubes, v, u), v = three, u = unit)(1) == 12);
static_assert(eval(hvp(cubes, v, u), v = three, u = unit)(0) == 0);

// nested
static_assert(eval(grad(grad(x * x * x, x), x), x = 5) == 30);
static_assert(eval(grad(grad(grad(x * x * x, x), x), x), x = 5) == 6);
static_assert(eval(grad(grad(f_of_xy, x), y), x = 3, y = 5) == 6);
static_assert(eval(jvp(grad(cubes, v), v, u), v = three, u = unit)(1) == 12);
static_assert(eval(grad(sum(jvp(v * v, v, u)), u), v = three, u = unit)(2) == 8);
static_assert(eval(grad(sum(jvp(v * v * v, v, u)), v), v = three, u = unit)(1) == 12);
static_assert(eval(grad(sum(square(grad(cubes, v))), v), v = three)(1) == 2 * 12 * 12);

// with respect to an expression in the middle: it is held as a symbol of its own
constexpr auto middle = v * u;
static_assert(eval(grad(sum(square(middle)), middle), v = three, u = three)(2) == 32);
static_assert(eval(grad(sum(square(middle)) + sum(v), v), v = three, u = three)(2) == 2 * 16 * 4 + 1);
static_assert(eval(jvp(square(middle), middle, 1_c), v = three, u = three)(1) == 8);

// where a branch is not taken; gradients that are stopped
static_assert(eval(grad(where(x > 0_c, log(x), 0_c), x), x = 0.0) == 0);
static_assert(eval(grad(grad(where(x > 0_c, sqrt(x), 0_c), x), x), x = 0.0) == 0);
static_assert(eval(grad(x * stop_gradient(x), x), x = 3) == 3);
static_assert(eval(jvp(x, y, 1_c) + x + y, x = 3, y = 1) == 4);             // forward mode: not connected is zero

TEST_CASE("with respect to variables", "[derivatives]") {
    constexpr auto loss = sum(square(matmul(m, w)));
    auto f = function(inputs(m), value_and_grad(loss, w, m));
    session s(f);
    s.initialize();
    const auto [value_of, dw, dm] = f(s, tensor{{1., 2., 3.}, {0., 1., 0.}});
    CHECK(value_of == 144 + 4);
    CHECK(dw(0) == 24);
    CHECK(dw(1) == 2 * 12 * 2 + 2 * 2);
    CHECK(dm(0, 2) == 48);
    CHECK(dm(1, 0) == 8);
}

TEST_CASE("through every kind of broadcast and view", "[derivatives]") {
    constexpr auto row = expand_dims<0>(v);
    constexpr auto cost = sum(exp(m * row) / (1_c + sum<1, keepdims>(square(m)))) + mean(transpose(m)) + max(m);
    auto f = function(inputs(m, v), outputs(cost, grad(cost, m, v)));
    tensor<double, dynamic, 3> at{{0.1, -0.4, 0.3}, {0.7, 0.2, -0.5}};
    tensor<double, 3> and_at{0.5, -1.0, 2.0};
    const auto [c, dm, dv] = f(at, and_at);
    const double h = 1e-6;
    auto slope = [&](double& e) {
        const double before = e;
        e = before + h;
        const double up = std::get<0>(f(at, and_at));
        e = before - h;
        const double down = std::get<0>(f(at, and_at));
        e = before;
        return (up - down) / (2 * h);
    };
    for (int k = 0; k < 6; ++k) CHECK(dm.data()[k] == Approx(slope(at.data()[k])).epsilon(1e-7));
    for (int k = 0; k < 3; ++k) CHECK(dv(k) == Approx(slope(and_at(k))).epsilon(1e-7));
}

TEST_CASE("a Hessian times a vector, three ways", "[derivatives]") {
    constexpr auto energy = sum(exp(v) * sin(u)) + sum(v) * sum(v * v) * 0.5_c;
    auto f = function(inputs(v, u), outputs(hvp(energy, v, u), jvp(grad(energy, v), v, u), grad(sum(grad(energy, v) * stop_gradient(u)), v)));
    const auto [one, two, three_] = f(tensor{0.3, -0.2, 0.9}, tensor{1.0, 2.0, -1.0});
    for (int k = 0; k < 3; ++k) {
        CHECK(one(k) == Approx(two(k)).epsilon(1e-13));
        CHECK(one(k) == Approx(three_(k)).epsilon(1e-13));
    }
}

TEST_CASE("higher orders on the machine", "[derivatives]") {
    constexpr auto first = grad(exp(x) * sin(x), x);
    constexpr auto second = grad(first, x);
    constexpr auto third = grad(second, x);
    constexpr auto fourth = grad(third, x);
    auto f = function(inputs(x), outputs(first, second, third, fourth));
    const auto [d1, d2, d3, d4] = f(0.7);
    const double e = std::exp(0.7), s = std::sin(0.7), c = std::cos(0.7);
    CHECK(d1 == Approx(e * (s + c)).epsilon(1e-14));
    CHECK(d2 == Approx(2 * e * c).epsilon(1e-14));
    CHECK(d3 == Approx(2 * e * (c - s)).epsilon(1e-14));
    CHECK(d4 == Approx(-4 * e * s).epsilon(1e-14));
}

TEST_CASE("gradients in a function with updates", "[derivatives]") {
    constexpr auto t = placeholder<"t", double, 3>;
    constexpr auto loss = sum(square(w - t));
    auto f = function(inputs(t), outputs(loss, grad(loss, w)), updates(assign(w, w - 0.25_c * grad(loss, w))));
    session s(f);
    s.initialize();
    const auto [before, slope] = f(s, tensor{0., 1., 2.});
    CHECK(before == 5);
    CHECK(slope(0) == 4);
    CHECK(s[w](0) == 1);
    CHECK(s[w](1) == 1.5);
}

}  // namespace
