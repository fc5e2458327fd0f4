// What is computed in each row of a group of short ones (row_groups.hpp).
#pragma once
#include <kiln/backend/cpu/body.hpp>
#include <kiln/backend/cpu/pack.hpp>

namespace kiln::cpu {

/// Several: rows of more than one vector, of as many as the call says, up to `most_vectors`.
template <class K, int VB, bool Several = false>
struct group_rows : body<K, VB> {
    using base = body<K, VB>;
    using base::f, base::L, base::axes;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr i64 columns = base::n1_constant;
    static constexpr bool in_registers = columns > 0 && K::header.has_rows;
    static constexpr int n_vectors = in_registers ? static_cast<int>((columns + L - 1) / L) : 1;
    static constexpr int rest = in_registers ? static_cast<int>(columns % L) : 0;
    /// Rows of as many columns as the call says may be less than a vector, and then are no different from short ones of which that is known.
    static constexpr bool may_be_narrow = [] {
        bool folds = false, yes = columns == 0 && K::header.has_rows && !f.contraction && !f.sections && L >= 4 && L <= 16;
        for (int i = 0; i < base::n; ++i) {
            folds |= f.along_row(i);
            yes &= !f.after(i);
        }
        return yes && folds;
    }();

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
    /// Inner products, or folds in one pass, and so little else for each element that all rows of a group are written out: their folds never leave
    /// registers.
    static constexpr bool written_out = [] {
        int elements = 0;
        for (int i = 0; i < base::n; ++i) elements += f.in_pass[i] != 0;
        return !Several && (f.inner_products > 0 || f.passes == 1) && !costly_elements && elements * n_vectors <= 64;
    }();

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
    // Longer rows have time enough to be folded one by one; without masks the end of each takes longer than that.
    static constexpr int most_vectors = !Several ? n_vectors : VB < 32 ? 1 : f.passes > 1 ? 12 : 7, n_fixed = n_vectors, n_kept = L * most_vectors;
    using kept_values = slots<only<base::kept_part>, n_kept>;      // wanted in later passes
    using fixed_values = slots<only<base::fixed_part>, n_fixed>;   // the same in all rows
    template <bool Tail>
    static KILN_INLINE void fix(state& s, const place& p, fixed_values& fixed, int at) {
        regs r;
        base::template steps<Tail>(only<base::of_columns>{}, s, r, p, s.acc);
        put<n_fixed>(only<base::fixed_part>{}, fixed, r, at);
    }
    static KILN_INLINE void fix_all(state& s, const place& p, fixed_values& fixed) {
        if constexpr (only<base::fixed_part>::size() > 0)
            for (int v = 0; v < n_vectors; ++v) {
                const place here{p.q, p.sizes, p.outer, p.row, v * L, p.n1, v == n_vectors - 1 && rest ? rest : L};
                if (here.count == L) fix<false>(s, here, fixed, v);
                else fix<true>(s, here, fixed, v);
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
    /// Vector `slot` of a group is vector V of what is the same in all rows.
    template <int S, bool Tail, int V, int N, int I>
    static KILN_INLINE void group_step(state& s, regs& r, const place& p, regs& acc, kept_values& kept, const slots<only<base::fixed_part>, N>& fixed, int slot) {
        if constexpr (f.fixed(I)) base::template at<I>(r) = static_cast<const slots_of<I, N>&>(fixed).v[V];
        else if constexpr (f.scratch[I] >= 0) {
            auto& value = static_cast<slots_of<I, n_kept>&>(kept).v[slot];
            if constexpr (f.first_pass(I) < S) base::template at<I>(r) = value;
            else {
                base::template step<I, Tail>(s, r, p, acc);
                value = base::template at<I>(r);
            }
        } else if constexpr (!only_for_saved<S>(I)) base::template step<I, Tail>(s, r, p, acc);
    }
    template <int S, bool Tail, int V, int N, int... I>
    static KILN_INLINE void group_steps(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc, kept_values& kept,
                                        const slots<only<base::fixed_part>, N>& fixed, int slot) {
        [[maybe_unused]] regs r;
        (group_step<S, Tail, V, N, I>(s, r, p, acc, kept, fixed, slot), ...);
    }
    template <int S, int V>
    static KILN_INLINE void vector_of_row(state& s, const place& p, regs* acc, kept_values& kept, const fixed_values& fixed, int row) {
        constexpr bool tail = V == n_vectors - 1 && (rest || may_be_narrow);
        if constexpr (V == 0) base::clear(only<base::along + S>{}, acc[V]);
        else base::copy(only<base::along + S>{}, acc[V], acc[V - 1]);   // one vector folds what the next goes on with
        group_steps<S, tail, V, n_fixed>(only<base::pass + S>{}, s, {p.q, p.sizes, p.outer, p.row + row, V * L, p.n1, !tail ? L : rest ? rest : static_cast<int>(p.n1)},
                                            acc[V], kept, fixed, row * n_vectors + V);
    }
    template <int S>
    static KILN_INLINE void vectors_of_row(state& s, const place& p, regs& acc, kept_values& kept, const fixed_values& fixed, int row) {
        base::clear(only<base::along + S>{}, acc);
        int slot = row * most_vectors;
        i64 j = 0;
        const auto at = [&](i64 count) KILN_INLINE_LAMBDA { return place{p.q, p.sizes, p.outer, p.row + row, j, p.n1, static_cast<int>(count)}; };
        for (; j + L < p.n1; j += L) group_steps<S, false, 0, n_fixed>(only<base::pass + S>{}, s, at(L), acc, kept, fixed, slot++);
        group_steps<S, true, 0, n_fixed>(only<base::pass + S>{}, s, at(p.n1 - j), acc, kept, fixed, slot);
    }
    template <int S, int... V, class Sums>
    static KILN_INLINE void one_row(std::integer_sequence<int, V...>, state& s, const state& t, const place& p, regs* acc,
                                    kept_values& kept, const fixed_values& fixed, int row, Sums& sums) {
        spread_row(only<base::spread + S>{}, s, t, row);
        if constexpr (Several) vectors_of_row<S>(s, p, acc[0], kept, fixed, row);
        else (vector_of_row<S, V>(s, p, acc, kept, fixed, row), ...);
        put<L>(only<base::along + S>{}, sums, acc[n_vectors - 1], row);
    }
    static constexpr int turned_bits(int i) {
        int r = 0;
        for (int k = 1; k < L; k *= 2) r = 2 * r + (i / k & 1);
        return r;
    }
    template <class V, int... Lane>
    static KILN_INLINE V in_order(V v, std::integer_sequence<int, Lane...>) { return {__builtin_shufflevector(v.v, v.v, turned_bits(Lane)...)}; }
    /// The folds of M vectors, of which each has D lanes then for each of its rows: two are folded as one, in the order in which rows lie in memory.
    template <int I, int M, int D>
    static KILN_INLINE typename base::template lanes<I> folds(const typename base::template lanes<I>* v) {
        if constexpr (M == 1) return *v;
        else {
            const auto a = folds<I, M / 2, 2 * D>(v), b = folds<I, M / 2, 2 * D>(v + M / 2);
            constexpr std::make_integer_sequence<int, L> all{};
            using V = typename base::template lanes<I>;
            return base::template combined<I>(V{half_groups<false, D>(a.v, b.v, all)}, V{half_groups<true, D>(a.v, b.v, all)});
        }
    }
    /// The folds of L rows, one or two in each of N vectors. By twos they come in the order of their numbers' bits from behind.
    template <int N, int... I>
    static KILN_INLINE void fold_rows(std::integer_sequence<int, I...>, state& t, const slots<std::integer_sequence<int, I...>, N>& from) {
        ((base::template at<I>(t.row) = in_order(folds<I, N, 1>(static_cast<const slots_of<I, N>&>(from).v), std::make_integer_sequence<int, L>{})), ...);
    }
};

}  // namespace kiln::cpu
