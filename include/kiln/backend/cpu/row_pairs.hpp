// Rows of a group whose last vector would be half empty, by twos: one behind the other they are whole vectors.
#pragma once
#include <kiln/backend/cpu/group_rows.hpp>

namespace kiln::cpu {

template <class K, int VB, bool Several = false>
struct row_pairs : group_rows<K, VB, Several> {
    using base = group_rows<K, VB, Several>;
    using base::f, base::L, base::n_vectors, base::rest, base::written_out;
    using typename base::regs, typename base::state, typename base::kept_values, typename base::fixed_values;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr bool in_pairs = [] {
        bool yes = written_out && 2 * rest == L;
        for (int i = 0; i < base::n; ++i) {
            const key_node x = K::node(i);
            if (!f.columns(i) || f.post[i]) continue;
            yes &= x.kind != kiln::step::counter && !(f.rows(i) && x.strided) && !(f.reduces(i) && x.type == dtype::boolean);   // lanes of masks do not add up
        }
        return yes;
    }();
    /// The one in the middle has the end of the first row and the beginning of the second.
    static constexpr int middle = n_vectors - 1, n_pair = in_pairs ? 2 * middle + 1 : 1;
    using pair_values = typename base::template slots<only<base::fixed_part>, n_pair>;
    struct shared_values {
        fixed_values of_row;
        pair_values of_pair;
    };
    /// Halves of vectors, one behind the other: number i of a, number j of b.
    template <int I, int J, class V, int... Lane>
    static KILN_INLINE V two_halves(V a, V b, std::integer_sequence<int, Lane...>) {
        return {__builtin_shufflevector(a.v, b.v, (Lane < L / 2 ? I * L / 2 + Lane : L + J * L / 2 + Lane - L / 2)...)};
    }
    template <int I, int J, class V>
    static KILN_INLINE V two_halves(V a, V b) { return two_halves<I, J>(a, b, std::make_integer_sequence<int, L>{}); }

    template <int I, int V>
    static KILN_INLINE auto repeated(const fixed_values& row) {
        const auto& v = static_cast<const typename base::template slots_of<I, base::n_fixed>&>(row).v;
        constexpr int first = 2 * V % n_pair, second = (2 * V + 1) % n_pair;   // halves of a row
        return two_halves<first % 2, second % 2>(v[first / 2], v[second / 2]);
    }
    template <int V, int... I>
    static KILN_INLINE void repeat_vector(std::integer_sequence<int, I...>, shared_values& shared) {
        ((static_cast<typename base::template slots_of<I, n_pair>&>(shared.of_pair).v[V] = repeated<I, V>(shared.of_row)), ...);
    }
    template <int... V>
    static KILN_INLINE void repeat_all(std::integer_sequence<int, V...>, shared_values& shared) { (repeat_vector<V>(only<base::fixed_part>{}, shared), ...); }
    static KILN_INLINE void share(state& s, const place& p, shared_values& shared) {
        base::fix_all(s, p, shared.of_row);
        if constexpr (in_pairs) repeat_all(std::make_integer_sequence<int, n_pair>{}, shared);
    }

    /// g++ would make each half of a vector of its number anew.
    template <class V>
    static KILN_INLINE V& whole(V& x) {
#if defined(__GNUC__) && !defined(__clang__)
        if constexpr (sizeof(x.v) == 64) __asm__("" : "+v"(x.v));
        else if constexpr (sizeof(x.v) >= 16) __asm__("" : "+x"(x.v));
#endif
        return x;
    }
    template <int... I>
    static KILN_INLINE void halves_of_both(std::integer_sequence<int, I...>, state& s, state& first) {
        ((base::template at<I>(s.row) = two_halves<0, 1>(whole(base::template at<I>(first.row)), whole(base::template at<I>(s.row)))), ...);
    }
    template <int... I>
    static KILN_INLINE void halves_so_far(std::integer_sequence<int, I...>, regs& to, const regs& a, const regs& b) {
        ((base::template at<I>(to) = two_halves<0, 1>(base::template at<I>(a), base::template at<I>(b))), ...);
    }
    template <int... I>
    static KILN_INLINE void add_other_halves(std::integer_sequence<int, I...>, regs& to, const regs& a, const regs& b) {
        ((base::template at<I>(to) = base::template combined<I>(base::template at<I>(to), two_halves<1, 0>(base::template at<I>(a), base::template at<I>(b)))), ...);
    }
    template <int S, int V>
    static KILN_INLINE void vector_of_pair(state& s, const place& p, regs* acc, kept_values& kept, const pair_values& fixed) {
        if constexpr (V == 0 || V == middle + 1) base::clear(only<base::along + S>{}, acc[V]);
        else if constexpr (V != middle) base::copy(only<base::along + S>{}, acc[V], acc[V - 1]);
        base::template group_steps<S, false, V, n_pair>(only<base::pass + S>{}, s, {p.q, p.sizes, p.outer, p.row, V * L, p.n1, L}, acc[V], kept, fixed, 0);
    }
    template <int S, int First, int... V>
    static KILN_INLINE void vectors_of_row(std::integer_sequence<int, V...>, state& s, const place& p, [[maybe_unused]] regs* acc, kept_values& kept, const pair_values& fixed) {
        (vector_of_pair<S, First + V>(s, p, acc, kept, fixed), ...);
    }
    template <int S, class Sums>
    static KILN_INLINE void two_rows(state& s, const state& t, const place& p, regs* acc, kept_values& kept, const pair_values& fixed, int pair, Sums& sums) {
        constexpr only<base::along + S> folds{};
        constexpr only<base::spread + S> of_rows{};
        constexpr std::make_integer_sequence<int, middle> vectors{};
        const place here{p.q, p.sizes, p.outer, p.row + 2 * pair, 0, p.n1, L};
        base::spread_row(of_rows, s, t, 2 * pair);
        vectors_of_row<S, 0>(vectors, s, here, acc, kept, fixed);
        state first;
        base::copy(of_rows, first.row, s.row);
        base::spread_row(of_rows, s, t, 2 * pair + 1);
        vectors_of_row<S, middle + 1>(vectors, s, here, acc, kept, fixed);
        halves_of_both(of_rows, s, first);
        if constexpr (middle > 0) halves_so_far(folds, acc[middle], acc[middle - 1], acc[2 * middle]);
        vector_of_pair<S, middle>(s, here, acc, kept, fixed);
        if constexpr (middle > 0) add_other_halves(folds, acc[middle], acc[middle - 1], acc[2 * middle]);
        base::template put<L / 2>(folds, sums, acc[middle], pair);
    }
    /// Vector V of a row number Row of a pair; lanes behind the row are anything.
    template <int I, int Row, int V>
    static KILN_INLINE auto of_row(const regs* pair) {
        constexpr int first = Row * n_pair + 2 * V;   // halves
        return two_halves<first % 2, (first + 1) % 2>(base::template at<I>(pair[first / 2]), base::template at<I>(pair[(first + 1) / 2 % n_pair]));
    }
    template <int I, int... V, int... P>
    static KILN_INLINE void gather_sum(std::integer_sequence<int, V...>, std::integer_sequence<int, P...>, const regs* pair, regs* acc) {
        if constexpr (f.columns(I)) {
            ((base::template at<I>(acc[V]) = base::template combined<I>(base::template at<I>(acc[V]), of_row<I, 0, V>(pair))), ...);
            ((base::template at<I>(acc[V]) = base::template combined<I>(base::template at<I>(acc[V]), of_row<I, 1, V>(pair))), ...);
        } else if constexpr (f.columns(K::node(I).in[0]))
            ((base::template at<I>(acc[0]) = base::template combined<I>(base::template at<I>(acc[0]), base::template at<I>(pair[P]))), ...);
    }
    /// Sums over rows, and behind them over the vectors of pairs.
    template <class Nodes, int... V, int... P>
    static KILN_INLINE void start_sums(Nodes nodes, std::integer_sequence<int, V...>, std::integer_sequence<int, P...>, regs* sums, const regs* acc) {
        (base::copy(nodes, sums[V], acc[V]), ...);
        (base::clear_neutral(nodes, sums[n_vectors + P]), ...);
    }
    /// They become those of the columns, or of everything.
    template <int... I, int... V, class P>
    static KILN_INLINE void gather_sums(std::integer_sequence<int, I...> nodes, [[maybe_unused]] std::integer_sequence<int, V...> vectors, [[maybe_unused]] P of_pair,
                                         const regs* sums, regs* acc) {
        (base::copy(nodes, acc[V], sums[V]), ...);
        (gather_sum<I>(vectors, of_pair, sums + n_vectors, acc), ...);
    }
};

}  // namespace kiln::cpu
