// exp, log, log1p, tanh, erf on floats and exp, log, log1p on doubles: small tables, short polynomials, no branch. They are right where
// the rivals use them: finite arguments, results that are normal numbers. With AVX2 their errors are up to 5.6 units in the last place in erf,
// 5.3 in tanh, 1.8 in log, 1.5 in exp from -10 to 5 and 4.4 from -80 to 80; those of kiln are 2.5, 1.7, 1.2 and 1.2 (docs/functions.md).
#pragma once
#include "packs.hpp"
#if defined(__AVX512F__)
#include "functions_avx512.hpp"
#else
#include "functions_avx2.hpp"
#endif

namespace hand {

template <class V>
HAND_INLINE V exp(const V& x) { return exp_scaled(x, 1.0f); }

/// A quotient that is not divided yet. A true division: on Zen 3 and 4 it is 8 to 12 % faster in these loops than an estimate with one
/// step of Newton, which needs the ports of the polynomials.
template <class V>
struct quotient {
    V p, q;
    HAND_INLINE V value() const { return p / q; }
};
template <class V>
HAND_INLINE V clamp(const V& x, float bound) { return max(min(x, all(bound)), all(-bound)); }

/// tanh x. The polynomials are this project's own fit of least maximal error, 6e-8 of the value.
template <class V>
HAND_INLINE quotient<V> tanh_quotient(const V& x) {
    const V u = clamp(x, 9.0f), s = u * u;
    return {u * polynomial(s, all(9.999999412e-01f), all(1.291924977e-01f), all(2.920784064e-03f),
                                        all(9.267608367e-06f), all(-1.278093828e-08f), all(1.825634054e-11f)),
            polynomial(s, all(1.0f), all(4.625253368e-01f), all(2.376326160e-02f), all(2.281031712e-04f))};
}
template <class V>
HAND_INLINE V tanh(const V& x) { return tanh_quotient(x).value(); }

/// erf x, likewise, 2e-8 of the value.
template <class V>
HAND_INLINE quotient<V> erf_quotient(const V& x) {
    const V u = clamp(x, 3.92f), s = u * u;
    return {u * polynomial(s, all(1.128379146e+00f), all(1.904046283e-01f), all(5.274841009e-02f),
                                        all(3.765516896e-03f), all(2.848768174e-04f), all(2.050054188e-06f)),
            polynomial(s, all(1.0f), all(5.020744504e-01f), all(1.141082873e-01f), all(1.496902210e-02f),
                       all(1.162504272e-03f), all(3.809106247e-05f))};
}
template <class V>
HAND_INLINE V erf(const V& x) { return erf_quotient(x).value(); }

}  // namespace hand
