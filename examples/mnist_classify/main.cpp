// Reads a digit from a PNG file of 28 by 28 pixels with the network that mnist_cnn trained and saved.
//   usage: mnist_classify PICTURE.png [MODEL.safetensors]
#include <kiln/kiln.hpp>
#include <kiln/io/checkpoint.hpp>
#include <kiln/io/png.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

#include "../mnist_cnn/model.hpp"

using namespace kiln;

/// One row of 784 numbers, ink is 1. Dark ink on light paper is turned round: the border is paper.
tensor<float, 1, 784> ink_of(const std::string& path) {
    const auto png = io::read_png(path);
    if (png.extent(0) != 28 || png.extent(1) != 28)
        throw value_error(path + ": wanted 28 by 28 pixels, got " + std::to_string(png.extent(1)) + " by " + std::to_string(png.extent(0)));
    const i64 channels = png.extent(2), colours = channels < 3 ? 1 : 3;
    tensor<float, 1, 784> r;
    float border = 0;
    for (i64 y = 0; y < 28; ++y)
        for (i64 x = 0; x < 28; ++x) {
            float sum = 0;
            for (i64 c = 0; c < colours; ++c) sum += static_cast<float>(png(y, x, c));
            r(0, y * 28 + x) = sum / (255.0f * static_cast<float>(colours));
            if (x == 0 || y == 0 || x == 27 || y == 27) border += r(0, y * 28 + x) / 108;
        }
    if (border > 0.5f)
        for (float& v : r) v = 1 - v;
    return r;
}

int main(int argc, char** argv) try {
    if (argc < 2) throw value_error("usage: mnist_classify PICTURE.png [MODEL.safetensors]");
    auto classify = function(inputs(lenet::images), softmax(lenet::logits));
    session s(classify);
    io::restore(argc > 2 ? argv[2] : lenet::saved_as, s, {.partial = true});   // the file has the optimizer's variables too

    const auto p = classify(s, ink_of(argv[1]));
    const auto best = std::max_element(p.begin(), p.end());
    std::printf("%s is a %d (%.1f %%)\n", argv[1], static_cast<int>(best - p.begin()), 100.0 * static_cast<double>(*best));
} catch (const kiln::error& e) {
    std::fprintf(stderr, "mnist_classify: %s\n", e.what());
    return 1;
}
