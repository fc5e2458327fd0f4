// What the key of a contraction says of its tiles and blocks: how high and wide they are, what is copied for them, and which of the shared
// loops over a tile have its sums.
#pragma once
#include <kiln/backend/cpu/inner_sums.hpp>
#include <kiln/backend/cpu/nest.hpp>
#include <kiln/backend/cpu/window_view.hpp>
#include <kiln/plan/packing.hpp>

namespace kiln::cpu {

/// The tiles of a contraction with vectors of VB bytes and so many registers.
template <class K, int VB, int Registers>
struct contraction_tiles : nest<K, VB> {
    using base = nest<K, VB>;
    using base::L, base::axes, base::n;

    static constexpr int tile_node = [] {
        for (int i = 0; i < n; ++i)
            if (K::node(i).kind == kiln::step::tile) return i;
        return 0;
    }();
    using T = ctype_of<K::node(tile_node).type>;
    /// A row that the body does nothing but add to the sums, a bias. Which nodes; n: none.
    struct added_row {
        int row = n, sum = n;
    };
    static constexpr added_row bias_of_body = [] {
        added_row r;
        if (!is_floating(K::node(tile_node).type) || K::header.windows || !taken_apart<K>{base::f}.read_once(tile_node)) return r;
        for (int i = 0; i < n; ++i) {
            if (!is_operation<K>(i, hash(add_op::name)) || (K::node(i).in[0] != tile_node && K::node(i).in[1] != tile_node)) continue;
            const int other = K::node(i).in[K::node(i).in[0] == tile_node];
            const key_node x = K::node(other);
            if (x.kind == kiln::step::load && x.type == K::node(tile_node).type && base::f.columns(other) && (!base::f.rows(other) || K::extent(axes - 2) == 1) && !x.strided && !x.section) r = {other, i};
        }
        return r;
    }();
    static constexpr bool sums_in_registers = base::n1_constant > 0 && base::has_sums;
    static constexpr bool windows = K::header.windows;
    using windows_seen = window_view<K, T, L>;
    static constexpr bool computes_left = K::header.computes[0], computes_right = K::header.computes[1];
    /// Rows that a tile must not lie across: of the windows of a line, of what a window sees of one.
    static constexpr i64 rows_constant = windows ? windows_seen::rows : K::extent(axes - 2);
    static constexpr bool single_row = rows_constant == 1 && K::header.right == by_rows && !computes_left && !computes_right;
    /// Rows of the left operand that lie somewhere, side by side, so far apart as the key knows.
    static constexpr bool in_rows = !windows && !computes_left && K::header.left != by_columns, distance_known = K::header.left == by_rows && K::inner > 0;
    static constexpr i64 work = rows_constant * base::n1_constant * K::inner, small_work = 32768;   // multiply-adds
    static constexpr i64 squares_from = 4;   // so many columns are transposed as squares
    /// Columns behind the last whole vector, or all where there is none, that are sums along the inner axis: as a vector of a tile they would leave most lanes empty. Where rows are
    /// enough, in thousandths of a cycle: a row saves its vector of the tile at each step, less its share of the vectors along the axis and of adding up
    /// their lanes; the columns are transposed before.
    static constexpr i64 left_over = [] {
        constexpr i64 rows = rows_constant ? rows_constant : base::n1_constant < L ? 16 : 0;   // not known: some, where no tiles are needed beside
        constexpr i64 over = base::n1_constant % L, room = 16384 / static_cast<i64>(sizeof(T));
        if (over == 0 || 2 * over > L || !std::is_floating_point_v<T> || !in_rows || !distance_known || K::header.right != by_rows || computes_right) return i64{0};
        if (K::inner < 4 * L || over * (K::inner + L) > room || (rows_constant > 0 && work <= small_work)) return i64{0};
        const i64 saved = ((VB == 64 ? 500 : 650) - 500 * over / L) * K::inner - 20000 * over / L, transposed = over < squares_from ? 1500 * over : 5000;
        return rows * saved >= (transposed + 1000) * K::inner ? over : 0;
    }();
    static constexpr i64 tiled_columns = base::n1_constant - left_over;
    static constexpr bool no_tiles = left_over > 0 && tiled_columns == 0;
    /// A tile has at most so many rows and NV vectors of columns: as many sums as there are registers, or wide ones of a single row. A vector that meets
    /// twice the rows is loaded half as often, and loads are the bound where there is no second one (Zen 5, 64 x 10 x 128 with bias and relu: 1,216 ns, 1,177).
    static constexpr bool one_vector = tiled_columns > 0 && tiled_columns <= L && in_rows && distance_known;
    static constexpr int highest = single_row ? 1 : (Registers == 32 ? 14 : 6) * (one_vector ? 2 : 1), NV = single_row ? 8 : 2;
    /// Rows of the left operand so far apart lie in one set of L1, which has room for eight; more of them would push each other out at every step.
    static constexpr bool crowded(i64 row) { return highest > 8 && row * static_cast<i64>(sizeof(T)) % 4096 == 0; }
    /// What may be copied, as far as the key knows the extents.
    static constexpr packing copies_of(i64 m, i64 n, i64 k) {
        if (windows) return packing_of_windows(K::header.left, n, k, sizeof(T));
        return packing_with_maps(packing_of(K::header.left, K::header.right, m, n, k, sizeof(T), VB), computes_left, computes_right);
    }
    static constexpr packing may_copy = copies_of(rows_constant ? rows_constant : any_extent, base::n1_constant ? base::n1_constant : any_extent, K::inner ? K::inner : any_extent);
    static constexpr int MR = in_rows && !may_copy.left && distance_known && crowded(K::inner) ? 8 : highest;
    static constexpr bool may_crowd = in_rows && !distance_known && highest > 8;   // the kernel sees when it is called
    /// May the rows be so few that they are inner products; with a constant number of rows it is sure.
    static constexpr bool may_be_products = copies_of(rows_constant ? rows_constant : 1, any_extent, any_extent).products;

    /// So many elements lie between two lines of what is computed; whole vectors are written.
    static constexpr i64 vector = VB / static_cast<i64>(sizeof(T));
    static constexpr i64 line_of(i64 n) { return n + 2 * vector; }

    /// The heights of tiles, highest first. A few tiles are spread evenly over rows that are a constant, 64 is
    /// 13 + 13 + 13 + 13 + 12; where there are many the rest weighs little, and all kernels share four heights, of which a constant
    /// number of rows needs only some.
    struct heights {
        static constexpr int half = MR / 2 + 1, low = MR > 8 ? 3 : MR > 2 ? 2 : 1;
        static constexpr even_pieces e{rows_constant, MR}, crowded_e{rows_constant, may_crowd ? half : MR};
        static constexpr bool even = windows || (rows_constant > 0 && e.pieces <= 5);
        using list = std::conditional_t<!even, std::integer_sequence<int, MR, half, low, 1>,
                     std::conditional_t<may_crowd, std::integer_sequence<int, e.high, e.high - 1, crowded_e.high, crowded_e.high - 1>,
                     std::conditional_t<(e.n_high < e.pieces && e.high > 1), std::integer_sequence<int, e.high, e.high - 1>, std::integer_sequence<int, e.high>>>>;
        static KILN_INLINE int at(i64 i, i64 rows, bool crowd = false) {
            if constexpr (!even) return next(rows - i, crowd);
            else {
                const even_pieces& p = crowd ? crowded_e : e;
                return static_cast<int>((windows ? i % rows_constant : i) < p.n_high * p.high ? p.high : p.high - 1);
            }
        }
        static KILN_INLINE constexpr int next(i64 rest, bool crowd) {
            return !crowd && rest >= MR && (rest == MR || rest > 2 * half) ? MR : rest >= half ? half : rest >= low ? low : 1;
        }
        static constexpr bool needed(int h) {
            if (even) return h > 0 && (used(e, h) || used(crowded_e, h));
            if (rows_constant == 0) return true;
            for (const bool crowd : {false, true}) {
                if (crowd && !may_crowd) break;
                const i64 most = crowd ? half : MR;
                for (i64 rest = 4 * most + rows_constant % most; rest > 0; rest -= next(rest, crowd))   // those before are as high as can be
                    if (next(rest, crowd) == h) return true;
            }
            return false;
        }
        static constexpr bool may_be_first(int h) { return even ? h == e.high || h == crowded_e.high : h >= half; }
        static constexpr bool used(const even_pieces& p, int h) { return h == p.high || (h == p.high - 1 && p.n_high < p.pieces); }
    };
    /// Columns that are left over at most half a vector are done by themselves: of a vector of 64 bytes in half the time; of a shorter
    /// one without a mask, unless they are the second vector of a tile, which costs less than a tile of their own.
    static constexpr int over = static_cast<int>(tiled_columns % L);
    static constexpr bool half = !single_row && over > 0 && 2 * over <= L && L / 2 * sizeof(T) >= 16 && (VB == 64 || tiled_columns % (NV * L) < L);
    /// How blocks are cut. Sums in registers, and windows, have room for the narrower ones.
    static constexpr contraction_blocks blocks_of(i64 m, i64 n) {
        const contraction_blocks b = contraction_blocks::of(may_copy, m, n, sizeof(T), VB);
        return {b.depth, windows || sums_in_registers ? contraction_blocks{}.row : b.row, b.by_panels};
    }
    /// The first tile of rows copies columns of the right operand as it reads them.
    static constexpr bool keeps = may_copy.right && may_copy.by_panels && L == vector;
    /// Columns of a panel; where lanes of the body are wider than an element, a tile takes a part of one.
    static constexpr i64 panel_width = 2 * vector;
    /// Columns that are done before the next ones, as far as registers for them are concerned; and filters that each tile of windows reads stay in L2 (Zen 5, AVX-512,
    /// 64 images of 7 x 7, 3 x 3, 256 to 256 channels: 18.1 ms, 17.4, gradient of the image 20.2, 16.1).
    static constexpr i64 columns_at_once = [] {
        constexpr i64 most = windows ? contraction_blocks{}.row / (NV * VB) * NV * L : contraction_blocks{}.row / static_cast<i64>(sizeof(T)), column = K::inner * static_cast<i64>(sizeof(T));
        if constexpr (!windows || K::header.left == by_columns || column * base::n1_constant <= i64{768} << 10) return most;
        else {
            constexpr i64 fits = (i64{512} << 10) / column / (NV * L) * (NV * L);
            return fits < NV * L ? NV * L : fits < most ? fits : most;
        }
    }();
    static constexpr i64 most_vectors = (base::n1_constant > 0 && base::n1_constant < columns_at_once ? base::n1_constant + L - 1 : columns_at_once) / L;
    /// Of a single row, what the widest pieces leave over has pieces of four and of two vectors: each goes down the whole right operand.
    static constexpr bool narrower = single_row && base::n1_constant == 0;
    /// How many vectors of `left` columns are the next piece; 0: half of one.
    static KILN_INLINE int vectors_of(i64 left) {
        if (left >= NV * L) return NV;
        if constexpr (half) return static_cast<int>(left / L);
        else if constexpr (narrower) return left >= 4 * L ? 4 : left >= 2 * L ? 2 : 1;
        else return base::n1_constant ? static_cast<int>((left + L - 1) / L) : 1;
    }
    /// One row by so few columns that several rows of the right operand are a vector.
    static constexpr bool short_rows = single_row && K::header.left != by_strides && base::n1_constant == L && rows_in_vector<T, L> > 1 && K::inner >= 4 * rows_in_vector<T, L>;
    static constexpr key_node last_node = K::node(n - 1);
    static constexpr bool stores_sums = n == 2 && last_node.kind == kiln::step::store && !(windows && K::header.left == by_columns);
    static constexpr bool stores_with_bias = n == 4 && bias_of_body.sum < n && last_node.kind == kiln::step::store && last_node.in[0] == bias_of_body.sum;
    /// So small that a call would cost, and nothing is copied: the loops over a tile become a part of the kernel, with all sizes as constants. Where there is a body and
    /// few registers it stays smaller, since constants of the body would take some from the sums (AVX2, 40 x 17 x 20 with a mask: 433 ns, 480).
    static constexpr bool small = !windows && !may_copy.right && work > 0 && work <= (stores_sums || stores_with_bias || Registers == 32 ? small_work : small_work / 8);
    /// Few steps, and a body so short that to store the sums and load them again would take a share of the time: it has them in registers, beside
    /// the columns of a step, an element of its rows, a mask and what the body knows before (AVX-512, 64 x 10 x 128 with bias and relu: 1,099 ns, 1,038;
    /// the training step of 784-128-10 102.8 us, 97.2).
    static constexpr bool body_in_registers = [] {
        if (stores_sums || windows || single_row || base::has_sums || base::B != sizeof(T) || computes_left || computes_right || may_copy.right || may_be_products) return false;
        if (work == 0 || K::inner > 128 || base::n_costly > 0) return false;
        constexpr int values = base::template only<base::once>::size(), before = base::template only<base::before>::size();
        if (values > 6 || base::template only<base::row_start>::size() > 0) return false;
        bool own = false;   // a constant of an operation, such as the 0 of relu
        for (int i = 0; i < n; ++i) {
            bool plain = K::node(i).kind != kiln::step::operation || taken_apart<K>::fused(i);
            for (const u64 op : {hash(add_op::name), hash(subtract_op::name), hash(multiply_op::name)}) plain |= is_operation<K>(i, op);
            own |= !plain;
        }
        const i64 rows = heights::even ? heights::e.high : MR, vectors = tiled_columns > L ? NV : 1;
        const bool several_loops = rows_constant % rows != 0 || tiled_columns % (vectors * L) != 0 || left_over > 0;   // g++ shares constants, and sums give way
        return rows * vectors + vectors + 1 + (over > 0 && VB < 64) + before + own + several_loops <= Registers;
    }();
    /// Where the loop over a tile is a part of the kernel, sums begin with a bias, so that nobody waits for one more addition. Shared loops would need a
    /// second way to begin (1000 x 1000 x 10: 100 us, 104).
    static constexpr added_row bias = small || body_in_registers || short_rows ? bias_of_body : added_row{};
    /// Sums that are only stored go to their place at once, but for those over windows, which are added to again and again.
    static constexpr bool direct = stores_sums || (stores_with_bias && bias.sum < n && !body_in_registers);
    /// With so few steps, several tiles are one call.
    static constexpr i64 few_steps = 32;
    static constexpr bool several = direct && !windows && !small && K::inner < few_steps;
    /// The sums of a tile `height` high and `vectors` wide.
    template <int... H, class Then>
    static KILN_INLINE void sums_of(std::integer_sequence<int, H...>, int height, int vectors, const tile_operands<T>& o, const Then& then) {
        const bool one_of_them = (sums_if<H>(height, vectors, o, then) || ...);
        if (!one_of_them) __builtin_unreachable();   // else g++ warns of sums that nobody has written
    }
    template <int H, class Then>
    static KILN_INLINE bool sums_if(int height, int vectors, const tile_operands<T>& o, const Then& then) {
        if constexpr (heights::needed(H))
            if (height == H) {
                sums_of_height<H>(vectors, o, then);
                return true;
            }
        return false;
    }
    template <int H, class Then>
    static KILN_INLINE void sums_of_height(int vectors, const tile_operands<T>& o, const Then& then) {
        constexpr i64 n1 = tiled_columns, width = NV * L;
        constexpr int rest = n1 == 0 ? 1 : half ? static_cast<int>(n1 % width / L) : static_cast<int>((n1 % width + L - 1) / L);
        constexpr bool cut = over != 0 && !half;
        if constexpr (n1 == 0 || n1 >= width)
            if (vectors == NV && (!cut || rest < NV || o.count == L)) return whole_sums<L, H, NV, false>(o, then);
        if constexpr (half)
            if (vectors == 0) return whole_sums<L / 2, H, 1, (2 * over < L)>(o, then);
        if constexpr (narrower) {
            if (vectors == 4) return whole_sums<L, H, 4, false>(o, then);
            if (vectors == 2) return whole_sums<L, H, 2, false>(o, then);
        }
        if constexpr (n1 == 0 || (!cut && rest > 0))
            if (n1 > 0 || o.count == L) return whole_sums<L, H, rest, false>(o, then);
        if constexpr (n1 == 0 || cut) return whole_sums<L, H, rest, true>(o, then);
        __builtin_unreachable();
    }
    template <int Lanes, int H, int V, bool Tail, class Then>
    static KILN_INLINE void whole_sums(const tile_operands<T>& o, [[maybe_unused]] const Then& then) {
        if constexpr (body_in_registers) return tile_sums<T, Lanes, H, V, Tail, true>(o, o.b, o.c, then);
#if defined(__AVX2__)
        if constexpr (short_rows) return sums_of_short_rows<T, L>(o);
#endif
        if constexpr (small) return tile_sums<T, Lanes, H, V, Tail, true>(o, o.b, o.c);
        if constexpr (keeps && V == NV && !Tail && heights::may_be_first(H))
            if (o.kept) return keeping_tile_sums<T, Lanes, H, V>(o);
        if constexpr (several && V == NV && !Tail)
            if (o.tiles > 1) return shared_sums_of_tiles<T, Lanes, H, V>(o);
        if constexpr (!small && !body_in_registers) shared_tile_sums<T, Lanes, H, V, Tail>(o);
    }
};

}  // namespace kiln::cpu
