// patches and fold: windows copied out of an image, and added back where they came from. The geometry is a constant of the
// key, so that copies of a window's rows are a few vectors.
#pragma once
#include <kiln/backend/cpu/simd.hpp>
#include <kiln/backend/cpu/threads.hpp>
#include <kiln/ops/windows.hpp>

namespace kiln::cpu {

/// n elements, n a constant: whole vectors, of which the last may overlap the one before it.
template <class T, int Most, i64 N>
struct run_of {
    static constexpr int lanes_for(i64 n) {
        int v = Most;
        while (v > n) v /= 2;
        return v > 0 ? v : 1;
    }
    static constexpr int V = lanes_for(N);
    using lanes = simd<T, V, static_cast<int>(sizeof(T))>;

    static KILN_INLINE void copy([[maybe_unused]] T* to, [[maybe_unused]] const T* from) {
        if constexpr (V == 1) {
            for (i64 k = 0; k < N; ++k) to[k] = from[k];
        } else {
#pragma GCC unroll 4
            for (i64 k = 0; k + V <= N; k += V) store(to + k, load<lanes>(from + k));
            if constexpr (N % V != 0) store(to + N - V, load<lanes>(from + N - V));
        }
    }
    static KILN_INLINE void fill([[maybe_unused]] T* to, [[maybe_unused]] T x) {
        if constexpr (V == 1) {
            for (i64 k = 0; k < N; ++k) to[k] = x;
        } else {
            const lanes v = lanes::splat(x);
#pragma GCC unroll 4
            for (i64 k = 0; k + V <= N; k += V) store(to + k, v);
            if constexpr (N % V != 0) store(to + N - V, v);
        }
    }
};
/// The same for n of the run time.
template <class T, int L>
KILN_INLINE void copy_run(T* to, const T* from, i64 n) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    i64 k = 0;
    for (; k + L <= n; k += L) store(to + k, load<lanes>(from + k));
    if (k < n) store_some(load_some<lanes>(from + k, static_cast<int>(n - k)), to + k, static_cast<int>(n - k));
}
template <class T, int L>
KILN_INLINE void fill_run(T* to, T x, i64 n) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    i64 k = 0;
    for (; k + L <= n; k += L) store(to + k, lanes::splat(x));
    if (k < n) store_some(lanes::splat(x), to + k, static_cast<int>(n - k));
}

/// Positions of the windows (o) and places in them (k) along three axes, and where each lies.
template <class K>
struct sliding {
    static constexpr window_geometry given = window_geometry::from([](int k) { return static_cast<i64>(K::constant(k)); });
    static constexpr window_geometry g = given.in_three_axes();
    static constexpr i64 inner = g.inner, image = given.image() * inner, patches = given.patches() * inner, places = given.places(), windows = given.windows();
    static constexpr window_axis last = g.axis[2];
    static constexpr i64 lines = g.axis[1].kernel * g.axis[0].kernel;   // that a window sees

    /// From one position to the next, from one place to the next: elements in the patches.
    static constexpr i64 position_pitch(int axis) {
        i64 r = g.kernel_first ? inner : places * inner;
        for (int k = 2; k > axis; --k) r *= g.axis[k].out;
        return r;
    }
    static constexpr i64 place_pitch(int axis) {
        i64 r = g.kernel_first ? windows * inner : inner;
        for (int k = 2; k > axis; --k) r *= g.axis[k].kernel;
        return r;
    }
    static KILN_INLINE bool inside(int axis, i64 p) { return p >= 0 && p < g.axis[axis].size; }
    /// Where window o sees place k.
    static KILN_INLINE i64 seen(int axis, i64 o, i64 k) { return o * g.axis[axis].stride + k * g.axis[axis].dilation - g.axis[axis].low; }
    /// The line of the image that positions and places along the outer two axes meet in; -1: none.
    static KILN_INLINE i64 line(i64 o0, i64 k0, i64 o1, i64 k1) {
        const i64 p = seen(0, o0, k0), q = seen(1, o1, k1);
        return inside(0, p) && inside(1, q) ? (p * g.axis[1].size + q) * last.size * inner : -1;
    }
    /// Whether a window sees padding along an axis.
    static constexpr bool leaves(int axis) { return first_seen(axis) < 0 || end_seen(axis) > g.axis[axis].size; }
    /// What the windows see along an axis: [first, end).
    static constexpr i64 first_seen(int axis) {
        const i64 reach = (g.axis[axis].kernel - 1) * g.axis[axis].dilation;
        return (reach < 0 ? reach : 0) - g.axis[axis].low;
    }
    static constexpr i64 end_seen(int axis) {
        const i64 reach = (g.axis[axis].kernel - 1) * g.axis[axis].dilation;
        return (g.axis[axis].out - 1) * g.axis[axis].stride + (reach > 0 ? reach : 0) - g.axis[axis].low + 1;
    }
    static constexpr i64 seen_first = first_seen(2), seen_end = end_seen(2);
    /// The positions along the last axis, so many from the first one on, that lie inside of the line with the places [from, to).
    struct span {
        i64 first, end;
    };
    static constexpr span whole(i64 from, i64 to) {
        const i64 a = from * last.dilation - last.low, b = (to - 1) * last.dilation - last.low, least = a < b ? a : b, most = a < b ? b : a;
        i64 first = least < 0 ? (-least + last.stride - 1) / last.stride : 0, end = most < last.size ? (last.size - 1 - most) / last.stride + 1 : 0;
        first = first < last.out ? first : last.out;
        end = end < last.out ? end : last.out;
        return {first, end > first ? end : first};
    }
};

template <class K, int VB>
struct patches_kernel {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 inner = s::inner;
    static constexpr dtype type = K::node(0).type;
    using T = int_of<size_of(type)>;   // copies know no dtype
    static constexpr int L = VB / static_cast<int>(sizeof(T));
    static constexpr T padding() {
        using E = ctype_of<type>;
        E x{};
        if constexpr (s::given.lowest && type != dtype::boolean)
            x = is_floating(type) ? static_cast<E>(-__builtin_huge_val()) : std::numeric_limits<E>::lowest();
        return __builtin_bit_cast(T, x);
    }

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
        constexpr auto whole = s::whole(0, s::last.kernel);
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
                    if (at < 0) run_of<T, L, length * inner>::fill(p, padding());
                    else {
                        run_of<T, L, (from - s::seen_first) * inner>::fill(p, padding());
                        run_of<T, L, (to - from) * inner>::copy(p + (from - s::seen_first) * inner, line[m] + from * inner);
                        run_of<T, L, (s::seen_end - to) * inner>::fill(p + (to - s::seen_first) * inner, padding());
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
        const T fill = padding();
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
        const T fill = padding();
        for (i64 k = 0; k < s::last.kernel; ++k) {
            const auto whole = s::whole(k, k + 1);
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
            else sum = lanes<V>{};
        }
        store(line + used, sum);
        for (i64 i = used + V; i < all; ++i) line[i] = T{};
        run_of<T, L, s::last.size * inner>::copy(x, line + s::last.low * inner);
    }
    template <i64 From, class V, int... J>
    static KILN_INLINE auto lanes_from(V v, std::integer_sequence<int, J...>) {
        return __builtin_shufflevector(v, v, (J + static_cast<int>(From))...);
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
            const auto whole = s::whole(k, k + 1);
            for (int m = 0; m < n; ++m) {
                const T* p = from[m] + k * s::place_pitch(2);
                T* const to = x + s::seen(2, 0, k);
                for (i64 o = whole.first; o < whole.end; ++o) to[o * l.stride] = plus(to[o * l.stride], p[o * s::position_pitch(2)]);
            }
        }
    }
};

}  // namespace kiln::cpu
