// Some vectors at a time through a function, each operation on all of them before the next. So the machine finds other work beside an
// instruction that waits, which it does not when it has to look for it behind the whole of a long function.
#pragma once
#include "simd.hpp"

namespace hand {

template <int N>
struct pack {
    f32 v[N];
};
template <int N>
HAND_INLINE f32 part(const pack<N>& x, int k) { return x.v[k]; }
HAND_INLINE f32 part(f32 x, int) { return x; }

/// f of the vectors of one pack or more; what is a vector alone goes with each.
template <int N, class F, class... X>
HAND_INLINE pack<N> each(F f, const pack<N>& first, const X&... others) {
    pack<N> r;
#pragma GCC unroll 8
    for (int k = 0; k < N; ++k) r.v[k] = f(first.v[k], part(others, k)...);
    return r;
}
template <class F, class... X>
HAND_INLINE f32 each(F f, f32 first, const X&... others) { return f(first, others...); }

template <int N, class X>
HAND_INLINE pack<N> operator+(const pack<N>& a, const X& b) {
    return each([](f32 x, f32 y) HAND_INLINED { return x + y; }, a, b);
}
template <int N, class X>
HAND_INLINE pack<N> operator-(const pack<N>& a, const X& b) {
    return each([](f32 x, f32 y) HAND_INLINED { return x - y; }, a, b);
}
template <int N, class X>
HAND_INLINE pack<N> operator*(const pack<N>& a, const X& b) {
    return each([](f32 x, f32 y) HAND_INLINED { return x * y; }, a, b);
}
template <int N, class X>
HAND_INLINE pack<N> operator/(const pack<N>& a, const X& b) {
    return each([](f32 x, f32 y) HAND_INLINED { return x / y; }, a, b);
}
template <int N, class B, class C>
HAND_INLINE pack<N> fma(const pack<N>& a, const B& b, const C& c) {
    return each([](f32 x, f32 y, f32 z) HAND_INLINED { return fma(x, y, z); }, a, b, c);
}
template <int N>
HAND_INLINE pack<N> max(const pack<N>& a, f32 b) { return each(larger, a, b); }
template <int N>
HAND_INLINE pack<N> min(const pack<N>& a, f32 b) {
    return each([](f32 x, f32 y) HAND_INLINED { return min(x, y); }, a, b);
}
template <int N>
HAND_INLINE pack<N> abs(const pack<N>& a) {
    return each([](f32 x) HAND_INLINED { return abs(x); }, a);
}

}  // namespace hand
