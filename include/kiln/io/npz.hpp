// NumPy's .npz files: zip archives of one .npy file for each array. Links with libzip.
#pragma once
#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/io/array.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/input_file.hpp"
#include "kiln/io/npy.hpp"
#include "kiln/io/output_file.hpp"

namespace kiln::io {

/// The most bytes that `load_npz` unpacks where nothing else is said; a file that is larger itself may unpack to its size.
inline constexpr u64 npz_limit = u64{4} << 30;

/// How `save_npz` writes: plainly like numpy.savez, or deflated like numpy.savez_compressed.
struct npz_options {
    bool compress = false;
};

namespace detail {

struct zip_closer {
    void operator()(zip_t* z) const { zip_discard(z); }
    void operator()(zip_file_t* f) const { zip_fclose(f); }
    void operator()(zip_source_t* s) const { zip_source_free(s); }
};
template <class T>
using zip_owner = std::unique_ptr<T, zip_closer>;

/// An error of our own, whose text is freed with it.
struct zip_problem {
    zip_error_t error;
    zip_problem() { zip_error_init(&error); }
    ~zip_problem() { zip_error_fini(&error); }
    zip_problem(const zip_problem&) = delete;
    zip_problem& operator=(const zip_problem&) = delete;
    operator zip_error_t*() { return &error; }
};

[[noreturn]] inline void zip_failed(const std::filesystem::path& path, const std::string& expected, zip_error_t* error) {
    file_error(path, "expected " + expected + ", but: " + zip_error_strerror(error));
}

/// Opens the archive in `source`, which then belongs to it.
inline zip_owner<zip_t> open_zip(zip_owner<zip_source_t> source, int how, const std::filesystem::path& path) {
    zip_problem error;
    zip_owner<zip_t> archive(source ? zip_open_from_source(source.get(), how, error) : nullptr);
    if (!archive) zip_failed(path, "a sound .npz file (a zip archive)", error);
    source.release();
    return archive;
}

/// Unpacks one entry, `budget` bytes at most. Memory follows what comes out, not the size that is declared.
inline std::vector<unsigned char> unpack_entry(zip_t* archive, zip_uint64_t index, const std::filesystem::path& path,
                                               u64 budget) {
    zip_owner<zip_file_t> entry(zip_fopen_index(archive, index, 0));
    if (!entry) zip_failed(path, "an entry that can be unpacked", zip_get_error(archive));
    std::vector<unsigned char> bytes;
    std::size_t n = 0;
    for (;;) {
        if (n == bytes.size()) bytes.resize(n + std::max<std::size_t>(n, 1 << 16));
        const zip_int64_t came = zip_fread(entry.get(), bytes.data() + n, bytes.size() - n);
        if (came < 0) zip_failed(path, "a sound entry", zip_file_get_error(entry.get()));
        if (came == 0) break;   // only here libzip has compared the checksum
        n += static_cast<std::size_t>(came);
        if (n > budget) file_error(path, "expected not to unpack that much: the limit of load_npz is exceeded");
    }
    bytes.resize(n);
    return bytes;
}

/// Reads the bytes of an .npz file; `path` is for the messages.
inline std::map<std::string, array> decode_npz(std::span<const unsigned char> file, const std::filesystem::path& path,
                                               u64 most) {
    constexpr std::size_t least = 22;   // an archive without entries; libzip takes an empty file for one too
    if (file.size() < least) file_error(path, "expected an .npz file (a zip archive), but it has only " +
                                                  std::to_string(file.size()) + " bytes");
    const auto archive = open_zip(zip_owner<zip_source_t>(zip_source_buffer_create(file.data(), file.size(), 0, nullptr)),
                                  ZIP_RDONLY | ZIP_CHECKCONS, path);
    std::map<std::string, array> result;
    u64 budget = std::max<u64>(most, file.size());
    const zip_int64_t n = zip_get_num_entries(archive.get(), 0);
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(n); ++i) {
        const char* text = zip_get_name(archive.get(), i, ZIP_FL_ENC_RAW);
        std::string name = text ? text : "";
        constexpr std::string_view ending = ".npy";
        if (!name.ends_with(ending)) file_error(path, "expected nothing but .npy files in it, but there is " + in_quotes(name));
        zip_stat_t about;
        constexpr zip_uint64_t needed = ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
        if (zip_stat_index(archive.get(), i, 0, &about) != 0 || (about.valid & needed) != needed ||
            about.encryption_method != ZIP_EM_NONE ||
            (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE))
            file_error(path, "expected entries stored or deflated, but " + in_quotes(name) + " is not");
        const std::filesystem::path entry = path.string() + "[" + printable(name) + "]";
        const auto bytes = unpack_entry(archive.get(), i, entry, budget);
        budget -= bytes.size();
        name.resize(name.size() - ending.size());
        if (!result.try_emplace(name, to_array(decode_npy(bytes, entry), entry)).second)
            file_error(path, "expected each array once, but " + in_quotes(name) + " comes twice");
    }
    return result;
}

/// The bytes of an .npz file.
inline std::vector<unsigned char> encode_npz(const std::vector<named_array>& arrays, const npz_options& options,
                                             const std::filesystem::path& path) {
    if (arrays.empty()) {   // libzip makes no such archive
        std::vector<unsigned char> nothing(22);
        std::copy_n("PK\5\6", 4, nothing.begin());
        return nothing;
    }
    zip_problem error;
    zip_owner<zip_source_t> made(zip_source_buffer_create(nullptr, 0, 0, error));
    if (!made) zip_failed(path, "to make an .npz file", error);
    zip_source_keep(made.get());   // one for us, one for the archive
    auto archive = open_zip(zip_owner<zip_source_t>(made.get()), ZIP_TRUNCATE, path);
    const auto check = [&](bool good) {
        if (!good) zip_failed(path, "to make an .npz file", zip_get_error(archive.get()));
    };
    std::vector<std::string> headers;
    headers.reserve(arrays.size());   // the archive points into them
    for (const named_array& a : arrays) {
        if (a.name.empty() || a.name.find('\0') != a.name.npos)
            file_error(path, "expected names of arrays, but one is " + in_quotes(a.name));
        headers.push_back(encode_npy_header(a.type, a.shape));
        std::string& header = headers.back();
        const zip_buffer_fragment_t pieces[] = {{reinterpret_cast<zip_uint8_t*>(header.data()), header.size()},
                                                {const_cast<zip_uint8_t*>(a.bytes.data()), a.bytes.size()}};
        zip_owner<zip_source_t> source(zip_source_buffer_fragment_create(pieces, a.bytes.empty() ? 1 : 2, 0, error));
        if (!source) zip_failed(path, "to make an .npz file", error);
        // A name that is there already is refused by libzip.
        const zip_int64_t index = zip_file_add(archive.get(), (a.name + ".npy").c_str(), source.get(), ZIP_FL_ENC_UTF_8);
        check(index >= 0);
        source.release();
        const auto entry = static_cast<zip_uint64_t>(index);
        check(zip_set_file_compression(archive.get(), entry, options.compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) == 0);
        check(zip_file_set_dostime(archive.get(), entry, 0, 0x21, 0) == 0);   // 1 January 1980: one content, one file
    }
    check(zip_close(archive.get()) == 0);
    archive.release();

    zip_stat_t about;
    bool good = zip_source_stat(made.get(), &about) == 0 && (about.valid & ZIP_STAT_SIZE) && zip_source_open(made.get()) == 0;
    std::vector<unsigned char> bytes(good ? about.size : 0);
    for (std::size_t done = 0; good && done < bytes.size();) {
        const zip_int64_t came = zip_source_read(made.get(), bytes.data() + done, bytes.size() - done);
        good = came > 0;
        if (good) done += static_cast<std::size_t>(came);
    }
    if (!good) zip_failed(path, "to make an .npz file", zip_source_error(made.get()));
    return bytes;
}

}  // namespace detail

/// numpy.savez: writes arrays under names to an .npz file, the whole file or none of it:
/// `save_npz("a.npz", {{"w", w}, {"b", b}})`. Throws `io_error` where a name is empty or comes twice, and where the file
/// cannot be written.
inline void save_npz(const std::filesystem::path& path, const std::vector<named_array>& arrays,
                     const npz_options& options = {}) {
    write_file(path, detail::encode_npz(arrays, options, path));
}

/// numpy.load of an .npz file: its arrays by name, `load_npz("a.npz").at("w").to<float, 3, 4>()`. Throws `io_error` where it
/// is anything else than a sound archive of .npy files that `load_npy` would read, or unpacks to more than `most` bytes.
inline std::map<std::string, array> load_npz(const std::filesystem::path& path, u64 most = npz_limit) {
    return detail::decode_npz(read_file(path), path, most);
}

}  // namespace kiln::io
