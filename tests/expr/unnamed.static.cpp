// Symbols without a name: each place is another symbol, and compilers agree on their numbers.
#include <kiln/kiln.hpp>

#include "alike.hpp"

#include <type_traits>

namespace {

using namespace kiln;

/// Is the symbol called so in the graph?
template <u64 Lo, u64 Hi>
constexpr bool called(expr<Lo, Hi>, const char* name) {
    const graph_view g = expr<Lo, Hi>::graph.view();
    return same_text(g.text_of(g.at(g.nodes[g.root(0)].attrs, 0)), name);
}

constexpr auto a = unnamed_placeholder<std::int8_t>();
constexpr auto b = unnamed_placeholder<std::int8_t>();
constexpr auto images = unnamed_placeholder<float, "batch", 784>();
static_assert(!alike(a, b) && alike(a, a));
static_assert(a.rank() == 0 && a.element() == dtype::int8);
static_assert(images.rank() == 2 && images.element() == dtype::float32);
static_assert(called(a, "Placeholder#0") && called(b, "Placeholder#1") && called(images, "Placeholder#2"));
static_assert(eval(a + b, a = 10, b = 32) == 42);
static_assert(eval(a - b, b = 2, a = 3) == 1);

// variables are counted by themselves, and in the order of the source
constexpr auto filters = variable<float, 5, 5, 1, 3>(random_normal<0.0, 0.1>);
constexpr auto scale = variable<double>(2_c);
constexpr auto named = variable<"bias", float, 3>(zeros);
constexpr auto bias = variable<float, 3>(zeros);
static_assert(called(filters, "Variable#0") && called(scale, "Variable#1") && called(named, "bias") && called(bias, "Variable#2"));
static_assert(filters.rank() == 4 && scale.element() == dtype::float64 && !alike(bias, variable<float, 3>(zeros)));
static_assert(called(variable<float, 3>(zeros), "Variable#4"));

// in functions, in lambdas, two in one expression
template <class A, class B>
constexpr bool differ(A, B) { return !std::is_same_v<A, B>; }
constexpr bool inside() {
    constexpr auto x = unnamed_placeholder<float>();
    auto lambda = [] { return unnamed_placeholder<float>(); };
    return differ(x, lambda()) && alike(lambda(), lambda()) && differ(unnamed_placeholder<float>(), unnamed_placeholder<float>());
}
static_assert(inside());

// random nodes: each place where a distribution is written
constexpr auto u = random_uniform<>(shape<float, 3>);
constexpr auto v = random_uniform<>(shape<float, 3>);
static_assert(!alike(u, v) && alike(u - u, u - u));
static_assert(!alike(u, random_normal<>(shape<float, 3>)));
static_assert(alike(random_uniform<>(u, seed<7>), random_uniform<>(shape<float, 3>, seed<7>)));   // of the shape and dtype of u
static_assert(!alike(random_uniform<>(u, seed<7>), random_uniform<>(u, seed<8>)));
static_assert(alike(random_uniform<>(u, stream<"noise">), random_uniform<>(u, stream<"noise">)));
static_assert(!alike(random_uniform<>(u, stream<"noise">), random_uniform<>(u, stream<"drop">)));
static_assert(random_uniform<>(images).rank() == 2 && random_uniform<0, 10>(shape<std::int8_t, 4>).element() == dtype::int8);
constexpr bool keyed(const graph_view& g, const char* key) {
    for (int i = 0; i < g.n; ++i)
        if (g.nodes[i].op == &info<random_uniform_op> && same_text(g.text_of(g.at(g.nodes[i].attrs, 0)), key)) return true;
    return false;
}
static_assert(keyed(decltype(u - 1_c)::graph.view(), "random#0") && keyed(decltype(v - 1_c)::graph.view(), "random#1"));

// initializers have no place: the variable's name is the key
static_assert(alike(variable<"w", float, 3>(random_uniform<>), variable<"w", float, 3>(random_uniform<>)));

}  // namespace
