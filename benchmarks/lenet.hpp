// LeNet-5 for 28 by 28 images with one channel, as rows of 784 numbers.
#pragma once
#include <kiln/kiln.hpp>

constexpr kiln::value lenet_logits(kiln::value h) {
    using namespace kiln;
    h = reshape(h, {-1, 28, 28, 1});
    h = max_pool<window<2, 2>>(relu(nn::conv2d<same>(h, 6, 5, "first")));
    h = max_pool<window<2, 2>>(relu(nn::conv2d<valid>(h, 16, 5, "second")));
    h = relu(nn::dense(reshape(h, {-1, 400}), 120, "third"));
    h = relu(nn::dense(h, 84, "fourth"));
    return nn::dense(h, 10, "fifth");
}
