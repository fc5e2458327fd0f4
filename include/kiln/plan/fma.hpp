// Fused multiply-adds are nodes that the plan writes: a product that only a sum reads becomes part of it, rounded once. No
// compiler contracts anything else, so one machine code gives one result.
#pragma once
#include <kiln/plan/gather.hpp>

namespace kiln {

/// fma(x, y, z) = x y + z, rounded once.
struct fma_op : elementwise<fma_op, 3> {
    static constexpr auto name = "fma";
    static constexpr auto takes = domain::floating;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(x, y, z); }
};
/// fms(x, y, z) = x y - z, rounded once.
struct fms_op : elementwise<fms_op, 3> {
    static constexpr auto name = "fms";
    static constexpr auto takes = domain::floating;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(x, y, -z); }
};
/// fnma(x, y, z) = z - x y, rounded once.
struct fnma_op : elementwise<fnma_op, 3> {
    static constexpr auto name = "fnma";
    static constexpr auto takes = domain::floating;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(-x, y, z); }
};

/// An operation of a body after fusion of products: its record, its operands (entries), and whether it is part of another.
struct body_operation {
    const op_info* op;
    int in[3];
    bool absorbed;
};

template <class At, class Stored>
constexpr void fuse_products(const body_entry* entry, int from, int to, At at, Stored stored, body_operation* out) {
    int uses[1024];
    for (int e = from; e < to; ++e) {
        const body_entry& x = entry[e];
        uses[e - from] = stored(e) ? 1 : 0;
        const op_info* op = at(x.node).op;
        const bool moves = op->kind == pattern::expand || op->kind == pattern::transpose;   // a view that is stored is a copy
        out[e - from] = {moves ? &info<copy_op> : op, {x.in[0], x.in[1], x.in[2]}, false};
        if (x.kind != step::operation && x.kind != step::reduce && x.kind != step::widen) continue;
        const int n = x.kind == step::widen ? 1 : at(x.node).n_in;
        for (int k = 0; k < n; ++k) ++uses[x.in[k] - from];   // operands come first
    }
    for (int e = from; e < to; ++e) {
        const body_entry& x = entry[e];
        if (x.kind != step::operation || !is_floating(at(x.node).type)) continue;
        const op_info* op = at(x.node).op;
        const bool adds = op == &info<add_op>;
        if (!adds && op != &info<subtract_op>) continue;
        for (int k = 0; k < 2; ++k) {
            const int p = x.in[k];
            const body_entry& y = entry[p];
            if (y.kind != step::operation || y.mask != x.mask || uses[p - from] != 1 || out[p - from].absorbed) continue;
            const bool product = out[p - from].op == &info<multiply_op>, square = out[p - from].op == &info<square_op>;
            if (!product && !square) continue;
            out[p - from].absorbed = true;
            out[e - from] = {adds ? &info<fma_op> : k == 0 ? &info<fms_op> : &info<fnma_op>,
                             {y.in[0], square ? y.in[0] : y.in[1], x.in[1 - k]}, false};
            break;
        }
    }
}

}  // namespace kiln
