// What elementary functions are made of. Every step rounds as it says, so that the functions give the same bits on every
// instruction set, with every compiler and in every lane: where a machine has an instruction for a step, it is that instruction.
#pragma once
#include <kiln/backend/cpu/simd.hpp>

namespace kiln::cpu::steps {

template <class V>
using element = typename V::element_type;
/// As many lanes of whole numbers as wide as V's, which wrap.
template <class V>
using raw_bits = raw<std::make_unsigned_t<int_of<sizeof(element<V>)>>, V::lanes>;
template <class V>
using bits_of_element = std::make_unsigned_t<int_of<sizeof(element<V>)>>;

template <class V>
KILN_INLINE raw_bits<V> bits(V x) { return (raw_bits<V>)x.v; }
template <class V>
KILN_INLINE V of_bits(raw_bits<V> b) { return {(typename V::raw_type)b}; }
template <class V>
KILN_INLINE V all(element<V> x) { return V::splat(x); }
template <class V, class M>
KILN_INLINE V pick(M there, V a, V b) { return {there ? a.v : b.v}; }

template <class T>
constexpr bool is_float = std::is_same_v<T, float>;
template <class T>
constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;
template <class V>
constexpr bits_of_element<V> sign_bit = bits_of_element<V>{1} << (8 * sizeof(element<V>) - 1);

template <class V>
KILN_INLINE V magnitude(V x) { return of_bits<V>(bits(x) & ~sign_bit<V>); }
template <class V>
KILN_INLINE V with_sign_of(V x, V sign) { return of_bits<V>(bits(x) | (bits(sign) & sign_bit<V>)); }

/// The smaller of a limit and x, or the larger; NaN where x is NaN. g++ makes two instructions of limit < x ? limit : x.
#if defined(__AVX512F__)
#define KILN_WIDEST(name, type, ending) \
    if constexpr (sizeof(R) == 64) return {(R)_mm512_maskz_##name##_##ending(every_lane<V::lanes>, (__m512##type)l, (__m512##type)x.v)};
#else
#define KILN_WIDEST(name, type, ending)
#endif
#if defined(__AVX__)
#define KILN_WIDE(name, type, ending) \
    if constexpr (sizeof(R) == 32) return {(R)_mm256_##name##_##ending((__m256##type)l, (__m256##type)x.v)};
#else
#define KILN_WIDE(name, type, ending)
#endif
#define KILN_LIMIT(function, name, relation)                                                                         \
    template <class V>                                                                                               \
    KILN_INLINE V function(element<V> limit, V x) {                                                                  \
        typedef typename V::raw_type R;                                                                              \
        const R l = all<V>(limit).v;                                                                                 \
        if constexpr (is_float<element<V>>) {                                                                        \
            KILN_WIDEST(name, , ps)                                                                                  \
            KILN_WIDE(name, , ps)                                                                                    \
            if constexpr (sizeof(R) == 16) return {(R)_mm_##name##_ps((__m128)l, (__m128)x.v)};                      \
        } else {                                                                                                     \
            KILN_WIDEST(name, d, pd)                                                                                 \
            KILN_WIDE(name, d, pd)                                                                                   \
            if constexpr (sizeof(R) == 16) return {(R)_mm_##name##_pd((__m128d)l, (__m128d)x.v)};                    \
        }                                                                                                            \
        return {l relation x.v ? l : x.v};                                                                           \
    }
KILN_LIMIT(at_most, min, <)
KILN_LIMIT(at_least, max, >)
#undef KILN_LIMIT
#undef KILN_WIDE
#undef KILN_WIDEST

/// Is x > limit in any lane?
template <class T, int L, int B>
KILN_INLINE bool any_above(simd<T, L, B> x, T limit) {
    const raw<T, L> l = simd<T, L, B>::splat(limit).v;
#if defined(__AVX512F__)
    if constexpr (is_float<T> && L == 16) return _mm512_cmp_ps_mask((__m512)x.v, (__m512)l, _CMP_GT_OQ) != 0;
    if constexpr (!is_float<T> && L == 8) return _mm512_cmp_pd_mask((__m512d)x.v, (__m512d)l, _CMP_GT_OQ) != 0;
#endif
    return any_lane(x.v > l);
}

/// One or few numbers, as in functions of scalars: worth a branch around what none of them needs.
template <class V>
constexpr bool few_lanes = sizeof(element<V>) * V::lanes <= 16;
/// Worth a branch around what only denormal, infinite and other rare numbers need. Four doubles wait for their tables, not for that.
template <class V>
constexpr bool branches = sizeof(element<V>) * V::lanes < 64 && (is_float<element<V>> || few_lanes<V>);
/// Is it worth a branch, and every x from `first` to `last`?
template <class T, int L, int B>
KILN_INLINE bool all_within(simd<T, L, B> x, T first, T last) {
    if constexpr (!branches<simd<T, L, B>>) return false;
    const auto within = (x.v >= simd<T, L, B>::splat(first).v) & (x.v <= simd<T, L, B>::splat(last).v);
#if defined(__AVX__)
    if constexpr (is_float<T> && L == 8) return _mm256_movemask_ps((__m256)within) == 255;
    if constexpr (!is_float<T> && L == 4) return _mm256_movemask_pd((__m256d)within) == 15;
#endif
    if constexpr (is_float<T> && L == 4) return _mm_movemask_ps((__m128)within) == 15;
    if constexpr (!is_float<T> && L == 2) return _mm_movemask_pd((__m128d)within) == 3;
    bool all = true;
    for (int k = 0; k < L; ++k) all &= within[k] != 0;
    return all;
}

/// The number before x > 0.
template <class T>
constexpr T below(T x) { return __builtin_bit_cast(T, __builtin_bit_cast(std::make_unsigned_t<int_of<sizeof(T)>>, x) - 1); }

/// A number that rounds what is added to it to a multiple of 2^-Fraction, and holds that in its last bits, plus bias.
template <class T, int Fraction>
constexpr T rounder(int bias) { return static_cast<T>(1.5 * static_cast<double>(u64{1} << (mantissa_bits<T> - Fraction)) + bias); }
template <class T>
constexpr int exponent_bias = std::numeric_limits<T>::max_exponent - 1;

// ---- a * b + c, rounded once
template <class V>
constexpr bool has_fma = [] {
    [[maybe_unused]] constexpr int bytes = sizeof(element<V>) * V::lanes;
#if defined(__AVX512F__)
    if (bytes == 64) return true;
#endif
#if defined(__FMA__)
    return bytes == 32 || bytes == 16;
#endif
    return false;
}();
#if !defined(__FMA__)
typedef raw<double, 2> two;
/// The sum of doubles, and what its rounding lost: Knuth's TwoSum (The Art of Computer Programming 2, 4.2.2).
struct rounded_sum {
    two sum, lost;
    rounded_sum(two a, two b) : sum(a + b) {
        const two t = sum - a;
        lost = (a - (sum - t)) + (b - t);
    }
    /// Rounded to odd: what is not a double goes to that neighbour whose last bit is 1, so that a second rounding is exact.
    two odd() const {
        using whole = raw<u64, 2>;
        const whole inexact = (whole)(lost != two{}), s = (whole)sum;
        const whole too_large = (((whole)lost ^ s) >> 63) & inexact;
        return (two)((s - too_large) | (inexact & (whole{} + 1)));
    }
};
/// a * b + c, rounded once, without an instruction for it: Boldo and Melquiond, Emulation of a FMA and correctly rounded sums:
/// proved algorithms using rounding to odd, IEEE Transactions on Computers 57 (2008).
template <class>   // of the instruction set that it is compiled for
[[gnu::noinline, gnu::cold]] two emulated_fma(two a, two b, two c) {
    const two splitter = two{} + (0x1p27 + 1);   // Veltkamp's splitting, Dekker's product
    const two p = a * b, ac = splitter * a, bc = splitter * b;
    const two ah = ac - (ac - a), al = a - ah, bh = bc - (bc - b), bl = b - bh;
    const rounded_sum low(c, ((ah * bh - p) + ah * bl + al * bh) + al * bl), high(p, low.sum);
    two r = high.sum + rounded_sum(low.lost, high.lost).odd();
    for (int k = 0; k < 2; ++k) {   // where the splitting overflows, or the product's parts are denormal
        const double x = math::abs(a[k]), y = math::abs(b[k]);
        if (!(x < 0x1p990 && y < 0x1p990 && x * y > 0x1p-960)) r[k] = math::fma(a[k], b[k], c[k]);
    }
    return r;
}
template <class>
[[gnu::noinline, gnu::cold]] raw<float, 4> emulated_fma(raw<float, 4> a, raw<float, 4> b, raw<float, 4> c) {
    raw<float, 4> r{};
    for (int k = 0; k < 4; k += 2) {   // a product of floats is a double
        const two p = two{a[k], a[k + 1]} * two{b[k], b[k + 1]}, s = rounded_sum(p, two{c[k], c[k + 1]}).odd();
        r[k] = static_cast<float>(s[0]);
        r[k + 1] = static_cast<float>(s[1]);
    }
    return r;
}
#endif
template <class V>
KILN_INLINE V fused(V a, V b, V c) {
    if constexpr (has_fma<V>) return fma(a, b, c);
    else {
#if defined(__FMA__)
        for (int k = 0; k < V::lanes; ++k)
            if constexpr (sizeof(element<V>) == 4) a.v[k] = __builtin_fmaf(a.v[k], b.v[k], c.v[k]);
            else a.v[k] = __builtin_fma(a.v[k], b.v[k], c.v[k]);
        return a;
#else
        if constexpr (sizeof(V) > 16) {
            V r{};
            using half = simd<element<V>, V::lanes / 2, sizeof(element<V>)>;
            half x[2], y[2], z[2];
            __builtin_memcpy(x, &a, sizeof(V));
            __builtin_memcpy(y, &b, sizeof(V));
            __builtin_memcpy(z, &c, sizeof(V));
            for (int k = 0; k < 2; ++k) x[k] = fused(x[k], y[k], z[k]);
            __builtin_memcpy(&r, x, sizeof(V));
            return r;
        } else if constexpr (sizeof(V) < 16) {   // two floats
            const auto twice = [](auto v) { return simd<float, 4, 4>{__builtin_shufflevector(v, v, 0, 1, 0, 1)}; };
            const auto r = fused(twice(a.v), twice(b.v), twice(c.v)).v;
            return {__builtin_shufflevector(r, r, 0, 1)};
        } else {   // what is built for SSE2 runs on machines that have the instruction, too
            if (!__builtin_expect(__builtin_cpu_supports("fma"), 1)) a.v = emulated_fma<default_arch>(a.v, b.v, c.v);
            else if constexpr (is_float<element<V>>) __asm__("vfmadd213ps %2, %1, %0" : "+x"(a.v) : "x"(b.v), "x"(c.v));
            else __asm__("vfmadd213pd %2, %1, %0" : "+x"(a.v) : "x"(b.v), "x"(c.v));
            return a;
        }
#endif
    }
}
template <class V>
KILN_INLINE V fused(V a, element<V> b, element<V> c) { return fused(a, all<V>(b), all<V>(c)); }
template <class V>
KILN_INLINE V fused(V a, element<V> b, V c) { return fused(a, all<V>(b), c); }
template <class V>
KILN_INLINE V fused(V a, V b, element<V> c) { return fused(a, b, all<V>(c)); }

/// c[0] + c[1] x + c[2] x^2 + ..., in halves that are computed side by side (Estrin's scheme; of 5 and 6 terms two stand apart, which
/// is as fast and needs no x^4). power: x^2, x^4, ...
template <int N, class V>
KILN_INLINE V polynomial(const element<V>* c, const V* power, V x) {
    if constexpr (N == 1) return all<V>(c[0]);
    else if constexpr (N == 2) return fused(x, c[1], c[0]);
    else if constexpr (N == 3) return fused(fused(x, c[2], c[1]), x, c[0]);
    else {
        constexpr int half = N > 8 ? 8 : N > 6 ? 4 : 2;
        return fused(polynomial<N - half>(c + half, power, x), power[half == 2 ? 0 : half == 4 ? 1 : 2], polynomial<half>(c, power, x));
    }
}
template <class V, int N>
KILN_INLINE V polynomial(const element<V> (&c)[N], V x, V square) {
    V power[3]{square, square, square};
    if constexpr (N > 6) power[1] = square * square;
    if constexpr (N > 8) power[2] = power[1] * power[1];
    return polynomial<N>(&c[0], &power[0], x);
}

// ---- tables, in registers where the machine can look them up there: 8 floats, which fill one of AVX2's, and 16 doubles
template <class T>
constexpr int table_bits = is_float<T> ? 3 : 4;
template <class T>
struct table {
    static constexpr int size = 1 << table_bits<T>;
    alignas(64) T at[16];   // 8 floats twice, which fill one of AVX-512's
    template <std::same_as<T>... X>
        requires(sizeof...(X) == size)
    constexpr table(X... x) : at{x...} {
        for (int k = size; k < 16; ++k) at[k] = at[k - size];
    }
    template <class F>
        requires std::is_invocable_r_v<T, F, int>
    constexpr explicit table(F f) : at{} {
        for (int k = 0; k < 16; ++k) at[k] = f(k % size);
    }
};
template <class T>
constexpr table<T> table_of(const table<float>& floats, const table<double>& doubles) {
    if constexpr (is_float<T>) return floats;
    else return doubles;
}
/// t[i mod its size] in every lane.
template <class V>
KILN_INLINE V look_up(const table<element<V>>& t, raw_bits<V> i) {
    using T = element<V>;
    [[maybe_unused]] constexpr int L = V::lanes;
    [[maybe_unused]] const T* at = t.at;
#if defined(__AVX512F__)
    if constexpr (is_float<T> && L == 16) return {(raw<T, L>)_mm512_permutexvar_ps((__m512i)i, _mm512_load_ps(at))};
    if constexpr (!is_float<T> && L == 8)
        return {(raw<T, L>)_mm512_permutex2var_pd(_mm512_load_pd(at), (__m512i)i, _mm512_load_pd(at + 8))};
#endif
#if defined(__AVX2__)
    if constexpr (is_float<T> && L == 8) return {(raw<T, L>)_mm256_permutevar8x32_ps(_mm256_load_ps(at), (__m256i)i)};
    if constexpr (is_float<T> && L == 4)
        return {(raw<T, L>)_mm256_castps256_ps128(_mm256_permutevar8x32_ps(_mm256_load_ps(at), _mm256_castsi128_si256((__m128i)i)))};
#endif
    V r{};
    i &= table<T>::size - 1;
    for (int k = 0; k < L; ++k) r.v[k] = at[i[k]];
    return r;
}
/// Tables[k][i mod their size] in every lane, for every k.
template <const auto& Tables, class V>
struct looked_up {
    raw_bits<V> i;
    KILN_INLINE V operator[](int k) const { return look_up<V>(Tables[k], i); }
};
#if !defined(__AVX2__)
/// The same without an instruction for it: the entries of a lane lie side by side, and those of four lanes are transposed.
template <const auto& Tables, int B>
struct looked_up<Tables, simd<float, 4, B>> {
    using V = simd<float, 4, B>;
    static constexpr int tables = std::extent_v<std::remove_reference_t<decltype(Tables)>>, size = table<float>::size, n = (tables + 3) / 4 * 4;
    struct rows {
        alignas(16) float at[size][n];
    };
    static constexpr rows row = [] {
        rows r{};
        for (int k = 0; k < tables; ++k)
            for (int j = 0; j < size; ++j) r.at[j][k] = Tables[k].at[j];
        return r;
    }();
    __m128 all[n];
    KILN_INLINE looked_up(raw_bits<V> i) {
        const float* from[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) from[k] = row.at[i[k] % size];
#pragma GCC unroll 4
        for (int k = 0; k < n; k += 4) {
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j) all[k + j] = _mm_load_ps(from[j] + k);
            _MM_TRANSPOSE4_PS(all[k], all[k + 1], all[k + 2], all[k + 3]);
        }
    }
    KILN_INLINE V operator[](int k) const { return {(typename V::raw_type)all[k]}; }
};
#endif

}  // namespace kiln::cpu::steps
