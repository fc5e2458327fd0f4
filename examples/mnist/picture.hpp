// The picture of a training: the loss curve, and the digits that were misread.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <kiln/core/types.hpp>

namespace mnist {

/// How a training went.
struct history {
    std::vector<float> loss;                               // of each step
    std::vector<std::pair<kiln::i64, double>> accuracy;    // after so many steps, from 0 to 1; may be empty
};

/// Draws the loss curve and the misread digits (the first 120 of them), and writes them to a PNG file. `images` has a row
/// of 784 numbers from 0 to 1 for each label.
void write_picture(const std::string& path, const history& run, std::span<const float> images,
                   std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions);

}  // namespace mnist
