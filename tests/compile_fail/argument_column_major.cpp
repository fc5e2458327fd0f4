// A column-major Eigen matrix as an argument: kiln's tensors are row-major.
// first: call: the matrix is column-major
// first: x.*store it as Eigen::RowMajor
// max-lines: 15
#include <kiln/kiln.hpp>

#include <eigen3/Eigen/Core>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using matrix = Eigen::Matrix<float, Eigen::Dynamic, 3>;
#else
using matrix = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;
#endif
constexpr auto x = placeholder<"x", float, "n", 3>;
float user(const matrix& m) {
    auto f = function(inputs(x), sum(x));
    return f(m);
}
