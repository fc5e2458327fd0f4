// What the benchmarks share: numbers to compute with, the comparison of results, the registration of the loops to time.
//
//   row("chain", "1000", {9e3, 8e3}).kiln(f, out).rival("hand", g, hand_out)
//
// runs f and g, ends the program where their results differ, and has both timed as chain/kiln/1000 and chain/rival_hand/1000.
#pragma once
#include <kiln/kiln.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

// The rivals written by hand need AVX-512, or AVX2 and FMA.
#if (defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)) || (defined(__AVX2__) && defined(__FMA__))
#define KILN_BENCH_HAND 1
#else
#define KILN_BENCH_HAND 0
#endif

/// Fills x with numbers from [lo, hi), always the same.
template <class X>
void scatter(X&& x, double lo = -1, double hi = 1) {
    using T = std::remove_cvref_t<decltype(*x.data())>;
    static unsigned seed = 0;
    unsigned bits = ++seed;
    for (long k = 0; k < static_cast<long>(x.size()); ++k) {
        bits = bits * 1664525u + 1013904223u;
        x.data()[k] = static_cast<T>(lo + (hi - lo) * static_cast<double>(bits >> 8) / static_cast<double>(1 << 24));
    }
}

/// A place that lives as long as the benchmarks that refer to it.
template <class T, class... A>
T& lasting(A&&... a) { return *new T(std::forward<A>(a)...); }

/// Memory that is filled once, on a line of the cache of its own. Each begins elsewhere in its page, as large tensors do: a load waits for
/// a store before it whose address is the same up to whole pages, and arguments and results of one side would lie so by chance.
template <class T>
class numbers {
public:
    explicit numbers(long size)
        : n(size), block(static_cast<char*>(std::aligned_alloc(4096, (sizeof(T) * static_cast<std::size_t>(size) + 2 * 4096 + 63) / 4096 * 4096))),
          p(reinterpret_cast<T*>(block + kiln::detail::next_place_in_page())) {
        for (long k = 0; k < n; ++k) p[k] = T{};
    }
    /// A copy of whatever has data() and size().
    template <class X> requires requires(const X& x) { x.data(); }
    explicit numbers(const X& x) : numbers(static_cast<long>(x.size())) {
        for (long k = 0; k < n; ++k) p[k] = x.data()[k];
    }
    numbers(const numbers&) = delete;
    numbers& operator=(const numbers&) = delete;
    ~numbers() { std::free(block); }
    T* data() const { return p; }
    long size() const { return n; }
    T& operator[](long k) const { return p[k]; }

private:
    long n;
    char* block;
    T* p;
};

/// What one call has to do at least: operations as written (an exp counts as one), bytes of arguments and results.
struct work {
    double flops, bytes;
    bool in_double = false;
};

/// Times f, which neither allocates nor keeps a result in a register only.
template <class F>
benchmark::internal::Benchmark* time_of(const std::string& name, work w, F f) {
    return benchmark::RegisterBenchmark(name.c_str(), [w, f](benchmark::State& state) mutable {
        for (auto _ : state) {
            f();
            benchmark::ClobberMemory();
        }
        state.counters["flops"] = w.flops;
        state.counters["bytes"] = w.bytes;
        state.counters["in_double"] = w.in_double ? 1 : 0;
    });
}

/// Ends the program where two results differ by more than `tolerance` times the largest number.
template <class X, class Y>
void must_agree(const std::string& what, const X& one, const Y& other, double tolerance = 1e-5) {
    const auto n = static_cast<long>(one.size());
    double largest = 0, difference = 0;
    bool same = n == static_cast<long>(other.size());
    for (long k = 0; same && k < n; ++k) {
        const auto x = static_cast<double>(one.data()[k]), y = static_cast<double>(other.data()[k]);
        largest = std::max(largest, std::abs(y));
        difference = std::max(difference, std::abs(x - y));
        same = std::isfinite(x) && std::isfinite(y);
    }
    if (same && difference <= tolerance * largest) return;
    std::fprintf(stderr, "%s: the results differ by %g, the largest number is %g\n", what.c_str(), difference, largest);
    std::exit(1);
}

/// The same work done by kiln and by its rivals.
class row {
public:
    row(std::string what, std::string how_large, work w) : name(std::move(what)), size(std::move(how_large)), need(w) {}
    /// How far results may be apart, as a share of the largest number; how often a side runs before they are compared.
    row& within(double share) { return tolerance = share, *this; }
    row& after(int n) { return runs = n, *this; }

    template <class F, class... X>
    row& kiln(F f, const X&... results) {
        for (int k = 0; k < runs; ++k) f();
        expected = {copied(results)...};
        time_of(name + "/kiln/" + size, need, f);
        return *this;
    }
    template <class F, class... X>
    row& rival(const std::string& who, F f, const X&... results) {
        for (int k = 0; k < runs; ++k) f();
        std::size_t k = 0;
        (must_agree(name + ", " + size + ", " + who, expected.at(k++), copied(results), tolerance), ...);
        time_of(name + "/rival_" + who + "/" + size, need, f);
        return *this;
    }

private:
    template <class X>
    static std::vector<double> copied(const X& x) {
        if constexpr (std::is_arithmetic_v<X>) return {static_cast<double>(x)};
        else if constexpr (std::is_array_v<X>) return {std::begin(x), std::end(x)};
        else return {x.data(), x.data() + x.size()};
    }
    std::string name, size;
    work need;
    double tolerance = 1e-5;
    int runs = 1;
    std::vector<std::vector<double>> expected;
};

/// Libraries pack operands in memory from malloc, which by default is given back to the system and asked for again at
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
