// The tutorial's layer, grown into a small LeNet.
#pragma once
#include <kiln/kiln.hpp>

#include <cstdint>

namespace lenet {

inline constexpr auto images = kiln::placeholder<"images", float, "batch", 784>;
inline constexpr auto labels = kiln::placeholder<"labels", std::int32_t, "batch">;
inline constexpr auto logits = kiln::trace([](kiln::value h) {
    using namespace kiln;
    h = reshape(h, {-1, 28, 28, 1});
    h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 8, 5, "first", nn::he_normal, full<0.1>)));
    h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 16, 5, "second", nn::he_normal, full<0.1>)));
    h = relu(nn::dense(reshape(h, {-1, 7 * 7 * 16}), 128, "hidden"));
    return nn::dense(h, 10, "readout");
}, images);

inline constexpr auto saved_as = "mnist_cnn.safetensors";

}  // namespace lenet
