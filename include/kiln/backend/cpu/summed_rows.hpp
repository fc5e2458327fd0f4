// Long rows, or rows of any length, that are summed, and nothing else. Where little is computed for each element, blocks of columns keep
// their sums in registers for some rows.
#pragma once
#include <kiln/backend/cpu/long_rows.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct summed_rows : long_rows<K, VB> {
    using base = long_rows<K, VB>;
    using base::f, base::L, base::in_registers;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    static constexpr bool has_sums = only<base::all_after>::size() > 0;
    static constexpr bool along_rows = [] {
        for (int i = 0; i < base::n; ++i)
            if (f.along_row(i)) return true;
        return false;
    }();
    /// Rows are summed, and nothing else: each column is by itself.
    static constexpr bool sums_of_columns = [] {
        bool yes = has_sums && !along_rows && K::header.has_rows && !in_registers && !f.defer;
        for (int i = 0; i < base::n; ++i) yes &= !(f.after(i) || K::node(i).kind == kiln::step::store) || f.columns(i);
        return yes;
    }();
    /// A thread that sums some of the columns goes from row to row in steps that the processor does not foresee.
    template <int I>
    static KILN_INLINE void fetch(const place& p, i64 last) {
        if constexpr (K::node(I).kind == kiln::step::load && !K::node(I).strided && f.rows(I) && f.columns(I)) {
            const char* e = reinterpret_cast<const char*>(base::template address<I>(p));
            for (i64 at = 0; at < (last - p.column) * size_of(K::node(I).type); at += 64) __builtin_prefetch(e + at);
        }
    }
    template <int... I>
    static KILN_INLINE void fetch_row(std::integer_sequence<int, I...>, const place& p, i64 last) { (fetch<I>(p, last), ...); }

    static constexpr bool in_blocks = sums_of_columns && !base::costly_elements && !base::costly_rows && base::n <= 12 && f.passes == 1 && !f.sections && !base::one_hot(0);
    /// Sums of columns: the registers that have them, or those in memory.
    template <int... I>
    static KILN_INLINE void load_sums(std::integer_sequence<int, I...>, regs& r, const regs* acc, const place& p) {
        ((acc ? void(base::template at<I>(r) = base::template at<I>(*acc))
              : void(__builtin_memcpy(&base::template at<I>(r).v, base::template scratch<I>(p), sizeof(base::template at<I>(r).v)))), ...);
    }
    template <int... I>
    static KILN_INLINE void store_sums(std::integer_sequence<int, I...>, const regs& acc, const place& p) {
        (__builtin_memcpy(base::template scratch<I>(p), &base::template at<I>(acc).v, sizeof(base::template at<I>(acc).v)), ...);
    }
    template <int I, bool Tail>
    static KILN_INLINE void block_step(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (f.reduces(I)) base::template at<I>(acc) = base::template combined_with<I>(base::template at<I>(acc), s, r);
        else base::template step<I, Tail>(s, r, p, acc);
    }
    template <bool Tail, int... I>
    static KILN_INLINE void block_steps(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc) {
        [[maybe_unused]] regs r;
        (block_step<I, Tail>(s, r, p, acc), ...);
    }
    template <int Vectors, bool Tail>
    static KILN_INLINE void row_of_block(state& s, const place& p, i64 i, regs* acc) {
        const place row{p.q, p.sizes, p.outer, i, 0, p.n1, L};
        base::template steps<false>(only<base::row_start>{}, s, s.row, row, s.acc);
        base::template steps<false>(only<base::row_after>{}, s, s.row, row, s.acc);
#pragma GCC unroll 64
        for (int v = 0; v < Vectors; ++v) block_steps<Tail>(only<base::pass>{}, s, base::at_column(row, p.column + v * L, p.count), acc[v]);
    }
    /// The sums of so many vectors from p.column on go on with the rows [p.row, last), or begin with them. A sum to which every row adds would wait for each: rows of
    /// few vectors take turns.
    template <int Vectors, int Turns, bool Tail>
    static KILN_INLINE void block(state& s, const place& p, i64 last, bool begins) {
        constexpr only<base::column_sums> sums{};
        regs acc[Vectors * Turns];
#pragma GCC unroll 64
        for (int v = 0; v < Vectors; ++v)
            if (begins) base::clear(sums, acc[v]);
            else load_sums(sums, acc[v], nullptr, base::at_column(p, p.column + v * L, L));
#pragma GCC unroll 64
        for (int v = Vectors; v < Vectors * Turns; ++v) base::clear_neutral(sums, acc[v]);
        i64 i = p.row;
        for (const i64 end = i + (last - i) / Turns * Turns; i < end; i += Turns) {
#pragma GCC unroll 64
            for (int t = 0; t < Turns; ++t) row_of_block<Vectors, Tail>(s, p, i + t, acc + t * Vectors);
        }
        if constexpr (Turns > 1)
            for (; i < last; ++i) row_of_block<Vectors, Tail>(s, p, i, acc);
#pragma GCC unroll 64
        for (int v = Vectors; v < Vectors * Turns; ++v) base::merge(sums, acc[v % Vectors], acc[v]);
#pragma GCC unroll 64
        for (int v = 0; v < Vectors; ++v) store_sums(sums, acc[v], base::at_column(p, p.column + v * L, L));
    }
    static constexpr int vectors = 4;
    /// Sums of rows that take turns: more of them than an addition waits for, so that loads are asked for far enough ahead.
    static constexpr int in_turn = only<base::column_sums>::size() == 1 ? 8 : 4;
    /// Of long rows: each is read on its own, and the processor foresees so many.
    static constexpr i64 rows_at_once = [] {
        int read = 0;
        for (int i = 0; i < base::n; ++i) read += K::node(i).kind == kiln::step::load && f.columns(i) && f.rows(i);
        return read > 1 ? 1 : 8;
    }();
    static KILN_INLINE void run_blocks(state& s, const place& start, part_range mine, i64 first, i64 last) {
        const i64 rows = start.n1 * base::B <= 512 ? mine.last - mine.first : rows_at_once;   // not of the columns of a thread: the order of a sum is the same with any number of them
        for (i64 i = mine.first; i < mine.last; i += rows) {
            const bool begins = i == mine.first;
            const i64 end = mine.last - i < rows ? mine.last : i + rows;
            const auto at = [&](i64 j, i64 count) KILN_INLINE_LAMBDA { return place{start.q, start.sizes, start.outer, i, j, start.n1, static_cast<int>(count)}; };
            i64 j = first;
            for (; j + vectors * L <= last; j += vectors * L) block<vectors, 1, false>(s, at(j, L), end, begins);
            if (j + 2 * L <= last) {
                block<2, in_turn / 2, false>(s, at(j, L), end, begins);
                j += 2 * L;
            }
            if (j + L <= last) {
                block<1, in_turn, false>(s, at(j, L), end, begins);
                j += L;
            }
            if (j < last) block<1, in_turn, true>(s, at(j, last - j), end, begins);
        }
    }
};

}  // namespace kiln::cpu
