// Trains a small LeNet on MNIST digits: the bundled 10,000 (8,000 to train on, 2,000 held back), or the full set from a
// directory with the four IDX files.   usage: mnist_cnn [DIRECTORY] [--epochs N] [--seed N]
#include <kiln/kiln.hpp>

#include <cstdint>
#include <cstdio>

#include "training.hpp"

using namespace kiln;

// The tutorial's layer, grown into a small LeNet.
constexpr auto images = placeholder<"images", float, "batch", 784>;
constexpr auto labels = placeholder<"labels", std::int32_t, "batch">;
constexpr auto logits = trace([](value h) {
    h = reshape(h, {-1, 28, 28, 1});
    h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 8, 5, "first", nn::he_normal, full<0.1>)));
    h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 16, 5, "second", nn::he_normal, full<0.1>)));
    h = relu(nn::dense(reshape(h, {-1, 7 * 7 * 16}), 128, "hidden"));
    return nn::dense(h, 10, "readout");
}, images);
constexpr auto loss = mean(softmax_cross_entropy(logits, labels));

int main(int argc, char** argv) try {
    const mnist::arguments given(argc, argv);
    const mnist::dataset data = given.data();

    auto train = function(inputs(images, labels), loss, updates(nn::momentum(loss, 0.02_c, 0.9_c)));
    auto classify = function(inputs(images), argmax<1>(logits));
    session s(train, classify);
    s.initialize(given.seed);
    mnist::run(given, data, "mnist_cnn", [&](auto x, auto y) { return train(s, x, y); }, [&](const auto& x) { return classify(s, x); });
} catch (const kiln::error& e) {
    std::fprintf(stderr, "mnist_cnn: %s\n", e.what());
    return 1;
}
