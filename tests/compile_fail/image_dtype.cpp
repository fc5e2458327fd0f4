// Numbers of a dtype that no picture has.
// first: image: expected \[h, w\],.*\[h, w, 1 to 4 channels\] or.*\[n, h, w, 1 to 4 channels\]
// first: of uint8, float or double
// max-lines: 15
#include <cstdint>
#include <kiln/io/tensorboard.hpp>
using namespace kiln;

#ifdef KILN_SHOULD_FAIL
using picture = tensor<std::int32_t, 28, 28>;
#else
using picture = tensor<std::uint8_t, 28, 28>;
#endif
void user(io::tensorboard::writer& w, const picture& p) { w.image("digit", 1, p); }
