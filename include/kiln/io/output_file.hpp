// Writing a file so that it is never seen half-written.
#pragma once
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <system_error>

#include "kiln/io/file_error.hpp"

namespace kiln::io {

/// Writes `bytes` to `path`: into a file beside it, flushed to the disk, then renamed. Whoever looks sees the old file or
/// the new one; after a failure (an `io_error`) the old one is untouched and nothing is left over.
inline void write_file(const std::filesystem::path& path, std::span<const unsigned char> bytes) {
    const auto fail = [&](const std::string& why) {
        file_error(path, "expected to write a file, but: " + why);
    };
    std::error_code error;
    // The rename would replace a device or fail on a directory.
    if (const auto there = std::filesystem::status(path, error); exists(there) && !is_regular_file(there))
        fail("there is something else than a file");

    const std::filesystem::path beside = path.string() + "." + std::to_string(std::random_device{}()) + ".part";
    std::FILE* file = std::fopen(beside.c_str(), "wbx");
    if (!file) fail(std::strerror(errno));
    bool good = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    good = good && std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    int reason = errno;
    if (std::fclose(file) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good) {
        std::filesystem::rename(beside, path, error);
        if (!error) return;
        reason = error.value();
    }
    std::filesystem::remove(beside, error);
    fail(std::strerror(reason));
}

}  // namespace kiln::io
