// The contraction: a register tile of sums over the inner axis, then the body of the key on it, before it is stored: bias,
// activation, mask, column sums, the optimizer's update. Nothing is packed except a right operand whose rows are not
// contiguous.
#pragma once
#include <kiln/backend/cpu/nest.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct contraction : nest<K, VB> {
    using base = nest<K, VB>;
    using base::f, base::L, base::axes, base::n;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;

    static constexpr int tile_node = [] {
        for (int i = 0; i < n; ++i)
            if (K::node(i).kind == kiln::step::tile) return i;
        return 0;
    }();
    using T = ctype_of<K::node(tile_node).type>;
    using lanes = simd<T, L, base::B>;
    using vector = raw<T, L>;
    static constexpr bool sums_in_registers = base::n1_constant > 0;
    static constexpr int n_registers = VB == 64 ? 32 : 16;

    static KILN_INLINE vector multiply_add(vector a, vector b, vector c) {
        if constexpr (std::is_floating_point_v<T>) return fma(lanes{a}, lanes{b}, lanes{c}).v;
        else return (lanes{a} * lanes{b} + lanes{c}).v;
    }
    template <bool Tail>
    static KILN_INLINE vector load_row(const T* p, int count) {
        if constexpr (Tail) return load_some<lanes>(p, count).v;
        else return load<lanes>(p).v;
    }

    struct operands {
        const T *a, *b;
        i64 a_row, a_inner, b_inner, inner, rows, columns;
    };

    /// MR rows by NV vectors from (i, j); the last vector has `last` lanes where Tail.
    template <int MR, int NV, bool Tail>
    static KILN_INLINE void tile(state& s, const operands& o, const place& p0, i64 i, i64 j, int last, regs* sums) {
        constexpr int chains = MR * NV >= 8 ? 1 : 4;   // few accumulators: several sums along the inner axis
        vector part[chains][MR][NV];
#pragma GCC unroll 4
        for (int u = 0; u < chains; ++u)
#pragma GCC unroll 32
            for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
                for (int v = 0; v < NV; ++v) part[u][r][v] = vector{};
        const T* a = o.a + i * o.a_row;
        const T* b = o.b + j;
        const i64 a_row = o.a_row, a_inner = o.a_inner, b_inner = o.b_inner;
        i64 k = 0;
        for (; k + chains <= o.inner; k += chains) {
#pragma GCC unroll 4
            for (int u = 0; u < chains; ++u) {
                one_inner<MR, NV, Tail>(part[u], a, b, a_row, last);
                a += a_inner;
                b += b_inner;
            }
        }
        if constexpr (chains > 1)
            for (; k < o.inner; ++k) {
                one_inner<MR, NV, Tail>(part[0], a, b, a_row, last);
                a += a_inner;
                b += b_inner;
            }
        if constexpr (chains > 1) {
#pragma GCC unroll 32
            for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
                for (int v = 0; v < NV; ++v)
                    part[0][r][v] = (lanes{part[0][r][v]} + lanes{part[1][r][v]} + (lanes{part[2][r][v]} + lanes{part[3][r][v]})).v;
        }
        // The sums leave their registers at once, so that the body stands in the code once and not for each row.
        vector sum[MR][NV];
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) sum[r][v] = part[0][r][v];
#pragma GCC unroll 1
        for (int r = 0; r < MR; ++r) {
            base::template steps<false>(only<base::row_start>{}, s, s.row, place{p0.q, p0.sizes, p0.outer, i + r, j, p0.n1, L}, s.acc);
            epilogue<NV, Tail>(std::make_integer_sequence<int, NV>{}, s, sum[r], p0, i + r, j, last, sums);
        }
    }
    template <int MR, int NV, bool Tail>
    static KILN_INLINE void one_inner(vector (&c)[MR][NV], const T* a, const T* b, i64 a_row, int last) {
        vector x[NV];
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            if (Tail && v == NV - 1) x[v] = load_row<true>(b + v * L, last);
            else x[v] = load_row<false>(b + v * L, L);
        }
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) {
            const vector y = lanes::splat(a[r * a_row]).v;
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v) c[r][v] = multiply_add(y, x[v], c[r][v]);
        }
    }
    template <int NV, bool Tail, int... V>
    static KILN_INLINE void epilogue(std::integer_sequence<int, V...>, state& s, vector (&c)[NV], const place& p0, i64 i, i64 j, int last, regs* sums) {
        (one_epilogue<Tail && V == NV - 1>(s, c[V], place{p0.q, p0.sizes, p0.outer, i, j + V * L, p0.n1, Tail && V == NV - 1 ? last : L},
                                           sums ? sums[V] : s.acc), ...);
    }
    template <bool Tail>
    static KILN_INLINE void one_epilogue(state& s, vector c, const place& p, regs& acc) {
        regs r;
        base::template at<tile_node>(r) = lanes{c};
        base::template steps<Tail>(only<base::once>{}, s, r, p, acc);
    }

    /// All rows of NV vectors of columns from j.
    template <int MR, int NV, bool Tail>
    static KILN_INLINE void column_block(state& s, const operands& o, const place& p0, i64 j, int last) {
        regs sums[NV];
        regs* c = sums_in_registers ? sums : nullptr;
        if constexpr (sums_in_registers)
            for (int v = 0; v < NV; ++v) base::clear(only<base::all_after>{}, sums[v]);
        constexpr i64 rows = K::extent(axes - 2);
        i64 i = 0;
        if constexpr (rows > 0) {   // spread evenly: 64 is 13 + 13 + 13 + 13 + 12
            constexpr int blocks = static_cast<int>((rows + MR - 1) / MR), high = static_cast<int>((rows + blocks - 1) / blocks),
                          n_high = static_cast<int>(rows - i64{blocks} * (high - 1)), low = high - 1;
            for (int t = 0; t < n_high; ++t, i += high) tile<high, NV, Tail>(s, o, p0, i, j, last, c);
            if constexpr (low > 0 && n_high < blocks)
                for (int t = n_high; t < blocks; ++t, i += low) tile<low, NV, Tail>(s, o, p0, i, j, last, c);
        } else {
            for (; i + MR <= o.rows; i += MR) tile<MR, NV, Tail>(s, o, p0, i, j, last, c);
            if constexpr (MR / 2 > 1)
                for (; i + MR / 2 <= o.rows; i += MR / 2) tile<MR / 2, NV, Tail>(s, o, p0, i, j, last, c);
            for (; i < o.rows; ++i) tile<1, NV, Tail>(s, o, p0, i, j, last, c);
        }
        if constexpr (sums_in_registers) {
            if constexpr (only<base::column_post>::size() > 0)
                for (int v = 0; v < NV; ++v) {
                    regs r;
                    const bool cut = Tail && v == NV - 1;
                    const place p{p0.q, p0.sizes, p0.outer, 0, j + v * L, p0.n1, cut ? last : L};
                    base::load_sums(only<base::column_sums>{}, r, &sums[v], p);
                    if (cut) base::template steps<true>(only<base::column_post>{}, s, r, p, s.acc);
                    else base::template steps<false>(only<base::column_post>{}, s, r, p, s.acc);
                }
            for (int v = 0; v < NV; ++v) base::merge_totals(only<base::cross_scalar>{}, s.acc, sums[v]);
        }
    }

    static KILN_INLINE i64 offset(const i64* strides, const i64* outer) {
        i64 r = 0;
        for (int k = 0; k < K::header.outer; ++k) r += outer[k] * strides[k];
        return r;
    }

    /// Split over threads: outer axes, or blocks of columns where no total crosses them.
    static constexpr bool splits = K::header.outer > 0 || only<base::cross_scalar>::size() == 0;

    [[gnu::noinline]] static void run(char* const* a, const i64* sizes, int part, int parts) {
        const i64* a_strides = sizes + axes + 1;   // where they do not follow from the extents
        const i64* b_strides = a_strides + axes + 1;
        const i64 n0 = known_or<K::extent(axes - 2)>(sizes[axes - 2]), n1 = known_or<K::extent(axes - 1)>(sizes[axes - 1]);
        const i64 inner = known_or<K::inner>(sizes[axes]);
        const i64 scratch_bytes = (f.n_scratch + (K::header.right == by_rows ? 0 : inner)) * scratch_row(n1) * 8;
        base::for_outer(a, sizes, scratch_bytes, part, parts, [&](char* const* q, const i64* outer) KILN_INLINE_LAMBDA {
            operands o{reinterpret_cast<const T*>(a[0]) + offset(a_strides, outer), reinterpret_cast<const T*>(a[1]) + offset(b_strides, outer),
                       K::header.left == by_rows ? inner : K::header.left == by_columns ? 1 : a_strides[axes - 2],
                       K::header.left == by_rows ? 1 : K::header.left == by_columns ? n0 : a_strides[axes], n1, inner, n0, n1};
            // wide and flat where the result is most of the traffic, tall where the inner axis is long
            constexpr bool flat = K::inner > 0 && K::inner <= 64 && n_registers == 32 && base::n1_constant >= 4 * L;
            constexpr int NV = flat ? 4 : 2, MR = flat ? 6 : n_registers == 32 ? 14 : 6;
            constexpr bool split_columns = splits && K::header.outer == 0;
            const part_range mine = split_columns ? range_of(n1, part, parts, NV * L) : part_range{0, n1};
            if constexpr (K::header.right != by_rows) {
                const i64 row = scratch_row(n1), sk = K::header.right == by_columns ? 1 : b_strides[axes];
                const i64 sj = K::header.right == by_columns ? inner : b_strides[axes - 1];
                T* t = reinterpret_cast<T*>(q[2] + f.n_scratch * row * 8);
                for (i64 j = mine.first; j < mine.last; ++j)
                    for (i64 k = 0; k < inner; ++k) t[k * row + j] = o.b[k * sk + j * sj];
                o.b = t;
                o.b_inner = row;
            }
            state s;
            const place p0{q, sizes, outer, 0, 0, n1, L};
            base::clear(only<base::all_after>{}, s.acc);
            base::template steps<false>(only<base::before>{}, s, s.row, p0, s.acc);
            if constexpr (!sums_in_registers) base::clear_sums(only<base::column_sums>{}, p0, mine.first, mine.last);
            i64 j = mine.first;
            if constexpr (base::n1_constant == 0 || base::n1_constant >= NV * L)
                for (; j + NV * L <= mine.last; j += NV * L) column_block<MR, NV, false>(s, o, p0, j, L);
            if (j == mine.last) {
            } else if constexpr (base::n1_constant > 0) {
                constexpr int rest = static_cast<int>(base::n1_constant % (NV * L)), vectors = (rest + L - 1) / L;
                if constexpr (rest > 0) column_block<MR, vectors, (rest % L != 0)>(s, o, p0, j, rest % L);
            } else {
                for (; j + L <= mine.last; j += L) column_block<MR, 1, false>(s, o, p0, j, L);
                if (j < mine.last) column_block<MR, 1, true>(s, o, p0, j, static_cast<int>(mine.last - j));
            }
            if constexpr (sums_in_registers) {
                base::totals(only<base::cross_scalar>{}, s);
                base::template steps<false>(only<base::scalar_post>{}, s, s.row, p0, s.acc);
            } else base::after_nest(s, p0, nullptr, mine.first, mine.last);
        });
    }
};

}  // namespace kiln::cpu
