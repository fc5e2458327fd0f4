// One half of a program; the other is built by the other compiler.
#include "shared.hpp"

float link_test::of_one(decltype(y) e, decltype(slope) g) { return compute(e, g); }
