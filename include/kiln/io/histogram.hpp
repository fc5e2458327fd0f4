// The buckets of a histogram as TensorBoard shows it.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "kiln/core/types.hpp"

namespace kiln::io::detail {

struct histogram_bucket {
    double left, right, count;
};
inline constexpr int n_histogram_buckets = 30;   // as many as tf.summary.histogram makes, and as TensorBoard draws

/// Buckets of one width from the smallest finite number to the largest; where all are equal, the last one has them. Infinities
/// are counted in the bucket at their end, NaN in none.
// These are the buckets of histogram_pb in TensorBoard. The older message, with buckets that grow exponentially around zero,
// shows numbers like 5 +- 0.1 as one bar.
template <class View>
std::array<histogram_bucket, n_histogram_buckets> histogram_of(const View& numbers) {
    constexpr int n = n_histogram_buckets;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto number : numbers) {
        const auto x = static_cast<double>(number);
        if (!std::isfinite(x)) continue;
        low = std::min(low, x);
        high = std::max(high, x);
    }
    if (low > high) low = high = 0;   // there is no finite number
    const double scale = std::isfinite(high - low) ? 1 : 0.25;   // so that no difference overflows
    const double width = (scale * high - scale * low) / n;

    std::array<histogram_bucket, n> buckets{};
    for (int k = 0; k < n; ++k) {
        const auto edge = [&](int i) { return i == n || width == 0 ? high : (scale * low + i * width) / scale; };
        buckets[static_cast<std::size_t>(k)] = {edge(k), edge(k + 1), 0};
    }
    for (const auto number : numbers) {
        const auto x = static_cast<double>(number);
        if (std::isnan(x)) continue;
        const double place = x >= high ? n : x <= low ? 0 : (scale * x - scale * low) / width;
        buckets[static_cast<std::size_t>(std::min(place, n - 1.0))].count += 1;
    }
    return buckets;
}

}  // namespace kiln::io::detail
