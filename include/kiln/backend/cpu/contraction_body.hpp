// The body of a contraction's key on sums, before they are stored: bias, activation, mask, column sums, the optimizer's update.
#pragma once
#include <kiln/backend/cpu/contraction_operands.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct contraction_body : contraction_operands<K, VB, Registers> {
    using shape = contraction_operands<K, VB, Registers>;
    using typename shape::base, typename shape::T;
    using base::L, base::n, shape::bias, shape::tile_node;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    /// The body on the sums of a tile.
    static KILN_INLINE void epilogue(state& s, const tile_operands<T>& o, int height, int vectors, const place& p0, i64 i, i64 j, regs* sums) {
#pragma GCC unroll 1
        for (int r = 0; r < height; ++r) {
            base::template steps<false>(only<base::row_start>{}, s, s.row, place{p0.q, p0.sizes, p0.outer, i + r, j, p0.n1, L}, s.acc);
            const T* c = o.c + r * o.c_row;
            const int whole = o.count == L ? vectors : vectors - 1;
            int v = 0;
#pragma GCC unroll 1
            for (; v < whole; ++v) one_vector<false>(s, c + v * L, place{p0.q, p0.sizes, p0.outer, i + r, j + v * L, p0.n1, L}, sums ? sums[v] : s.acc);
            if constexpr (base::n1_constant % L != 0 || base::n1_constant == 0)
                if (v < vectors)
                    one_vector<true>(s, c + v * L, place{p0.q, p0.sizes, p0.outer, i + r, j + v * L, p0.n1, o.count}, sums ? sums[v] : s.acc);
        }
    }
    template <bool Tail>
    static KILN_INLINE void one_vector(state& s, const T* c, const place& p, regs& acc) {
        with_sums<Tail>(s, load<simd<T, L, base::B>>(c), p, acc);
    }
    template <bool Tail>
    static KILN_INLINE void with_sums(state& s, simd<T, L, base::B> sums, const place& p, regs& acc) {
        regs r;
        base::template at<tile_node>(r) = sums;
        if constexpr (bias.sum < n) base::template at<bias.sum>(r) = base::template at<tile_node>(r);
        after_sums<Tail>(only<base::once>{}, s, r, p, acc);
    }
    /// The same of sums as a tile has them, which may be half as many.
    template <bool Some, class V>
    static KILN_INLINE void on_registers(std::bool_constant<Some>, state& s, V sums, const place& p) {
        using lanes = simd<T, L, base::B>;
        if constexpr (V::lanes == L) with_sums<Some>(s, lanes{sums.v}, p, s.acc);
        else with_sums<true>(s, lanes{twice_as_wide(sums.v, std::make_integer_sequence<int, L>{})}, place{p.q, p.sizes, p.outer, p.row, p.column, p.n1, shape::over}, s.acc);
    }
    template <bool Tail, int... I>
    static KILN_INLINE void after_sums(std::integer_sequence<int, I...>, state& s, regs& r, const place& p, regs& acc) {
        ((I == bias.sum ? void() : base::template step<I, Tail>(s, r, p, acc)), ...);
    }
    /// All rows of these columns are over.
    static KILN_INLINE void columns_done(state& s, const place& p0, i64 from, i64 to, const regs* sums) {
        for (i64 j = from, v = 0; j < to; j += L, ++v) {
            if constexpr (only<base::column_post>::size() > 0) {
                regs r;
                const place q{p0.q, p0.sizes, p0.outer, 0, j, p0.n1, static_cast<int>(to - j < L ? to - j : L)};
                base::load_sums(only<base::column_sums>{}, r, &sums[v], q);
                if (base::n1_constant % L != 0 && to - j < L) base::template steps<true>(only<base::column_post>{}, s, r, q, s.acc);
                else base::template steps<false>(only<base::column_post>{}, s, r, q, s.acc);
            }
            base::merge_sums(only<base::cross_scalar>{}, s.acc, sums[v]);
        }
    }
};

}  // namespace kiln::cpu
