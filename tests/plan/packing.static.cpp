// Which operands of a contraction are copied: few rows of long products, and what an unknown extent must answer for.
#include <kiln/kiln.hpp>

namespace kiln {
namespace {

constexpr bool copies_right(i64 m, i64 n, i64 k, i64 vector_bytes) { return packing_of(by_rows, by_rows, m, n, k, 4, vector_bytes).right; }
static_assert(copies_right(7, 2048, 64, 32) && copies_right(63, 2048, 64, 16));            // lines that share sets
static_assert(copies_right(8, 600, 5300, 32) && copies_right(8, 600, 5300, 64) && !copies_right(8, 600, 2700, 32));   // beyond the caches, and not
static_assert(!copies_right(6, 2048, 1024, 32) && !copies_right(63, 1000, 300, 32));
static_assert(copies_right(15, 1024, 64, 64) && !copies_right(14, 1024, 64, 64) && !copies_right(63, 1000, 1000, 64) && !copies_right(63, 1024, 16, 64));
static_assert(!copies_right(7, 0, 1024, 32));
static_assert(!copies_right(64, 128, 784, 32) && copies_right(256, 128, 784, 32) && copies_right(64, 128, 1024, 32) && !copies_right(255, 512, 128, 64) && copies_right(64, 1024, 784, 64));   // in L2, for so many tiles, and not
static_assert(!copies_right(127, 300, 64, 32) && copies_right(128, 300, 64, 32));
static_assert(copies_right(128, 300, 64, 64) && !copies_right(127, 300, 64, 64) && !copies_right(128, 304, 64, 64) && !copies_right(1000, 6, 1000, 64));   // lines that do not begin with a cache line

constexpr bool sums_wait(int left, i64 n, i64 k) { return packing_of_windows(left, n, k, 4).waits; }
static_assert(sums_wait(by_columns, 64, 64 * 196) && !sums_wait(by_columns, 64, 512) && !sums_wait(by_rows, 64, 64 * 196) && !sums_wait(by_columns, 0, 64 * 196));
static_assert(sums_wait(by_columns, any_extent, 1) && sums_wait(by_columns, 1, any_extent) && sums_wait(by_columns, any_extent, any_extent));

/// What several tiles of rows read in place along many steps: sums wait.
constexpr packing in_place(i64 m, i64 n, i64 k, i64 vector_bytes) { return packing_of(by_columns, by_rows, m, n, k, 4, vector_bytes); }
static_assert(in_place(64, 256, 12544, 64).waits && !in_place(64, 256, 12544, 64).left && !in_place(64, 256, 12544, 64).right && !in_place(31, 256, 12544, 64).waits && !in_place(64, 256, 1024, 64).waits && !in_place(64, 32, 3000, 64).waits && !in_place(64, 0, 3000, 64).waits);
static_assert(!in_place(64, 256, 12544, 32).waits && in_place(64, 256, 12544, 32).right && in_place(64, 64, 12544, 32).waits && !in_place(512, 256, 12544, 32).waits && in_place(512, 256, 12544, 64).left);

/// An extent that nobody knows asks for every copy that some extent asks for, and for as much memory.
constexpr bool unknown_asks_for_all() {
    for (const i64 vector_bytes : {32, 64})
        for (const int left : {by_rows, by_columns})
            for (const int right : {by_rows, by_columns})
                for (const i64 m : {0, 7, 8, 64, 128, 1000})
                    for (const i64 n : {0, 6, 70, 300, 1024, 2048})
                        for (const i64 k : {0, 64, 2700, 12544})
                            for (const i64 bytes : {1, 4, 8}) {
                                const packing p = packing_of(left, right, m, n, k, bytes, vector_bytes);
                                for (int known = 0; known < 8; ++known) {
                                    const packing q = packing_of(left, right, known & 1 ? m : any_extent, known & 2 ? n : any_extent, known & 4 ? k : any_extent, bytes, vector_bytes);
                                    if ((p.left && !q.left) || (p.right && !q.right)) return false;
                                    if (panels_of(p, m, n, k, bytes, vector_bytes).all() > panels_of(q, m, n, k, bytes, vector_bytes).all()) return false;
                                }
                            }
    return true;
}
static_assert(unknown_asks_for_all());

/// Sums over the windows of square images, of so many channels to so many, by images or not.
constexpr bool by_images(i64 size, i64 kernel, i64 low, i64 from, i64 to, i64 vector_bytes) {
    window_geometry w;
    w.n = 2;
    w.inner = from;
    for (int k = 0; k < 2; ++k) w.axis[k] = {size, size + 2 * low - kernel + 1, kernel, 1, 1, low};
    return images_in_lanes_of(w, true, to, 4, vector_bytes).read > 0;
}
static_assert(by_images(28, 5, 2, 1, 6, 64) && by_images(28, 5, 2, 1, 16, 64) && !by_images(28, 5, 2, 1, 17, 64));   // no more columns than lanes
static_assert(by_images(14, 5, 0, 6, 16, 64) && !by_images(14, 3, 1, 16, 16, 64) && by_images(14, 3, 1, 32, 16, 64) && by_images(14, 3, 1, 16, 13, 64));   // where it pays to transpose
static_assert(!by_images(14, 3, 1, 8, 8, 32) && by_images(14, 3, 1, 16, 7, 32));
/// One channel of results of so large images: line by line, or all of an image at once.
constexpr images_in_lanes to_one_channel(i64 size, i64 kernel, i64 low, i64 stride, i64 from) {
    window_geometry w;
    w.n = 2;
    w.inner = from;
    for (int k = 0; k < 2; ++k) w.axis[k] = {size, (size + 2 * low - kernel) / stride + 1, kernel, stride, 1, low};
    return images_in_lanes_of(w, false, 1, 4, 64);
}
static_assert(to_one_channel(28, 5, 2, 1, 3).by_lines && to_one_channel(28, 5, 2, 1, 3).read == 2 * 32 * 3 && to_one_channel(28, 5, 2, 1, 3).results == 8 * 28 + 16);
static_assert(!to_one_channel(28, 5, 2, 2, 3).by_lines && !to_one_channel(28, 12, 0, 1, 3).by_lines && !to_one_channel(14, 5, 2, 1, 1).by_lines);   // places apart, too many, too short a line
static_assert(window_axis{9, 9, 3, 1, 3, 3}.first_inside(1) == 1 && window_axis{9, 9, 3, 1, 3, 3}.first_inside(3) == 0 && window_axis{9, 9, 3, 1, 3, 3}.last_inside(6) == 6);
static_assert(window_axis{9, 4, 3, 1, -1, 5}.last_inside(3) == -2 && window_axis{9, 11, 3, 1, -1, -9}.first_inside(9) > window_axis{9, 11, 3, 1, -1, -9}.last_inside(9));   // what sees nothing
static_assert(by_images(4, 3, 1, 250, 7, 64) && !by_images(4, 3, 1, 300, 7, 64));   // more sums than the caches hold

}  // namespace
}  // namespace kiln
