// Writing a file so that it is never seen half-written.
#pragma once
#include <fcntl.h>
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

/// Writes `pieces`, one behind the other, to `path`: into a file beside it, flushed to the disk, then renamed. Whoever
/// looks, at whatever moment the program dies, sees the old file or the new one, whole. After a failure (an `io_error`) the
/// old one is untouched and nothing is left over; a killed program leaves the file beside, `PATH.NUMBER.part`.
inline void write_file(const std::filesystem::path& path, std::span<const std::span<const unsigned char>> pieces) {
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
    bool good = true;
    for (const auto bytes : pieces)
        good = good && (bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    good = good && std::fflush(file) == 0 && fsync(fileno(file)) == 0;
    int reason = errno;
    if (std::fclose(file) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good) {
        std::filesystem::rename(beside, path, error);
        if (!error) {
            // The new name has to reach the disk too. Not every file system can be asked for that: then it is as good as there.
            const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
            if (const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); opened >= 0) {
                fsync(opened);
                close(opened);
            }
            return;
        }
        reason = error.value();
    }
    std::filesystem::remove(beside, error);
    fail(std::strerror(reason));
}

/// The same for one piece.
inline void write_file(const std::filesystem::path& path, std::span<const unsigned char> bytes) {
    write_file(path, std::span(&bytes, 1));
}

}  // namespace kiln::io
