// What both networks share: the arguments, the epochs over shuffled minibatches, the report at the end.
#pragma once
#include <kiln/kiln.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "digits.hpp"
#include "report.hpp"

namespace mnist {

struct arguments {
    const char* directory = nullptr;
    int epochs = 10;
    unsigned seed = 1;

    arguments(int argc, char** argv) {
        for (int k = 1; k < argc; ++k) {
            if (!std::strcmp(argv[k], "--epochs") && k + 1 < argc) epochs = std::atoi(argv[++k]);
            else if (!std::strcmp(argv[k], "--seed") && k + 1 < argc) seed = static_cast<unsigned>(std::atoi(argv[++k]));
            else directory = argv[k];
        }
        if (epochs < 1) throw kiln::value_error("--epochs wants a number above 0");
    }
    dataset data() const { return directory ? full(directory) : bundled(KILN_EXAMPLE_DATA); }
};

/// Who only wants the report.
struct no_log {
    void step(kiln::i64, float) {}
    void epoch(kiln::i64, double) {}
};

/// The epochs. train(images, labels) is one step and gives its loss, classify(images) the classes; the picture is NAME.png.
/// `log` is told the loss of each step and the accuracy after each epoch.
template <class Train, class Classify, class Log = no_log>
void run(const arguments& given, const dataset& data, const char* name, Train train, Classify classify, Log log = {}) {
    using namespace kiln;
    const i64 n = data.train.size(), minibatch = 64;
    std::vector<i64> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), i64{0});
    tensor<float, dynamic, 784> batch(minibatch);
    tensor<std::int32_t, dynamic> answers(minibatch);
    std::vector<std::int32_t> predictions;
    const std::span<const std::int32_t> truth(data.test.labels.data(), static_cast<std::size_t>(data.test.size()));

    history history;
    progress progress(given.epochs, n);
    for (int epoch = 0; epoch < given.epochs; ++epoch) {
        for (i64 i = n - 1; i > 0; --i)   // Fisher and Yates
            std::swap(order[static_cast<std::size_t>(i)],
                      order[philox::random_bits(given.seed, static_cast<u64>(epoch), static_cast<u64>(i)) % static_cast<u64>(i + 1)]);
        for (i64 first = 0; first < n; first += minibatch) {
            const i64 m = std::min(minibatch, n - first);
            for (i64 i = 0; i < m; ++i) {
                const i64 k = order[static_cast<std::size_t>(first + i)];
                std::copy_n(data.train.images.data() + k * 784, 784, batch.data() + i * 784);
                answers(i) = data.train.labels(k);
            }
            const float cost = train(tensor_view<const float, dynamic, 784>(batch.data(), m),
                                     tensor_view<const std::int32_t, dynamic>(answers.data(), m));
            log.step(static_cast<i64>(history.loss.size()), cost);
            history.loss.push_back(cost);
            progress.step(m, static_cast<double>(cost));
        }
        const auto guesses = classify(data.test.images);
        predictions.assign(guesses.begin(), guesses.end());
        const double share = accuracy(truth, predictions);
        history.accuracy.emplace_back(static_cast<i64>(history.loss.size()), share);
        log.epoch(static_cast<i64>(history.loss.size()), share);
        progress.end_epoch(share);
    }
    progress.finish();

    const std::string picture = std::string(name) + ".png";
    std::printf("\n%s\n", confusion_matrix(truth, predictions).c_str());
    write_picture(picture, history, std::span(data.test.images.data(), static_cast<std::size_t>(data.test.images.size())),
                  truth, predictions);
    std::printf("the loss curve and the misread digits are in %s\n", picture.c_str());
    std::printf("test accuracy %.2f %%\n", 100 * accuracy(truth, predictions));
}

}  // namespace mnist
