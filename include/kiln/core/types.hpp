// Integer names and the element types that a tensor can have.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#if defined(__FAST_MATH__) && !defined(KILN_ALLOW_FAST_MATH)
#error "kiln: -ffast-math breaks NaN, infinities and reproducible results; build without it (or define KILN_ALLOW_FAST_MATH)"
#endif

// Functions that device code calls too (the one macro for it). They are the insides of loops: a call would find its constants anew.
#ifndef KILN_HD
#ifdef __CUDACC__
#define KILN_HD __host__ __device__
#else
#define KILN_HD __attribute__((always_inline))
#endif
#endif

namespace kiln {

using i64 = std::int64_t;
using u64 = std::uint64_t;

/// The element types. `weak_int` and `weak_float` are the types of constants that have not met a partner yet
/// (`2_c`, a bare number in a traced function): they take the dtype of what they meet, and stand for int64 and
/// float64 where they meet nothing.
enum class dtype : int {
    boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, weak_int, weak_float,
    none   // a node that has several results has no type of its own
};

constexpr bool is_weak(dtype t) { return t == dtype::weak_int || t == dtype::weak_float; }
constexpr bool is_floating(dtype t) { return t == dtype::float32 || t == dtype::float64 || t == dtype::weak_float; }
constexpr bool is_signed_integer(dtype t) {
    return (t >= dtype::int8 && t <= dtype::int64) || t == dtype::weak_int;
}
constexpr bool is_unsigned_integer(dtype t) { return t >= dtype::uint8 && t <= dtype::uint64; }
constexpr bool is_integer(dtype t) { return is_signed_integer(t) || is_unsigned_integer(t); }

inline constexpr int bytes_of_dtype[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 8, 0};   // here: clang evaluates a local constant at each call
/// Bytes of one element in memory.
constexpr int size_of(dtype t) { return bytes_of_dtype[static_cast<int>(t)]; }

/// numpy's result_type of two dtypes: the smallest that holds both (int8 with uint8 is int16, int32 with float32 float64,
/// int64 with uint64 float64).
constexpr dtype promoted(dtype a, dtype b) {
    if (a == b || b == dtype::boolean) return a;
    if (a == dtype::boolean) return b;
    if (is_floating(a) != is_floating(b)) {
        const dtype f = is_floating(a) ? a : b, i = is_floating(a) ? b : a;
        return size_of(i) > 2 ? dtype::float64 : f;
    }
    if (is_floating(a) || is_signed_integer(a) == is_signed_integer(b)) return size_of(a) >= size_of(b) ? a : b;
    const dtype s = is_signed_integer(a) ? a : b, u = is_signed_integer(a) ? b : a;
    if (size_of(s) > size_of(u)) return s;
    return size_of(u) == 8 ? dtype::float64 : size_of(u) == 4 ? dtype::int64 : size_of(u) == 2 ? dtype::int32 : dtype::int16;
}

/// numpy's name of the dtype.
constexpr const char* name_of(dtype t) {
    constexpr const char* names[] = {"bool",   "int8",   "int16",   "int32",   "int64",    "uint8",      "uint16",
                                     "uint32", "uint64", "float32", "float64", "weak int", "weak float", "none"};
    return names[static_cast<int>(t)];
}

/// A C++ arithmetic type that a tensor can hold.
template <class T>
concept element = std::is_same_v<T, bool> || std::is_same_v<T, float> || std::is_same_v<T, double> ||
                  (std::is_integral_v<T> && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> &&
                   !std::is_same_v<T, char32_t> && !std::is_same_v<T, char8_t> && sizeof(T) <= 8);

/// The dtype of a C++ type; `long long` and `long` of one size are one dtype.
template <element T>
constexpr dtype dtype_of = [] {
    if constexpr (std::is_same_v<T, bool>) return dtype::boolean;
    else if constexpr (std::is_same_v<T, float>) return dtype::float32;
    else if constexpr (std::is_same_v<T, double>) return dtype::float64;
    else {
        constexpr int log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
        return static_cast<dtype>(static_cast<int>(std::is_signed_v<T> ? dtype::int8 : dtype::uint8) + log2);
    }
}();

namespace detail {
template <dtype T>
constexpr auto ctype() {
    if constexpr (T == dtype::boolean) return bool{};
    else if constexpr (T == dtype::int8) return std::int8_t{};
    else if constexpr (T == dtype::int16) return std::int16_t{};
    else if constexpr (T == dtype::int32) return std::int32_t{};
    else if constexpr (T == dtype::uint8) return std::uint8_t{};
    else if constexpr (T == dtype::uint16) return std::uint16_t{};
    else if constexpr (T == dtype::uint32) return std::uint32_t{};
    else if constexpr (T == dtype::uint64) return std::uint64_t{};
    else if constexpr (T == dtype::float32) return float{};
    else if constexpr (T == dtype::float64 || T == dtype::weak_float) return double{};
    else return std::int64_t{};
}
}  // namespace detail

/// The C++ type of a dtype.
template <dtype T>
using ctype_of = decltype(detail::ctype<T>());

}  // namespace kiln
