// A variable that the session does not have, by name: the known ones are listed.
// first: session: it has no variable
// first: b.*known: w, bias
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto w = variable<"w", float, 3>(zeros);
constexpr auto bias = variable<"bias", float>(zeros);
constexpr auto x = placeholder<"x", float, 3>;
void user() {
    auto f = function(inputs(x), sum(x * w) + bias);
    session s(f);
#ifdef KILN_SHOULD_FAIL
    s.get<"b">() = 1.0f;
#else
    s.get<"bias">() = 1.0f;
#endif
}
