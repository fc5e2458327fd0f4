// Sums of a contraction by vectors along its inner axis: where a vector of columns would be mostly empty.
#pragma once
#include <kiln/backend/cpu/tile_sums.hpp>

namespace kiln::cpu {

/// So many rows of L columns that lie one behind the other are a vector.
template <class T, int L>
constexpr int rows_in_vector = [] {
    constexpr int bytes = sizeof(T) * L, widest = vector_bytes<default_arch>;
    return std::is_floating_point_v<T> && bytes >= 16 && bytes < widest ? widest / bytes : 1;
}();
#if defined(__AVX2__)
/// W elements, each L times.
template <class T, int L, int W>
KILN_INLINE raw<T, L * W> each_repeated(const T* a) {
    using whole = int_of<sizeof(T)>;
    constexpr auto places = []<int... J>(std::integer_sequence<int, J...>) { return raw<whole, L * W>{J / L...}; }(std::make_integer_sequence<int, L * W>{});
    const auto few = [&]() KILN_INLINE_LAMBDA {   // at the beginning of a vector
        if constexpr (W * sizeof(T) == 8) return _mm256_castsi128_si256(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)));
        else if constexpr (W * sizeof(T) == 16) return _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
        else return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a));
    }();
#if defined(__AVX512F__)
    if constexpr (sizeof(places) == 64 && sizeof(T) == 4) return (raw<T, L * W>)_mm512_permutexvar_epi32((__m512i)places, _mm512_castsi256_si512(few));
    if constexpr (sizeof(places) == 64 && sizeof(T) == 8) return (raw<T, L * W>)_mm512_permutexvar_epi64((__m512i)places, _mm512_castsi256_si512(few));
#endif
    if constexpr (sizeof(places) == 32 && sizeof(T) == 4) return (raw<T, L * W>)_mm256_permutevar8x32_epi32(few, (__m256i)places);
    if constexpr (sizeof(places) == 32 && sizeof(T) == 8) return (raw<T, L * W>)_mm256_permute4x64_epi64(few, 0x50);
}
/// The first L lanes and those behind them, and so on, added up.
template <class T, int L, int N>
KILN_INLINE tile_lanes<T, L> folded(tile_lanes<T, N> v) {
    if constexpr (N == L) return v;
    else {
        using half = tile_lanes<T, N / 2>;
        constexpr std::make_integer_sequence<int, N / 2> some{};
        return folded<T, L>(half{lanes_from<0>(v.v, some)} + half{lanes_from<N / 2>(v.v, some)});
    }
}
/// One row by L columns, several rows of the right operand at a time.
template <class T, int L>
KILN_INLINE void sums_of_short_rows(const tile_operands<T>& o) {
    constexpr int W = rows_in_vector<T, L>;
    using wide = tile_lanes<T, L * W>;
    using lanes = tile_lanes<T, L>;
    const T *a = o.a, *b = o.b;
    wide s0{}, s1{}, s2{}, s3{};   // not an array: g++ would keep it in memory
    if (o.first) s0 = load_some<wide>(o.first, L);
    i64 k = 0;
    const auto rows = [&](wide& sum) KILN_INLINE_LAMBDA {
        sum = fma(wide{each_repeated<T, L, W>(a + k)}, load<wide>(b + k * L), sum);
        k += W;
    };
    while (k + 4 * W <= o.inner) {
        rows(s0);
        rows(s1);
        rows(s2);
        rows(s3);
    }
    while (k + W <= o.inner) rows(s0);
    const wide all = (s0 + s1) + (s2 + s3);
    lanes sum = folded<T, L>(all);
    for (; k < o.inner; ++k) sum = fma(lanes::splat(a[k]), load<lanes>(b + k * L), sum);
    store(o.c, o.more ? load<lanes>(o.c) + sum : sum);
}
#endif

template <class T, int L, int N = 1>
KILN_INLINE raw<T, L> sums_across(const raw<T, L>* v) {   // lane c is the sum of v[c]
    if constexpr (N == L) return *v;
    else {
        using all = std::make_integer_sequence<int, L>;
        using lanes = tile_lanes<T, L>;
        const raw<T, L> a = sums_across<T, L, 2 * N>(v), b = sums_across<T, L, 2 * N>(v + N);
        return (lanes{half_groups<false, N>(a, b, all{})} + lanes{half_groups<true, N>(a, b, all{})}).v;
    }
}
/// One row by `count` columns that are contiguous along the inner axis, `b_inner` apart: a vector of sums for each column,
/// then all of them across at once.
template <class T, int L>
[[gnu::noinline]] void inner_products(const tile_operands<T>& o) {
    raw<T, L> part[L];
    const T* b[L];
#pragma GCC unroll 64
    for (int c = 0; c < L; ++c) {
        part[c] = raw<T, L>{};
        b[c] = o.b + (c < o.count ? c : o.count - 1) * o.b_inner;
    }
    for (i64 k = 0; k < o.inner; k += L) {
        const int here = static_cast<int>(o.inner - k < L ? o.inner - k : L);
        const raw<T, L> x = load_lanes<T, L, true>(o.a + k, here);
#pragma GCC unroll 64
        for (int c = 0; c < L; ++c) part[c] = multiply_add<T, L>(x, load_lanes<T, L, true>(b[c] + k, here), part[c]);
    }
    const tile_lanes<T, L> sums{sums_across<T, L>(part)};
    store(o.c, o.first ? load_some<tile_lanes<T, L>>(o.first, o.count) + sums : sums);
}

/// Rows by C columns, which lie at `columns`, one every `line` elements, with zeros behind `inner`; so many rows that their sums fill a vector at a time.
template <class T, int L, int C>
[[gnu::noinline]] void sums_of_few_columns(const T* a, i64 a_row, i64 rows, const T* columns, i64 line, i64 inner, const T* first, T* c, i64 c_row) {
    constexpr int R = L / C;
    using lanes = tile_lanes<T, L>;
    alignas(64) T result[L]{};
    if (first)
        for (int x = 0; x < R * C; ++x) result[x] = first[x % C];
    const lanes begin = load<lanes>(result);
    for (i64 i = 0; i < rows; i += R) {
        const T* row[R];
        raw<T, L> part[L];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) row[r] = a + (i + r < rows ? i + r : rows - 1) * a_row;
#pragma GCC unroll 16
        for (int x = 0; x < L; ++x) part[x] = raw<T, L>{};
        const auto step = [&](i64 k, auto loaded) KILN_INLINE_LAMBDA {
            raw<T, L> y[C];
#pragma GCC unroll 16
            for (int j = 0; j < C; ++j) y[j] = lanes::settled(load<lanes>(columns + j * line + k).v).v;   // g++ would load it again for each row
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) {
                const raw<T, L> x = loaded(row[r] + k);
#pragma GCC unroll 16
                for (int j = 0; j < C; ++j) part[r * C + j] = multiply_add<T, L>(x, y[j], part[r * C + j]);
            }
        };
        i64 k = 0;
        for (; k + L <= inner; k += L) step(k, [](const T* p) KILN_INLINE_LAMBDA { return load_lanes<T, L, false>(p, L); });
        if (k < inner) step(k, [&](const T* p) KILN_INLINE_LAMBDA { return load_lanes<T, L, true>(p, static_cast<int>(inner - k)); });
        store(result, begin + lanes{sums_across<T, L>(part)});
        for (int r = 0; r < R && i + r < rows; ++r) __builtin_memcpy(c + (i + r) * c_row, result + r * C, C * sizeof(T));
    }
}

}  // namespace kiln::cpu
