// What a nest does row by row: short constant rows in registers, values of rows that are collected and computed together, what follows a nest.
#pragma once
#include <kiln/backend/cpu/scalars.hpp>
#include <kiln/backend/cpu/streaming.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct nest_rows : streamed_maps<K, VB> {
    using base = streamed_maps<K, VB>;
    using base::f, base::L, base::axes, base::in_registers, base::n_vectors, base::rest, base::has_sums, base::along_rows;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    // ---- rows in registers
    template <int S, int... V>
    static KILN_INLINE void once_each(std::integer_sequence<int, V...>, state& s, regs* r, regs* acc, const place& p) {
        (base::template steps<(V == n_vectors - 1 && rest)>(
             only<base::once + S>{}, s, r[V],
             place{p.q, p.sizes, p.outer, p.row, V * L, p.n1, V == n_vectors - 1 && rest ? rest : L}, acc[V]), ...);
    }
    template <int S>
    static KILN_INLINE void stages(state& s, regs* r, regs* acc, const place& p) {
        if constexpr (S < f.passes) {
            base::clear(only<base::along + S>{}, acc[0]);
#pragma GCC unroll 64   // else these are arrays in memory
            for (int v = 1; v < n_vectors; ++v) base::clear_neutral(only<base::along + S>{}, acc[v]);
            once_each<S>(std::make_integer_sequence<int, n_vectors>{}, s, r, acc, p);
#pragma GCC unroll 64
            for (int v = 1; v < n_vectors; ++v) base::merge(only<base::along + S>{}, acc[0], acc[v]);
            base::finish(only<base::along + S>{}, s, acc[0]);
            base::template steps<false>(only<base::row_after + S + 1>{}, s, s.row, p, s.acc);
            stages<S + 1>(s, r, acc, p);
        }
    }

    // ---- values of rows that are collected and computed as one vector
    template <int I, bool Tail>
    static KILN_INLINE void tail_step(state& s, const place& p) {
        constexpr key_node k = K::node(I);
        using memory = typename base::template memory_type<I>;
        memory* e = nullptr;
        if constexpr (k.kind == kiln::step::load || k.kind == kiln::step::store) e = reinterpret_cast<memory*>(p.q[k.slot]) + p.row;
        if constexpr (k.kind == kiln::step::load && k.strided) {
            e = reinterpret_cast<memory*>(p.q[k.slot]) + p.row * p.sizes[k.in[0] + axes - 2];
            base::template at<I>(s.row) = base::template load_lanes<I, true>(e, p.sizes[k.in[0] + axes - 2], p.count);
        } else if constexpr (k.kind == kiln::step::load) base::template at<I>(s.row) = base::template load_lanes<I, Tail>(e, 1, p.count);
        else if constexpr (k.kind == kiln::step::store) base::template store_lanes<I, Tail>(base::template at<k.in[0]>(s.row), e, p.count);
        else if constexpr (k.kind == kiln::step::counter) {
            if constexpr (f.rows(I) && k.slot == axes - 2)
                base::template at<I>(s.row) = lane_numbers<typename base::template lanes<I>>() + base::template lanes<I>::splat(static_cast<memory>(p.row));
            else base::template step<I, false>(s, s.row, p, s.acc);
        } else if constexpr (f.tail_sum(I)) {
            auto v = base::template at<k.in[0]>(s.row);
            if constexpr (Tail) v = base::template only_first<I>(v, p.count);
            base::template at<I>(s.acc) = base::template combined<I>(base::template at<I>(s.acc), v);
        } else base::template step<I, false>(s, s.row, p, s.acc);
    }
    template <bool Tail, int... I>
    static KILN_INLINE void tail_steps(std::integer_sequence<int, I...>, state& s, const place& p) { (tail_step<I, Tail>(s, p), ...); }
    template <int... I>
    static KILN_INLINE void collect(std::integer_sequence<int, I...>, state& s, regs& kept, i64 lane) {
        ((base::template at<I>(kept).v[lane] = base::template at<I>(s.row).v[0]), ...);
    }
    template <int... I>
    static KILN_INLINE void spread_kept(std::integer_sequence<int, I...>, state& s, const regs& kept) {
        ((base::template at<I>(s.row) = base::template at<I>(kept)), ...);
    }
    struct nothing {};
    using collected_values = std::conditional_t<f.defer, regs, nothing>;   // g++ clears them even where nobody reads them
    static KILN_INLINE void row_done(state& s, [[maybe_unused]] collected_values& kept, const place& p, part_range rows) {
        if constexpr (f.defer) {
            const i64 lane = (p.row - rows.first) % L;
            collect(only<base::collected_part>{}, s, kept, lane);
            if (lane != L - 1 && p.row != rows.last - 1) return;
            const int count = static_cast<int>(lane) + 1;
            const place q{p.q, p.sizes, p.outer, p.row - lane, 0, p.n1, count};
            spread_kept(only<base::collected_part>{}, s, kept);
            if (count == L) tail_steps<false>(only<base::tail_part>{}, s, q);
            else tail_steps<true>(only<base::tail_part>{}, s, q);
        }
    }

    // ---- after the nest
    template <int... I>
    static KILN_INLINE void totals(std::integer_sequence<int, I...>, state& s) {
        ((base::template at<I>(s.row) = f.columns(K::node(I).in[0]) || f.tail_sum(I) || f.grouped ? base::template across<I>(base::template at<I>(s.acc))
                                                                                     : base::template at<I>(s.acc)), ...);
    }
    static KILN_INLINE void columns_after(state& s, const place& p, const regs* acc) {
        regs r;
        base::load_sums(only<base::column_sums>{}, r, acc, p);
        if (p.count == L) base::template steps<false>(only<base::column_post>{}, s, r, p, s.acc);
        else base::template steps<true>(only<base::column_post>{}, s, r, p, s.acc);
    }
    static KILN_INLINE void after_nest(state& s, const place& p0, [[maybe_unused]] const regs* acc, [[maybe_unused]] i64 first, [[maybe_unused]] i64 last) {
        totals(only<base::cross_scalar>{}, s);
        base::template steps<false>(only<base::scalar_post>{}, s, s.row, p0, s.acc);
        if constexpr (only<base::column_post>::size() > 0) {
            if constexpr (in_registers && !f.contraction)
#pragma GCC unroll 64
                for (int v = 0; v < n_vectors; ++v)
                    columns_after(s, {p0.q, p0.sizes, p0.outer, 0, v * L, p0.n1, v == n_vectors - 1 && rest ? rest : L}, acc + v);
            else
                for (i64 j = first; j < last; j += L)
                    columns_after(s, {p0.q, p0.sizes, p0.outer, 0, j, p0.n1, static_cast<int>(last - j < L ? last - j : L)}, nullptr);
        }
    }
    template <int... I>
    static KILN_INLINE void clear_sums(std::integer_sequence<int, I...>, const place& p0, [[maybe_unused]] i64 first, [[maybe_unused]] i64 last) {
        (clear_sum<I>(p0, first, last), ...);
    }
    template <int I>
    static KILN_INLINE void clear_sum(const place& p0, i64 first, i64 last) {
        const auto zero = base::template identity<I>();
        for (i64 j = first; j < last; j += L) {
            const place p{p0.q, p0.sizes, p0.outer, 0, j, p0.n1, L};
            __builtin_memcpy(base::template scratch<I>(p), &zero.v, sizeof(zero.v));
        }
    }
    template <int... I>
    static KILN_INLINE void merge_sums(std::integer_sequence<int, I...>, regs& a, const regs& b) {
        ((f.columns(K::node(I).in[0]) ? void(base::template at<I>(a) = base::template combined<I>(base::template at<I>(a), base::template at<I>(b))) : void()), ...);
    }

    /// Rows that take turns at sums of their own: a sum to which every row adds would wait for each.
    static constexpr int by_turns = in_registers && has_sums && !along_rows && !f.defer && !f.grouped && n_vectors < 4 ? (n_vectors + 3) / n_vectors : 1;
    static KILN_INLINE void one_row(state& s, const place& start, i64 i, regs* acc) {
        regs r[n_vectors];
        const place p{start.q, start.sizes, start.outer, i, 0, start.n1, L};
        start_row(s, p);
        base::template steps<false>(only<base::row_after>{}, s, s.row, p, s.acc);
        stages<0>(s, r, acc, p);
    }
    /// As many of the rows [first, last) as take turns; the first that is left.
    static KILN_INLINE i64 rows_by_turns(state& s, const place& start, regs* acc, i64 first, i64 last) {
        constexpr int others = (by_turns - 1) * n_vectors;
        constexpr only<base::all_after> sums{};
        regs more[others];
#pragma GCC unroll 64
        for (int v = 0; v < others; ++v) base::clear_neutral(sums, more[v]);
        const i64 end = first + (last - first) / by_turns * by_turns;
        for (i64 i = first; i < end; i += by_turns) {
            one_row(s, start, i, acc);
#pragma GCC unroll 64
            for (int k = 1; k < by_turns; ++k) one_row(s, start, i + k, more + (k - 1) * n_vectors);
        }
#pragma GCC unroll 64
        for (int v = 0; v < others; ++v) merge_sums(sums, acc[v % n_vectors], more[v]);
        return end;
    }

    /// What is known of a row before its columns; where that is all there is, costly functions of several numbers are computed together.
    static KILN_INLINE void start_row(state& s, const place& p) {
        constexpr bool shares = [] {
            if constexpr (only<base::row_start>::size() == base::n) return scalars<K, VB, vector_bytes<default_arch>>::gains;
            else return false;
        }();
        using numbers = scalars<K, VB, vector_bytes<default_arch>>;
        if constexpr (shares) numbers::all(std::make_integer_sequence<int, numbers::plan.n_steps>{}, s, p);
        else base::template steps<false>(only<base::row_start>{}, s, s.row, p, s.acc);
    }
};

}  // namespace kiln::cpu
