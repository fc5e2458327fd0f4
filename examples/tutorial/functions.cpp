// Functions: expressions that are compiled with the program and called with numbers and tensors; state in a session.
#include <kiln/core/print.hpp>
#include <kiln/kiln.hpp>

#include <iostream>

using namespace kiln;

int main() {
    // [call]
    constexpr auto a = placeholder<"a", int>;
    constexpr auto b = placeholder<"b", int>;
    auto f = function(inputs(a, b), a + b);
    std::cout << f(10, 32) << '\n';
    // [/call]

    // [names]
    std::cout << f(b = 32, a = 10) << '\n';
    std::cout << eval(a + b, a = 10, b = 32) << '\n';
    // [/names]

    // [outputs]
    constexpr auto x = placeholder<"x", double, "rows", "columns">;
    constexpr auto y = placeholder<"y", double, "rows", "columns">;
    auto g = function(inputs(x, y), outputs(x - y, abs(x - y), square(x - y)));
    auto [difference, size, squared] = g(tensor{{1., 1.}, {1., 1.}}, tensor{{0., 1.}, {2., 3.}});
    std::cout << difference << '\n' << size << '\n' << squared << '\n';
    // [/outputs]

    // [into]
    double data[]{1, 2, 3, 4, 5, 6}, result[6];
    auto h = function(inputs(x), 2_c * x);
    h.into(tensor_view<double, 2, 3>(result))(tensor_view<const double, 2, 3>(data));
    std::cout << result[5] << '\n';
    // [/into]

    // [state]
    constexpr auto state = variable<"state", int>(zeros);
    constexpr auto inc = placeholder<"inc", int>;
    auto accumulator = function(inputs(inc), state, updates(assign(state, state + inc)));
    auto decrementor = function(inputs(inc), state, updates(assign(state, state - inc)));
    // [/state]

    // [uninitialized]
    session s(accumulator, decrementor);
    try {
        accumulator(s, 1);
    } catch (const uninitialized_error& e) {
        std::cout << e.what() << '\n';
    }
    // [/uninitialized]

    // [accumulate]
    s.initialize();
    std::cout << accumulator(s, 1) << '\n';
    std::cout << accumulator(s, 300) << '\n';
    std::cout << s[state] << '\n';
    s[state] = -1;
    std::cout << accumulator(s, 3) << '\n';
    std::cout << decrementor(s, 2) << '\n';
    std::cout << s[state] << '\n';
    // [/accumulate]

    // [givens]
    constexpr auto foo = placeholder<"foo", int>;
    auto skip = function(inputs(inc, foo), state * 2_c + inc, givens(state = foo));
    std::cout << skip(1, 3) << '\n';
    // [/givens]
}
