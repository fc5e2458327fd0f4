// The nest: rows by columns. Short constant rows stay in registers and every node is computed once; long rows are passed
// over once for each reduction, costly values kept in a scratch row, cheap ones computed again. How threads share it.
#pragma once
#include <kiln/backend/cpu/nest_rows.hpp>
#include <kiln/backend/cpu/slices.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct nest : nest_rows<K, VB> {
    using rows_of = nest_rows<K, VB>;
    using typename rows_of::base, typename rows_of::collected_values;
    using base::f, base::L, base::axes, base::columns, base::in_registers, base::n_vectors, base::n_costly, base::unroll, base::has_sums, base::along_rows, base::sums_of_columns,
        base::splits_within, base::may_stream;
    using rows_of::after_nest, rows_of::by_turns, rows_of::clear_sums, rows_of::merge_sums, rows_of::one_row, rows_of::row_done, rows_of::rows_by_turns, rows_of::start_row;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    /// Of one call, in elements of a simple map.
    static constexpr i64 work(const i64* sizes) {
        i64 r = 1 + 4 * n_costly;
        for (int k = 0; k < axes; ++k) r *= sizes[k];
        return r;
    }

    /// How many sizes come with a call of rows, where there are more than extents: strides, shifts.
    static constexpr int n_sizes = [] {
        int count = 0;
        const auto up_to = [&](int k) { count = k > count ? k : count; };
        for (int i = 0; i < base::n && K::header.has_rows; ++i) {
            const key_node k = K::node(i);
            if (k.kind == kiln::step::load && (k.strided || k.section)) up_to(k.in[0] + axes);
            if (k.kind == kiln::step::load && k.section) up_to(k.in[1] + 2 * axes);
            if (k.kind == kiln::step::counter && k.type == dtype::boolean) up_to(k.in[0] + 3);
        }
        return count;
    }();
    // ---- slices: of rows, or where all sums are along them of the columns of each
    using kept = kept_sums<base, VB>;
    static constexpr bool slices_columns = along_rows && !has_sums && !in_registers;
    static constexpr int n_column_sums = only<base::column_sums>::size();
    static constexpr int phases = slices_columns ? f.passes : 1;
    static KILN_INLINE i64 rows_apart(const i64* sizes) { return slices_columns && K::header.has_rows ? sizes[axes - 2] : 1; }
    static KILN_INLINE i64 indices(const i64* sizes) { return count_of_outer<K>(sizes) * rows_apart(sizes); }
    /// Where the sums of a pass over a single row lie.
    template <int S>
    static constexpr i64 sums_before() {
        if constexpr (S == 0) return 0;
        else return sums_before<S - 1>() + VB * static_cast<i64>(only<base::along + S - 1>::size());
    }
    static constexpr i64 bytes_of_totals = slices_columns ? sums_before<phases>() : VB * static_cast<i64>(only<base::cross_scalar>::size());
    static KILN_INLINE i64 vectors_of_columns(const i64* sizes) { return in_registers ? n_vectors : (sizes[axes - 1] + L - 1) / L; }
    static KILN_INLINE i64 kept_bytes(const i64* sizes) { return bytes_of_totals + (n_column_sums > 0 ? vectors_of_columns(sizes) * n_column_sums * VB : 0); }
    static constexpr bool joins = !f.contraction && K::header.slices && (slices_columns ? !base::may_transpose : has_sums && K::header.has_rows) &&
                                  slices::have_room(bytes_of_totals + (in_registers ? n_vectors * n_column_sums * VB : 1));
    static KILN_INLINE i64 scratch_of(const i64* sizes) { return f.n_scratch * scratch_row(known_or<columns>(sizes[axes - 1])) * base::B; }
    /// To `memory` what a slice has summed, or from there what all of them have: then it goes on.
    static KILN_INLINE bool keeps(char* memory, bool all, state& s, const place& start, regs* acc) {
        kept k{memory, all};
        k.move(only<base::cross_scalar>{}, s.acc);
        if constexpr (in_registers)
            for (int v = 0; v < n_vectors; ++v) k.move(only<base::column_sums>{}, acc[v]);
        else
            for (i64 j = 0; n_column_sums > 0 && j < start.n1; j += L) k.move_each(only<base::column_sums>{}, place{start.q, start.sizes, start.outer, 0, j, start.n1, L});
        return !all;
    }
    static KILN_INLINE void join(char* to, char* next, [[maybe_unused]] const i64* sizes, [[maybe_unused]] int phase) {
        if constexpr (slices_columns)
            [&]<int... S>(std::integer_sequence<int, S...>) KILN_INLINE_LAMBDA {
                ((S == phase ? kept::join(only<base::along + S>{}, 1, to + sums_before<S>(), next + sums_before<S>()) : void()), ...);
            }(std::make_integer_sequence<int, phases>{});
        else {
            kept::join(only<base::cross_scalar>{}, 1, to, next);
            if constexpr (n_column_sums > 0) kept::join(only<base::column_sums>{}, vectors_of_columns(sizes), to + bytes_of_totals, next + bytes_of_totals);
        }
    }

    /// The passes over a single row: of a slice up to that which it sums for, with the sums of those before from `all`. False: they are over.
    template <int S>
    static KILN_INLINE bool passes_of_slice(state& s, const place& p, part_range some, char* own, char* all, int phase) {
        if constexpr (S == phases) return false;
        else {
            regs sums;
            if (own && S < phase) kept{all + sums_before<S>(), true}.move(only<base::along + S>{}, sums);
            else {
                base::template sums_of_pass<S>(s, p, some.first, some.last, sums);
                if (own) {
                    kept{own + sums_before<S>(), false}.move(only<base::along + S>{}, sums);
                    return true;
                }
            }
            base::template pass_done<S>(s, p, sums, !own || phase == phases);   // once
            return passes_of_slice<S + 1>(s, p, some, own, all, phase);
        }
    }

    static KILN_INLINE void run(char* const* a, const i64* given, int part, int parts) {
        if (ran_in_slices<nest, K>(a, given, part, parts)) return;
        if constexpr (may_stream) {
            if (parts > 1 || given[axes - 1] > 1 << 16) return run_large(a, given, part, parts);
            run_part(a, given, 0, 1);
        } else run_part(a, given, part, parts);
    }
    /// A function of its own: it saves registers that short calls need not.
    [[gnu::noinline]] static void run_large(char* const* a, const i64* sizes, int part, int parts) {
        const part_range flat = flat_range(sizes, part, parts);
        if (const i64 before = base::columns_before_stream(a, sizes[axes - 1], flat.first); before >= 0) return base::run_streaming(a, sizes, flat.first, flat.last, before);
        run_part(a, sizes, part, parts);
    }
    /// What threads share of the work at each outer index, if that comes out more even than to share these: columns where each is by itself, of a map where
    /// rows are few, or else rows.
    enum class shared : char { nothing, rows, columns };
    static constexpr bool is_map = [] {
        bool yes = K::header.has_rows && !has_sums && !along_rows && !in_registers && !f.defer && !base::may_transpose;
        for (int i = 0; i < base::n; ++i) yes &= K::node(i).kind != kiln::step::store || f.columns(i);
        return yes;
    }();
    static KILN_INLINE shared shared_of([[maybe_unused]] const i64* sizes, [[maybe_unused]] int parts) {
        if constexpr (!splits_within) return shared::nothing;
        else {
            if (K::header.outer > 0 && (parts <= 1 || outer_axes_come_out_even<K>(sizes, parts))) return shared::nothing;
            if (sums_of_columns || !K::header.has_rows) return shared::columns;
            if constexpr (is_map)
                if (const i64 rows = sizes[axes - 2]; parts > 1 && rows % parts != 0 && rows < 4 * parts && sizes[axes - 1] >= 16 * parts * L) return shared::columns;
            return shared::rows;
        }
    }
    static KILN_INLINE part_range flat_range(const i64* sizes, int part, int parts) {
        const i64 n1 = known_or<columns>(sizes[axes - 1]);
        return shared_of(sizes, parts) == shared::columns ? range_of(n1, part, parts, unroll * L) : part_range{0, n1};
    }
    using longer_groups = row_groups<K, VB, true>;   // of rows of more than a vector
    static KILN_INLINE void run_part(char* const* a, const i64* given, int part, int parts) {
        i64 own[n_sizes + 1];   // for which no store can be taken: rows are found once, not at every vector
#pragma GCC unroll 256
        for (int k = 0; k < n_sizes; ++k) own[k] = given[k];
        const i64* const sizes = n_sizes > 0 ? own : given;
        const i64 all_rows = K::header.has_rows ? sizes[axes - 2] : 1, n1 = known_or<columns>(sizes[axes - 1]);
        const bool a_slice = joins && parts < 0;
        const shared shares = shared_of(sizes, parts);
        const int n_slices = -parts % slices::of_phase;
        const int slice = a_slice ? part % (n_slices + 1) : 0;
        const i64 index = a_slice ? part / (n_slices + 1) : 0, row = a_slice && slices_columns ? index % rows_apart(sizes) : 0;
        const i64 at_once = in_registers || base::may_transpose || n1 < 16 * L ? L : 1;   // short rows go in groups
        const part_range shared_rows = shares == shared::rows ? range_of(all_rows, part, parts, at_once) : part_range{0, all_rows};
        const part_range rows = !a_slice ? shared_rows : slices_columns ? part_range{row, row + 1} : range_of(all_rows, slice, n_slices, L);
        const part_range flat = !a_slice ? flat_range(sizes, part, parts) : slices_columns ? range_of(n1, slice, n_slices, unroll * L) : part_range{0, n1};
        const i64 n0 = rows.last;
        if (shares == shared::columns && parts > 1 && flat.first == flat.last && part > 0) return;
        outer_indices<K> o(a, sizes, scratch_of(sizes), a_slice ? 0 : part, a_slice ? 1 : parts, shares != shared::nothing, a_slice ? index / rows_apart(sizes) : -1);
        if (o.left) do {
            state s;
            collected_values collected{};
            const place start{o.q, sizes, o.index, 0, 0, n1, L};
            base::clear(only<base::all_after>{}, s.acc);
            base::template steps<false>(only<base::before>{}, s, s.row, start, s.acc);
            if constexpr (base::may_transpose)
                if (base::pays(sizes, all_rows, n1)) {
                    base::run_squares(s, start, rows.first, n0);
                    continue;
                }
            if constexpr (in_registers) {
                regs acc[n_vectors];
#pragma GCC unroll 64
                for (int v = 0; v < n_vectors; ++v) {
                    base::clear(only<base::all_after>{}, acc[v]);
                    base::clear_neutral(only<base::cross_scalar>{}, acc[v]);   // merged into s.acc
                }
                i64 i = rows.first;
                if constexpr (f.end_to_end > 0)
                    if (n0 - i >= 4 * f.end_to_end) i = base::run_end_to_end(s, start, acc, i, n0);   // what comes before and after it costs, too
                if constexpr (f.turned) base::run_turned(s, start, acc, i, n0);
                else if constexpr (f.grouped) base::run_groups(s, start, acc, i, n0);
                else {
                    if constexpr (by_turns > 1)
                        if (n0 - i >= 2 * by_turns) i = rows_by_turns(s, start, acc, i, n0);
                    for (; i < n0; ++i) {
                        one_row(s, start, i, acc);
                        row_done(s, collected, {o.q, sizes, o.index, i, 0, n1, L}, rows);
                    }
                }
#pragma GCC unroll 64
                for (int v = 0; v < n_vectors; ++v) merge_sums(only<base::cross_scalar>{}, s.acc, acc[v]);
                if (a_slice && keeps(a[arguments_of<K>], slice == n_slices, s, start, acc)) return;
                after_nest(s, start, acc, 0, n1);
            } else {
                if constexpr (base::may_be_narrow)
                    if (!a_slice && n1 > 0 && n1 <= longer_groups::most_vectors * L) {
                        regs acc[1];
                        if (n1 <= L) base::run_groups(s, start, acc, rows.first, n0);
                        else if constexpr (longer_groups::most_vectors > 1) longer_groups::run_groups(s, start, acc, rows.first, n0);
                        continue;
                    }
                if (!base::in_blocks || rows.first == n0) clear_sums(only<base::column_sums>{}, start, flat.first, flat.last);   // blocks begin by themselves
                if constexpr (base::in_blocks) base::run_blocks(s, start, rows, flat.first, flat.last);
                else for (i64 i = rows.first; i < n0; ++i) {
                    const place p{o.q, sizes, o.index, i, 0, n1, L};
                    start_row(s, p);
                    base::template steps<false>(only<base::row_after>{}, s, s.row, p, s.acc);
                    if constexpr (sums_of_columns)
                        if (parts > 1 && i + 1 < n0) base::fetch_row(std::make_integer_sequence<int, base::n>{}, place{o.q, sizes, o.index, i + 1, flat.first, n1, L}, flat.last);
                    if constexpr (joins && slices_columns) {
                        const bool all = slice == n_slices;
                        char* const memory = a_slice ? a[arguments_of<K>] : nullptr;
                        if (passes_of_slice<0>(s, p, flat, memory, all ? memory : memory - slice * kept_bytes(sizes), all ? phases : -parts / slices::of_phase)) return;
                    } else base::template passes<0>(s, p, flat.first, flat.last);
                    row_done(s, collected, p, rows);
                }
                if (a_slice && !slices_columns && keeps(a[arguments_of<K>], slice == n_slices, s, start, nullptr)) return;
                after_nest(s, start, nullptr, flat.first, flat.last);
            }
        } while (o.next());
    }
};

}  // namespace kiln::cpu
