// Files of records as TensorFlow frames them: the length (8 bytes, little-endian), its masked checksum, the bytes, their masked
// checksum. The format: record_writer.py in TensorBoard; CRC-32C: RFC 3720, appendix B.4.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "kiln/core/types.hpp"
#include "kiln/io/file_error.hpp"

namespace kiln::io {

namespace detail {

/// What one byte adds to a CRC-32C, Castagnoli's polynomial with its bits reversed.
inline constexpr auto crc32c_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
        table[byte] = crc;
    }
    return table;
}();

constexpr std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char c : bytes) crc = crc >> 8 ^ crc32c_table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}
static_assert(crc32c("123456789") == 0xe3069283);

/// The checksum as records hold it: the checksum of bytes that hold their own checksum says little.
constexpr std::uint32_t masked_crc32c(std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

inline std::string little_endian(u64 number, int bytes) {
    std::string result;
    for (int i = 0; i < bytes; ++i) result += static_cast<char>(number >> 8 * i & 255);
    return result;
}

}  // namespace detail

/// A file that records are appended to. Each goes out by one write and is with the system when `append` returns: a reader may
/// follow, and a program that dies loses at most the record that it was writing. One thread at a time.
class record_file {
public:
    /// A new file. Throws `io_error` where it cannot be made, or is there already.
    explicit record_file(std::filesystem::path path) : path_(std::move(path)) {
        file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (file_ < 0) fail();
    }
    record_file(record_file&& other) noexcept
        : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), size_(other.size_) {}
    record_file& operator=(record_file&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(file_, other.file_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~record_file() {
        if (file_ >= 0) close(file_);
    }

    const std::filesystem::path& path() const { return path_; }

    /// Appends one record: the whole of it, or nothing and an `io_error`.
    void append(std::string_view bytes) {
        std::string record = detail::little_endian(bytes.size(), 8);
        record += detail::little_endian(detail::masked_crc32c(record), 4);
        record += bytes;
        record += detail::little_endian(detail::masked_crc32c(bytes), 4);
        std::size_t done = 0;
        while (done < record.size()) {   // more than once where the disk fills up: the second try says so
            const ssize_t n = ::write(file_, record.data() + done, record.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) {
                const int reason = errno;
                // Behind part of a record no other would be found. A record cut off at the end of the file is passed over.
                [[maybe_unused]] const int cut = ftruncate(file_, size_);
                errno = reason;
                fail();
            }
            done += static_cast<std::size_t>(n);
        }
        size_ += static_cast<off_t>(record.size());
    }

private:
    [[noreturn]] void fail() const {
        file_error(path_, std::string("expected to write records, but: ") + std::strerror(errno));
    }

    std::filesystem::path path_;
    int file_ = -1;
    off_t size_ = 0;
};

}  // namespace kiln::io
