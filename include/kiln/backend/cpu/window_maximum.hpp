// window_max, with places or without, window_at_max, window_from_place: each vector of windows is looked through by itself, since what a window of a pool sees are a few
// vectors that stay in registers. Lanes are what lies side by side in the image, or of one channel the windows of a line.
#pragma once
#include <kiln/backend/cpu/windows.hpp>
#include <kiln/passes/window_places.hpp>

namespace kiln::cpu {

/// One lane, for which compilers write better code than for a vector of one.
template <class T>
struct one_lane {
    using element_type = T;
    static constexpr int lanes = 1;
    T v;
    static KILN_INLINE one_lane splat(T x) { return {x}; }
    friend KILN_INLINE bool operator<=(one_lane a, one_lane b) { return a.v <= b.v; }
    friend KILN_INLINE bool operator>(one_lane a, one_lane b) { return a.v > b.v; }
    friend KILN_INLINE bool operator==(one_lane a, one_lane b) { return a.v == b.v; }
    friend KILN_INLINE one_lane operator+(one_lane a, one_lane b) { return {static_cast<T>(a.v + b.v)}; }
    friend KILN_INLINE one_lane select(bool c, one_lane a, one_lane b) { return c ? a : b; }
};
/// The first of the largest that lanes V have seen, a NaN is larger than any number: what it is, and the number of its place, in lanes N; -1
/// where they have seen nothing.
template <class V, class N>
struct first_of_largest {
    using T = typename V::element_type;
    using number_type = std::numeric_limits<T>;
    V most = V::splat(number_type::has_infinity ? static_cast<T>(-number_type::infinity()) : number_type::lowest());
    N place = N::splat(-1);
    bool none = true;

    KILN_INLINE void see(V v, int number) {
        const N here = N::splat(static_cast<typename N::element_type>(number));
        if (none) {
            most = v;
            place = here;
        } else {
            const auto larger = [&] {
                if constexpr (!std::is_floating_point_v<T>) return v > most;
                else if constexpr (V::lanes == 1) return !(v <= most) && most == most;
                else return ~(v <= most) & (most == most);
            }();
            most = select(larger, v, most);
            place = select(larger, here, place);
        }
        none = false;
    }
};
/// What these have in common: windows over an image, argument `Image` of K.
template <class K, int VB, int Image>
struct windows_of_maximum {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 inner = s::inner, lines = g.axis[0].out * g.axis[1].out, step = s::last.stride;   // lines of windows, over an image
    using T = ctype_of<K::node(0).type>;
    static constexpr int B = sizeof(T), L = VB / B;
    template <int W>
    using lanes = std::conditional_t<W == 1, one_lane<T>, simd<T, W, B>>;
    template <int W>
    using numbers = std::conditional_t<W == 1, one_lane<int_of<B>>, simd<int_of<B>, W, B>>;

    static constexpr bool beside = inner == 1;   // lanes are windows
    static constexpr auto w0 = s::whole(0, 0, g.axis[0].kernel), w1 = s::whole(1, 0, g.axis[1].kernel), w2 = s::whole(2, 0, s::last.kernel);
    /// Lanes, a power of two: as many as `inner` fills, or of one channel no more than there are windows that see nothing but the image.
    static constexpr int V = [] {
        int v = 1;
        while (v < L && (beside ? 2 * v <= w2.end - w2.first : v < inner)) v *= 2;
        return v;
    }();
    static constexpr i64 work(const i64* sizes) { return sizes[2 * Image]; }

    // ---- N of W lanes that lie side by side
    template <int W, int N>
    static KILN_INLINE lanes<W> some(const T* p) {
        if constexpr (N == W) return load<lanes<W>>(p);
        else return load_some<lanes<W>>(p, N);
    }
    template <int W, int N>
    static KILN_INLINE void put(T* p, lanes<W> x) {
        if constexpr (N == W) store(p, x);
        else store_some(x, p, N);
    }
    /// Places in memory, of P; `no_place` of bytes is no number that a window has. They lie in the arena, so that whole vectors may be read.
    template <class P, int W, int N>
    static KILN_INLINE void put_places(char* to, i64 at, numbers<W> x) {
        P* const p = reinterpret_cast<P*>(to) + at;
        if constexpr (W == 1) *p = static_cast<P>(x.v);
        else {
            const simd<P, W, B> v = convert<P>(x);
            if constexpr (N == W) store(p, v);
            else store_some(v, p, N);
        }
    }
    template <class P, int W>
    static KILN_INLINE numbers<W> places(const char* from, i64 at) {
        const P* const p = reinterpret_cast<const P*>(from) + at;
        if constexpr (W == 1) return {static_cast<int_of<B>>(*p)};
        else return convert<int_of<B>>(load<simd<P, W, B>>(p));
    }
    // ---- what lanes see of the image at one place. In every second element: two vectors, of which the second ends with the last of them.
    template <int W, int N>
    static KILN_INLINE lanes<W> seen(const T* p) {
        if constexpr (!beside || W == 1 || step == 1) return some<W, N>(p);
        else if constexpr (step == 2) return every_other<W>(p, std::make_integer_sequence<int, W>{});
        else {
            lanes<W> r{};
            for (int k = 0; k < W; ++k) r.v[k] = p[k * step];
            return r;
        }
    }
    template <int W, int... J>
    static KILN_INLINE lanes<W> every_other(const T* p, std::integer_sequence<int, J...>) {
        return {__builtin_shufflevector(load<lanes<W>>(p).v, load<lanes<W>>(p + W - 1).v, (2 * J < W ? 2 * J : 2 * J + 1)...)};
    }
    /// Windows of two elements each, side by side: what both of their places get, by turns.
    template <int W, int... J>
    static KILN_INLINE void put_by_turns(T* p, lanes<W> x, lanes<W> y, std::integer_sequence<int, J...>) {
        store(p, lanes<W>{__builtin_shufflevector(x.v, y.v, (J / 2 + (J % 2 ? W : 0))...)});
        store(p + W, lanes<W>{__builtin_shufflevector(x.v, y.v, ((W + J) / 2 + (J % 2 ? W : 0))...)});
    }
    /// Adds x to what `seen` reads.
    template <int W, int N>
    static KILN_INLINE void add(T* p, lanes<W> x) {
        if constexpr (!beside || W == 1 || step == 1) put<W, N>(p, some<W, N>(p) + x);
        else if constexpr (step == 2) add_to_every_other<W>(p, x, std::make_integer_sequence<int, W>{});
        else
            for (int k = 0; k < W; ++k) p[k * step] += x.v[k];
    }
    template <int W, int... J>
    static KILN_INLINE void add_to_every_other(T* p, lanes<W> x, std::integer_sequence<int, J...>) {
        const lanes<W> zero{};
        store(p, load<lanes<W>>(p) + lanes<W>{__builtin_shufflevector(x.v, zero.v, (J % 2 == 0 ? J / 2 : W)...)});
        store(p + W - 1, load<lanes<W>>(p + W - 1) + lanes<W>{__builtin_shufflevector(x.v, zero.v, (J % 2 == 1 ? (W - 1 + J) / 2 : W)...)});
    }

    /// A window, or W of them: where the first lies, and whether they see nothing but the image.
    template <bool Whole, int W>
    struct window {
        static constexpr int width = W;
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
        template <int N>
        KILN_INLINE auto largest(const T* x) const {
            first_of_largest<lanes<W>, numbers<W>> r;
            each_place([&](int number, i64 at) KILN_INLINE_LAMBDA { r.see(seen<W, N>(x + at), number); });
            return r;
        }
    };
    /// Calls f(window, how many lanes, how many of them were done before, where they lie in what windows give, where their image begins) for a
    /// range of lines of windows.
    template <class F>
    static KILN_INLINE void each_window(part_range mine, F f) {
        for (i64 line = mine.first; line < mine.last; ++line) {
            const i64 image = line / lines * s::image, o0 = line % lines / g.axis[1].out, o1 = line % lines % g.axis[1].out, first = line * s::last.out;
            const bool whole = o0 >= w0.first && o0 < w0.end && o1 >= w1.first && o1 < w1.end;
            const auto partly = [&](i64 from, i64 to) KILN_INLINE_LAMBDA {
                for (i64 o = from; o < to; ++o) each_vector(window<false, beside ? 1 : V>{o0, o1, o}, (first + o) * inner, image, f);
            };
            if (!whole) {
                partly(0, s::last.out);
                continue;
            }
            partly(0, w2.first);
            if constexpr (!beside)
                for (i64 o = w2.first; o < w2.end; ++o) each_vector(window<true, V>{o0, o1, o}, (first + o) * inner, image, f);
            else if constexpr (w2.end > w2.first)
                for (i64 o = w2.first; o < w2.end; o += V) {   // the last vector overlaps the one before it
                    const i64 at = o + V <= w2.end ? o : w2.end - V;
                    f(window<true, V>{o0, o1, at}, std::integral_constant<int, V>{}, static_cast<int>(o - at), first + at, image);
                }
            partly(w2.end, s::last.out);
        }
    }
    /// The same for a part of all lines of windows, which give so many elements.
    template <class F>
    static KILN_INLINE void each_of(i64 elements, int part, int parts, F f) {
        if constexpr (s::windows * inner > 0) each_window(range_of(elements / (s::windows * inner) * lines, part, parts, 1), f);
    }
    /// All of `inner`.
    template <class W, class F>
    static KILN_INLINE void each_vector(W w, i64 at, i64 image, F f) {
        for (i64 c = 0; c + W::width <= inner; c += W::width) f(w, std::integral_constant<int, W::width>{}, 0, at + c, image + c);
        if constexpr (inner % W::width != 0) f(w, std::integral_constant<int, static_cast<int>(inner % W::width)>{}, 0, at + inner / W::width * W::width, image + inner / W::width * W::width);
    }
};

/// With places, if it has a result for them.
template <class K, int VB>
struct window_max_kernel : windows_of_maximum<K, VB, 0> {
    using base = windows_of_maximum<K, VB, 0>;
    using typename base::T, typename base::s;
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        const T* x = reinterpret_cast<const T*>(a[0]);
        T* out = reinterpret_cast<T*>(a[1]);
        base::each_of(sizes[2], part, parts, [&](auto w, auto n, int, i64 window, i64 image) KILN_INLINE_LAMBDA {
            const auto found = w.template largest<n>(x + image);
            base::template put<w.width, n>(out + window, found.most);
            if constexpr (K::n == 3) base::template put_places<ctype_of<K::node(2).type>, w.width, n>(a[2], window, found.place);
        });
    }
};
template <class K, int VB>
struct window_at_max_kernel : windows_of_maximum<K, VB, 1> {
    using base = windows_of_maximum<K, VB, 1>;
    using typename base::T, typename base::s;
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        const T *t = reinterpret_cast<const T*>(a[0]), *x = reinterpret_cast<const T*>(a[1]);
        T* out = reinterpret_cast<T*>(a[2]);
        base::each_of(sizes[4], part, parts, [&](auto w, auto n, int, i64 window, i64 image) KILN_INLINE_LAMBDA {
            using numbers = typename base::template numbers<w.width>;
            const auto place = w.template largest<n>(x + image).place;
            typename base::template lanes<w.width> r{};
            w.each_place([&](int number, i64 at) KILN_INLINE_LAMBDA {
                r = select(place == numbers::splat(static_cast<int_of<base::B>>(number)), base::template seen<w.width, n>(t + image + at), r);
            });
            base::template put<w.width, n>(out + window, r);
        });
    }
};
template <class K, int VB>
struct window_from_place_kernel : windows_of_maximum<K, VB, 2> {
    using base = windows_of_maximum<K, VB, 2>;
    using base::g;
    using typename base::T, typename base::s;
    static constexpr bool by_turns = base::beside && g.side_by_side() && base::step == 2;
    static constexpr bool all = g.side_by_side() && (!base::beside || by_turns || base::V == 1);   // of the image is stored, once
    static constexpr bool apart = [] {   // no element is seen twice
        for (const window_axis& a : g.axis)
            if (a.dilation != 1 || a.kernel > a.stride) return false;
        return !base::beside || base::V == 1;
    }();
    /// An image is one part's, but where all of it is stored.
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if constexpr (s::image > 0) {
            constexpr i64 pieces = all ? base::lines : 1;
            const T* d = reinterpret_cast<const T*>(a[0]);
            T* out = reinterpret_cast<T*>(a[2]);
            const part_range mine = range_of(sizes[4] / s::image * pieces, part, parts, 1);
            if constexpr (!all) fill_run<T, base::L>(out + mine.first * s::image, T{}, (mine.last - mine.first) * s::image);
            base::each_window({mine.first * (base::lines / pieces), mine.last * (base::lines / pieces)}, [&](auto w, auto n, int done, i64 window, i64 image) KILN_INLINE_LAMBDA {
                using lanes = typename base::template lanes<w.width>;
                using numbers = typename base::template numbers<w.width>;
                lanes slope = base::template some<w.width, n>(d + window);
                if constexpr (!by_turns && base::beside && w.width > 1) slope = select(lane_numbers<numbers>() < numbers::splat(static_cast<int_of<base::B>>(done)), lanes{}, slope);
                const auto place = base::template places<ctype_of<K::node(1).type>, w.width>(a[1], window);
                [[maybe_unused]] lanes before{};
                w.each_place([&](int number, i64 at) KILN_INLINE_LAMBDA {
                    const lanes here = select(place == numbers::splat(static_cast<int_of<base::B>>(number)), slope, lanes{});
                    if constexpr (by_turns && w.width > 1) {
                        if (number % 2) base::template put_by_turns<w.width>(out + image + at - 1, before, here, std::make_integer_sequence<int, w.width>{});
                        before = here;
                    } else if constexpr (apart) base::template put<w.width, n>(out + image + at, here);
                    else base::template add<w.width, n>(out + image + at, here);
                });
            });
        }
    }
};

}  // namespace kiln::cpu
