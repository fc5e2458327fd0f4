// Every dtype through a function: a map with a remainder, a sum, a comparison, a maximum, a cast, a variable; arithmetic of
// integers wraps at the width of the dtype.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

using namespace kiln;

namespace {

/// Elements that reach both ends of the dtype, 0 and their surroundings.
template <class T>
T element_at(i64 i) {
    constexpr T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>((i % 23) - 11) / T{4};
    else {
        switch (i % 5) {
        case 0: return static_cast<T>(low + static_cast<T>(i % 4));
        case 1: return static_cast<T>(high - static_cast<T>(i % 3));
        case 2: return static_cast<T>(i % 7);
        case 3: return static_cast<T>(-(i % 6));
        default: return static_cast<T>(i * 37);
        }
    }
}
/// x op y in T, wrapped.
template <class T, class F>
T wrapped(T x, T y, F f) {
    if constexpr (std::is_floating_point_v<T>) return f(x, y);
    else return static_cast<T>(f(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y)));
}

template <class T>
void check_arithmetic() {
    constexpr auto x = placeholder<"x", T, "n">;
    constexpr auto y = placeholder<"y", T, "n">;
    auto f = function(inputs(x, y), outputs(x + y, x - y, x * y * 3_c, sum(x), max(x), min(x), x < y, maximum(x, y), cast<double>(x)));
    for (const i64 n : {1, 15, 64, 67, 200}) {
        tensor<T, dynamic> a(n), b(n);
        for (i64 i = 0; i < n; ++i) {
            a(i) = element_at<T>(i);
            b(i) = element_at<T>(3 * i + 1);
        }
        auto [plus, minus, product, total, largest, smallest, less, larger, as_double] = f(a, b);
        static_assert(std::is_same_v<decltype(total), T>);
        static_assert(std::is_same_v<decltype(plus), tensor<T, dynamic>>);
        T sum_of_a{};
        bool ok = true;
        for (i64 i = 0; i < n; ++i) {
            sum_of_a = wrapped<T>(sum_of_a, a(i), [](auto p, auto q) { return p + q; });
            ok &= plus(i) == wrapped<T>(a(i), b(i), [](auto p, auto q) { return p + q; });
            ok &= minus(i) == wrapped<T>(a(i), b(i), [](auto p, auto q) { return p - q; });
            ok &= product(i) == wrapped<T>(a(i), b(i), [](auto p, auto q) { return p * q * 3; });
            ok &= less(i) == (a(i) < b(i));
            ok &= larger(i) == std::max(a(i), b(i));
            ok &= as_double(i) == static_cast<double>(a(i));
        }
        INFO(name_of(dtype_of<T>) << ", " << n);
        CHECK(ok);
        CHECK(total == sum_of_a);   // multiples of 1/4: float and double sums are exact too
        CHECK(largest == *std::max_element(a.begin(), a.end()));
        CHECK(smallest == *std::min_element(a.begin(), a.end()));
    }
}

template <class T>
void check_state() {
    constexpr auto x = placeholder<"x", T>;
    constexpr auto v = variable<"v", T, 3>(ones);
    auto f = function(inputs(x), sum(v), updates(assign(v, v * 2_c + x)));
    session s(f);
    s.initialize();
    CHECK(f(s, 5) == T{3});
    CHECK(f(s, 1) == T{21});
    CHECK(s[v](2) == T{15});
    s[v] = 100;
    f(s, 20);
    CHECK(s[v](1) == static_cast<T>(220));
}

TEST_CASE("signed dtypes", "[dtypes]") {
    check_arithmetic<std::int8_t>();
    check_arithmetic<std::int16_t>();
    check_arithmetic<std::int32_t>();
    check_arithmetic<std::int64_t>();
}
TEST_CASE("unsigned dtypes", "[dtypes]") {
    check_arithmetic<std::uint8_t>();
    check_arithmetic<std::uint16_t>();
    check_arithmetic<std::uint32_t>();
    check_arithmetic<std::uint64_t>();
}
TEST_CASE("floating dtypes", "[dtypes]") {
    check_arithmetic<float>();
    check_arithmetic<double>();
}
TEST_CASE("variables of some dtypes", "[dtypes]") {
    check_state<std::int8_t>();
    check_state<std::uint16_t>();
    check_state<std::int64_t>();
    check_state<double>();
}

TEST_CASE("bool", "[dtypes]") {
    constexpr auto p = placeholder<"p", bool, "n">;
    constexpr auto q = placeholder<"q", bool, "n">;
    constexpr auto i8 = placeholder<"i8", std::int8_t, "n">;
    constexpr auto state = variable<"state", bool, 70>(zeros);
    auto f = function(inputs(p, q, i8), outputs(p && q, p || !q, p != q, any(p), all(p), where(p, i8, -i8), sum(cast<int>(p))));
    for (const i64 n : {1, 16, 70}) {
        const auto a = std::make_unique<bool[]>(static_cast<std::size_t>(n)), b = std::make_unique<bool[]>(static_cast<std::size_t>(n));
        tensor<std::int8_t, dynamic> x(n);
        int set = 0;
        for (i64 i = 0; i < n; ++i) {
            a[static_cast<std::size_t>(i)] = i % 3 == 0;
            b[static_cast<std::size_t>(i)] = i % 2 == 0;
            x(i) = static_cast<std::int8_t>(i - 30);
            set += i % 3 == 0;
        }
        auto [both, implied, differ, some, every, chosen, count] =
            f(tensor_view<const bool, dynamic>(a.get(), n), tensor_view<const bool, dynamic>(b.get(), n), x);
        for (i64 i = 0; i < n; ++i) {
            const bool pi = i % 3 == 0, qi = i % 2 == 0;
            CHECK(both(i) == (pi && qi));
            CHECK(implied(i) == (pi || !qi));
            CHECK(differ(i) == (pi != qi));
            CHECK(chosen(i) == (pi ? x(i) : -x(i)));
        }
        CHECK(some);
        CHECK(every == (n == 1));
        CHECK(count == set);
    }
    auto flip = function(inputs(), outputs(any(state)), updates(assign(state, !state)));
    session s(flip);
    s.initialize();
    CHECK_FALSE(flip(s));
    CHECK(flip(s));
    CHECK_FALSE(s[state](69));
}

TEST_CASE("from one dtype to another", "[dtypes]") {
    constexpr auto x = placeholder<"x", float, 6>;
    auto f = function(inputs(x), outputs(cast<std::int8_t>(x), cast<std::uint8_t>(x), cast<int>(x), cast<bool>(x), cast<double>(x)));
    const auto [i8, u8, i32, truth, wide] = f(tensor<float, 6>{0.f, -1.75f, 2.5f, 300.f, -300.f, 100.f});
    CHECK(std::ranges::equal(i8, std::array{0, -1, 2, 127, -128, 100}));   // what does not fit saturates
    CHECK(std::ranges::equal(u8, std::array{0, 0, 2, 255, 0, 100}));
    CHECK(std::ranges::equal(i32, std::array{0, -1, 2, 300, -300, 100}));
    CHECK(std::ranges::equal(truth, std::array{false, true, true, true, true, true}));
    CHECK(wide(1) == -1.75);
    constexpr auto k = placeholder<"k", int, 4>;
    auto g = function(inputs(k), outputs(cast<std::int8_t>(k), cast<float>(k), cast<std::uint64_t>(k)));
    const auto [narrow, real, large] = g(tensor{200, -129, 5, -1});
    CHECK(std::ranges::equal(narrow, std::array{-56, 127, 5, -1}));   // integers wrap
    CHECK(real(0) == 200);
    CHECK(large(3) == ~std::uint64_t{0});
}

}  // namespace
