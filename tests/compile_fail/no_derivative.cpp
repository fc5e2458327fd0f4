// The derivative of an operation that refuses one.
// first: user\.rank: has no derivative.*ranks jump
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

struct rank_op : elementwise<rank_op, 1> {
    static constexpr auto name = "user.rank";
    static constexpr auto takes = domain::number;
    static constexpr auto no_derivative = "ranks jump";
    KILN_HD static constexpr auto compute(auto x) { return x; }
};
KILN_UNARY(rank)
constexpr auto x = placeholder<"x", double>;
constexpr auto y = placeholder<"y", double>;
#ifdef KILN_SHOULD_FAIL
constexpr auto d = grad(square(x) * rank(x), x);
#else
constexpr auto d = grad(square(x) * rank(y), x);
#endif
