// The values of a kernel: L lanes of an element type in compiler vectors, and masks. Free functions by argument-dependent lookup
// are what operations compute with; elementary ones are in math.hpp.
#pragma once
#include <kiln/backend/cpu/lane_widths.hpp>
#include <kiln/backend/cpu/machine.hpp>
#include <kiln/core/math.hpp>

#include <limits>

namespace kiln::cpu {

#if defined(__AVX512F__)
/// The mask of all lanes. With it g++ sees that two functions are the same; without any, they have a part that is not defined.
template <int L>
constexpr auto every_lane = static_cast<std::conditional_t<L == 16, __mmask16, __mmask8>>(-1);
#endif
template <class Arch>
constexpr int vector_bytes = std::is_same_v<Arch, avx512> ? 64 : std::is_same_v<Arch, avx2> ? 32 : 16;

/// One bit a lane, as whole integers of the kernel's lane width B.
template <int B, int L>
struct lane_mask {
    raw<int_of<B>, L> v;

    template <class T>
    KILN_INLINE raw<int_of<sizeof(T)>, L> as() const {
        if constexpr (sizeof(T) == B) return v;
        else return at_width<int_of<sizeof(T)>, int_of<B>, L>(v);
    }
    friend KILN_INLINE lane_mask operator&(lane_mask a, lane_mask b) { return {a.v & b.v}; }
    friend KILN_INLINE lane_mask operator|(lane_mask a, lane_mask b) { return {a.v | b.v}; }
    friend KILN_INLINE lane_mask operator^(lane_mask a, lane_mask b) { return {a.v ^ b.v}; }
    friend KILN_INLINE lane_mask operator~(lane_mask a) { return {~a.v}; }
    friend KILN_INLINE lane_mask operator!(lane_mask a) { return {~a.v}; }
    friend KILN_INLINE lane_mask operator==(lane_mask a, lane_mask b) { return {~(a.v ^ b.v)}; }
    friend KILN_INLINE lane_mask operator!=(lane_mask a, lane_mask b) { return {a.v ^ b.v}; }
    friend KILN_INLINE lane_mask operator<(lane_mask a, lane_mask b) { return {~a.v & b.v}; }
    friend KILN_INLINE lane_mask operator>(lane_mask a, lane_mask b) { return {a.v & ~b.v}; }
    friend KILN_INLINE lane_mask operator<=(lane_mask a, lane_mask b) { return {~a.v | b.v}; }
    friend KILN_INLINE lane_mask operator>=(lane_mask a, lane_mask b) { return {a.v | ~b.v}; }
    friend KILN_INLINE lane_mask select(lane_mask c, lane_mask a, lane_mask b) { return {(c.v & a.v) | (~c.v & b.v)}; }
    friend KILN_INLINE lane_mask like(lane_mask, double c) {
        const int_of<B> bits = c != 0 ? -1 : 0;   // g++ widens the expression itself to int
        return {raw<int_of<B>, L>{} + bits};
    }
};

/// L lanes of T in a kernel whose masks are B bytes wide.
template <class T, int L, int B>
struct simd {
    using element_type = T;
    using mask = lane_mask<B, L>;
    using raw_type = raw<T, L>;
    static constexpr int lanes = L;
    raw_type v;

    static KILN_INLINE simd splat(T x) { return {x - raw_type{}}; }   // keeps -0, as 0 + x would not
    template <class I>
    static KILN_INLINE mask from(I bits) {
        if constexpr (sizeof(T) == B) return {bits};
        else return {at_width<int_of<B>, int_of<sizeof(T)>, L>(bits)};
    }
    /// A value that g++ takes as it is, in a register. It would repeat a load for each use.
    static KILN_INLINE simd settled(raw_type p) {
#if defined(__GNUC__) && !defined(__clang__)
        if constexpr (std::is_floating_point_v<T>) {
#ifdef __AVX512F__
            if constexpr (sizeof(p) <= 64) __asm__("" : "+v"(p));
#else
            if constexpr (sizeof(p) <= 32) __asm__("" : "+x"(p));
#endif
        }
#endif
        return {p};
    }
    /// a * b, which g++ would contract with a sum, where fused multiply-adds are the plan's decision. It lets these functions alone, yet
    /// sees that two of them are the same.
    static KILN_INLINE simd product(raw_type a, raw_type b) {
#if defined(__GNUC__) && !defined(__clang__)
#if defined(__AVX512F__)
        if constexpr (std::is_same_v<T, float> && L == 16) return {(raw_type)_mm512_maskz_mul_ps(every_lane<16>, (__m512)a, (__m512)b)};
        if constexpr (std::is_same_v<T, double> && L == 8) return {(raw_type)_mm512_maskz_mul_pd(every_lane<8>, (__m512d)a, (__m512d)b)};
#endif
#if defined(__AVX__)
        if constexpr (std::is_same_v<T, float> && L == 8) return {(raw_type)__builtin_ia32_mulps256((__v8sf)a, (__v8sf)b)};
        if constexpr (std::is_same_v<T, double> && L == 4) return {(raw_type)__builtin_ia32_mulpd256((__v4df)a, (__v4df)b)};
#endif
        if constexpr (std::is_same_v<T, float> && L == 4) return {(raw_type)__builtin_ia32_mulps((__v4sf)a, (__v4sf)b)};
        if constexpr (std::is_same_v<T, double> && L == 2) return {(raw_type)__builtin_ia32_mulpd((__v2df)a, (__v2df)b)};
#endif
        return settled(a * b);
    }

    using unsigned_type = raw<std::make_unsigned_t<int_of<sizeof(T)>>, L>;
    // signed overflow wraps: integers compute as unsigned
    friend KILN_INLINE simd operator+(simd a, simd b) {
        if constexpr (std::is_floating_point_v<T>) return {a.v + b.v};
        else return {(raw_type)((unsigned_type)a.v + (unsigned_type)b.v)};
    }
    friend KILN_INLINE simd operator-(simd a, simd b) {
        if constexpr (std::is_floating_point_v<T>) return {a.v - b.v};
        else return {(raw_type)((unsigned_type)a.v - (unsigned_type)b.v)};
    }
    friend KILN_INLINE simd operator*(simd a, simd b) {
        if constexpr (std::is_floating_point_v<T>) return product(a.v, b.v);
        else return {(raw_type)((unsigned_type)a.v * (unsigned_type)b.v)};
    }
    friend KILN_INLINE simd operator-(simd a) {
        if constexpr (std::is_floating_point_v<T>) return {-a.v};
        else return {(raw_type)(-(unsigned_type)a.v)};
    }
    friend KILN_INLINE simd operator/(simd a, simd b) {
        if constexpr (std::is_floating_point_v<T>) return {a.v / b.v};
        else return {a.divided_by(b, [](raw_type x, raw_type y) KILN_INLINE_LAMBDA { return x / y; })};
    }
    friend KILN_INLINE simd operator%(simd a, simd b) {
        if constexpr (std::is_floating_point_v<T>) {
            for (int k = 0; k < L; ++k) a.v[k] = math::fmod(a.v[k], b.v[k]);
            return a;
        } else return {a.divided_by(b, [](raw_type x, raw_type y) KILN_INLINE_LAMBDA { return x % y; })};
    }
    // no trap: by zero is 0, the lowest by -1 wraps
    template <class F>
    KILN_INLINE raw_type divided_by(simd b, F f) const {
        const raw_type one = raw_type{} + T{1}, zero = raw_type{};
        raw_type y = b.v == zero ? one : b.v;
        if constexpr (std::is_signed_v<T>) {
            constexpr T lowest = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
            const auto both = (v == raw_type{} + lowest) & (y == raw_type{} - T{1});
            y = both ? one : y;
        }
        return b.v == zero ? zero : f(v, y);
    }
    friend KILN_INLINE mask operator<(simd a, simd b) { return from(a.v < b.v); }
    friend KILN_INLINE mask operator<=(simd a, simd b) { return from(a.v <= b.v); }
    friend KILN_INLINE mask operator>(simd a, simd b) { return from(a.v > b.v); }
    friend KILN_INLINE mask operator>=(simd a, simd b) { return from(a.v >= b.v); }
    friend KILN_INLINE mask operator==(simd a, simd b) { return from(a.v == b.v); }
    friend KILN_INLINE mask operator!=(simd a, simd b) { return from(a.v != b.v); }
    friend KILN_INLINE simd operator&(simd a, simd b) { return {a.v & b.v}; }
    friend KILN_INLINE simd operator|(simd a, simd b) { return {a.v | b.v}; }
    friend KILN_INLINE simd operator^(simd a, simd b) { return {a.v ^ b.v}; }
    friend KILN_INLINE simd operator~(simd a) { return {~a.v}; }
    friend KILN_INLINE simd operator<<(simd a, simd b) {
        constexpr T bits = static_cast<T>(8 * sizeof(T));
        const raw_type zero = raw_type{};
        const auto inside = (b.v >= zero) & (b.v < raw_type{} + bits);
        const raw_type n = inside ? b.v : zero;
        return {inside ? (raw_type)((unsigned_type)a.v << (unsigned_type)n) : zero};
    }
    friend KILN_INLINE simd operator>>(simd a, simd b) {
        constexpr T bits = static_cast<T>(8 * sizeof(T));
        const raw_type zero = raw_type{};
        const auto inside = (b.v >= zero) & (b.v < raw_type{} + bits);
        const raw_type n = inside ? b.v : raw_type{} + static_cast<T>(bits - 1);
        if constexpr (std::is_signed_v<T>) return {a.v >> n};
        else return {inside ? a.v >> n : zero};
    }
    friend KILN_INLINE simd select(mask c, simd a, simd b) { return {c.template as<T>() ? a.v : b.v}; }
    friend KILN_INLINE simd like(simd, double c) { return splat(static_cast<T>(c)); }
    friend KILN_INLINE simd like_integer(simd, i64 c) { return splat(static_cast<T>(c)); }
};

/// a * b + c, rounded once where the machine can.
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> fma(simd<T, L, B> a, simd<T, L, B> b, simd<T, L, B> c) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float> && L == 16) return {(raw<float, 16>)_mm512_fmadd_ps((__m512)a.v, (__m512)b.v, (__m512)c.v)};
    if constexpr (std::is_same_v<T, double> && L == 8) return {(raw<double, 8>)_mm512_fmadd_pd((__m512d)a.v, (__m512d)b.v, (__m512d)c.v)};
#endif
#if defined(__FMA__)
    if constexpr (std::is_same_v<T, float> && L == 8) return {(raw<float, 8>)_mm256_fmadd_ps((__m256)a.v, (__m256)b.v, (__m256)c.v)};
    if constexpr (std::is_same_v<T, double> && L == 4) return {(raw<double, 4>)_mm256_fmadd_pd((__m256d)a.v, (__m256d)b.v, (__m256d)c.v)};
    if constexpr (std::is_same_v<T, float> && L == 4) return {(raw<float, 4>)_mm_fmadd_ps((__m128)a.v, (__m128)b.v, (__m128)c.v)};
    if constexpr (std::is_same_v<T, double> && L == 2) return {(raw<double, 2>)_mm_fmadd_pd((__m128d)a.v, (__m128d)b.v, (__m128d)c.v)};
#endif
    return a * b + c;
}

/// x > a ? x : a, or the lesser.
template <bool Greater, class T, int L>
KILN_INLINE raw<T, L> extremum(raw<T, L> a, raw<T, L> x) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float> && L == 16)
        return (raw<T, L>)(Greater ? _mm512_maskz_max_ps(every_lane<16>, (__m512)x, (__m512)a) : _mm512_maskz_min_ps(every_lane<16>, (__m512)x, (__m512)a));
    if constexpr (std::is_same_v<T, double> && L == 8)
        return (raw<T, L>)(Greater ? _mm512_maskz_max_pd(every_lane<8>, (__m512d)x, (__m512d)a) : _mm512_maskz_min_pd(every_lane<8>, (__m512d)x, (__m512d)a));
#endif
#if defined(__AVX__)
    if constexpr (std::is_same_v<T, float> && L == 8)
        return (raw<T, L>)(Greater ? _mm256_max_ps((__m256)x, (__m256)a) : _mm256_min_ps((__m256)x, (__m256)a));
    if constexpr (std::is_same_v<T, double> && L == 4)
        return (raw<T, L>)(Greater ? _mm256_max_pd((__m256d)x, (__m256d)a) : _mm256_min_pd((__m256d)x, (__m256d)a));
#endif
    if constexpr (std::is_same_v<T, float> && L == 4)
        return (raw<T, L>)(Greater ? _mm_max_ps((__m128)x, (__m128)a) : _mm_min_ps((__m128)x, (__m128)a));
    if constexpr (std::is_same_v<T, double> && L == 2)
        return (raw<T, L>)(Greater ? _mm_max_pd((__m128d)x, (__m128d)a) : _mm_min_pd((__m128d)x, (__m128d)a));
    if constexpr (Greater) return x > a ? x : a;
    else return x < a ? x : a;
}
/// Those of ops/arithmetic.hpp. The machine's instruction gives a where one of both is NaN, so that only a NaN in x is left to
/// see to; a fold over x does not wait for that test.
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> greater_number_of(simd<T, L, B> a, simd<T, L, B> x) { return {extremum<true, T, L>(a.v, x.v)}; }
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> lesser_number_of(simd<T, L, B> a, simd<T, L, B> x) { return {extremum<false, T, L>(a.v, x.v)}; }
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> nan_or(simd<T, L, B> x, simd<T, L, B> y) {
    if constexpr (std::is_floating_point_v<T>) return {x.v != x.v ? x.v : y.v};
    else return y;
}
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> greater_of(simd<T, L, B> a, simd<T, L, B> x) { return nan_or(x, greater_number_of(a, x)); }
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> lesser_of(simd<T, L, B> a, simd<T, L, B> x) { return nan_or(x, lesser_number_of(a, x)); }

/// Lanes in which there has been a NaN, one bit each, where the machine keeps such bits in registers of their own.
template <class V>
constexpr bool has_nan_bits = false;
#if defined(__AVX512F__)
template <class T, int L, int B>
constexpr bool has_nan_bits<simd<T, L, B>> = std::is_floating_point_v<T> && sizeof(T) * L == 64;
/// Those before and those of x and y. g++ would or bits in a register that is none of those.
template <class T, int L, int B>
KILN_INLINE std::uint16_t nan_bits(std::uint16_t before, simd<T, L, B> x, simd<T, L, B> y) {
    if constexpr (std::is_same_v<T, float>) return _mm512_kor(before, _mm512_cmp_ps_mask((__m512)x.v, (__m512)y.v, _CMP_UNORD_Q));
    else return _mm512_kor(before, _mm512_cmp_pd_mask((__m512d)x.v, (__m512d)y.v, _CMP_UNORD_Q));
}
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> nan_where(std::uint16_t bits, simd<T, L, B> v) {
    if constexpr (std::is_same_v<T, float>) return {(raw<T, L>)_mm512_mask_mov_ps((__m512)v.v, bits, _mm512_set1_ps(__builtin_nanf("")))};
    else return {(raw<T, L>)_mm512_mask_mov_pd((__m512d)v.v, static_cast<__mmask8>(bits), _mm512_set1_pd(__builtin_nan("")))};
}
#endif

/// NaN where x or y is, else v, by one comparison of both.
template <class T, int L, int B>
KILN_INLINE simd<T, L, B> nan_or_nan_or(simd<T, L, B> x, simd<T, L, B> y, simd<T, L, B> v) {
    static_assert(std::is_floating_point_v<T>);
    using bits = raw<int_of<sizeof(T)>, L>;
#if defined(__AVX512F__)
    if constexpr (has_nan_bits<simd<T, L, B>>) return nan_where(nan_bits(0, x, y), v);
#endif
#if defined(__AVX__)
    if constexpr (std::is_same_v<T, float> && L == 8) return {(raw<T, L>)((bits)v.v | (bits)_mm256_cmp_ps((__m256)x.v, (__m256)y.v, _CMP_UNORD_Q))};
    if constexpr (std::is_same_v<T, double> && L == 4) return {(raw<T, L>)((bits)v.v | (bits)_mm256_cmp_pd((__m256d)x.v, (__m256d)y.v, _CMP_UNORD_Q))};
#endif
    if constexpr (std::is_same_v<T, float> && L == 4) return {(raw<T, L>)((bits)v.v | (bits)_mm_cmpunord_ps((__m128)x.v, (__m128)y.v))};
    if constexpr (std::is_same_v<T, double> && L == 2) return {(raw<T, L>)((bits)v.v | (bits)_mm_cmpunord_pd((__m128d)x.v, (__m128d)y.v))};
    return {(raw<T, L>)((bits)v.v | (bits)(x.v != x.v) | (bits)(y.v != y.v))};
}
/// Is any lane of a mask set?
template <class M>
KILN_INLINE bool any_lane(M m) {
#if defined(__AVX512F__)
    if constexpr (sizeof(m) == 64) return _mm512_test_epi64_mask((__m512i)m, (__m512i)m) != 0;
#endif
#if defined(__AVX__)
    if constexpr (sizeof(m) == 32) return !_mm256_testz_si256((__m256i)m, (__m256i)m);
#endif
    if constexpr (sizeof(m) == 16) return _mm_movemask_epi8((__m128i)m) != 0;
    bool any = false;
    for (std::size_t k = 0; k < sizeof(m) / sizeof(m[0]); ++k) any |= m[k] != 0;
    return any;
}
/// Is any lane NaN?
template <class T, int L, int B>
KILN_INLINE bool any_nan(simd<T, L, B> x) {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float> && L == 16) return _mm512_cmp_ps_mask((__m512)x.v, (__m512)x.v, _CMP_UNORD_Q) != 0;
    if constexpr (std::is_same_v<T, double> && L == 8) return _mm512_cmp_pd_mask((__m512d)x.v, (__m512d)x.v, _CMP_UNORD_Q) != 0;
#endif
    return any_lane(x.v != x.v);
}

// ---- numbers of the lanes
/// 0, 1, 2, ...
template <class T, int... K>
KILN_INLINE constexpr raw<T, sizeof...(K)> counted_lanes(std::integer_sequence<int, K...>) { return raw<T, sizeof...(K)>{static_cast<T>(K)...}; }
/// Number of the lane, in every element type.
template <class V>
KILN_INLINE V lane_numbers() {
    return {counted_lanes<typename V::element_type>(std::make_integer_sequence<int, V::lanes>{})};
}

// ---- from one dtype to another
/// Towards 0; what int32 does not hold, and NaN, is its least number, as instructions have it.
template <int L>
KILN_INLINE raw<std::int32_t, L> truncated(raw<float, L> x) {
    using out = raw<std::int32_t, L>;
#if defined(__AVX512F__)
    if constexpr (L == 16) return (out)_mm512_cvttps_epi32((__m512)x);
#endif
#if defined(__AVX__)
    if constexpr (L == 8) return (out)_mm256_cvttps_epi32((__m256)x);
#endif
    if constexpr (L == 4) return (out)_mm_cvttps_epi32((__m128)x);
}
template <class To, class T, int L, int B>
KILN_INLINE simd<To, L, B> convert(simd<T, L, B> x) {
    using out = raw<To, L>;
    if constexpr (std::is_same_v<To, T>) return x;
    else if constexpr (std::is_floating_point_v<T> && !std::is_floating_point_v<To>) {   // saturates; NaN is 0
        constexpr int bits = 8 * sizeof(To) - (std::is_signed_v<To> ? 1 : 0);
        constexpr To highest = static_cast<To>(~(std::is_signed_v<To> ? u64{1} << (8 * sizeof(To) - 1) : 0));
        constexpr To lowest = static_cast<To>(std::is_signed_v<To> ? u64{1} << (8 * sizeof(To) - 1) : 0);
        const raw<T, L> zero{};
        if constexpr (bits < 32 && bits <= std::numeric_limits<T>::digits) {   // both ends are numbers of T
            const raw<T, L> top = zero + static_cast<T>(highest), bottom = zero + static_cast<T>(lowest);
            const raw<T, L> within = x.v < bottom ? bottom : x.v > top ? top : x.v;
            return {at_width<To, std::int32_t, L>(__builtin_convertvector(x.v == x.v ? within : zero, raw<std::int32_t, L>))};
        } else if constexpr (std::is_same_v<T, float> && std::is_same_v<To, std::int32_t> && sizeof(x.v) >= 16 && sizeof(x.v) <= vector_bytes<default_arch>) {
            const raw<T, L> top = zero + 0x1p31f;
            const out most = out{} + highest, r = x.v >= top ? most : truncated<L>(x.v);
            return {x.v == x.v ? r : out{}};
        } else {
            constexpr T high = static_cast<T>(2) * static_cast<T>(u64{1} << (bits - 1));
            constexpr T low = std::is_signed_v<To> ? -high : T{0};
            const raw<T, L> top = zero + high, bottom = zero + low;
            const auto inside = (x.v > bottom) & (x.v < top);
            const out r = __builtin_convertvector(inside ? x.v : zero, out), most = out{} + highest, least = out{} + lowest;
            using width = int_of<sizeof(T)>;
            const auto above = at_width<int_of<sizeof(To)>, width, L>(x.v >= top), below = at_width<int_of<sizeof(To)>, width, L>(x.v <= bottom);
            return {above ? most : below ? least : r};
        }
    } else if constexpr (!std::is_floating_point_v<T> && !std::is_floating_point_v<To>) return {at_width<To, T, L>(x.v)};
    else if constexpr (!std::is_floating_point_v<T> && sizeof(T) < 4) return {__builtin_convertvector(at_width<std::int32_t, T, L>(x.v), out)};
    else return {__builtin_convertvector(x.v, out)};
}
template <class To, int B, int L>
KILN_INLINE simd<To, L, B> convert(lane_mask<B, L> m) {
    const raw<To, L> one = raw<To, L>{} + To{1}, zero{};
    return {m.template as<To>() ? one : zero};
}

}  // namespace kiln::cpu
