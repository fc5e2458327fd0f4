// Numbers by themselves, as functions of scalars compute, in the steps of number_packs.hpp.
#pragma once
#include <kiln/backend/cpu/body.hpp>
#include <kiln/backend/cpu/number_packs.hpp>

namespace kiln::cpu {

template <class K, int VB, int Widest>
struct scalars : body<K, VB> {
    using base = body<K, VB>;
    using typename base::regs, typename base::state;
    using packs = number_packs<K, Widest>;
    static constexpr auto& plan = packs::plan;
    static constexpr bool gains = packs::gains;

    template <int I, int W>
    using lanes_of_node = simd<typename base::template memory_type<I>, W, size_of(K::node(I).type)>;
    template <int S>
    using pack = lanes_of_node<plan.member[plan.first[S]], plan.sums[S] || plan.width[S] == 1 ? 16 / size_of(K::node(plan.member[plan.first[S]]).type) : plan.width[S]>;
    template <class Seq>
    struct packs_of;
    template <int... S>
    struct packs_of<std::integer_sequence<int, S...>> : reg<S, pack<S>>... {};
    using vectors = packs_of<std::make_integer_sequence<int, plan.n_steps>>;
    template <int S>
    static KILN_INLINE pack<S>& at_step(vectors& v) { return static_cast<reg<S, pack<S>>&>(v).v; }

    static constexpr bool is_read(int i) { return K::node(i).kind == kiln::step::load && !K::node(i).section; }
    static constexpr int step_of(int i) {
        int s = 0;
        while (plan.member[plan.first[s]] != i) ++s;
        return s;
    }
    /// A node by itself. What was read from memory is not yet in lanes: the compiler makes one load of neighbours.
    template <int I>
    static KILN_INLINE auto number(state& s, vectors& v) {
        if constexpr (plan.packed_at[I] >= 0) return at_step<plan.packed_at[I]>(v).v[plan.lane[I]];
        else if constexpr (is_read(I)) return at_step<step_of(I)>(v).v[0];
        else return base::template at<I>(s.row).v[0];
    }

    // ---- numbers side by side
    template <class V, int Source, int... J>
    static KILN_INLINE V from_source(std::integer_sequence<int, J...>, state& s, vectors& v) {
        if constexpr (Source < 0) return V::splat(number<-1 - Source>(s, v));
        else if constexpr (plan.width[Source] == V::lanes) return at_step<Source>(v);
        else return {__builtin_shufflevector(at_step<Source>(v).v, at_step<Source>(v).v, (J < plan.width[Source] ? J : -1)...)};
    }
    template <class V, int... I, int... J>
    static KILN_INLINE V side_by_side(std::integer_sequence<int, I...>, std::integer_sequence<int, J...> lanes, state& s, vectors& v) {
        constexpr int nodes[]{I...};
        constexpr auto o = packs::origins_of(plan, nodes, V::lanes);
        if constexpr (o.count > 2) return {typename V::raw_type{number<I>(s, v)...}};
        else if constexpr (o.in_order) return at_step<o.source[0]>(v);
        else if constexpr (o.count == 1 && o.source[0] < 0) return from_source<V, o.source[0]>(lanes, s, v);
        else {
            const V x = from_source<V, o.source[0]>(lanes, s, v), y = from_source<V, o.source[o.count - 1]>(lanes, s, v);
            return {__builtin_shufflevector(x.v, y.v, o.lane[J]...)};
        }
    }
    /// Operand A of the nodes of step S; lanes beyond them have what the first has.
    template <int S, int A, int... J>
    static KILN_INLINE pack<S> operand(std::integer_sequence<int, J...> lanes, state& s, vectors& v) {
        return side_by_side<pack<S>>(std::integer_sequence<int, K::node(plan.member[plan.first[S] + (J < plan.count[S] ? J : 0)]).in[A]...>{}, lanes, s, v);
    }
    /// A lane as a number by itself, in the lanes of which there is what lies beside it, or the number again.
    template <int I, int S, int... J>
    static KILN_INLINE void spread(std::integer_sequence<int, J...>, state& s, vectors& v) {
        constexpr int lane = plan.lane[I];
        constexpr bool whole = lane + static_cast<int>(sizeof...(J)) <= plan.width[S];
        base::template at<I>(s.row) = {__builtin_shufflevector(at_step<S>(v).v, at_step<S>(v).v, (whole ? lane + J : lane)...)};
    }
    template <int S, int... J, int... A>
    static KILN_INLINE void together(std::integer_sequence<int, J...> lanes, std::integer_sequence<int, A...>, state& s, vectors& v) {
        constexpr int first = plan.member[plan.first[S]];
        at_step<S>(v) = base::template op<first>::compute(operand<S, A>(lanes, s, v)...);
        constexpr std::make_integer_sequence<int, std::remove_reference_t<decltype(base::template at<first>(s.row))>::lanes> alone;
        (spread<plan.member[plan.first[S] + (J < plan.count[S] ? J : 0)], S>(alone, s, v), ...);
    }
    /// Stores all lanes of a pack: at once where the compiler sees that the places are neighbours.
    template <int S, int... J>
    static KILN_INLINE void store_together(std::integer_sequence<int, J...>, vectors& v, const place& p) {
        constexpr auto from = [](int k) { return K::node(plan.member[plan.first[S] + k]).in[0]; };
        const auto& x = at_step<plan.packed_at[from(0)]>(v);
        auto* const e = base::template address<plan.member[plan.first[S]]>(p);
        const bool neighbours = ((base::template address<plan.member[plan.first[S] + J]>(p) == e + J) && ...);
        if (__builtin_constant_p(neighbours) && neighbours) store(e, x);
        else ((*base::template address<plan.member[plan.first[S] + J]>(p) = x.v[J]), ...);
    }

    // ---- sums
    /// Factor F of the terms from T on: of as many as there are lanes, or of one.
    template <class V, int T, int F, bool One, int... J>
    static KILN_INLINE V factor(std::integer_sequence<int, J...> lanes, state& s, vectors& v) {
        if constexpr (One) return V::splat(number<plan.factor[T][F]>(s, v));
        else return side_by_side<V>(std::integer_sequence<int, plan.factor[T + J][F]...>{}, lanes, s, v);
    }
    template <class V, int T, bool One, bool First>
    static KILN_INLINE void add_terms(V& sum, state& s, vectors& v) {
        constexpr std::make_integer_sequence<int, V::lanes> lanes;
        const V x = factor<V, T, 0, One>(lanes, s, v);
        if constexpr (plan.factor[T][1] < 0) sum = First ? x : sum + x;
        else if constexpr (First) sum = x * factor<V, T, 1, One>(lanes, s, v);
        else sum = fma(x, factor<V, T, 1, One>(lanes, s, v), sum);
    }
    template <class V, int From, bool One, int... C>
    static KILN_INLINE V terms(std::integer_sequence<int, C...>, state& s, vectors& v) {
        V sum{};
        (add_terms<V, From + C * (One ? 1 : V::lanes), One, C == 0>(sum, s, v), ...);
        return sum;
    }
    /// Terms one by one, in parts of four that do not wait for each other.
    template <class V, int From, int Count>
    static KILN_INLINE V single_terms(state& s, vectors& v) {
        const V some = terms<V, From, true>(std::make_integer_sequence<int, Count < 4 ? Count : 4>{}, s, v);
        if constexpr (Count <= 4) return some;
        else return some + single_terms<V, From + 4, Count - 4>(s, v);
    }
    template <class V, int... J>
    static KILN_INLINE auto total(V x, std::integer_sequence<int, J...>) {
        using half = simd<typename V::element_type, V::lanes / 2, sizeof(typename V::element_type)>;
        if constexpr (V::lanes == 2) return x.v[0] + x.v[1];
        else return total(half{__builtin_shufflevector(x.v, x.v, J...)} + half{__builtin_shufflevector(x.v, x.v, (J + V::lanes / 2)...)},
                          std::make_integer_sequence<int, V::lanes / 4>{});
    }
    template <int S>
    static KILN_INLINE void sum(state& s, vectors& v) {
        constexpr int i = plan.member[plan.first[S]], from = plan.first_term[i], whole = plan.whole_terms[i], rest = plan.term_count[i] - whole;
        auto& out = base::template at<i>(s.row);
        using number_type = std::remove_reference_t<decltype(out)>;
        typename number_type::element_type r{};
        if constexpr (rest > 0) r = single_terms<number_type, from + whole, rest>(s, v).v[0];
        if constexpr (whole > 0) {
            using V = lanes_of_node<i, plan.width[S]>;
            const auto t = total(terms<V, from, false>(std::make_integer_sequence<int, whole / V::lanes>{}, s, v), std::make_integer_sequence<int, V::lanes / 2>{});
            r = rest > 0 ? t + r : t;
        }
        out = number_type::splat(r);
    }

    template <int S>
    static KILN_INLINE void one_step(state& s, vectors& v, const place& p) {
        constexpr int i = plan.member[plan.first[S]];
        if constexpr (plan.sums[S]) sum<S>(s, v);
        else if constexpr (plan.width[S] > 1 && K::node(i).kind == kiln::step::store) store_together<S>(std::make_integer_sequence<int, plan.width[S]>{}, v, p);
        else if constexpr (plan.width[S] > 1)
            together<S>(std::make_integer_sequence<int, plan.width[S]>{}, std::make_integer_sequence<int, base::template op<i>::arity>{}, s, v);
        else {
            if constexpr (is_read(i)) at_step<S>(v).v[0] = *base::template address<i>(p);
            base::template step<i, false>(s, s.row, p, s.acc);
        }
    }
    template <int... S>
    static KILN_INLINE void all(std::integer_sequence<int, S...>, state& s, const place& p) {
        vectors v;
        (one_step<S>(s, v, p), ...);
    }
};

}  // namespace kiln::cpu
