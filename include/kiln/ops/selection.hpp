// top_k: an operation with two results.
#pragma once
#include <kiln/ops/contraction.hpp>

namespace kiln {

/// Result k of a node that has several.
constexpr value result(value v, int k) { return {v.b, v.id + 1 + k}; }

/// top_k: the k largest along the last axis, largest first, and their positions (int32); the first of equals first, NaN
/// largest (TensorFlow). Attribute: k. The slope goes to the elements that were chosen.
struct top_k_op {
    static constexpr auto name = "top_k";
    static constexpr pattern kind = pattern::opaque;
    static constexpr int results(site) { return 2; }
    static constexpr type infer(site n, int k) {
        list s = shape_list(n[0]);
        s.at[s.n - 1] = n.attr(0);
        return {n.b->intern(s), k == 0 ? n.element(0) : dtype::int32};
    }
    static constexpr void jvp(site n, const value* t, value* out) {
        builder& b = *n.b;
        const value x = n[0], at = n.result(1);
        const int r = x.rank() + 1;   // [..., k, n]
        list missing{}, target{};
        for (int k = -r; k < -1; ++k) { missing.put(k); target.put(k == -2 ? n.attr(0) : x.extent(k + 1)); }
        const value here = expand(at, ints(-1), ints(x.extent(-1))) ==
                           expand(iota_in(b, x.extent(-1), dtype::int32), missing, target);
        out[0] = sum_over(where(here, expand(t[0], ints(-2), ints(n.attr(0))), 0), ints(-1));
    }
    /// One row: k times the largest of what is left. Generic over the element, for every back end.
    template <class T>
    KILN_HD static constexpr bool larger(T a, T b) { return a > b || (a != a && b == b); }

    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const builder& b = *n.b;
        const int s = n.shape(0);
        const i64 extent = b.at(s, b.length(s) - 1), k = n.attr(0);
        if (extent == 0 || k == 0) return;
        const dtype t = n.element(0);
        for (i64 row = 0, rows = elements(b, s) / extent; row < rows; ++row)
            for (i64 j = 0; j < k; ++j) {
                i64 best = -1;
                for (i64 i = 0; i < extent; ++i) {
                    bool taken = false;
                    for (i64 q = 0; q < j; ++q) taken |= out[1][row * k + q].i == i;
                    if (taken) continue;
                    const cell c = in[0][row * extent + i];
                    if (best < 0) { best = i; continue; }
                    const cell d = in[0][row * extent + best];
                    const bool better = is_floating(t) ? larger(c.f, d.f)
                                      : is_unsigned_integer(t) ? static_cast<u64>(c.i) > static_cast<u64>(d.i) : c.i > d.i;
                    if (better) best = i;
                }
                out[0][row * k + j] = in[0][row * extent + best];
                out[1][row * k + j].i = best;
            }
    }
};

/// top_k(x, k): result(t, 0) the values, result(t, 1) the positions.
constexpr value top_k(value x, int k) {
    builder& b = *x.b;
    word w{};
    w.put("k = ").put(i64{k});
    if (x.rank() == 0) b.fail("top_k", "the operand has no axis", b.shape_text(x.n().shape), w);
    else if (k < 0 || is_product(x.extent(-1)) || k > x.extent(-1))
        b.fail("top_k", "k is not within the last axis", b.shape_text(x.n().shape), w);
    if (b.found) return x;
    return call<top_k_op>(ints(k), x);
}

}  // namespace kiln
