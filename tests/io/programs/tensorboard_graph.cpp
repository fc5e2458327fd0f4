// Writes the tutorial's graphs, each into a run of its own below the folder that is given.
#include <kiln/io/tensorboard.hpp>
#include <kiln/io/tensorboard_profile.hpp>
#include <kiln/kiln.hpp>

#include <filesystem>

#include "network.hpp"

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
}  // namespace

int main(int, char** argument) {
    const std::filesystem::path folder = argument[1];
    io::tensorboard::writer(folder / "unnamed").graph(p + q);
    io::tensorboard::writer(folder / "named").graph(scope<"addition">([](value x, value y) { return x + y; }, a, b));
    io::tensorboard::writer(folder / "layer").graph(z);

    auto train = function(inputs(images, labels), outputs(loss), updates(nn::sgd(loss, 0.1_c)));
    session s(train);
    s.initialize(1);
    profile p(train);
    for (int step = 0; step < 3; ++step) p(s, tensor<float, 64, 784>(), tensor<std::int32_t, 64>());
    io::tensorboard::writer log(folder / "mnist");
    log.graph(train);
    log.run_metadata("step 3", 3, io::tensorboard::times_of(p).run_metadata());
}
