// What one core of this machine can do at most: multiply-adds of floats and doubles, bytes read and copied at each level of the
// memory. table.py sets the other rows against it.
#include "side_by_side.hpp"

#include <unistd.h>

#include <xsimd/xsimd.hpp>

/// Enough independent chains to hide the latency, few enough for the registers.
template <class T>
void add_multiply_adds(const std::string& name) {
    using batch = xsimd::batch<T>;
    static constexpr int chains = 12, rounds = 1000;
    time_of("roofline/" + name, {2.0 * chains * rounds * static_cast<double>(batch::size), 0, std::is_same_v<T, double>}, [] {
        T close_to_one = T(0.999), little = T(1e-3);
        benchmark::DoNotOptimize(close_to_one);
        benchmark::DoNotOptimize(little);
        const batch x(close_to_one), y(little);
        batch sum[chains];
#pragma GCC unroll 16
        for (int k = 0; k < chains; ++k) sum[k] = batch(T(k));
        for (int round = 0; round < rounds; ++round)
#pragma GCC unroll 16
            for (int k = 0; k < chains; ++k) sum[k] = xsimd::fma(sum[k], x, y);
        batch all = sum[0];
#pragma GCC unroll 16
        for (int k = 1; k < chains; ++k) all += sum[k];
        T result = all.get(0);
        benchmark::DoNotOptimize(result);
    });
}

using batch = xsimd::batch<float>;
constexpr long width = static_cast<long>(batch::size), at_once = 8;

void add_level(const std::string& level, long bytes) {
    const long n = bytes / 4 / (2 * at_once * width) * (2 * at_once * width);
    const auto& data = lasting<numbers<float>>(n);
    const auto amount = static_cast<double>(4 * n);
    const auto read = [&data, n] {
        batch sum[at_once];
#pragma GCC unroll 8
        for (long u = 0; u < at_once; ++u) sum[u] = batch(0.0f);
        const float* p = data.data();
        for (const float* const end = p + n; p != end; p += at_once * width)
#pragma GCC unroll 8
            for (long u = 0; u < at_once; ++u) sum[u] += batch::load_aligned(p + u * width);
        float result = 0;
#pragma GCC unroll 8
        for (long u = 0; u < at_once; ++u) result += sum[u].get(0);
        benchmark::DoNotOptimize(result);
    };
    const auto copy = [&data, n] {
        const float* p = data.data();
        float* q = data.data() + n / 2;
        for (const float* const end = q; p != end; p += at_once * width, q += at_once * width)
#pragma GCC unroll 8
            for (long u = 0; u < at_once; ++u) batch::load_aligned(p + u * width).store_aligned(q + u * width);
    };
    time_of("roofline/read_" + level, {0, amount}, read);
    time_of("roofline/copy_" + level, {0, amount}, copy);
}

int main(int argc, char** argv) {
    add_multiply_adds<float>("float");
    add_multiply_adds<double>("double");
    const auto size = [](int name, long otherwise) { return std::max(sysconf(name), otherwise); };
    add_level("L1", size(_SC_LEVEL1_DCACHE_SIZE, 32 << 10) * 3 / 4);
    add_level("L2", size(_SC_LEVEL2_CACHE_SIZE, 256 << 10) * 3 / 4);
    add_level("L3", std::min(size(_SC_LEVEL3_CACHE_SIZE, 8 << 20), 32l << 20) / 2);
    add_level("memory", 512l << 20);
    return run_all(argc, argv);
}
