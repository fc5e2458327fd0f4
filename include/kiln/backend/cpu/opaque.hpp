// Operations that are kernels of their own: plain loops over memory.
#pragma once
#include <kiln/backend/cpu/depthwise_filters.hpp>
#include <kiln/backend/cpu/fold.hpp>
#include <kiln/backend/cpu/patches.hpp>
#include <kiln/backend/cpu/pooled_filters.hpp>
#include <kiln/backend/cpu/pooled_lanes.hpp>
#include <kiln/backend/cpu/random.hpp>

namespace kiln::cpu {

/// Sizes of argument k of an opaque call: how many elements, the last extent.
struct argument_size {
    i64 count, last;
};
template <class K>
KILN_INLINE argument_size size_of_argument(const i64* sizes, int k) { return {sizes[2 * k], sizes[2 * k + 1]}; }

template <class Op, class K, int VB>
struct opaque_kernel;

template <class Op, class K, int VB>
    requires std::is_base_of_v<random_numbers<Op>, Op>
struct opaque_kernel<Op, K, VB> {
    static constexpr int n_in = K::n - 1;   // the seed, perhaps the step
    static constexpr i64 work(const i64* sizes) { return size_of_argument<K>(sizes, n_in).count; }
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        using T = ctype_of<K::node(n_in).type>;
        u64 seed, step = 0;
        __builtin_memcpy(&seed, a[0], sizeof seed);
        if constexpr (n_in > 1) __builtin_memcpy(&step, a[1], sizeof step);
        const u64 key = key_of_hash(static_cast<u64>(sizes[2 * n_in + 2]), seed);
        T* out = reinterpret_cast<T*>(a[n_in]);
        const part_range p = range_of(work(sizes), part, parts, random_numbers_at_once<Op, T>);
        draw<Op>(out, p.first, p.last, key, step);
    }
};
template <class K, int VB>
struct opaque_kernel<top_k_op, K, VB> {
    static constexpr i64 work(const i64* sizes) { return sizes[0]; }
    static void run(char* const* a, const i64* sizes, int part, int parts) {
        using T = ctype_of<K::node(0).type>;
        const i64 n = sizes[1], k = static_cast<i64>(K::constant(0));
        const part_range rows = range_of(n ? sizes[0] / n : 0, part, parts, 1);
        const T* x = reinterpret_cast<const T*>(a[0]) + rows.first * n;
        T* best = reinterpret_cast<T*>(a[1]) + rows.first * k;
        std::int32_t* at = reinterpret_cast<std::int32_t*>(a[2]) + rows.first * k;
        for (i64 r = rows.first; r < rows.last; ++r, x += n, best += k, at += k) {
            i64 held = 0;   // an insertion into what is held so far, largest first; equals stay behind
            for (i64 i = 0; i < n; ++i) {
                i64 j = held < k ? held++ : k;
                for (; j > 0 && top_k_op::larger(x[i], best[j - 1]); --j)
                    if (j < k) {
                        best[j] = best[j - 1];
                        at[j] = at[j - 1];
                    }
                if (j < k) {
                    best[j] = x[i];
                    at[j] = static_cast<std::int32_t>(i);
                }
            }
        }
    }
};

template <class K, int VB>
struct opaque_kernel<merge_op, K, VB> {
    static void run(char* const* a, const i64* sizes) {
        __builtin_memcpy(a[3], *a[0] ? a[1] : a[2], static_cast<std::size_t>(sizes[2] * size_of(K::node(1).type)));
    }
};

template <class K, int VB>
struct opaque_kernel<patches_op, K, VB> : patches_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<fold_op, K, VB> : fold_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<depthwise_op, K, VB> : depthwise_kernel<K, VB, false> {};
template <class K, int VB>
struct opaque_kernel<depthwise_image_op, K, VB> : depthwise_kernel<K, VB, true> {};
template <class K, int VB>
struct opaque_kernel<depthwise_filters_op, K, VB> : depthwise_filters_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<window_max_op, K, VB> : window_max_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<window_max_and_place_op, K, VB> : window_max_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<window_at_max_op, K, VB> : window_at_max_kernel<K, VB> {};
template <class K, int VB>
struct opaque_kernel<window_from_place_op, K, VB> : window_from_place_kernel<K, VB> {};

template <class K, int VB>
struct opaque : opaque_kernel<op_struct<K::op(0)>, K, VB> {
    using own = opaque_kernel<op_struct<K::op(0)>, K, VB>;
    static constexpr bool interleaved = false, splits = requires(const i64* sizes) { own::work(sizes); };
    static constexpr bool joins = [] {
        if constexpr (requires { own::joins; }) return own::joins;
        else return false;
    }();
    static void run(char* const* a, const i64* sizes, [[maybe_unused]] int part, [[maybe_unused]] int parts) {
        if constexpr (splits) own::run(a, sizes, part, parts);
        else own::run(a, sizes);
    }
};

/// Bytes of vectors as wide as the columns, if these are few. Two narrow multiply-adds are done in the time of a wide one.
template <class K, int VB>
constexpr int bytes_for_columns = [] {
    const i64 columns = K::extent(K::header.axes - 1) * K::header.lane_bytes;
    int bytes = VB;
    while (columns > 0 && 2 * columns <= bytes && (bytes > 32 || (bytes == 32 && columns == 16))) bytes /= 2;   // loads of a part of 16 bytes are slow
    return bytes;
}();
/// A nest does the same, unless several of its rows fill wide vectors.
template <class K, int VB>
struct nest_of_width {
    static constexpr auto f = body<K, VB>::f;
    using type = nest<K, (f.grouped || f.end_to_end > 0 || !K::header.has_rows ? VB : bytes_for_columns<K, VB>)>;
};
template <class K, int VB>
struct contraction_of_width {
    static constexpr int registers = VB == 64 ? 32 : 16;
    static constexpr bool by_images = [] {
        if constexpr (K::header.windows) return image_lanes<K, VB, registers>::possible;
        else return false;
    }();
    /// All columns are sums along the inner axis, whose vectors are whole.
    static constexpr int bytes = [] {
        constexpr i64 columns = K::extent(K::header.axes - 1);
        if constexpr (!K::header.windows && columns > 0 && 2 * columns * K::header.lane_bytes <= VB && K::inner > 0)
            if (contraction_tiles<K, VB, registers>::no_tiles) return VB;
        return bytes_for_columns<K, VB>;
    }();
    static constexpr bool at_places = [] {
        if constexpr (K::header.windows && K::header.computes[1]) return pooled_filters<K, VB, registers>::sums.pay;
        else return false;
    }();
    using type = std::conditional_t<K::header.pools, pooled_lanes<K, VB, registers>, std::conditional_t<at_places, pooled_filters<K, VB, registers>,
                                    std::conditional_t<by_images, image_lanes<K, VB, registers>, contraction<K, bytes, registers>>>>;
};

template <class K, int VB>
using kernel_of_width = std::conditional_t<K::header.kind == group_kind::contraction, contraction_of_width<K, VB>,
                        std::conditional_t<K::header.kind == group_kind::nest, nest_of_width<K, VB>, std::type_identity<opaque<K, VB>>>>::type;
template <class K, class Arch>
using kernel = kernel_of_width<K, vector_bytes<Arch>>;

}  // namespace kiln::cpu
