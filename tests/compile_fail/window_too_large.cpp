// A window that is larger than the images.
// first: max_pool: window larger than x
// first: \(\\"batch\\", 4, 4, 1\).*window 5 x 2
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto images = placeholder<"images", float, "batch", 4, 4, 1>;
#ifdef KILN_SHOULD_FAIL
constexpr auto z = max_pool<window<5, 2>>(images);
#else
constexpr auto z = max_pool<window<4, 2>>(images);
#endif
