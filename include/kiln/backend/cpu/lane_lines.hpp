// Sums over the windows of images where lanes are images (image_lanes.hpp): how these are laid, [element][image], and what a line of results
// is made of. What meets only padding is not computed.
#pragma once
#include <kiln/backend/cpu/contraction.hpp>
#include <kiln/backend/cpu/laid_lines.hpp>
#include <kiln/backend/cpu/lane_sums.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct lane_lines : contraction<K, VB, Registers> {
    using base = contraction<K, VB, Registers>;
    using base::f, base::L;
    using typename base::regs, typename base::state, typename base::T, typename base::operands;
    template <int P>
    using only = typename base::template only<P>;
    using view = typename base::windows_seen;
    using s = typename view::s;
    static constexpr window_geometry g = s::g;
    static constexpr bool of_places = view::of_places;
    static constexpr i64 columns = base::n1_constant, inner = s::inner;
    static constexpr window_geometry pool = pool_within({K::words, K::size});
    static constexpr images_in_lanes vectors = images_in_lanes_of(g, of_places, columns, sizeof(T), VB, pool);
    static constexpr i64 line = vectors.line * inner * L;   // of images as they are read
    static constexpr auto whole = s::whole(2, 0, s::last.kernel);   // the positions that see nothing but the image
    /// Are positions at the ends of a line summed apart from the others? Where few of their places are padding they stay in the tiles, which leave these
    /// out where windows lie side by side. Else they are zeros, less work than tiles of few sums; what is not finite meets them then, as in a product
    /// with copies of the windows.
    static constexpr bool ends_apart = [] {
        i64 seen = 0;
        for (i64 k = 0; k < s::last.kernel; ++k) {
            const auto p = s::whole(2, k, k + 1);
            seen += p.end - p.first;
        }
        return 10 * seen < 9 * s::last.out * s::last.kernel;
    }();

    /// Places [first, end) along an axis that the window at o sees inside of the image.
    static KILN_INLINE constexpr part_range places_inside(int axis, i64 o) {
        i64 first = 0, end = g.axis[axis].kernel;
        while (first < end && !s::inside(axis, s::seen(axis, o, first))) ++first;
        while (end > first && !s::inside(axis, s::seen(axis, o, end - 1))) --end;
        return {first, end};
    }

    /// Images as vectors, line by line if these have padding, or if only some of them lie there at a time.
    static constexpr i64 line_of_image = s::last.size * inner, line_of_columns = s::last.out * columns, lines_of_image = s::image / line_of_image;
    template <i64 Lines>
    using some_lines = line_layer<T, L, laid_lines{line_of_image, vectors.line * inner, vectors.before * inner, Lines, s::image}>;
    using whole_images = std::conditional_t<(vectors.line > s::last.size), some_lines<lines_of_image>, line_layer<T, L, laid_lines{s::image, s::image, 0, 1, s::image}>>;
    static KILN_INLINE void lay_images(T* to, const T* images, int count) { whole_images{to, images, count}.until(s::image); }
    static KILN_INLINE void clear_padding(T* to, i64 n = vectors.read) {
        if constexpr (vectors.line > s::last.size) fill_run<T, L>(to, T{}, n * L);
    }

    // ---- results of windows
    // registers hold the sums, a filter of each channel, and what they are made of
    static constexpr even_pieces channels{columns, Registers == 32 ? 6 : 3}, inside{ends_apart ? whole.end - whole.first : s::last.out, channels.high ? (Registers - 1 - channels.high) / channels.high : 1};
    /// One channel: loads are what counts.
    static constexpr bool one_by_one = columns == 1 && one_by_one_in_lanes(g, VB);
    // two positions at the ends of a line, at once, are few sums for few channels
    static constexpr even_pieces channels_of_edges{columns, one_by_one ? 1 : (Registers - 3) / 2};
    static constexpr lane_strides strides{s::last.stride * inner * L, g.axis[1].dilation * line, s::last.dilation * inner * L, s::last.kernel * inner * columns,
                                          one_by_one ? s::last.dilation * inner : inner * columns, columns, columns * L, s::last.dilation == 1 && !one_by_one ? 0 : inner};
    /// What a line of results is made of: lines of the image, and of the filters.
    struct seen_lines {
        const T *x, *w;
        i64 lines;
        bool more;
    };
    template <int O, int X>
    static KILN_INLINE void positions(const seen_lines& o, T* out, i64 from, i64 channel, i64 place, i64 end) {
        const i64 count = end - place;
        lane_sums<T, L, O, X, strides>(o.x + s::seen(2, from, place) * inner * L, o.w + place * inner * columns + channel, out + (from * columns + channel) * L, o.lines,
                                       strides.steps ? count : count * inner, o.more);
    }
    static constexpr i64 first_place = s::last.dilation > 0 ? 0 : s::last.kernel - 1;   // as they lie in the image
    static constexpr even_pieces of_line{s::last.out, Registers - 2 - (one_by_one ? s::last.kernel : 0)};
    /// Vectors of padding before what the first position of a line sees, and behind what the last one does.
    static constexpr i64 seen_before = -s::seen(2, 0, first_place), seen_behind = s::seen(2, s::last.out - 1, s::last.kernel - 1 - first_place) + 1 - s::last.size;
    static constexpr int before = seen_before > 0 ? static_cast<int>(seen_before) : 0, behind = seen_behind > 0 ? static_cast<int>(seen_behind) : 0;
    template <int O, int X, int Before, int Behind>
    static KILN_INLINE void positions_of_line(const seen_lines& o, T* out, i64 p, i64 channel) {
        constexpr int all = static_cast<int>(s::last.kernel);
        constexpr bool at_ends = !ends_apart && s::last.stride == 1 && s::last.dilation == 1 && all <= 8 && Before + Behind > 0;
        const T* const x = o.x + s::seen(2, p, first_place) * inner * L;
        if constexpr (one_by_one) lane_sums_of_one<T, L, X, all, Before, Behind, strides>(x, o.w + first_place * inner, out + p * L, o.lines, o.more);
        else if constexpr (at_ends) lane_sums_at_ends<T, L, O, X, all, Before, Behind, inner, strides>(x, o.w + channel, out + (p * columns + channel) * L, o.lines, o.more);
        else positions<O, X>(o, out, p, channel, 0, s::last.kernel);
    }
    template <int O, class F>
    static KILN_INLINE void line_of(const seen_lines& o, T* out, i64 channel, F&& beside) {
        static constexpr even_pieces pieces = one_by_one ? of_line : inside;
        each_piece<pieces>(one_by_one || !ends_apart ? 0 : whole.first, [&](auto many, i64 p) KILN_INLINE_LAMBDA {
            if (p > 0 && p + many < s::last.out) positions_of_line<O, many, 0, 0>(o, out, p, channel);
            else if (p > 0) positions_of_line<O, many, 0, behind>(o, out, p, channel);
            else if (many < s::last.out) positions_of_line<O, many, before, 0>(o, out, p, channel);
            else positions_of_line<O, many, before, behind>(o, out, p, channel);
            beside();
        });
    }
    template <int O>
    static KILN_INLINE void edges(seen_lines o, T* out, i64 channel) {
        edge<O>(o, out, channel, 0, whole.first);
        edge<O>(o, out, channel, whole.end, s::last.out);
    }
    /// Positions [p, end), some at a time, at each place those that see it inside of the image.
    template <int O>
    static KILN_INLINE void edge(seen_lines o, T* out, i64 channel, i64 p, i64 end) {
        if (!o.more)
            for (i64 k = p; k < end; ++k) fill_run<T, L>(out + (k * columns + channel) * L, T{}, O * L);
        o.more = true;
        constexpr int room = (Registers - 1 - O) / O, at_once = room < 2 ? 2 : room > 4 ? 4 : room;
        for (; p < end; p += at_once) {
            const i64 last = p + at_once < end ? p + at_once : end;
            const auto that_see = [&](i64 place) KILN_INLINE_LAMBDA {
                const auto seen = s::whole(2, place, place + 1);
                return part_range{seen.first > p ? seen.first : p, seen.end < last ? seen.end : last};
            };
            for (i64 place = 0, next; place < s::last.kernel; place = next) {
                const part_range now = that_see(place);
                for (next = place + 1; next < s::last.kernel; ++next)
                    if (const part_range then = that_see(next); then.first != now.first || then.last != now.last) break;
                if (now.first < now.last) some_positions_of_edge<O, at_once>(o, out, channel, now, place, next);
            }
        }
    }
    template <int O, int X>
    static KILN_INLINE void some_positions_of_edge(const seen_lines& o, T* out, i64 channel, part_range p, i64 place, i64 end) {
        if (p.last - p.first == X) positions<O, X>(o, out, p.first, channel, place, end);
        else if constexpr (X > 1) some_positions_of_edge<O, X - 1>(o, out, channel, p, place, end);
    }
    /// One line of results of all channels, [position][channel][image]. beside(): between the calls that sum.
    template <class F>
    static KILN_INLINE void line_of_results(const T* x, const T* w, T* out, i64 o0, i64 o1, F&& beside) {
        const part_range k0 = places_inside(0, o0), k1 = places_inside(1, o1);
        seen_lines o{nullptr, nullptr, k0.first == k0.last ? 0 : k1.last - k1.first, false};
        for (i64 k = k0.first; k == k0.first || k < k0.last; ++k, o.more = true) {
            o.x = x + ((s::seen(0, o0, k) * g.axis[1].size + s::seen(1, o1, k1.first)) * vectors.line + vectors.before) * inner * L;
            o.w = w + (k * g.axis[1].kernel + k1.first) * strides.w_line;
            each_piece<channels>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { line_of<many>(o, out, channel, beside); });
            if constexpr (!one_by_one && ends_apart)
                each_piece<channels_of_edges>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { edges<many>(o, out, channel); });
        }
    }
};

}  // namespace kiln::cpu
