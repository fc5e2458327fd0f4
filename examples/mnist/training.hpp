// What both networks share: the arguments, the epochs over shuffled minibatches, the report at the end.
#pragma once
#include <kiln/core/tensor.hpp>

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

/// How a training goes: the digits in minibatches, what is shown of it, and what came of it.
class course {
public:
    course(const arguments& given, const dataset& data);

    /// Shuffles the digits anew; before each epoch.
    void begin_epoch(int epoch);
    /// Moves to the next minibatch of the epoch; false where there is none.
    bool next();
    kiln::tensor_view<const float, kiln::dynamic, 784> images() const { return {images_.data(), size_}; }
    kiln::tensor_view<const std::int32_t, kiln::dynamic> labels() const { return {labels_.data(), size_}; }
    /// After the step on the minibatch, with its loss.
    void step(float loss);
    /// After the epoch, with what the held-back digits were taken for; gives the share that is right.
    double end_epoch(std::vector<std::int32_t> predictions);
    /// Prints how well the last predictions fit, and draws the picture NAME.png.
    void report(const char* name);

    kiln::i64 steps() const { return static_cast<kiln::i64>(history_.loss.size()); }

private:
    static constexpr kiln::i64 minibatch = 64;
    const dataset& data_;
    unsigned seed_;
    std::vector<kiln::i64> order_;
    kiln::tensor<float, kiln::dynamic, 784> images_;
    kiln::tensor<std::int32_t, kiln::dynamic> labels_;
    kiln::i64 first_ = 0, size_ = 0;   // of the minibatch
    history history_;
    progress progress_;
    std::vector<std::int32_t> predictions_;
};

/// The epochs. train(images, labels) is one step and gives its loss, classify(images) the classes; the picture is NAME.png.
/// `log` is told the loss of each step and the accuracy after each epoch.
template <class Train, class Classify, class Log = no_log>
void run(const arguments& given, const dataset& data, const char* name, Train train, Classify classify, Log log = {}) {
    course course(given, data);
    for (int epoch = 0; epoch < given.epochs; ++epoch) {
        course.begin_epoch(epoch);
        while (course.next()) {
            const float loss = train(course.images(), course.labels());
            log.step(course.steps(), loss);
            course.step(loss);
        }
        const auto guesses = classify(data.test.images);
        log.epoch(course.steps(), course.end_epoch({guesses.begin(), guesses.end()}));
    }
    course.report(name);
}

}  // namespace mnist
