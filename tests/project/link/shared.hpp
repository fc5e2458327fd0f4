// What both halves of the program see: types of kiln in the signature of a function that crosses the border.
#pragma once
#include <kiln/core/types.hpp>

namespace link_test {

struct answer {
    int number;
};

inline answer compute() { return {kiln::size_of(kiln::dtype_of<double>)}; }

answer of_one();  // defined in one.cpp

}  // namespace link_test
