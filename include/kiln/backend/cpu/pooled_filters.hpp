// A contraction that sums over windows what a maximum pool gives back, gradients of filters: at the place of each of the pool's windows
// (plan/sums_at_places.hpp).
#pragma once
#include <kiln/backend/cpu/contraction.hpp>
#include <kiln/plan/sums_at_places.hpp>

namespace kiln::cpu {

/// How far apart the elements of an image with its padding, of slopes and places are.
struct place_strides {
    i64 image, line, run, columns;       // from image to image, from line to line of places, elements of one; from window to window of slopes
    i64 out[max_window_axes], window[max_window_axes], kernel[max_window_axes], place[max_window_axes];   // windows of the pool and their places along each axis, and how far apart
};
template <place_strides S>
constexpr auto offsets_of_places = [] {
    struct {
        int at[S.kernel[0] * S.kernel[1] * S.kernel[2]];
    } r{};
    int n = 0;
    for (i64 i = 0; i < S.kernel[0]; ++i)
        for (i64 j = 0; j < S.kernel[1]; ++j)
            for (i64 k = 0; k < S.kernel[2]; ++k) r.at[n++] = static_cast<int>(i * S.place[0] + j * S.place[1] + k * S.place[2]);
    return r;
}();

/// Adds to the sums of some lines of places of one channel what images have at the places of its slopes, times these.
template <class T, int L, int Lines, place_strides S>
[[gnu::noinline]] void add_at_places(const T* x, const T* slope, const std::uint8_t* place, T* sums, i64 images) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    constexpr int V = static_cast<int>((S.run + L - 1) / L);
    constexpr auto at = [](int v) { return S.run < L ? 0 : v * L + L <= S.run ? v * L : S.run - L; };   // the last vector overlaps the one before it
    const auto some = [](const T* p) KILN_INLINE_LAMBDA {
        if constexpr (S.run < L) return load_some<lanes>(p, static_cast<int>(S.run));
        else return load<lanes>(p);
    };
    raw<T, L> sum[Lines][V];
#pragma GCC unroll 32
    for (int m = 0; m < Lines; ++m)
#pragma GCC unroll 32
        for (int v = 0; v < V; ++v) sum[m][v] = some(sums + m * S.run + at(v)).v;
    for (; images > 0; --images, x += S.image)
        for (i64 i = 0; i < S.out[0]; ++i)
            for (i64 j = 0; j < S.out[1]; ++j) {
                const T* window = x + i * S.window[0] + j * S.window[1];
                for (i64 k = 0; k < S.out[2]; ++k, window += S.window[2], slope += S.columns, place += S.columns) {
                    const T* const p = window + offsets_of_places<S>.at[*place];
                    const lanes here{lanes::settled(lanes::splat(*slope).v)};
#pragma GCC unroll 32
                    for (int m = 0; m < Lines; ++m)
#pragma GCC unroll 32
                        for (int v = 0; v < V; ++v) sum[m][v] = fma(here, some(p + m * S.line + at(v)), lanes{sum[m][v]}).v;
                }
            }
#pragma GCC unroll 32
    for (int m = 0; m < Lines; ++m)
#pragma GCC unroll 32
        for (int v = 0; v < V; ++v)
            if constexpr (S.run < L) store_some(lanes{sum[m][v]}, sums + m * S.run, static_cast<int>(S.run));
            else store(sums + m * S.run + at(v), lanes{sum[m][v]});
}

template <class K, int VB, int Registers>
struct pooled_filters : contraction<K, VB, Registers> {
    using base = contraction<K, VB, Registers>;
    using base::L;
    using typename base::regs, typename base::state, typename base::T, typename base::operands;
    using s = typename base::windows_seen::s;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr window_geometry g = s::g, pool = pool_within({K::words, K::size});
    static constexpr i64 columns = base::n1_constant, inner = g.inner;
    static constexpr int argument = key_of_prologue<K, 1>::within.argument;   // the slopes, then the places
    static constexpr sums_at_places sums = sums_at_places_of(g, columns, sizeof(T), VB, pool);
    static constexpr i64 line = sums.size[2] * inner, plane = sums.size[1] * line;
    static constexpr place_strides strides = [] {
        place_strides r{sums.image() * inner, g.axis[1].dilation * line, sums.run, columns, {}, {}, {}, {}};
        const i64 apart[max_window_axes]{plane, line, inner};
        for (int k = 0; k < max_window_axes; ++k) {
            r.out[k] = pool.axis[k].out;
            r.kernel[k] = pool.axis[k].kernel;
            r.place[k] = g.axis[k].stride * apart[k];
            r.window[k] = pool.axis[k].stride * r.place[k];
        }
        return r;
    }();
    static constexpr even_pieces pieces{g.axis[1].kernel, sums.lines};

    static constexpr bool splits = only<base::all_after>::size() == 0;
    static constexpr i64 bytes_of_sums = columns * sums.rows * static_cast<i64>(sizeof(T));
    static constexpr bool joins = K::header.slices && slices::have_room(bytes_of_sums);
    static constexpr i64 bytes_of_scratch = vectors_of(sums, inner, columns, VB / static_cast<i64>(sizeof(T))) * VB;
    static constexpr i64 kept_bytes(const i64*) { return bytes_of_sums; }
    static KILN_INLINE i64 scratch_of(const i64*) { return bytes_of_scratch; }
    static KILN_INLINE void join(char* to, char* next, const i64*, int) { base::join_vectors(to, next, bytes_of_sums); }

    /// These images with their padding; what lies around them is zero already.
    static KILN_INLINE void copy(T* to, const T* from, i64 images) {
        for (i64 n = 0; n < images; ++n, to += strides.image)
            for (i64 i = 0; i < g.axis[0].size; ++i)
                for (i64 j = 0; j < g.axis[1].size; ++j, from += s::last.size * inner)
                    copy_run<T, L>(to + (i + sums.before[0]) * plane + (j + sums.before[1]) * line + sums.before[2] * inner, from, s::last.size * inner);
    }
    /// The sums of these images and channels, [channel][row].
    static KILN_INLINE void sum_up(const T* x, char* const* a, T* to, T* copies, part_range images, part_range channels) {
        const T* const slopes = reinterpret_cast<const T*>(a[argument]);
        const std::uint8_t* const places = reinterpret_cast<const std::uint8_t*>(a[argument + 1]);
        constexpr i64 n = pool.windows() * columns;
        fill_run<T, L>(to + channels.first * sums.rows, T{}, (channels.last - channels.first) * sums.rows);
        if constexpr (sums.padded) fill_run<T, L>(copies, T{}, sums.images * strides.image);
        for (i64 i = images.first; i < images.last; i += sums.images) {
            const i64 count = images.last - i < sums.images ? images.last - i : sums.images;
            const T* from = x + i * s::image;
            if constexpr (sums.padded) {
                copy(copies, from, count);
                from = copies;
            }
            for (i64 k0 = 0; k0 < g.axis[0].kernel; ++k0)
                each_piece<pieces>(0, [&](auto many, i64 k1) KILN_INLINE_LAMBDA {
                    const T* const first = from + seen_first(0, k0) * plane + seen_first(1, k1) * line + seen_first(2, 0) * inner;
                    T* const sum = to + (k0 * g.axis[1].kernel + k1) * sums.run;
                    for (i64 c = channels.first; c < channels.last; ++c)
                        add_at_places<T, L, many, strides>(first, slopes + i * n + c, places + i * n + c, sum + c * sums.rows, count);
                });
        }
    }
    /// What the first window sees at place k, of an image with its padding.
    static KILN_INLINE i64 seen_first(int axis, i64 k) { return s::seen(axis, 0, k) + sums.before[axis]; }
    /// The body on the sums of these channels.
    static KILN_INLINE void sums_done(state& st, const T* from, const place& p0, part_range channels) {
        constexpr i64 rows = s::places * inner;
        for (i64 c = channels.first; c < channels.last; c += L) {
            const int count = static_cast<int>(channels.last - c < L ? channels.last - c : L);
            regs of_columns;
            base::clear(only<base::all_after>{}, of_columns);
            for (i64 row = 0; row < rows; row += L) {
                alignas(64) T here[L][L];
                transposed_square<T, L, false>(here[0], L, from + c * sums.rows + row, sums.rows, count, L);
                for (i64 r = row; r < row + L && r < rows; ++r) {
                    base::template steps<false>(only<base::row_start>{}, st, st.row, place{p0.q, p0.sizes, p0.outer, r, c, p0.n1, L}, st.acc);
                    const place p{p0.q, p0.sizes, p0.outer, r, c, p0.n1, count};
                    if (count == L) base::template one_vector<false>(st, here[r - row], p, of_columns);
                    else base::template one_vector<true>(st, here[r - row], p, of_columns);
                }
            }
            base::columns_done(st, p0, c, c + count, &of_columns);
        }
    }

    static KILN_INLINE void run(char* const* a, const i64* sizes, int part, int parts) {
        if (ran_in_slices<pooled_filters, K>(a, sizes, part, parts)) return;
        const bool a_slice = joins && parts < 0;
        const operands o = base::operands_of(a, sizes, nullptr);
        const i64 images = o.inner / s::windows;
        const outer_indices<K> none(a, sizes, bytes_of_scratch, a_slice ? 0 : part, parts);
        state st;
        const place p0{none.q, sizes, none.index, 0, 0, columns, L};
        base::clear(only<base::all_after>{}, st.acc);
        base::template steps<false>(only<base::before>{}, st, st.row, p0, st.acc);
        T* const sum = a_slice ? reinterpret_cast<T*>(a[arguments_of<K>]) : reinterpret_cast<T*>(none.q[2]);
        const part_range channels = a_slice ? part_range{0, columns} : range_of(columns, part, parts, 1);
        if (!a_slice || part < -parts) sum_up(o.a, a, sum, reinterpret_cast<T*>(none.q[2]) + columns * sums.rows, a_slice ? range_of(images, part, -parts, 1) : part_range{0, images}, channels);
        if (a_slice && part < -parts) return;
        sums_done(st, sum, p0, channels);
        base::totals(only<base::cross_scalar>{}, st);
        base::template steps<false>(only<base::scalar_post>{}, st, st.row, p0, st.acc);
    }
};

}  // namespace kiln::cpu
