// A contraction with the windows of images whose columns are few: lanes are images, as many at a time as a vector holds, so that one
// channel or three fill the registers as well as 64 do. Images are transposed as they are read, [element][image], and results
// before the body of the key meets them, as if the rows of each image were one. What meets only padding is not computed.
#pragma once
#include <kiln/backend/cpu/contraction.hpp>
#include <kiln/backend/cpu/lane_sums.hpp>
#include <kiln/backend/cpu/slopes_in_lanes.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct image_lanes : contraction<K, VB, Registers> {
    using base = contraction<K, VB, Registers>;
    using base::f, base::L;
    using typename base::regs, typename base::state, typename base::T, typename base::operands;
    template <int P>
    using only = typename base::template only<P>;
    using view = typename base::windows_seen;
    using s = typename view::s;
    static constexpr window_geometry g = s::g;
    static constexpr bool of_places = view::of_places;
    static constexpr i64 columns = base::n1_constant, inner = s::inner;
    static constexpr window_geometry pool = pool_within({K::words, K::size});
    static constexpr images_in_lanes vectors = images_in_lanes_of(g, of_places, columns, sizeof(T), VB, pool);
    static constexpr i64 line = vectors.line * inner * L;   // of images as they are read
    static constexpr auto whole = s::whole(2, 0, s::last.kernel);   // the positions that see nothing but the image
    /// Do positions at the ends of a line leave out what they see of the padding? A few of its zeros are less work than tiles of few sums; what
    /// is not finite meets them then, as in a product with copies of the windows.
    static constexpr bool ends_apart = [] {
        i64 seen = 0;
        for (i64 k = 0; k < s::last.kernel; ++k) {
            const auto p = s::whole(2, k, k + 1);
            seen += p.end - p.first;
        }
        return 10 * seen < 9 * s::last.out * s::last.kernel;
    }();
    /// What the body knows of results is their columns.
    static constexpr bool possible = vectors.read > 0 && columns <= L && K::header.right == by_rows && std::is_floating_point_v<T> && (of_places || f.end_to_end > 0);
    static constexpr bool splits = only<base::all_after>::size() == 0;

    /// Places [first, end) along an axis that the window at o sees inside of the image.
    static KILN_INLINE constexpr part_range places_inside(int axis, i64 o) {
        i64 first = 0, end = g.axis[axis].kernel;
        while (first < end && !s::inside(axis, s::seen(axis, o, first))) ++first;
        while (end > first && !s::inside(axis, s::seen(axis, o, end - 1))) --end;
        return {first, end};
    }

    /// Images as vectors, line by line if these have padding.
    static KILN_INLINE void lay_images(T* to, const T* images, int count) {
        constexpr i64 together = vectors.line == s::last.size ? s::image : s::last.size * inner;
        for (i64 k = 0, l = 0; k < s::image; k += together, ++l)
            pack<T, L>(to + l * line + vectors.before * inner * L, L, 0, images + k, count, s::image, 1, together);
    }
    static KILN_INLINE void clear_padding(T* to) {
        if constexpr (vectors.line > s::last.size) fill_run<T, L>(to, T{}, vectors.read * L);
    }

    // ---- results of windows
    // registers hold the sums, a filter of each channel, and what they are made of
    static constexpr even_pieces channels{columns, Registers == 32 ? 6 : 3}, inside{ends_apart ? whole.end - whole.first : s::last.out, channels.high ? (Registers - 1 - channels.high) / channels.high : 1};
    /// One channel: loads are what counts, so that positions at the ends take zeros of the padding like any other.
    static constexpr bool one_by_one = columns == 1 && s::last.stride == 1 && s::last.dilation * s::last.dilation == 1 && s::last.kernel > 1 && 3 * s::last.kernel < Registers;
    // two positions at the ends of a line, at once, are few sums for few channels
    static constexpr even_pieces channels_of_edges{columns, one_by_one ? 1 : (Registers - 3) / 2};
    static constexpr lane_strides strides{s::last.stride * inner * L, g.axis[1].dilation * line, s::last.dilation * inner * L, s::last.kernel * inner * columns,
                                          one_by_one ? s::last.dilation * inner : inner * columns, columns, columns * L, s::last.dilation == 1 && !one_by_one ? 0 : inner};
    /// What a line of results is made of: lines of the image, and of the filters.
    struct seen_lines {
        const T *x, *w;
        i64 lines;
        bool more;
    };
    template <int O, int X>
    static KILN_INLINE void positions(const seen_lines& o, T* out, i64 from, i64 channel, i64 place, i64 end) {
        const i64 count = end - place;
        lane_sums<T, L, O, X, strides>(o.x + s::seen(2, from, place) * inner * L, o.w + place * inner * columns + channel, out + (from * columns + channel) * L, o.lines,
                                       strides.steps ? count : count * inner, o.more);
    }
    static constexpr i64 first_place = s::last.dilation > 0 ? 0 : s::last.kernel - 1;   // as they lie in the image
    static constexpr even_pieces of_line{s::last.out, Registers - 2 - (one_by_one ? s::last.kernel : 0)};
    template <int O>
    static KILN_INLINE void line_of(const seen_lines& o, T* out, i64 channel) {
        if constexpr (one_by_one)
            each_piece<of_line>(0, [&](auto many, i64 p) KILN_INLINE_LAMBDA {
                lane_sums_of_one<T, L, many, static_cast<int>(s::last.kernel), strides>(o.x + s::seen(2, p, first_place) * inner * L, o.w + first_place * inner, out + p * L, o.lines, o.more);
            });
        else each_piece<inside>(ends_apart ? whole.first : 0, [&](auto many, i64 p) KILN_INLINE_LAMBDA { positions<O, many>(o, out, p, channel, 0, s::last.kernel); });
    }
    template <int O>
    static KILN_INLINE void edges(seen_lines o, T* out, i64 channel) {
        edge<O>(o, out, channel, 0, whole.first);
        edge<O>(o, out, channel, whole.end, s::last.out);
    }
    /// Positions [p, end), some at a time, at each place those that see it inside of the image.
    template <int O>
    static KILN_INLINE void edge(seen_lines o, T* out, i64 channel, i64 p, i64 end) {
        if (!o.more)
            for (i64 k = p; k < end; ++k) fill_run<T, L>(out + (k * columns + channel) * L, T{}, O * L);
        o.more = true;
        constexpr int room = (Registers - 1 - O) / O, at_once = room < 2 ? 2 : room > 4 ? 4 : room;
        for (; p < end; p += at_once) {
            const i64 last = p + at_once < end ? p + at_once : end;
            const auto that_see = [&](i64 place) KILN_INLINE_LAMBDA {
                const auto seen = s::whole(2, place, place + 1);
                return part_range{seen.first > p ? seen.first : p, seen.end < last ? seen.end : last};
            };
            for (i64 place = 0, next; place < s::last.kernel; place = next) {
                const part_range now = that_see(place);
                for (next = place + 1; next < s::last.kernel; ++next)
                    if (const part_range then = that_see(next); then.first != now.first || then.last != now.last) break;
                if (now.first < now.last) some_positions_of_edge<O, at_once>(o, out, channel, now, place, next);
            }
        }
    }
    template <int O, int X>
    static KILN_INLINE void some_positions_of_edge(const seen_lines& o, T* out, i64 channel, part_range p, i64 place, i64 end) {
        if (p.last - p.first == X) positions<O, X>(o, out, p.first, channel, place, end);
        else if constexpr (X > 1) some_positions_of_edge<O, X - 1>(o, out, channel, p, place, end);
    }
    /// One line of results of all channels, [position][channel][image].
    static KILN_INLINE void line_of_results(const T* x, const T* w, T* out, i64 o0, i64 o1) {
        const part_range k0 = places_inside(0, o0), k1 = places_inside(1, o1);
        seen_lines o{nullptr, nullptr, k0.first == k0.last ? 0 : k1.last - k1.first, false};
        for (i64 k = k0.first; k == k0.first || k < k0.last; ++k, o.more = true) {
            o.x = x + ((s::seen(0, o0, k) * g.axis[1].size + s::seen(1, o1, k1.first)) * vectors.line + vectors.before) * inner * L;
            o.w = w + (k * g.axis[1].kernel + k1.first) * strides.w_line;
            each_piece<channels>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { line_of<many>(o, out, channel); });
            if constexpr (!one_by_one && ends_apart)
                each_piece<channels_of_edges>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { edges<many>(o, out, channel); });
        }
    }

    // ---- the body on results of one image, whose rows lie end to end
    template <bool Tail>
    static KILN_INLINE void one_vector(state& st, raw<T, L> v, const place& p, const regs& periodic, regs& sums) {
        regs r, before;
        base::copy(only<base::of_columns>{}, r, periodic);
        if constexpr (Tail) base::copy(only<base::all_after>{}, before, sums);
        base::template at<base::tile_node>(r) = simd<T, L, base::B>{v};
        base::template steps<Tail>(only<base::of_elements>{}, st, r, p, sums);
        if constexpr (Tail) only_there(only<base::all_after>{}, sums, before, p.count);
    }
    template <int... I>
    static KILN_INLINE void only_there([[maybe_unused]] std::integer_sequence<int, I...>, [[maybe_unused]] regs& sums, [[maybe_unused]] const regs& before, [[maybe_unused]] int count) {
        using N = simd<int_of<base::B>, L, base::B>;
        [[maybe_unused]] const lane_mask<base::B, L> there = lane_numbers<N>() < N::splat(static_cast<int_of<base::B>>(count));
        ((base::template at<I>(sums) = select(there, base::template at<I>(sums), base::template at<I>(before))), ...);
    }
    static KILN_INLINE void results_of_images(state& st, const place& p0, const T* out, i64 from, i64 n, int images, i64 row, const regs* periodic, regs* sums) {
        for (i64 j = from, v = from / L % base::n_whole; j < n; j += L, v = v + 1 < base::n_whole ? v + 1 : 0) {
            if constexpr (base::n <= 4)   // written out, where that is little code: results stay in registers
                if (images == L && n - j >= L) {
                    raw<T, L> x[L];
                    load_transposed<T, L>(x, out + j * L, L);
#pragma GCC unroll 64
                    for (int k = 0; k < L; ++k) one_vector<false>(st, x[k], place{p0.q, p0.sizes, p0.outer, row + k * s::windows, j, p0.n1, L}, periodic[v], sums[v]);
                    continue;
                }
            alignas(64) T here[L][L];
            transposed_square<T, L, true>(here[0], L, out + j * L, L, L, L);
            for (int k = 0; k < images; ++k) {
                const place p{p0.q, p0.sizes, p0.outer, row + k * s::windows, j, p0.n1, static_cast<int>(n - j < L ? n - j : L)};
                const raw<T, L> elements = load<tile_lanes<T, L>>(here[k]).v;
                if (p.count == L) one_vector<false>(st, elements, p, periodic[v], sums[v]);
                else one_vector<true>(st, elements, p, periodic[v], sums[v]);
            }
        }
    }
    static KILN_INLINE void windows_of_images(state& st, const operands& o, T* at, const place& p0, part_range mine, regs& columns_sums) {
        constexpr i64 lines_in_all = g.axis[0].out * g.axis[1].out, line_of_columns = s::last.out * columns;
        constexpr i64 lines_at_once = (vectors.results - L) / line_of_columns;
        T* const out = at + vectors.read * L;
        regs periodic[base::n_whole], sums[base::n_whole];
        for (int v = 0; v < base::n_whole; ++v) {
            base::periodic_steps(only<base::of_columns>{}, st, periodic[v], place{p0.q, p0.sizes, p0.outer, 0, v * L, p0.n1, L});
            base::clear(only<base::all_after>{}, sums[v]);
        }
        clear_padding(at);
        i64 n = mine.first;
        for (; 4 * (mine.last - n) >= L; n += L) {
            const int images = static_cast<int>(mine.last - n < L ? mine.last - n : L);
            lay_images(at, o.a + n * s::image, images);
            for (i64 m = 0; m < lines_in_all; m += lines_at_once) {
                const i64 lines = lines_in_all - m < lines_at_once ? lines_in_all - m : lines_at_once;
                for (i64 k = 0, done = 0; k < lines; ++k) {   // stores go on beside the sums of the next line
                    line_of_results(at, o.b, out + k * line_of_columns * L, (m + k) / g.axis[1].out, (m + k) % g.axis[1].out);
                    const i64 there = k + 1 < lines ? (k + 1) * line_of_columns / L * L : lines * line_of_columns;
                    results_of_images(st, p0, out, done, there, images, n * s::windows + m * s::last.out, periodic, sums);
                    done = there;
                }
            }
        }
        base::gather_sums(only<base::all_after>{}, sums, &columns_sums);
        if (n < mine.last) {   // a few are done as they lie
            operands rest = o;
            rest.rows = mine.last * s::windows;
            base::window_block(st, rest, {}, p0, 0, columns, &columns_sums, n * s::windows);
        }
    }

    // ---- sums over windows: gradients of filters
    using spread = slopes_in_lanes<K, VB>;
    static constexpr even_pieces places{s::last.kernel, Registers / 2 - 2}, gradient_channels{columns, places.high ? (Registers - 1) / (places.high + 1) : 1};
    static constexpr lane_gradient_strides gradient_strides{g.axis[1].stride * line, s::last.stride * inner * L, s::last.dilation * inner * L, s::last.out * columns * L, columns * L,
                                                            inner * columns * L};
    template <int P, int O>
    static KILN_INLINE void some_positions(const T* x, const T* d, T* c, i64 runs, i64 place, i64 channel, i64 first, i64 end) {
        lane_gradient_sums<T, L, O, P, gradient_strides>(x + s::seen(2, first, place) * inner * L, d + (first * columns + channel) * L, c + (place * inner * columns + channel) * L, runs,
                                                         end - first);
    }
    template <int P, int O>
    static KILN_INLINE void some_places(const T* x, const T* d, T* c, i64 runs, i64 place, i64 channel) {
        // positions at the ends of a line see only some of the places
        constexpr bool ends = ends_apart && places.pieces == 1 && s::last.dilation > 0 && whole.end > whole.first;
        constexpr i64 seen_first = ends && whole.first > 0 ? places_inside(2, whole.first - 1).first : 0, seen_end = ends && whole.end < s::last.out ? places_inside(2, whole.end).last : P;
        constexpr i64 from = seen_first > 0 && seen_first < P ? whole.first : 0, to = seen_end > 0 && seen_end < P ? whole.end : s::last.out;
        if constexpr (from > 0) some_positions<static_cast<int>(P - seen_first), O>(x, d, c, runs, seen_first, channel, 0, from);
        some_positions<P, O>(x, d, c, runs, place, channel, from, to);
        if constexpr (to < s::last.out) some_positions<static_cast<int>(seen_end), O>(x, d, c, runs, 0, channel, to, s::last.out);
    }
    /// Adds what the windows of these images see at a line of places: [place][inner][channel][image].
    static KILN_INLINE void line_of_places(const T* x, const T* d, T* c, i64 k0, i64 k1) {
        const auto a0 = s::whole(0, k0, k0 + 1), a1 = s::whole(1, k1, k1 + 1);   // what sees nothing but padding adds nothing
        if (a1.end == a1.first) return;
        for (i64 o0 = a0.first; o0 < a0.end; ++o0)
            for (i64 ci = 0; ci < inner; ++ci) {
                const T* from = x + ((s::seen(0, o0, k0) * g.axis[1].size + s::seen(1, a1.first, k1)) * vectors.line + vectors.before) * inner * L + ci * L;
                const T* up = d + (o0 * g.axis[1].out + a1.first) * s::last.out * columns * L;
                T* const to = c + ci * columns * L;
                each_piece<places>(0, [&](auto p, i64 place) KILN_INLINE_LAMBDA {
                    each_piece<gradient_channels>(0, [&](auto many, i64 channel) KILN_INLINE_LAMBDA { some_places<p, many>(from, up, to, a1.end - a1.first, place, channel); });
                });
            }
    }
    static KILN_INLINE void keep_first(T* p, i64 n, int lanes) {
        for (i64 k = 0; k < n; ++k, p += L) store(p, load_some<tile_lanes<T, L>>(p, lanes));
    }
    static KILN_INLINE void sums_over_windows(state& st, const operands& o, [[maybe_unused]] char* const* args, T* at, const place& p0, part_range lines, regs& columns_sums) {
        constexpr i64 sums_of_line = s::last.kernel * inner * columns;
        T *const up = at + vectors.read * L, *const sums = up + vectors.seconds * L;
        fill_run<T, L>(sums, T{}, vectors.results * L);
        clear_padding(at);
        if constexpr (base::computes_right)
            if constexpr (!spread::pool.side_by_side()) fill_run<T, L>(up, T{}, vectors.seconds * L);   // what no window of the pool sees
        const i64 n = o.inner / s::windows;
        for (i64 k = 0; k < n; k += L) {
            const int images = static_cast<int>(n - k < L ? n - k : L);
            lay_images(at, o.a + k * s::image, images);
            if (images < L) keep_first(at, vectors.read, images);
            if constexpr (base::computes_right) spread::slopes(up, args, k, images);
            else {
                pack<T, L>(up, L, 0, o.b + k * s::windows * columns, images, s::windows * columns, 1, s::windows * columns);
                if (images < L) keep_first(up, vectors.seconds, images);
            }
            for (i64 m = lines.first; m < lines.last; ++m) line_of_places(at, up, sums + m * sums_of_line * L, m / g.axis[1].kernel, m % g.axis[1].kernel);
        }
        for (i64 row = lines.first * s::last.kernel * inner; row < lines.last * s::last.kernel * inner; ++row) {
            raw<T, L> v[L]{};
            for (i64 c = 0; c < columns; ++c) v[c] = load<tile_lanes<T, L>>(sums + (row * columns + c) * L).v;
            alignas(64) T here[L];
            store(here, tile_lanes<T, L>{sums_across<T, L>(v)});
            const tile_operands<T> t{nullptr, nullptr, 0, 0, 0, 0, here, L, false, static_cast<int>(columns)};
            base::epilogue(st, t, 1, 1, p0, row, 0, &columns_sums);
        }
    }

    [[gnu::noinline]] static void image_by_image(char* const* a, const i64* sizes, int part, int parts) { base::run(a, sizes, part, parts); }
    static KILN_INLINE void run(char* const* a, const i64* sizes, int part, int parts) {
        const operands o = base::operands_of(a, sizes, nullptr);
        const i64 images = (of_places ? o.inner : o.rows) / s::windows;
        if constexpr (!base::computes_right)
            if (4 * images < L) return image_by_image(a, sizes, part, parts);
        const outer_indices<K> none(a, sizes, vectors.all() * VB, part, parts);
        state st;
        const place p0{none.q, sizes, none.index, 0, 0, columns, L};
        regs sums;
        base::clear(only<base::all_after>{}, st.acc);
        base::clear(only<base::all_after>{}, sums);
        base::template steps<false>(only<base::before>{}, st, st.row, p0, st.acc);
        T* const at = reinterpret_cast<T*>(none.q[2]);
        if constexpr (of_places) sums_over_windows(st, o, a, at, p0, range_of(s::lines, part, parts, 1), sums);
        else windows_of_images(st, o, at, p0, range_of(images, part, parts, L), sums);
        base::columns_done(st, p0, 0, columns, &sums);
        base::totals(only<base::cross_scalar>{}, st);
        base::template steps<false>(only<base::scalar_post>{}, st, st.row, p0, st.acc);
    }
};

}  // namespace kiln::cpu
