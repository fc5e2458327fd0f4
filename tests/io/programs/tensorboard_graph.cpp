// Writes the tutorial's graphs, each into a run of its own below the folder that is given.
#include <kiln/io/tensorboard.hpp>
#include <kiln/kiln.hpp>

#include <filesystem>

using namespace kiln;

namespace {
constexpr auto p = unnamed_placeholder<std::int8_t>();
constexpr auto q = unnamed_placeholder<std::int8_t>();
constexpr auto a = placeholder<"a", std::int8_t>;
constexpr auto b = placeholder<"b", std::int8_t>;

constexpr auto pixels = unnamed_placeholder<float, "batch", 784>();
constexpr auto w = variable<float, 5, 5, 1, 3>(random_normal<0.0, 0.1>);
constexpr auto bias = variable<float, 3>(full<0.1>);
constexpr auto z = conv2d<strides<1, 1>, same>(reshape<-1, 28, 28, 1>(pixels), w) + bias;

constexpr auto images = placeholder<"images", float, "batch", 784>;
constexpr auto labels = placeholder<"labels", std::int32_t, "batch">;
constexpr auto loss = trace([](value x, value t) {
    const value h = relu(nn::dense(x, 128, "hidden"));
    return mean(softmax_cross_entropy(nn::dense(h, 10, "readout"), t));
}, images, labels);
}  // namespace

int main(int, char** argument) {
    const std::filesystem::path folder = argument[1];
    io::tensorboard::writer(folder / "unnamed").graph(p + q);
    io::tensorboard::writer(folder / "named").graph(scope<"addition">([](value x, value y) { return x + y; }, a, b));
    io::tensorboard::writer(folder / "layer").graph(z);
    io::tensorboard::writer(folder / "mnist").graph(function(inputs(images, labels), outputs(loss), updates(nn::sgd(loss, 0.1_c))));
}
