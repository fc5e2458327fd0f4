// What both halves agree on: an expression as a type in a function's signature, so that the program links only where both
// compilers give it one name.
#pragma once
#include <kiln/kiln.hpp>

namespace link_test {

constexpr auto x = kiln::placeholder<"x", float, "n", 3>;
constexpr auto w = kiln::variable<"w", float, 3, 2>(kiln::random_normal<0.0, 0.5>);
constexpr auto y = kiln::trace([](kiln::value h, kiln::value v) { return kiln::sum(kiln::tanh(kiln::matmul(h, v)) * 0.5); }, x, w);
constexpr auto slope = kiln::grad(y, w);

/// The value and the slope of a fixed case, computed by whichever compiler's kernels the linker has kept.
template <class E, class G>
float compute(E e, G g) {
    auto f = kiln::function(kiln::inputs(x), kiln::outputs(e, g));
    kiln::session s(f);
    s.initialize(3);
    const kiln::tensor<float, kiln::dynamic, 3> in{{1, 2, 3}, {-1, 0, 1}};
    const auto [value, d] = f(s, in);
    float sum = value;
    for (const float v : d) sum += v;
    return sum;
}
float of_one(decltype(y), decltype(slope));

}  // namespace link_test
