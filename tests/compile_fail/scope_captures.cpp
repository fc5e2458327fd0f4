// The function of a scope is traced: it captures nothing.
// first: scope: the function captures
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;
constexpr auto a = placeholder<"a", float>;

int main() {
    int n = 3;
#ifdef KILN_SHOULD_FAIL
    auto z = scope<"s">([n](value x) { return x * n; }, a);
#else
    auto z = scope<"s">([](value x) { return x * 3; }, a);
#endif
    (void)n;
    (void)z;
}
