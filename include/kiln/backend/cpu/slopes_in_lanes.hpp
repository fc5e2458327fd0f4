// What a pool gives back to its image, window_from_place, as a part of the contraction that reads it with images as lanes: spread there, it
// lies nowhere else.
#pragma once
#include <kiln/backend/cpu/places_in_lanes.hpp>
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
    static constexpr int B = windows::B, L = windows::L;
    using lanes = simd<T, L, B>;
    using numbers = simd<int_of<B>, L, B>;
    static constexpr i64 n = pool.windows() * pool.inner;   // of an image

    /// Of the images from `image` on.
    KILN_INLINE slopes_in_lanes(char* const* a, i64 image, int count)
        : from(reinterpret_cast<const T*>(a[argument]) + image * n), place_from(reinterpret_cast<const std::uint8_t*>(a[argument + 1]) + image * n), images(count) {}
    /// The next line of windows: the lines of the image that these see, one behind the other, [element][image]. Lanes without an image are 0; what no
    /// window sees is left as it is.
    KILN_INLINE void line(T* to) {
        for (i64 o = 0; o < pool.axis[2].out; ++o, to += pool.axis[2].stride * pool.inner * L)
            for (i64 channel = 0; channel < pool.inner; ++channel) {
                if (at % L == 0) next_slopes();
                if (at % places_at_once == 0) places.load(place_from + at, n, images);
                const lanes slope = load<lanes>(slopes[at % L]);
                const numbers place = places.of(static_cast<unsigned>(at % places_at_once));
                ++at;
                int number = 0;
#pragma GCC unroll 4
                for (i64 k = 0; k < pool.axis[0].kernel * pool.axis[1].kernel; ++k)
#pragma GCC unroll 4
                    for (i64 k2 = 0; k2 < pool.axis[2].kernel; ++k2, ++number)
                        store(to + ((k * pool.axis[2].size + k2) * pool.inner + channel) * L, select(place == numbers::splat(static_cast<int_of<B>>(number)), slope, lanes{}));
            }
    }

private:
    KILN_INLINE void next_slopes() {
        const i64 left = n - static_cast<i64>(at);
        const int count = static_cast<int>(left < L ? left : L);
        if (images == L && count == L) transposed_square<T, L, true>(slopes[0], L, from + at, n, L, L);
        else transposed_square<T, L, false>(slopes[0], L, from + at, n, images, count);
    }

    alignas(64) T slopes[L][L];   // of the windows that come next
    places_in_lanes<int_of<B>, L> places;
    const T* from;
    const std::uint8_t* place_from;
    int images;
    u64 at = 0;   // unsigned, that a remainder is a mask
};

}  // namespace kiln::cpu
