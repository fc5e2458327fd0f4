// One program for every x86-64 machine: the model is there three times, and the best that the machine has is picked when it starts.
//   usage: deploying [sse2 | avx2 | avx512]
#include "model.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace deploying;

struct variant {
    const char* name;
    model* run;
    bool can;
};

static double milliseconds(model* run, const weights& w, const std::vector<float>& x, std::vector<float>& y) {
    double least = HUGE_VAL;
    for (int round = 0; round < 20; ++round) {
        const auto start = std::chrono::steady_clock::now();
        run(w, x.data(), y.data(), static_cast<long>(y.size()));
        least = std::fmin(least, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return least;
}

int main(int argc, char** argv) {
    const variant variants[]{   // the best one last
        {"sse2", model_sse2, true},
        {"avx2", model_avx2, __builtin_cpu_supports("x86-64-v3") != 0},
        {"avx512", model_avx512, __builtin_cpu_supports("x86-64-v4") != 0},
    };
    const variant* picked = nullptr;
    for (const variant& v : variants)
        if (argc > 1 ? !std::strcmp(argv[1], v.name) : v.can) picked = &v;
    if (!picked || !picked->can) {
        std::fprintf(stderr, picked ? "deploying: this machine has no %s\n" : "deploying: there is no model for %s\n", argv[1]);
        return 1;
    }

    weights w{};
    for (int i = 0; i < features; ++i)
        for (int j = 0; j < units; ++j) w.hidden[i][j] = 0.4f * std::cos(1.7f * static_cast<float>(i * units + j));
    for (int j = 0; j < units; ++j) w.readout[j] = std::sin(0.9f * static_cast<float>(j));
    std::vector<float> samples(10000 * features), probabilities(10000), expected(10000);
    for (std::size_t k = 0; k < samples.size(); ++k) samples[k] = static_cast<float>(k * 7919 % 1000) / 500 - 1;
    model_sse2(w, samples.data(), expected.data(), static_cast<long>(expected.size()));
    std::printf("%s: %.3f ms for 10,000 samples\n", picked->name, milliseconds(picked->run, w, samples, probabilities));
    float difference = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) difference = std::fmax(difference, std::fabs(probabilities[k] - expected[k]));
    std::printf("largest difference from sse2: %.1e\n", static_cast<double>(difference));
    return difference < 1e-5f ? 0 : 1;
}
