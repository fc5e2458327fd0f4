// Short rows, as many at a time as a vector has lanes, that are turned: column by column, and lanes are rows throughout. No lane is
// empty and no fold goes across lanes.
#pragma once
#include <kiln/backend/cpu/turned_columns.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct turned_rows : turned_columns<K, VB> {
    using base = turned_columns<K, VB>;
    using base::f, base::L, base::n_columns, base::each_column, base::at_column;
    using typename base::regs, typename base::state, typename base::turned_values, typename base::common_values;
    using typename base::sums_of_columns;
    template <int P>
    using only = typename base::template only<P>;

    // ---- groups of rows
    template <int S, int... G>
    static KILN_INLINE void turned_pass(std::integer_sequence<int, G...>, state* t, const place* p, regs& acc, turned_values* kept, common_values& common) {
        constexpr only<base::pass + S> nodes{};
        constexpr only<base::along + S> folds{};
        if constexpr (folds.size() == 0)
            each_column([&](int c) KILN_INLINE_LAMBDA { (base::template turned_steps<S>(nodes, t[G], at_column(p[G], c), t[G].acc, acc, kept[G], common), ...); });
        else {
            regs along[2][sizeof...(G)];
            (base::clear(folds, along[0][G]), ...);
            (base::clear_neutral(folds, along[1][G]), ...);
            base::each_column_in_parts([&](int c, int part) KILN_INLINE_LAMBDA {
                (base::template turned_steps<S>(nodes, t[G], at_column(p[G], c), along[part][G], acc, kept[G], common), ...);
            });
            (base::merge(folds, along[0][G], along[1][G]), ...);
            (base::copy(folds, t[G].row, along[0][G]), ...);
        }
    }
    template <int S, int... G>
    static KILN_INLINE void turned_passes(std::integer_sequence<int, G...> all, state* t, const place* p, regs& acc, regs& totals,
                                          turned_values* kept, common_values& common) {
        if constexpr (S < f.passes) {
            turned_pass<S>(all, t, p, acc, kept, common);
            (base::row_steps(only<base::row_after + S + 1>{}, t[G], totals, p[G]), ...);
            turned_passes<S + 1>(all, t, p, acc, totals, kept, common);
        }
    }
    /// So many groups take each pass together: one computes while another waits for its folds and for what is made of them.
    static constexpr int together = n_columns <= 4 ? 3 : 2;
    template <int... G>
    static KILN_INLINE void run_turned_groups(std::integer_sequence<int, G...> all, state& s, const state& common_state, const place& start,
                                              regs* acc, i64 i, i64 n0, common_values& common) {
        constexpr int n = sizeof...(G);
        state t[n]{((void)G, common_state)...};
        turned_values kept[n];
        const place p[n]{base::group_at(start, i + G * L, n0)...};
        (base::template read_all<n != 1>(only<base::turned_loads>{}, p[G], kept[G]), ...);
        (base::start_group(s, t[G], p[G]), ...);
        turned_passes<0>(all, t, p, acc[0], s.acc, kept, common);
        (base::template write_all<n != 1>(only<base::turned_stores>{}, p[G], kept[G]), ...);
    }

    // ---- values and sums of columns
    template <int... I>
    static KILN_INLINE void turned_fix(std::integer_sequence<int, I...>, state& t, const place& p, common_values& common) {
        if constexpr (only<base::fixed_part>::size() > 0)
            each_column([&](int c) KILN_INLINE_LAMBDA {
                turned_values none;
                regs r;
                (base::template turned_step<I>(t, r, at_column(p, c), t.acc, t.acc, none, common), ...);
                base::template put<n_columns>(only<base::fixed_part>{}, common.of_all, r, c);
            });
    }
    template <int... I>
    static KILN_INLINE void clear_sums_of_columns(std::integer_sequence<int, I...>, [[maybe_unused]] sums_of_columns& sums) {
        each_column([&]([[maybe_unused]] int c) KILN_INLINE_LAMBDA { ((base::template column<I>(sums, c) = base::template identity<I>()), ...); });
    }
    /// Sums of columns become vectors of columns.
    template <int... I>
    static KILN_INLINE void finish_sums_of_columns(std::integer_sequence<int, I...>, [[maybe_unused]] const sums_of_columns& sums, [[maybe_unused]] regs* acc) {
        each_column([&]([[maybe_unused]] int c) KILN_INLINE_LAMBDA {
            ((base::template at<I>(acc[c / L]).v[c % L] = base::template across<I>(base::template column<I>(sums, c)).v[0]), ...);
        });
    }
    // lanes that are no rows have added nothing
    template <int... I>
    static KILN_INLINE void only_there(std::integer_sequence<int, I...>, [[maybe_unused]] int count, [[maybe_unused]] regs& acc, [[maybe_unused]] const regs& before) {
        ((base::template at<I>(acc) = select(base::first(count), base::template at<I>(acc), base::template at<I>(before))), ...);
    }
    template <int... I>
    static KILN_INLINE void only_there(std::integer_sequence<int, I...>, [[maybe_unused]] int count, [[maybe_unused]] sums_of_columns& sums, [[maybe_unused]] const sums_of_columns& before) {
        each_column([&]([[maybe_unused]] int c) KILN_INLINE_LAMBDA { ((base::template column<I>(sums, c) = select(base::first(count), base::template column<I>(sums, c), base::template column<I>(before, c))), ...); });
    }

    /// All rows from `first` on.
    static KILN_INLINE void run_turned(state& s, const place& start, regs* acc, i64 first, i64 n0) {
        constexpr only<base::all_after> totals{};
        constexpr only<base::column_sums> sums{};
        constexpr std::make_integer_sequence<int, together> several{};
        constexpr std::make_integer_sequence<int, 1> one{};
        state t = s;
        common_values common;
        turned_fix(only<base::of_columns>{}, t, start, common);
        clear_sums_of_columns(sums, common.sums);
        i64 i = first;
        for (; i + together * L <= n0; i += together * L) run_turned_groups(several, s, t, start, acc, i, n0, common);
        for (; i < n0; i += L) {
            const int count = static_cast<int>(n0 - i < L ? n0 - i : L);
            regs totals_before;
            base::copy(totals, totals_before, acc[0]);
            const sums_of_columns sums_before = common.sums;
            run_turned_groups(one, s, t, start, acc, i, n0, common);
            if (count < L) {
                only_there(totals, count, acc[0], totals_before);
                only_there(sums, count, common.sums, sums_before);
            }
        }
        finish_sums_of_columns(sums, common.sums, acc);
    }
};

}  // namespace kiln::cpu
