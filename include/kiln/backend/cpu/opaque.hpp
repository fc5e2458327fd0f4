// Operations that are kernels of their own: plain loops over memory.
#pragma once
#include <kiln/backend/cpu/contraction.hpp>

namespace kiln::cpu {

/// Sizes of argument k of an opaque call: how many elements, the last extent.
struct argument_size {
    i64 count, last;
};
template <class K>
KILN_INLINE argument_size size_of_argument(const i64* sizes, int k) { return {sizes[2 * k], sizes[2 * k + 1]}; }

template <class Op, class K>
struct opaque_kernel;

template <class Op, class K>
    requires std::is_base_of_v<random_numbers<Op>, Op>
struct opaque_kernel<Op, K> {
    static void run(char* const* a, const i64* sizes) {
        constexpr dtype t = K::node(1).type;
        using T = ctype_of<t>;
        u64 seed;
        __builtin_memcpy(&seed, a[0], sizeof seed);
        const u64 key = key_of_hash(static_cast<u64>(sizes[4]), seed);
        T* out = reinterpret_cast<T*>(a[1]);
        for (i64 i = 0, n = sizes[2]; i < n; ++i) out[i] = static_cast<T>(Op::draw(key, static_cast<u64>(i), t));
    }
};
template <class K>
struct opaque_kernel<top_k_op, K> {
    static void run(char* const* a, const i64* sizes) {
        using T = ctype_of<K::node(0).type>;
        const T* x = reinterpret_cast<const T*>(a[0]);
        T* best = reinterpret_cast<T*>(a[1]);
        std::int32_t* at = reinterpret_cast<std::int32_t*>(a[2]);
        const i64 n = sizes[1], k = static_cast<i64>(K::constant(0)), rows = n ? sizes[0] / n : 0;
        for (i64 r = 0; r < rows; ++r, x += n, best += k, at += k) {
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

template <class K>
struct opaque_kernel<merge_op, K> {
    static void run(char* const* a, const i64* sizes) {
        __builtin_memcpy(a[3], *a[0] ? a[1] : a[2], static_cast<std::size_t>(sizes[2] * size_of(K::node(1).type)));
    }
};

template <class K>
struct opaque {
    static constexpr bool splits = false;
    static void run(char* const* a, const i64* sizes, int, int) { opaque_kernel<op_struct<K::op(0)>, K>::run(a, sizes); }
};

template <class K, class Arch>
using kernel = std::conditional_t<K::header.kind == group_kind::contraction, contraction<K, vector_bytes<Arch>>,
               std::conditional_t<K::header.kind == group_kind::nest, nest<K, vector_bytes<Arch>>, opaque<K>>>;

}  // namespace kiln::cpu
