// Rows that do not stay in registers: passed over once for each reduction, several vectors at a time, costly values kept in a scratch
// row, cheap ones computed again.
#pragma once
#include <kiln/backend/cpu/row_fetches.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct long_rows : row_fetches<K, VB> {
    using base = row_fetches<K, VB>;
    using base::f, base::L, base::has_edges, base::costly_pass;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    template <int S, bool Tail, int I>
    static KILN_INLINE void one(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (f.scratch[I] >= 0 && !f.reduces(I)) {
            char* c = base::template scratch<I>(p);
            auto& v = base::template at<I>(r);
            if constexpr (f.first_pass(I) < S) __builtin_memcpy(&v.v, c, sizeof(v.v));
            else {
                base::template step<I, Tail>(s, r, p, acc);
                __builtin_memcpy(c, &v.v, sizeof(v.v));
            }
        } else if constexpr (base::template only_for_saved<S>(I)) return;
        else if constexpr (base::one_hot(S)) base::template step_of_others<I, Tail>(s, r, p, acc);
        else {
            base::template step<I, Tail>(s, r, p, acc);
            if constexpr (!Tail && K::node(I).kind == kiln::step::load && is_floating(K::node(I).type) && f.columns(I) && uses<S>(I) > 1) {
                auto& x = base::template at<I>(r);
                x = x.settled(x.v);
            }
        }
    }
    /// How often pass S reads node i; a sum takes a product apart that others want whole.
    template <int S>
    static constexpr int uses(int i) {
        int count = 0;
        for (int j = i + 1; j < base::n; ++j)
            if ((f.in_pass[j] >> S & 1) && f.reads(j, i))
                for (int k = j; k < base::n; ++k) count += k == j || (f.reduces(k) && f.reads(k, j) && base::sums_products(k));
        return count;
    }
    /// The vector with the hit of a one-hot row, but for what is stored: that may be where others of its values still come from.
    template <int S, int I>
    static KILN_INLINE void one_with_hit(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (K::node(I).kind == kiln::step::store) return;
        else if constexpr (base::h.depends[I] || (f.reduces(I) && base::sums(base::h, I))) base::template step<I, true>(s, r, p, acc);
        else if constexpr (!f.reduces(I)) one<S, true, I>(s, r, p, acc);
    }
    template <int S, int... I>
    static KILN_INLINE void each_with_hit(std::integer_sequence<int, I...>, state& s, regs& r, const place& p, regs& acc) { (one_with_hit<S, I>(s, r, p, acc), ...); }
    template <int S, bool Tail, int... I>
    static KILN_INLINE void one_each(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc) {
        [[maybe_unused]] regs r;
        (one<S, Tail, I>(s, r, p, acc), ...);
    }
    enum class moves { none, inside, at_edges };   // if any, `before` has the values of the vector before this one
    template <int S, bool Tail, moves Moves, int I>
    static KILN_INLINE void one_of_next(state& s, regs& r, const place& p, regs& acc, [[maybe_unused]] const regs& before) {
        constexpr bool at_edges = Moves == moves::at_edges;
        if constexpr (Moves != moves::none && base::template repeats_in<S, at_edges>.left_out[I]) return;
        else if constexpr (Moves != moves::none && base::template repeats_in<S, at_edges>.moved[I]) {
            if constexpr (at_edges) base::template at<I>(r) = base::template moved_at_edge<I>(r, before, p);
            else base::template at<I>(r) = base::template moved_from<I>(r, before);
        } else one<S, Tail, I>(s, r, p, acc);
    }
    template <int S, bool Tail, moves Moves, int... I>
    static KILN_INLINE void next_each(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc, regs& before) {
        [[maybe_unused]] regs r;
        (one_of_next<S, Tail, Moves, I>(s, r, p, acc, before), ...);
        (base::template hand_on<S, I>(before, r), ...);
    }
    // Several vectors at a time hide latencies; a long body does that by itself, and each copy of it costs compile time.
    static constexpr int n_costly = [] {
        int count = 0;
        for (int i = 0; i < base::n; ++i) count += f.costly[i] && f.in_pass[i];   // of elements
        return count;
    }();
    static constexpr int unroll = n_costly > 8 || base::n > 120 ? 1 : base::n > 48 ? 2 : 4;
    static constexpr int n_acc = unroll > 1 ? unroll : 2;
    /// Sums of a pass that waits for costly values anyway need two parts; each takes a register.
    template <int S>
    static constexpr int parts = costly_pass(S) ? 2 : n_acc;
    static KILN_INLINE place at_column(const place& p, i64 j, int count, bool inside = false, int ahead = 0) {
        return {p.q, p.sizes, p.outer, p.row, j, p.n1, count, inside, ahead};
    }
    /// The first part goes on from what is known. Parts that nothing joins are no instructions; in a fold there is always something, and zeros are
    /// had for less than their neutral elements.
    template <int S, bool Neutral, int... U>
    static KILN_INLINE void clear_parts(std::integer_sequence<int, U...>, const state& s, regs* acc) {
        constexpr only<base::along + S> along{};
        constexpr only<base::cross_scalar> cross{};
        if constexpr (Neutral) ((base::clear_neutral(along, acc[U]), base::clear_neutral(cross, acc[U])), ...);
        else ((base::clear(along, acc[U]), base::clear(cross, acc[U])), ...);
        base::clear(along, acc[0]);
        base::copy(cross, acc[0], s.acc);
    }
    template <int S>
    static KILN_INLINE void copy_part(regs& to, const regs& from) {
        base::copy(only<base::along + S>{}, to, from);
        base::copy(only<base::cross_scalar>{}, to, from);
    }
    template <int S, bool NanSeen>
    static KILN_INLINE void merge_part(regs& a, const regs& b) {
        base::template merge<NanSeen>(only<base::along + S>{}, a, b);
        base::template merge<NanSeen>(only<base::cross_scalar>{}, a, b);
    }
    template <int S, int U, bool NanSeen = false>
    static KILN_INLINE void merge_from(regs* acc) {   // 4: parts 4 to 7 into 0 to 3, and so on
        if constexpr (U > 0) {
            [&]<int... V>(std::integer_sequence<int, V...>) KILN_INLINE_LAMBDA { (merge_part<S, NanSeen>(acc[V], acc[V + U]), ...); }(std::make_integer_sequence<int, U>{});
            merge_from<S, U / 2, NanSeen>(acc);
        }
    }
    // Accumulators are named by constants: what a loop numbers lives in memory.
    template <int S, int... U>
    static KILN_INLINE void one_pass(std::integer_sequence<int, U...> each, state& s, const place& p, i64 first, i64 last, regs& sums) {
        using nodes = only<base::pass + S>;
        regs acc[n_acc];
        clear_parts<S, true>(each, s, acc);
        [[maybe_unused]] const place with_hit = vector_with_hit<S>(s, p, first, last);
        [[maybe_unused]] regs hits;
        if constexpr (base::one_hot(S)) {
            base::clear_hits(nodes{}, hits);
            if (with_hit.count > 0) each_with_hit<S>(nodes{}, s, hits, with_hit, acc[0]);
        }
        i64 j = first, end = last;   // whole vectors from j to end
        [[maybe_unused]] regs before;
        [[maybe_unused]] bool edges_move = false;
        if constexpr (has_edges) {
            base::template hand_on_nothing<S>(nodes{}, before);
            if constexpr (base::template repeats_in<S, true>.any) edges_move = first == 0 && base::template may_move<S>(nodes{}, p);
            const column_range whole = base::columns_with_all(nodes{}, p, first, last);
            end = whole.to;
            while (j < last && (j < whole.from || (base::template repeats_in<S, false>.any && j == first))) edge<S>(nodes{}, s, p, j, last, acc[0], before, edges_move);
        }
        if constexpr (unroll > 1)
            for (; j + unroll * L <= end; j += unroll * L) {
                if constexpr (interleaved) by_turns<S, false>(std::make_integer_sequence<int, unroll>{}, nodes{}, s, p, j, end, acc);
                else (unrolled<S, U>(nodes{}, s, p, j, acc[U % parts<S>], before), ...);
            }
        if constexpr (interleaved && !has_edges) {   // more than a vector that the steps leave over is one more of them
            if (j + L < last) {
                by_turns<S, true>(std::make_integer_sequence<int, unroll>{}, nodes{}, s, p, j, last, acc);
                j = last;
            }
        } else for (; j + L <= end; j += L) next_each<S, false, moves::inside>(nodes{}, s, at_column(p, j, L, has_edges), acc[0], before);
        if constexpr (has_edges)
            while (j < last) edge<S>(nodes{}, s, p, j, last, acc[0], before, edges_move);
        else if (j < last) one_each<S, true>(nodes{}, s, at_column(p, j, static_cast<int>(last - j)), acc[1]);
        if constexpr (base::one_hot(S))
            if (with_hit.count > 0) base::store_hits(nodes{}, s, hits, with_hit);
        merge_from<S, parts<S> / 2>(acc);
        copy_part<S>(sums, acc[0]);
    }
    template <int S>
    static KILN_INLINE place vector_with_hit(const state& s, const place& p, i64 first, i64 last) {
        i64 at = -1;
        if constexpr (base::one_hot(S)) at = base::column_of_hit(s);
        if (at < first || at >= last) return at_column(p, first, 0);
        const i64 j = at - (at - first) % L;
        return at_column(p, j, static_cast<int>(last - j < L ? last - j : L));
    }
    /// A vector in which not everything is there.
    template <int S, int... I>
    static KILN_INLINE void edge(std::integer_sequence<int, I...> nodes, state& s, const place& p, i64& j, i64 last, regs& acc, regs& before, bool edges_move) {
        const place here = at_column(p, j, static_cast<int>(last - j < L ? last - j : L));
        if (edges_move) next_each<S, true, moves::at_edges>(nodes, s, here, acc, before);
        else next_each<S, true, moves::none>(nodes, s, here, acc, before);
        j += L;
    }
    template <int S, int U, int... I>
    static KILN_INLINE void unrolled(std::integer_sequence<int, I...> nodes, state& s, const place& p, i64 j, regs& acc, regs& before) {
        if constexpr (U < unroll) {
            next_each<S, false, moves::inside>(nodes, s, at_column(p, j + U * L, L, has_edges, U * L), acc, before);
            if constexpr (S == base::fetching_pass && U % base::lines == 0)
                if (p.n1 * base::B <= base::fetched_row) base::fetch_ahead(std::make_integer_sequence<int, base::n>{}, at_column(p, j + U * L, L));
        }
    }
    /// A map with costly functions, each of which is a chain of instructions that wait for each other: those of several vectors by turns.
    static constexpr bool interleaved = n_costly > 0 && unroll > 1 && f.passes == 1 && !f.contraction && !base::in_registers && !base::one_hot(0) && !base::template repeats_in<0, false>.any;
    /// Stores come last: nothing may be loaded before them that might be what they write, or be taken for it by a processor that compares
    /// the last 12 bits of addresses alone. Tail: as far as there are elements before `last`.
    template <int S, bool Tail, int... U, int... I>
    static KILN_INLINE void by_turns(std::integer_sequence<int, U...>, std::integer_sequence<int, I...> nodes, state& s, const place& p, i64 j, i64 last, regs* acc) {
        regs r[sizeof...(U)];
        (some_of<S, Tail, false>(nodes, s, r[U], turn<Tail, U>(p, j, last), acc[U % parts<S>]), ...);
        (some_of<S, Tail, true>(nodes, s, r[U], turn<Tail, U>(p, j, last), acc[U % parts<S>]), ...);
    }
    template <bool Tail, int U>
    static KILN_INLINE place turn(const place& p, i64 j, i64 last) {
        const i64 at = j + U * L, left = last - at;
        return at_column(p, at, Tail && left < L ? left < 0 ? 0 : static_cast<int>(left) : L, has_edges, U * L);
    }
    template <int S, bool Tail, bool Stores, int... I>
    static KILN_INLINE void some_of(std::integer_sequence<int, I...>, state& s, regs& r, const place& p, regs& acc) {
        (one_if<S, Tail, (K::node(I).kind == kiln::step::store) == Stores, I>(s, r, p, acc), ...);
    }
    template <int S, bool Tail, bool Yes, int I>
    static KILN_INLINE void one_if(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (!Yes) return;
        else if constexpr (Tail && f.reduces(I) && f.columns(I)) {   // sums of columns lie in memory, as many as there are
            if (p.count > 0) one<S, Tail, I>(s, r, p, acc);
        } else one<S, Tail, I>(s, r, p, acc);
    }

    // A fold of little else: each step waits for the one before, so it has eight parts, also in what is left over.
    static constexpr bool short_fold = n_costly == 0 && base::n <= 12 && f.passes == 1 && !has_edges && !base::one_hot(0) &&
                                       (only<base::along>::size() > 0 || only<base::cross_scalar>::size() > 0);
    template <int N>
    struct nan_of_pairs {   // of parts, for each node
        std::uint16_t bits[N / 2][base::n]{};
    };
    template <int I>
    static KILN_INLINE void one_of_two(state& s, regs& r, regs& t, const place& p, const place& q, regs& a, regs& b, std::uint16_t* nan) {
        if constexpr (base::sees_nan(I) && !f.columns(I)) {
            constexpr int folded = K::node(I).in[0];
            base::template combine_two<I>(base::template at<I>(a), base::template at<I>(b), base::template get<folded>(s, r), base::template get<folded>(s, t), nan[I]);
        } else {
            one<0, false, I>(s, r, p, a);
            one<0, false, I>(s, t, q, b);
        }
    }
    template <int... I>
    static KILN_INLINE void two(std::integer_sequence<int, I...>, state& s, const place& p, const place& q, regs& a, regs& b, std::uint16_t* nan) {
        regs r, t;
        (one_of_two<I>(s, r, t, p, q, a, b, nan), ...);
    }
    /// One vector, of which the bits have the NaN where there are any.
    template <bool Tail, int I>
    static KILN_INLINE void one_alone(state& s, regs& r, const place& p, regs& a, [[maybe_unused]] std::uint16_t* nan) {
        if constexpr (base::sees_nan(I) && !f.columns(I) && has_nan_bits<typename base::template lanes<I>>) {
            auto v = base::template get<K::node(I).in[0]>(s, r);
            if constexpr (Tail && f.columns(K::node(I).in[0])) v = base::template only_first<I>(v, p.count);
            base::template combine_numbers<I>(base::template at<I>(a), v);
            nan[I] = nan_bits(nan[I], v, v);
        } else one<0, Tail, I>(s, r, p, a);
    }
    template <bool Tail, int... I>
    static KILN_INLINE void alone(std::integer_sequence<int, I...>, state& s, const place& p, regs& a, std::uint16_t* nan) {
        [[maybe_unused]] regs r;
        (one_alone<Tail, I>(s, r, p, a, nan), ...);
    }
    static KILN_INLINE void next_if(state& s, const place& p, i64& j, i64 last, regs& acc, std::uint16_t* nan) {
        if (j + L > last) return;
        alone<false>(only<base::pass>{}, s, at_column(p, j, L), acc, nan);
        j += L;
    }
    /// The first part gets the NaN of all, for which no comparison waits for another; merging, where each step does, may lose it then. Of an
    /// even number of parts.
    template <int N, int... I>
    static KILN_INLINE void gather_nan(std::integer_sequence<int, I...>, regs (&acc)[N], const nan_of_pairs<N>& nan) { (gather_nan_of<I>(acc, nan), ...); }
    template <int I, int N>
    static KILN_INLINE void gather_nan_of(regs (&acc)[N], [[maybe_unused]] const nan_of_pairs<N>& nan) {
        if constexpr (base::sees_nan(I) && !f.columns(I))
            [&]<int... P>(std::integer_sequence<int, P...>) KILN_INLINE_LAMBDA {
                auto& first = base::template at<I>(acc[0]);
                if constexpr (has_nan_bits<typename base::template lanes<I>>) {   // the fold goes on before this is known
                    const auto bits = static_cast<std::uint16_t>((nan.bits[P][I] | ...));
                    if (__builtin_expect(bits != 0, false)) first = nan_where(bits, first);
                } else ((first = nan_or_nan_or(base::template at<I>(acc[2 * P + 1]), base::template at<I>(acc[2 * P + 2 < N ? 2 * P + 2 : 1]), first)), ...);
            }(std::make_integer_sequence<int, N / 2>{});
    }
    template <int... I>
    static constexpr bool any_sees_nan(std::integer_sequence<int, I...>) { return (false || ... || base::sees_nan(I)); }
    template <int... U>
    static KILN_INLINE void fold(std::integer_sequence<int, U...> each, state& s, const place& p, i64 first, i64 last, regs& sums) {
        using nodes = only<base::pass>;
        regs acc[sizeof...(U)];
        clear_parts<0, false>(each, s, acc);
        nan_of_pairs<sizeof...(U)> nan;
        i64 j = first;
        constexpr int step = sizeof...(U) * L;
        for (; j + step <= last; j += step) {
            if constexpr (any_sees_nan(nodes{}))
                [&]<int... P>(std::integer_sequence<int, P...>) KILN_INLINE_LAMBDA {
                    (two(nodes{}, s, at_column(p, j + 2 * P * L, L), at_column(p, j + (2 * P + 1) * L, L), acc[2 * P], acc[2 * P + 1], nan.bits[P]), ...);
                }(std::make_integer_sequence<int, sizeof...(U) / 2>{});
            else (one_each<0, false>(nodes{}, s, at_column(p, j + U * L, L), acc[U]), ...);
        }
        (next_if(s, p, j, last, acc[U], nan.bits[U / 2]), ...);   // never all of them
        if (j < last) alone<true>(nodes{}, s, at_column(p, j, static_cast<int>(last - j)), acc[sizeof...(U) - 1], nan.bits[0]);
        gather_nan(nodes{}, acc, nan);
        merge_from<0, sizeof...(U) / 2, true>(acc);
        copy_part<0>(sums, acc[0]);
    }

    template <int S>
    static KILN_INLINE void sums_of_pass(state& s, const place& p, i64 first, i64 last, regs& sums) {
        if constexpr (short_fold) fold(std::make_integer_sequence<int, 8>{}, s, p, first, last, sums);
        else one_pass<S>(std::make_integer_sequence<int, n_acc>{}, s, p, first, last, sums);
    }
    template <int... I>
    static KILN_INLINE void after_pass(std::integer_sequence<int, I...>, state& s, const place& p, [[maybe_unused]] bool stores) {
        ((K::node(I).kind != kiln::step::store || stores ? base::template step<I, false>(s, s.row, p, s.acc) : void()), ...);
    }
    /// What the sums of a pass make known of the row; `stores`: and what of it is stored.
    template <int S>
    static KILN_INLINE void pass_done(state& s, const place& p, const regs& sums, bool stores = true) {
        base::copy(only<base::cross_scalar>{}, s.acc, sums);
        base::finish(only<base::along + S>{}, s, sums);
        after_pass(only<base::row_after + S + 1>{}, s, p, stores);
    }
    template <int S>
    static KILN_INLINE void passes(state& s, const place& p, i64 first, i64 last) {
        if constexpr (S < f.passes) {
            regs sums;
            sums_of_pass<S>(s, p, first, last, sums);
            pass_done<S>(s, p, sums);
            passes<S + 1>(s, p, first, last);
        }
    }
};

}  // namespace kiln::cpu
