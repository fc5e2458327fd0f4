// The one way in which a file is complained about.
#pragma once
#include <filesystem>
#include <string>

#include "kiln/core/error.hpp"

namespace kiln::io {

/// Throws an `io_error` that names the file: `"train.gz": expected ..., but ...`.
[[noreturn]] inline void file_error(const std::filesystem::path& path, const std::string& what) {
    std::string text = "\"";
    text += path.string();
    text += "\": ";
    text += what;
    throw io_error(text);
}

}  // namespace kiln::io
