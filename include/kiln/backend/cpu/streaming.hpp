// Results of more than the caches hold go past them.
#pragma once
#include <kiln/backend/cpu/transposed_reads.hpp>

#include <cstdint>

namespace kiln::cpu {

/// The slots of a map: bytes of an element of what could be streamed, 0 of others; what is loaded.
struct streams {
    static constexpr int most = 16;
    int size[most];
    bool loaded[most];
};
/// How many columns from `first` on go before the first streamed one; -1: this call does not stream. Results are larger than
/// the caches, lie alike and are not updated in place, since then their lines have been fetched anyway. A function of its own, for few maps are so large.
[[gnu::noinline]] inline i64 columns_before_stream(const streams& s, char* const* a, i64 n1, i64 first, int vector_bytes) {
    i64 bytes = 0, before = -1;
    for (int i = 0; i < streams::most; ++i) {
        if (!s.size[i]) continue;
        bytes += n1 * s.size[i];
        const char* from = a[i] + first * s.size[i];
        const i64 columns_before = static_cast<i64>(-reinterpret_cast<std::uintptr_t>(from) % static_cast<std::uintptr_t>(vector_bytes)) / s.size[i];
        if (before >= 0 && columns_before != before) return -1;
        before = columns_before;
        for (int j = 0; j < streams::most; ++j)
            if (s.loaded[j] && a[j] == a[i]) return -1;
    }
    return bytes > beyond_caches ? before : -1;
}

/// Nests that may be such maps: one row of many columns.
template <class K, int VB>
struct streamed_maps : transposed_reads<K, VB> {
    using base = transposed_reads<K, VB>;
    using base::f, base::L, base::axes, base::n_costly, base::at_column, base::has_sums, base::along_rows, base::sums_of_columns;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    /// May the nest be split over threads: its outer axes; within these its rows where nothing is summed over them, its columns, or a flat map.
    static constexpr bool splits_within = sums_of_columns || (!has_sums && (K::header.has_rows || !along_rows)), splits = K::header.outer > 0 || splits_within;

    static constexpr bool streamed(int i) { return K::node(i).kind == step::store && f.columns(i); }
    /// Little is computed for each element, so that memory is what a large map waits for, and results are whole vectors.
    static constexpr bool may_stream = [] {
        bool yes = splits && K::header.large && n_costly == 0 && base::n <= streams::most && K::header.slots <= streams::most && !f.sections;
        for (int i = 0; i < base::n; ++i) yes &= !K::node(i).strided && (!streamed(i) || size_of(K::node(i).type) * L == VB);
        return yes;
    }();
    template <int I>
    static KILN_INLINE void stream_step(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (streamed(I)) stream(base::template address<I>(p), base::template get<K::node(I).in[0]>(s, r));
        else base::template step<I, false>(s, r, p, acc);
    }
    template <int... I>
    static KILN_INLINE void stream_each(std::integer_sequence<int, I...>, state& s, const place& p) {
        [[maybe_unused]] regs r;
        (stream_step<I>(s, r, p, s.acc), ...);
    }
    static KILN_INLINE i64 columns_before_stream(char* const* a, i64 n1, i64 first) {
        static constexpr streams s = [] {
            streams r{};
            for (int i = 0; i < base::n; ++i)
                if (streamed(i)) r.size[K::node(i).slot] = size_of(K::node(i).type);
                else if (K::node(i).kind == step::load) r.loaded[K::node(i).slot] = true;
            return r;
        }();
        return kiln::cpu::columns_before_stream(s, a, n1, first, VB);
    }
    template <int... S>
    static KILN_INLINE void copy_arguments(std::integer_sequence<int, S...>, char** to, char* const* from) { ((to[S] = from[S]), ...); }
    [[gnu::noinline]] static void run_streaming(char* const* a, const i64* sizes, i64 first, i64 last, i64 before) {
        using nodes = only<base::pass>;
        const i64 n1 = sizes[axes - 1], outer[1]{};
        char* q[K::header.slots + 1];   // as outer_indices: no store can be taken for these, so that they stay in registers
        copy_arguments(std::make_integer_sequence<int, K::header.slots>{}, q, a);
        state s;
        const place start{q, sizes, outer, 0, 0, n1, L};
        base::template steps<false>(only<base::before>{}, s, s.row, start, s.acc);
        base::template steps<false>(only<base::row_start>{}, s, s.row, start, s.acc);
        i64 j = first;
        if (before) base::template one_each<0, true>(nodes{}, s, at_column(start, j, static_cast<int>(before)), s.acc);
        j += before;
        for (; j + 4 * L <= last; j += 4 * L) {
#pragma GCC unroll 4
            for (int u = 0; u < 4; ++u) stream_each(nodes{}, s, at_column(start, j + u * L, L));
        }
        for (; j < last; j += L) base::template one_each<0, true>(nodes{}, s, at_column(start, j, static_cast<int>(last - j < L ? last - j : L)), s.acc);
        _mm_sfence();
    }
};

}  // namespace kiln::cpu
