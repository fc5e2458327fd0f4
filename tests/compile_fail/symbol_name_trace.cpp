// A layer's name, in a trace, with a character that stands for symbols without a name.
// first: variable: no valid name
// first: hidden#1/kernel
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
constexpr char name[] = "hidden#1";
#else
constexpr char name[] = "hidden-1";
#endif
constexpr auto x = placeholder<"x", float, "batch", 8>;
constexpr auto y = trace([](value h) { return nn::dense(h, 4, name); }, x);
