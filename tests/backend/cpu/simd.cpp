// Lanes: tails of loads and stores, conversions between all dtypes, integer division, shifts, masks.
#include <kiln/backend/cpu/lanes_in_memory.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace kiln::cpu {
namespace {

/// L lanes of T in a kernel whose lanes are eight bytes wide, as in one of mixed dtypes, and those of one of T alone.
template <class T>
using narrow = simd<T, vector_bytes<default_arch> / 8, 8>;
template <class T>
using full = simd<T, vector_bytes<default_arch> / static_cast<int>(sizeof(T)), static_cast<int>(sizeof(T))>;

template <class V>
void tails() {
    using T = typename V::element_type;
    T x[V::lanes + 2], y[V::lanes + 2];
    for (int k = 0; k < V::lanes + 2; ++k) x[k] = static_cast<T>(k + 1);
    for (int n = 0; n < V::lanes; ++n) {
        const V v = load_some<V>(x + 1, n);
        for (int k = 0; k < V::lanes; ++k) CHECK(v.v[k] == (k < n ? x[k + 1] : T{0}));
        for (T& e : y) e = T{77};
        store_some(load<V>(x + 1), y + 1, n);
        for (int k = 0; k < V::lanes + 2; ++k) CHECK(y[k] == (k >= 1 && k <= n ? x[k] : T{77}));
    }
    store(y + 1, load<V>(x + 1));
    for (int k = 1; k <= V::lanes; ++k) CHECK(y[k] == x[k]);
    const V numbers = lane_numbers<V>();
    for (int k = 0; k < V::lanes; ++k) CHECK(numbers.v[k] == static_cast<T>(k));
}

/// What a conversion means: wrap between integers, saturate from floating numbers, NaN is 0.
template <class To, class T>
To converted(T x) {
    if constexpr (std::is_floating_point_v<T> && !std::is_floating_point_v<To>) {
        if (std::isnan(x)) return 0;
        const long double v = std::trunc(static_cast<long double>(x));
        if (v < static_cast<long double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
        if (v > static_cast<long double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
        return static_cast<To>(v);
    } else return static_cast<To>(x);
}
template <class T>
const auto& samples() {
    using N = std::numeric_limits<T>;
    if constexpr (std::is_floating_point_v<T>) {
        static const T s[]{0, T(-0.0), 1, -1, T(0.9), T(-0.9), T(127.9), 128, T(-128.9), -129, 255, 256, 32767, 65535, 65536, T(2147483647.0), T(2147483648.0), T(-2147483649.0),
                           T(4294967295.0), T(4294967296.0), T(9.2233720368547748e18), T(9.2233720368547758e18), T(-9.2233720368547758e18), T(1.8446744073709550e19), T(1.8446744073709552e19),
                           T(1e30), T(-1e30), N::infinity(), -N::infinity(), N::quiet_NaN()};
        return s;
    } else {
        static const T s[]{0, 1, static_cast<T>(-1), 2, static_cast<T>(-2), 7, static_cast<T>(-7), 100, N::max(), N::min(), static_cast<T>(N::max() - 1), static_cast<T>(N::min() + 1), static_cast<T>(0x55)};
        return s;
    }
}
/// Within the width of the kernel's lanes: that of its widest dtype.
template <class V, class To>
    requires(sizeof(To) > sizeof(typename V::mask) / V::lanes)
void converts() {}
template <class V, class To>
void converts() {
    using T = typename V::element_type;
    for (const T x : samples<T>()) {
        const To got = convert<To>(V::splat(x)).v[V::lanes - 1], want = converted<To>(x);
        INFO("from " << +x << " in " << V::lanes << " lanes: got " << +got << ", want " << +want);
        CHECK(std::memcmp(&got, &want, std::isnan(static_cast<double>(want)) ? 0 : sizeof(To)) == 0);
    }
    const auto some = lane_numbers<V>() < V::splat(T{1});
    const auto ones = convert<To>(some);
    for (int k = 0; k < V::lanes; ++k) CHECK(ones.v[k] == (k < 1 ? To{1} : To{0}));
}
template <class V>
void converts_to_all() {
    converts<V, std::int8_t>();
    converts<V, std::int16_t>();
    converts<V, std::int32_t>();
    converts<V, std::int64_t>();
    converts<V, std::uint8_t>();
    converts<V, std::uint16_t>();
    converts<V, std::uint32_t>();
    converts<V, std::uint64_t>();
    converts<V, float>();
    converts<V, double>();
}
template <class V>
void integers() {
    using T = typename V::element_type;
    constexpr int bits = 8 * sizeof(T);
    __extension__ typedef __int128 wide;
    for (const T x : samples<T>())
        for (const T y : samples<T>()) {
            const V a = V::splat(x), b = V::splat(y);
            const wide p = x, q = y;
            INFO(+x << " and " << +y << " in " << V::lanes << " lanes of " << bits << " bits");
            CHECK((a + b).v[0] == static_cast<T>(p + q));
            CHECK((a - b).v[0] == static_cast<T>(p - q));
            CHECK((a * b).v[0] == static_cast<T>(static_cast<u64>(p) * static_cast<u64>(q)));
            CHECK((a / b).v[0] == static_cast<T>(q == 0 ? 0 : p / q));
            CHECK((a % b).v[0] == static_cast<T>(q == 0 ? 0 : p % q));
            CHECK((a << b).v[0] == static_cast<T>(q < 0 || q >= bits ? 0 : static_cast<u64>(p) << static_cast<int>(q)));
            CHECK((a >> b).v[0] == static_cast<T>(p >> (q < 0 || q >= bits ? bits : static_cast<int>(q))));
            CHECK((select(a < b, a, b)).v[0] == (x < y ? x : y));
            CHECK((select(a == b, V::splat(T{1}), V::splat(T{0}))).v[0] == (x == y));
            CHECK((select((a < b) | (a > b), V::splat(T{1}), V::splat(T{0}))).v[V::lanes - 1] == (x != y));
            CHECK((select(!(a <= b) ^ (a >= b), V::splat(T{1}), V::splat(T{0}))).v[0] == ((!(x <= y)) != (x >= y)));
        }
    CHECK((-V::splat(std::numeric_limits<T>::min())).v[0] == static_cast<T>(-static_cast<wide>(std::numeric_limits<T>::min())));
}
template <class T>
void all_of() {
    tails<full<T>>();
    tails<narrow<T>>();
    converts_to_all<full<T>>();
    converts_to_all<narrow<T>>();
    if constexpr (!std::is_floating_point_v<T>) {
        integers<full<T>>();
        integers<narrow<T>>();
    }
}

TEST_CASE("lanes of every dtype", "[cpu][simd]") {
    all_of<std::int8_t>();
    all_of<std::int16_t>();
    all_of<std::int32_t>();
    all_of<std::int64_t>();
    all_of<std::uint8_t>();
    all_of<std::uint16_t>();
    all_of<std::uint32_t>();
    all_of<std::uint64_t>();
    all_of<float>();
    all_of<double>();
}
TEST_CASE("masks of every width", "[cpu][simd]") {
    const auto test = [](auto v) {
        using V = decltype(v);
        using M = typename V::mask;
        const M yes = like(M{}, 1), no = like(M{}, 0);
        for (int k = 0; k < V::lanes; ++k) {
            CHECK(yes.v[k] == -1);
            CHECK(no.v[k] == 0);
            CHECK((yes & no).v[k] == 0);
            CHECK((yes == yes).v[k] == -1);
            CHECK((no < yes).v[k] == -1);
            CHECK((yes < no).v[k] == 0);
            CHECK((yes <= no).v[k] == 0);
            CHECK((no >= yes).v[k] == 0);
            CHECK(select(yes, no, yes).v[k] == 0);
        }
    };
    test(full<std::int8_t>{});
    test(full<std::int16_t>{});
    test(full<float>{});
    test(full<double>{});
    test(narrow<float>{});
    test(narrow<std::int8_t>{});
}

}  // namespace
}  // namespace kiln::cpu
