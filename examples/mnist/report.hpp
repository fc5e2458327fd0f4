// What the training shows at its end: a confusion matrix, how much is right.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace mnist {

/// How many of the predictions are right, from 0 to 1.
double accuracy(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions);

/// A table of what each digit (a row) was taken for (a column), and how much of it is right.
std::string confusion_matrix(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions);

}  // namespace mnist
