// The times of a profile as TensorBoard shows them in the graph: each node in the colour of what it takes.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <kiln/expr/shown_graph.hpp>
#include <kiln/plan/kernel_nodes.hpp>
#include <kiln/run/profile.hpp>

#include "kiln/io/node_times.hpp"

namespace kiln::io::tensorboard {

/// What a call of the profiled function took on average, node by node of the graph that `writer::graph` shows:
///
///     profile p(train);
///     p(s, images, labels);
///     w.run_metadata("step 10", 10, times_of(p).run_metadata());
///
/// A kernel computes several nodes at once: its time and its bytes are split evenly among those that show.
template <class F>
node_times times_of(const profile<F>& p) {
    using L = typename F::L;
    const shown_graph graph = shown_of<F>::graph();
    std::map<int, std::string> shown;
    for (const shown_node& x : graph.nodes)
        for (const int i : x.nodes) shown.emplace(i, x.name);
    node_times times;
    double start = 0;   // microseconds
    for (int c = 0; c < L::result.n_calls; ++c) {
        const profile_row& row = p.kernels()[static_cast<std::size_t>(c)];
        if (row.calls == 0) continue;
        std::vector<std::string> names;
        for (const int i : kernel_nodes<L>::of_call(c))
            if (const auto found = shown.find(i); found != shown.end() && std::ranges::find(names, found->second) == names.end())
                names.push_back(found->second);
        const double duration = 1e6 * row.mean(), parts = static_cast<double>(names.size());
        for (const std::string& name : names)
            times.add(name, start, duration / parts, row.bytes / row.calls / static_cast<i64>(names.size()));
        start += duration;
    }
    return times;
}

}  // namespace kiln::io::tensorboard
