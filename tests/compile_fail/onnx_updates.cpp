// A model has no variables that change: a function with updates is not saved.
// first: onnx: the function has updates
// first: a model has no state
// max-lines: 15
#include <kiln/kiln.hpp>

#include "kiln/io/onnx.hpp"
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
void user() {
#ifdef KILN_SHOULD_FAIL
    auto f = function(inputs(x), sum(x * w), updates(assign(w, x)));
#else
    auto f = function(inputs(x), sum(x * w));
#endif
    session s(f);
    io::onnx::save("a.onnx", f, s);
}
