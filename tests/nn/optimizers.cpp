// Optimizers: trajectories of a network against Lasagne's formulas in plain loops; and whether what they train gets better.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <nn/plain_mlp.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace kiln;
using kiln::testing::largest_difference;
using kiln::testing::numbers;

namespace {

constexpr auto x = placeholder<"x", double, "batch", 6>;
constexpr auto labels = placeholder<"labels", int, "batch">;
constexpr auto logits = nn::dense<5, "readout">(tanh(nn::dense<9, "hidden">(x)));
constexpr auto loss = mean(softmax_cross_entropy(logits, labels));

/// Five steps of a function that trains, and of the plain optimizer.
template <class F>
void follow(F train, const kiln::testing::plain_optimizer& plain_step) {
    session s(train);
    s.initialize(4);
    kiln::testing::plain_mlp plain{6, 9, 5};
    const auto stored = [&](int k) {
        return k == 0 ? tensor_view<double, dynamic>(s.template get<"hidden/kernel">().data(), 54)
             : k == 1 ? tensor_view<double, dynamic>(s.template get<"hidden/bias">().data(), 9)
             : k == 2 ? tensor_view<double, dynamic>(s.template get<"readout/kernel">().data(), 45)
                      : tensor_view<double, dynamic>(s.template get<"readout/bias">().data(), 5);
    };
    for (int k = 0; k < 4; ++k) std::copy(stored(k).begin(), stored(k).end(), plain.p[static_cast<std::size_t>(k)].begin());
    for (int step = 0; step < 5; ++step) {
        const std::size_t n = step == 3 ? 4 : 11;
        numbers batch(6 * n);
        std::vector<int> answers(n);
        for (std::size_t i = 0; i < batch.size(); ++i) batch[i] = static_cast<double>((i * 37 + static_cast<std::size_t>(step) * 11) % 19) / 9 - 1;
        for (std::size_t i = 0; i < n; ++i) answers[i] = static_cast<int>(i * 2 + static_cast<std::size_t>(step)) % 5;
        const double cost = train(s, tensor_view<const double, dynamic, 6>(batch.data(), static_cast<i64>(n)), answers);
        INFO("step " << step);
        CHECK(cost == Approx(plain.loss(batch, answers)).epsilon(1e-13));
        plain_step(plain.p, plain.g);
        for (int k = 0; k < 4; ++k) CHECK(largest_difference(stored(k), plain.p[static_cast<std::size_t>(k)]) < 1e-13);
    }
}

template <class U>
auto trained_by(U update) { return function(inputs(x, labels), loss, updates(update)); }

TEST_CASE("sgd", "[optimizers]") { follow(trained_by(nn::sgd(loss, 0.3_c)), kiln::testing::plain_sgd(0.3)); }
TEST_CASE("momentum", "[optimizers]") {
    follow(trained_by(nn::momentum(loss, 0.1_c, 0.8_c)), kiln::testing::plain_momentum(0.1, 0.8, false));
}
TEST_CASE("Nesterov momentum", "[optimizers]") {
    follow(trained_by(nn::nesterov_momentum(loss, 0.1_c)), kiln::testing::plain_momentum(0.1, 0.9, true));
}
TEST_CASE("adam", "[optimizers]") {
    follow(trained_by(nn::adam(loss, 0.02_c, 0.8_c, 0.99_c, 1e-6_c)), kiln::testing::plain_adam(0.02, 0.8, 0.99, 1e-6));
}
TEST_CASE("adam as it is", "[optimizers]") { follow(trained_by(nn::adam(loss)), kiln::testing::plain_adam(0.001, 0.9, 0.999, 1e-8)); }

TEST_CASE("a rate that is an input", "[optimizers]") {
    constexpr auto rate = placeholder<"rate", double>;
    constexpr auto w = variable<"w", double>(ones);
    auto step = function(inputs(rate), w, updates(nn::sgd(square(w), rate)));
    session s(step);
    s.initialize();
    step(s, 0.25);
    CHECK(s[w] == 0.5);
    step(s, rate = 0.125);
    CHECK(s[w] == 0.375);
}

TEST_CASE("the slots of an optimizer", "[optimizers]") {
    auto train = function(inputs(x, labels), updates(nn::momentum(loss, 0.1_c)));
    session s(train);
    std::vector<std::string> names;
    for (int k = 0; k < s.size(); ++k) names.push_back(s.name(k));
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"hidden/bias", "hidden/kernel", "momentum/hidden/bias/velocity", "momentum/hidden/kernel/velocity",
                                            "momentum/readout/bias/velocity", "momentum/readout/kernel/velocity", "readout/bias",
                                            "readout/kernel"});
    s.initialize(1);
    for (const double v : s.get<"momentum/hidden/kernel/velocity">()) CHECK(v == 0);
}

TEST_CASE("an optimizer beside other updates", "[optimizers]") {
    constexpr auto w = variable<"w", double>(ones);
    constexpr auto steps = variable<"steps", int>(zeros);
    auto step = function(inputs(), outputs(w, square(w)), updates(nn::sgd(square(w), 0.25_c), assign(steps, steps + 1_c)));
    session s(step);
    s.initialize();
    auto [w0, cost0] = step(s);
    CHECK(w0 == 1);
    CHECK(cost0 == 1);
    step(s);
    CHECK(s[w] == 0.25);
    CHECK(s[steps] == 2);
}

TEST_CASE("regression converges", "[optimizers]") {
    constexpr auto in = placeholder<"in", float, "n">;
    constexpr auto out = placeholder<"out", float, "n">;
    constexpr auto slope = variable<"slope", float>(zeros);
    constexpr auto offset = variable<"offset", float>(zeros);
    constexpr auto cost = mean(square(slope * in + offset - out));
    tensor<float, dynamic> xs(100), ts(100);
    for (int i = 0; i < 100; ++i) {
        xs[i] = static_cast<float>(i) / 100;
        ts[i] = 2 * xs[i] + 1;
    }
    auto converges = [&](auto train, int steps) {
        session s(train);
        s.initialize();
        float last = 0;
        for (int k = 0; k < steps; ++k) last = train(s, xs, ts);
        CHECK(last < 1e-6f);
        CHECK(s[slope] == Approx(2).margin(1e-2));
        CHECK(s[offset] == Approx(1).margin(1e-2));
    };
    converges(function(inputs(in, out), cost, updates(nn::sgd(cost, 0.5_c))), 400);
    converges(function(inputs(in, out), cost, updates(nn::momentum(cost, 0.1_c))), 400);
    converges(function(inputs(in, out), cost, updates(nn::nesterov_momentum(cost, 0.1_c))), 400);
    converges(function(inputs(in, out), cost, updates(nn::adam(cost, 0.1_c))), 400);
}

}  // namespace
