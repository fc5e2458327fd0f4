// What a pool gives back to its image, window_from_place, as a part of the contraction that reads it with images as lanes: spread there, it
// lies nowhere else.
#pragma once
#include <kiln/backend/cpu/pack.hpp>
#include <kiln/backend/cpu/prologue.hpp>

namespace kiln::cpu {

template <class K, int VB, bool Computed = K::header.computes[1] && K::header.windows>
struct slopes_in_lanes {};
template <class K, int VB>
struct slopes_in_lanes<K, VB, true> {
    using M = typename key_of_prologue<K, 1>::type;
    static constexpr window_geometry pool = window_geometry::from([](int k) { return static_cast<i64>(M::constant(k)); }).in_three_axes();
    static constexpr int argument = key_of_prologue<K, 1>::within.argument;   // the slopes, then the places
    using T = ctype_of<M::node(0).type>;
    using place_type = ctype_of<M::node(1).type>;
    static constexpr int B = sizeof(T), L = VB / B;
    using lanes = simd<T, L, B>;
    using numbers = simd<int_of<B>, L, B>;
    static constexpr i64 n = pool.windows() * pool.inner;   // of an image

    /// Of the images from `image` on: [element][image]. Lanes without an image are 0; what no window sees is left as it is.
    static KILN_INLINE void slopes(T* to, char* const* a, i64 image, int images) {
        const T* const slope = reinterpret_cast<const T*>(a[argument]) + image * n;
        const place_type* const place = reinterpret_cast<const place_type*>(a[argument + 1]) + image * n;
        alignas(64) T of[L][L], at[L][L];
        i64 window = 0, channel = 0;
        for (i64 k = 0; k < n; k += L) {
            const int count = static_cast<int>(n - k < L ? n - k : L);
            for (int i = 0; i < L; ++i)
                store(at[i], convert<int_of<B>>(i < images ? count == L ? load<simd<place_type, L, B>>(place + i * n + k) : load_some<simd<place_type, L, B>>(place + i * n + k, count)
                                                           : simd<place_type, L, B>::splat(static_cast<place_type>(-1))));
            if (images == L && count == L) transposed_square<T, L, true>(of[0], L, slope + k, n, L, L);
            else transposed_square<T, L, false>(of[0], L, slope + k, n, images, count);
            transposed_square<T, L, true>(at[0], L, at[0], L, L, L);
            for (int e = 0; e < count; ++e) {
                put(to + first_seen(window) * pool.inner * L + channel * L, load<lanes>(of[e]), load<numbers>(at[e]));
                if (++channel == pool.inner) {
                    channel = 0;
                    ++window;
                }
            }
        }
    }

private:
    /// Of the first place that a window sees: which element, without channels.
    static constexpr i64 first_seen(i64 window) {
        const i64 o2 = window % pool.axis[2].out, o1 = window / pool.axis[2].out % pool.axis[1].out, o0 = window / pool.axis[2].out / pool.axis[1].out;
        return (o0 * pool.axis[0].stride * pool.axis[1].size + o1 * pool.axis[1].stride) * pool.axis[2].size + o2 * pool.axis[2].stride;
    }
    static KILN_INLINE void put(T* to, lanes slope, numbers place) {
        int number = 0;
#pragma GCC unroll 4
        for (i64 k0 = 0; k0 < pool.axis[0].kernel; ++k0)
#pragma GCC unroll 4
            for (i64 k1 = 0; k1 < pool.axis[1].kernel; ++k1)
#pragma GCC unroll 4
                for (i64 k2 = 0; k2 < pool.axis[2].kernel; ++k2, ++number)
                    store(to + ((k0 * pool.axis[1].size + k1) * pool.axis[2].size + k2) * pool.inner * L,
                          select(place == numbers::splat(static_cast<int_of<B>>(number)), slope, lanes{}));
    }
};

}  // namespace kiln::cpu
