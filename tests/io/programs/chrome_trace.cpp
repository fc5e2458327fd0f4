// Writes the trace that chrome_trace.py reads: four steps of training a layer.
#include <kiln/kiln.hpp>
#include <kiln/run/profile.hpp>

#include "kiln/io/chrome_trace.hpp"

namespace {

using namespace kiln;

constexpr auto x = placeholder<"x", float, 20, 8>;
constexpr auto w = variable<"w", float, 8, 4>(random_normal<0.0, 0.1>);
constexpr auto b = variable<"b", float, 4>(zeros);
constexpr auto h = relu(matmul(x, w) + b);
constexpr auto loss = mean(square(softmax(h) - 0.5_c));

}  // namespace

int main(int, char** argv) {
    auto train = function(inputs(x), outputs(loss, h), updates(nn::sgd(loss, 0.1_c)));
    session s(train);
    s.initialize();
    profile p(train);
    for (int k = 0; k < 4; ++k) p(s, tensor<float, 20, 8>());
    io::write_chrome_trace(argv[1], p);
}
