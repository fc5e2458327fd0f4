// Images as lanes, [element][image], laid a square at a time, or a strip: transposing goes on beside the sums of the lines that lie there
// already, whose multiply-adds leave half of the processor idle, and a few lines stay in the first level of the cache.
#pragma once
#include <kiln/backend/cpu/pack.hpp>

namespace kiln::cpu {

/// Elements of a line, of one with its padding, of padding before it; lines that there is room for, one after the other; elements from image to image.
struct laid_lines {
    i64 length, pitch, before, room, across;
};
/// Lays the lines of up to L images, in order; the next line takes the place of the one that lay there longest.
template <class T, int L, laid_lines S>
struct line_layer {
    T* to;
    const T* from;
    int images;
    i64 slot = 0, at = 0, done = 0;   // of the line that is being laid; elements of each image that are laid

    /// The last square of a line begins before the end of the one before it: nothing is masked.
    KILN_INLINE void next() {
        constexpr i64 count = S.length < L ? S.length : L;
        const i64 from_start = done - at, e = at + count < S.length ? at : S.length - count;
        T* const there = to + (slot * S.pitch + S.before + e) * L;
        if (count == L && images == L) transposed_square<T, L, true>(there, L, from + from_start + e, S.across, L, L);
        else transposed_square<T, L, false>(there, L, from + from_start + e, S.across, images, static_cast<int>(count));
        laid(from_start, e + count);
    }
    /// 16 bytes of each of L images: in few registers, so that it may stand between sums. A quarter of the images is fetched for the strips to come.
    KILN_INLINE void strip() {
        constexpr i64 count = 16 / sizeof(T), ahead = 128 / sizeof(T);
        static_assert(S.length >= count);
        const i64 from_start = done - at, e = S.length % count == 0 || at + count < S.length ? at : S.length - count;
        const i64 quarter = static_cast<i64>(static_cast<std::uint64_t>(done) / count % 4);
#pragma GCC unroll 8
        for (int r = 0; r < L / 4; ++r) __builtin_prefetch(from + from_start + e + (quarter * (L / 4) + r) * S.across + ahead);
        transposed_strip<T, L>(to + (slot * S.pitch + S.before + e) * L, from + from_start + e, S.across);
        laid(from_start, e + count);
    }
    KILN_INLINE void laid(i64 from_start, i64 end) {
        at = end;
        done = from_start + at;
        if (at < S.length) return;
        at = 0;
        if (++slot == S.room) slot = 0;
    }
    KILN_INLINE void until(i64 elements) {
        while (done < elements) next();
    }
    /// So many squares more, as far as there is room.
    KILN_INLINE int some(int squares, i64 most) {
        for (; squares > 0 && done < most; --squares) next();
        return squares;
    }
};

}  // namespace kiln::cpu
