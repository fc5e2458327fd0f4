// The bytes of a file, unpacked on the way where the file is gzipped. Links with zlib.
#pragma once
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "kiln/io/file_error.hpp"

namespace kiln::io {

/// What an `input_file` does with a file that begins like a gzipped one.
enum class gzipped { unpack, as_is };

/// Reads a file from front to back. A gzipped file (one member or several) is told by its first two bytes and
/// unpacked, unless it is to be read as it is; one that is cut short, damaged, or followed by something else throws
/// `io_error`.
// zlib's own gzread ignores what follows the last member, so this drives `inflate` itself.
class input_file {
public:
    explicit input_file(const std::filesystem::path& path, gzipped how = gzipped::unpack) : path_(path) {
        std::error_code ignored;
        if (std::filesystem::is_directory(path, ignored)) fail("expected a file, but it is a directory");
        errno = 0;
        file_.open(path, std::ios::binary);
        if (!file_) fail(std::string("expected a readable file, but: ") + std::strerror(errno));
        refill();
        packed_ = how == gzipped::unpack && stream_.avail_in >= 2 && buffer_[0] == 0x1f && buffer_[1] == 0x8b;
        constexpr int gzip_format = 16 + MAX_WBITS;
        if (packed_ && inflateInit2(&stream_, gzip_format) != Z_OK) fail("out of memory for unpacking it");
    }
    ~input_file() {
        if (packed_) inflateEnd(&stream_);
    }
    input_file(const input_file&) = delete;
    input_file& operator=(const input_file&) = delete;

    /// Fills `to`; returns how many bytes there were, fewer than asked for only at the end of the file.
    std::size_t read(std::span<unsigned char> to) {
        std::size_t done = 0;
        while (done < to.size()) {
            if (stream_.avail_in == 0 && !refill()) {
                if (inside_member_) fail("expected a whole gzip file, but it is cut short");
                break;
            }
            done += packed_ ? unpack(to.subspan(done)) : copy(to.subspan(done));
        }
        return done;
    }

    /// Throws an `io_error` that names the file.
    [[noreturn]] void fail(const std::string& what) const { file_error(path_, what); }

private:
    bool refill() {
        file_.read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(buffer_.size()));
        if (file_.bad()) fail("expected a readable file, but reading it failed");
        stream_.next_in = buffer_.data();
        stream_.avail_in = static_cast<uInt>(file_.gcount());
        return stream_.avail_in != 0;
    }

    std::size_t copy(std::span<unsigned char> to) {
        const std::size_t n = std::min<std::size_t>(to.size(), stream_.avail_in);
        std::memcpy(to.data(), stream_.next_in, n);
        stream_.next_in += n;
        stream_.avail_in -= static_cast<uInt>(n);
        return n;
    }

    std::size_t unpack(std::span<unsigned char> to) {
        const std::size_t room = std::min<std::size_t>(to.size(), std::numeric_limits<uInt>::max());
        stream_.next_out = to.data();
        stream_.avail_out = static_cast<uInt>(room);
        inside_member_ = true;
        switch (inflate(&stream_, Z_NO_FLUSH)) {
            case Z_OK: break;
            case Z_BUF_ERROR: break;   // wants more input
            case Z_STREAM_END:
                inside_member_ = false;
                inflateReset(&stream_);   // whatever follows has to be another member
                break;
            default:
                fail(std::string("expected a sound gzip file, but it is damaged (") +
                     (stream_.msg ? stream_.msg : "no message") + ")");
        }
        return room - stream_.avail_out;
    }

    std::filesystem::path path_;
    std::ifstream file_;
    std::array<unsigned char, 1 << 16> buffer_{};
    z_stream stream_{};
    bool packed_ = false;
    bool inside_member_ = false;
};

/// All bytes of a file as they are. Throws `io_error` where it cannot be read.
inline std::vector<unsigned char> read_file(const std::filesystem::path& path) {
    input_file file(path, gzipped::as_is);
    std::error_code unknown;   // of a pipe, say: the size is a hint, the end is where reading ends
    const auto size = std::filesystem::file_size(path, unknown);
    std::vector<unsigned char> bytes(unknown ? 0 : size);
    std::size_t n = file.read(bytes);
    while (n == bytes.size()) {
        bytes.resize(std::max<std::size_t>(n + n / 2, n + 1));
        n += file.read(std::span(bytes).subspan(n));
    }
    bytes.resize(n);
    return bytes;
}

}  // namespace kiln::io
