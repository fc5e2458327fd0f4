// The columns of short rows that are turned (turned_rows.hpp): how they are read and written, and what is computed in each.
#pragma once
#include <kiln/backend/cpu/row_groups.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct turned_columns : row_groups<K, VB> {
    using base = row_groups<K, VB>;
    using base::f, base::L, base::axes, base::columns;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    template <int I>
    using memory_type = typename base::template memory_type<I>;
    static constexpr int n_columns = f.turned ? static_cast<int>(columns) : 1;

    template <int Part>
    using columns_of = typename base::template slots<only<Part>, n_columns>;
    using sums_of_columns = columns_of<base::column_sums>;
    /// Each is a vector of rows for each column.
    struct turned_values {
        columns_of<base::turned_loads> read;
        columns_of<base::turned_stores> written;
        columns_of<base::kept_part> of_row;    // wanted in later passes
    };
    /// All rows share them.
    struct common_values {
        columns_of<base::fixed_part> of_all;
        sums_of_columns sums;
    };
    template <int I, class Slots>
    static KILN_INLINE auto& column(Slots& s, i64 c) {
        using slot = typename base::template slots_of<I, n_columns>;
        return static_cast<std::conditional_t<std::is_const_v<Slots>, const slot, slot>&>(s).v[c];
    }
    static constexpr int steps_of_columns = [] {
        int steps = 0;
        for (int i = 0; i < base::n; ++i) steps += f.in_pass[i] != 0;
        return n_columns * steps;
    }();
    /// Columns are no loop where they are few, or cheap: values of a pass stay in registers for the next. What is costly would be much code, and
    /// gains little (written out, a softmax of rows of 10 compiles 0.4 s longer, and takes 0 to 10 % less).
    static constexpr bool columns_written_out = n_columns <= 4 || (VB >= 32 && !base::costly_elements && steps_of_columns <= 512);
    template <class F>
    static KILN_INLINE void each_column(F run) {
        if constexpr (columns_written_out)
#pragma GCC unroll 64
            for (int c = 0; c < n_columns; ++c) run(c);
        else
            for (int c = 0; c < n_columns; ++c) run(c);
    }
    /// Two by turns, each for its part of a fold, which else would wait for every column.
    template <class F>
    static KILN_INLINE void each_column_in_parts(F run) {
        constexpr int even = n_columns / 2 * 2;
        const auto both = [&](int c) KILN_INLINE_LAMBDA {
            run(c, 0);
            run(c + 1, 1);
        };
        if constexpr (columns_written_out)
#pragma GCC unroll 32
            for (int c = 0; c < even; c += 2) both(c);
        else
            for (int c = 0; c < even; c += 2) both(c);
        if constexpr (even < n_columns) run(even, 0);
    }
    static KILN_INLINE place at_column(const place& p, int c) { return {p.q, p.sizes, p.outer, p.row, c, p.n1, p.count}; }

    // ---- element by element
    template <int I>
    static KILN_INLINE auto first_of_rows(const place& p) {   // where the element of the first row is, and how far the next
        constexpr key_node k = K::node(I);
        struct result {
            memory_type<I>* e;
            i64 stride;
        };
        i64 stride = p.n1;
        if constexpr (k.strided) stride = p.sizes[k.in[0] + axes - 2];
        return result{base::template address<I>(p), f.rows(I) ? stride : 0};
    }
    template <int I>
    static KILN_INLINE typename base::template lanes<I> load_column(const place& p) {
        using V = simd<memory_type<I>, L, base::B>;
        const auto [e, stride] = first_of_rows<I>(p);
        V x{};
        if constexpr (!f.rows(I)) x = V::splat(*e);
        else if (p.count == L)
#pragma GCC unroll 64
            for (int row = 0; row < L; ++row) x.v[row] = e[row * stride];
        else
            for (int row = 0; row < p.count; ++row) x.v[row] = e[row * stride];
        return base::template as_lanes<I>(x);
    }
    template <int I>
    static KILN_INLINE void store_column(const typename base::template lanes<K::node(I).in[0]>& v, const place& p) {
        const auto [e, stride] = first_of_rows<I>(p);
        const auto x = [&] {
            if constexpr (K::node(I).type == dtype::boolean) return convert<std::uint8_t>(v);
            else return v;
        }();
        if (p.count == L)
#pragma GCC unroll 64
            for (int row = 0; row < L; ++row) e[row * stride] = x.v[row];
        else
            for (int row = 0; row < p.count; ++row) e[row * stride] = x.v[row];
    }

    // ---- or squares of L rows by L columns, which are transposed. The last one ends where the rows do, and has columns of the one before. Where
    // masks are for free, rows of less than a vector are a part of a square.
    static constexpr bool part_of_square = VB == 64 && columns >= 3 && columns < L;
    template <int I>
    static constexpr bool in_squares = !K::node(I).strided && (columns >= L || part_of_square) && sizeof(memory_type<I>) >= 4;
    static constexpr int width = part_of_square ? n_columns : L;
    /// Squares of 16 are much code, which all kernels share.
    static constexpr bool shared_squares = L == 16;
    template <int I, class Slots>
    static KILN_INLINE auto* lanes_of_columns(Slots& s, int c) {
        using T = memory_type<I>;
        return reinterpret_cast<std::conditional_t<std::is_const_v<Slots>, const T, T>*>(&column<I>(s, c));
    }
    template <class V>
    static KILN_INLINE V load_line(const typename V::element_type* p) {
        if constexpr (part_of_square) return load_some<V>(p, n_columns);
        else return load<V>(p);
    }
    template <class V>
    static KILN_INLINE void store_line(V v, typename V::element_type* p) {
        if constexpr (part_of_square) store_some(v, p, n_columns);
        else store(p, v);
    }
    /// run(first column, how many of them the square before has)
    template <class F>
    static KILN_INLINE void each_square(F run) {
        constexpr int whole = n_columns / L * L;
        for (int c = 0; c < whole; c += L) run(c, std::integral_constant<int, 0>{});
        if constexpr (part_of_square) run(0, std::integral_constant<int, 0>{});
        else if constexpr (n_columns > whole) run(n_columns - L, std::integral_constant<int, whole + L - n_columns>{});
    }
    /// Lanes that are no rows are copies of the last one. Whole: there are none.
    template <bool Whole, int I>
    static KILN_INLINE void read_rows(const place& p, turned_values& t) {
        if constexpr (in_squares<I>) {
            using T = memory_type<I>;
            const T* const from = base::template address<I>(p);
            each_square([&](int c, auto known) KILN_INLINE_LAMBDA {
                if constexpr (shared_squares) transposed_square<T, L, false>(lanes_of_columns<I>(t.read, c), L, from + c, columns, p.count, width);
                else {
                    raw<T, L> v[L];
#pragma GCC unroll 32
                    for (int r = 0; r < L; ++r) v[r] = load_line<simd<T, L, static_cast<int>(sizeof(T))>>(from + c + (Whole || r < p.count ? r : p.count - 1) * columns).v;
                    transpose_in_registers(v);
#pragma GCC unroll 32
                    for (int k = known; k < width; ++k) column<I>(t.read, c + k).v = v[k];
                }
            });
        } else each_column([&](int c) KILN_INLINE_LAMBDA { column<I>(t.read, c) = load_column<I>(at_column(p, c)); });
    }
    /// Two columns of `count` rows at `to`.
    template <class T>
    static KILN_INLINE void store_pairs(T* to, raw<T, base::L> a, raw<T, base::L> b, int count) {
        using pairs = raw<double, base::L / 2>;
        constexpr std::make_integer_sequence<int, L> all{};
        const pairs half[2]{(pairs)interleaved_within<false, 1>(a, b, all), (pairs)interleaved_within<true, 1>(a, b, all)};
#pragma GCC unroll 16
        for (int row = 0; row < L; ++row) {
            if (row >= count) return;
            const double pair = half[row / 2 % 2][row / 4 * 2 + row % 2];
            __builtin_memcpy(to + row * columns, &pair, sizeof pair);
        }
    }
    template <bool Whole, int I>
    static KILN_INLINE void write_rows([[maybe_unused]] const place& p, [[maybe_unused]] const turned_values& t) {
        if constexpr (in_squares<I>) {
            using T = memory_type<I>;
            T* const to = base::template address<I>(p);
            each_square([&](int c, auto known) KILN_INLINE_LAMBDA {
                if constexpr (known == base::L - 2 && sizeof(T) == 4)
                    store_pairs<T>(to + c + known, column<I>(t.written, c + known).v, column<I>(t.written, c + known + 1).v, Whole ? base::L : p.count);
                else if constexpr (shared_squares) transposed_lines<T, base::L>(to + c, base::columns, lanes_of_columns<I>(t.written, c), width, p.count);
                else {
                    raw<T, base::L> v[base::L];
#pragma GCC unroll 32
                    for (int k = 0; k < base::L; ++k) v[k] = k < width ? column<I>(t.written, c + k).v : raw<T, base::L>{};
                    transpose_in_registers(v);
#pragma GCC unroll 32
                    for (int r = 0; r < base::L; ++r)
                        if (Whole || r < p.count) store_line(simd<T, base::L, static_cast<int>(sizeof(T))>{v[r]}, to + r * base::columns + c);
                }
            });
        }
    }
    template <bool Whole, int... I>
    static KILN_INLINE void read_all(std::integer_sequence<int, I...>, const place& p, turned_values& t) { (read_rows<Whole, I>(p, t), ...); }
    template <bool Whole, int... I>
    static KILN_INLINE void write_all(std::integer_sequence<int, I...>, const place& p, const turned_values& t) { (write_rows<Whole, I>(p, t), ...); }

    // ---- the body of one column. along: folds along the rows, acc: over all elements
    template <int I>
    static KILN_INLINE void turned_step(state& t, regs& r, const place& p, regs& along, regs& acc, turned_values& kept, common_values& common) {
        constexpr key_node k = K::node(I);
        using lanes = typename base::template lanes<I>;
        auto& out = base::template at<I>(r);
        if constexpr (k.kind == kiln::step::load) {
            if constexpr (f.rows(I)) out = column<I>(kept.read, p.column);
            else out = load_column<I>(p);
        } else if constexpr (k.kind == kiln::step::store) {
            const auto v = base::template get<k.in[0]>(t, r);
            if constexpr (f.rows(I) && in_squares<I>) column<I>(kept.written, p.column) = v;
            else store_column<I>(v, p);
        } else if constexpr (k.kind == kiln::step::reduce) {
            lanes* to = &base::template at<I>(f.along_row(I) ? along : acc);
            if constexpr (f.columns(I)) to = &column<I>(common.sums, p.column);
            *to = base::template combined_with<I>(*to, t, r);
        } else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 1) out = base::template splat<I>(static_cast<memory_type<I>>(p.column));
        else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 2)
            out = lane_numbers<lanes>() + lanes::splat(static_cast<memory_type<I>>(p.row));
        else base::template step<I, false>(t, r, p, acc);
    }
    template <int S, int I>
    static KILN_INLINE void turned_or_kept(state& t, regs& r, const place& p, regs& along, regs& acc, turned_values& kept, common_values& common) {
        if constexpr (f.fixed(I)) base::template at<I>(r) = column<I>(common.of_all, p.column);
        else if constexpr (f.scratch[I] >= 0) {
            auto& slot = column<I>(kept.of_row, p.column);
            if constexpr (f.first_pass(I) < S) base::template at<I>(r) = slot;
            else {
                turned_step<I>(t, r, p, along, acc, kept, common);
                slot = base::template at<I>(r);
            }
        } else if constexpr (!base::template only_for_saved<S>(I)) turned_step<I>(t, r, p, along, acc, kept, common);
    }
    template <int S, int... I>
    static KILN_INLINE void turned_steps(std::integer_sequence<int, I...>, state& t, const place& p, regs& along, regs& acc, turned_values& kept, common_values& common) {
        [[maybe_unused]] regs r;
        (turned_or_kept<S, I>(t, r, p, along, acc, kept, common), ...);
    }
};

}  // namespace kiln::cpu
