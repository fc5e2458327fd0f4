// patches: windows copied out of an image.
#pragma once
#include <kiln/backend/cpu/windows.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct patches_kernel {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 inner = s::inner;
    static constexpr dtype type = K::node(0).type;
    using T = int_of<size_of(type)>;   // copies know no dtype
    static constexpr int L = VB / static_cast<int>(sizeof(T));

    /// Outputs are one block for each position along the outer two axes, or for each place.
    static constexpr i64 blocks = g.kernel_first ? g.axis[0].kernel * g.axis[1].kernel : g.axis[0].out * g.axis[1].out;
    static constexpr i64 work(const i64* sizes) { return sizes[2]; }
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::patches > 0) {
            const part_range mine = range_of(sizes[2] / s::patches * blocks, part, parts, 1);
            for (i64 n = mine.first; n < mine.last; ++n) {
                const T* x = reinterpret_cast<const T*>(a[0]) + n / blocks * s::image;
                T* out = reinterpret_cast<T*>(a[1]) + n * (s::patches / blocks);
                constexpr i64 second = g.kernel_first ? g.axis[1].kernel : g.axis[1].out;
                const i64 u = n % blocks / second, v = n % blocks % second;
                if constexpr (g.kernel_first) of_place(out, x, u, v);
                else of_position(out, x, u, v);
            }
        }
    }

    /// All windows of a line of positions: [position, place, inner]. Short lines are copied with their padding first.
    static KILN_INLINE void of_position(T* out, const T* x, i64 o0, i64 o1) {
        constexpr auto whole = s::whole(2, 0, s::last.kernel);
        constexpr bool padded = whole.first > 0 || whole.end < s::last.out || s::leaves(0) || s::leaves(1);
        constexpr i64 length = s::seen_end - s::seen_first, from = s::seen_first > 0 ? s::seen_first : 0, to = s::seen_end < s::last.size ? s::seen_end : s::last.size;
        constexpr bool copied = padded && to > from && length * inner * s::lines * i64{sizeof(T)} <= 16384;
        T copies[copied ? length * inner * s::lines : 1];
        const T* line[s::lines];
        int m = 0;
        for (i64 k0 = 0; k0 < g.axis[0].kernel; ++k0)
            for (i64 k1 = 0; k1 < g.axis[1].kernel; ++k1, ++m) {
                const i64 at = s::line(o0, k0, o1, k1);
                line[m] = at < 0 ? nullptr : x + at;
                if constexpr (copied) {
                    T* const p = copies + m * length * inner;
                    if (at < 0) run_of<T, L, length * inner>::fill(p, T{});
                    else {
                        run_of<T, L, (from - s::seen_first) * inner>::fill(p, T{});
                        run_of<T, L, (to - from) * inner>::copy(p + (from - s::seen_first) * inner, line[m] + from * inner);
                        run_of<T, L, (s::seen_end - to) * inner>::fill(p + (to - s::seen_first) * inner, T{});
                    }
                    line[m] = p - s::seen_first * inner;
                }
            }
        i64 o = 0;
        if constexpr (!copied)
            for (; o < whole.first; ++o) out = window<false, false>(out, line, o);
        for (; o < (copied ? s::last.out : whole.end); ++o) out = window<true, copied || !padded>(out, line, o);
        if constexpr (!copied)
            for (; o < s::last.out; ++o) out = window<false, false>(out, line, o);
    }
    template <bool Whole, bool Lines>
    static KILN_INLINE T* window(T* out, const T* const* line, i64 o) {
        constexpr i64 size = s::last.kernel;
        constexpr bool together = s::last.dilation == 1;
        const T fill{};
        const i64 first = s::seen(2, o, 0);
#pragma GCC unroll 4
        for (i64 m = 0; m < s::lines; ++m, out += size * inner) {
            if (!Lines && !line[m]) run_of<T, L, size * inner>::fill(out, fill);
            else if constexpr (Whole && together) run_of<T, L, size * inner>::copy(out, line[m] + first * inner);
            else
                for (i64 k = 0; k < size; ++k) {
                    const i64 at = first + k * s::last.dilation;
                    if (Whole || s::inside(2, at)) run_of<T, L, inner>::copy(out + k * inner, line[m] + at * inner);
                    else run_of<T, L, inner>::fill(out + k * inner, fill);
                }
        }
        return out;
    }

    /// What all windows see at the places of a line: [place, position, inner].
    static KILN_INLINE void of_place(T* out, const T* x, i64 k0, i64 k1) {
        constexpr i64 row = s::last.out * inner;
        const T fill{};
        for (i64 k = 0; k < s::last.kernel; ++k) {
            const auto whole = s::whole(2, k, k + 1);
            for (i64 o0 = 0; o0 < g.axis[0].out; ++o0)
                for (i64 o1 = 0; o1 < g.axis[1].out; ++o1, out += row) {
                    const i64 line = s::line(o0, k0, o1, k1);
                    if (line < 0) {
                        run_of<T, L, row>::fill(out, fill);
                        continue;
                    }
                    const T* from = x + line + s::seen(2, 0, k) * inner;
                    fill_run<T, L>(out, fill, whole.first * inner);
                    if constexpr (s::last.stride == 1) copy_run<T, L>(out + whole.first * inner, from + whole.first * inner, (whole.end - whole.first) * inner);
                    else
                        for (i64 o = whole.first; o < whole.end; ++o) run_of<T, L, inner>::copy(out + o * inner, from + o * s::last.stride * inner);
                    fill_run<T, L>(out + whole.end * inner, fill, (s::last.out - whole.end) * inner);
                }
        }
    }
};

}  // namespace kiln::cpu
