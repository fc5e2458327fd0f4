// Gradients of filters of windows whose channels do not mix: sums over windows, where image and slopes lie.
#pragma once
#include <kiln/backend/cpu/depthwise.hpp>

namespace kiln::cpu {

/// depthwise_filters.
template <class K, int VB>
struct depthwise_filters_kernel : depthwise_lanes<K, VB>, depthwise_positions<K, false> {
    using shape = depthwise_lanes<K, VB>;
    using at = depthwise_positions<K, false>;
    using typename shape::T;
    using shape::L, shape::V, shape::inner, shape::places, shape::flat, shape::kernel, shape::slides;
    static constexpr i64 pitch = flat ? shape::round : inner, line = at::targets(2), of_image = at::targets(0) * at::targets(1);

    // Threads share images, or many channels.
    static constexpr bool interleaved = false, splits = true;
    static constexpr int phases = 1;
    static constexpr i64 indices(const i64*) { return 1; }
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
                add_line(sums, reinterpret_cast<const T*>(a[0]) + n * line * inner, reinterpret_cast<const T*>(a[1]) + n / of_image * shape::s::image, n % of_image, columns);
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

    static KILN_INLINE void add_line(T* sums, const T* y, const T* x, i64 of_line, part_range columns) {
        typename at::source_line lines[at::lines];
        const int n_lines = at::lines_of(of_line, lines);
        if constexpr (slides) sliding(sums, y, x, lines, n_lines, columns);
        else at::each_run(0, line, [&](const typename at::run& r) KILN_INLINE_LAMBDA {
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
    /// Some windows of a line at a time, and lines of the image whose sums are in registers beside them.
    static constexpr i64 most_windows = VB == 64 ? 16 : 4;
    static constexpr int most_lines = (VB == 64 ? 20 : 10) / kernel, lines_at_once = at::lines < most_lines ? static_cast<int>(at::lines) : most_lines;
    static KILN_INLINE void sliding(T* sums, const T* y, const T* x, const typename at::source_line* lines, int n, part_range columns) {
        constexpr even_pieces pieces{line, most_windows};
        each_piece<pieces>(0, [&](auto windows, i64 p) KILN_INLINE_LAMBDA {
            const i64 seen = p + at::g.axis[2].first_seen();
            const bool inside = seen >= 0 && seen + windows + kernel - 1 <= at::sources(2);
            const auto some = [&](auto several, int m) KILN_INLINE_LAMBDA {
                for (i64 c = columns.first; c < columns.last; c += V) {
                    const i64 left = columns.last - c;
                    if (inner % V != 0 && left < V) slide<windows, several, true, true>(sums + c, y + p * inner + c, x + c, lines + m, seen, static_cast<int>(left));
                    else if (inside) slide<windows, several, false, false>(sums + c, y + p * inner + c, x + c, lines + m, seen, V);
                    else slide<windows, several, true, false>(sums + c, y + p * inner + c, x + c, lines + m, seen, V);
                }
            };
            int m = 0;
            if constexpr (lines_at_once > 1)
                for (; m + lines_at_once <= n; m += lines_at_once) some(std::integral_constant<int, lines_at_once>{}, m);
            for (; m < n; ++m) some(std::integral_constant<int, 1>{}, m);
        });
    }
    template <int Windows, int Lines, bool Checked, bool Some>
    static KILN_INLINE void slide(T* sums, const T* y, const T* x, const typename at::source_line* lines, i64 seen, int count) {
        raw<T, V> slope[Windows];
#pragma GCC unroll 16
        for (int p = 0; p < Windows; ++p) slope[p] = load_lanes<T, V, Some>(y + p * inner, count);
#pragma GCC unroll 8
        for (int m = 0; m < Lines; ++m) {
            raw<T, V> sum[kernel];
            T* const to = sums + lines[m].place * inner;
#pragma GCC unroll 8
            for (int k = 0; k < kernel; ++k) sum[k] = load_lanes<T, V, Some>(to + shape::place_after(k) * inner, count);
#pragma GCC unroll 32
            for (int q = 0; q < Windows + kernel - 1; ++q) {
                if (Checked && !at::within(2, seen + q)) continue;
                const raw<T, V> v = tile_lanes<T, V>::settled(load_lanes<T, V, Some>(x + (lines[m].at + seen + q) * inner, count)).v;
#pragma GCC unroll 8
                for (int k = 0; k < kernel; ++k)
                    if (q >= k && q - k < Windows) sum[k] = multiply_add<T, V>(v, slope[q - k], sum[k]);
            }
#pragma GCC unroll 8
            for (int k = 0; k < kernel; ++k) {
                if constexpr (Some) store_some(tile_lanes<T, V>{sum[k]}, to + shape::place_after(k) * inner, count);
                else store(to + shape::place_after(k) * inner, tile_lanes<T, V>{sum[k]});
            }
        }
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
