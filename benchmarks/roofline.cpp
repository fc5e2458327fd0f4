// What one core of this machine can do at most: multiply-adds of floats and doubles, bytes read and copied at each level of the
// memory. table.py sets the other rows against it.
#include "side_by_side.hpp"

#include <unistd.h>

#include <kiln/backend/cpu/lanes_in_memory.hpp>

template <class T>
using lanes_of = kiln::cpu::simd<T, kiln::cpu::vector_bytes<kiln::cpu::default_arch> / static_cast<int>(sizeof(T)), static_cast<int>(sizeof(T))>;

/// Enough independent chains to hide the latency, few enough for the registers.
template <class T>
void add_multiply_adds(const std::string& name) {
    using batch = lanes_of<T>;
    static constexpr int chains = 12, rounds = 1000;
    time_of("roofline/" + name, {2.0 * chains * rounds * static_cast<double>(batch::lanes), 0, std::is_same_v<T, double>}, [] {
        const volatile T close_to_one = T(0.999), little = T(1e-3);   // g++ may lose what DoNotOptimize is to change
        const batch x = batch::splat(close_to_one), y = batch::splat(little);
        batch sum[chains];
#pragma GCC unroll 16
        for (int k = 0; k < chains; ++k) sum[k] = batch::splat(T(k));
        for (int round = 0; round < rounds; ++round)
#pragma GCC unroll 16
            for (int k = 0; k < chains; ++k) sum[k] = fma(sum[k], x, y);
        batch all = sum[0];
#pragma GCC unroll 16
        for (int k = 1; k < chains; ++k) all = all + sum[k];
        T result = all.v[0];
        benchmark::DoNotOptimize(result);
    });
}

using batch = lanes_of<float>;
constexpr long width = batch::lanes, at_once = 8;

/// Several streams at once, which keeps more of the memory busy than one.
constexpr long streams = 4;

template <class Write>
void add_level(const std::string& level, long bytes, Write write) {
    const long n = bytes / 4 / (2 * streams * at_once * width) * (2 * streams * at_once * width), stream = n / streams;
    const auto& data = lasting<numbers<float>>(n);
    const auto amount = static_cast<double>(4 * n);
    const auto read = [&data, stream] {
        batch sum[streams][at_once / streams];
        for (auto& some : sum)
            for (batch& one : some) one = batch{};
        for (long k = 0; k < stream; k += at_once / streams * width)
#pragma GCC unroll 4
            for (long s = 0; s < streams; ++s)
#pragma GCC unroll 2
                for (long u = 0; u < at_once / streams; ++u) sum[s][u] = sum[s][u] + kiln::cpu::load<batch>(data.data() + s * stream + k + u * width);
        float result = 0;
        for (const auto& some : sum)
            for (const batch& one : some) result += one.v[0];
        benchmark::DoNotOptimize(result);
    };
    const auto copy = [&data, n, write] {
        const float* p = data.data();
        float* q = data.data() + n / 2;
        for (const float* const end = q; p != end; p += at_once * width, q += at_once * width)
#pragma GCC unroll 8
            for (long u = 0; u < at_once; ++u) write(q + u * width, kiln::cpu::load<batch>(p + u * width));
    };
    time_of("roofline/read_" + level, {0, amount}, read);
    time_of("roofline/copy_" + level, {0, amount}, copy);
}

int main(int argc, char** argv) {
    add_multiply_adds<float>("float");
    add_multiply_adds<double>("double");
    const auto size = [](int name, long otherwise) { return std::max(sysconf(name), otherwise); };
    const auto kept = [](float* p, batch b) { kiln::cpu::store(p, b); };
    const auto streamed = [](float* p, batch b) {   // around the caches, where there is an instruction for it
#if KILN_BENCH_HAND
        kiln::cpu::stream(p, b);
#else
        kiln::cpu::store(p, b);
#endif
    };
    add_level("L1", size(_SC_LEVEL1_DCACHE_SIZE, 32 << 10) * 3 / 4, kept);
    add_level("L2", size(_SC_LEVEL2_CACHE_SIZE, 256 << 10) / 2, kept);
    add_level("L3", std::min(size(_SC_LEVEL3_CACHE_SIZE, 8 << 20), 32l << 20) / 4, kept);
    add_level("memory", 512l << 20, streamed);
    return run_all(argc, argv);
}
