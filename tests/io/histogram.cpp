// io/histogram.hpp: every number is in one bucket, whatever it is. That the buckets are TensorBoard's is in tensorboard.py.
#include "kiln/io/histogram.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kiln/core/tensor.hpp"

using kiln::io::detail::histogram_of;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), no_number = std::numeric_limits<double>::quiet_NaN();

/// The buckets of numbers, which follow each other without a gap.
template <class T>
auto sound_histogram(const std::vector<T>& numbers) {
    const auto buckets = histogram_of(numbers);
    for (std::size_t k = 0; k < buckets.size(); ++k) {
        CHECK(std::isfinite(buckets[k].left));
        CHECK(buckets[k].left <= buckets[k].right);
        if (k != 0) CHECK(buckets[k].left == buckets[k - 1].right);
    }
    double counted = 0, expected = 0;
    for (const auto& b : buckets) counted += b.count;
    for (const T number : numbers) expected += std::isnan(static_cast<double>(number)) ? 0 : 1;
    CHECK(counted == expected);
    return buckets;
}

}  // namespace

TEST_CASE("histogram: numbers lie in buckets of one width") {
    std::vector<int> numbers;
    for (int i = 0; i <= 300; ++i) numbers.push_back(i);
    const auto buckets = sound_histogram(numbers);
    CHECK(buckets[0].left == 0);
    CHECK(buckets[0].right == 10);
    CHECK(buckets[0].count == 10);
    CHECK(buckets[28].count == 10);
    CHECK(buckets[29].right == 300);
    CHECK(buckets[29].count == 11);   // the largest number is in the last one
}

TEST_CASE("histogram: equal numbers are in the last bucket, and there may be none") {
    const auto same = sound_histogram(std::vector<float>(5, 2.5f));
    CHECK(same[0].left == 2.5);
    CHECK(same[29].right == 2.5);
    CHECK(same[29].count == 5);
    CHECK(sound_histogram(std::vector<double>{})[29].right == 0);
    CHECK(sound_histogram(std::vector<std::uint8_t>{0, 255})[29].right == 255);
    CHECK(sound_histogram(std::vector<bool>{true, false, true})[29].count == 2);
}

TEST_CASE("histogram: infinities are at the ends, NaN is nowhere") {
    const auto mixed = sound_histogram(std::vector<double>{no_number, -inf, -inf, 1, 2, inf, no_number});
    CHECK(mixed[0].left == 1);
    CHECK(mixed[0].count == 3);
    CHECK(mixed[29].right == 2);
    CHECK(mixed[29].count == 2);
    const auto nothing_finite = sound_histogram(std::vector<double>{no_number, -inf, inf, inf});
    CHECK(nothing_finite[0].count == 1);
    CHECK(nothing_finite[29].count == 2);
    CHECK(nothing_finite[29].right == 0);
    CHECK(sound_histogram(std::vector<float>{std::nanf("")})[29].count == 0);
}

TEST_CASE("histogram: the widest and the narrowest ranges") {
    using limits = std::numeric_limits<double>;
    const auto widest =
        sound_histogram(std::vector<double>{limits::lowest(), limits::max(), limits::lowest() / 2, limits::max() / 2});
    CHECK(widest[0].left == limits::lowest());
    CHECK(widest[29].right == limits::max());
    CHECK(widest[7].count == 1);
    CHECK(widest[22].count == 1);
    sound_histogram(std::vector<double>{0, limits::denorm_min(), 2 * limits::denorm_min()});
    sound_histogram(std::vector<double>{1, std::nextafter(1, 2), std::nextafter(std::nextafter(1, 2), 2)});
    sound_histogram(std::vector<std::uint64_t>{0, std::numeric_limits<std::uint64_t>::max()});
    using whole = std::numeric_limits<std::int64_t>;
    sound_histogram(std::vector<std::int64_t>{whole::min(), whole::max()});
}
