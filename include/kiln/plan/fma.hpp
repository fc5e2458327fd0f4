// Fused multiply-adds are nodes that the plan writes: a product that only a sum reads becomes part of it, rounded once. No
// compiler contracts anything else, so one machine code gives one result.
#pragma once
#include <kiln/plan/gather.hpp>

namespace kiln {

/// fma(x, y, z) = x y + z, rounded once.
struct fma_op : elementwise<fma_op, 3> {
    static constexpr auto name = "fma";
    static constexpr auto takes = domain::floating;
    static constexpr bool spreads_nan = true;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(x, y, z); }
};
/// fms(x, y, z) = x y - z, rounded once.
struct fms_op : elementwise<fms_op, 3> {
    static constexpr auto name = "fms";
    static constexpr auto takes = domain::floating;
    static constexpr bool spreads_nan = true;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(x, y, -z); }
};
/// fnma(x, y, z) = z - x y, rounded once.
struct fnma_op : elementwise<fnma_op, 3> {
    static constexpr auto name = "fnma";
    static constexpr auto takes = domain::floating;
    static constexpr bool spreads_nan = true;
    static constexpr auto no_derivative = "belongs to lowering";
    KILN_HD static constexpr auto compute(auto x, auto y, auto z) { return fma(-x, y, z); }
};

/// The operations of a body after fusion of products: their records, their operands (entries), and whether they are part of
/// another. Arrays of numbers, since clang constructs a local array of structs element by element.
struct body_operations {
    static constexpr int room = 1024;
    const op_info* op[room];
    int in[room][3];
    bool absorbed[room];

    constexpr void put(int k, const op_info* o, int a, int b, int c) {
        op[k] = o;
        in[k][0] = a;
        in[k][1] = b;
        in[k][2] = c;
        absorbed[k] = false;
    }
};

constexpr void fuse_products(const node* nodes, const body_entry* entry, int from, int to, body_operations& out) {
    int uses[body_operations::room];
    for (int e = from; e < to; ++e) {
        const body_entry& x = entry[e];
        uses[e - from] = x.stored() ? 1 : 0;
        const op_info* op = nodes[x.node].op;
        const bool moves = op->kind == pattern::expand || op->kind == pattern::transpose || op->kind == pattern::section;   // a view that is stored is a copy
        out.put(e - from, moves ? &info<copy_op> : op, x.in[0], x.in[1], x.in[2]);
        if (x.kind != step::operation && x.kind != step::reduce && x.kind != step::widen) continue;
        const int n = x.kind == step::widen ? 1 : nodes[x.node].n_in;
        for (int k = 0; k < n; ++k) ++uses[x.in[k] - from];   // operands come first
    }
    for (int e = from; e < to; ++e) {
        const body_entry& x = entry[e];
        if (x.kind != step::operation) continue;
        const op_info* op = nodes[x.node].op;
        const bool adds = op == &info<add_op>;
        if ((!adds && op != &info<subtract_op>) || !is_floating(nodes[x.node].type)) continue;
        for (int k = 0; k < 2; ++k) {
            const int p = x.in[k];
            const body_entry& y = entry[p];
            if (y.kind != step::operation || y.mask != x.mask || uses[p - from] != 1 || out.absorbed[p - from]) continue;
            const bool product = out.op[p - from] == &info<multiply_op>, square = out.op[p - from] == &info<square_op>;
            if (!product && !square) continue;
            out.absorbed[p - from] = true;
            out.put(e - from, adds ? &info<fma_op> : k == 0 ? &info<fms_op> : &info<fnma_op>, y.in[0],
                    square ? y.in[0] : y.in[1], x.in[1 - k]);
            break;
        }
    }
}

}  // namespace kiln
