// What a pool gives back to its image, window_from_place, as a part of the contraction that reads it with images as lanes: spread there, it
// lies nowhere else.
#pragma once
#include <kiln/backend/cpu/pack.hpp>
#include <kiln/backend/cpu/prologue.hpp>
#include <kiln/backend/cpu/window_maximum.hpp>

namespace kiln::cpu {

template <class K, int VB, bool Computed = K::header.computes[1] && K::header.windows>
struct slopes_in_lanes {};
template <class K, int VB>
struct slopes_in_lanes<K, VB, true> {
    using M = typename key_of_prologue<K, 1>::type;
    using windows = windows_of_maximum<M, VB, 2>;
    static constexpr window_geometry pool = windows::g;
    static constexpr int argument = key_of_prologue<K, 1>::within.argument;   // the slopes, then the places
    using T = typename windows::T;
    using place_type = ctype_of<M::node(1).type>;
    static constexpr int B = windows::B, L = windows::L;
    using lanes = simd<T, L, B>;
    using numbers = simd<int_of<B>, L, B>;
    static constexpr i64 n = pool.windows() * pool.inner;   // of an image

    /// Of the images from `image` on: [element][image]. Lanes without an image are 0; what no window sees is left as it is.
    static KILN_INLINE void slopes(T* to, char* const* a, i64 image, int images) {
        const T* const from = reinterpret_cast<const T*>(a[argument]) + image * n;
        const place_type* const place = reinterpret_cast<const place_type*>(a[argument + 1]) + image * n;
        alignas(64) T of[L][L], at[L][L];
        i64 window = 0, channel = 0;
        for (i64 k = 0; k < n; k += L) {
            const int count = static_cast<int>(n - k < L ? n - k : L);
            for (int i = 0; i < L; ++i)
                store(at[i], convert<int_of<B>>(i < images ? count == L ? load<simd<place_type, L, B>>(place + i * n + k) : load_some<simd<place_type, L, B>>(place + i * n + k, count)
                                                           : simd<place_type, L, B>::splat(static_cast<place_type>(-1))));
            if (images == L && count == L) transposed_square<T, L, true>(of[0], L, from + k, n, L, L);
            else transposed_square<T, L, false>(of[0], L, from + k, n, images, count);
            transposed_square<T, L, true>(at[0], L, at[0], L, L, L);
            for (int e = 0; e < count; ++e) {
                const lanes slope = load<lanes>(of[e]);
                const numbers seen = load<numbers>(at[e]);
                typename windows::template window<true, 1>{window / pool.axis[2].out / pool.axis[1].out, window / pool.axis[2].out % pool.axis[1].out, window % pool.axis[2].out}.each_place(
                    [&](int number, i64 q) KILN_INLINE_LAMBDA { store(to + (q + channel) * L, select(seen == numbers::splat(static_cast<int_of<B>>(number)), slope, lanes{})); });
                if (++channel == pool.inner) {
                    channel = 0;
                    ++window;
                }
            }
        }
    }
};

}  // namespace kiln::cpu
