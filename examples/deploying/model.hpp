// What the program knows of its model: a function for each instruction set that it ships.
#pragma once

namespace deploying {

constexpr int features = 16, units = 32;

struct weights {
    float hidden[features][units], readout[units];
};

/// From n samples of `features` numbers each to n probabilities.
using model = void(const weights&, const float* samples, float* probabilities, long n) noexcept;

model model_sse2, model_avx2, model_avx512;

}  // namespace deploying
