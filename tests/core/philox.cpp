#include <kiln/core/philox.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace kiln;

namespace {

using words = std::array<std::uint32_t, 4>;
using keys = std::array<std::uint32_t, 2>;
constexpr std::uint32_t all = 0xFFFFFFFF;

// The known answers that its authors publish with Random123.
static_assert(philox::block(words{}, keys{}) == words{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8});
static_assert(philox::block(words{all, all, all, all}, keys{all, all}) ==
              words{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD});
static_assert(philox::block(words{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, keys{0xA4093822, 0x299F31D0}) ==
              words{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1});

// Index and stream are the two halves of the counter.
constexpr u64 pi_key = 0x299F31D0A4093822, pi_stream = 0x0370734413198A2E, pi_block = 0x05A308D3243F6A88;
static_assert(philox::random_bits(0, 0, 0) == 0x6627E8D5 && philox::random_bits(0, 0, 3) == 0x9B00DBD8);
static_assert(philox::random_bits(pi_key, pi_stream, 4 * pi_block + 2) ==
              philox::block(words{0x243F6A88, 0x05A308D3, 0x13198A2E, 0x03707344}, keys{0xA4093822, 0x299F31D0})[2]);
static_assert(philox::random_bits(0, 1, 0) == philox::block(words{0, 0, 1, 0}, keys{})[0]);

static_assert(philox::uniform01<float>(0) == 0.0f && philox::uniform01<float>(all) == 1.0f - 0x1p-24f);
static_assert(philox::uniform01<double>(0, 0) == 0.0 && philox::uniform01<double>(all, all) == 1.0 - 0x1p-53);
static_assert(philox::uniform01<float>(0x80000000) == 0.5f && philox::uniform01<double>(0x80000000) == 0.5);
static_assert(philox::uniform<float>(7, 1, 5) == philox::uniform01<float>(philox::random_bits(7, 1, 5)));
static_assert(philox::uniform<double>(7, 1, 5) ==
              philox::uniform01<double>(philox::random_bits(7, 1, 10), philox::random_bits(7, 1, 11)));

// The compiler draws normal numbers too.
static_assert(philox::normal(0, 0, 0) > -8 && philox::normal(0, 0, 0) < 8 && philox::truncated_normal(0, 0, 1) < 2);

static_assert(key_of("w", 1) != key_of("w", 2) && key_of("w", 1) != key_of("b", 1) && key_of("", 0) != 0);
static_assert(key_of("hidden/0/kernel", 1) != key_of("hidden/1/kernel", 0));

struct moments {
    double mean = 0, variance = 0, skewness = 0, kurtosis = 0;
};
template <class F>
moments moments_of(F f, int n) {
    double sum[5] = {};
    for (int i = 0; i < n; ++i) {
        const double x = f(static_cast<u64>(i));
        double power = 1;
        for (double& s : sum) s += power / n, power *= x;
    }
    const double m = sum[1], v = sum[2] - m * m;
    return {m, v, (sum[3] - 3 * m * sum[2] + 2 * m * m * m) / std::pow(v, 1.5),
            (sum[4] - 4 * m * sum[3] + 6 * m * m * sum[2] - 3 * m * m * m * m) / (v * v)};
}
constexpr int million = 1'000'000;
constexpr u64 key = key_of("weights", 42);

}  // namespace

// The bounds below are five standard errors of a sample of a million, or wider.
TEST_CASE("uniform numbers fill the unit interval evenly", "[philox]") {
    std::array<int, 100> bins{};
    const auto m = moments_of(
        [&](u64 i) {
            const double x = philox::uniform<double>(key, 0, i);
            ++bins[static_cast<std::size_t>(x * 100)];
            return x;
        },
        million);
    CHECK(m.mean == Approx(0.5).margin(0.0015));
    CHECK(m.variance == Approx(1.0 / 12).margin(0.0005));
    double chi_square = 0;
    for (const int n : bins) chi_square += (n - 10000.0) * (n - 10000.0) / 10000.0;
    CHECK(chi_square < 170);   // 99 degrees of freedom
    CHECK(chi_square > 45);
    const auto f = moments_of([](u64 i) { return philox::uniform<float>(key, 0, i); }, million);
    CHECK(f.mean == Approx(0.5).margin(0.0015));
    CHECK(f.variance == Approx(1.0 / 12).margin(0.0005));
}

TEST_CASE("normal numbers have the moments of the normal distribution", "[philox]") {
    const auto m = moments_of([](u64 i) { return philox::normal(key, 0, i); }, million);
    CHECK(m.mean == Approx(0).margin(0.005));
    CHECK(m.variance == Approx(1).margin(0.008));
    CHECK(m.skewness == Approx(0).margin(0.013));
    CHECK(m.kurtosis == Approx(3).margin(0.025));
    double neighbours = 0;
    for (u64 i = 0; i < million; ++i) neighbours += philox::normal(key, 0, i) * philox::normal(key, 0, i + 1) / million;
    CHECK(neighbours == Approx(0).margin(0.005));
}

TEST_CASE("truncated normal numbers stay within two standard deviations", "[philox]") {
    double largest = 0;
    int redrawn = 0, redrawn_needlessly = 0;
    const auto m = moments_of(
        [&](u64 i) {
            const double x = philox::truncated_normal(key, 0, i);
            largest = std::max(largest, std::abs(x));
            const double first = philox::normal(key, 0, i);
            redrawn += x != first;
            redrawn_needlessly += std::abs(first) < 2 && x != first;
            return x;
        },
        100'000);
    CHECK(redrawn_needlessly == 0);
    CHECK(largest < 2.0);
    CHECK(largest > 1.99);
    CHECK(redrawn / 1e5 == Approx(0.0455).margin(0.004));
    CHECK(m.mean == Approx(0).margin(0.014));
    CHECK(m.variance == Approx(0.77374).margin(0.016));
}

TEST_CASE("streams and keys have no words in common places", "[philox]") {
    // 64-bit words of 8 streams under 2 keys: among 160,000 a duplicate has a chance of one in a billion
    std::vector<u64> drawn;
    for (u64 k : {key, key_of("weights", 43)})
        for (u64 stream = 0; stream < 8; ++stream)
            for (u64 i = 0; i < 10'000; ++i) {
                const u64 high = philox::random_bits(k, stream, 2 * i);
                drawn.push_back(high << 32 | philox::random_bits(k, stream, 2 * i + 1));
            }
    std::sort(drawn.begin(), drawn.end());
    CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
}

TEST_CASE("drawing again gives the same number", "[philox]") {
    CHECK(philox::normal(key, 3, 1'000'003) == philox::normal(key, 3, 1'000'003));
    CHECK(philox::truncated_normal(key, 3, 17) == philox::truncated_normal(key, 3, 17));
    CHECK(philox::normal(key, 3, 2) != philox::normal(key, 4, 2));
}
