// The model. CMakeLists.txt compiles this file once for each instruction set, and says in MODEL what the function is called.
#include "model.hpp"

#include <kiln/kiln.hpp>

using namespace kiln;
using deploying::features, deploying::units;

constexpr auto samples = placeholder<"samples", float, "n", features>;
constexpr auto kernel = placeholder<"hidden/kernel", float, features, units>;
constexpr auto readout = placeholder<"readout/kernel", float, units>;
constexpr auto probability = sigmoid(matmul(tanh(matmul(samples, kernel)), readout));

void deploying::MODEL(const weights& w, const float* x, float* y, long n) noexcept {
    static thread_local auto f = function(inputs(samples, kernel, readout), probability);   // is called by one thread at a time
    f.into(tensor_view<float, dynamic>(y, n))(tensor_view<const float, dynamic, features>(x, n),
                                              tensor_view<const float, features, units>(&w.hidden[0][0]),
                                              tensor_view<const float, units>(w.readout));
}
