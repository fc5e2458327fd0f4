// The contraction: a tile of sums over the inner axis, then the body of the key on it (contraction_body.hpp), block by block of the result. Operands are read where
// they lie, or from panels (plan/packing.hpp), into which they are copied or computed (prologue.hpp).
#pragma once
#include <kiln/backend/cpu/contraction_shares.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct contraction : contraction_shares<K, VB, Registers> {
    using shape = contraction_shares<K, VB, Registers>;
    using typename shape::base, typename shape::T, typename shape::windows_seen, typename shape::heights;
    using base::f, base::L, base::axes, base::n;
    using typename base::regs, typename base::state, typename base::nothing, typename shape::operands, typename shape::panels, typename shape::computed, typename shape::sums_of_slice;
    using shape::MR, shape::NV, shape::bias, shape::blocks_of, shape::computes_left, shape::computes_right, shape::copies_of, shape::direct, shape::few_steps, shape::fetch_part, shape::fill_right, shape::half, shape::keeps, shape::line_of, shape::may_be_products,
        shape::may_copy, shape::most_vectors, shape::columns_at_once, shape::operands_of, shape::panel_of, shape::panel_width, shape::rows_constant, shape::sums_in_registers, shape::several, shape::sums_of, shape::vector, shape::vectors_of,
        shape::windows, shape::columns_done, shape::epilogue, shape::joins, shape::joins_rows, shape::joins_steps, shape::kept_row, shape::on_registers, shape::part_of_result, shape::splits_outer;
    template <int P>
    using only = typename base::template only<P>;

    /// A part of the work on a block of the result: some steps of its sums, in all of its columns or in a panel of them.
    struct part {
        i64 first_row, last_row, first_column;   // of the block
        i64 from, to;                            // columns
        i64 k, d, most;                          // the steps [k, k + d), at most so many
        bool pack_left, by_panels;
    };
    /// Returns the row behind the last; sums: of the columns of the block, where they are in registers.
    static KILN_INLINE i64 block(state& s, const operands& o, const computed& maps, const panels& p, const place& p0, const part& at, bool crowd, regs* sums) {
        constexpr i64 width = NV * L;
        const i64 k = at.k, d = at.d, i0 = at.first_row, from = at.from, to = at.to;
        const i64 kept = keeps && p.right ? from + (to - from) / panel_width * panel_width : from;   // to this column the first tile of rows fills panels
        if constexpr (may_copy.right)
            if (p.right && kept < to) fill_right(maps, o, p, from, kept, to, k, d);
        i64 i = i0;
        while (i < at.last_row) {
            const int h = p.products ? 1 : heights::at(i, o.rows, crowd);
            const T* a = computes_left ? p.left : o.a + i * o.a_row + k * o.a_inner;
            i64 a_row = o.a_row, a_inner = o.a_inner;
            if constexpr (computes_left) {
                constexpr bool turned = K::header.left != by_rows;   // then it is computed along the rows of the result
                a_row = turned ? 1 : line_of(d);
                a_inner = turned ? (MR + vector - 1) / vector * vector : 1;
                if constexpr (turned) maps.left.compute(p.left, a_inner, k, d, i, h);
                else maps.left.compute(p.left, a_row, i, h, k, d);
            } else if constexpr (may_copy.left)
                if (p.left) {   // by the first block of columns, for all of them
                    T* const packed = p.left + k / at.most * (o.rows * at.most + L) + i * d;
                    if (at.pack_left) pack<T, L>(packed, h, 0, a, h, o.a_row, o.a_inner, d);
                    a = packed;
                    a_row = 1;
                    a_inner = h;
                }
            for (i64 j = from; j < to;) {
                // a single piece is as wide as the result: the compiler could not know
                const i64 left = shape::tiled_columns > 0 && shape::tiled_columns <= width && !half ? shape::tiled_columns : to - j, c = j - at.first_column;
                const int vectors = p.products ? 1 : vectors_of(left);
                i64 columns = vectors > 0 ? vectors * L : L;
                alignas(64) T here[MR * NV * L];
                tile_operands<T> t{a, computes_right ? nullptr : o.b + k * o.b_inner + j * o.b_column, a_row, a_inner, p.products ? o.b_column : o.b_inner, d, here, width,
                                   false, static_cast<int>(left < columns ? left - columns + L : L)};
                if constexpr (bias.row < n)
                    if (k == 0) t.first = base::template address<bias.row>(place{p0.q, p0.sizes, p0.outer, i, j, p0.n1, L});
                if constexpr (may_copy.right) {
                    if (i == i0 && j < kept) t.kept = panel_of(p, j - from, d);
                    else if (p.right) {
                        const i64 column = j - from;
                        t.b = computes_right ? p.right + column : panel_of(p, column, d) + column % panel_width;
                        t.b_inner = computes_right ? p.computed_row : panel_width;
                    }
                }
                if constexpr (may_copy.right || may_copy.waits || computes_left)
                    if (p.waiting) {
                        t.c = p.waiting + (i - i0) * p.waiting_row + c;
                        t.c_row = p.waiting_row;
                        t.more = k > 0;
                    }
                if constexpr (may_copy.left && !computes_left)
                    if (p.left && !at.pack_left && !at.by_panels) fetch_part(a + h * d, h * d, j - from, j - from + columns, to - from);
                bool stored = false;
                if constexpr (joins_steps)
                    if (p.all_sums) {
                        t.c = p.all_sums + i * kept_row(p0.n1) + j;
                        t.c_row = kept_row(p0.n1);
                        t.more = k > 0;
                        stored = !p.sums_done;
                    }
                if constexpr (direct)
                    if (!p.products && !stored) {
                        t.c = reinterpret_cast<T*>(p0.q[shape::last_node.slot]) + i * p0.n1 + j;
                        t.c_row = p0.n1;
                        t.more = k > 0;
                        stored = true;
                    }
                if constexpr (several)
                    if (stored && !p.all_sums && !t.kept && d < few_steps && vectors == NV && left >= width) {
                        t.tiles = (to - j) / width;
                        t.b_tile = may_copy.right && !computes_right && p.right ? contraction_blocks::panel(d, sizeof(T), VB) : width;
                        t.beyond_caches = o.rows * p0.n1 * i64{sizeof(T)} > 1 << 20;
                        columns = t.tiles * width;
                    }
                const auto then = [&](auto some, int r, int v, T*, int count, auto sum) KILN_INLINE_LAMBDA {
                    if constexpr (shape::body_in_registers) on_registers(some, s, sum, place{p0.q, p0.sizes, p0.outer, i + r, j + v * base::L, p0.n1, count});
                };
                if constexpr (shape::body_in_registers) stored = true;
                if constexpr (may_be_products)
                    if (p.products && !p.sums_done) inner_products<T, L>(t);
                if constexpr (!may_be_products || rows_constant == 0)
                    if (!p.products && !(joins_steps && p.sums_done)) sums_of(typename heights::list{}, h, vectors, t, then);
                if (!stored && k + d >= o.inner) epilogue(s, t, h, static_cast<int>(columns / L), p0, i, j, sums ? sums + c / L : nullptr);
                j += columns;
            }
            i += h;
        }
        return i;
    }
    /// The same where the left operand is seen through windows. Tile by tile; or, where sums wait, many tiles for a few images after the other.
    static KILN_INLINE void window_block(state& s, const operands& o, const panels& p, const place& p0, part_range all_rows, i64 from, i64 to, regs* sums) {
        constexpr i64 width = NV * L;
        alignas(64) T panel[windows_seen::panel_size], here[direct ? 1 : most_vectors / NV + NV][MR * width]{};
        T* const waiting = may_copy.waits ? p.waiting : nullptr;
        const i64 images = windows_seen::of_places ? o.inner / windows_seen::s::windows : 1;
        const i64 images_at_once = waiting ? contraction_blocks::images(windows_seen::s::windows * p0.n1 * i64{sizeof(T)}) : images;
        const i64 rows_at_once = waiting ? contraction_blocks::spread(o.rows, contraction_blocks::rows) : 1;
        for (i64 i0 = all_rows.first, i = i0; i0 < all_rows.last; i0 = i) {
            // f for each tile of the rows from i on
            const auto tiles = [&](auto f) KILN_INLINE_LAMBDA {
                for (i64 j = from, c = 0; j < to; ++c) {
                    const i64 left = to - j;
                    const int vectors = vectors_of(left), columns = vectors > 0 ? vectors * L : L;
                    T* const at = direct ? reinterpret_cast<T*>(p0.q[shape::last_node.slot]) + i * p0.n1 + j : waiting ? waiting + (i - i0) * p.waiting_row + (j - from) : here[c];
                    f(tile_operands<T>{o.a, o.b + j * o.b_column, 0, 0, o.b_inner, 0, at, direct ? p0.n1 : waiting ? p.waiting_row : width, false,
                                       static_cast<int>(left < columns ? left - columns + L : L)}, vectors, j);
                    j += columns;
                }
            };
            int h = 0;
            const auto rows = [&](auto f) KILN_INLINE_LAMBDA {
                for (i = i0; i < i0 + rows_at_once && i < all_rows.last; i += h) {
                    h = heights::at(i, o.rows);
                    f();
                }
            };
            i64 image = 0;
            do {
                const i64 next = images - image < images_at_once ? images : image + images_at_once;
                rows([&]() KILN_INLINE_LAMBDA {
                    bool more = image > 0;
                    const auto add = [&](const window_steps<T>& w) KILN_INLINE_LAMBDA {
                        tiles([&](tile_operands<T> t, int vectors, i64) KILN_INLINE_LAMBDA {
                            t.a = w.a;
                            t.a_row = w.row;
                            t.a_inner = w.step;
                            t.inner = w.steps;
                            t.runs = w.runs;
                            t.a_run = w.run;
                            t.b += w.first * o.b_inner;
                            t.b_run = w.apart * o.b_inner;
                            t.more = more;
                            sums_of(typename heights::list{}, h, vectors, t, stored_sums{});
                        });
                        more = true;
                    };
                    windows_seen::each(panel, h, o.a, i, image, next, add);
                    if (!more)   // all of it is padding
                        tiles([&](const tile_operands<T>& t, int vectors, i64) KILN_INLINE_LAMBDA {
                            const int columns = vectors > 1 ? (vectors - 1) * L + t.count : t.count;
                            for (int r = 0; r < h; ++r) fill_run<T, L>(t.c + r * t.c_row, T{}, columns);
                        });
                });
                image = next;
            } while (image < images);
            if constexpr (!direct)
                rows([&]() KILN_INLINE_LAMBDA {
                    tiles([&](const tile_operands<T>& t, int vectors, i64 j) KILN_INLINE_LAMBDA {
                        epilogue(s, t, h, vectors > 0 ? vectors : 1, p0, i, j, sums ? sums + (j - from) / L : nullptr);
                    });
                });
        }
    }
    /// These rows of the columns [first, last), block by block.
    static KILN_INLINE void all_columns(state& s, const operands& o, const computed& maps, const panels& p, const place& p0, bool crowd, part_range rows, i64 first, i64 last, [[maybe_unused]] sums_of_slice slice) {
        constexpr i64 bytes = sizeof(T);
        const contraction_blocks blocks = blocks_of(o.rows, p0.n1);
        const bool cut = p.right || computes_left, by_panels = p.right && blocks.by_panels;
        const i64 most = cut ? blocks.steps(o.inner, bytes) : p.waiting ? contraction_blocks{}.steps(o.inner, bytes) : o.inner;
        const i64 width = windows ? columns_at_once : (cut ? blocks.row : contraction_blocks::row_in_place(o.rows, p0.n1 * bytes, most, NV * L * bytes)) / bytes;
        const i64 rows_at_once = p.waiting ? contraction_blocks::spread(o.rows, contraction_blocks::rows) : o.rows;
        const i64 end = shape::left_over > 0 && last == base::n1_constant ? shape::tiled_columns : last;   // of tiles
        if constexpr (!shape::no_tiles) for (i64 from = first; from < end; from += width) {
            const i64 to = from + width < end ? from + width : end;
            [[maybe_unused]] std::conditional_t<sums_in_registers, regs[most_vectors], nothing> kept;
            regs* sums = nullptr;
            if constexpr (sums_in_registers) {
                sums = kept;
                for (int v = 0; v < most_vectors; ++v) base::clear(only<base::all_after>{}, sums[v]);
            }
            if constexpr (windows) window_block(s, o, p, p0, rows, from, to, sums);
            else {
                const i64 at_once = by_panels ? panel_width : to - from;
                for (i64 i0 = rows.first, i = i0; i0 < rows.last; i0 = i) {
                    const i64 last_row = i0 + rows_at_once < rows.last ? i0 + rows_at_once : rows.last;
                    for (i64 k = 0, d; k == 0 || k < o.inner; k += d) {
                        d = o.inner - k < most ? o.inner - k : most;
                        for (i64 j = from; j < to; j += at_once)
                            i = block(s, o, maps, p, p0, {i0, last_row, from, j, j + at_once < to ? j + at_once : to, k, d, most, j == first, by_panels}, crowd, sums);
                        if (d == 0) break;
                    }
                }
            }
            if constexpr (joins_rows)
                if (slice.at) {
                    for (i64 v = 0; v * L < to - from; ++v) slice.move(only<base::all_after>{}, sums[v]);
                    if (!slice.taken) continue;
                }
            if constexpr (sums_in_registers) columns_done(s, p0, from, to, sums);
        }
        if constexpr (shape::left_over > 0)
            if (end < last) left_over_columns(s, o, p0, rows, slice);
    }
    /// These rows of the columns that are no vector.
    static KILN_INLINE void left_over_columns(state& s, const operands& o, const place& p0, part_range all_rows, [[maybe_unused]] sums_of_slice slice) {
        constexpr i64 j = shape::tiled_columns, line = (K::inner + L - 1) / L * L, at_once = 64;
        constexpr int few = static_cast<int>(shape::left_over);
        alignas(64) T columns[few][line]{}, here[direct ? 1 : at_once][L]{};
        if constexpr (few < shape::squares_from)
            for (i64 k = 0; k < K::inner; ++k)
                for (int c = 0; c < few; ++c) columns[c][k] = o.b[k * o.b_inner + j + c];
        else {
            pack<T, L>(columns[0], line, 0, o.b + j, K::inner, o.b_inner, 1, few);
            for (int c = 0; c < few; ++c)
                for (i64 k = K::inner; k < line; ++k) columns[c][k] = 0;
        }
        const T* begin = nullptr;
        if constexpr (bias.row < n) begin = base::template address<bias.row>(place{p0.q, p0.sizes, p0.outer, 0, j, p0.n1, L});
        const auto sums_of_rows = [&](i64 i, i64 rows, T* to, i64 to_row) KILN_INLINE_LAMBDA {
            sums_of_few_columns<T, L, few>(o.a + i * o.a_row, o.a_row, rows, columns[0], line, K::inner, begin, to, to_row);
        };
        if constexpr (direct) sums_of_rows(all_rows.first, all_rows.last - all_rows.first, reinterpret_cast<T*>(p0.q[shape::last_node.slot]) + all_rows.first * p0.n1 + j, p0.n1);
        else {
            [[maybe_unused]] std::conditional_t<sums_in_registers, regs[1], nothing> kept;
            regs* sums = nullptr;
            if constexpr (sums_in_registers) base::clear(only<base::all_after>{}, *(sums = kept));
            for (i64 i = all_rows.first; i < all_rows.last; i += at_once) {
                const int rows = static_cast<int>(all_rows.last - i < at_once ? all_rows.last - i : at_once);
                sums_of_rows(i, rows, here[0], L);
                const tile_operands<T> t{nullptr, nullptr, 0, 0, 0, 0, here[0], L, false, few};
                epilogue(s, t, rows, 1, p0, i, j, sums);
            }
            if constexpr (joins_rows)
                if (slice.at) {
                    slice.move(only<base::all_after>{}, *sums);
                    if (!slice.taken) return;
                }
            if constexpr (sums_in_registers) columns_done(s, p0, j, base::n1_constant, sums);
        }
    }
    static KILN_INLINE void run(char* const* a, const i64* sizes, int part, int parts) {
        if (ran_in_slices<contraction, K>(a, sizes, part, parts)) return;
        const bool a_slice = joins && parts < 0;
        const int thread = a_slice ? 0 : part, threads = a_slice ? 1 : parts;
        const bool outer_parts = splits_outer(sizes, threads);
        const i64 n0 = known_or<K::extent(axes - 2)>(sizes[axes - 2]), n1 = known_or<K::extent(axes - 1)>(sizes[axes - 1]);
        const i64 inner = known_or<K::inner>(sizes[axes]);
        const packing copies = copies_of(n0, n1, inner);
        const panel_bytes bytes = panels_of(copies, n0, n1, inner, sizeof(T), VB);
        const i64 rows_bytes = f.n_scratch * scratch_row(n1) * base::B;
        outer_indices<K> all(a, sizes, rows_bytes + bytes.all(), thread, threads, !outer_parts);
        computed maps{{a, sizes, thread, threads}, {a, sizes, thread, threads}};
        if (all.left) do {
            operands o = operands_of(a, sizes, all.index);
            T* kept = nullptr;
            if constexpr (joins_steps)
                if (a_slice) {
                    kept = reinterpret_cast<T*>(a[arguments_of<K>]);
                    const part_range steps = range_of(inner, part, -parts, 1);
                    o.a += steps.first * o.a_inner;
                    o.b += steps.first * o.b_inner;
                    o.inner = steps.last - steps.first;   // nothing, behind all slices
                    if constexpr (direct)
                        if (part == -parts) {
                            const i64 row = kept_row(n1);
                            for (i64 i = 0; i < n0; ++i) copy_run<T, L>(reinterpret_cast<T*>(all.q[shape::last_node.slot]) + i * n1, kept + i * row, n1);
                            return;
                        }
                }
            char* at = bytes.all() ? all.q[2] + rows_bytes : nullptr;
            auto take = [&](i64 n) KILN_INLINE_LAMBDA {
                T* const r = n ? reinterpret_cast<T*>(at) : nullptr;
                at += n;
                return r;
            };
            const panels p{take(bytes.right), take(bytes.left), take(bytes.sums), take(bytes.lines), may_be_products && copies.products,
                           blocks_of(n0, n1).row_of(n1, sizeof(T), VB) / static_cast<i64>(sizeof(T)), blocks_of(n0, n1).computed_row(n1, sizeof(T), VB), kept, kept && part == -parts};
            const bool crowd = shape::may_crowd && !p.left && shape::crowded(o.a_row);
            const auto [rows, columns] = part_of_result(o.rows, n1, crowd, outer_parts ? 0 : part, outer_parts ? 1 : parts);
            state s;
            const place p0{all.q, sizes, all.index, 0, 0, n1, L};
            base::clear(only<base::all_after>{}, s.acc);
            base::template steps<false>(only<base::before>{}, s, s.row, p0, s.acc);
            if constexpr (!sums_in_registers) base::clear_sums(only<base::column_sums>{}, p0, columns.first, columns.last);
            all_columns(s, o, maps, p, p0, crowd, rows, columns.first, columns.last, joins_rows && a_slice ? sums_of_slice{a[arguments_of<K>], part == -parts} : sums_of_slice{nullptr, false});
            if (a_slice && part < -parts) return;
            if constexpr (sums_in_registers) {
                base::totals(only<base::cross_scalar>{}, s);
                base::template steps<false>(only<base::scalar_post>{}, s, s.row, p0, s.acc);
            } else base::after_nest(s, p0, nullptr, columns.first, columns.last);
            maps.left.next();
            maps.right.next();
        } while (all.next());
    }
};

}  // namespace kiln::cpu
