#include "report.hpp"

#include <array>

#include <kiln/core/error.hpp>

#include "text.hpp"

namespace mnist {

static void check_lengths(std::size_t labels, std::size_t predictions) {
    if (labels != predictions)
        throw kiln::error("expected a prediction for each of " + std::to_string(labels) + " labels, but there are " +
                          std::to_string(predictions));
}

double accuracy(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions) {
    check_lengths(labels.size(), predictions.size());
    std::size_t right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == predictions[i];
    return labels.empty() ? 0.0 : static_cast<double>(right) / static_cast<double>(labels.size());
}

std::string confusion_matrix(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions) {
    check_lengths(labels.size(), predictions.size());
    std::array<std::array<int, 10>, 10> counts{};
    for (std::size_t i = 0; i < labels.size(); ++i)
        ++counts.at(static_cast<std::size_t>(labels[i])).at(static_cast<std::size_t>(predictions[i]));

    std::string text = "digit  read as\n      ";
    for (int digit = 0; digit < 10; ++digit) text += formatted("%6d", digit);
    text += "      right\n";
    for (std::size_t digit = 0; digit < 10; ++digit) {
        int total = 0;
        text += formatted("%5d ", static_cast<int>(digit));
        for (const int count : counts[digit]) {
            total += count;
            text += count ? formatted("%6d", count) : "     .";
        }
        text += total ? formatted("  %7.2f %%\n", 100.0 * counts[digit][digit] / total) : "          -\n";
    }
    return text;
}

}  // namespace mnist
