// cond: an operation with bodies. Only the body that is taken runs, in the derivative too.
#pragma once
#include <kiln/ops/selection.hpp>

namespace kiln {

constexpr void forward(builder& b, const value* x, const value* dx, int nx, const value* y, int ny, value* dy);

/// cond. Operands: the predicate, what the first body captures, what the second captures. Attributes: the bodies, how
/// many operands belong to the first.
struct cond_op {
    static constexpr auto name = "cond";
    static constexpr pattern kind = pattern::opaque;
    static constexpr int results(site n) { return n.b->length(n.b->regions[n.region(0)].roots); }
    static constexpr const node& root(const builder& b, int r, int k) {
        const region& g = b.regions[r];
        return b.pool[g.first + b.at(g.roots, k)];
    }
    static constexpr type infer(site n, int k) {
        builder& b = *n.b;
        const node &x = root(b, n.region(0), k), &y = root(b, n.region(1), k);
        if (x.shape != y.shape) b.fail(name, "the branches differ in shape", x.shape, y.shape);
        else if (x.type != y.type)
            b.fail(name, "the branches differ in dtype", builder::text(name_of(x.type)), builder::text(name_of(y.type)));
        return {x.shape, x.type};
    }
    // The derivative is a cond again, with one new body per branch: f(branch operands from, to, extra operands) -> roots.
    // `tangents`: extra operand i is that of operand i, which one branch alone has.
    template <class F>
    static constexpr value both(site n, const value* extra, int n_extra, bool tangents, F f) {
        builder& b = *n.b;
        const int split = 1 + static_cast<int>(n.attr(2)), size = n.size();
        value in[64]{n[0]};
        int count = 1, g[2]{}, first = 0;
        for (int k = 0; k < 2; ++k) {
            const int from = k ? split : 1, to = k ? size : split;
            value p[most_values], e[most_values], y[most_values], roots[most_values];
            if (count + to - from + (tangents ? to - from : n_extra) > most_values) {
                b.fail(name, "its bodies take too many values", b.text("the derivative would take over 64"), word{});
                return {};
            }
            b.open();
            for (int i = from; i < to; ++i) {
                p[i] = b.param(type_of(n[i]));
                in[count++] = n[i];
            }
            for (int i = 0; i < n_extra; ++i)
                if (!extra[i].zero() && (!tangents || (i >= from && i < to))) {
                    e[i] = b.param(type_of(extra[i]));
                    in[count++] = extra[i];
                }
            b.replay(n.region(k), p + from, y);
            const int m = f(from, to, p, e, y, roots);
            g[k] = b.close(roots, m, in, count);
            if (k == 0) first = count - 1;
        }
        return b.make(info<cond_op>, in, count, ints(region_tag + g[0], region_tag + g[1], first));
    }
    static constexpr void jvp(site n, const value* t, value* out) {
        builder& b = *n.b;
        const int r = results(n);
        const value s = both(n, t, n.size(), true, [&](int from, int to, value* p, value* e, value* y, value* roots) {
            value x[64], dx[64];
            int m = 0;
            for (int i = from; i < to; ++i)
                if (!e[i].zero()) {
                    x[m] = p[i];
                    dx[m++] = e[i];
                }
            forward(b, x, dx, m, y, r, roots);
            for (int k = 0; k < r; ++k)
                if (roots[k].zero()) roots[k] = zeros_like(y[k]);
            return r;
        });
        if (s.zero()) return;
        for (int k = 0; k < r; ++k)
            if (is_floating(n.result(k).element())) out[k] = result(s, k);
    }
    static constexpr void vjp(site n, const value* ct, value* out) {
        builder& b = *n.b;
        const int r = results(n), size = n.size();
        const value s = both(n, ct, r, false, [&](int from, int to, value* p, value* e, value* y, value* roots) {
            value x[most_values], dx[most_values], ys[most_values], cs[most_values];
            int m = 0, c = 0, q = 0;
            for (int k = 0; k < r; ++k)
                if (!e[k].zero()) {
                    ys[c] = y[k];
                    cs[c++] = e[k];
                }
            for (int i = from; i < to; ++i)
                if (is_floating(n.element(i))) x[m++] = p[i];
            reverse(b, ys, cs, c, x, m, dx);
            m = 0;
            for (int i = 1; i < size; ++i) {
                if (!is_floating(n.element(i))) continue;
                const value d = i >= from && i < to ? dx[m++] : value{};
                roots[q++] = d.zero() ? b.literal(type_of(n[i]), 0) : d;
            }
            return q;
        });
        if (s.zero()) return;
        int q = 0;
        for (int i = 1; i < size; ++i)
            if (is_floating(n.element(i))) out[i] = result(s, q++);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out);   // backend/constant: runs a body
};

/// cond(p, f, g): f() where the scalar p holds, else g() (tf.cond, theano.ifelse). Values of the surroundings may be used
/// in both.
template <class F, class G>
constexpr value cond(operand p, F f, G g) {
    builder& b = *p.v.b;
    value in[64]{p.v};
    int count = 1;
    if (p.v.rank() != 0 || p.v.element() != dtype::boolean)
        b.fail("cond", "wants a scalar bool", b.shape_text(p.v.n().shape), builder::text(name_of(p.v.element())));
    b.open();
    value y = f();
    const int r = b.close(&y, 1, in, count), split = count - 1;
    b.open();
    y = g();
    const int q = b.close(&y, 1, in, count);
    return result(b.make(info<cond_op>, in, count, ints(region_tag + r, region_tag + q, split)), 0);
}

}  // namespace kiln
