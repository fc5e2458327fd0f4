// The text of an error. Not a std::string, whose functions each program that includes kiln would compile anew for texts that it
// never shows.
#pragma once
#include <concepts>
#include <cstdio>

#include <kiln/core/types.hpp>

namespace kiln::detail {

/// Words and numbers in a row; text beyond a thousand characters is replaced by an ellipsis.
class message {
public:
    message& operator<<(const char* words) {
        for (; *words; ++words) put(*words);
        return *this;
    }
    template <std::integral T>
    message& operator<<(T number) {
        char digits[24];
        if constexpr (std::is_signed_v<T>) std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(number));
        else std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(number));
        return *this << static_cast<const char*>(digits);
    }
    message& operator<<(double number) {
        char digits[400];   // the largest has 309 before the point
        std::snprintf(digits, sizeof digits, "%f", number);
        return *this << static_cast<const char*>(digits);
    }
    /// "(2, 3)"; what nobody knows is a question mark.
    message& shape(const i64* extents, int rank, const char* end = ")") {
        *this << "(";
        for (int i = 0; i < rank; ++i) {
            if (i > 0) *this << ", ";
            if (extents[i] < 0) *this << "?";
            else *this << extents[i];
        }
        return *this << end;
    }
    const char* text() const { return text_; }

private:
    void put(char c) {
        static constexpr int most = 1000;
        if (length_ < most) text_[length_++] = c;
        else
            for (int k = 0; k < 3; ++k) text_[most + k] = '.';
    }

    char text_[1004]{};
    int length_ = 0;
};

}  // namespace kiln::detail
