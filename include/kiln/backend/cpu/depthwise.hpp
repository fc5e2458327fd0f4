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
    /// They do so where vectors of the channels alone would be too many.
    static constexpr bool flat = s::last.stride == 1 && 4 * L * ((inner + V - 1) / V) > 5 * inner && places * padded_round * i64{sizeof(T)} <= 24576;
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
    using shape::L, shape::V, shape::inner, shape::places, shape::flat;
    static constexpr bool weighted = K::n == 3;
    static constexpr i64 line = at::targets(2);
    static constexpr bool same = L % inner == 0;   // what vectors of a line are multiplied with
    /// A row of filters, which is as long as vectors of a line go round in it.
    static constexpr i64 pitch = !flat ? inner : same ? 2 * L : shape::padded_round < line * inner + L ? shape::padded_round : line * inner + L;
    /// Lines in parts of about this many elements, so that threads share few lines too.
    static constexpr i64 pieces = line * inner <= 8192 ? 1 : line * inner / 4096, of_image = at::targets(0) * at::targets(1) * pieces;
    static constexpr i64 work(const i64* sizes) { return sizes[2 * (K::n - 1)] * (1 + places / 8); }

    struct source {
        const T *x, *w;
    };
    // Windows that see no padding, or that of a small image, which is copied with it, see something at all of their places.
    static constexpr i64 before(int axis) {
        const i64 first = at::g.axis[axis].first_seen();
        return first < 0 ? -first : 0;
    }
    static constexpr i64 padded(int axis) {
        const i64 end = at::g.axis[axis].end_seen(), size = at::g.axis[axis].size;
        return before(axis) + (end > size ? end : size);
    }
    static constexpr i64 image = at::g.image() * inner, padded_image = padded(0) * padded(1) * padded(2) * inner;
    static constexpr bool copied = padded_image > image, whole = !Backward && padded_image * i64{sizeof(T)} <= (copied ? 16384 : i64{1} << 40);

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
            if constexpr (whole) {
                if (copied && m != held) copy_image(copy, from + m * image);
                held = m;
                const i64 q0 = of_line / at::targets(1) * at::g.axis[0].stride, q1 = of_line % at::targets(1) * at::g.axis[1].stride;
                const i64 x = (copied ? 0 : m * image) + ((q0 * padded(1) + q1) * padded(2) + first * at::advance) * inner;
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
        const auto along = [](int axis, i64 p) { return p * at::g.axis[axis].dilation - at::g.axis[axis].low + before(axis); };
        return (along(0, k0) * padded(1) + along(1, k1)) * padded(2) + along(2, k2);
    }
    static KILN_INLINE void copy_image(T* to, const T* from) {
        for (i64 i = 0; i < at::sources(0); ++i)
            for (i64 j = 0; j < at::sources(1); ++j, from += at::sources(2) * inner)
                copy_run<T, L>(to + (((i + before(0)) * padded(1) + j + before(1)) * padded(2) + before(2)) * inner, from, at::sources(2) * inner);
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

/// depthwise_filters.
template <class K, int VB>
struct depthwise_filters_kernel : depthwise_lanes<K, VB>, depthwise_positions<K, false> {
    using shape = depthwise_lanes<K, VB>;
    using at = depthwise_positions<K, false>;
    using typename shape::T;
    using shape::L, shape::V, shape::inner, shape::places, shape::flat;
    static constexpr i64 pitch = flat ? shape::round : inner, line = at::targets(2), of_image = at::targets(0) * at::targets(1);

    // Threads share images, or many channels.
    static constexpr bool interleaved = false, splits = true;
    static constexpr int phases = 1;
    static constexpr i64 bytes_of_sums = places * pitch * static_cast<i64>(sizeof(T));
    static constexpr bool joins = slices::have_room(bytes_of_sums) && (flat || inner < 8 * V || bytes_of_sums <= 4096);
    static constexpr i64 work(const i64* sizes) { return sizes[0] * (1 + places / 8); }
    static constexpr i64 kept_bytes(const i64*) { return bytes_of_sums; }
    static constexpr i64 scratch_of(const i64*) { return 0; }
    static void join(char* to, char* next, const i64*, int) {
        T *const t = reinterpret_cast<T*>(to), *const n = reinterpret_cast<T*>(next);
        for (i64 k = 0; k < places * pitch; ++k) t[k] += n[k];
    }

    static void run(char* const* a, const i64* sizes, int part, int parts) {
        if (ran_in_slices<depthwise_filters_kernel, K>(a, sizes, part, parts)) return;
        const bool a_slice = joins && parts < 0;
        T* const out = reinterpret_cast<T*>(a[2]);
        alignas(64) T here[flat ? places * pitch : 1];
        T* const sums = a_slice ? reinterpret_cast<T*>(a[arguments_of<K>]) : flat ? here : out;
        if (!a_slice || part < -parts) {
            const part_range columns = a_slice ? part_range{0, inner} : flat ? part_range{0, part == 0 ? inner : 0} : range_of(inner, part, parts, V);
            if (columns.first == columns.last) return;
            for (i64 k = 0; k < places; ++k)
                for (i64 i = flat ? 0 : columns.first; i < (flat ? pitch : columns.last); ++i) sums[k * pitch + i] = 0;
            const part_range all = range_of(sizes[0] / (of_image * line * inner) * of_image, a_slice ? part : 0, a_slice ? -parts : 1, 1);
            for (i64 n = all.first; n < all.last; ++n)
                add_line(sums, reinterpret_cast<const T*>(a[0]) + n * line * inner, reinterpret_cast<const T*>(a[1]) + n / of_image * s_image, n % of_image, columns);
            if (a_slice) return;
        }
        if constexpr (flat) {
            for (i64 k = 0; k < places; ++k)
                for (i64 c = 0; c < inner; ++c) {
                    T sum{};
                    for (i64 i = c; i < pitch; i += inner) sum += sums[k * pitch + i];
                    out[k * inner + c] = sum;
                }
        } else if (a_slice) __builtin_memcpy(out, sums, bytes_of_sums);
    }
    static constexpr i64 s_image = at::s::image;

    static KILN_INLINE void add_line(T* sums, const T* y, const T* x, i64 of_line, part_range columns) {
        typename at::source_line lines[at::lines];
        const int n_lines = at::lines_of(of_line, lines);
        at::each_run(0, line, [&](const typename at::run& r) KILN_INLINE_LAMBDA {
            for (int m = 0; m < n_lines; ++m)
                for (int k = 0; k < r.count;) {
                    const auto some = [&](auto many) KILN_INLINE_LAMBDA {
                        add_run<many>(sums + (lines[m].place + r.place[k]) * pitch, y + r.first * inner, x + (lines[m].at + r.from[k]) * inner, r.n, columns);
                        k += many;
                    };
                    if (r.count - k >= at_once) some(std::integral_constant<int, at_once>{});
                    else some(std::integral_constant<int, 1>{});
                }
        });
    }
    /// Places of a line whose sums are in registers together: a divisor of all.
    static constexpr int at_once = [] {
        int n = 8;
        while (at::kernel % n != 0) --n;
        return n;
    }();
    template <int N>
    static KILN_INLINE void add_run(T* sums, const T* y, const T* x, i64 n, part_range columns) {
        if constexpr (flat) {
            const i64 all = n * inner, whole = all / L * L;
            for (i64 j = 0; j < whole && j < pitch; j += L) add<N, L, false>(sums + j, y + j, x + j, (whole - j + pitch - 1) / pitch, pitch, pitch, L);
            if (whole < all) add<N, L, true>(sums + whole % pitch, y + whole, x + whole, 1, 0, 0, static_cast<int>(all - whole));
        } else
            for (i64 c = columns.first; c < columns.last; c += V) {
                const i64 left = columns.last - c;
                if constexpr (V == 1) add<N, some_lanes<T, 1>::n, true>(sums + c, y + c, x + c, n, inner, at::advance * inner, 1);
                else if (inner % V == 0 || left >= V) add<N, V, false>(sums + c, y + c, x + c, n, inner, at::advance * inner, V);
                else add<N, V, true>(sums + c, y + c, x + c, n, inner, at::advance * inner, static_cast<int>(left));
            }
    }
    /// For N places n products, with several sums for each: a sum to which every product adds would wait for each.
    template <int N, int Lanes, bool Some>
    static KILN_INLINE void add(T* sums, const T* y, const T* x, i64 n, i64 y_step, i64 x_step, int count) {
        constexpr int turns = N >= 6 ? 1 : N >= 4 ? 2 : N == 3 ? 3 : 4;
        constexpr i64 apart = at::g.axis[2].dilation * inner;
        raw<T, Lanes> sum[turns][N]{};
        const auto one = [&](int t) KILN_INLINE_LAMBDA {
            const raw<T, Lanes> v = load_lanes<T, Lanes, Some>(y, count);
#pragma GCC unroll 8
            for (int k = 0; k < N; ++k) sum[t][k] = multiply_add<T, Lanes>(v, load_lanes<T, Lanes, Some>(x + k * apart, count), sum[t][k]);
            y += y_step;
            x += x_step;
        };
        i64 i = 0;
        for (; i + turns <= n; i += turns)
#pragma GCC unroll 4
            for (int t = 0; t < turns; ++t) one(t);
        for (; i < n; ++i) one(0);
#pragma GCC unroll 8
        for (int k = 0; k < N; ++k) {
#pragma GCC unroll 4
            for (int t = 1; t < turns; ++t) sum[0][k] += sum[t][k];
            T* const to = sums + k * pitch;
            const tile_lanes<T, Lanes> total{sum[0][k] + load_lanes<T, Lanes, Some && !flat>(to, count)};
            if constexpr (Some && !flat) store_some(total, to, count);
            else store(to, total);
        }
    }
};

}  // namespace kiln::cpu
