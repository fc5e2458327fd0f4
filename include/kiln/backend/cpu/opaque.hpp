// Operations that are kernels of their own: plain loops over memory.
#pragma once
#include <kiln/backend/cpu/contraction.hpp>
#include <kiln/backend/cpu/random.hpp>
#include <kiln/ops/windows.hpp>

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

/// The windows of patches and fold, row by row: along the last axis of a window, or of the positions.
template <class K>
struct sliding_rows {
    static constexpr window_geometry given = window_geometry::from([](int k) { return static_cast<i64>(K::constant(k)); });
    static constexpr window_geometry g = given.in_three_axes();
    static constexpr i64 inner = g.inner, image = given.image() * inner, patches = given.patches() * inner;
    static constexpr window_axis last = g.axis[2];
    static constexpr i64 length = g.kernel_first ? last.out : last.kernel, step = g.kernel_first ? last.stride : last.dilation;

    static constexpr i64 count(int level) {   // the five loops around a row
        const window_axis& a = g.axis[level < 3 ? level : level - 3];
        return (level < 3) == g.kernel_first ? a.kernel : a.out;
    }
    static constexpr i64 place(int axis, const i64* i) {
        const i64 out = g.kernel_first ? i[axis + 3] : i[axis], kernel = g.kernel_first ? i[axis] : i[axis + 3];
        return out * g.axis[axis].stride + kernel * g.axis[axis].dilation - g.axis[axis].low;
    }
    /// row(where it begins in the patches, where its line begins in the image or -1, index in the line of its first element).
    template <class Row>
    static KILN_INLINE void each(Row row) {
        i64 i[6]{}, at = 0;
        for (i[0] = 0; i[0] < count(0); ++i[0])
            for (i[1] = 0; i[1] < count(1); ++i[1])
                for (i[2] = 0; i[2] < count(2); ++i[2])
                    for (i[3] = 0; i[3] < count(3); ++i[3])
                        for (i[4] = 0; i[4] < count(4); ++i[4], at += length * inner) {
                            const i64 p = place(0, i), q = place(1, i);
                            const bool inside = p >= 0 && p < g.axis[0].size && q >= 0 && q < g.axis[1].size;
                            row(at, inside ? (p * g.axis[1].size + q) * last.size * inner : -1, place(2, i));
                        }
    }
    /// The elements [from, to) of a row lie inside of the line, if its step is 1.
    static KILN_INLINE i64 from(i64 first) { return first < 0 ? first < -length ? length : -first : 0; }
    static KILN_INLINE i64 to(i64 first) { return last.size - first < length ? last.size - first < 0 ? 0 : last.size - first : length; }
};
template <class K>
struct opaque_kernel<patches_op, K> {
    static void run(char* const* a, const i64* sizes) {
        using rows = sliding_rows<K>;
        constexpr dtype t = K::node(0).type;
        using T = ctype_of<t>;
        constexpr i64 inner = rows::inner;
        T fill{};
        if constexpr (rows::given.lowest && t != dtype::boolean)
            fill = is_floating(t) ? static_cast<T>(-__builtin_huge_val()) : std::numeric_limits<T>::lowest();
        const T* x = reinterpret_cast<const T*>(a[0]);
        T* out = reinterpret_cast<T*>(a[1]);
        const i64 outer = rows::patches ? sizes[2] / rows::patches : 0;
        for (i64 n = 0; n < outer; ++n, x += rows::image, out += rows::patches)
            rows::each([&](i64 at, i64 line, i64 first) {
                T* p = out + at;
                if (line < 0) {
                    for (i64 k = 0; k < rows::length * inner; ++k) p[k] = fill;
                } else if constexpr (rows::step == 1) {
                    const i64 lo = rows::from(first), hi = rows::to(first);
                    for (i64 k = 0; k < lo * inner; ++k) p[k] = fill;
                    for (i64 k = lo * inner; k < hi * inner; ++k) p[k] = x[line + first * inner + k];
                    for (i64 k = (hi > lo ? hi : lo) * inner; k < rows::length * inner; ++k) p[k] = fill;
                } else {
                    for (i64 k = 0; k < rows::length; ++k) {
                        const i64 q = first + k * rows::step;
                        const bool inside = q >= 0 && q < rows::last.size;
                        for (i64 c = 0; c < inner; ++c) p[k * inner + c] = inside ? x[line + q * inner + c] : fill;
                    }
                }
            });
    }
};
template <class K>
struct opaque_kernel<fold_op, K> {
    static void run(char* const* a, const i64* sizes) {
        using rows = sliding_rows<K>;
        using T = ctype_of<K::node(0).type>;
        constexpr i64 inner = rows::inner;
        const T* in = reinterpret_cast<const T*>(a[0]);
        T* x = reinterpret_cast<T*>(a[1]);
        const i64 all = sizes[2], outer = rows::image ? all / rows::image : 0;
        for (i64 k = 0; k < all; ++k) x[k] = T{};
        if constexpr (rows::patches == 0) return;
        for (i64 n = 0; n < outer; ++n, x += rows::image, in += rows::patches)
            rows::each([&](i64 at, i64 line, i64 first) {
                const T* p = in + at;
                if (line < 0) return;
                if constexpr (rows::step == 1) {
                    const i64 hi = rows::to(first) * inner;
                    for (i64 k = rows::from(first) * inner; k < hi; ++k)
                        x[line + first * inner + k] = static_cast<T>(x[line + first * inner + k] + p[k]);
                } else {
                    for (i64 k = 0; k < rows::length; ++k) {
                        const i64 q = first + k * rows::step;
                        if (q < 0 || q >= rows::last.size) continue;
                        for (i64 c = 0; c < inner; ++c) x[line + q * inner + c] = static_cast<T>(x[line + q * inner + c] + p[k * inner + c]);
                    }
                }
            });
    }
};

template <class K>
struct opaque {
    using own = opaque_kernel<op_struct<K::op(0)>, K>;
    static constexpr bool splits = requires(const i64* sizes) { own::work(sizes); };
    static constexpr i64 work(const i64* sizes)
        requires splits
    { return own::work(sizes); }
    static void run(char* const* a, const i64* sizes, [[maybe_unused]] int part, [[maybe_unused]] int parts) {
        if constexpr (splits) own::run(a, sizes, part, parts);
        else own::run(a, sizes);
    }
};

template <class K, int VB>
using kernel_of_width = std::conditional_t<K::header.kind == group_kind::contraction, contraction<K, VB>,
                        std::conditional_t<K::header.kind == group_kind::nest, nest<K, VB>, opaque<K>>>;
template <class K, class Arch>
using kernel = kernel_of_width<K, vector_bytes<Arch>>;

}  // namespace kiln::cpu
