// Trains a small LeNet on MNIST digits: the bundled 10,000 (8,000 to train on, 2,000 held back), or the full set from a
// directory with the four IDX files. Logs for TensorBoard into logs/, saves what it learned to mnist_cnn.safetensors.
//   usage: mnist_cnn [DIRECTORY] [--epochs N] [--seed N]
#include <kiln/kiln.hpp>
#include <kiln/io/checkpoint.hpp>
#include <kiln/io/png.hpp>
#include <kiln/io/tensorboard.hpp>

#include <algorithm>
#include <cstdio>

#include "model.hpp"
#include "training.hpp"

using namespace kiln;

constexpr auto loss = mean(softmax_cross_entropy(lenet::logits, lenet::labels));

/// The filters [h, w, 1, n] as n grey pictures, the smallest number black, the largest white.
template <i64 H, i64 W, i64 N>
tensor<float, N, H, W, 1> pictures_of(const tensor_view<float, H, W, 1, N>& filters) {
    const auto [least, most] = std::minmax_element(filters.begin(), filters.end());
    tensor<float, N, H, W, 1> r;
    for (i64 k = 0; k < N; ++k)
        for (i64 y = 0; y < H; ++y)
            for (i64 x = 0; x < W; ++x) r(k, y, x, 0) = (filters(y, x, 0, k) - *least) / (*most - *least);
    return r;
}

/// What TensorBoard shows of the training.
template <class Session>
struct log_of {
    io::tensorboard::writer& writer;
    Session& s;

    void step(i64 step, float cost) { writer.scalar("loss", step, cost); }
    void epoch(i64 step, double accuracy) {
        writer.scalar("accuracy", step, accuracy);
        writer.histogram("first/kernel", step, s.template get<"first/kernel">());
        writer.histogram("hidden/kernel", step, s.template get<"hidden/kernel">());
        writer.histogram("readout/kernel", step, s.template get<"readout/kernel">());
        writer.image("filters/first", step, pictures_of(as_view(s.template get<"first/kernel">())));
    }
};

int main(int argc, char** argv) try {
    const mnist::arguments given(argc, argv);
    const mnist::dataset data = given.data();

    auto train = function(inputs(lenet::images, lenet::labels), loss, updates(nn::momentum(loss, 0.02_c, 0.9_c)));
    auto classify = function(inputs(lenet::images), argmax<1>(lenet::logits));
    session s(train, classify);
    s.initialize(given.seed);

    std::printf("curves, filters and the graph: tensorboard --logdir logs; %s will hold the network, digit.png a %d to try it on\n",
                lenet::saved_as, data.test.labels(0));
    io::write_png("digit.png", tensor_view<const float, 28, 28>(data.test.images.data()));
    io::tensorboard::writer writer("logs/mnist_cnn");
    writer.graph(train);
    mnist::run(given, data, "mnist_cnn", [&](auto x, auto y) { return train(s, x, y); }, [&](const auto& x) { return classify(s, x); },
               log_of<decltype(s)>{writer, s});

    io::save(lenet::saved_as, s);
} catch (const kiln::error& e) {
    std::fprintf(stderr, "mnist_cnn: %s\n", e.what());
    return 1;
}
