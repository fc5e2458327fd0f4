// Rows of 10 or so columns in registers, as many of them at a time as a vector has lanes. A register is a row with AVX-512, where masks
// are for free, and a column with AVX2, where ten columns are more than one vector and less than two.
//
//   narrow<C> v(x, fill)    reads `width` rows; `fill` is in the lanes that are no column
//   v.change(f, others..)   v = f(v, what the others have at the same place); others: narrow, per_row, per_column
//   v.folded(f)             lane r is row r folded by f
//   v.kept(x)               x, but 0 in the lanes that are no column
//   column_sums<C>          sum.add(f, others..): sum = f(sum, ..) for the numbers of each column
#pragma once
#include "simd.hpp"
#if defined(__AVX512F__)
#include "narrow_avx512.hpp"
#else
#include "narrow_avx2.hpp"
#endif

namespace hand {

/// f(first row) for groups of `width` rows; the last group may overlap the one before it.
template <long R, class F>
HAND_INLINE void each_group(F f) {
    static_assert(R >= width);
    for (long r = 0; r + width <= R; r += width) f(r);
    if constexpr (R % width != 0) f(R - width);
}

}  // namespace hand
