// A contraction with the windows of images whose columns are few: lanes are images, as many at a time as a vector holds, so that one
// channel or three fill the registers as well as 64 do. Images are transposed as they are read, [element][image], and results
// before the body of the key meets them, as if the rows of each image were one. What meets only padding is not computed.
#pragma once
#include <kiln/backend/cpu/filter_lanes.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct image_lanes : filter_lanes<K, VB, Registers> {
    using lines = lane_lines<K, VB, Registers>;
    using base = typename lines::base;
    using base::f, base::L;
    using typename base::regs, typename base::state, typename base::T, typename base::operands;
    template <int P>
    using only = typename base::template only<P>;
    using typename lines::s;
    using lines::columns, lines::g, lines::inner, lines::line_of_columns, lines::line_of_image, lines::of_places, lines::strides, lines::vectors;
    /// What the body knows of results is their columns.
    static constexpr bool possible = vectors.read > 0 && columns <= L && K::header.right == by_rows && std::is_floating_point_v<T> && (of_places || f.end_to_end > 0);
    static constexpr bool splits = only<base::all_after>::size() == 0;
    static constexpr i64 bytes_of_sums = of_places ? filter_lanes<K, VB, Registers>::bytes_of_sums : base::bytes_of_sums;
    static constexpr bool joins = of_places ? K::header.slices && slices::have_room(bytes_of_sums) : base::joins;
    static constexpr i64 kept_bytes(const i64*) { return bytes_of_sums; }
    static KILN_INLINE i64 scratch_of(const i64*) { return vectors.all() * VB; }
    static KILN_INLINE void join(char* to, char* next, [[maybe_unused]] const i64* sizes, int) {
        if constexpr (!of_places) base::join(to, next, sizes, 0);
        else base::join_vectors(to, next, bytes_of_sums);
    }

    // the body on results of one image, whose rows lie end to end
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
    /// Results of these images, line after line, which begin anew in the scratch after so many; stored are L elements of L images at a time.
    struct stored_results {
        static constexpr i64 lines = (vectors.results - L) / line_of_columns;
        state& st;
        const place& p0;
        T* out;
        const regs* periodic;
        regs* sums;
        int images;
        i64 row;   // of the first of them that lies there
        i64 ready = 0, stored = 0, j = 0, v = 0;   // results of an image; those that are stored, counted from `row`, too

        KILN_INLINE T* line(i64 n) const { return out + n % lines * line_of_columns * L; }
        KILN_INLINE bool fills_vector() const { return stored + L <= ready; }
        KILN_INLINE void until(i64 n) {
            while (stored < n) next();
        }
        KILN_INLINE void next() {
            const i64 left = ready - stored < lines * line_of_columns - j ? ready - stored : lines * line_of_columns - j;
            const int count = static_cast<int>(left < L ? left : L);
            some(place{p0.q, p0.sizes, p0.outer, row, j, columns, count}, out + j * L, periodic[v], sums[v]);
            stored += count;
            j += count;
            v = v + 1 < base::n_whole ? v + 1 : 0;
            if (j < lines * line_of_columns) return;
            row += lines * s::last.out;
            j = v = 0;
        }
        KILN_INLINE void some(const place& p, const T* from, const regs& of_columns, regs& to) {
            if constexpr (base::n <= 4)   // written out, where that is little code: results stay in registers
                if (images == L && p.count == L) {
                    raw<T, L> x[L];
                    load_transposed<T, L>(x, from, L);
#pragma GCC unroll 64
                    for (int k = 0; k < L; ++k) one_vector<false>(st, x[k], of_image(p, k), of_columns, to);
                    return;
                }
            alignas(64) T here[L][L];
            transposed_square<T, L, true>(here[0], L, from, L, L, L);
            for (int k = 0; k < images; ++k) {
                const raw<T, L> elements = load<tile_lanes<T, L>>(here[k]).v;
                if (p.count == L) one_vector<false>(st, elements, of_image(p, k), of_columns, to);
                else one_vector<true>(st, elements, of_image(p, k), of_columns, to);
            }
        }
        static KILN_INLINE place of_image(const place& p, int k) { return {p.q, p.sizes, p.outer, p.row + k * s::windows, p.column, columns, p.count}; }
    };
    /// All images are laid, then each line of results is summed and stored: beside the sums of the next one, where these are short, a few squares after each call.
    static KILN_INLINE void line_by_line_of_results(T* at, const operands& o, const T* images, stored_results& to) {
        constexpr i64 calls = lines::inside.pieces * lines::channels.pieces, squares = ((line_of_columns + L - 1) / L + calls - 1) / calls;
        constexpr bool beside = g.places() * inner <= 64;
        lines::lay_images(at, images, to.images);
        for (i64 m = 0; m < g.axis[0].out * g.axis[1].out; ++m) {
            to.until((m + 1 - to.lines) * line_of_columns);
            lines::line_of_results(at, o.b, to.line(m), m / g.axis[1].out, m % g.axis[1].out, [&]() KILN_INLINE_LAMBDA {
                if constexpr (beside)
                    for (i64 k = 0; k < squares && to.fills_vector(); ++k) to.next();
            });
            to.ready += line_of_columns;
            if constexpr (!beside)
                while (to.fills_vector()) to.next();
        }
        to.until(to.ready);
    }
    /// A line of the images is laid and added to all lines of results that see it, while the next one is laid and what is done is stored: both stay
    /// in the first level of the cache, and to transpose takes half as long beside multiply-adds.
    struct beside_lines {
        typename lines::template some_lines<2> images;
        stored_results& results;
        i64 laid;
        static constexpr i64 calls = lines::of_line.pieces * g.axis[1].kernel;
        KILN_INLINE void operator()() {
            images.some(static_cast<int>(((line_of_image + L - 1) / L + calls - 1) / calls), laid);
            if (results.fills_vector()) results.next();
        }
    };
    static KILN_INLINE void line_by_line_of_images(T* at, const operands& o, const T* images, stored_results& to) {
        constexpr window_axis axis = g.axis[1];
        beside_lines beside{{at, images, to.images}, to, 0};
        for (i64 i = 0, m = 0;; ++i) {
            for (; m < axis.out && axis.last_inside(m) < i; ++m, to.ready += line_of_columns) {   // what sees nothing of this line and those behind it is done
                if (axis.first_inside(m) <= axis.last_inside(m)) continue;
                to.until((m + 1 - to.lines) * line_of_columns);
                fill_run<T, L>(to.line(m), T{}, line_of_columns * L);
            }
            if (i == axis.size) break;
            beside.images.until((i + 1) * line_of_image);
            beside.laid = i + 1 < axis.size ? (i + 2) * line_of_image : s::image;
            const T* const x = at + (i % 2 * vectors.line + vectors.before) * inner * L;
            for (i64 k = 0; k < axis.kernel; ++k) {
                const i64 from = i + axis.low - k * axis.dilation, line = from / axis.stride;
                if (from < 0 || from % axis.stride != 0 || line >= axis.out) continue;
                to.until((line + 1 - to.lines) * line_of_columns);
                lines::template line_of<1>({x, o.b + k * strides.w_line, 1, i > axis.first_inside(line)}, to.line(line), 0, beside);
            }
        }
        to.until(to.ready);
    }
    static KILN_INLINE void windows_of_images(state& st, const operands& o, T* at, const place& p0, part_range mine, regs& columns_sums) {
        T* const out = at + vectors.read * L;
        regs periodic[base::n_whole], sums[base::n_whole];
        for (int v = 0; v < base::n_whole; ++v) {
            base::periodic_steps(only<base::of_columns>{}, st, periodic[v], place{p0.q, p0.sizes, p0.outer, 0, v * L, p0.n1, L});
            base::clear(only<base::all_after>{}, sums[v]);
        }
        lines::clear_padding(at);
        i64 n = mine.first;
        for (; 4 * (mine.last - n) >= L; n += L) {
            stored_results to{st, p0, out, periodic, sums, static_cast<int>(mine.last - n < L ? mine.last - n : L), n * s::windows};
            if constexpr (vectors.by_lines) line_by_line_of_images(at, o, o.a + n * s::image, to);
            else line_by_line_of_results(at, o, o.a + n * s::image, to);
        }
        base::gather_sums(only<base::all_after>{}, sums, &columns_sums);
        if (n < mine.last) base::window_block(st, o, {}, p0, {n * s::windows, mine.last * s::windows}, 0, columns, &columns_sums);   // a few are done as they lie
    }

    [[gnu::noinline]] static void image_by_image(char* const* a, const i64* sizes, int part, int parts) { base::run(a, sizes, part, parts); }
    /// At an index of the outer axes: a part of its images, or of its lines of places.
    static KILN_INLINE void images_of_index([[maybe_unused]] char* const* a, const i64* sizes, int part, int parts, const operands& o, const outer_indices<K>& at_index, i64 images) {
        const bool a_slice = joins && parts < 0;
        state st;
        const place p0{at_index.q, sizes, at_index.index, 0, 0, columns, L};
        regs sums;
        base::clear(only<base::all_after>{}, st.acc);
        base::clear(only<base::all_after>{}, sums);
        base::template steps<false>(only<base::before>{}, st, st.row, p0, st.acc);
        T* const at = reinterpret_cast<T*>(at_index.q[2]);
        if constexpr (of_places) {   // slices are of images, parts of lines of places
            using filters = filter_lanes<K, VB, Registers>;
            char* const slice = a_slice ? a[arguments_of<K>] : nullptr;
            const part_range mine = a_slice ? part_range{0, s::lines} : range_of(s::lines, part, parts, 1);
            if (!a_slice || part < -parts) filters::sums_over_windows(o, a, at, a_slice ? range_of(images, part, -parts, L) : part_range{0, images}, mine, slice);
            if (a_slice && part < -parts) return;
            filters::sums_done(st, at, p0, mine, slice, sums);
        } else {
            windows_of_images(st, o, at, p0, range_of(images, part, a_slice ? -parts : parts, L), sums);
            if (a_slice) {
                typename base::sums_of_slice{a[arguments_of<K>], part == -parts}.move(only<base::all_after>{}, sums);
                if (part < -parts) return;
            }
        }
        base::columns_done(st, p0, 0, columns, &sums);
        base::totals(only<base::cross_scalar>{}, st);
        base::template steps<false>(only<base::scalar_post>{}, st, st.row, p0, st.acc);
    }
    static KILN_INLINE void run(char* const* a, const i64* sizes, int part, int parts) {
        const i64 inner_extent = known_or<K::inner>(sizes[base::axes]), rows = known_or<K::extent(base::axes - 2)>(sizes[base::axes - 2]);
        const i64 images = (of_places ? inner_extent : rows) / s::windows;
        if constexpr (!base::computes_right)
            if (4 * images < L) return base::joins || part != parts ? image_by_image(a, sizes, part, parts) : void();
        if (ran_in_slices<image_lanes, K>(a, sizes, part, parts)) return;
        const bool a_slice = joins && parts < 0;
        const bool outer_parts = K::header.outer > 0 && outer_axes_come_out_even<K>(sizes, parts);
        outer_indices<K> all(a, sizes, vectors.all() * VB, a_slice ? 0 : part, parts, !outer_parts);
        if (all.left) do images_of_index(a, sizes, outer_parts ? 0 : part, outer_parts ? 1 : parts, base::operands_of(a, sizes, all.index), all, images);
        while (all.next());
    }
};

}  // namespace kiln::cpu
