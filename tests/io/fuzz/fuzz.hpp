// What the fuzz targets share. A target takes any bytes: a reader has to give what it promises or throw an error of kiln's.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "kiln/core/error.hpp"

using bytes = std::span<const unsigned char>;

inline const std::filesystem::path fuzz_path = "input";

inline void expect(bool holds) {
    if (!holds) std::abort();
}

/// Calls f, which may refuse the input but in no other way than this.
template <class F>
int refused_or(F f) {
    try {
        f();
    } catch (const kiln::io_error&) {
    }
    return 0;
}
