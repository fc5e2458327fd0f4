// A layer that trains; with NAMES its nodes have names and scopes.
#include <kiln/kiln.hpp>

using namespace kiln;

constexpr auto x = placeholder<"x", float, "batch", 8>;
constexpr auto w = variable<"w", float, 8, 3>(random_normal<0.0, 0.1>);

#ifdef NAMES
constexpr auto y = scope<"layer">([](value h, value k) { return named(tanh(matmul(h, k)), "activation"); }, x, w);
constexpr auto loss = named<"cost">(mean(square(y)));
#else
constexpr auto y = tanh(matmul(x, w));
constexpr auto loss = mean(square(y));
#endif

int main() {
    auto train = function(inputs(x), outputs(loss, y), updates(assign(w, w - 0.1_c * grad(loss, w))));
    session s(train);
    s.initialize(1);
    const tensor<float, 2, 8> rows;
    train(s, rows);
    train(s, x = rows);
    return s.run(loss, x = rows) > 1.0f;
}
