// Places of windows, a byte each, where lanes are images: as many of an image as a lane has bytes lie in one lane, so that to and from memory they
// take a quarter of the vectors, or less.
#pragma once
#include <kiln/backend/cpu/pack.hpp>
#include <kiln/plan/packing.hpp>

namespace kiln::cpu {

/// `places_at_once` of each of L images: byte b of a lane of vector k is that of element k * sizeof(I) + b.
template <class I, int L>
struct places_in_lanes {
    static constexpr int bytes = sizeof(I), n = places_at_once / bytes;
    using lanes = simd<I, L, bytes>;
    using index = std::make_integer_sequence<int, L>;
    raw<I, L> v[n];

    /// The places of image i lie at from + i * across; of the first `images`, of others there are none.
    KILN_INLINE void load(const std::uint8_t* from, i64 across, int images) {
        alignas(64) std::uint8_t here[L * places_at_once];
        if (images < L) {
            __builtin_memset(here, 0xff, sizeof(here));
            for (int i = 0; i < images; ++i) __builtin_memcpy(here + i * places_at_once, from + i * across, places_at_once);
            from = here;
            across = places_at_once;
        }
#pragma GCC unroll 4
        for (int k = 0; k < n; ++k) v[k] = load_pieces<I, L>(from + k * across, n * across);
        transpose_within(v, index{});
    }
    KILN_INLINE void store(std::uint8_t* to, i64 across, int images, int count) const {
        raw<I, L> t[n];
#pragma GCC unroll 4
        for (int k = 0; k < n; ++k) t[k] = v[k];
        transpose_within(t, index{});
        alignas(64) std::uint8_t here[n][L * bytes];
#pragma GCC unroll 4
        for (int k = 0; k < n; ++k) cpu::store(here[k], lanes{t[k]});
        for (int i = 0; i < images; ++i, to += across) {
            const std::uint8_t* const image = here[i % n] + i / n * places_at_once;
            if (count == places_at_once) __builtin_memcpy(to, image, places_at_once);
            else __builtin_memcpy(to, image, static_cast<std::size_t>(count));
        }
    }
    /// Those of one element.
    KILN_INLINE lanes of(unsigned e) const {
        return {v[e / bytes] >> static_cast<I>(8 * (e % bytes)) & (raw<I, L>{} + I{255})};
    }
    /// From vectors of one place each.
    KILN_INLINE void gather(const I* from) {
#pragma GCC unroll 4
        for (int k = 0; k < n; ++k) {
            v[k] = cpu::load<lanes>(from + (k + 1) * bytes * L - L).v;
#pragma GCC unroll 8
            for (int b = bytes - 2; b >= 0; --b) v[k] = v[k] << I{8} | (cpu::load<lanes>(from + (k * bytes + b) * L).v & (raw<I, L>{} + I{255}));
        }
    }
};

}  // namespace kiln::cpu
