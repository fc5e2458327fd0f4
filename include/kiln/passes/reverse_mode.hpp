// Reverse mode: adjoints of xs from cotangents of ys, in one sweep backwards.
#pragma once
#include <kiln/passes/forward_mode.hpp>

namespace kiln {

constexpr void reverse(builder& b, const value* y, const value* ct, int ny, const value* x, int nx, value* dx) {
    int adjoint[builder::capacity]{};   // 1 + the node; a local array of values would be constructed one by one
    auto at = [&](int i) { return adjoint[i] ? value{&b, adjoint[i] - 1} : value{}; };
    auto add = [&](int i, value v) {
        if (adjoint[i]) v = accumulate({&b, adjoint[i] - 1}, v);
        adjoint[i] = v.zero() ? 0 : v.id + 1;
    };
    value c[most_values], out[most_values];
    char on[builder::capacity]{};
    int lo = 0, hi = -1;
    mark(b, x, nx, y, ny, lo, hi, on);
    for (int k = 0; k < ny; ++k)
        if (!y[k].zero()) add(y[k].id, ct[k]);
    const int end = b.n;   // nodes made by rules have no adjoints in this sweep
    for (int i = hi; i >= lo; --i) {
        const node n = b.nodes[i];
        if (!on[i] || n.n_in == 0 || n.op == &result_op || n.op->leaf()) continue;
        bool any = false;
        if (n.type == dtype::none) {
            for (int k = i + 1; k < end && b.nodes[k].op == &result_op && b.nodes[k].in[0] == i; ++k) {
                c[k - i - 1] = at(k);
                any |= adjoint[k] != 0;
            }
        } else if (adjoint[i]) {
            c[0] = {&b, adjoint[i] - 1};
            any = true;
        }
        if (!any) continue;
        if (!n.op->vjp) {
            b.fail(n.op->name, "has no derivative", builder::text(n.op->refuses), b.shape_text(n.shape));
            continue;
        }
        for (int k = 0; k < n.n_in; ++k) out[k] = {};
        const bool outermost = b.new_path != 0 && b.new_origin == 0;   // a rule may run a sweep of its own
        if (outermost) b.new_origin = i + 1;
        n.op->vjp({&b, i, on}, c, out);
        if (outermost) b.new_origin = 0;
        for (int k = 0; k < n.n_in; ++k)
            if (const int o = n.n_in <= 3 ? n.in[k] : b.operand(n, k); on[o] && !out[k].zero()) add(o, out[k]);
    }
    for (int k = 0; k < nx; ++k) dx[k] = at(x[k].id);
}

}  // namespace kiln
