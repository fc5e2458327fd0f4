// What the benchmarks share: numbers to compute with, the comparison of kiln's results with a rival's, the registration
// of the loops to time.
#pragma once
#include <kiln/kiln.hpp>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <malloc.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

// Eigen's tensors are row-major, as kiln's are.
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using row_vector = Eigen::Matrix<float, 1, Eigen::Dynamic>;
using column_vector = Eigen::Matrix<float, Eigen::Dynamic, 1>;

/// Fills x with numbers from [lo, hi), always the same.
template <class X>
void scatter(X&& x, float lo = -1, float hi = 1) {
    unsigned bits = 1;
    for (kiln::i64 k = 0; k < static_cast<kiln::i64>(x.size()); ++k) {
        bits = bits * 1664525u + 1013904223u;
        x.data()[k] = lo + (hi - lo) * static_cast<float>(bits >> 8) / static_cast<float>(1 << 24);
    }
}

/// A copy for Eigen.
template <class X>
matrix as_matrix(const X& x, Eigen::Index rows, Eigen::Index columns) {
    return Eigen::Map<const matrix>(x.data(), rows, columns);
}

/// Ends the program where two results differ by more than `tolerance` times the largest number of the rival's.
template <class X, class Y>
void must_agree(const std::string& what, const X& kilns, const Y& rivals, float tolerance = 1e-5f) {
    const auto n = static_cast<kiln::i64>(kilns.size());
    float largest = 0, difference = 0;
    bool same = n == static_cast<kiln::i64>(rivals.size());
    for (kiln::i64 k = 0; same && k < n; ++k) {
        largest = std::max(largest, std::abs(rivals.data()[k]));
        difference = std::max(difference, std::abs(kilns.data()[k] - rivals.data()[k]));
        same = std::isfinite(kilns.data()[k]) && std::isfinite(rivals.data()[k]);
    }
    if (same && difference <= tolerance * largest) return;
    std::fprintf(stderr, "%s: kiln and its rival differ by %g, the largest number is %g\n", what.c_str(),
                 static_cast<double>(difference), static_cast<double>(largest));
    std::exit(1);
}
inline void must_agree(const std::string& what, float kilns, float rivals, float tolerance = 1e-5f) {
    must_agree(what, kiln::tensor_view<const float, 1>(&kilns), kiln::tensor_view<const float, 1>(&rivals), tolerance);
}

/// What one call has to do at least: operations as written (an exp counts as one), bytes of arguments and results.
struct work {
    double flops, bytes;
};

/// Times f, which neither allocates nor keeps a result in a register only.
template <class F>
void time_of(const std::string& name, work w, F f) {
    benchmark::RegisterBenchmark(name.c_str(), [w, f](benchmark::State& state) mutable {
        for (auto _ : state) {
            f();
            benchmark::ClobberMemory();
        }
        const auto calls = static_cast<double>(state.iterations());
        state.counters["flops"] = w.flops;
        state.counters["bytes"] = w.bytes;
        state.SetItemsProcessed(static_cast<std::int64_t>(calls * w.flops));
        state.SetBytesProcessed(static_cast<std::int64_t>(calls * w.bytes));
    });
}

/// Eigen packs its products in memory from malloc, which by default is given back to the system and asked for again at
/// every call.
inline void keep_memory() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
}

inline int run_all(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
