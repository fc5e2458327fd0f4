// One half of a program; the other is built by the other compiler.
#include "shared.hpp"

link_test::answer link_test::of_one() { return link_test::compute(); }
