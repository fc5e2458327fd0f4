// Where slices overlap, values of one column are those of another a column later, as the key says: they are moved by a lane instead of
// computed, with all that they alone need, in the vectors in which everything is inside.
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
    template <int S>
    static constexpr repeats repeats_in = [] {
        repeats r{};
        const auto here = [](int i) { return (f.in_pass[i] >> S & 1) != 0; };
        for (int i = 0; i < base::n && has_edges; ++i)
            r.moved[i] = repeated(i) != i && here(i) && here(repeated(i)) && f.scratch[i] < 0 && !base::template only_for_saved<S>(repeated(i));
        for (int k = 0; k < base::n && has_edges; ++k) {   // what a sum takes apart as it goes it computes itself
            if (!f.reduces(k) || !base::sums_products(k)) continue;
            int v = K::node(k).in[0];
            for (; !taken_apart<K>{f}.product(v); v = is_some_or_zero<K>(v) ? K::node(v).in[1] : K::node(v).in[2]) r.moved[v] = false;
            r.moved[v] = false;
        }
        const auto leave_out = [&] {   // returns how many operations
            int count = 0;
            bool wanted[base::n + 1]{};
            for (int i = base::n - 1; i >= 0; --i) {
                const bool stays = wanted[i] || K::node(i).kind == kiln::step::store || f.reduces(i) || f.scratch[i] >= 0;
                r.left_out[i] = here(i) && !stays;
                count += r.left_out[i] && K::node(i).kind == kiln::step::operation;
                if (!here(i) || r.left_out[i] || base::template saved<S>(i) || base::template only_for_saved<S>(i)) continue;
                if (r.moved[i]) wanted[repeated(i)] = true;
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
    }();
    template <class V, int... J>
    static KILN_INLINE V moved_on(V x, V before, std::integer_sequence<int, J...>) { return {__builtin_shufflevector(before.v, x.v, (L - 1 + J)...)}; }
    template <int S, int I>
    static KILN_INLINE void hand_on(regs& to, const regs& from) {
        if constexpr (repeats_in<S>.moved[I]) base::template at<repeated(I)>(to) = base::template at<repeated(I)>(from);
    }
    template <int S, int... I>
    static KILN_INLINE void hand_on_nothing(std::integer_sequence<int, I...>, regs& to) { (hand_on<S, I>(to, regs{}), ...); }
};

}  // namespace kiln::cpu
