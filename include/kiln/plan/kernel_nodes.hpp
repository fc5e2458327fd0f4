// Which kernels compute which nodes of a program, for those who look at its graph.
#pragma once
#include <kiln/plan/plan.hpp>

#include <vector>

namespace kiln {

/// L is the lowered program.
template <class L>
class kernel_nodes {
    using E = typename L::expression;
    static constexpr int n = E::graph.view().n;
    struct places {
        int at[n];   // the node after simplification and legalisation; -1: none
    };
    struct find {
        static constexpr places run() {
            built r{};
            int at[builder::capacity];
            legal_form<E, L::result.sig>(r, at);
            places p{};
            for (int i = 0; i < n; ++i) p.at[i] = at[i];
            return p;
        }
    };
    static constexpr places where = kept<find>::value;

    /// Is node i one of the results of this node?
    static bool is_result_of(int anchor, int i) {
        const node& x = L::graph.view().nodes[i];
        return x.op == &result_op && x.in[0] == anchor;
    }

public:
    /// The nodes of the program's graph that call c computes; a cheap node may be in several calls, and what became another node
    /// or nothing at all in none.
    static std::vector<int> of_call(int c) {
        static constexpr auto& bodies = L::final_attempt::bodies;
        const int q = L::result.call[c].group;
        std::vector<int> r;
        if (q < 0) return r;   // a copy
        for (int i = 0; i < n; ++i) {
            const int at = where.at[i];
            if (at < 0) continue;
            bool computed = false;
            for (const int part : {q, L::maps.within[q][0] - 1, L::maps.within[q][1] - 1, L::maps.within[q][2] - 1}) {
                if (part < 0) continue;
                const auto& grp = bodies.groups[part];
                computed |= grp.kind != group_kind::nest && (grp.anchor == at || is_result_of(grp.anchor, at));
                for (int e = bodies.first[part]; e < bodies.first[part + 1]; ++e)
                    computed |= bodies.entry[e].node == at && bodies.entry[e].kind != step::load && bodies.entry[e].kind != step::constant;
            }
            if (computed) r.push_back(i);
        }
        return r;
    }
};

}  // namespace kiln
