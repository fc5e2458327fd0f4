// A variable of a session as run time sees it, for those that do not know its type, such as files.
#pragma once
#include <span>

#include <kiln/core/types.hpp>

namespace kiln {

/// Name, dtype, shape, the elements in row-major order, and whether they have been given a value.
struct stored_variable {
    const char* name;
    dtype type;
    std::span<const i64> shape;
    void* data;
    bool* initialized;
};

}  // namespace kiln
