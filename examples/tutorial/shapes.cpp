// Shapes are part of the type. An extent is a number, or a name of what only the caller knows.
#include <kiln/core/print.hpp>
#include <kiln/kiln.hpp>

#include <iostream>
#include <vector>

using namespace kiln;

// [placeholders]
constexpr auto m = placeholder<"m", float, 2, 3>;                       // 2 x 3
constexpr auto images = placeholder<"images", float, "batch", 28, 28>;  // as many as there are
constexpr auto sentences = placeholder<"sentences", float, "batch", "time", 8>;
// [/placeholders]

// [reshape]
constexpr auto rows = reshape<"batch", 784>(images);
constexpr auto steps = reshape<extent("batch") * extent("time"), 8>(sentences);
static_assert(std::is_same_v<decltype(reshape<-1, 784>(images)), std::remove_const_t<decltype(rows)>>);
static_assert(std::is_same_v<decltype(reshape<-1, 8>(sentences)), std::remove_const_t<decltype(steps)>>);
// [/reshape]

int main() {
    // [broadcasting]
    constexpr auto row = placeholder<"row", float, 3>;
    constexpr auto column = placeholder<"column", float, 2, 1>;
    auto table = function(inputs(row, column), outputs(row + column, outer(column, row)));
    auto [sums, products] = table(tensor{1.f, 2.f, 3.f}, tensor{{10.f}, {20.f}});
    std::cout << sums << '\n' << products << '\n';
    // [/broadcasting]

    // [views]
    const tensor<float, 2, 3> numbers{{1, 2, 3}, {4, 5, 6}};
    std::cout << eval(transpose(m), m = numbers) << '\n';
    std::cout << eval(reshape<3, -1>(m), m = numbers) << '\n';
    std::cout << eval(m - expand_dims<1>(mean<1>(m)), m = numbers) << '\n';
    // [/views]

    // [reductions]
    auto reduced = function(inputs(m), outputs(sum(m), sum<0>(m), max<-1, keepdims>(m), argmax<1>(m)));
    auto [total, columns, largest, where_it_is] = reduced(numbers);
    static_assert(std::is_same_v<decltype(total), float>);
    static_assert(std::is_same_v<decltype(largest), tensor<float, 2, 1>>);
    std::cout << total << '\n' << columns << '\n' << largest << '\n' << where_it_is << '\n';
    // [/reductions]

    // [names]
    constexpr auto x = placeholder<"x", double, "n">;
    constexpr auto y = placeholder<"y", double, "n">;
    auto dot_product = function(inputs(x, y), dot(x, y));
    std::cout << dot_product(std::vector{1., 2., 3.}, std::vector{4., 5., 6.}) << '\n';
    // [/names]

    // [mismatch]
    try {
        dot_product(std::vector{1., 2., 3.}, std::vector{4., 5.});
    } catch (const shape_error& e) {
        std::cout << e.what() << '\n';
    }
    try {
        eval(rows, images = tensor<float, dynamic, 28, 27>(5));
    } catch (const shape_error& e) {
        std::cout << e.what() << '\n';
    }
    // [/mismatch]

    // [slices]
    constexpr auto differences = slice<1, none>(x) - slice<0, -1>(x);   // of extent "n - 1"
    constexpr auto roughness = sum(square(differences));
    auto smooth = function(inputs(x), outputs(differences, grad(roughness, x)));
    auto [steps_of_x, slope] = smooth(std::vector{1., 2., 4., 8.});
    std::cout << steps_of_x << '\n' << slope << '\n';
    std::cout << eval(pad<width<1, 0>, width<0, 1>>(slice<range<0, 1>, range<-2, none>>(m)), m = numbers) << '\n';
    // [/slices]
}
