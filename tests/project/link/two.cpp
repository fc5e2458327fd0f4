#include "shared.hpp"

#include <cstdio>

int main() {
    const link_test::answer here = link_test::compute(), there = link_test::of_one();
    std::printf("%d and %d\n", here.number, there.number);
    return here.number == there.number ? 0 : 1;
}
