// Vectors of the compiler, and their integer lanes at another width. g++ 12 takes vectors of less than 16 bytes apart, lane by lane, as
// it does where a lane becomes four or eight times as wide at once: 40 instructions for 8 bytes as 8 integers, which are 6 in steps.
#pragma once
#include <kiln/backend/cpu/intrinsics.hpp>
#include <kiln/core/types.hpp>

#include <utility>

#define KILN_INLINE inline __attribute__((always_inline))
#define KILN_INLINE_LAMBDA __attribute__((always_inline))
// A function in which instructions that do not wait for each other go by turns. g++ -O2 leaves each where the source has it, and what a
// processor looks through for work are three or four copies of a costly function (AVX-512: GELU 12 to 24 %, e^x log x 13 to 18).
// Where there are 32 registers, values need not be computed as late as where they are read (softplus 5 %).
#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#ifdef __AVX512F__
#define KILN_INTERLEAVED __attribute__((optimize("schedule-insns", "sched-pressure", "no-tree-ter")))
#else
#define KILN_INTERLEAVED __attribute__((optimize("schedule-insns", "sched-pressure")))
#endif
#else
#define KILN_INTERLEAVED
#endif

namespace kiln::cpu {

template <int Bytes>
using int_of = std::conditional_t<Bytes == 1, std::int8_t, std::conditional_t<Bytes == 2, std::int16_t,
               std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

template <class T, int L>
struct raw_vector {
    typedef T type __attribute__((vector_size(sizeof(T) * L)));
};
template <class T, int L>
using raw = typename raw_vector<T, L>::type;

#if defined(__GNUC__) && !defined(__clang__)
template <class T>
using whole_register = raw<T, 16 / static_cast<int>(sizeof(T))>;
/// The lanes of less than 16 bytes at the beginning of 16.
template <class T, int L>
KILN_INLINE whole_register<T> in_whole_register(raw<T, L> v) {
    int_of<sizeof(v)> bits;
    __builtin_memcpy(&bits, &v, sizeof v);
    if constexpr (sizeof(v) == 8) return (whole_register<T>)raw<std::int64_t, 2>{bits, 0};
    else return (whole_register<T>)raw<std::int32_t, 4>{bits & static_cast<std::int32_t>(~0u >> (32 - 8 * sizeof(v))), 0, 0, 0};
}
template <class T, int L>
KILN_INLINE raw<T, L> from_whole_register(whole_register<T> v) {
    const auto bits = static_cast<int_of<sizeof(T) * L>>(((raw<std::int64_t, 2>)v)[0]);
    raw<T, L> r;
    __builtin_memcpy(&r, &bits, sizeof r);
    return r;
}
/// The lanes in the lower half of 16 bytes, twice as wide.
template <class T, int... J>
KILN_INLINE auto lower_half_widened(whole_register<T> v, std::integer_sequence<int, J...>) {
    using wide = std::conditional_t<std::is_signed_v<T>, int_of<2 * sizeof(T)>, std::make_unsigned_t<int_of<2 * sizeof(T)>>>;
    constexpr int n = sizeof...(J);
    whole_register<T> above{};
    if constexpr (std::is_signed_v<T>) above = (whole_register<T>)(v < 0);
    return (whole_register<wide>)__builtin_shufflevector(v, above, (J / 2 + (J % 2 ? n : 0))...);
}
/// Lanes twice as wide, of 16 bytes and more: an instruction that g++ does not find.
template <class Wide, class T, int L>
KILN_INLINE raw<Wide, L> widened(raw<T, L> v) {
    [[maybe_unused]] constexpr bool sign = std::is_signed_v<T>;
#ifdef __AVX2__
    if constexpr (sizeof(v) == 16) {
        if constexpr (sizeof(T) == 1) return (raw<Wide, L>)(sign ? _mm256_cvtepi8_epi16((__m128i)v) : _mm256_cvtepu8_epi16((__m128i)v));
        else if constexpr (sizeof(T) == 2) return (raw<Wide, L>)(sign ? _mm256_cvtepi16_epi32((__m128i)v) : _mm256_cvtepu16_epi32((__m128i)v));
        else return (raw<Wide, L>)(sign ? _mm256_cvtepi32_epi64((__m128i)v) : _mm256_cvtepu32_epi64((__m128i)v));
    }
#endif
#ifdef __AVX512F__
    if constexpr (sizeof(v) == 32 && sizeof(T) > 1) {
        if constexpr (sizeof(T) == 2) return (raw<Wide, L>)(sign ? _mm512_cvtepi16_epi32((__m256i)v) : _mm512_cvtepu16_epi32((__m256i)v));
        else return (raw<Wide, L>)(sign ? _mm512_cvtepi32_epi64((__m256i)v) : _mm512_cvtepu32_epi64((__m256i)v));
    }
#endif
    return __builtin_convertvector(v, raw<Wide, L>);
}
/// Each lane of 16 bytes without its upper half, in the lower half of the result.
template <class T>
KILN_INLINE auto halved(whole_register<T> v) {
    using half = std::conditional_t<std::is_signed_v<T>, int_of<sizeof(T) / 2>, std::make_unsigned_t<int_of<sizeof(T) / 2>>>;
    if constexpr (sizeof(T) == 2) {
        const auto low = (__m128i)((whole_register<std::uint16_t>)v & 0xff);
        return (whole_register<half>)_mm_packus_epi16(low, low);
    } else if constexpr (sizeof(T) == 4) {
        const auto low = (__m128i)((whole_register<std::int32_t>)((whole_register<std::uint32_t>)v << 16) >> 16);
        return (whole_register<half>)_mm_packs_epi32(low, low);
    } else {
        const auto pairs = (whole_register<half>)v;
        return __builtin_shufflevector(pairs, pairs, 0, 2, 0, 2);
    }
}
#endif

/// Integer lanes as those of another width: extended by the sign if they have one, cut off.
template <class To, class T, int L>
KILN_INLINE raw<To, L> at_width(raw<T, L> v) {
    if constexpr (sizeof(To) == sizeof(T)) return (raw<To, L>)v;
#if defined(__GNUC__) && !defined(__clang__)
    else if constexpr (L > 1 && sizeof(To) > sizeof(T)) {
        if constexpr (sizeof(v) < 16) {
            const auto twice = lower_half_widened<T>(in_whole_register<T, L>(v), std::make_integer_sequence<int, static_cast<int>(16 / sizeof(T))>{});
            using wide = std::remove_cvref_t<decltype(twice[0])>;
            if constexpr (sizeof(wide) * L < 16) return at_width<To, wide, L>(from_whole_register<wide, L>(twice));
            else return at_width<To, wide, L>(twice);
        } else {
            using wide = std::conditional_t<std::is_signed_v<T>, int_of<2 * sizeof(T)>, std::make_unsigned_t<int_of<2 * sizeof(T)>>>;
            return at_width<To, wide, L>(widened<wide, T, L>(v));
        }
    } else if constexpr (L > 1) {
        using half = std::conditional_t<std::is_signed_v<T>, int_of<sizeof(T) / 2>, std::make_unsigned_t<int_of<sizeof(T) / 2>>>;
        if constexpr (sizeof(v) > 16) return at_width<To, half, L>(__builtin_convertvector(v, raw<half, L>));
        else if constexpr (sizeof(v) == 16) return at_width<To, half, L>(from_whole_register<half, L>(halved<T>(v)));
        else return at_width<To, half, L>(from_whole_register<half, L>(halved<T>(in_whole_register<T, L>(v))));
    }
#endif
    else return __builtin_convertvector(v, raw<To, L>);
}

}  // namespace kiln::cpu
