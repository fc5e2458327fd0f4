// Short rows, as many at a time as a vector has lanes: columns are computed row by row, values of rows are lanes, and a fold along the
// row is done for all these rows at once. Where lanes are rows throughout: turned_rows.hpp.
#pragma once
#include <kiln/backend/cpu/row_pairs.hpp>

namespace kiln::cpu {

template <class K, int VB, bool Several = false>
struct row_groups : row_pairs<K, VB, Several> {
    using base = row_pairs<K, VB, Several>;
    using base::f, base::L, base::n_vectors, base::in_pairs, base::written_out, base::costly_rows, base::costly_elements;
    using typename base::regs, typename base::state, typename base::kept_values, typename base::shared_values;
    template <int P>
    using only = typename base::template only<P>;

    /// What a group folds over: its rows, or pairs of them.
    template <bool Whole>
    static constexpr int n_folded() { return Whole && in_pairs ? L / 2 : L; }
    template <int S, bool Whole>
    using sums_along = typename base::template slots<only<base::along + S>, n_folded<Whole>()>;
    /// Row number `at` of a group, or pair of rows.
    template <int S, bool Whole>
    static KILN_INLINE void rows_at(state& s, const state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared, int at, sums_along<S, Whole>& sums) {
        if constexpr (Whole && in_pairs) base::template two_rows<S>(s, t, p, acc + n_vectors, kept, shared.of_pair, at, sums);
        else base::template one_row<S>(std::make_integer_sequence<int, n_vectors>{}, s, t, p, acc, kept, shared.of_row, at, sums);
    }
    template <int S, bool Whole>
    static KILN_INLINE void pass_of_group(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        constexpr int n = n_folded<Whole>();
        sums_along<S, Whole> sums;
        if constexpr (Whole)
#pragma GCC unroll 16
            for (int at = 0; at < n; ++at) rows_at<S, Whole>(s, t, p, acc, kept, shared, at, sums);
        else {
            for (int row = 0; row < p.count; ++row) rows_at<S, Whole>(s, t, p, acc, kept, shared, row, sums);
            base::clear(only<base::along + S>{}, acc[0]);
            for (int row = L; row-- > p.count;) base::template put<L>(only<base::along + S>{}, sums, acc[0], row);   // no rows, but numbers
        }
        base::template fold_rows<n>(only<base::along + S>{}, t, sums);
    }
    template <int S>
    static KILN_INLINE void group_pass(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        if (written_out && p.count == L) pass_of_group<S, written_out>(s, t, p, acc, kept, shared);
        else pass_of_group<S, false>(s, t, p, acc, kept, shared);
    }
    static KILN_INLINE void start_group(state& s, state& t, const place& p) {
        base::row_steps(only<base::row_start>{}, t, s.acc, p);
        base::row_steps(only<base::row_after>{}, t, s.acc, p);
    }
    template <int S>
    static KILN_INLINE void after_pass(state& s, state& t, const place& p) {
        base::row_steps(only<base::row_after + S + 1>{}, t, s.acc, p);
        if constexpr (S == f.passes - 1) base::row_steps(only<base::tail_part>{}, t, s.acc, p);   // if any
    }
    static KILN_INLINE place group_at(const place& start, i64 row, i64 n0) {
        return {start.q, start.sizes, start.outer, row, 0, start.n1, static_cast<int>(n0 - row < L ? n0 - row : L)};
    }
    // A group's folds, and what is made of them, take longer than its elements let the processor look ahead; other groups fill the time.
    /// Of two passes the first over a group goes before the second over the group before it.
    static constexpr bool overlaps = written_out && !costly_rows && f.passes == 2 && only<base::kept_part>::size() == 0;
    /// Or so many groups take each pass together, unless what is costly in their elements fills the time.
    static constexpr int together = overlaps || (costly_elements && f.passes > 2) ? 1 : costly_rows ? 3 : 2;

    static KILN_INLINE void first_pass(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        start_group(s, t, p);
        group_pass<0>(s, t, p, acc, kept, shared);
        after_pass<0>(s, t, p);
    }
    static KILN_INLINE void second_pass(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        group_pass<1>(s, t, p, acc, kept, shared);
        after_pass<1>(s, t, p);
    }
    static KILN_INLINE void overlapping_groups(state& s, const state& common, const place& start, regs* acc, kept_values& kept,
                                               const shared_values& shared, i64 first, i64 n0) {
        state before = common;
        for (i64 i = first; i < n0 + L; i += L) {
            state now = common;
            if (i < n0) first_pass(s, now, group_at(start, i, n0), acc, kept, shared);
            if (i > first) second_pass(s, before, group_at(start, i - L, n0), acc, kept, shared);
            base::copy(only<base::carried>{}, before.row, now.row);
        }
    }
    /// Pairs of rows of both groups take turns, so that no pass waits for its own sums. (Single rows would lack registers.)
    static KILN_INLINE void pairs_by_turns(state& s, state& now, const place& p, state& before, const place& q, regs* acc, kept_values& kept,
                                           const shared_values& shared) {
        constexpr int n = n_folded<true>();
        sums_along<0, true> sums;
        sums_along<1, true> later_sums;
        start_group(s, now, p);
#pragma GCC unroll 16
        for (int at = 0; at < n; ++at) {
            rows_at<0, true>(s, now, p, acc, kept, shared, at, sums);
            rows_at<1, true>(s, before, q, acc, kept, shared, at, later_sums);
        }
        base::template fold_rows<n>(only<base::along>{}, now, sums);
        base::template fold_rows<n>(only<base::along + 1>{}, before, later_sums);
        after_pass<0>(s, now, p);
        after_pass<1>(s, before, q);
    }
    static KILN_INLINE void overlapping_pairs(state& s, const state& common, const place& start, regs* acc, kept_values& kept,
                                              const shared_values& shared, i64 first, i64 n0) {
        if (first >= n0) return;
        state before = common;
        first_pass(s, before, group_at(start, first, n0), acc, kept, shared);
        i64 i = first + L;
        for (; i + L <= n0; i += L) {
            state now = common;
            pairs_by_turns(s, now, group_at(start, i, n0), before, group_at(start, i - L, n0), acc, kept, shared);
            base::copy(only<base::carried>{}, before.row, now.row);
        }
        second_pass(s, before, group_at(start, i - L, n0), acc, kept, shared);
        if (i < n0) {
            state last = common;
            first_pass(s, last, group_at(start, i, n0), acc, kept, shared);
            second_pass(s, last, group_at(start, i, n0), acc, kept, shared);
        }
    }
    template <int S, int... G>
    static KILN_INLINE void group_passes(std::integer_sequence<int, G...> all, state& s, state* t, const place* p, regs* acc,
                                         kept_values* kept, const shared_values& shared) {
        if constexpr (S < f.passes) {
            (group_pass<S>(s, t[G], p[G], acc, kept[G], shared), ...);
            (after_pass<S>(s, t[G], p[G]), ...);
            group_passes<S + 1>(all, s, t, p, acc, kept, shared);
        }
    }
    template <int... G>
    static KILN_INLINE void groups_together(std::integer_sequence<int, G...> all, state& s, const state& common, const place& start, regs* acc, kept_values* kept,
                                            const shared_values& shared, i64 i, i64 n0) {
        state t[]{((void)G, common)...};
        const place p[]{group_at(start, i + G * L, n0)...};
        (start_group(s, t[G], p[G]), ...);
        group_passes<0>(all, s, t, p, acc, kept, shared);
    }
    static KILN_INLINE void all_groups(state& s, const place& start, regs* acc, kept_values* kept, const shared_values& shared, i64 first, i64 n0) {
        const state common = s;
        if constexpr (overlaps && in_pairs) return overlapping_pairs(s, common, start, acc, kept[0], shared, first, n0);
        else if constexpr (overlaps) return overlapping_groups(s, common, start, acc, kept[0], shared, first, n0);
        i64 i = first;
        if constexpr (together > 1)
            for (; i + together * L <= n0; i += together * L) groups_together(std::make_integer_sequence<int, together>{}, s, common, start, acc, kept, shared, i, n0);
        for (; i < n0; i += L) groups_together(std::make_integer_sequence<int, 1>{}, s, common, start, acc, kept, shared, i, n0);
    }
    /// All rows from `first` on.
    static KILN_INLINE void run_groups(state& s, const place& start, regs* acc, i64 first, i64 n0) {
        kept_values kept[together];
        shared_values shared;
        base::share(s, start, shared);
        if constexpr (in_pairs) {
            regs sums[n_vectors + base::n_pair];   // of rows, and of pairs
            base::start_sums(only<base::all_after>{}, std::make_integer_sequence<int, n_vectors>{}, std::make_integer_sequence<int, base::n_pair>{}, sums, acc);
            all_groups(s, start, sums, kept, shared, first, n0);
            base::gather_sums(only<base::all_after>{}, std::make_integer_sequence<int, n_vectors>{}, std::make_integer_sequence<int, base::n_pair>{}, sums, acc);
        } else all_groups(s, start, acc, kept, shared, first, n0);
    }
};

}  // namespace kiln::cpu
