// Where gradients of filters behind a pool are summed at its places, and what that takes.
#include <kiln/kiln.hpp>

namespace kiln {
namespace {

/// Square images of so many channels, a filter of so many places, and a pool of windows side by side.
constexpr window_geometry windows(i64 size, i64 kernel, i64 low, i64 inner) {
    window_geometry w;
    w.n = 2;
    w.inner = inner;
    for (int k = 0; k < 2; ++k) w.axis[k] = {size, size + 2 * low - kernel + 1, kernel, 1, 1, low};
    return w.in_three_axes();
}
constexpr sums_at_places of(i64 size, i64 kernel, i64 low, i64 from, i64 to, i64 pooled, i64 vector_bytes) {
    const window_geometry w = windows(size, kernel, low, from);
    window_geometry pool;
    pool.n = 2;
    pool.inner = to;
    for (int k = 0; k < 2; ++k) pool.axis[k] = {w.axis[k + 1].out, w.axis[k + 1].out / pooled, pooled, pooled, 1, 0};
    return sums_at_places_of(w, to, 4, vector_bytes, pool.in_three_axes());
}
static_assert(of(14, 5, 0, 6, 16, 2, 64).pay && of(14, 5, 0, 6, 16, 2, 32).pay);   // LeNet-5's second filters
static_assert(!of(28, 5, 2, 1, 6, 2, 64).pay);     // five numbers of a line are a whole load
static_assert(!of(14, 5, 0, 6, 16, 1, 64).pay);    // a pool that leaves out nothing
static_assert(of(14, 5, 0, 6, 16, 2, 64).lines == 14 && of(14, 5, 0, 6, 16, 2, 64).vectors == 2 && of(14, 5, 0, 6, 16, 2, 64).rows == 160);
static_assert(!of(14, 5, 0, 6, 16, 2, 64).padded && of(14, 3, 1, 16, 32, 2, 64).padded && of(14, 3, 1, 16, 32, 2, 64).image() == 16 * 16);
static_assert(!sums_at_places_of(windows(14, 5, 0, 6), 16, 4, 64, {}).pay);   // no pool

}  // namespace
}  // namespace kiln
