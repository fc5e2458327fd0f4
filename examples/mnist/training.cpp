#include "training.hpp"

#include <kiln/core/philox.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

namespace mnist {

using kiln::i64, kiln::u64;

arguments::arguments(int argc, char** argv) {
    for (int k = 1; k < argc; ++k) {
        if (!std::strcmp(argv[k], "--epochs") && k + 1 < argc) epochs = std::atoi(argv[++k]);
        else if (!std::strcmp(argv[k], "--seed") && k + 1 < argc) seed = static_cast<unsigned>(std::atoi(argv[++k]));
        else directory = argv[k];
    }
    if (epochs < 1) throw kiln::value_error("--epochs wants a number above 0");
}

dataset arguments::data() const { return directory ? full(directory) : bundled(KILN_EXAMPLE_DATA); }

course::course(const arguments& given, const dataset& data)
    : data_(data), seed_(given.seed), order_(static_cast<std::size_t>(data.train.size())), images_(minibatch), labels_(minibatch),
      progress_(given.epochs, data.train.size()) {
    std::iota(order_.begin(), order_.end(), i64{0});
}

void course::begin_epoch(int epoch) {
    for (i64 i = data_.train.size() - 1; i > 0; --i)   // Fisher and Yates
        std::swap(order_[static_cast<std::size_t>(i)],
                  order_[kiln::philox::random_bits(seed_, static_cast<u64>(epoch), static_cast<u64>(i)) % static_cast<u64>(i + 1)]);
    first_ = size_ = 0;
}

bool course::next() {
    first_ += size_;
    size_ = std::min(minibatch, data_.train.size() - first_);
    for (i64 i = 0; i < size_; ++i) {
        const i64 k = order_[static_cast<std::size_t>(first_ + i)];
        std::copy_n(data_.train.images.data() + k * 784, 784, images_.data() + i * 784);
        labels_(i) = data_.train.labels(k);
    }
    return size_ > 0;
}

void course::step(float loss) {
    history_.loss.push_back(loss);
    progress_.step(size_, static_cast<double>(loss));
}

static std::span<const std::int32_t> labels_of(const digits& some) { return {some.labels.data(), static_cast<std::size_t>(some.size())}; }

double course::end_epoch(std::vector<std::int32_t> predictions) {
    predictions_ = std::move(predictions);
    const double share = accuracy(labels_of(data_.test), predictions_);
    history_.accuracy.emplace_back(steps(), share);
    progress_.end_epoch(share);
    return share;
}

void course::report(const char* name) {
    progress_.finish();
    const std::string picture = std::string(name) + ".png";
    const digits& test = data_.test;
    const auto truth = labels_of(test);
    std::printf("\n%s\n", confusion_matrix(truth, predictions_).c_str());
    write_picture(picture, history_, std::span(test.images.data(), static_cast<std::size_t>(test.images.size())), truth, predictions_);
    std::printf("the loss curve and the misread digits are in %s\n", picture.c_str());
    std::printf("test accuracy %.2f %%\n", 100 * accuracy(truth, predictions_));
}

}  // namespace mnist
