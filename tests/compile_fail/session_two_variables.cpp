// One session for two variables of one name that begin differently.
// first: one name, two initial values: w
// max-lines: 15
#include <kiln/kiln.hpp>

using namespace kiln;

constexpr auto a = variable<"w", float, 3>(zeros);
#ifdef KILN_SHOULD_FAIL
constexpr auto b = variable<"w", float, 3>(ones);
#else
constexpr auto b = variable<"w", float, 3>(zeros);
#endif

int main() {
    auto first = function(inputs(), outputs(sum(a)));
    auto second = function(inputs(), outputs(sum(square(b))));
    session s(first, second);
    s.initialize();
}
