// Copies of operands into panels: along the inner axis, so many elements side by side. Lines transposed, as squares and strips.
#pragma once
#include <kiln/backend/cpu/lanes_in_memory.hpp>

#include <utility>

namespace kiln::cpu {

/// Of each group of 2 D lanes the lower or the upper half, first that of a, then that of b: what folds both to D lanes.
template <bool High, int D, class V, int... J>
KILN_INLINE V half_groups(V a, V b, std::integer_sequence<int, J...>) {
    constexpr int n = sizeof...(J);
    return __builtin_shufflevector(a, b, (J / (2 * D) * 2 * D + J % D + (High ? D : 0) + (J / D % 2 ? n : 0))...);
}
/// How many of n lanes of V are 16 bytes, or all that there are.
template <class V>
constexpr int lanes_in_16_bytes(int n) {
    const int e = static_cast<int>(16 * static_cast<std::size_t>(n) / sizeof(V));
    return e < n ? e : n;
}
/// Of each 16 bytes of two vectors the lower or the upper half, by turns elements of G lanes of a and of b.
template <bool High, int G, class V, int... J>
KILN_INLINE V interleaved_within(V a, V b, std::integer_sequence<int, J...>) {
    constexpr int n = sizeof...(J), e = lanes_in_16_bytes<V>(n), from = High ? e / 2 : 0;
    return __builtin_shufflevector(a, b, (J / e * e + from + J % e / G / 2 * G + J % G + (J / G % 2 ? n : 0))...);
}
/// The even or the odd ones of all their 16 bytes.
template <bool Odd, class V, int... J>
KILN_INLINE V every_second(V a, V b, std::integer_sequence<int, J...>) {
    constexpr int n = sizeof...(J), e = lanes_in_16_bytes<V>(n);
    return __builtin_shufflevector(a, b, (J / (n / 2) * n + (J % (n / 2) / e * 2 + Odd) * e + J % e)...);
}
/// As many vectors as 16 bytes have elements of four or eight bytes: these squares, each transposed.
template <class V, int... J>
KILN_INLINE void transpose_within(V* v, std::integer_sequence<int, J...> lanes) {
    constexpr int e = lanes_in_16_bytes<V>(sizeof...(J));
    static_assert(e == 2 || e == 4);
    V t[e];
#pragma GCC unroll 2
    for (int i = 0; i < e; i += 2) {
        t[i] = interleaved_within<false, 1>(v[i], v[i + 1], lanes);
        t[i + 1] = interleaved_within<true, 1>(v[i], v[i + 1], lanes);
    }
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k)
        if constexpr (e == 2) v[k] = t[k];
        else {
            v[2 * k] = interleaved_within<false, 2>(t[k], t[k + 2], lanes);
            v[2 * k + 1] = interleaved_within<true, 2>(t[k], t[k + 2], lanes);
        }
}
/// n vectors of n lanes of four or eight bytes as a matrix, transposed: first squares of 16 bytes, then their places. Shuffles within 16 bytes need no
/// register that says how.
template <class V, int N>
KILN_INLINE void transpose_in_registers(V (&v)[N]) {
    using lanes = std::make_integer_sequence<int, N>;
    constexpr int e = lanes_in_16_bytes<V>(N);
#pragma GCC unroll 16
    for (int i = 0; i < N; i += e) transpose_within(v + i, lanes{});
    if constexpr (N > e) {
        V t[N];
#pragma GCC unroll 4
        for (int d = e; d < N; d *= 2) {
#pragma GCC unroll 16
            for (int k = 0; k < N / 2; ++k) {
                const int i = k / d * 2 * d + k % d;
                t[i] = every_second<false>(v[i], v[i + d], lanes{});
                t[i + d] = every_second<true>(v[i], v[i + d], lanes{});
            }
#pragma GCC unroll 32
            for (int i = 0; i < N; ++i) v[i] = t[i];
        }
    }
}

/// The same of L lines in memory.
template <class T, int L>
KILN_INLINE void load_transposed(raw<T, L> (&v)[L], const T* from, i64 across) {
#pragma GCC unroll 32
    for (int r = 0; r < L; ++r) v[r] = load<simd<T, L, static_cast<int>(sizeof(T))>>(from + r * across).v;
    transpose_in_registers(v);
}

/// `lines` lines of `count` elements, transposed. Lanes behind the last line are copies of it.
template <class T, int L, bool Whole>
[[gnu::noinline]] void transposed_square(T* to, i64 width, const T* from, i64 across, int lines, int count) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    raw<T, L> v[L];
#pragma GCC unroll 32
    for (int r = 0; r < L; ++r)
        if (Whole || r < lines) __builtin_prefetch(from + r * across + 2 * L);
    if constexpr (Whole) {
        load_transposed<T, L>(v, from, across);
    } else {
#pragma GCC unroll 32
        for (int r = 0; r < L; ++r) v[r] = load_some<lanes>(from + (r < lines ? r : lines - 1) * across, count).v;
        transpose_in_registers(v);
    }
#pragma GCC unroll 32
    for (int r = 0; r < L; ++r)
        if (Whole || r < count) store(to + r * width, lanes{v[r]});
}
/// Pieces of 16 bytes that lie so many P `apart`, one behind the other. For 64 bytes each is loaded to all places and blended: beside multiply-adds that is free,
/// where shuffles across 16 bytes are not, nor what g++ would make of it, loads into some places.
template <class T, int L, class P>
KILN_INLINE raw<T, L> load_pieces(const P* from, i64 apart) {
    using piece = simd<T, static_cast<int>(16 / sizeof(T)), static_cast<int>(sizeof(T))>;
    if constexpr (L == piece::lanes) return load<piece>(from).v;
#ifdef __AVX512F__
    else if constexpr (L * sizeof(T) == 64) {
        const auto at = [&](i64 k) KILN_INLINE_LAMBDA {
            return (__m512)simd<T, L, static_cast<int>(sizeof(T))>::settled((raw<T, L>)_mm512_broadcast_f32x4((__m128)load<piece>(from + k * apart).v)).v;
        };
        return (raw<T, L>)_mm512_mask_blend_ps(0xff00, _mm512_mask_blend_ps(0x00f0, at(0), at(1)), _mm512_mask_blend_ps(0xf000, at(2), at(3)));
    }
#endif
    else {
        const raw<T, L / 2> a = load_pieces<T, L / 2>(from, apart), b = load_pieces<T, L / 2>(from + L / 2 / piece::lanes * apart, apart);
        return [&]<int... J>(std::integer_sequence<int, J...>) KILN_INLINE_LAMBDA { return __builtin_shufflevector(a, b, J...); }(std::make_integer_sequence<int, L>{});
    }
}
/// 16 bytes of each of L lines, transposed in few registers.
template <class T, int L>
KILN_INLINE void transposed_strip(T* to, const T* from, i64 across) {
    constexpr int e = 16 / sizeof(T);
    raw<T, L> v[e];
#pragma GCC unroll 4
    for (int k = 0; k < e; ++k) v[k] = load_pieces<T, L>(from + k * across, e * across);
    transpose_within(v, std::make_integer_sequence<int, L>{});
#pragma GCC unroll 4
    for (int k = 0; k < e; ++k) store(to + k * L, simd<T, L, static_cast<int>(sizeof(T))>{v[k]});
}
/// The other way: `count` columns of L lanes, of which the first `lines` become lines.
template <class T, int L>
[[gnu::noinline]] void transposed_lines(T* to, i64 across, const T* from, int count, int lines) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    raw<T, L> v[L];
#pragma GCC unroll 32
    for (int k = 0; k < L; ++k) v[k] = k < count ? load<lanes>(from + k * L).v : raw<T, L>{};
    transpose_in_registers(v);
#pragma GCC unroll 32
    for (int r = 0; r < L; ++r)
        if (r < lines) store_some(lanes{v[r]}, to + r * across, count);
}
/// Element (line, k) of a matrix lies at from[line * across + k * along]. Panel q has the lines from q * width on: element
/// (line, k) at to[q * panel + k * width + line % width]. Up to a vector more may be written behind a line of a panel and is
/// written over by what comes next; so a width that is no multiple of L needs a call for each panel.
template <class T, int L>
[[gnu::noinline]] void pack(T* to, i64 width, i64 panel, const T* from, i64 lines, i64 across, i64 along, i64 n) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    if (across == 1) {
        for (i64 k = 0; k < n; ++k, to += width, from += along) {
            T* p = to;
            for (i64 line = 0; line < lines; line += width, p += panel) {
                const i64 here = lines - line < width ? lines - line : width;
                if (here % L != 0) __builtin_prefetch(from + line + here - 1 + 8 * along);   // it may be another cache line
                for (i64 g = 0; g < here; g += L) {
                    __builtin_prefetch(from + line + g + 8 * along);
                    store(p + g, here - g >= L ? load<lanes>(from + line + g) : load_some<lanes>(from + line + g, static_cast<int>(here - g)));
                }
            }
        }
        return;
    }
    for (i64 line = 0; line < lines; line += width, to += panel, from += width * across) {
        const i64 here = lines - line < width ? lines - line : width, last = (here - 1) / L * L;
        if constexpr (sizeof(T) >= 4 && L > 1)
            if (along == 1) {
                for (i64 k = 0; k < n; k += L)
                    for (i64 g = last; g >= 0; g -= L) {   // the lanes behind the last line are the next step's
                        const T* const first = from + g * across + k;
                        if (n - k >= L && here - g >= L) transposed_square<T, L, true>(to + k * width + g, width, first, across, L, L);
                        else transposed_square<T, L, false>(to + k * width + g, width, first, across, static_cast<int>(here - g < L ? here - g : L), static_cast<int>(n - k < L ? n - k : L));
                    }
                continue;
            }
        for (i64 k = 0; k < n; ++k)
            for (i64 r = 0; r < here; ++r) to[k * width + r] = from[r * across + k * along];
    }
}

}  // namespace kiln::cpu
