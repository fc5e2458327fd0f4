// A network of two layers that learns digits: what the programs of this folder draw.
#pragma once
#include <kiln/kiln.hpp>

#include <cstdint>

inline constexpr auto images = kiln::placeholder<"images", float, "batch", 784>;
inline constexpr auto labels = kiln::placeholder<"labels", std::int32_t, "batch">;
inline constexpr auto loss = kiln::trace([](kiln::value x, kiln::value t) {
    using namespace kiln;
    const value h = relu(nn::dense(x, 128, "hidden"));
    return mean(softmax_cross_entropy(nn::dense(h, 10, "readout"), t));
}, images, labels);
