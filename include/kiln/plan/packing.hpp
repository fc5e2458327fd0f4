// Which operands of a contraction are copied into panels before they are multiplied, and in what blocks. The plan reserves
// the memory, the kernel decides by the same rules when it knows all extents.
#pragma once
#include <kiln/ops/windows.hpp>
#include <kiln/plan/calls.hpp>
#include <kiln/plan/facts.hpp>

namespace kiln {

/// [m, k] by [k, n] of elements of `bytes`. A copy costs one pass over the operand; it pays where the operand is read often
/// and its lines lie a page or so apart: such lines share sets of the caches and need an entry of the TLB each. A right
/// operand whose rows are not contiguous is always copied, except for few rows, which are inner products; one with contiguous rows the
/// sooner, the narrower vectors are: two of them are what is read of a row, of which some share a set of L1, and half a line may be
/// nobody's (AVX2, 384 x 384 x 384: 1.76 ms in place, 1.36 from panels; AVX-512 reads it in place at 97 % of its peak, but for rows that do not
/// begin with a cache line, so that every vector lies in two: 500 x 300 x 700 2.2 ms, 1.6 from panels). One that lies in L2 and is read by no more
/// than forty tiles of rows stays there (Zen 4, AVX2: 64 x 128 x 784 126 us from panels, 113 in place; AVX-512: 128 x 512 x 128 152 us, 147). To ask with `any_extent`
/// must give every copy that some extent asks for, so a rule may only say "at least" of an extent that decides a copy, and fewer copies
/// may not take more memory. For few rows, but more than a tile has, the copy pays where lines share sets of the
/// caches, and beyond these (16 x 2048 x 1024 in place and from panels: Zen 5 390 us, 305, with AVX2 740, 540; 15 of its rows, which are four tiles, 840 us,
/// 340; 16 x 4000 x 4096, which is 64 MB, 5.7 ms, 2.9; but 16 x 2000 x 1000, whose lines share none, 245 us, 287). Where the right operand is read in place by
/// several tiles of rows, along many steps, and is more than L2 should hold, they take some steps after the other, and sums wait: what is read of it stays there (Zen 5, AVX-512, the left one's
/// columns contiguous: 64 x 12544 x 256 3.07 ms, 1.64; 128 x 12544 x 256 5.9, 3.65; 256 x 3136 x 512 3.7, 3.2). Contiguous columns are a line for each step, which a few tiles read as fast as from panels.
constexpr packing packing_of(int left, int right, i64 m, i64 n, i64 k, i64 bytes, i64 vector_bytes) {
    const i64 far = 2048 / bytes;
    const bool products = right == by_columns && (m == 1 ? left != by_strides : m < 4 && left == by_rows);
    const bool left_far = left == by_rows ? k >= 2 * far && k % (far / 2) == 0 : left == by_columns ? m >= far : true;
    const i64 line = n * bytes;
    const bool few = n > 0 && ((m >= (vector_bytes < 64 ? 7 : 15) && line % 4096 == 0 && k >= (i64{128} << 10) / line) || (m >= 7 && k >= (i64{12} << 20) / line && (m < 32 || line >= 2048 || vector_bytes < 64)));
    const bool in_l2 = m < (line % 64 == 0 ? 256 : 128) && n > 0 && k < (i64{512} << 10) / line;
    const bool across_lines = vector_bytes == 64 && line > 64 && line % 64 != 0;
    const bool copies_right = right == by_rows ? (2 * line >= vector_bytes * vector_bytes && ((m >= 64 && !in_l2) || few)) || (across_lines && m >= 128) : !products;
    return {left_far && n >= 256 && m >= 8, copies_right, products, false, false, right == by_rows, !copies_right && !products && m >= 32 && n > 0 && k > 2 * far && k > (i64{512} << 10) / line};
}
/// The same where maps compute operands: there is nothing to read in place.
constexpr packing packing_with_maps(packing p, bool left, bool right) {
    const bool products = p.products && !left && !right;
    return {p.left || left, p.right || right || p.products != products, products, left, right, p.by_panels && !left && !right, p.waits && !left && !right};
}
/// Sums over windows, [places, windows] by [windows, n], a few images at a time where all of them would not stay in L2: each tile of sums
/// would read them again (AVX-512, 3 x 3, 64 channels to 64, 64 images of 14 x 14: 15.6 ms, 8.0).
constexpr packing packing_of_windows(int left, i64 n, i64 k, i64 bytes) {
    packing p{};
    p.waits = left == by_columns && n > 0 && k > (i64{128} << 10) / bytes / n;
    return p;
}
/// An extent that is not known yet counts as one that needs the copy.
inline constexpr i64 any_extent = i64{1} << 30;

/// Blocks of a contraction whose right operand is copied (Goto and van de Geijn, 2008): so many rows, steps of the inner
/// axis and panels of columns at a time. A panel of the left operand stays in L1, the block of the right one in L2 (512 KiB),
/// sums wait for the next steps in memory. The rows are a multiple of all heights of tiles. With fewer rows, whose steps of
/// one block L2 holds, the copy would be much of the work. Then the first tile of rows copies what it reads, for the tiles below: a panel at a time, of
/// 128 steps, which leave room in L1 for those of the left operand, and the next panel lies on the same pages (Zen 5, 64 x 2048 x 1000: 1,160 us,
/// 1,040; 128 x 2048 x 1000 2,180, 2,100; 256 rows gain nothing; AVX2, 64 x 2048 x 700 1,510, 1,410). With many rows
/// the left operand is what is read again for each block, and where there is AVX-512 there is 1 MiB of L2 (2048 x 2048 x 2048 of doubles: 359 ms, 330;
/// Zen 5, of floats, whose rows of 14 are 14 KiB of L1 then: 71.2, 68.9).
struct contraction_blocks {
    static constexpr i64 rows = 2016, highest_tile = 14, few_rows = 64, rows_by_panels = 192;
    i64 depth = 2048, row = 1024;   // bytes of the inner axis, of a row of all panels, which are two vectors wide
    bool by_panels = false;           // there is one of them

    static constexpr contraction_blocks of(const packing& p, i64 m, i64 n, i64 bytes, i64 vector_bytes) {
        if (p.by_panels && m < rows_by_panels && n * bytes >= 2048) return {128 * bytes, 4096, true};
        if (vector_bytes == 64 && bytes >= 4 && m * bytes >= 6144 && n * bytes > 2048 && !p.waits) return {256 * bytes, 2048};
        return {};
    }
    static constexpr i64 spread(i64 n, i64 most) {   // evenly
        const i64 blocks = (n + most - 1) / most;
        return blocks ? (n + blocks - 1) / blocks : 0;
    }
    constexpr i64 steps(i64 k, i64 bytes) const { return spread(k, depth / bytes); }
    /// Images at a time whose sums wait, of so many bytes of the right operand each: half of L1, or one.
    static constexpr i64 images(i64 bytes) { return bytes > 0 && bytes < 16384 ? 16384 / bytes : 1; }
    /// Bytes of a row of a block of a result with n columns.
    constexpr i64 row_of(i64 n, i64 bytes, i64 vector_bytes) const {
        const i64 widest = vector_bytes * 2, all = (n * bytes + widest - 1) / widest * widest;
        return all < row ? all : row;
    }
    /// Bytes of a row of such a block that is read where it lies, along so many steps of the inner axis and in whole tiles: as many as stay in L2 while
    /// the rows of the left operand, one tile after the other, meet all of them. Those are read once then (AVX-512, 784 x 64 x 128 with its left
    /// operand turned: 117 us with a tile of columns at a time, 105; the training step of 784-128-10 218 to 212). A tile of columns alone
    /// for few rows (16 x 1024 x 2048: 840 us, 1,100 with more), and where vectors lie in two lines, so that they had better stay in L1.
    static constexpr i64 row_in_place(i64 height, i64 line, i64 steps, i64 tile) {
        if (height < few_rows || line % 64 != 0) return tile;
        const i64 most = contraction_blocks{}.row, fits = steps > 0 ? (i64{512} << 10) / steps : most;
        return fits < 2 * tile ? tile : (fits < most ? fits : most) / tile * tile;
    }
    /// Elements from row to row of a block of the right operand that is computed: an odd number of cache lines, so that rows share no sets.
    constexpr i64 computed_row(i64 n, i64 bytes, i64 vector_bytes) const { return ((row_of(n, bytes, vector_bytes) + 127) / 128 * 128 + 64) / bytes; }
    /// Elements from panel to panel: a cache line lies between, so that not all of them begin in one set.
    static constexpr i64 panel(i64 steps, i64 bytes, i64 vector_bytes) { return (steps * vector_bytes * 2 + 64) / bytes; }
};

/// Bytes of the panels of one thread: of the right operand, of the left one, the sums that wait, the lines of a right operand that is
/// computed along the inner axis. A vector more may be written behind a panel.
struct panel_bytes {
    i64 right, left, sums, lines;
    constexpr i64 all() const { return right + left + sums + lines; }
};
// where all extents are constants it is one: the divisions would be a tenth of a product of 32 x 32 x 32
[[gnu::always_inline]] constexpr panel_bytes panels_of(packing p, i64 m, i64 n, i64 k, i64 bytes, i64 vector_bytes) {
    if (!p.any()) return {};
    const contraction_blocks blocks = contraction_blocks::of(p, m, n, bytes, vector_bytes);
    const i64 depth = p.right || p.computes_left ? blocks.steps(k, bytes) : p.waits ? contraction_blocks{}.steps(k, bytes) : k, most_rows = blocks.rows + blocks.highest_tile, rows = m < most_rows ? m : most_rows;
    const i64 steps = depth ? (k + depth - 1) / depth : 0;
    const i64 widest = vector_bytes * 2, row = blocks.row_of(n, bytes, vector_bytes);
    const i64 vector = vector_bytes / bytes, line = depth + 2 * vector;   // of what is computed, the rows of a tile and the columns of a panel at a time
    const i64 left = p.computes_left ? bytes_in_arena((blocks.highest_tile + vector) * line * bytes) : p.left ? steps * bytes_in_arena(m * depth * bytes) : 0;
    const i64 right = p.computes_right ? depth * blocks.computed_row(n, bytes, vector_bytes) : (blocks.by_panels ? 1 : row / widest) * blocks.panel(depth, bytes, vector_bytes);
    return {p.right ? bytes_in_arena(right * bytes) : 0, left, depth < k || p.waits ? bytes_in_arena(rows * row) : 0, p.computes_right ? bytes_in_arena(widest * line) : 0};
}
/// The most bytes that the panels of a right operand and the sums that wait can take.
constexpr i64 largest_panels(i64 bytes, i64 vector_bytes, bool computed) {
    const panel_bytes p = panels_of({false, true, false, false, computed}, any_extent, any_extent, any_extent, bytes, vector_bytes);
    return p.right + p.sums + p.lines;
}
/// Places of a pool's windows that kernels pack and unpack at a time.
inline constexpr int places_at_once = 16;
/// Contractions with the windows of images whose columns leave many lanes of a vector empty: lanes are images instead, as many
/// at a time. What is read lies [element][image] then, with the padding of lines, and so do the results until they are stored.
struct images_in_lanes {
    i64 read, seconds, results;   // vectors: of the images, of the right operand where windows are summed over, of results at a time
    i64 before, line;             // elements of padding before a line, of a line with its padding
    i64 unpooled = 0;             // vectors: of results that a pool looks through, as many lines as one of its own sees
    bool by_lines = false;        // a line of the image is laid, and added to all lines of results that see it, before the next one takes its place
    constexpr i64 all() const { return read + seconds + results + unpooled; }
};
/// One channel of results, of windows whose places lie side by side: an element of the image is loaded once for all places that it is seen at.
constexpr bool one_by_one_in_lanes(const window_geometry& w, i64 vector_bytes) {
    const window_axis& last = w.axis[w.n - 1];
    return last.stride == 1 && last.dilation * last.dilation == 1 && last.kernel > 1 && 3 * last.kernel < (vector_bytes == 64 ? 32 : 16);
}
/// `pool`: the windows that look through the results, or whose slopes are summed over, in three axes; without axes there are none.
constexpr images_in_lanes images_in_lanes_of(const window_geometry& w, bool of_places, i64 columns, i64 bytes, i64 vector_bytes, const window_geometry& pool = {}) {
    const i64 lanes = vector_bytes / bytes, line = w.axis[w.n - 1].out * columns, results = pool.n ? pool.axis[pool.n - 1].out * columns : line;
    if (lanes < 4 || columns < 1 || columns > lanes || w.places() * w.inner < 8 || w.kernel_first || w.image() == 0) return {};
    // Sums over windows whose columns leave few lanes empty, and whose places fill tiles: to transpose must pay by what is saved (AVX-512, 14 x 14 images to 16
    // channels: 16 channels and 3 x 3 580 us, 650; 32 and 3 x 3 1,480 us, 1,390; 6 and 5 x 5 320 us, 280; AVX2, 16 to 7 channels 1,100 us, 800, 8 to 8 300 us, 440).
    const i64 saved = 10 * lanes - (vector_bytes == 64 ? 9 : 10) * columns;
    if (of_places && 4 * columns > 3 * lanes && w.inner > 5 && w.windows() * w.places() * w.inner * saved < 5 * lanes * (w.image() * w.inner + w.windows() * columns)) return {};
    const i64 lines_pooled = pool.n ? pool.axis[0].kernel * pool.axis[1].kernel : 0;   // that a line of the pool sees
    images_in_lanes r{w.padded_image(), !of_places ? 0 : pool.n ? lines_pooled * line : w.windows() * (columns + (columns == lanes)), 0, w.before_line(), w.padded_line()};
    if (of_places) r.results = w.places() * w.inner * columns;
    if (r.read + r.seconds > most_elements_in_lanes || r.results > most_elements_in_lanes || line > 2048) return {};
    if (!of_places) {
        const window_geometry g = w.in_three_axes();
        r.by_lines = columns == 1 && pool.n == 0 && one_by_one_in_lanes(g, vector_bytes) && g.axis[0].size == 1 && g.axis[0].out == 1 && g.axis[2].size * g.inner >= lanes;
        // Lines that are whole vectors of each image, if it comes out even.
        const auto even = [&](i64 from, i64 to) {
            for (i64 k = from; k != to; k += from < to ? 1 : -1)
                if (k * results % lanes == 0) return k;
            return from;
        };
        i64 lines = even(512 / results, 0);   // 32 KiB
        if (r.by_lines) {   // those that are added to, and two that are stored meanwhile
            const i64 least = (g.axis[1].reach() - 1) / g.axis[1].stride + 3;
            lines = even(least, least + lanes);
            r.read = 2 * r.line * g.inner;
        }
        r.results = (lines > 0 ? lines : 1) * results + (pool.n ? places_at_once : lanes);   // so many more are read
        if (pool.n) {   // their places too; few images are done one by one, with all results of one in memory
            r.results *= 2;
            r.unpooled = lines_pooled * line;
            if (const i64 all = (w.windows() * columns + lanes) / lanes; r.all() < all) r.unpooled += all - r.all();
        }
    }
    return r;
}

/// Scratch of each thread; `value` gives the number that a size is.
template <class Value>
constexpr i64 scratch_bytes(const plan_slot& s, Value value, int vector_bytes) {
    const i64 rows = s.rows * scratch_row(value(s.count)) * s.lane_bytes;
    const i64 panels = s.inner < 0 ? 0 : panels_of(s.panels, value(s.height), value(s.count), value(s.inner), s.bytes, vector_bytes).all(), vectors = i64{s.vectors} * vector_bytes;
    return rows + (panels > vectors ? panels : vectors);   // a call takes the ones or the others
}

}  // namespace kiln
