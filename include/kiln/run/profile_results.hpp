// What a profile has measured: a table for people, rows for programs.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <iosfwd>
#include <string>
#include <vector>

#include <kiln/core/types.hpp>

namespace kiln {

/// When something ran, in nanoseconds; `start` counts from when the profile was made.
struct time_span {
    i64 start, duration;
};

/// All runs of one thing: of a call in the plan, or of the function as a whole.
struct profile_row {
    std::string name;                     // of a kernel what it computes: `matmul + add + relu`
    i64 calls = 0;
    i64 total = 0, least = 0, most = 0;   // nanoseconds of all runs, of the shortest, of the longest
    i64 flops = 0, bytes = 0;             // of all runs: operations, and the elements that are read and written, as `plan_of` counts
    std::vector<time_span> spans;         // of the first `profile_results::most_spans` runs

    double seconds() const { return static_cast<double>(total) * 1e-9; }
    /// Seconds of one run; 0 where there was none.
    double mean() const { return calls > 0 ? seconds() / static_cast<double>(calls) : 0; }
    double gflops_per_second() const { return total > 0 ? static_cast<double>(flops) / static_cast<double>(total) : 0; }
    double gigabytes_per_second() const { return total > 0 ? static_cast<double>(bytes) / static_cast<double>(total) : 0; }
};

class profile_results {
public:
    static constexpr std::size_t most_spans = std::size_t{1} << 16;

    /// One row for each call in the plan, in the order and with the numbers of `explain(f)`.
    const std::vector<profile_row>& kernels() const { return kernels_; }
    /// The calls of the function. Time that is not in its kernels went into the checking of arguments and the memory of results.
    const profile_row& call() const { return call_; }
    /// Bytes of the arena after the last call.
    i64 arena_bytes() const { return arena_bytes_; }

    /// The rows as text, those that took most time first.
    std::string table() const {
        i64 in_kernels = 0;
        std::vector<std::size_t> order(kernels_.size());
        for (std::size_t k = 0; k < order.size(); ++k) {
            order[k] = k;
            in_kernels += kernels_[k].total;
        }
        std::ranges::sort(order, [&](std::size_t i, std::size_t j) {
            return kernels_[i].total != kernels_[j].total ? kernels_[i].total > kernels_[j].total : i < j;
        });
        const auto share = [&](i64 t) { return call_.total > 0 ? 100.0 * static_cast<double>(t) / static_cast<double>(call_.total) : 0; };
        const auto a_call = [&](i64 n) { return call_.calls > 0 ? static_cast<double>(n) / static_cast<double>(call_.calls) : 0; };

        std::string text;
        put(text, "%ld calls in %.3f ms, %.1f %% of it in kernels\n", call_.calls, 1e3 * call_.seconds(), share(in_kernels));
        put(text, "a call: %.0f flops, %.0f bytes moved; the arena: %ld bytes\n", a_call(call_.flops), a_call(call_.bytes), arena_bytes_);
        put(text, "  share   total ms     runs     min us    mean us  GFLOP/s     GB/s  kernel\n");
        for (const std::size_t k : order) {
            const profile_row& r = kernels_[k];
            put(text, "%5.1f %% %10.3f %8ld %10.3f %10.3f %8.2f %8.2f  ", share(r.total), 1e3 * r.seconds(), r.calls,
                1e-3 * static_cast<double>(r.least), 1e6 * r.mean(), r.gflops_per_second(), r.gigabytes_per_second());
            text += std::to_string(k) + ": " + r.name + '\n';
        }
        return text;
    }

protected:
    using clock = std::chrono::steady_clock;

    explicit profile_results(int n_kernels) : kernels_(static_cast<std::size_t>(n_kernels)) { call_.name = "call"; }

    void note(profile_row& row, clock::time_point from, clock::time_point to) const {
        const auto count = [](clock::duration d) { return i64{std::chrono::duration_cast<std::chrono::nanoseconds>(d).count()}; };
        const i64 duration = count(to - from);
        row.least = row.calls == 0 ? duration : std::min(row.least, duration);
        row.most = std::max(row.most, duration);
        row.total += duration;
        ++row.calls;
        if (row.spans.size() < most_spans) row.spans.push_back({count(from - begin_), duration});
    }

    std::vector<profile_row> kernels_;
    profile_row call_;
    i64 arena_bytes_ = 0;

private:
    [[gnu::format(printf, 2, 3)]] static void put(std::string& text, const char* format, ...) {
        char line[256];
        va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
        text += line;
    }

    clock::time_point begin_ = clock::now();
};

/// Writes the table to a stream. (A template, so that <ostream> is needed only where it is used.)
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const profile_results& p) {
    const std::string text = p.table();
    return out.write(text.data(), static_cast<std::ptrdiff_t>(text.size()));
}

}  // namespace kiln
