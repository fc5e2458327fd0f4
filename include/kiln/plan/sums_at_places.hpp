// Gradients of filters behind a maximum pool. Each window of the pool gives its slope back to one place, so that all that is added to the sums of a channel
// is what the filter saw there, a few lines of places times channels of the image: vectors, where images lie in memory. Sums over all windows of the
// filter would be mostly of products with zero.
#pragma once
#include <kiln/ops/windows.hpp>

namespace kiln {

struct sums_at_places {
    bool pay = false;
    i64 before[max_window_axes]{}, size[max_window_axes]{};   // an image with its padding
    bool padded = false;   // then it is copied
    i64 run = 0;           // elements of a line of places
    i64 vectors = 0;       // of that
    i64 lines = 0;         // that are summed at a time, in registers
    i64 rows = 0;          // of the result, as many as are whole vectors
    i64 images = 0;        // at a time: they, their slopes and places stay in the first level of the cache

    constexpr i64 image() const { return size[0] * size[1] * size[2]; }
};

/// Of windows w over images and a pool over what they give, both in three axes; columns: channels of the result.
constexpr sums_at_places sums_at_places_of(const window_geometry& w, i64 columns, i64 bytes, i64 vector_bytes, const window_geometry& pool) {
    const i64 lanes = vector_bytes / bytes, registers = vector_bytes == 64 ? 32 : 16;
    sums_at_places r;
    if (w.kernel_first || pool.n == 0 || lanes < 4 || columns < 1 || w.places() < 1 || w.inner < 1 || w.image() < 1 || w.axis[2].dilation != 1) return r;
    for (int k = 0; k < max_window_axes; ++k) {
        r.before[k] = w.axis[k].before();
        r.size[k] = w.axis[k].padded();
        r.padded |= r.size[k] != w.axis[k].size;
    }
    r.run = w.axis[2].kernel * w.inner;
    r.vectors = (r.run + lanes - 1) / lanes;
    if (r.vectors > registers - 3) return r;
    const i64 lines = w.axis[0].kernel * w.axis[1].kernel, most = (registers - 3) / r.vectors, pieces = w.axis[0].kernel * ((w.axis[1].kernel + most - 1) / most);
    r.lines = most;
    r.rows = (lines * r.run + lanes - 1) / lanes * lanes;
    const i64 slopes = pool.windows() * columns, held = r.image() * w.inner * bytes + slopes * (bytes + 1);
    r.images = held < 12288 ? 24576 / held : 1;
    // Quarters of cycles of an image. A vector that begins anywhere takes as long as two, if it is of 64 bytes; each slope has a place to be looked up.
    const i64 load = w.inner * bytes % vector_bytes == 0 ? 2 : vector_bytes == 64 ? 4 : 3;
    const i64 here = slopes * (8 * pieces + load * lines * r.vectors) + (r.padded ? 8 * r.image() * w.inner / lanes : 0);
    const i64 everywhere = slopes * pool.places() * 2 * lines * r.run / lanes;
    r.pay = 5 * here < 4 * everywhere && columns * r.rows * bytes <= 1 << 20;
    return r;
}
/// Vectors of scratch.
constexpr i64 vectors_of(const sums_at_places& s, i64 inner, i64 columns, i64 lanes) {
    return columns * s.rows / lanes + (s.padded ? (s.images * s.image() * inner + lanes - 1) / lanes + 1 : 0);
}

}  // namespace kiln
