// Small helpers for printing.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <string>

#include <kiln/core/types.hpp>

namespace mnist {

/// `printf` into a string.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
inline std::string
formatted(const char* format, ...) {
    std::va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, arguments)), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

/// 1234567 as "1,234,567".
inline std::string with_commas(kiln::i64 number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<kiln::i64>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
        text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
}

}  // namespace mnist
