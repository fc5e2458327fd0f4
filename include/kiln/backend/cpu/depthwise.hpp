// Windows whose channels do not mix: sums over them, where the image lies. Lanes are channels or, where windows lie beside one another, elements of a
// line, with filters repeated as often as there are channels in a vector.
#pragma once
#include <numeric>

#include <kiln/backend/cpu/slices.hpp>
#include <kiln/backend/cpu/tile_sums.hpp>
#include <kiln/backend/cpu/windows.hpp>

namespace kiln::cpu {

/// Targets, what is computed, and sources, what each is the sum of, position by position along an axis: windows of an image, or Backward, an image
/// that windows have seen.
template <class K, bool Backward>
struct depthwise_positions {
    using s = sliding<K>;
    static constexpr window_geometry g = s::g;
    static constexpr i64 lines = s::lines, kernel = g.axis[2].kernel;   // places along the last axis

    static constexpr i64 targets(int axis) { return Backward ? g.axis[axis].size : g.axis[axis].out; }
    static constexpr i64 sources(int axis) { return Backward ? g.axis[axis].out : g.axis[axis].size; }
    /// So many targets on, the same places have sources, `advance` on.
    static constexpr i64 period = Backward ? g.axis[2].stride : 1, advance = Backward ? 1 : g.axis[2].stride;
    static constexpr bool beside = g.axis[2].stride == 1;

    /// Target q at place k: false where there is no source, else there is one at `from`, if that is within.
    static KILN_INLINE bool meets(int axis, i64 q, i64 k, i64& from) {
        const window_axis& a = g.axis[axis];
        from = Backward ? q + a.low - k * a.dilation : q * a.stride + k * a.dilation - a.low;
        if (!Backward || a.stride == 1) return true;
        const bool yes = from % a.stride == 0;
        from /= a.stride;
        return yes;
    }
    static KILN_INLINE bool within(int axis, i64 from) { return from >= 0 && from < sources(axis); }

    /// The lines of sources that a line of targets is made of, [first, first + lines(of the others)), and their places.
    struct source_line {
        i64 at, place;   // elements without channels, of the outer two axes
    };
    static KILN_INLINE int lines_of(i64 line, source_line* r) {
        const i64 q0 = line / targets(1), q1 = line % targets(1);
        int n = 0;
        for (i64 k0 = 0, p0; k0 < g.axis[0].kernel; ++k0)
            for (i64 k1 = 0, p1; k1 < g.axis[1].kernel; ++k1)
                if (meets(0, q0, k0, p0) && within(0, p0) && meets(1, q1, k1, p1) && within(1, p1)) r[n++] = {(p0 * sources(1) + p1) * sources(2), (k0 * g.axis[1].kernel + k1) * kernel};
        return n;
    }
    /// A run of targets along the last axis, `period` apart, that have sources at the same places.
    struct run {
        i64 first, n;
        int count;
        i64 place[kernel], from[kernel];   // the source of the first of them
    };
    /// Calls f with the runs of which the targets [first, last) consist.
    template <class F>
    static KILN_INLINE void each_run(i64 first, i64 last, F f) {
        run r{};
        for (i64 begin = first; begin < first + period && begin < last; ++begin)
            for (r.first = begin; r.first < last; r.first += r.n * period) {
                r.n = (last - r.first + period - 1) / period;
                r.count = 0;
                for (i64 k = 0, from; k < kernel; ++k) {
                    if (!meets(2, r.first, k, from)) continue;
                    i64 most = r.n;   // for how many targets this stays so
                    if (within(2, from)) {
                        most = (sources(2) - 1 - from) / advance + 1;
                        r.place[r.count] = k;
                        r.from[r.count++] = from;
                    } else if (from < 0) most = (-from + advance - 1) / advance;
                    r.n = most < r.n ? most : r.n;
                }
                f(r);
            }
    }
};

/// How vectors lie on lines of channels.
template <class K, int VB>
struct depthwise_lanes {
    using s = sliding<K>;
    using T = ctype_of<K::node(0).type>;
    static constexpr int L = VB / static_cast<int>(sizeof(T));
    static constexpr i64 inner = s::inner, places = s::places;
    static constexpr int V = run_of<T, L, inner>::V;   // lanes of the channels of one position
    /// Vectors that go over positions see channels again after so many elements.
    static constexpr i64 round = std::lcm(inner, i64{L}), padded_round = round + 3 * L;
    /// They do so where vectors of the channels alone would be twice as many.
    static constexpr bool flat = s::last.stride == 1 && L * ((inner + V - 1) / V) >= 2 * inner && places * padded_round * i64{sizeof(T)} <= 24576;
    /// Windows one element apart, whose places are too: what one sees at a place, the one beside it sees at another, and it is loaded once for all of them.
    static constexpr int kernel = static_cast<int>(s::last.kernel);
    static constexpr bool slides = !flat && V > 1 && s::last.stride == 1 && s::last.dilation * s::last.dilation == 1 && kernel <= 7;
    /// Lanes of sums, filters and an element that fit into registers: so many positions at a time.
    static constexpr i64 most_at_once = VB == 64 ? 16 : kernel < 6 ? 8 : 6;
    static constexpr i64 place_after(i64 k) { return s::last.dilation > 0 ? k : kernel - 1 - k; }   // in the order of what they see
};

/// A vector of channels; a single one is each lane of some.
template <class T, int Lanes>
struct some_lanes {
    static constexpr int n = Lanes > 1 ? Lanes : 16 / static_cast<int>(sizeof(T));
    using lanes = tile_lanes<T, n>;
    static KILN_INLINE raw<T, n> at(const T* p) {
        if constexpr (Lanes > 1) return load<lanes>(p).v;
        else return lanes::splat(*p).v;
    }
    static KILN_INLINE void put(T* p, raw<T, n> v) {
        if constexpr (Lanes > 1) store(p, lanes{v});
        else *p = v[0];
    }
};

/// depthwise, and Backward depthwise_image.
template <class K, int VB, bool Backward>
struct depthwise_kernel : depthwise_lanes<K, VB>, depthwise_positions<K, Backward> {
    using shape = depthwise_lanes<K, VB>;
    using at = depthwise_positions<K, Backward>;
    using typename shape::T;
    using shape::L, shape::V, shape::inner, shape::places, shape::flat, shape::kernel;
    static constexpr bool weighted = K::n == 3;
    static constexpr i64 line = at::targets(2);
    static constexpr bool same = L % inner == 0;   // what vectors of a line are multiplied with
    /// A row of filters, which is as long as vectors of a line go round in it.
    static constexpr i64 pitch = !flat ? inner : same ? 2 * L : shape::padded_round < line * inner + L ? shape::padded_round : line * inner + L;
    static constexpr bool slides = shape::slides && !Backward;
    static constexpr int at_once = static_cast<int>(even_pieces(line, shape::most_at_once).high);
    /// Lines in parts of some thousand elements, so that threads share few lines too.
    static constexpr i64 pieces = line * inner <= 8192 || line < 4 * at_once ? 1 : line / (2 * at_once) < line * inner / 4096 ? line / (2 * at_once) : line * inner / 4096, of_image = at::targets(0) * at::targets(1) * pieces;
    static constexpr i64 work(const i64* sizes) { return sizes[2 * (K::n - 1)] * (1 + places / 8); }

    struct source {
        const T *x, *w;
    };
    // Windows that see no padding, or that of a small image, which is copied with it, see something at all of their places.
    static constexpr i64 image = at::g.image() * inner, padded_image = at::g.axis[0].padded() * at::g.axis[1].padded() * at::g.axis[2].padded() * inner;
    static constexpr bool copied = padded_image > image, whole = !Backward && !slides && padded_image * i64{sizeof(T)} <= (copied ? 16384 : i64{1} << 40);

    static void run(char* const* a, const i64* sizes, int part, int parts) {
        const T* w = weighted ? reinterpret_cast<const T*>(a[1]) : nullptr;
        alignas(64) T repeated[weighted && flat ? places * pitch + inner + L : 1];
        if constexpr (weighted && flat) {
            for (i64 k = 0; k < places; ++k) repeat(repeated + k * pitch, w + k * inner);
            w = repeated;
        }
        T* const to = reinterpret_cast<T*>(a[K::n - 1]);
        const T* const from = reinterpret_cast<const T*>(a[0]);
        constexpr i64 target_image = at::targets(0) * at::targets(1) * line * inner, source_image = at::sources(0) * at::sources(1) * at::sources(2) * inner;
        const part_range mine = range_of(sizes[2 * (K::n - 1)] / target_image * of_image, part, parts, 1);
        alignas(64) T copy[whole && copied ? padded_image : 1];
        source all[places];
        if constexpr (whole) {
            if constexpr (copied) fill_run<T, L>(copy, T{}, padded_image);
            for (i64 k = 0; k < places; ++k) all[k] = {(copied ? copy : from) + place(k) * inner, w + (weighted ? k * pitch : 0)};
        }
        for (i64 n = mine.first, held = -1; n < mine.last; ++n) {
            const i64 m = n / of_image, of_line = n % of_image / pieces, piece = n % pieces;
            T* const here = to + m * target_image + of_line * line * inner;
            const i64 first = line * piece / pieces, last = line * (piece + 1) / pieces;
            if constexpr (slides) sliding(here, from + m * source_image, w, of_line, first, last);
            else if constexpr (whole) {
                if (copied && m != held) copy_image(copy, from + m * image);
                held = m;
                const i64 q0 = of_line / at::targets(1) * at::g.axis[0].stride, q1 = of_line % at::targets(1) * at::g.axis[1].stride;
                const i64 x = (copied ? 0 : m * image) + ((q0 * at::g.axis[1].padded() + q1) * at::g.axis[2].padded() + first * at::advance) * inner;
                if constexpr (flat && line * inner >= L) along_line(here + first * inner, all, places, (last - first) * inner, x);
                else by_positions(here + first * inner, all, places, last - first, x);
            } else one_line(here, from + m * source_image, w, of_line, first, last);
        }
    }
    /// As often as a row has room, and a little beyond.
    static KILN_INLINE void repeat(T* to, const T* w) {
        if constexpr (inner <= L) {
            const auto v = load_some<tile_lanes<T, L>>(w, static_cast<int>(inner));
            for (i64 i = 0; i < pitch; i += inner) store(to + i, v);
        } else
            for (i64 i = 0; i < pitch; i += inner) copy_run<T, L>(to + i, w, inner);
    }
    /// Where the first window sees place k of an image with its padding.
    static constexpr i64 place(i64 k) {
        const i64 k0 = k / at::kernel / at::g.axis[1].kernel, k1 = k / at::kernel % at::g.axis[1].kernel, k2 = k % at::kernel;
        const auto along = [](int axis, i64 p) { return p * at::g.axis[axis].dilation - at::g.axis[axis].low + at::g.axis[axis].before(); };
        return (along(0, k0) * at::g.axis[1].padded() + along(1, k1)) * at::g.axis[2].padded() + along(2, k2);
    }
    static KILN_INLINE void copy_image(T* to, const T* from) {
        for (i64 i = 0; i < at::sources(0); ++i)
            for (i64 j = 0; j < at::sources(1); ++j, from += at::sources(2) * inner)
                copy_run<T, L>(to + (((i + at::g.axis[0].before()) * at::g.axis[1].padded() + j + at::g.axis[1].before()) * at::g.axis[2].padded() + at::g.axis[2].before()) * inner, from, at::sources(2) * inner);
    }
    static KILN_INLINE void one_line(T* to, const T* from, const T* w, i64 of_line, i64 first, i64 last) {
        typename at::source_line lines[at::lines];
        source sources[places];
        const int n_lines = at::lines_of(of_line, lines);
        at::each_run(first, last, [&](const typename at::run& r) KILN_INLINE_LAMBDA {
            int n = 0;
            for (int m = 0; m < n_lines; ++m)
                for (int k = 0; k < r.count; ++k) sources[n++] = {from + (lines[m].at + r.from[k]) * inner, w + (weighted ? (lines[m].place + r.place[k]) * pitch : 0)};
            T* const here = to + r.first * inner;
            if (flat && r.n * inner >= L) along_line(here, sources, n, r.n * inner, 0);
            else by_positions(here, sources, n, r.n, 0);
        });
    }
    /// The targets [first, last) of a line, some at a time; the last of them overlap those before. Those that see padding look whether they do.
    static KILN_INLINE void sliding(T* to, const T* from, const T* w, i64 of_line, i64 first, i64 last) {
        typename at::source_line lines[at::lines];
        const int n = at::lines_of(of_line, lines);
        for (i64 p = first; p < last; p += at_once) {
            const i64 begin = p + at_once <= last ? p : last - at_once, seen = begin + at::g.axis[2].first_seen();
            const bool inside = seen >= 0 && seen + at_once + kernel - 1 <= at::sources(2);
            for (i64 c = 0; c < inner; c += V) {
                const i64 i = c + V <= inner ? c : inner - V;
                if (inside) slide<false>(to + begin * inner + i, from + i, w + i, lines, n, seen);
                else slide<true>(to + begin * inner + i, from + i, w + i, lines, n, seen);
            }
        }
    }
    template <bool Checked>
    static KILN_INLINE void slide(T* to, const T* from, const T* w, const typename at::source_line* lines, int n, i64 seen) {
        using lanes = tile_lanes<T, V>;
        raw<T, V> sum[at_once]{};
        for (int m = 0; m < n; ++m) {
            const T* const x = from + lines[m].at * inner;
            raw<T, V> f[kernel];
#pragma GCC unroll 8
            for (int k = 0; k < kernel; ++k)
                if constexpr (weighted) f[k] = load<lanes>(w + (lines[m].place + shape::place_after(k)) * inner).v;
#pragma GCC unroll 32
            for (int q = 0; q < at_once + kernel - 1; ++q) {
                if (Checked && !at::within(2, seen + q)) continue;
                const raw<T, V> v = lanes::settled(load<lanes>(x + (seen + q) * inner).v).v;
#pragma GCC unroll 8
                for (int k = 0; k < kernel; ++k)
                    if (q >= k && q - k < at_once) {
                        if constexpr (weighted) sum[q - k] = multiply_add<T, V>(v, f[k], sum[q - k]);
                        else sum[q - k] += v;
                    }
            }
        }
#pragma GCC unroll 16
        for (int p = 0; p < at_once; ++p) store(to + p * inner, lanes{sum[p]});
    }
    /// N vectors, so far apart; what they are multiplied with is the same, or lies beside.
    template <int N, int Lanes, bool Same>
    static KILN_INLINE void vectors(T* to, i64 apart, const source* from, int n, i64 x, i64 x_apart, i64 w) {
        using some = some_lanes<T, Lanes>;
        raw<T, some::n> sum[N]{};
        for (int e = 0; e < n; ++e) {
            const T* const p = from[e].x + x;
#pragma GCC unroll 4
            for (int v = 0; v < N; ++v) {
                const auto seen = some::at(p + v * x_apart);
                if constexpr (weighted) sum[v] = multiply_add<T, some::n>(seen, some::at(from[e].w + w + (Same ? 0 : v * Lanes)), sum[v]);
                else sum[v] += seen;
            }
        }
#pragma GCC unroll 4
        for (int v = 0; v < N; ++v) some::put(to + v * apart, sum[v]);
    }
    static KILN_INLINE void along_line(T* to, const source* from, int n, i64 count, i64 x) {
        i64 j = 0;
        for (; j + 4 * L <= count; j += 4 * L) vectors<4, L, same>(to + j, L, from, n, x + j, L, j % shape::round);
        for (; j + L <= count; j += L) vectors<1, L, same>(to + j, L, from, n, x + j, L, j % shape::round);
        if (j < count) vectors<1, L, same>(to + count - L, L, from, n, x + count - L, L, (count - L) % shape::round);
    }
    static KILN_INLINE void by_positions(T* to, const source* from, int n, i64 count, i64 x) {
        constexpr i64 step = at::period * inner, x_step = at::advance * inner;
        const auto some = [&](auto many) KILN_INLINE_LAMBDA {
            for (i64 c = 0; c < inner; c += V) {   // the last vector overlaps the one before it
                const i64 i = c + V <= inner ? c : inner - V;
                vectors<many, V, true>(to + i, step, from, n, x + i, x_step, i);
            }
            to += many * step;
            x += many * x_step;
        };
        for (i64 k = count / 4; k > 0; --k) some(std::integral_constant<int, 4>{});
        for (i64 k = count % 4; k > 0; --k) some(std::integral_constant<int, 1>{});
    }
};

}  // namespace kiln::cpu
