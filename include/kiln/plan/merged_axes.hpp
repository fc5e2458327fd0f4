// Axes of a key: runs of axes of the domain that no mask tells apart are one.
#pragma once
#include <kiln/passes/fusion.hpp>
#include <kiln/plan/sizes.hpp>

namespace kiln {

struct merged_axes {
    int n = 0, outer = 0, of[8]{};   // `of`: which one an axis of the domain has become a part of
    bool rows = false;
    size_expr extent[8]{};

    constexpr int mask(int of_domain) const {
        int r = 0;
        for (; of_domain; of_domain &= of_domain - 1) r |= 1 << of[__builtin_ctz(static_cast<unsigned>(of_domain))];
        return r;
    }
    /// How many axes of a domain of this rank are in axis c.
    constexpr int count(int c, int rank) const {
        int k = 0;
        for (int a = 0; a < rank; ++a) k += of[a] == c;
        return k;
    }
};

template <class Sizes>
constexpr merged_axes merged_axes_of(const fused_group& q, const graph_view& g, Sizes& sizes) {
    merged_axes r{};
    int row_axis = -1;
    for (int a = 0; a < q.rank; ++a) {
        const bool starts = a == 0 || (q.cuts >> a & 1) || a == q.columns || a == q.rows;
        const size_expr e = sizes.of(g, g.at(q.domain, a));
        if (starts) r.extent[r.n++] = e;
        else r.extent[r.n - 1] = times(r.extent[r.n - 1], e);
        r.of[a] = r.n - 1;
        if (a == q.rows) row_axis = r.n - 1;
    }
    if (r.n == 0) { r.extent[0] = {1, 0, {}}; r.n = 1; }
    r.outer = row_axis >= 0 ? row_axis : r.n >= 2 ? r.n - 2 : 0;
    r.rows = r.n - r.outer >= 2;
    return r;
}

/// The stride of an operand along merged axis c; c = n is the summed axis of a contraction, which is axis `rank` of the access.
template <class Sizes>
constexpr size_expr stride_along(const access& a, const merged_axes& m, int c, int rank, const graph_view& g, Sizes& sizes) {
    int at_operand = -1;
    for (int k = 0; k < a.n; ++k)
        if (c == m.n ? a.axis[k] == rank : (a.axis[k] < rank && m.of[static_cast<int>(a.axis[k])] == c)) at_operand = k;
    size_expr r{at_operand < 0 ? 0 : 1, 0, {}};
    if (at_operand < 0) return r;
    for (int k = at_operand + 1; k < a.n; ++k) r = times(r, sizes.of(g, g.at(g.nodes[a.node].shape, k)));
    return r;
}

}  // namespace kiln
