// A step of training on the machine against plain loops in double: the loss and all parameters over several steps, in float
// and in double, with batches that change their size.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <nn/plain_mlp.hpp>

#include <vector>

using namespace kiln;
using kiln::testing::largest_difference;
using kiln::testing::numbers;

namespace {

constexpr int inputs_of_net = 21, hidden = 37, classes = 10;

template <class T>
struct net {
    static constexpr auto x = placeholder<"x", T, "batch", inputs_of_net>;
    static constexpr auto labels = placeholder<"labels", int, "batch">;
    static constexpr auto w1 = variable<"w1", T, inputs_of_net, hidden>(nn::glorot_uniform);
    static constexpr auto b1 = variable<"b1", T, hidden>(zeros);
    static constexpr auto w2 = variable<"w2", T, hidden, classes>(nn::glorot_uniform);
    static constexpr auto b2 = variable<"b2", T, classes>(zeros);
    static constexpr auto logits = matmul(tanh(matmul(x, w1) + b1), w2) + b2;
    static constexpr auto loss = mean(softmax_cross_entropy(logits, labels));
};

template <class T>
void compare(double tolerance) {
    using N = net<T>;
    auto train = function(inputs(N::x, N::labels), N::loss,
                          updates(assign(N::w1, N::w1 - 0.5_c * grad(N::loss, N::w1)), assign(N::b1, N::b1 - 0.5_c * grad(N::loss, N::b1)),
                                  assign(N::w2, N::w2 - 0.5_c * grad(N::loss, N::w2)), assign(N::b2, N::b2 - 0.5_c * grad(N::loss, N::b2))));
    session s(train);
    s.initialize(5);
    kiln::testing::plain_mlp plain{inputs_of_net, hidden, classes};
    for (std::size_t i = 0; i < plain.p[0].size(); ++i) plain.p[0][i] = static_cast<double>(s[N::w1].data()[i]);
    for (std::size_t i = 0; i < plain.p[2].size(); ++i) plain.p[2][i] = static_cast<double>(s[N::w2].data()[i]);
    auto step_plain = kiln::testing::plain_sgd(0.5);

    int k = 0;
    for (const i64 n : {64, 64, 17, 1, 64, 33}) {
        tensor<T, dynamic, inputs_of_net> x(n);
        tensor<int, dynamic> labels(n);
        numbers plain_x(static_cast<std::size_t>(x.size()));
        std::vector<int> plain_labels(static_cast<std::size_t>(n));
        for (std::size_t i = 0; i < plain_x.size(); ++i) {
            x.data()[i] = static_cast<T>((k * 7919 + static_cast<int>(i) * 104729) % 1000) / T{500} - 1;
            plain_x[i] = static_cast<double>(x.data()[i]);
        }
        for (std::size_t i = 0; i < plain_labels.size(); ++i) labels.data()[i] = plain_labels[i] = (3 * k + static_cast<int>(i)) % classes;
        ++k;
        const double loss = static_cast<double>(train(s, x, labels)), plain_loss = plain.loss(plain_x, plain_labels);
        step_plain(plain.p, plain.g);
        INFO("step " << k << " with " << n << " rows");
        CHECK(loss == Approx(plain_loss).epsilon(tolerance));
        CHECK(largest_difference(s[N::w1], plain.p[0]) < tolerance);
        CHECK(largest_difference(s[N::b1], plain.p[1]) < tolerance);
        CHECK(largest_difference(s[N::w2], plain.p[2]) < tolerance);
        CHECK(largest_difference(s[N::b2], plain.p[3]) < tolerance);
    }
}

TEST_CASE("training in double", "[training]") { compare<double>(1e-13); }
TEST_CASE("training in float", "[training]") { compare<float>(2e-6); }

TEST_CASE("gradients as outputs are those of the update", "[training]") {
    using N = net<double>;
    auto gradients_of_net = function(inputs(N::x, N::labels), value_and_grad(N::loss, N::w1, N::b1, N::w2, N::b2));
    session s(gradients_of_net);
    s.initialize(2);
    tensor<double, 9, inputs_of_net> x;
    tensor<int, 9> labels;
    for (int i = 0; i < 9 * inputs_of_net; ++i) x.data()[i] = (i % 13) / 6.5 - 1;
    for (int i = 0; i < 9; ++i) labels(i) = i;
    auto [loss, dw1, db1, dw2, db2] = gradients_of_net(s, x, labels);
    kiln::testing::plain_mlp plain{inputs_of_net, hidden, classes};
    for (std::size_t i = 0; i < plain.p[0].size(); ++i) plain.p[0][i] = s[N::w1].data()[i];
    for (std::size_t i = 0; i < plain.p[2].size(); ++i) plain.p[2][i] = s[N::w2].data()[i];
    CHECK(loss == Approx(plain.loss(numbers(x.begin(), x.end()), std::vector<int>(labels.begin(), labels.end()))).epsilon(1e-13));
    CHECK(largest_difference(dw1, plain.g[0]) < 1e-14);
    CHECK(largest_difference(db1, plain.g[1]) < 1e-14);
    CHECK(largest_difference(dw2, plain.g[2]) < 1e-14);
    CHECK(largest_difference(db2, plain.g[3]) < 1e-14);
}

}  // namespace
