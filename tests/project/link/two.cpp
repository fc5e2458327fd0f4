#include "shared.hpp"

#include <cstdio>

int main() {
    const float here = link_test::compute(link_test::y, link_test::slope), there = link_test::of_one(link_test::y, link_test::slope);
    std::printf("%.9g and %.9g\n", static_cast<double>(here), static_cast<double>(there));
    return here == there && here != 0 ? 0 : 1;
}
