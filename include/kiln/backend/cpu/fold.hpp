// fold: windows added back where they came from.
#pragma once
#include <kiln/backend/cpu/windows.hpp>

namespace kiln::cpu {

/// Each element of the image is the sum of what sees it.
template <class K, int VB>
struct fold_kernel {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 inner = s::inner;
    using T = ctype_of<K::node(0).type>;
    static constexpr int L = VB / static_cast<int>(sizeof(T));
    template <int V>
    using lanes = simd<T, V, static_cast<int>(sizeof(T))>;

    static constexpr i64 lines = g.axis[0].size * g.axis[1].size;   // of an image
    static constexpr i64 work(const i64* sizes) { return sizes[0]; }
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::image > 0) {
            const part_range mine = range_of(sizes[2] / s::image * lines, part, parts, 1);
            for (i64 n = mine.first; n < mine.last; ++n) {
                const i64 p = n % lines / g.axis[1].size, q = n % lines % g.axis[1].size;
                of_line(reinterpret_cast<T*>(a[1]) + n * (s::last.size * inner), reinterpret_cast<const T*>(a[0]) + n / lines * s::patches, p, q);
            }
        }
    }
    /// Which window sees an element at place k; -1: none.
    static KILN_INLINE i64 position(int axis, i64 p, i64 k) {
        const i64 at = p + g.axis[axis].low - k * g.axis[axis].dilation, o = at / g.axis[axis].stride;
        return at >= 0 && o * g.axis[axis].stride == at && o < g.axis[axis].out ? o : -1;
    }
    /// Calls f with every place in `in`, relative to a line's, that is added to element i of a line of the image.
    template <class F>
    static KILN_INLINE void each(i64 i, F f) {
        constexpr window_axis a = s::last;
        constexpr i64 along = s::position_pitch(2), across = s::place_pitch(2);
        if constexpr (a.dilation == 1) {
            const i64 at = i + a.low;
            if (at < 0) return;
            i64 o = at / a.stride;
            const i64 least = at < a.kernel ? 0 : (at - a.kernel) / a.stride + 1;
            o = o < a.out ? o : a.out - 1;
            for (i64 p = o * along + (at - o * a.stride) * across; o >= least; --o, p += a.stride * across - along) f(p);
        } else
            for (i64 k = 0; k < a.kernel; ++k)
                if (const i64 o = position(2, i, k); o >= 0) f(o * along + k * across);
    }
    static KILN_INLINE void of_line(T* x, const T* in, i64 p, i64 q) {
        if constexpr (g.side_by_side()) {
            constexpr i64 apart = g.kernel_first ? s::last.kernel : 1, run = s::last.kernel / apart * inner;   // a run of each place, or one of all
            const T* from = in + p / g.axis[0].stride * s::position_pitch(0) + p % g.axis[0].stride * s::place_pitch(0) +
                            q / g.axis[1].stride * s::position_pitch(1) + q % g.axis[1].stride * s::place_pitch(1);
            for (i64 k = 0; k < apart; ++k, from += s::place_pitch(2))
                for (i64 o = 0; o < s::last.out; ++o) run_of<T, L, run>::copy(x + (o * apart + k) * run, from + o * s::position_pitch(2));
            return;
        }
        const T* from[s::lines + 1]{};
        int n = 0;
        for (i64 k0 = 0; k0 < g.axis[0].kernel; ++k0)
            for (i64 k1 = 0; k1 < g.axis[1].kernel; ++k1) {
                const i64 o0 = position(0, p, k0), o1 = position(1, q, k1);
                if (o0 >= 0 && o1 >= 0)
                    from[n++] = in + o0 * s::position_pitch(0) + k0 * s::place_pitch(0) + o1 * s::position_pitch(1) + k1 * s::place_pitch(1);
            }
        constexpr i64 size = s::last.size, row = s::last.kernel * inner, step = s::last.stride * inner;
        constexpr int across = run_of<T, L, s::last.out>::V, channels = maskable && lanes_over(inner) >= 4 ? lanes_over(inner) : run_of<T, L, inner>::V;
        if constexpr (inner == 1 && g.kernel_first && s::last.stride == 1 && across > 1) elements_beside<across>(x, from, n);
        else if constexpr (inner == 1 && g.kernel_first) one_by_one(x, from, n);
        else if constexpr (!g.kernel_first && inner <= 2 && s::last.dilation == 1 && s::last.low >= 0 && row > 1 && row <= L && size * inner * i64{sizeof(T)} <= 16384) sliding_sum<lanes_over(row), row, step>(x, from, n);
        else if constexpr (inner == 1) one_by_one(x, from, n);
        else
            for (i64 i = 0; i < size; ++i, x += inner)
                for (i64 c = 0; c < inner; c += channels) {   // the last vector overlaps the one before it
                    const i64 at = c + channels <= inner || inner < channels ? c : inner - channels;
                    lanes<channels> sum{};
                    each(i, [&](i64 o) KILN_INLINE_LAMBDA {
                        for (int m = 0; m < n; ++m) sum = sum + some<channels, inner>(from[m] + o + at);
                    });
                    if constexpr (inner < channels) {   // two halves, which overlap
                        constexpr int half = channels / 2;
                        using halves = std::make_integer_sequence<int, half>;
                        store(x, lanes<half>{lanes_from<0>(sum.v, halves{})});
                        store(x + inner - half, lanes<half>{lanes_from<inner - half>(sum.v, halves{})});
                    }
                    else store(x + at, sum);
                }
    }
    static constexpr int lanes_over(i64 n) {
        int v = 1;
        while (v < n && v < L) v *= 2;
        return v;
    }
#ifdef __AVX2__
    static constexpr bool maskable = sizeof(T) >= 4;   // some lanes are one load
#else
    static constexpr bool maskable = false;
#endif
    /// The first N lanes, the others are 0.
    template <int V, i64 N>
    static KILN_INLINE lanes<V> some(const T* p) {
        if constexpr (N >= V) return load<lanes<V>>(p);
        else if constexpr (maskable && V * sizeof(T) >= 32) return load_some<lanes<V>>(p, static_cast<int>(N));
#ifdef __AVX2__
        else if constexpr (sizeof(T) == 4 && V == 4)
            return {(raw<T, V>)_mm_maskload_epi32(reinterpret_cast<const int*>(p), __m128i{-1, N == 3 ? 0xffffffff : 0})};
#endif
        else {
            lanes<V> r{};
#pragma GCC unroll 16
            for (int k = 0; k < N; ++k) r.v[k] = p[k];
            return r;
        }
    }
    using number = std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>, std::type_identity<T>>::type;
    static KILN_INLINE T plus(T a, T b) { return static_cast<T>(static_cast<number>(static_cast<number>(a) + static_cast<number>(b))); }

    /// Lanes are elements of the line, one beside the other.
    template <int V>
    static KILN_INLINE void elements_beside(T* x, const T* const* from, int n) {
        const auto one = [&](i64 i) KILN_INLINE_LAMBDA {
            T sum{};
            each(i, [&](i64 o) KILN_INLINE_LAMBDA {
                for (int m = 0; m < n; ++m) sum = plus(sum, from[m][o]);
            });
            x[i] = sum;
        };
        // [first, end): windows see them at every place
        constexpr window_axis l = s::last;
        constexpr i64 reach = (l.kernel - 1) * l.dilation, a = (reach > 0 ? reach : 0) - l.low, b = l.out + (reach < 0 ? reach : 0) - l.low;
        constexpr i64 first = a > 0 ? a : 0, end = b < l.size ? b : l.size;
        i64 i = 0;
        for (; i < l.size && i < first; ++i) one(i);
        for (; i + V <= end; i += V) {
            lanes<V> sum{};
            for (i64 k = 0; k < l.kernel; ++k) {
                const i64 at = i + l.low - k * l.dilation + k * s::place_pitch(2);
                for (int m = 0; m < n; ++m) sum = sum + load<lanes<V>>(from[m] + at);
            }
            store(x + i, sum);
        }
        for (; i < l.size; ++i) one(i);
    }
    /// The line is a sum that moves on by a window's step.
    template <int V, i64 Row, i64 Step>
    static KILN_INLINE void sliding_sum(T* x, const T* const* from, int n) {
        constexpr i64 used = s::last.out * Step, all = (s::last.size + s::last.low) * inner, longest = (used > all ? used : all) + V;
        T line[longest];
        lanes<V> sum{};
        for (i64 o = 0; o < s::last.out; ++o) {
            lanes<V> sums{};
            for (int m = 0; m < n; ++m) sums = sums + some<V, Row>(from[m] + o * s::position_pitch(2));
            sum = sum + sums;
            store(line + o * Step, sum);
            if constexpr (Step < V) sum.v = moved<Step>(sum.v, std::make_integer_sequence<int, V>{});
            else {   // between windows that lie apart nothing is seen
                sum = lanes<V>{};
                for (i64 k = V; k < Step; ++k) line[o * Step + k] = T{};
            }
        }
        store(line + used, sum);
        for (i64 i = used + V; i < all; ++i) line[i] = T{};
        run_of<T, L, s::last.size * inner>::copy(x, line + s::last.low * inner);
    }
    template <i64 Step, class V, int... J>
    static KILN_INLINE V moved(V v, std::integer_sequence<int, J...>) {
        constexpr int n = sizeof...(J);
        return __builtin_shufflevector(v, V{}, (J + Step < n ? J + static_cast<int>(Step) : n)...);
    }
    static KILN_INLINE void one_by_one(T* x, const T* const* from, int n) {
        constexpr window_axis l = s::last;
        run_of<T, L, l.size>::fill(x, T{});
        for (i64 k = 0; k < l.kernel; ++k) {
            const auto whole = s::whole(2, k, k + 1);
            for (int m = 0; m < n; ++m) {
                const T* p = from[m] + k * s::place_pitch(2);
                T* const to = x + s::seen(2, 0, k);
                for (i64 o = whole.first; o < whole.end; ++o) to[o * l.stride] = plus(to[o * l.stride], p[o * s::position_pitch(2)]);
            }
        }
    }
};

}  // namespace kiln::cpu
