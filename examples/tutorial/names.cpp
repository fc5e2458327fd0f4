// Names and scopes: what a graph looks like, in text and in TensorBoard.
#include <kiln/kiln.hpp>
#include <kiln/io/tensorboard.hpp>

#include <cstdio>

using namespace kiln;

// [names]
constexpr auto a = placeholder<"a", float>;
constexpr auto b = placeholder<"b", float>;
constexpr auto total = named<"total">(a + b);
// [/names]

// [scopes]
constexpr auto sum_of = [](value x, value y) { return x + y; };
constexpr auto first = scope<"addition">(sum_of, a, b);     // addition/add
constexpr auto second = scope<"addition">(sum_of, b, a);    // addition_1/add
// [/scopes]

// [trace]
constexpr auto deep = trace([](value h) {
    for (int i = 0; i < 2; ++i) {
        const name_scope block(h, {"block", i});
        h = tanh(h) + 1;
    }
    return h;
}, a);
// [/trace]

int main() {
    // [print]
    for (const std::string& name : names_of(first * second)) std::printf("%s\n", name.c_str());
    // [/print]
    // [tree]
    std::printf("%s", debug_print(total * deep).c_str());
    // [/tree]
    // [tensorboard]
    io::tensorboard::writer("logs/names").graph(first * second);
    // [/tensorboard]
    // [curve]
    io::tensorboard::writer log("logs/curve");
    for (int step = 0; step < 10; ++step) log.scalar("cost", step, 1.0 / (1 + step));
    // [/curve]
}
