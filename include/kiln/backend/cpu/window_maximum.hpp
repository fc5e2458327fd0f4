// window_max, window_at_max, window_from_max: lanes are what lies beside one another in the image, and each window is looked through by
// itself, since a window of a pool is a few vectors that stay in registers.
#pragma once
#include <kiln/backend/cpu/windows.hpp>
#include <kiln/ops/window_maximum.hpp>

namespace kiln::cpu {

/// What the three have in common: windows over an image, K's operand `Image`.
template <class K, int VB, int Image>
struct windows_of_maximum {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 inner = s::inner, lines = g.axis[0].out * g.axis[1].out;   // of windows, over an image
    using T = ctype_of<K::node(0).type>;
    static constexpr int B = sizeof(T);
    static constexpr int V = [] {
        int v = 1;
        while (v < inner && v < VB / B) v *= 2;
        return v;
    }();
    using lanes = simd<T, V, B>;
    using numbers = simd<int_of<B>, V, B>;

    static constexpr i64 work(const i64* sizes) { return sizes[2 * Image]; }

    template <int N>
    static KILN_INLINE lanes some(const T* p) {
        if constexpr (N == V) return load<lanes>(p);
        else return load_some<lanes>(p, N);
    }
    template <int N>
    static KILN_INLINE void put(T* p, lanes x) {
        if constexpr (N == V) store(p, x);
        else store_some(x, p, N);
    }
    /// Calls f(how many lanes, from where on) for all of `inner`.
    template <class F>
    static KILN_INLINE void each_vector(F f) {
        for (i64 c = 0; c + V <= inner; c += V) f(std::integral_constant<int, V>{}, c);
        if constexpr (inner % V != 0) f(std::integral_constant<int, static_cast<int>(inner % V)>{}, inner / V * V);
    }
    /// One window: where it lies, and whether it sees nothing but the image.
    template <bool Whole>
    struct window {
        i64 o0, o1, o2;

        /// Calls f(number, offset in the image) for its places inside of the image.
        template <class F>
        KILN_INLINE void each_place(F f) const {
            int number = 0;
#pragma GCC unroll 4
            for (i64 k0 = 0; k0 < g.axis[0].kernel; ++k0)
#pragma GCC unroll 4
                for (i64 k1 = 0; k1 < g.axis[1].kernel; ++k1)
#pragma GCC unroll 4
                    for (i64 k2 = 0; k2 < s::last.kernel; ++k2, ++number) {
                        const i64 p = s::seen(0, o0, k0), q = s::seen(1, o1, k1), r = s::seen(2, o2, k2);
                        if (Whole || (s::inside(0, p) && s::inside(1, q) && s::inside(2, r))) f(number, ((p * g.axis[1].size + q) * s::last.size + r) * inner);
                    }
        }
        /// The first of the largest: what it is, and the number of its place; -1 where all is padding.
        struct found {
            lanes most;
            numbers place;
        };
        template <int N>
        KILN_INLINE found largest(const T* x) const {
            using number_type = std::numeric_limits<T>;
            bool none = true;
            found r{lanes::splat(number_type::has_infinity ? static_cast<T>(-number_type::infinity()) : number_type::lowest()), numbers::splat(-1)};
            each_place([&](int number, i64 at) KILN_INLINE_LAMBDA {
                const lanes v = some<N>(x + at);
                const numbers here = numbers::splat(static_cast<int_of<B>>(number));
                if (none) r = {v, here};
                else {
                    const auto larger = [&] {
                        if constexpr (std::is_floating_point_v<T>) return ~(v <= r.most) & (r.most == r.most);
                        else return v > r.most;
                    }();
                    r = {select(larger, v, r.most), select(larger, here, r.place)};
                }
                none = false;
            });
            return r;
        }
    };
    /// Calls f(window, how many windows lie before it, how many images) for lines of windows [from, to).
    template <class F>
    static KILN_INLINE void each_window(part_range mine, F f) {
        constexpr auto w0 = s::whole(0, 0, g.axis[0].kernel), w1 = s::whole(1, 0, g.axis[1].kernel), w2 = s::whole(2, 0, s::last.kernel);
        for (i64 line = mine.first; line < mine.last; ++line) {
            const i64 image = line / lines, o0 = line % lines / g.axis[1].out, o1 = line % lines % g.axis[1].out;
            const bool whole = o0 >= w0.first && o0 < w0.end && o1 >= w1.first && o1 < w1.end;
            i64 o = 0;
            if constexpr (s::leaves(0) || s::leaves(1) || s::leaves(2))
                for (; o < (whole ? w2.first : s::last.out); ++o) f(window<false>{o0, o1, o}, line * s::last.out + o, image);
            for (; o < (s::leaves(2) ? w2.end : s::last.out); ++o) f(window<true>{o0, o1, o}, line * s::last.out + o, image);
            if constexpr (s::leaves(2))
                for (; o < s::last.out; ++o) f(window<false>{o0, o1, o}, line * s::last.out + o, image);
        }
    }
};

template <class K, int VB>
struct window_max_kernel : windows_of_maximum<K, VB, 0> {
    using base = windows_of_maximum<K, VB, 0>;
    using typename base::T, typename base::s;
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::windows * s::inner > 0) {
            const T* x = reinterpret_cast<const T*>(a[0]);
            T* out = reinterpret_cast<T*>(a[1]);
            base::each_window(range_of(sizes[2] / (s::windows * s::inner) * base::lines, part, parts, 1), [&](auto w, i64 window, i64 image) KILN_INLINE_LAMBDA {
                base::each_vector([&](auto n, i64 c) KILN_INLINE_LAMBDA {
                    base::template put<n>(out + window * s::inner + c, w.template largest<n>(x + image * s::image + c).most);
                });
            });
        }
    }
};
template <class K, int VB>
struct window_at_max_kernel : windows_of_maximum<K, VB, 1> {
    using base = windows_of_maximum<K, VB, 1>;
    using typename base::T, typename base::s, typename base::lanes, typename base::numbers;
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::windows * s::inner > 0) {
            const T *t = reinterpret_cast<const T*>(a[0]), *x = reinterpret_cast<const T*>(a[1]);
            T* out = reinterpret_cast<T*>(a[2]);
            base::each_window(range_of(sizes[4] / (s::windows * s::inner) * base::lines, part, parts, 1), [&](auto w, i64 window, i64 image) KILN_INLINE_LAMBDA {
                base::each_vector([&](auto n, i64 c) KILN_INLINE_LAMBDA {
                    const auto place = w.template largest<n>(x + image * s::image + c).place;
                    lanes r{};
                    w.each_place([&](int number, i64 at) KILN_INLINE_LAMBDA {
                        r = select(place == numbers::splat(static_cast<int_of<base::B>>(number)), base::template some<n>(t + image * s::image + c + at), r);
                    });
                    base::template put<n>(out + window * s::inner + c, r);
                });
            });
        }
    }
};
template <class K, int VB>
struct window_from_max_kernel : windows_of_maximum<K, VB, 1> {
    using base = windows_of_maximum<K, VB, 1>;
    using base::g;
    using typename base::T, typename base::s, typename base::lanes, typename base::numbers;
    static constexpr bool all = g.side_by_side();   // of the image is seen, once
    static constexpr bool apart = [] {
        for (const window_axis& a : g.axis)
            if (a.dilation != 1 || a.kernel > a.stride) return false;
        return true;
    }();
    /// Windows that meet are one part's.
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::image > 0) {
            constexpr i64 pieces = all ? base::lines : 1;
            const T *d = reinterpret_cast<const T*>(a[0]), *x = reinterpret_cast<const T*>(a[1]);
            T* out = reinterpret_cast<T*>(a[2]);
            const part_range mine = range_of(sizes[4] / s::image * pieces, part, parts, 1);
            if constexpr (!all) fill_run<T, VB / base::B>(out + mine.first * s::image, T{}, (mine.last - mine.first) * s::image);
            base::each_window({mine.first * (base::lines / pieces), mine.last * (base::lines / pieces)}, [&](auto w, i64 window, i64 image) KILN_INLINE_LAMBDA {
                base::each_vector([&](auto n, i64 c) KILN_INLINE_LAMBDA {
                    const lanes slope = base::template some<n>(d + window * s::inner + c);
                    const auto place = w.template largest<n>(x + image * s::image + c).place;
                    w.each_place([&](int number, i64 at) KILN_INLINE_LAMBDA {
                        T* const to = out + image * s::image + c + at;
                        const lanes here = select(place == numbers::splat(static_cast<int_of<base::B>>(number)), slope, lanes{});
                        base::template put<n>(to, apart ? here : base::template some<n>(to) + here);
                    });
                });
            });
        }
    }
};

}  // namespace kiln::cpu
