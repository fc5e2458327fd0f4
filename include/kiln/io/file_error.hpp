// The one way in which a file is complained about, and texts for it.
#pragma once
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "kiln/core/row_major.hpp"

namespace kiln::io {

/// Throws an `io_error` that names the file: `"train.gz": expected ..., but ...`.
[[noreturn]] inline void file_error(const std::filesystem::path& path, const std::string& what) {
    std::string text = "\"";
    text += path.string();
    text += "\": ";
    text += what;
    throw io_error(text);
}

/// "(2, 3)", "(2,)": a shape as numpy writes it; an extent that is not given is a question mark.
inline std::string text_of_extents(const i64* extents, int rank) {
    std::string text = "(";
    for (int i = 0; i < rank; ++i) {
        if (i > 0) text += ", ";
        text += extents[i] == dynamic ? "?" : std::to_string(extents[i]);
    }
    return text += kiln::detail::end_of_shape(rank);
}

/// Text that came out of a file, fit for a message: its first 100 bytes, with `\xNN` for what is not plain ASCII.
inline std::string printable(std::string_view text) {
    constexpr std::size_t most = 100;
    std::string result;
    for (const char c : text.substr(0, most)) {
        if (c >= ' ' && c <= '~') {
            result += c;
            continue;
        }
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        result += hex;
    }
    return text.size() > most ? result + "..." : result;
}

/// The same in quotes.
inline std::string in_quotes(std::string_view text) { return "\"" + printable(text) + "\""; }

}  // namespace kiln::io
