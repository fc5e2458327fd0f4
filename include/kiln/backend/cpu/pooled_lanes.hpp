// A contraction with the windows of images, lanes are images, whose results a maximum pool looks through before they leave these vectors: what
// is transposed and stored is what the pool gives, and what it has seen lies nowhere.
#pragma once
#include <kiln/backend/cpu/image_lanes.hpp>
#include <kiln/backend/cpu/places_in_lanes.hpp>
#include <kiln/backend/cpu/window_maximum.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct pooled_lanes : image_lanes<K, VB, Registers> {
    using lanes = image_lanes<K, VB, Registers>;
    using base = typename lanes::base;
    using base::L, base::B;
    using lanes::columns, lanes::pool, lanes::vectors;
    using typename lanes::T, typename lanes::s, typename lanes::operands, typename lanes::regs, typename lanes::state;
    template <int P>
    using only = typename base::template only<P>;
    using P = typename key_of_prologue<K, 2>::type;
    static constexpr int argument = key_of_prologue<K, 2>::within.argument;   // of what the pool reads, which lies nowhere; its results follow
    static constexpr bool places = P::n == 3;
    using pool_kernel = window_max_kernel<P, VB>;
    using numbers = simd<int_of<B>, L, B>;

    static constexpr int stored = K::n - 1, result = K::node(stored).in[0];
    static constexpr i64 line = s::last.out * columns, pooled_line = pool.axis[2].out * columns, pooled_image = pool.windows() * columns;
    static constexpr i64 room = vectors.results / 2, lines_at_once = (room - places_at_once) / pooled_line;   // of pooled results; of their places

    struct results {
        T* most;
        std::uint8_t* place;
    };
    /// What results know of their column, one number for each.
    struct of_channels {
        T x[K::n][L];
    };
    template <int... I>
    static KILN_INLINE void take(std::integer_sequence<int, I...>, [[maybe_unused]] of_channels& to, [[maybe_unused]] const regs& from) {
        (store(to.x[I], base::template at<I>(from)), ...);
    }
    template <int... I>
    static KILN_INLINE void splat(std::integer_sequence<int, I...>, [[maybe_unused]] regs& to, [[maybe_unused]] const of_channels& from, [[maybe_unused]] i64 channel) {
        ((base::template at<I>(to) = simd<T, L, B>::splat(from.x[I][channel])), ...);
    }
    template <int I>
    static KILN_INLINE void element(state& st, regs& r, const place& p) {
        if constexpr (I != stored) base::template step<I, false>(st, r, p, st.acc);
    }
    template <int... I>
    static KILN_INLINE void elements(std::integer_sequence<int, I...>, state& st, regs& r, const place& p) { (element<I>(st, r, p), ...); }

    /// A line of the pool: [position][channel][image], and the places behind it.
    static KILN_INLINE void pooled(state& st, const place& p, const of_channels& known, const T* z, T* out) {
        for (i64 channel = 0; channel < columns; ++channel) {
            regs of_channel;
            splat(only<base::of_columns>{}, of_channel, known, channel);
            for (i64 o = 0; o < pool.axis[2].out; ++o) {
                first_of_largest<simd<T, L, B>, numbers> r;
                int number = 0;
#pragma GCC unroll 4
                for (i64 k = 0; k < pool.axis[0].kernel * pool.axis[1].kernel; ++k)
#pragma GCC unroll 4
                    for (i64 k2 = 0; k2 < pool.axis[2].kernel; ++k2) {
                        regs e;
                        base::copy(only<base::of_columns>{}, e, of_channel);
                        base::template at<base::tile_node>(e) = load<simd<T, L, B>>(z + (k * line + (o * pool.axis[2].stride + k2) * columns + channel) * L);
                        elements(only<base::of_elements>{}, st, e, p);
                        r.see(base::template get<result>(st, e), number++);
                    }
                T* const to = out + (o * columns + channel) * L;
                store(to, r.most);
                if constexpr (places) store(to + room * L, r.place);
            }
        }
    }
    /// The results [from, n) of so many lines, of each image in a run.
    static KILN_INLINE void store_pooled(const results& to, const T* out, i64 from, i64 n, i64 image, int images, i64 first) {
        first += image * pooled_image;
        for (i64 j = from; j < n; j += L) {
            const int count = static_cast<int>(n - j < L ? n - j : L);
            alignas(64) T here[L][L];
            transposed_square<T, L, true>(here[0], L, out + j * L, L, L, L);
            for (int k = 0; k < images; ++k) {
                T* const there = to.most + first + k * pooled_image + j;
                if (const auto v = load<simd<T, L, B>>(here[k]); count == L) store(there, v);
                else store_some(v, there, count);
            }
        }
        for (i64 j = from; places && j < n; j += places_at_once) {
            places_in_lanes<int_of<B>, L> p;
            p.gather(reinterpret_cast<const int_of<B>*>(out + (room + j) * L));
            p.store(to.place + first + j, pooled_image, images, static_cast<int>(n - j < places_at_once ? n - j : places_at_once));
        }
    }
    static KILN_INLINE void many_images(state& st, const operands& o, T* at, const place& p, const results& to, const of_channels& known, i64 n, int images) {
        T *const z = at + vectors.read * L, *const out = z + vectors.unpooled * L;
        constexpr i64 all = pool.axis[0].out * pool.axis[1].out;
        lanes::lay_images(at, o.a + n * s::image, images);
        for (i64 m = 0; m < all; m += lines_at_once) {
            const i64 count = all - m < lines_at_once ? all - m : lines_at_once;
            for (i64 k = 0, done = 0; k < count; ++k) {   // stores go on beside the sums of the next line
                const i64 o0 = (m + k) / pool.axis[1].out * pool.axis[0].stride, o1 = (m + k) % pool.axis[1].out * pool.axis[1].stride;
                T* seen = z;
                for (i64 k0 = 0; k0 < pool.axis[0].kernel; ++k0)
                    for (i64 k1 = 0; k1 < pool.axis[1].kernel; ++k1, seen += line * L) lanes::line_of_results(at, o.b, seen, o0 + k0, o1 + k1, [] {});
                pooled(st, p, known, z, out + k * pooled_line * L);
                const i64 there = k + 1 < count ? (k + 1) * pooled_line / places_at_once * places_at_once : count * pooled_line;
                store_pooled(to, out, done, there, n, images, m * pooled_line);
                done = there;
            }
        }
    }
    /// One image, all of whose results fit where those of many are else.
    [[gnu::noinline]] static void one_image(state& st, operands o, const place& p, const results& to, regs& sums, i64 n) {
        o.a += n * s::image;
        base::window_block(st, o, {}, p, {0, s::windows}, 0, columns, &sums);
        char* a[]{p.q[K::node(stored).slot], reinterpret_cast<char*>(to.most + n * pooled_image), reinterpret_cast<char*>(places ? to.place + n * pooled_image : nullptr)};
        const i64 sizes[]{s::windows * columns, columns, pooled_image, columns, pooled_image, columns};
        pool_kernel::run(a, sizes, 0, 1);
    }

    static constexpr bool splits = true;
    static KILN_INLINE void run(char* const* a, const i64* sizes, int part, int parts) {
        const operands o = base::operands_of(a, sizes, nullptr);
        outer_indices<K> none(a, sizes, vectors.all() * VB, part, parts);
        none.q[K::node(stored).slot] = none.q[2];
        state st;
        const place p{none.q, sizes, none.index, 0, 0, columns, L};
        regs periodic, sums;
        base::template steps<false>(only<base::before>{}, st, st.row, p, st.acc);
        base::periodic_steps(only<base::of_columns>{}, st, periodic, p);
        of_channels known;
        take(only<base::of_columns>{}, known, periodic);
        T* const at = reinterpret_cast<T*>(none.q[2]);
        const results to{reinterpret_cast<T*>(a[argument + 1]), places ? reinterpret_cast<std::uint8_t*>(a[argument + 2]) : nullptr};
        const part_range mine = range_of(o.rows / s::windows, part, parts, L);
        i64 n = mine.first;
        if (4 * (mine.last - n) >= L) lanes::clear_padding(at);
        for (; 4 * (mine.last - n) >= L; n += L) many_images(st, o, at, p, to, known, n, static_cast<int>(mine.last - n < L ? mine.last - n : L));
        for (; n < mine.last; ++n) one_image(st, o, p, to, sums, n);
    }
};

}  // namespace kiln::cpu
