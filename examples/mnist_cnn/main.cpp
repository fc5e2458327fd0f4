// Trains a small LeNet on MNIST digits: the bundled 10,000 (8,000 to train on, 2,000 held back), or the full set from a
// directory with the four IDX files.   usage: mnist_cnn [DIRECTORY] [--epochs N] [--seed N]
#include <kiln/kiln.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "digits.hpp"
#include "report.hpp"

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
    const char* directory = nullptr;
    int epochs = 10;
    unsigned seed = 1;
    for (int k = 1; k < argc; ++k) {
        if (!std::strcmp(argv[k], "--epochs") && k + 1 < argc) epochs = std::atoi(argv[++k]);
        else if (!std::strcmp(argv[k], "--seed") && k + 1 < argc) seed = static_cast<unsigned>(std::atoi(argv[++k]));
        else directory = argv[k];
    }
    if (epochs < 1) throw value_error("--epochs wants a number above 0");
    const mnist::dataset data = directory ? mnist::full(directory) : mnist::bundled(KILN_EXAMPLE_DATA);

    auto train = function(inputs(images, labels), loss, updates(nn::momentum(loss, 0.02_c, 0.9_c)));
    auto classify = function(inputs(images), argmax<1>(logits));
    session s(train, classify);
    s.initialize(seed);

    const i64 n = data.train.size(), minibatch = 64;
    std::vector<i64> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), i64{0});
    tensor<float, dynamic, 784> batch(minibatch);
    tensor<std::int32_t, dynamic> answers(minibatch);
    std::vector<std::int32_t> predictions;
    const std::span<const std::int32_t> truth(data.test.labels.data(), static_cast<std::size_t>(data.test.size()));

    mnist::history history;
    mnist::progress progress(epochs, n);
    for (int epoch = 0; epoch < epochs; ++epoch) {
        for (i64 i = n - 1; i > 0; --i)   // Fisher and Yates
            std::swap(order[static_cast<std::size_t>(i)],
                      order[philox::random_bits(seed, static_cast<u64>(epoch), static_cast<u64>(i)) % static_cast<u64>(i + 1)]);
        for (i64 first = 0; first < n; first += minibatch) {
            const i64 m = std::min(minibatch, n - first);
            for (i64 i = 0; i < m; ++i) {
                const i64 k = order[static_cast<std::size_t>(first + i)];
                std::copy_n(data.train.images.data() + k * 784, 784, batch.data() + i * 784);
                answers(i) = data.train.labels(k);
            }
            const float cost = train(s, tensor_view<const float, dynamic, 784>(batch.data(), m),
                                     tensor_view<const std::int32_t, dynamic>(answers.data(), m));
            history.loss.push_back(cost);
            progress.step(m, static_cast<double>(cost));
        }
        const auto guesses = classify(s, data.test.images);
        predictions.assign(guesses.begin(), guesses.end());
        const double share = mnist::accuracy(truth, predictions);
        history.accuracy.emplace_back(static_cast<i64>(history.loss.size()), share);
        progress.end_epoch(share);
    }
    progress.finish();

    std::printf("\n%s\n", mnist::confusion_matrix(truth, predictions).c_str());
    mnist::write_picture("mnist_cnn.png", history, std::span(data.test.images.data(), static_cast<std::size_t>(data.test.images.size())),
                         truth, predictions);
    std::printf("the loss curve and the misread digits are in mnist_cnn.png\n");
    std::printf("test accuracy %.2f %%\n", 100 * mnist::accuracy(truth, predictions));
} catch (const kiln::error& e) {
    std::fprintf(stderr, "mnist_cnn: %s\n", e.what());
    return 1;
}
