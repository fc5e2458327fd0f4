// The scalar of the reference interpreter: IEEE results where C++ has no constant expression, and integers that
// wrap.
#include <kiln/core/number.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace kiln;
using arithmetic::convert;
using arithmetic::number;
using arithmetic::round_to;
using arithmetic::wrap;

constexpr double inf = __builtin_huge_val();
constexpr double not_a_number = __builtin_nan("");
constexpr double largest = std::numeric_limits<double>::max();
constexpr i64 smallest_i64 = std::numeric_limits<i64>::min();
constexpr i64 largest_i64 = std::numeric_limits<i64>::max();
constexpr u64 largest_u64 = std::numeric_limits<u64>::max();

constexpr number<double> real(double x) { return {x}; }
constexpr number<i64> whole(i64 x) { return {x}; }
constexpr number<u64> natural(u64 x) { return {x}; }
constexpr number<bool> truth(bool x) { return {x}; }

// Floating point.
static_assert((real(1) / real(0)).v == inf && (real(-1) / real(0)).v == -inf && (real(1) / real(-0.0)).v == -inf);
static_assert(isnan(real(0) / real(0)).v && isnan(real(inf) - real(inf)).v && isnan(real(inf) * real(0)).v);
static_assert(isnan(real(inf) / real(inf)).v && isnan(real(not_a_number) + real(1)).v &&
              isnan(real(0) * real(not_a_number)).v);
static_assert((real(largest) + real(largest)).v == inf && (real(1e300) * real(-1e300)).v == -inf);
static_assert((real(largest) + real(1)).v == largest && (real(1) / real(1e-310)).v == inf);
static_assert((real(1e-300) * real(1e-300)).v == 0 && signbit(real(-1e-300) * real(1e-300)).v);
static_assert((real(1e-200) * real(1e-120)).v == 1e-200 * 1e-120 && (real(1e-300) / real(1e300)).v == 0);
static_assert((real(inf) + real(1)).v == inf && (real(1) - real(inf)).v == -inf && (real(1) / real(-inf)).v == 0);
static_assert((-real(inf)).v == -inf && (real(-7.5) % real(2)).v == -1.5 && isnan(real(1) % real(0)).v);
static_assert(!(real(not_a_number) == real(not_a_number)).v && (real(not_a_number) != real(not_a_number)).v &&
              !(real(not_a_number) < real(1)).v);
static_assert(!(real(not_a_number) >= real(1)).v && !(real(1) <= real(not_a_number)).v &&
              !(real(1) > real(not_a_number)).v);
static_assert((real(1) < real(inf)).v && (real(0) == real(-0.0)).v && (real(2) >= real(2)).v);
static_assert(fma(real(0x1.0000001p0), real(0x1.0000001p0), real(-0x1.0000002p0)).v == 0x1p-56);
static_assert(select(truth(true), real(1), real(not_a_number)).v == 1 &&
              select(real(2) < real(1), whole(1), whole(2)).v == 2);
static_assert(isinf(real(-inf)).v && !isfinite(real(not_a_number)).v && isfinite(whole(1)).v &&
              !isnan(natural(1)).v);
static_assert(abs(real(-0.0)).v == 0 && !signbit(abs(real(-0.0))).v && abs(whole(-3)).v == 3);
static_assert(pow(real(2), real(10)).v == 1024 && atan2(real(0), real(-1)).v == 3.141592653589793);

// An elementwise operation is written once for all kinds of scalar.
struct tanh_op {
    static constexpr auto compute(auto x) {
        using math::tanh;
        return tanh(x);
    }
};
static_assert(tanh_op::compute(real(inf)).v == 1 && tanh_op::compute(-1e300) == -1);

// Integers.
static_assert((whole(largest_i64) + whole(1)).v == smallest_i64 &&
              (whole(smallest_i64) - whole(1)).v == largest_i64);
static_assert((whole(largest_i64) * whole(largest_i64)).v == 1 && (-whole(smallest_i64)).v == smallest_i64);
static_assert((natural(0) - natural(1)).v == largest_u64 &&
              (natural(largest_u64) * natural(2)).v == largest_u64 - 1);
static_assert((whole(7) / whole(0)).v == 0 && (whole(7) % whole(0)).v == 0 && (natural(7) / natural(0)).v == 0);
static_assert((whole(smallest_i64) / whole(-1)).v == smallest_i64 && (whole(smallest_i64) % whole(-1)).v == 0);
static_assert((whole(-7) / whole(2)).v == -3 && (whole(-7) % whole(2)).v == -1);
static_assert((natural(7) / natural(largest_u64)).v == 0 && (natural(7) % natural(largest_u64)).v == 7);
static_assert((whole(-1) < whole(0)).v && !(natural(largest_u64) < natural(0)).v &&
              (truth(false) < truth(true)).v);
static_assert((whole(12) & whole(10)).v == 8 && (whole(12) | whole(10)).v == 14 &&
              (natural(12) ^ natural(10)).v == 6);
static_assert((~whole(0)).v == -1 && (~natural(0)).v == largest_u64 && !(~truth(true)).v && (!truth(false)).v);
static_assert((truth(true) & truth(false)).v == false && (truth(true) ^ truth(true)).v == false);
static_assert((whole(1) << whole(63)).v == smallest_i64 && (whole(1) << whole(64)).v == 0 &&
              (whole(1) << whole(-1)).v == 0);
static_assert((whole(-8) >> whole(1)).v == -4 && (whole(-8) >> whole(99)).v == -1 &&
              (whole(8) >> whole(-1)).v == 0);
static_assert((natural(largest_u64) >> natural(63)).v == 1 && (natural(largest_u64) >> natural(64)).v == 0);
static_assert(fma(whole(2), whole(3), whole(4)).v == 10);

// Conversions.
static_assert(convert<i64>(real(-2.9)).v == -2 && convert<i64>(real(not_a_number)).v == 0 &&
              convert<i64>(real(1e19)).v == largest_i64);
static_assert(convert<i64>(real(-inf)).v == smallest_i64 && convert<i64>(real(-0x1p63)).v == smallest_i64);
static_assert(convert<u64>(real(-0.9)).v == 0 && convert<u64>(real(-5)).v == 0 &&
              convert<u64>(real(inf)).v == largest_u64);
static_assert(convert<u64>(real(0x1p63)).v == u64{1} << 63 && convert<u64>(whole(-1)).v == largest_u64);
static_assert(convert<i64>(natural(largest_u64)).v == -1 && convert<double>(natural(largest_u64)).v == 0x1p64);
static_assert(convert<bool>(real(not_a_number)).v && convert<bool>(real(0.5)).v && !convert<bool>(real(-0.0)).v &&
              convert<bool>(whole(2)).v);
static_assert(convert<double>(truth(true)).v == 1 && convert<i64>(truth(true)).v == 1 &&
              convert<double>(real(not_a_number)).v != 0);

static_assert(wrap(dtype::int8, 200) == -56 && wrap(dtype::uint8, 300) == 44 && wrap(dtype::uint8, -1) == 255);
static_assert(wrap(dtype::int16, -32769) == 32767 && wrap(dtype::uint32, -1) == 0xffffffff &&
              wrap(dtype::int32, i64{1} << 31) < 0);
static_assert(wrap(dtype::int64, smallest_i64) == smallest_i64 && wrap(dtype::uint64, -1) == -1);
static_assert(wrap(dtype::boolean, 256) == 1 && wrap(dtype::weak_int, -5) == -5);
static_assert(round_to(dtype::float32, 0.1) == static_cast<double>(0.1f) && round_to(dtype::float32, 1e39) == inf);
static_assert(round_to(dtype::float64, 0.1) == 0.1 && math::isnan(round_to(dtype::float32, not_a_number)));

}  // namespace

TEST_CASE("numbers compute at run time what they compute in the compiler", "[constant]") {
    const double special[] = {0.0, -0.0, 1.5, -2.0, 1e-310, largest, inf, -inf, not_a_number};
    const auto same = [](double x, double y) {
        return (x != x && y != y) || (x == y && std::signbit(x) == std::signbit(y));
    };
    for (const double x : special)
        for (const double y : special) {
            CHECK(same((real(x) + real(y)).v, x + y));
            CHECK(same((real(x) - real(y)).v, x - y));
            CHECK(same((real(x) * real(y)).v, x * y));
            CHECK(same((real(x) / real(y)).v, x / y));
            CHECK(same((real(x) % real(y)).v, std::fmod(x, y)));
            CHECK((real(x) < real(y)).v == (x < y));
            CHECK((real(x) <= real(y)).v == (x <= y));
            CHECK((real(x) > real(y)).v == (x > y));
            CHECK((real(x) >= real(y)).v == (x >= y));
            CHECK((real(x) != real(y)).v == (x != y));
            CHECK(same(fma(real(x), real(y), real(1)).v, std::fma(x, y, 1.0)));
        }
    volatile double seven_tenths = 0.7;  // volatile: not folded
    CHECK(tanh(real(seven_tenths)).v == std::tanh(seven_tenths));
}

TEST_CASE("narrow integers wrap as the C++ types do", "[constant]") {
    for (i64 x = -70000; x <= 70000; x += 7) {
        CHECK(wrap(dtype::int8, x) == static_cast<std::int8_t>(x));
        CHECK(wrap(dtype::uint8, x) == static_cast<std::uint8_t>(x));
        CHECK(wrap(dtype::int16, x) == static_cast<std::int16_t>(x));
        CHECK(wrap(dtype::uint16, x) == static_cast<std::uint16_t>(x));
        CHECK(wrap(dtype::int32, x << 28) == static_cast<std::int32_t>(x << 28));
        CHECK(wrap(dtype::uint32, x << 28) == static_cast<std::uint32_t>(x << 28));
    }
}
