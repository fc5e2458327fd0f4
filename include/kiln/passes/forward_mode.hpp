// Forward mode: tangents of ys from tangents of xs, in one sweep.
#pragma once
#include <kiln/ops/compositions.hpp>

namespace kiln {

/// Marks the floating nodes that depend on x; `lo` and `hi` bound what is needed for y.
constexpr void mark(const builder& b, const value* x, int nx, const value* y, int ny, int& lo, int& hi, char* on) {
    char need[builder::capacity]{};
    lo = b.n;
    hi = -1;
    for (int k = 0; k < nx; ++k) {
        on[x[k].id] = 1;
        if (x[k].id < lo) lo = x[k].id;
    }
    for (int k = 0; k < ny; ++k)
        if (!y[k].zero()) {
            need[y[k].id] = 1;
            if (y[k].id > hi) hi = y[k].id;
        }
    for (int i = hi; i >= lo; --i) {
        if (!need[i]) continue;
        const node& x_i = b.nodes[i];
        if (x_i.op->leaf()) continue;
        for (int k = 0; k < x_i.n_in; ++k) need[x_i.n_in <= 3 ? x_i.in[k] : b.operand(x_i, k)] = 1;
    }
    for (int i = lo; i <= hi; ++i) {
        if (on[i]) continue;
        const node& n = b.nodes[i];
        if (!need[i] && n.op != &result_op) continue;
        if (n.op->leaf() || n.op->flat || !(is_floating(n.type) || n.type == dtype::none)) continue;
        for (int k = 0; k < n.n_in; ++k)
            if (on[n.n_in <= 3 ? n.in[k] : b.operand(n, k)]) { on[i] = 1; break; }
    }
}

constexpr void forward(builder& b, const value* x, const value* dx, int nx, const value* y, int ny, value* dy) {
    int tangent[builder::capacity]{};   // 1 + the node; a local array of values would be constructed one by one
    auto at = [&](int i) { return tangent[i] ? value{&b, tangent[i] - 1} : value{}; };
    auto put = [&](int i, value v) { tangent[i] = v.zero() ? 0 : v.id + 1; };
    value t[most_values], out[most_values];
    char on[builder::capacity]{};
    int lo = 0, hi = -1;
    mark(b, x, nx, y, ny, lo, hi, on);
    for (int k = 0; k < nx; ++k) put(x[k].id, dx[k]);
    const int end = b.n;
    for (int i = lo; i <= hi; ++i) {
        const node n = b.nodes[i];
        if (!on[i] || n.n_in == 0 || n.op == &result_op || n.op->leaf()) continue;
        bool given = false;
        for (int k = 0; k < nx; ++k) given |= x[k].id == i;
        if (given) continue;
        bool any = false;
        for (int k = 0; k < n.n_in; ++k) {
            t[k] = at(b.operand(n, k));
            any |= !t[k].zero();
        }
        if (!any) continue;
        if (!n.op->jvp) {
            b.fail(n.op->name, "has no derivative", builder::text(n.op->refuses), b.shape_text(n.shape));
            continue;
        }
        int first = i, last = i;   // results
        if (n.type == dtype::none)
            for (first = i + 1; last + 1 < end && b.nodes[last + 1].op == &result_op && b.nodes[last + 1].in[0] == i;) ++last;
        for (int k = first; k <= last; ++k) out[k - first] = {};
        n.op->jvp({&b, i}, t, out);
        for (int k = first; k <= last; ++k) put(k, out[k - first]);
    }
    for (int k = 0; k < ny; ++k) dy[k] = y[k].zero() ? value{} : at(y[k].id);
}

}  // namespace kiln
