// What a pass has to say to the user: recorded in the builder, shown by the public function that was called.
#pragma once
#include <kiln/graph/list.hpp>

namespace kiln {

/// A growing text of at most 36 characters, so that every compiler prints it whole.
struct word {
    static constexpr int capacity = 36;
    char s[capacity + 1];
    int n;

    constexpr word& put(const char* p) {
        while (*p && n < capacity) s[n++] = *p++;
        if (*p) s[capacity - 1] = s[capacity - 2] = '.';
        return *this;
    }
    constexpr word& put(i64 v) {
        char digits[24]{};
        int k = 0;
        u64 u = v < 0 ? ~static_cast<u64>(v) + 1 : static_cast<u64>(v);
        do digits[k++] = static_cast<char>('0' + u % 10);
        while (u /= 10);
        if (v < 0) put("-");
        while (k && n < capacity) s[n++] = digits[--k];
        return *this;
    }
    constexpr bool operator==(const word&) const = default;
};

/// The first thing found wrong: what, the two parties, and the user's line where it is known.
struct finding {
    word what, left, right, where;
    constexpr explicit operator bool() const { return what.n != 0; }
};

}  // namespace kiln
