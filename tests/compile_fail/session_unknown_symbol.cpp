// A variable that the session does not have, by symbol.
// first: session: it has no variable
// first: v.*known: w
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
constexpr auto v = variable<"v", float, 3>(zeros);
void user() {
    auto f = function(inputs(x), sum(x * w));
    session s(f);
#ifdef KILN_SHOULD_FAIL
    s[v].fill(1);
#else
    s[w].fill(1);
#endif
}
