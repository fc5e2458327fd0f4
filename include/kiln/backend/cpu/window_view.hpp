// The left operand of a contraction where that is the windows of an image, which lie nowhere: [windows, places], or its
// transpose. Rows of a tile and steps along the inner axis are strides of the image, or of a few lines of it with padding.
#pragma once
#include <kiln/backend/cpu/windows.hpp>
#include <kiln/plan/key.hpp>

namespace kiln::cpu {

/// `runs` times so many steps: rows, steps and runs are so far apart. They are the steps from `first` on, and `apart` from one
/// run to the next.
template <class T>
struct window_steps {
    const T* a = nullptr;
    i64 row = 0, step = 0, steps = 0, runs = 0, run = 0, first = 0, apart = 0;
};

template <class K, class T, int L>
struct window_view {
    static constexpr i64 rows = 0;
};
template <class K, class T, int L>
    requires(K::header.windows)
struct window_view<K, T, L> {
    struct geometry {
        static constexpr u64 constant(int k) { return K::words[first_of_geometry(K::words, K::size) + k]; }
    };
    using s = sliding<geometry>;
    static constexpr window_geometry g = s::g;
    static constexpr window_axis last = s::last;
    static constexpr i64 inner = s::inner, step = last.stride * inner, line = last.size * inner;
    static constexpr bool together = last.dilation == 1, padded = s::leaves(0) || s::leaves(1) || s::leaves(2);
    static constexpr i64 run = together ? last.kernel * inner : inner;   // places that lie one beside the other
    /// Rows are places, and windows are summed over: tiles are of places that the same windows see. Else rows are windows
    /// of one line.
    static constexpr bool of_places = K::header.left == by_columns;
    static constexpr i64 rows = !of_places ? last.out : s::leaves(2) ? inner : run;

    // a copy of lines with their padding, as much of them as a tile sees
    static constexpr bool copies = !of_places && padded;
    static constexpr i64 reach = (last.kernel - 1) * (last.dilation < 0 ? -last.dilation : last.dilation) + 1, behind = last.dilation < 0 ? reach - 1 : 0;
    static constexpr i64 longest = g.line_seen(last.out < 14 ? last.out : 14);
    static constexpr i64 fitting = 8192 / longest, lines_at_once = !together || fitting < 1 ? 1 : fitting < s::lines ? fitting : s::lines;
    static constexpr i64 panel_size = copies ? longest * lines_at_once : 1;

    /// f for all steps of the h rows from i on; where windows are summed over, for those of the images [from, to).
    template <class F>
    static KILN_INLINE void each(T* panel, int h, const T* image, i64 i, i64 from, i64 to, F f) {
        if constexpr (of_places) each_of_places(image, i, from, to, f);
        else each_of_windows(panel, h, image, i, f);
    }
    template <class F>
    static KILN_INLINE void each_of_windows(T* panel, int h, const T* image, i64 i, F f) {
        const T* const x = image + i / s::windows * s::image;
        const i64 o = i % s::windows, o2 = o % last.out, o1 = o / last.out % g.axis[1].out, o0 = o / last.out / g.axis[1].out;
        const i64 first = s::seen(2, o2, 0) - behind, seen = (h - 1) * last.stride + reach;
        if constexpr (!copies) {
            for (i64 k0 = 0; k0 < g.axis[0].kernel; ++k0)
                if constexpr (together)
                    f(window_steps<T>{x + s::line(o0, k0, o1, 0) + first * inner, step, 1, run, g.axis[1].kernel, g.axis[1].dilation * line, k0 * g.axis[1].kernel * run, run});
                else
                    for (i64 k1 = 0; k1 < g.axis[1].kernel; ++k1)
                        f(window_steps<T>{x + s::line(o0, k0, o1, k1) + (first + behind) * inner, step, 1, inner, last.kernel, last.dilation * inner,
                                          (k0 * g.axis[1].kernel + k1) * last.kernel * inner, inner});
        } else {
            for (i64 m = 0; m < s::lines; m += lines_at_once) {
                const i64 n = s::lines - m < lines_at_once ? s::lines - m : lines_at_once;
                for (i64 q = 0; q < n; ++q)
                    copy_line(panel + q * longest, x, s::line(o0, (m + q) / g.axis[1].kernel, o1, (m + q) % g.axis[1].kernel), first, seen);
                if constexpr (together) f(window_steps<T>{panel, step, 1, run, n, longest, m * run, run});
                else f(window_steps<T>{panel + behind * inner, step, 1, inner, last.kernel, last.dilation * inner, m * last.kernel * inner, inner});
            }
        }
    }
    /// n elements of a line from `first` on, which may be outside.
    static KILN_INLINE void copy_line(T* to, const T* x, i64 at, i64 first, i64 n) {
        i64 lo = first < 0 ? -first : 0, hi = last.size - first;
        lo = lo < n ? lo : n;
        hi = at < 0 || hi < lo ? lo : hi < n ? hi : n;
        fill_run<T, L>(to, T{}, lo * inner);
        copy_run<T, L>(to + lo * inner, x + at + (first + lo) * inner, (hi - lo) * inner);
        fill_run<T, L>(to + hi * inner, T{}, (n - hi) * inner);
    }
    /// Windows that see these places in padding add nothing.
    template <class F>
    static KILN_INLINE void each_of_places(const T* image, i64 i, i64 from, i64 to, F f) {
        const i64 c = i % inner, k2 = i / inner % last.kernel, k1 = i / inner / last.kernel % g.axis[1].kernel, k0 = i / inner / last.kernel / g.axis[1].kernel;
        const auto a0 = s::whole(0, k0, k0 + 1), a1 = s::whole(1, k1, k1 + 1), a2 = s::whole(2, k2, k2 + 1);
        if (a1.end == a1.first || a2.end == a2.first) return;
        for (i64 n = from; n < to; ++n)
            for (i64 o0 = a0.first; o0 < a0.end; ++o0)
                f(window_steps<T>{image + n * s::image + s::line(o0, k0, a1.first, k1) + s::seen(2, a2.first, k2) * inner + c, 1, step, a2.end - a2.first,
                                  a1.end - a1.first, g.axis[1].stride * line, ((n * g.axis[0].out + o0) * g.axis[1].out + a1.first) * last.out + a2.first, last.out});
    }
};

}  // namespace kiln::cpu
