// A placeholder and a variable of one name.
// first: one name, two kinds of symbol: x
// first: placeholder.*variable
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr char name[] = "x";
#else
constexpr char name[] = "y";
#endif
constexpr auto x = placeholder<"x", float>;
constexpr auto y = variable<name, float>(zeros);
constexpr auto z = x + y;
