// The tutorial's mistake: images as rows of pixels go into a convolution.
// first: conv2d: rank 2, wanted rank 4
// first: \(\\"batch\\", 784\).*reshape<-1, h, w, c>\(x\)
// max-lines: 15
#include <kiln/kiln.hpp>
using namespace kiln;

constexpr auto images = placeholder<"images", float, "batch", 784>;
constexpr auto w = variable<"w", float, 5, 5, 1, 3>(random_normal<0.0, 0.1>);
#ifdef KILN_SHOULD_FAIL
constexpr auto z = conv2d<same>(images, w);
#else
constexpr auto z = conv2d<same>(reshape<-1, 28, 28, 1>(images), w);
#endif
