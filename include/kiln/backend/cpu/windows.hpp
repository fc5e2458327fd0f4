// Windows that slide over an image: where each lies, as constants of the key, so that copies of a window's rows are a few
// vectors. patches.hpp copies them out, fold.hpp adds them back,
// window_maximum.hpp looks through them.
#pragma once
#include <kiln/backend/cpu/lanes_in_memory.hpp>
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
    if (const int rest = static_cast<int>(n - k); rest > 0 && rest < L) store_some(load_some<lanes>(from + k, rest), to + k, rest);   // g++ wants to hear both
}
template <class T, int L>
KILN_INLINE void fill_run(T* to, T x, i64 n) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    i64 k = 0;
    for (; k + L <= n; k += L) store(to + k, lanes::splat(x));
    if (const int rest = static_cast<int>(n - k); rest > 0 && rest < L) store_some(lanes::splat(x), to + k, rest);
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
    static KILN_INLINE constexpr bool inside(int axis, i64 p) { return p >= 0 && p < g.axis[axis].size; }
    /// Where window o sees place k.
    static KILN_INLINE constexpr i64 seen(int axis, i64 o, i64 k) { return o * g.axis[axis].stride + k * g.axis[axis].dilation - g.axis[axis].low; }
    /// The line of the image that positions and places along the outer two axes meet in; -1: none.
    static KILN_INLINE i64 line(i64 o0, i64 k0, i64 o1, i64 k1) {
        const i64 p = seen(0, o0, k0), q = seen(1, o1, k1);
        return inside(0, p) && inside(1, q) ? (p * g.axis[1].size + q) * last.size * inner : -1;
    }
    /// Whether a window sees padding along an axis.
    static constexpr bool leaves(int axis) { return g.axis[axis].first_seen() < 0 || g.axis[axis].end_seen() > g.axis[axis].size; }
    static constexpr i64 seen_first = last.first_seen(), seen_end = last.end_seen();
    /// The positions [first, end) along an axis that see the places [from, to) inside of the image.
    struct span {
        i64 first, end;
    };
    static constexpr span whole(int axis, i64 from, i64 to) {
        const window_axis l = g.axis[axis];
        const i64 a = from * l.dilation - l.low, b = (to - 1) * l.dilation - l.low, least = a < b ? a : b, most = a < b ? b : a;
        i64 first = least < 0 ? (-least + l.stride - 1) / l.stride : 0, end = most < l.size ? (l.size - 1 - most) / l.stride + 1 : 0;
        first = first < l.out ? first : l.out;
        end = end < l.out ? end : l.out;
        return {first, end > first ? end : first};
    }
};

}  // namespace kiln::cpu
