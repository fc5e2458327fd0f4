// Trains 784-128-10 on MNIST digits: the bundled 10,000 (8,000 to train on, 2,000 held back), or the full set from a
// directory with the four IDX files.   usage: mnist [DIRECTORY] [--epochs N] [--seed N]
#include <kiln/kiln.hpp>

#include <cstdint>
#include <cstdio>

#include "training.hpp"

using namespace kiln;

// The model, its loss and what training changes: all of it is type.
constexpr auto images = placeholder<"images", float, "batch", 784>;
constexpr auto labels = placeholder<"labels", std::int32_t, "batch">;
constexpr auto logits = nn::dense<10, "readout">(relu(nn::dense<128, "hidden">(images)));
constexpr auto loss = mean(softmax_cross_entropy(logits, labels));

int main(int argc, char** argv) try {
    const mnist::arguments given(argc, argv);
    const mnist::dataset data = given.data();

    auto train = function(inputs(images, labels), loss, updates(nn::momentum(loss, 0.05_c, 0.9_c)));
    auto classify = function(inputs(images), argmax<1>(logits));
    session s(train, classify);
    s.initialize(given.seed);
    mnist::run(given, data, "mnist", [&](auto x, auto y) { return train(s, x, y); }, [&](const auto& x) { return classify(s, x); });
} catch (const kiln::error& e) {
    std::fprintf(stderr, "mnist: %s\n", e.what());
    return 1;
}
