// A map within a contraction: blocks of the operand that it computes, as they are wanted.
#pragma once
#include <kiln/backend/cpu/body.hpp>

namespace kiln::cpu {

template <class K, int Side>
struct key_of_prologue {
    static constexpr key_within within = key_within_of(K::words, K::size, Side);
    static constexpr auto words = [] {
        key_words<within.n> r{};
        for (int i = 0; i < within.n; ++i) r.w[i] = K::words[within.at + i];
        return r;
    }();
    using type = typename known_key<words>::type;
};

/// The map that computes the operand of this side, at one outer index after the other. Nothing, where the operand lies in memory.
template <class K, int VB, int Side, bool Computed = K::header.computes[Side]>
struct prologue {
    KILN_INLINE prologue(char* const*, const i64*, int, int) {}
    KILN_INLINE void next() {}
};
template <class K, int VB, int Side>
struct prologue<K, VB, Side, true> {
    using M = typename key_of_prologue<K, Side>::type;
    using nodes = body<M, VB>;
    static constexpr key_within within = key_of_prologue<K, Side>::within;
    static constexpr int axes = M::header.axes, L = nodes::L;
    static constexpr key_node result = M::node(M::n - 1);   // its store, which is not done

    KILN_INLINE prologue(char* const* arguments, const i64* all_sizes, int part, int parts)
        : at(arguments + within.argument, all_sizes + within.size, 0, part, parts), sizes(all_sizes + within.size) {}
    KILN_INLINE void next() { at.next(); }

    /// The elements [row, row + rows) by [column, column + columns), rows `width` apart. Whole vectors are written.
    template <class T>
    [[gnu::noinline]] void compute(T* to, i64 width, i64 row, i64 rows, i64 column, i64 columns) const {
        typename nodes::state s;
        const i64 n1 = known_or<M::extent(axes - 1)>(sizes[axes - 1]);
        const auto here = [&](i64 r, i64 c) KILN_INLINE_LAMBDA { return place{at.q, sizes, at.index, r, c, n1, static_cast<int>(n1 - c < L ? n1 - c : L)}; };
        nodes::template steps<false>(typename nodes::template only<nodes::before>{}, s, s.row, here(row, column), s.acc);
        for (const i64 end = row + rows; row < end; ++row, to += width) {
            nodes::template steps<false>(typename nodes::template only<nodes::row_start>{}, s, s.row, here(row, column), s.acc);
            const i64 whole = n1 - column < columns + L ? n1 - column : columns + L - 1;   // so many are read as whole vectors
            i64 j = 0;
            for (; j + 4 * L <= whole; j += 4 * L) {
#pragma GCC unroll 4
                for (int u = 0; u < 4; ++u) one_vector<false>(s, to + j + u * L, here(row, column + j + u * L));
            }
            for (; j + L <= whole; j += L) one_vector<false>(s, to + j, here(row, column + j));
            if (j < columns) one_vector<true>(s, to + j, here(row, column + j));
        }
    }

private:
    template <bool Tail, class T>
    static KILN_INLINE void one_vector(typename nodes::state& s, T* to, const place& p) {
        typename nodes::regs r;
        elements<Tail>(typename nodes::template only<nodes::once>{}, s, r, p);
        store(to, nodes::template get<result.in[0]>(s, r));
    }
    template <bool Tail, int... I>
    static KILN_INLINE void elements(std::integer_sequence<int, I...>, typename nodes::state& s, typename nodes::regs& r, const place& p) {
        (element<I, Tail>(s, r, p), ...);
    }
    template <int I, bool Tail>
    static KILN_INLINE void element(typename nodes::state& s, typename nodes::regs& r, const place& p) {
        if constexpr (I < M::n - 1) nodes::template step<I, Tail>(s, r, p, s.acc);
    }

    outer_indices<M> at;
    const i64* sizes;
};

}  // namespace kiln::cpu
