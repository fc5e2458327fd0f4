// Derivatives are expressions: they are printed, differentiated again and compiled like any other.
#include <kiln/core/print.hpp>
#include <kiln/kiln.hpp>

#include <iostream>

using namespace kiln;

// [grad]
constexpr auto x = placeholder<"x", double>;
constexpr auto y = square(x);
constexpr auto slope = grad(y, x);
static_assert(eval(slope, x = 2.0) == 4.0);
// [/grad]

// [higher]
constexpr auto cube = x * x * x;
constexpr auto second = grad(grad(cube, x), x);
static_assert(eval(second, x = 5.0) == 30.0);
// [/higher]

// [where]
constexpr auto safe_log = where(x > 0_c, log(x), 0_c);
static_assert(eval(grad(safe_log, x), x = 0.0) == 0.0);                 // 1 / 0 is in the branch that is not taken
static_assert(eval(grad(safe_log, x), x = 4.0) == 0.25);
static_assert(eval(grad(grad(safe_log, x), x), x = 0.0) == 0.0);
// [/where]

int main() {
    // [call]
    auto f = function(inputs(x), slope);
    std::cout << f(2.0) << '\n';
    // [/call]

    // [several]
    constexpr auto v = placeholder<"v", double, 3>;
    constexpr auto w = placeholder<"w", double, 3>;
    constexpr auto cost = sum(square(v * w));
    auto both = function(inputs(v, w), outputs(cost, grad(cost, v, w)));
    auto [c, dv, dw] = both(tensor{1., 2., 3.}, tensor{1., 0., 2.});
    std::cout << c << '\n' << dv << '\n' << dw << '\n';
    // [/several]

    // [intermediate]
    constexpr auto product = v * w;
    std::cout << eval(grad(sum(square(product)), product), v = tensor{1., 2., 3.}, w = tensor{1., 0., 2.}) << '\n';
    // [/intermediate]

    // [directions]
    constexpr auto u = placeholder<"u", double, 3>;
    constexpr auto scaled = v * sum(v);                                      // its Jacobian is J
    auto along = function(inputs(v, u), outputs(jvp(scaled, v, u), vjp(scaled, v, u)));
    auto [forward, backward] = along(tensor{1., 2., 3.}, tensor{1., 0., 0.});     // J u, and u J
    std::cout << forward << '\n' << backward << '\n';
    // [/directions]

    // [curvature]
    constexpr auto energy = sum(v * v * v);
    auto curvature = function(inputs(v, u), hvp(energy, v, u));             // forward over reverse
    std::cout << curvature(tensor{1., 2., 3.}, tensor{1., 1., 1.}) << '\n';
    // [/curvature]

    // [stop]
    auto one_sided = function(inputs(x), grad(x * stop_gradient(x), x));
    std::cout << one_sided(3.0) << '\n';
    // [/stop]
}
