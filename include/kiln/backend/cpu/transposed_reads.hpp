// Maps that read a matrix across: where its columns are contiguous, squares of L rows by L columns of it are transposed, each in registers.
#pragma once
#include <kiln/backend/cpu/summed_rows.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct transposed_reads : summed_rows<K, VB> {
    using base = summed_rows<K, VB>;
    using base::f, base::L, base::B, base::axes;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    static constexpr bool read_across(int i) { return K::node(i).kind == kiln::step::load && K::node(i).scattered && f.rows(i) && f.columns(i); }
    static constexpr bool may_transpose = [] {
        bool some = false, all = K::header.has_rows && !base::has_sums && !base::along_rows && f.passes == 1 && !f.sections && !f.defer && !base::costly_rows && L >= 4 && B >= 4;
        for (int i = 0; i < base::n; ++i)
            if (read_across(i)) some = true, all &= size_of(K::node(i).type) == B;
        return some && all;
    }();
    /// So many rows and columns at least: else elements are read one by one.
    static constexpr i64 least = 4;
    template <int... I>
    static KILN_INLINE bool are_contiguous(std::integer_sequence<int, I...>, const i64* sizes) { return ((!read_across(I) || sizes[K::node(I).in[0] + axes - 2] == 1) && ...); }
    static KILN_INLINE bool pays(const i64* sizes, i64 rows, i64 columns) {
        return rows >= least && columns >= least && are_contiguous(std::make_integer_sequence<int, base::n>{}, sizes);
    }

    template <int I>
    struct square_of {
        alignas(64) typename base::template memory_type<I> v[read_across(I) ? L * L : 1];
    };
    template <class Seq>
    struct squares;
    template <int... I>
    struct squares<std::integer_sequence<int, I...>> : square_of<I>... {};
    using square_values = squares<only<base::pass>>;
    template <int I>
    static KILN_INLINE auto* square(square_values& s) { return static_cast<square_of<I>&>(s).v; }

    template <int I>
    static KILN_INLINE void read_square(square_values& s, const place& p, int rows) {
        if constexpr (read_across(I)) {
            using T = typename base::template memory_type<I>;
            const T* const from = base::template address<I>(p);
            const i64 apart = p.sizes[K::node(I).in[0] + axes - 1];
            if (rows == L && p.count == L) transposed_square<T, L, true>(square<I>(s), L, from, apart, L, L);
            else transposed_square<T, L, false>(square<I>(s), L, from, apart, p.count, rows);
        }
    }
    template <int... I>
    static KILN_INLINE void read_squares(std::integer_sequence<int, I...>, square_values& s, const place& p, int rows) { (read_square<I>(s, p, rows), ...); }
    template <bool Tail, int I>
    static KILN_INLINE void square_step(state& s, regs& r, const place& p, square_values& read, int row) {
        if constexpr (read_across(I)) base::template at<I>(r) = base::template as_lanes<I>(load<simd<typename base::template memory_type<I>, L, B>>(square<I>(read) + row * L));
        else base::template step<I, Tail>(s, r, p, s.acc);
    }
    /// What is read is stored, and nothing else: squares go to their place.
    static constexpr bool copies = base::n == 3 && read_across(0) && is_operation<K>(1, hash(copy_op::name)) && K::node(2).kind == kiln::step::store;
    template <bool Tail, int... I>
    static KILN_INLINE void rows_of_square(std::integer_sequence<int, I...> nodes, state& s, const place& p, square_values& read, int rows) {
        if constexpr (copies && !Tail)
            if (rows == L) {
                using T = typename base::template memory_type<0>;
                return transposed_square<T, L, true>(base::template address<2>(p), p.n1, base::template address<0>(p), p.sizes[K::node(0).in[0] + axes - 1], L, L);
            }
        read_squares(nodes, read, p, rows);
        for (int row = 0; row < rows; ++row) {
            const place here{p.q, p.sizes, p.outer, p.row + row, p.column, p.n1, p.count};
            base::template steps<false>(only<base::row_start>{}, s, s.row, here, s.acc);
            base::template steps<false>(only<base::row_after>{}, s, s.row, here, s.acc);
            [[maybe_unused]] regs r;
            (square_step<Tail, I>(s, r, here, read, row), ...);
        }
    }
    static KILN_INLINE void run_squares(state& s, const place& start, i64 first, i64 n0) {
        constexpr only<base::pass> nodes{};
        square_values read;
        const auto at = [&](i64 i, i64 j, i64 count) KILN_INLINE_LAMBDA { return place{start.q, start.sizes, start.outer, i, j, start.n1, static_cast<int>(count)}; };
        const auto rows = [&](i64 i) KILN_INLINE_LAMBDA { return static_cast<int>(n0 - i < L ? n0 - i : L); };
        i64 j = 0;   // read in the order of memory
        for (; j + L <= start.n1; j += L)
            for (i64 i = first; i < n0; i += L) rows_of_square<false>(nodes, s, at(i, j, L), read, rows(i));
        if (j < start.n1)
            for (i64 i = first; i < n0; i += L) rows_of_square<true>(nodes, s, at(i, j, start.n1 - j), read, rows(i));
    }
};

}  // namespace kiln::cpu
