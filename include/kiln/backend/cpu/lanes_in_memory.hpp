// Lanes from memory and back: all of them, the first few, some in the middle, past the caches. A bool is one byte there.
#pragma once
#include <kiln/backend/cpu/simd.hpp>

namespace kiln::cpu {

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"   // g++ 12 doubts the sums of a tile, which are written vector by vector
#endif
template <class V>
KILN_INLINE V load(const void* p) {
    V r;
    __builtin_memcpy(&r.v, p, sizeof(r.v));
    return r;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
template <class V>
KILN_INLINE void store(void* p, V x) {
    __builtin_memcpy(p, &x.v, sizeof(x.v));
}
/// A store of a whole vector that goes around the caches; p is aligned to the vector.
template <class V>
KILN_INLINE void stream(void* p, V x) {
    if constexpr (sizeof(x.v) == 16) _mm_stream_si128(static_cast<__m128i*>(p), (__m128i)x.v);
#ifdef __AVX__
    else if constexpr (sizeof(x.v) == 32) _mm256_stream_si256(static_cast<__m256i*>(p), (__m256i)x.v);
#endif
#ifdef __AVX512F__
    else if constexpr (sizeof(x.v) == 64) _mm512_stream_si512(static_cast<__m512i*>(p), (__m512i)x.v);
#endif
    else store(p, x);
}
#ifdef __AVX2__
template <class I, int L>
KILN_INLINE raw<I, L> first_lanes(int n) {   // all bits of the first n
    return (raw<I, L>)(counted_lanes<I>(std::make_integer_sequence<int, L>{}) < raw<I, L>{} + static_cast<I>(n));
}
#endif
/// The first n lanes, n below 32, as masked instructions want them.
template <int Lanes>
KILN_INLINE auto mask_of_first(int n) {
    return static_cast<std::conditional_t<(Lanes > 8), std::uint16_t, std::uint8_t>>((1u << n) - 1);
}
#ifdef __AVX512F__
// Masked instructions of 64 bytes serve shorter vectors too, whose lanes are the first of them: those of other lengths are a header more.
template <class T, class Mask>
KILN_INLINE __m512i load_masked(const T* p, Mask mask) {
    if constexpr (sizeof(T) == 4) return _mm512_maskz_loadu_epi32(mask, p);
    else return _mm512_maskz_loadu_epi64(mask, p);
}
template <class T, class Mask>
KILN_INLINE void store_masked(T* p, Mask mask, __m512i x) {
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(p, mask, x);
    else _mm512_mask_storeu_epi64(p, mask, x);
}
template <class R>
KILN_INLINE R first_of_64_bytes(__m512i x) {
    if constexpr (sizeof(R) == 16) return (R)_mm512_castsi512_si128(x);
    else if constexpr (sizeof(R) == 32) return (R)_mm512_castsi512_si256(x);
    else return (R)x;
}
template <class R>
KILN_INLINE __m512i in_64_bytes(R x) {
    if constexpr (sizeof(R) == 16) return _mm512_castsi128_si512((__m128i)x);
    else if constexpr (sizeof(R) == 32) return _mm512_castsi256_si512((__m256i)x);
    else return (__m512i)x;
}
#endif
template <class V>
KILN_INLINE V load_some(const typename V::element_type* p, int n) {   // the other lanes are zero
    using R = typename V::raw_type;
    [[maybe_unused]] constexpr int size = sizeof(*p), bytes = sizeof(R);
#ifdef __AVX512F__
    if constexpr (size >= 4 && bytes >= 16) return {first_of_64_bytes<R>(load_masked(p, mask_of_first<V::lanes>(n)))};
#elif defined(__AVX2__)
    if constexpr (size == 4 && bytes == 32) return {(R)_mm256_maskload_epi32((const int*)p, (__m256i)first_lanes<std::int32_t, 8>(n))};
    if constexpr (size == 8 && bytes == 32) return {(R)_mm256_maskload_epi64((const long long*)p, (__m256i)first_lanes<std::int64_t, 4>(n))};
    if constexpr (size == 4 && bytes == 16) return {(R)_mm_maskload_epi32((const int*)p, (__m128i)first_lanes<std::int32_t, 4>(n))};
    if constexpr (size == 8 && bytes == 16) return {(R)_mm_maskload_epi64((const long long*)p, (__m128i)first_lanes<std::int64_t, 2>(n))};
#endif
    V r{};
    if constexpr (V::lanes <= 4)   // a call of memcpy takes longer
        for (int k = 0; k < V::lanes && k < n; ++k) r.v[k] = p[k];
    else __builtin_memcpy(&r.v, p, static_cast<std::size_t>(n) * sizeof(*p));
    return r;
}
/// Lanes [from, to) of what is at p; the others are zero.
template <class V>
KILN_INLINE V load_between(const typename V::element_type* p, int from, int to) {
    using R = typename V::raw_type;
    [[maybe_unused]] constexpr int size = sizeof(*p), bytes = sizeof(R), lanes = V::lanes;
#ifdef __AVX512F__
    if constexpr (size >= 4 && bytes >= 16) return {first_of_64_bytes<R>(load_masked(p, static_cast<decltype(mask_of_first<lanes>(0))>(mask_of_first<lanes>(to) & ~mask_of_first<lanes>(from))))};
#elif defined(__AVX2__)
    if constexpr (size >= 4 && bytes == 32) {
        using I = int_of<size>;
        const raw<I, lanes> mask = first_lanes<I, lanes>(to) & ~first_lanes<I, lanes>(from);
        if constexpr (size == 4) return {(R)_mm256_maskload_epi32((const int*)p, (__m256i)mask)};
        else return {(R)_mm256_maskload_epi64((const long long*)p, (__m256i)mask)};
    }
#endif
    V r{};
    if (from < to) __builtin_memcpy((char*)&r.v + static_cast<std::size_t>(from) * sizeof(*p), p + from, static_cast<std::size_t>(to - from) * sizeof(*p));
    return r;
}
/// So many lanes of x from `From` on.
template <i64 From, class X, int... J>
KILN_INLINE auto lanes_from(X x, std::integer_sequence<int, J...>) {
    return __builtin_shufflevector(x, x, (J + static_cast<int>(From))...);
}
/// Half of the J lanes are those of x, the others 0.
template <class X, int... J>
KILN_INLINE auto twice_as_wide(X x, std::integer_sequence<int, J...>) {
    return __builtin_shufflevector(x, X{}, J...);
}
/// The first n of fewer than Lanes in pieces of half of them, a quarter, ...
template <class T, int Lanes>
KILN_INLINE void store_pieces(raw<T, Lanes> x, T* p, int n) {
    if constexpr (Lanes == 2) {
        if (n & 1) *p = x[0];
    } else if constexpr (Lanes > 2) {
        constexpr int half = Lanes / 2;
        constexpr std::make_integer_sequence<int, half> all{};
        raw<T, half> piece = lanes_from<0>(x, all);
        if (n & half) {
            __builtin_memcpy(p, &piece, sizeof(piece));
            piece = lanes_from<half>(x, all);
            p += half;
        }
        store_pieces<T, half>(piece, p, n);
    }
}
template <class V>
KILN_INLINE void store_some(V x, typename V::element_type* p, int n) {
    [[maybe_unused]] constexpr int size = sizeof(*p), bytes = sizeof(x.v);
#ifdef __AVX512F__
    if constexpr (size >= 4 && bytes >= 16) return store_masked(p, mask_of_first<V::lanes>(n), in_64_bytes(x.v));
#endif
    // no masks of AVX2: some processors take ten times as long for them
    if (n >= V::lanes) store(p, x);
    else store_pieces<typename V::element_type, V::lanes>(x.v, p, n);
}

// The same for loops that may be written out, where it is then known how many lanes are there: all of them need no mask. Not for all loops:
// compilers carry both ways along.
template <class V>
KILN_INLINE bool surely(int n, int lanes) { return __builtin_constant_p(n) && n == lanes && sizeof(typename V::raw_type) == 32; }
template <class V>
KILN_INLINE V load_known(const typename V::element_type* p, int n) { return surely<V>(n, V::lanes) ? load<V>(p) : load_some<V>(p, n); }
/// Half a vector is a shorter load: a masked one that reaches into the next line of a cache takes twice as long.
template <class V>
KILN_INLINE V load_some_or_half(const typename V::element_type* p, int n) {
    using R [[maybe_unused]] = typename V::raw_type;
#ifdef __AVX512F__
    if constexpr (sizeof(R) == 64)
        if (n == V::lanes / 2) return {(R)_mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
#endif
#ifdef __AVX__
    if constexpr (sizeof(R) == 32)
        if (n == V::lanes / 2) return {(R)_mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
#endif
    return load_some<V>(p, n);
}
template <class V>
KILN_INLINE V load_known_between(const typename V::element_type* p, int from, int to) {
    return surely<V>(from, 0) ? load_known<V>(p, to) : load_between<V>(p, from, to);
}
template <class V>
KILN_INLINE void store_known(V x, typename V::element_type* p, int n) {
    if (surely<V>(n, V::lanes)) store(p, x);
    else store_some(x, p, n);
}

}  // namespace kiln::cpu
