// An operation that says nothing about its derivative.
// first: kiln: an operation states partial
// expect: cube_op
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

struct cube_op : elementwise<cube_op, 1> {
    static constexpr auto name = "user.cube";
    static constexpr auto takes = domain::number;
    KILN_HD static constexpr auto compute(auto x) { return x * x * x; }
#ifndef KILN_SHOULD_FAIL
    static constexpr value partial(value x, value) { return 3 * square(x); }
#endif
};
KILN_UNARY(cube)
constexpr auto x = placeholder<"x", double>;
constexpr auto y = cube(x) + 1_c;
