// What the hand-written rivals are written in: the widest vectors of the machine under names of their own, by AVX-512 or by AVX2
// with FMA. Everything in rivals/ is made for one purpose: the best that a person makes of one task with all sizes known, on either.
// kiln is measured against it.
//
//   f32, f64, i32          width floats, width64 doubles, width integers; + - * / are the compiler's
//   prefix, prefix64       the first lanes of a vector: of what is over at the end of a row
//   mask, mask64           any lanes: what a comparison gives
#pragma once
#include <immintrin.h>

#include <cstdint>

#define HAND_INLINE [[gnu::always_inline]] inline
#define HAND_INLINED __attribute__((always_inline))   // behind the parameters of a lambda

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include "simd_avx512.hpp"
#elif defined(__AVX2__) && defined(__FMA__)
#include "simd_avx2.hpp"
#else
#error "the hand-written rivals need AVX-512, or AVX2 and FMA: include this where KILN_BENCH_HAND is 1"
#endif

namespace hand {

inline constexpr auto added = [](f32 a, f32 b) HAND_INLINED { return a + b; };
inline constexpr auto times = [](f32 a, f32 b) HAND_INLINED { return a * b; };
inline constexpr auto larger = [](f32 a, f32 b) HAND_INLINED { return max(a, b); };

/// c[0] + c[1] x + ... by Horner's rule.
template <class V, class X>
HAND_INLINE V polynomial(const V& x, X c0, X c1) { return fma(x, c1, c0); }
template <class V, class X, class... C>
HAND_INLINE V polynomial(const V& x, X c0, X c1, C... c) { return fma(polynomial(x, c1, c...), x, c0); }

}  // namespace hand
