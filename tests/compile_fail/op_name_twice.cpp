// Two operations of one name.
// first: redefinition of
// first: operation_named
// expect: enrolled<dice_op>
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

struct cube_op : elementwise<cube_op, 1> {
    static constexpr auto name = "user.cube";
    static constexpr auto takes = domain::number;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) { return x * x * x; }
};
struct dice_op : elementwise<dice_op, 1> {
#ifdef KILN_SHOULD_FAIL
    static constexpr auto name = "user.cube";
#else
    static constexpr auto name = "user.dice";
#endif
    static constexpr auto takes = domain::number;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto compute(auto x) { return x; }
};
KILN_UNARY(cube)
KILN_UNARY(dice)
constexpr auto x = placeholder<"x", double>;
constexpr auto y = cube(x) + dice(square(x));
