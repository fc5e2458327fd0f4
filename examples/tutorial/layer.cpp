// TensorFlow's tutorial of 2016, its second half: variables, a convolutional layer, saving; and what else can be done with a layer.
#include <kiln/kiln.hpp>
#include <kiln/io/onnx.hpp>
#include <kiln/io/saver.hpp>
#include <kiln/run/profile.hpp>

#include <cstdio>

using namespace kiln;

// [layer]
constexpr auto x = unnamed_placeholder<float, "batch", 784>();
constexpr auto w = variable<float, 5, 5, 1, 3>(random_normal<0.0, 0.1>);
constexpr auto b = variable<float, 3>(full<0.1>);
constexpr auto image = reshape<-1, 28, 28, 1>(x);
constexpr auto z = conv2d<strides<1, 1>, same>(image, w) + b;
// [/layer]

// [mistake]
// conv2d<same>(x, w);   // conv2d: rank 2, wanted rank 4: ("batch", 784), reshape<-1, h, w, c>(x)
// [/mistake]

// [noise]
constexpr auto noisy = z + random_normal<0.0, 0.01>(z);
// [/noise]

int main() {
    const tensor<float, 2, 784> images{};

    // [run]
    session s(z);
    s.initialize(42);
    const auto features = s.run(z, x = images);
    // [/run]
    // [shape]
    std::printf("%ld x %ld x %ld x %ld, %.1f\n", features.extent(0), features.extent(1), features.extent(2), features.extent(3),
                static_cast<double>(features(0, 0, 0, 0)));
    // [/shape]

    // [save]
    io::saver("checkpoints").save(s, 7);
    // [/save]
    // [restore]
    session again(z);
    io::restore(io::latest_checkpoint("checkpoints")->path, again);
    // [/restore]
    std::printf("%d\n", again[w](4, 4, 0, 2) == s[w](4, 4, 0, 2));

    // [random]
    auto draw = function(inputs(x), sum(noisy - z));
    s.seed(1);
    const float first = draw(s, images), second = draw(s, images);
    s.seed(1);
    const float repeated = draw(s, images);
    std::printf("%d %d\n", first == second, first == repeated);
    // [/random]

    // [profile]
    auto f = function(inputs(x), relu(z));
    profile p(f);
    for (int k = 0; k < 10; ++k) p(s, images);
    for (const profile_row& r : p.kernels()) std::printf("%s: %ld times\n", r.name.c_str(), r.calls);
    // [/profile]

    // [onnx]
    io::onnx::save("layer.onnx", f, s);
    // [/onnx]
}
