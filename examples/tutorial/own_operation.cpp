// An operation that kiln does not have, added from outside: softsign(x) = x / (1 + |x|).
#include <kiln/core/print.hpp>
#include <kiln/kiln.hpp>

#include <iostream>

// [operation]
namespace acme {

/// softsign(x) = x / (1 + |x|), between -1 and 1. Slope (1 - |y|)^2.
struct softsign_op : kiln::elementwise<softsign_op, 1> {
    static constexpr auto name = "acme.softsign";
    static constexpr auto takes = kiln::domain::floating;
    static constexpr bool costly = true;
    KILN_HD static constexpr auto compute(auto x) {
        const auto zero = like(x, 0);
        return x / (like(x, 1) + select(x < zero, -x, x));
    }
    static constexpr kiln::value partial(kiln::value, kiln::value y) { return square(1 - abs(y)); }
};
KILN_UNARY(softsign)

}  // namespace acme
// [/operation]

using namespace kiln;

// [static]
constexpr auto x = placeholder<"x", double>;
constexpr auto y = acme::softsign(x);
static_assert(eval(y, x = 3.0) == 0.75);
static_assert(eval(grad(y, x), x = 3.0) == 0.0625);
// [/static]

int main() {
    // [use]
    constexpr auto v = placeholder<"v", float, "n">;
    constexpr auto total = sum(acme::softsign(v));
    auto f = function(inputs(v), outputs(acme::softsign(v), grad(total, v), hvp(total, v, 1_c)));
    auto [value_of, slope, curvature] = f(tensor{-3.f, -1.f, 0.f, 1.f, 3.f});
    std::cout << value_of << '\n' << slope << '\n' << curvature << '\n';
    // [/use]
}
