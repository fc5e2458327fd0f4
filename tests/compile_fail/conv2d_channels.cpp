// Filters for another number of channels.
// first: conv2d: channels and filters differ
// first: \(\\"batch\\", 8, 8, 3\).*in 1, out 4, groups 1
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto images = placeholder<"images", float, "batch", 8, 8, 3>;
#ifdef KILN_SHOULD_FAIL
constexpr auto w = placeholder<"w", float, 3, 3, 1, 4>;
#else
constexpr auto w = placeholder<"w", float, 3, 3, 3, 4>;
#endif
constexpr auto z = conv2d(images, w);
