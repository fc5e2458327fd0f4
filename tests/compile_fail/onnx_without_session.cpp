// A function with variables that is saved without a session.
// first: onnx: the function has variables
// first: w.*use save\(path, f, session\)
// max-lines: 15
#include <kiln/kiln.hpp>

#include "kiln/io/onnx.hpp"
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
void user() {
    auto f = function(inputs(x), sum(x * w));
    session s(f);
#ifdef KILN_SHOULD_FAIL
    io::onnx::save("a.onnx", f);
#else
    io::onnx::save("a.onnx", f, s);
#endif
}
