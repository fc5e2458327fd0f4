// What is UTF-8.
#pragma once
#include <cstddef>
#include <string_view>

namespace kiln::io::detail {

/// Whether the bytes are UTF-8 as the Unicode Standard defines it (table 3-7): the shortest form, no surrogates, at most
/// U+10FFFF.
constexpr bool is_utf8(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto first = static_cast<unsigned char>(bytes[i++]);
        if (first < 0x80) continue;
        if (first < 0xc2 || first > 0xf4) return false;
        // What the second byte may be depends on the first; the others are 80 to BF.
        unsigned char low = 0x80, high = 0xbf;
        if (first == 0xe0) low = 0xa0;
        else if (first == 0xed) high = 0x9f;
        else if (first == 0xf0) low = 0x90;
        else if (first == 0xf4) high = 0x8f;
        for (int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3; more > 0; --more, low = 0x80, high = 0xbf) {
            if (i == bytes.size()) return false;
            const auto next = static_cast<unsigned char>(bytes[i++]);
            if (next < low || next > high) return false;
        }
    }
    return true;
}

}  // namespace kiln::io::detail
