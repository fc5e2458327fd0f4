// Reverse mode: adjoints of xs from cotangents of ys, in one sweep backwards.
#pragma once
#include <kiln/passes/forward_mode.hpp>

namespace kiln {

constexpr void reverse(builder& b, const value* y, const value* ct, int ny, const value* x, int nx, value* dx) {
    value adjoint[builder::capacity];
    char on[builder::capacity]{};
    int lo = 0, hi = -1;
    mark(b, x, nx, y, ny, lo, hi, on);
    for (int k = 0; k < ny; ++k)
        if (!y[k].zero()) adjoint[y[k].id] = accumulate(adjoint[y[k].id], ct[k]);
    const int end = b.n;   // nodes made by rules have no adjoints in this sweep
    for (int i = hi; i >= lo; --i) {
        const node n = b.nodes[i];
        if (!on[i] || n.n_in == 0 || n.op == &result_op || n.op->leaf()) continue;
        const value* c = n.type == dtype::none ? &adjoint[i + 1] : &adjoint[i];
        bool any = !c[0].zero();
        if (n.type == dtype::none)
            for (int k = i + 1; k < end && b.nodes[k].op == &result_op && b.nodes[k].in[0] == i; ++k)
                any |= !adjoint[k].zero();
        if (!any) continue;
        if (!n.op->vjp) {
            b.fail(n.op->name, "has no derivative", builder::text(n.op->refuses), b.shape_text(n.shape));
            continue;
        }
        value out[64];
        n.op->vjp({&b, i, on}, c, out);
        for (int k = 0; k < n.n_in; ++k)
            if (const int o = b.operand(n, k); on[o]) adjoint[o] = accumulate(adjoint[o], out[k]);
    }
    for (int k = 0; k < nx; ++k) dx[k] = adjoint[x[k].id];
}

}  // namespace kiln
