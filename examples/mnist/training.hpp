// What both networks share: the arguments, the epochs over shuffled minibatches, the report at the end.
#pragma once
#include <kiln/core/philox.hpp>
#include <kiln/core/tensor.hpp>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "digits.hpp"
#include "picture.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace mnist {

struct arguments {
    const char* directory = nullptr;
    int epochs = 10;
    unsigned seed = 1;

    arguments(int argc, char** argv);
    dataset data() const;   // of the directory, else the bundled one
};

/// Who only wants the report.
struct no_log {
    void step(kiln::i64, float) {}
    void epoch(kiln::i64, double) {}
};

/// Prints how well `predictions` fit, and draws the picture NAME.png.
void report(const char* name, const history& run, const digits& test, std::span<const std::int32_t> predictions);

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

    report(name, history, data.test, predictions);
}

}  // namespace mnist
