// What the calls of a plan are called, for those who measure or show them.
#pragma once
#include <kiln/plan/explain.hpp>

#include <string>
#include <utility>

namespace kiln {

/// The calls of the plan in a few words each: `matmul + add + relu`. The compiler writes them: at run time the graph would bring along
/// all that its operations can do.
template <class L>
class kernel_names {
    static constexpr int most = 6;   // operations
    using text = long_text<200>;
    struct texts {
        text at[L::result.n_calls + 1];
    };
    static consteval text name(int c) {
        text t{};
        if (const int n = plan_text<L>::put_operations(t, L::result.call[c], " + ", most); n > most) {
            t.put(" + ");
            t.put(i64{n - most});
            t.put(" more");
        }
        return t;
    }
    static constexpr texts all = []<int... C>(std::integer_sequence<int, C...>) { return texts{{name(C)..., {}}}; }(std::make_integer_sequence<int, L::result.n_calls>{});

public:
    static std::string of_call(int c) { return {all.at[c].s, static_cast<std::size_t>(all.at[c].n)}; }
};

}  // namespace kiln
