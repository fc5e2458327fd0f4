// A short list of integers for constant evaluation: shapes, axes, attributes.
#pragma once
#include <kiln/core/types.hpp>

namespace kiln {

/// At most `capacity` integers, on the stack. Interned ones live in a graph's table of integers.
struct list {
    static constexpr int capacity = 32;
    i64 at[capacity];
    int n;

    constexpr list() : at{}, n(0) {}
    template <class... I>
        requires(sizeof...(I) > 0 && (std::is_convertible_v<I, i64> && ...))
    constexpr list(I... v) : at{static_cast<i64>(v)...}, n(sizeof...(I)) {
        static_assert(sizeof...(I) <= capacity);
    }

    constexpr void put(i64 v) { at[n++] = v; }
    constexpr i64 operator[](int k) const { return at[k]; }
    constexpr bool has(i64 v) const {
        for (int k = 0; k < n; ++k)
            if (at[k] == v) return true;
        return false;
    }
    constexpr bool operator==(const list& o) const {
        if (n != o.n) return false;
        for (int k = 0; k < n; ++k)
            if (at[k] != o.at[k]) return false;
        return true;
    }
};

template <class... I>
constexpr list ints(I... v) {
    if constexpr (sizeof...(I) > 0) return list(v...);
    else return list();
}

// Lists describe themselves, so that any list can be renumbered without asking the operation that it belongs to:
// plain numbers are below 2^40 in size, everything else is a tagged reference into a table of the same graph.
inline constexpr i64 extent_tag = -(i64{1} << 40);  // - index of the list (number, names...): a product of named extents
inline constexpr i64 region_tag = i64{1} << 41;     // + index of a region
inline constexpr i64 name_tag = i64{1} << 42;       // + index into the characters
constexpr bool is_product(i64 v) { return v <= extent_tag && v > 2 * extent_tag; }
constexpr bool is_region(i64 v) { return v >= region_tag && v < region_tag + (i64{1} << 40); }
constexpr bool is_name(i64 v) { return v >= name_tag && v < name_tag + (i64{1} << 40); }

/// Stands for the one extent of a reshape that follows from the others.
inline constexpr i64 inferred = -(i64{1} << 62);

constexpr u64 mix(u64 h, u64 v) {
    h ^= v;
    h *= 0x9E3779B97F4A7C15ull;
    return h ^ (h >> 29);
}

constexpr bool same_text(const char* s, const char* t) {
    while (*s && *s == *t) { ++s; ++t; }
    return *s == *t;
}
/// The name of an extent that is a number beside another one: "n - 3" is n and -3, "n + 1" is n and 1, "n" is n and 0.
struct name_and_number {
    const char* name;
    int length;
    i64 number;
    constexpr bool same_name(const name_and_number& o) const {
        if (length != o.length) return false;
        for (int k = 0; k < length; ++k)
            if (name[k] != o.name[k]) return false;
        return true;
    }
    constexpr bool is_name(const char* s) const {
        int k = 0;
        while (k < length && s[k] == name[k]) ++k;
        return k == length && !s[k];
    }
};
constexpr name_and_number name_and_number_of(const char* s) {
    int n = 0;
    while (s[n]) ++n;
    i64 number = 0, unit = 1;
    int k = n;
    for (; k > 0 && s[k - 1] >= '0' && s[k - 1] <= '9' && n - k < 12; --k, unit *= 10) number += unit * (s[k - 1] - '0');
    const bool sum = k < n && k > 3 && s[k - 1] == ' ' && (s[k - 2] == '+' || s[k - 2] == '-') && s[k - 3] == ' ';
    return sum ? name_and_number{s, k - 3, s[k - 2] == '+' ? number : -number} : name_and_number{s, n, 0};
}

/// FNV-1a of a text: the identity of an operation.
constexpr u64 hash(const char* s) {
    u64 h = 0xcbf29ce484222325ull;
    for (; *s; ++s) h = (h ^ static_cast<u64>(static_cast<unsigned char>(*s))) * 0x100000001b3ull;
    return h;
}

/// The bits of a double as an integer; arithmetic on EDG (nvcc), which has no bit_cast in constant evaluation.
constexpr i64 bits_of(double d) {
#ifndef __EDG__
    return __builtin_bit_cast(i64, d);
#else
    if (d != d) return 0x7ff8000000000000ll;
    u64 sign = 0;
    if (d < 0) { sign = u64{1} << 63; d = -d; }
    if (d == 0) return 0;
    if (d > 1.7976931348623157e308) return static_cast<i64>(sign | 0x7ff0000000000000ull);
    int e = 0;
    while (d >= 2) { d /= 2; ++e; }
    while (d < 1 && e > -1022) { d *= 2; --e; }
    const bool normal = d >= 1;
    const u64 mantissa = static_cast<u64>(d * 4503599627370496.0) & ((u64{1} << 52) - 1);
    return static_cast<i64>(sign | (normal ? static_cast<u64>(e + 1023) << 52 : 0) | mantissa);
#endif
}
constexpr double double_of(i64 bits) {
#ifndef __EDG__
    return __builtin_bit_cast(double, bits);
#else
    const u64 u = static_cast<u64>(bits), m = u & ((u64{1} << 52) - 1);
    int e = static_cast<int>(u >> 52 & 2047);
    if (e == 2047) { const double r = m ? __builtin_nan("") : __builtin_huge_val(); return u >> 63 ? -r : r; }
    double d = static_cast<double>(m) / 4503599627370496.0 + (e ? 1 : 0);
    e = e ? e - 1023 : -1022;
    while (e > 0) { d *= 2; --e; }
    while (e < 0) { d /= 2; ++e; }
    return u >> 63 ? -d : d;
#endif
}

}  // namespace kiln
