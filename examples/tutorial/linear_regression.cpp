// A line through noisy points, by gradient descent: variables, a loss, an optimizer, a session.
#include <kiln/kiln.hpp>

#include <cstdio>
#include <random>

using namespace kiln;

// [model]
constexpr auto x = placeholder<"x", float, "n">;
constexpr auto t = placeholder<"t", float, "n">;
constexpr auto w = variable<"w", float>(zeros);
constexpr auto b = variable<"b", float>(zeros);
constexpr auto loss = mean(square(w * x + b - t));
// [/model]

int main() {
    // [data]
    std::mt19937 random(1);
    tensor<float, dynamic> xs(100), ts(100);
    for (int i = 0; i < 100; ++i) {
        const float noise = static_cast<float>(random() % 2001) / 10000 - 0.1f;
        xs[i] = static_cast<float>(i) / 100;
        ts[i] = 2 * xs[i] + 1 + noise;
    }
    // [/data]

    // [train]
    auto train = function(inputs(x, t), loss, updates(nn::sgd(loss, 0.5_c)));
    session s(train);
    s.initialize();
    for (int step = 0; step <= 200; ++step) {
        const float cost = train(s, xs, ts);
        if (step % 50 == 0) std::printf("step %3d: loss %.4f\n", step, static_cast<double>(cost));
    }
    std::printf("w %.3f, b %.3f\n", static_cast<double>(s[w]), static_cast<double>(s[b]));
    // [/train]

    // [predict]
    auto predict = function(inputs(x), w * x + b);
    std::printf("at 2: %.3f\n", static_cast<double>(predict(s, tensor{2.f})[0]));
    // [/predict]
}
