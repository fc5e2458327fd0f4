// Short rows, as many at a time as a vector has lanes: columns are computed row by row, values of rows are lanes, and a fold along the
// row is done for all these rows at once. Where lanes are rows throughout: turned_rows.hpp.
#pragma once
#include <kiln/backend/cpu/body.hpp>
#include <kiln/backend/cpu/pack.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct row_groups : body<K, VB> {
    using base = body<K, VB>;
    using base::f, base::L, base::axes;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr i64 columns = base::n1_constant;
    static constexpr bool in_registers = columns > 0 && K::header.has_rows;
    static constexpr int n_vectors = in_registers ? static_cast<int>((columns + L - 1) / L) : 1;
    static constexpr int rest = in_registers ? static_cast<int>(columns % L) : 0;

    template <int S>
    static constexpr bool saved(int i) { return f.fixed(i) || (f.scratch[i] >= 0 && !f.reduces(i) && f.first_pass(i) < S); }
    /// All its readers in this pass come from the scratch row, or are such themselves.
    template <int S>
    static constexpr typename base::flags only_for_saved_in = [] {
        typename base::flags r{}, used{};
        for (int j = base::n - 1; j >= 0; --j) {
            r.yes[j] = !used.yes[j] && K::node(j).kind != kiln::step::store && !f.reduces(j);
            for (int k = 0; k < f.arity(j) && (f.in_pass[j] >> S & 1) && !saved<S>(j) && !r.yes[j]; ++k) used.yes[K::node(j).in[k]] = true;
        }
        return r;
    }();
    template <int S>
    static constexpr bool only_for_saved(int i) { return only_for_saved_in<S>.yes[i]; }
    // ---- what outlives a row
    template <int I, int N>
    struct slots_of {
        typename base::template lanes<I> v[N];
    };
    template <class Seq, int N>
    struct slots;
    template <int... I, int N>
    struct slots<std::integer_sequence<int, I...>, N> : slots_of<I, N>... {};
    template <int N, class Slots, int... I>
    static KILN_INLINE void put(std::integer_sequence<int, I...>, Slots& to, const regs& r, [[maybe_unused]] int at) {
        ((static_cast<slots_of<I, N>&>(to).v[at] = base::template at<I>(r)), ...);
    }
    static constexpr int n_fixed = n_vectors, n_kept = L * n_vectors;
    using kept_values = slots<only<base::kept_part>, n_kept>;      // wanted in later passes
    using shared_values = slots<only<base::fixed_part>, n_fixed>;  // by all rows
    template <bool Tail>
    static KILN_INLINE void fix(state& s, const place& p, shared_values& shared, int at) {
        regs r;
        base::template steps<Tail>(only<base::of_columns>{}, s, r, p, s.acc);
        put<n_fixed>(only<base::fixed_part>{}, shared, r, at);
    }
    static KILN_INLINE void fix_all(state& s, const place& p, shared_values& shared) {
        if constexpr (only<base::fixed_part>::size() > 0)
            for (int v = 0; v < n_vectors; ++v) {
                const place here{p.q, p.sizes, p.outer, p.row, v * L, p.n1, v == n_vectors - 1 && rest ? rest : L};
                if (here.count == L) fix<false>(s, here, shared, v);
                else fix<true>(s, here, shared, v);
            }
    }

    template <int I>
    static KILN_INLINE void row_step(state& t, regs& totals, const place& p) {
        constexpr key_node k = K::node(I);
        auto& out = base::template at<I>(t.row);
        if constexpr (k.kind == kiln::step::load) {
            const auto* e = reinterpret_cast<const typename base::template memory_type<I>*>(p.q[k.slot]);
            if constexpr (k.strided) {
                const i64 stride = p.sizes[k.in[0] + axes - 2];
                out = base::template load_lanes<I, true>(e + p.row * stride, stride, p.count);
            } else if (p.count == L) out = base::template load_lanes<I, false>(e + p.row, 1, L);
            else out = base::template load_lanes<I, true>(e + p.row, 1, p.count);
        } else if constexpr (k.kind == kiln::step::store) {
            auto* e = reinterpret_cast<typename base::template memory_type<I>*>(p.q[k.slot]) + p.row;
            const auto v = base::template at<k.in[0]>(t.row);
            if (p.count == L) base::template store_lanes<I, false>(v, e, L);
            else base::template store_lanes<I, true>(v, e, p.count);
        } else if constexpr (k.kind == kiln::step::reduce) {
            auto v = base::template at<k.in[0]>(t.row);
            if (p.count < L) v = base::template only_first<I>(v, p.count);
            base::template at<I>(totals) = base::template combined<I>(base::template at<I>(totals), v);
        } else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 2) {
            using lanes = typename base::template lanes<I>;
            out = lane_numbers<lanes>() + lanes::splat(static_cast<typename lanes::element_type>(p.row));
        } else base::template step<I, false>(t, t.row, p, totals);
    }
    template <int... I>
    static KILN_INLINE void row_steps(std::integer_sequence<int, I...>, state& t, regs& totals, const place& p) {
        (row_step<I>(t, totals, p), ...);
    }
    template <int... I>
    static KILN_INLINE void spread_row(std::integer_sequence<int, I...>, state& s, const state& t, [[maybe_unused]] int row) {
        ((base::template at<I>(s.row).v = raw_splat(base::template at<I>(t.row).v, row)), ...);
    }
    template <class V>
    static KILN_INLINE V raw_splat(const V& v, int lane) { return v[lane] - V{}; }
    template <int S, bool Tail, int V, int I>
    static KILN_INLINE void group_step(state& s, regs& r, const place& p, regs& acc, kept_values& kept, const shared_values& shared, int row) {
        if constexpr (f.fixed(I)) base::template at<I>(r) = static_cast<const slots_of<I, n_fixed>&>(shared).v[V];
        else if constexpr (f.scratch[I] >= 0) {
            auto& slot = static_cast<slots_of<I, n_kept>&>(kept).v[row * n_vectors + V];
            if constexpr (f.first_pass(I) < S) base::template at<I>(r) = slot;
            else {
                base::template step<I, Tail>(s, r, p, acc);
                slot = base::template at<I>(r);
            }
        } else if constexpr (!only_for_saved<S>(I)) base::template step<I, Tail>(s, r, p, acc);
    }
    template <int S, int V, int... I>
    static KILN_INLINE void group_steps(std::integer_sequence<int, I...>, state& s, const place& p, regs* acc, kept_values& kept, const shared_values& shared, int row) {
        constexpr bool tail = V == n_vectors - 1 && rest;
        const place here{p.q, p.sizes, p.outer, p.row + row, V * L, p.n1, tail ? rest : L};
        if constexpr (V == 0) base::clear(only<base::along + S>{}, acc[V]);
        else base::copy(only<base::along + S>{}, acc[V], acc[V - 1]);   // one vector folds what the next goes on with
        [[maybe_unused]] regs r;
        (group_step<S, tail, V, I>(s, r, here, acc[V], kept, shared, row), ...);
    }
    template <int S, int... V, class Sums>
    static KILN_INLINE void one_row(std::integer_sequence<int, V...>, state& s, const state& t, const place& p, regs* acc,
                                    kept_values& kept, const shared_values& shared, int row, Sums& sums) {
        spread_row(only<base::spread + S>{}, s, t, row);
        (group_steps<S, V>(only<base::pass + S>{}, s, p, acc, kept, shared, row), ...);
        put<L>(only<base::along + S>{}, sums, acc[n_vectors - 1], row);
    }
    /// Lane c is the fold of v[c] over its lanes: halves of two are folded as one, until N are left.
    template <int I, int N>
    static KILN_INLINE typename base::template lanes<I> folds(const typename base::template lanes<I>* v) {
        if constexpr (N == L) return *v;
        else {
            const auto a = folds<I, 2 * N>(v), b = folds<I, 2 * N>(v + N);
            constexpr std::make_integer_sequence<int, L> all{};
            using V = typename base::template lanes<I>;
            return base::template combined<I>(V{half_groups<false, N>(a.v, b.v, all)}, V{half_groups<true, N>(a.v, b.v, all)});
        }
    }
    template <class Slots, int... I>
    static KILN_INLINE void fold_rows(std::integer_sequence<int, I...>, state& t, const Slots& from) {
        ((base::template at<I>(t.row) = folds<I, 1>(static_cast<const slots_of<I, L>&>(from).v)), ...);
    }
    static constexpr bool costly_elements = [] {
        for (int i = 0; i < base::n; ++i)
            if (f.in_pass[i] && f.costly[i]) return true;
        return false;
    }();
    static constexpr bool costly_rows = [] {
        for (int i = 0; i < base::n; ++i)
            if (f.row_value(i) && !f.post[i] && f.costly[i]) return true;
        return false;
    }();
    /// Inner products, and so little else for each element that all rows of a group are written out: their folds never leave registers.
    static constexpr bool written_out = [] {
        int elements = 0;
        for (int i = 0; i < base::n; ++i) elements += f.in_pass[i] != 0;
        return f.inner_products > 0 && !costly_elements && elements * n_vectors <= 64;
    }();
    template <int S, bool Whole>
    static KILN_INLINE void pass_of_group(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        slots<only<base::along + S>, L> sums;
        constexpr std::make_integer_sequence<int, n_vectors> vectors{};
        if constexpr (Whole)
#pragma GCC unroll 16
            for (int row = 0; row < L; ++row) one_row<S>(vectors, s, t, p, acc, kept, shared, row, sums);
        else {
            for (int row = 0; row < p.count; ++row) one_row<S>(vectors, s, t, p, acc, kept, shared, row, sums);
            base::clear(only<base::along + S>{}, acc[0]);
            for (int row = p.count; row < L; ++row) put<L>(only<base::along + S>{}, sums, acc[0], row);   // no rows, but numbers
        }
        fold_rows(only<base::along + S>{}, t, sums);
    }
    template <int S>
    static KILN_INLINE void group_pass(state& s, state& t, const place& p, regs* acc, kept_values& kept, const shared_values& shared) {
        if (written_out && p.count == L) pass_of_group<S, written_out>(s, t, p, acc, kept, shared);
        else pass_of_group<S, false>(s, t, p, acc, kept, shared);
    }
    static KILN_INLINE void start_group(state& s, state& t, const place& p) {
        row_steps(only<base::row_start>{}, t, s.acc, p);
        row_steps(only<base::row_after>{}, t, s.acc, p);
    }
    template <int S>
    static KILN_INLINE void after_pass(state& s, state& t, const place& p) { row_steps(only<base::row_after + S + 1>{}, t, s.acc, p); }
    static KILN_INLINE place group_at(const place& start, i64 row, i64 n0) {
        return {start.q, start.sizes, start.outer, row, 0, start.n1, static_cast<int>(n0 - row < L ? n0 - row : L)};
    }
    // A group's folds, and what is made of them, take longer than its elements let the processor look ahead; other groups fill the time.
    /// Of two passes the first over a group goes before the second over the group before it.
    static constexpr bool overlaps = written_out && !costly_rows && f.passes == 2 && only<base::kept_part>::size() == 0;
    /// Or so many groups take each pass together, unless what is costly in their elements fills the time.
    static constexpr int together = overlaps || (costly_elements && f.passes > 2) ? 1 : costly_rows ? 3 : 2;

    static KILN_INLINE void overlapping_groups(state& s, const state& common, const place& start, regs* acc, kept_values& kept,
                                               const shared_values& shared, i64 first, i64 n0) {
        state before = common;
        for (i64 i = first; i < n0 + L; i += L) {
            state now = common;
            if (i < n0) {
                const place p = group_at(start, i, n0);
                start_group(s, now, p);
                group_pass<0>(s, now, p, acc, kept, shared);
                after_pass<0>(s, now, p);
            }
            if (i > first) {
                const place p = group_at(start, i - L, n0);
                group_pass<1>(s, before, p, acc, kept, shared);
                after_pass<1>(s, before, p);
            }
            base::copy(only<base::carried>{}, before.row, now.row);
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
    /// All rows from `first` on.
    static KILN_INLINE void run_groups(state& s, const place& start, regs* acc, i64 first, i64 n0) {
        const state common = s;
        kept_values kept[together];
        shared_values shared;
        fix_all(s, start, shared);
        if constexpr (overlaps) return overlapping_groups(s, common, start, acc, kept[0], shared, first, n0);
        i64 i = first;
        if constexpr (together > 1)
            for (; i + together * L <= n0; i += together * L) groups_together(std::make_integer_sequence<int, together>{}, s, common, start, acc, kept, shared, i, n0);
        for (; i < n0; i += L) groups_together(std::make_integer_sequence<int, 1>{}, s, common, start, acc, kept, shared, i, n0);
    }
};

}  // namespace kiln::cpu
