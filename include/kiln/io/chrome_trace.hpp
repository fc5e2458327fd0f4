// The times of a profile as a trace that chrome://tracing and Perfetto show (the Trace Event Format: complete events).
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "kiln/io/array.hpp"
#include "kiln/io/output_file.hpp"
#include "kiln/run/profile_results.hpp"

namespace kiln::io {

namespace detail {

/// Microseconds, the unit of the format.
inline double micros(i64 nanoseconds) { return static_cast<double>(nanoseconds) * 1e-3; }

inline void add_events(nlohmann::json& events, const profile_row& row, const std::string& name, const char* category) {
    const i64 runs = row.calls > 0 ? row.calls : 1;
    const nlohmann::json arguments{{"flops", row.flops / runs}, {"bytes", row.bytes / runs}};   // of a run, on average
    for (const time_span& s : row.spans)
        events.push_back({{"name", name}, {"cat", category}, {"ph", "X"}, {"ts", micros(s.start)}, {"dur", micros(s.duration)},
                          {"pid", 1}, {"tid", 1}, {"args", arguments}});
}

}  // namespace detail

/// Writes a profile to a file that chrome://tracing and ui.perfetto.dev open: each call of the function, and in it its kernels, on
/// one line of time. Only whole files are ever seen. Throws `io_error`.
inline void write_chrome_trace(const std::filesystem::path& path, const profile_results& p) {
    auto events = nlohmann::json::array();
    detail::add_events(events, p.call(), p.call().name, "function");
    for (std::size_t k = 0; k < p.kernels().size(); ++k)
        detail::add_events(events, p.kernels()[k], std::to_string(k) + ": " + p.kernels()[k].name, "kernel");
    write_file(path, detail::bytes_in(nlohmann::json{{"traceEvents", events}, {"displayTimeUnit", "ns"}}.dump() + "\n"));
}

}  // namespace kiln::io
