// Symbols hold no value: an expression of them is a type, and numbers come in when it is evaluated.
#include <kiln/kiln.hpp>

#include <cstdint>
#include <cstdio>

using namespace kiln;

// [symbols]
constexpr auto a = placeholder<"a", std::int8_t>;
constexpr auto b = placeholder<"b", std::int8_t>;
constexpr auto z = a + b;
// [/symbols]

// [static]
static_assert(eval(z, a = 10, b = 32) == 42);
static_assert(sizeof(z) == 1);                            // there is nothing in it: the graph is its type
// [/static]

int main() {
    // [eval]
    std::printf("%d\n", eval(z, a = 10, b = 32));
    // [/eval]

    // [wrap]
    std::printf("%d\n", eval(z, a = 100, b = 100));
    // [/wrap]

    // [refused]
    try {
        eval(z, a = 300, b = 1);
    } catch (const value_error& e) {
        std::puts(e.what());
    }
    // [/refused]

    // [operators]
    constexpr auto smaller = a < b;                       // a symbol of bool, not a bool
    constexpr auto middle = (a + b) / 2_c;                // a number is written 2_c, and takes the dtype of a + b
    constexpr auto inside = a > -5_c && !(a == b);
    std::printf("%d %d %d\n", eval(smaller, a = 1, b = 2), eval(middle, a = 10, b = 32), eval(inside, a = 1, b = 1));
    // [/operators]
}
