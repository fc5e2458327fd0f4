// Where slices overlap, values of one column are those of another a column later, as the key says: they are moved by a lane instead of
// computed, with all that they alone need: in the vectors in which everything is inside, and at the edges those that a mask makes 0 elsewhere.
#pragma once
#include <kiln/backend/cpu/one_hot.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct repeated_columns : one_hot_rows<K, VB> {
    using base = one_hot_rows<K, VB>;
    using base::f, base::L, base::has_edges;
    using typename base::regs;

    struct repeats {
        bool moved[base::n + 1], left_out[base::n + 1];   // left out: wanted for moved ones alone
        bool any;
    };
    static constexpr int repeated(int i) {   // the node that gives value i a column later; i: there is none
        const key_node k = K::node(i);
        return k.kind == kiln::step::operation && k.type != dtype::boolean && size_of(k.type) == base::B ? i - k.slot : i;
    }
    /// Is node i where(columns are inside, x, 0)?
    static constexpr bool is_masked(int i) { return is_some_or_zero<K>(i) && K::node(K::node(i).in[0]).kind == kiln::step::counter && base::checked(K::node(i).in[0]); }
    /// In the vectors of pass S in which everything is inside, or in the others.
    template <int S, bool AtEdges>
    static constexpr repeats find_repeats() {
        repeats r{};
        repeats of_next{};
        if constexpr (AtEdges) of_next = find_repeats<S, false>();
        const auto here = [](int i) { return (f.in_pass[i] >> S & 1) != 0; };
        for (int i = 0; i < base::n && has_edges; ++i)
            r.moved[i] = repeated(i) != i && here(i) && here(repeated(i)) && f.scratch[i] < 0 && !base::template only_for_saved<S>(repeated(i)) &&
                         (!AtEdges || is_masked(i));
        for (int k = 0; k < base::n && has_edges; ++k) {   // what a sum takes apart as it goes it computes itself
            if (!f.reduces(k) || !base::sums_products(k)) continue;
            int v = K::node(k).in[0];
            for (; !taken_apart<K>{f}.product(v); v = is_some_or_zero<K>(v) ? K::node(v).in[1] : K::node(v).in[2]) r.moved[v] = false;
            r.moved[v] = false;
        }
        const auto leave_out = [&] {   // returns how many operations
            int count = 0;
            bool wanted[base::n + 1]{};
            for (int i = 0; i < base::n; ++i)   // the next vector may have it from here
                if (of_next.moved[i]) wanted[repeated(i)] = true;
            for (int i = base::n - 1; i >= 0; --i) {
                const bool stays = wanted[i] || K::node(i).kind == kiln::step::store || f.reduces(i) || f.scratch[i] >= 0;
                r.left_out[i] = here(i) && !stays;
                count += r.left_out[i] && K::node(i).kind == kiln::step::operation;
                if (!here(i) || r.left_out[i] || base::template saved<S>(i) || base::template only_for_saved<S>(i)) continue;
                if (r.moved[i]) wanted[repeated(i)] = wanted[AtEdges ? K::node(i).in[0] : repeated(i)] = true;
                else
                    for (int k = 0; k < f.arity(i); ++k) wanted[K::node(i).in[k]] = true;
            }
            return count;
        };
        for (int i = base::n - 1; i >= 0; --i) {   // one that saves itself alone is not worth its move
            if (!r.moved[i]) continue;
            const int with = leave_out();
            r.moved[i] = false;
            const int without = leave_out();
            r.moved[i] = f.costly[i] || with > without;
        }
        leave_out();
        for (int i = 0; i < base::n; ++i) r.any |= r.moved[i];
        return r;
    }
    template <int S, bool AtEdges>
    static constexpr repeats repeats_in = find_repeats<S, AtEdges>();
    template <class V, int... J>
    static KILN_INLINE V moved_on(V x, V before, std::integer_sequence<int, J...>) { return {__builtin_shufflevector(before.v, x.v, (L - 1 + J)...)}; }
    template <int I>
    static KILN_INLINE auto moved_from(const regs& r, const regs& before) {
        return moved_on(base::template at<repeated(I)>(r), base::template at<repeated(I)>(before), std::make_integer_sequence<int, L>{});
    }
    template <int S, int I>
    static KILN_INLINE void hand_on(regs& to, const regs& from) {
        if constexpr (repeats_in<S, false>.moved[I] || repeats_in<S, true>.moved[I]) base::template at<repeated(I)>(to) = base::template at<repeated(I)>(from);
    }
    template <int S, int... I>
    static KILN_INLINE void hand_on_nothing(std::integer_sequence<int, I...>, regs& to) { (hand_on<S, I>(to, regs{}), ...); }

    // ---- at the edges
    /// What node I is made of.
    template <int I>
    static constexpr typename base::flags within = [] {
        typename base::flags r{};
        r.yes[I] = true;
        for (int i = I; i >= 0; --i)
            for (int k = 0; k < f.arity(i) && r.yes[i]; ++k) r.yes[K::node(i).in[k]] = true;
        return r;
    }();
    /// Is everything that node I is made of inside in these columns?
    template <int I, int... J>
    static KILN_INLINE bool has_all(std::integer_sequence<int, J...>, const i64* sizes, column_range columns) {
        bool yes = true;
        ([&]() KILN_INLINE_LAMBDA {
            if constexpr (within<I>.yes[J] && base::checked(J)) {
                const column_range there = sections<K, L>::template columns_of<J>(sizes);
                yes &= there.from <= columns.from && there.to >= columns.to;
            }
        }(), ...);
        return yes;
    }
    /// The columns of this row that the mask of node I leaves.
    template <int I>
    static KILN_INLINE column_range left_by_mask(const place& p) {
        const column_range r = sections<K, L>::template columns_of<K::node(I).in[0]>(p.sizes);
        return {r.from < 0 ? 0 : r.from, r.to > p.n1 ? p.n1 : r.to};
    }
    /// May the values of pass S be moved at the edges of a row that is one from its first column on? Where sizes are known, the compiler knows.
    template <int S, int... I>
    static KILN_INLINE bool may_move(std::integer_sequence<int, I...> all, const place& p) {
        bool yes = true;
        ([&]() KILN_INLINE_LAMBDA {
            if constexpr (repeats_in<S, true>.moved[I]) {
                const column_range c = left_by_mask<I>(p);
                yes &= c.from >= 1 && has_all<K::node(I).in[1]>(all, p.sizes, c) && has_all<repeated(I)>(all, p.sizes, {c.from - 1, c.to - 1});
            }
        }(), ...);
        return yes;
    }
    /// Node I in a vector of which the one before is known. Lanes that come from nowhere are 0, which is what the mask puts there.
    template <int I>
    static KILN_INLINE auto moved_at_edge(const regs& r, const regs& before, const place& p) {
        const auto x = moved_from<I>(r, before);
        const column_range c = left_by_mask<I>(p);
        return c.from == 1 && c.to == p.n1 ? x : select(base::template at<K::node(I).in[0]>(r), x, like(x, 0));
    }
};

}  // namespace kiln::cpu
