// Sums over windows where lanes are images (image_lanes.hpp), gradients of filters: each lane sums for its image, and across lanes it is
// summed once.
#pragma once
#include <kiln/backend/cpu/lane_lines.hpp>
#include <kiln/backend/cpu/slopes_in_lanes.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct filter_lanes : lane_lines<K, VB, Registers> {
    using lines = lane_lines<K, VB, Registers>;
    using base = typename lines::base;
    using base::L;
    using typename base::regs, typename base::state, typename base::T, typename base::operands;
    using typename lines::s;
    using lines::columns, lines::g, lines::inner, lines::line, lines::line_of_columns, lines::line_of_image, lines::lines_of_image, lines::vectors, lines::whole;

    using spread = slopes_in_lanes<K, VB>;
    static constexpr even_pieces places{s::last.kernel, Registers / 2 - 2}, gradient_channels{columns, places.high ? (Registers - 1) / (places.high + 1) : 1};
    // a few positions at the ends of a line leave out the places that they see in the padding
    static constexpr i64 before = whole.first, behind = s::last.out - whole.end;
    static constexpr bool ends = places.pieces == 1 && before + behind <= 8 && whole.end > whole.first;
    // What comes back, as it is laid. A position of as many channels as lanes has a vector of padding behind it: pieces of channels would share few sets of the cache.
    static constexpr window_axis across = g.axis[1];
    static constexpr bool by_lines_of_places = !base::computes_right && g.axis[0].size == 1 && g.axis[0].out == 1 && line_of_image >= L && line_of_columns >= L && s::last.out >= 16;
    static constexpr i64 position = by_lines_of_places || base::computes_right ? columns : vectors.seconds / s::windows;
    static constexpr lane_gradient_strides gradient_strides{across.stride * line, s::last.stride * inner * L, s::last.dilation * inner * L, s::last.out * position * L, position * L,
                                                            inner * columns * L, s::last, ends ? before : 0, ends ? behind : 0};
    /// Adds what windows of some lines of these images see of channel `ci` at some places of a line, [place][inner][channel][image]. x, d: the first of these lines.
    /// `beside` is called between their sums, at every so many positions, or behind them: 0.
    template <i64 Every, int P, int O, class F>
    static KILN_INLINE void some_places(const T* x, const T* d, T* c, i64 runs, i64 ci, i64 place, i64 channel, F& beside) {
        lane_gradient_sums<T, L, O, P, gradient_strides, Every>(x + (s::seen(2, 0, place) * inner + ci) * L, d + channel * L, c + ((place * inner + ci) * columns + channel) * L, runs, beside);
        if constexpr (Every == 0) beside();
    }
    template <i64 Every, class F>
    static KILN_INLINE void line_of_places(const T* x, const T* d, T* c, i64 runs, F& beside) {
        for (i64 ci = 0; ci < inner; ++ci)
            each_piece<places>(0, [&](auto p, i64 place) KILN_INLINE_LAMBDA {
                each_piece<gradient_channels>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { some_places<Every, p, many>(x, d, c, runs, ci, place, channel, beside); });
            });
    }
    /// All lines of these images, for one line of places after the other, while the channels that these sums are of stay in the first level of the cache.
    static KILN_INLINE void all_lines(const T* x, const T* d, T* sums, part_range mine) {
        const auto nothing = [] {};
        each_piece<gradient_channels>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA {
            for (i64 ci = 0; ci < inner; ++ci)
                for (i64 m = mine.first; m < mine.last; ++m) {
                    const i64 k0 = m / across.kernel, k1 = m % across.kernel;
                    const auto a0 = s::whole(0, k0, k0 + 1), a1 = s::whole(1, k1, k1 + 1);   // what sees nothing but padding adds nothing
                    if (a1.end == a1.first) continue;
                    for (i64 o0 = a0.first; o0 < a0.end; ++o0)
                        each_piece<places>(0, [&](auto p, i64 place) KILN_INLINE_LAMBDA {
                            some_places<0, p, many>(x + ((s::seen(0, o0, k0) * across.size + s::seen(1, a1.first, k1)) * vectors.line + vectors.before) * inner * L,
                                                    d + (o0 * across.out + a1.first) * s::last.out * position * L, sums + m * sums_of_line * L, a1.end - a1.first, ci, place, channel, nothing);
                        });
                }
        });
    }
    /// A line of what comes back after the other, for all lines of places: they and the lines of the images that their windows see are laid while
    /// the line before is summed, as where results are added to (line_by_line_of_images).
    static constexpr i64 lines_seen = across.reach() + across.stride, lines_there = lines_seen < lines_of_image ? lines_seen : lines_of_image;
    static KILN_INLINE void line_by_line(T* at, T* up, const T* images, const T* slopes, int count, T* sums, part_range mine) {
        typename lines::template some_lines<lines_there> x{at, images, count};
        line_layer<T, L, laid_lines{line_of_columns, line_of_columns, 0, 2, s::windows * columns}> d{up, slopes, count};
        // where registers hold the sums, what they are made of and a strip of 16 bytes, each call lays its share of these between the sums; else squares behind them
        constexpr bool between = places.high * (gradient_channels.high + 1) + gradient_channels.high + 8 < Registers;
        constexpr i64 calls = places.pieces * gradient_channels.pieces * inner * across.kernel, at_once = between ? 16 / sizeof(T) : L;
        constexpr i64 all = (line_of_image * across.stride + at_once - 1) / at_once + (line_of_columns + at_once - 1) / at_once, positions = calls * s::last.out / all;
        constexpr i64 every = !between ? 0 : positions < 1 ? 1 : positions < 4 ? positions : 4;
        [[maybe_unused]] constexpr int some = static_cast<int>((all + calls - 1) / calls);
        const auto elements = [&](i64 n, i64 line, i64 most) KILN_INLINE_LAMBDA { return (n < most ? n : most) * line; };
        for (i64 o = 0; o < across.out; ++o) {
            x.until(elements(across.last_inside(o) + 1, line_of_image, lines_of_image));
            d.until((o + 1) * line_of_columns);
            const i64 first = o * across.stride + across.first_seen(), x_most = elements((first > 0 ? first : 0) + lines_there, line_of_image, lines_of_image), d_most = elements(o + 2, line_of_columns, across.out);
            const auto beside = [&]() KILN_INLINE_LAMBDA {
                if constexpr (!between) d.some(x.some(some, x_most), d_most);
                else {
                    if (count < L) return;
                    if (x.done < x_most) x.strip();
                    else if (d.done < d_most) d.strip();
                }
            };
            for (i64 m = mine.first; m < mine.last; ++m) {
                const i64 line = s::seen(1, o, m);
                if (!s::inside(1, line)) continue;
                line_of_places<every>(at + (line % lines_there * vectors.line + vectors.before) * inner * L, up + o % 2 * line_of_columns * L, sums + m * sums_of_line * L, 1, beside);
            }
        }
    }
    /// Slopes of a pool are spread a line of its windows at a time: what these see is in the first level of the cache while all lines of places are summed.
    static KILN_INLINE void line_by_line_of_pool(const T* x, T* up, char* const* args, i64 image, int images, T* sums, part_range mine) {
        constexpr window_axis outer = lines::pool.axis[0], middle = lines::pool.axis[1];
        const auto nothing = [] {};
        spread slopes(args, image, images);
        for (i64 window = 0; window < outer.out * middle.out; ++window) {
            const i64 first0 = window / middle.out * outer.stride, first1 = window % middle.out * middle.stride;
            slopes.line(up);
            for (i64 m = mine.first; m < mine.last; ++m) {
                const i64 k0 = m / across.kernel, k1 = m % across.kernel;
                const auto inside = s::whole(1, k1, k1 + 1);
                const i64 from = inside.first > first1 ? inside.first : first1, end = inside.end < first1 + middle.kernel ? inside.end : first1 + middle.kernel;
                for (i64 q = 0; q < outer.kernel; ++q)
                    if (const i64 line0 = s::seen(0, first0 + q, k0); s::inside(0, line0) && from < end)
                        line_of_places<0>(x + ((line0 * across.size + s::seen(1, from, k1)) * vectors.line + vectors.before) * inner * L,
                                          up + (q * middle.kernel + from - first1) * line_of_columns * L, sums + m * sums_of_line * L, end - from, nothing);
            }
        }
    }
    static KILN_INLINE void keep_first(T* p, i64 n, int lanes) {
        for (i64 k = 0; k < n; ++k, p += L) store(p, load_some<tile_lanes<T, L>>(p, lanes));
    }
    static constexpr i64 sums_of_line = s::last.kernel * inner * columns;
    static constexpr i64 bytes_of_sums = (vectors.results * static_cast<i64>(sizeof(T)) + 63) / 64 * 64;
    static KILN_INLINE raw<T, L> sums_of_row(const T* sums, i64 row) {
        raw<T, L> v[L]{};
        for (i64 c = 0; c < columns; ++c) v[c] = load<tile_lanes<T, L>>(sums + (row * columns + c) * L).v;
        return sums_across<T, L>(v);
    }
    /// Of some images, for these lines of places; to `slice`, if there is one, once they are summed across lanes.
    static KILN_INLINE void sums_over_windows(const operands& o, [[maybe_unused]] char* const* args, T* at, part_range some, part_range mine, char* slice) {
        T *const up = at + vectors.read * L, *const sums = up + vectors.seconds * L;
        fill_run<T, L>(sums, T{}, vectors.results * L);
        lines::clear_padding(at, by_lines_of_places ? lines_there * vectors.line * inner : vectors.read);
        if constexpr (base::computes_right)
            if constexpr (!lines::pool.side_by_side()) fill_run<T, L>(up, T{}, vectors.seconds * L);   // what no window of the pool sees
        const i64 n = some.last - some.first;
        int images = static_cast<int>(n % L ? n % L : L);
        for (i64 k = some.first; k < some.last; k += images, images = L) {
            if constexpr (by_lines_of_places) line_by_line(at, up, o.a + k * s::image, o.b + k * s::windows * columns, images, sums, mine);
            else {
                lines::lay_images(at, o.a + k * s::image, images);
                if constexpr (base::computes_right) line_by_line_of_pool(at, up, args, k, images, sums, mine);
                else {
                    if constexpr (position > columns) line_layer<T, L, laid_lines{columns, position, 0, s::windows, s::windows * columns}>{up, o.b + k * s::windows * columns, images}.until(s::windows * columns);
                    else pack<T, L>(up, L, 0, o.b + k * s::windows * columns, images, s::windows * columns, 1, s::windows * columns);
                    all_lines(at, up, sums, mine);
                }
            }
            if (images < L) keep_first(sums, vectors.results, images);   // the first images are few, their other lanes copies
        }
        for (i64 row = 0; slice && row < vectors.results / columns; ++row)
            store_some(tile_lanes<T, L>{sums_of_row(sums, row)}, reinterpret_cast<T*>(slice) + row * columns, static_cast<int>(columns));
    }
    /// The body on the sums of these lines of places, or on those of all slices.
    static KILN_INLINE void sums_done(state& st, const T* at, const place& p0, part_range mine, const char* slice, regs& columns_sums) {
        for (i64 row = mine.first * s::last.kernel * inner; row < mine.last * s::last.kernel * inner; ++row) {
            alignas(64) T here[L];
            store(here, tile_lanes<T, L>{slice ? load_some<tile_lanes<T, L>>(reinterpret_cast<const T*>(slice) + row * columns, static_cast<int>(columns)).v
                                               : sums_of_row(at + (vectors.read + vectors.seconds) * L, row)});
            const tile_operands<T> t{nullptr, nullptr, 0, 0, 0, 0, here, L, false, static_cast<int>(columns)};
            base::epilogue(st, t, 1, 1, p0, row, 0, &columns_sums);
        }
    }
};

}  // namespace kiln::cpu
