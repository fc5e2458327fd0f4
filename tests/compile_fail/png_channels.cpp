// A picture with its channels in front.
// first: write_png: expected \[h, w\] or.*\[h, w, 1 to 4 channels\].*of uint8, float or double
// max-lines: 15
#include <kiln/io/png.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using picture = tensor<float, 3, 28, 28>;
#else
using picture = tensor<float, 28, 28, 3>;
#endif
void user(const picture& p) { io::write_png("picture.png", p); }
