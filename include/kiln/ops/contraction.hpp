// Contractions: matmul, dot, outer. What the CPU and GPU backends have kernels for.
#pragma once
#include <kiln/ops/reductions.hpp>

namespace kiln {

/// The sum over leading axes that an operand does not have.
constexpr value unbatch(value g, value like) {
    const int r = g.rank(), q = like.rank();
    if (r == q) return g;
    list a{};
    for (int k = -r; k < -q; ++k) a.put(k);
    return sum_over(g, a);
}

/// matmul: [..., m, k] by [..., k, n]; leading axes are equal, or one side has none. Linear in each side.
struct matmul_op {
    static constexpr auto name = "matmul";
    static constexpr pattern kind = pattern::contraction;
    static constexpr auto linear = separately;
    static constexpr bool leads = true, costly = true;

    static constexpr type infer(site n) {
        builder& b = *n.b;
        const int x = n.shape(0), y = n.shape(1), rx = b.length(x), ry = b.length(y);
        list s = b.get(rx >= ry ? x : y);
        s.at[s.n - 2] = b.at(x, rx - 2);
        s.at[s.n - 1] = b.at(y, ry - 1);
        return {b.intern(s), n.element(0)};
    }
    static constexpr value transpose(int i, value ct, site n) {
        const value x = n[0], y = n[1];
        return i == 0 ? unbatch(call<matmul_op>({}, ct, swap_last(y)), x)
                      : unbatch(call<matmul_op>({}, swap_last(x), ct), y);
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const builder& b = *n.b;
        const int s = n.shape(0), u = n.shape(1), r = n.n().shape, rank = b.length(r);
        const dtype t = n.n().type;
        const i64 m = b.at(r, rank - 2), p = b.at(r, rank - 1), inner = b.at(s, b.length(s) - 1);
        if (m * p == 0) return;
        const i64 lead = elements(b, r) / (m * p);
        const i64 lead_x = inner ? elements(b, s) / (m * inner) : 1, lead_y = inner ? elements(b, u) / (inner * p) : 1;
        with_number(t, [&](auto zero) {
            using T = decltype(zero);
            if constexpr (!std::is_same_v<T, bool>) {   // with braces: without them nvcc loses count
                for (i64 l = 0; l < lead; ++l)
                    for (i64 i = 0; i < m; ++i)
                        for (i64 j = 0; j < p; ++j) {
                            arithmetic::number<T> v{};   // one rounding at the end: the cpu backend may only be worse
                            for (i64 k = 0; k < inner; ++k)
                                v = v + read<T>(in[0][(l % lead_x * m + i) * inner + k]) *
                                            read<T>(in[1][(l % lead_y * inner + k) * p + j]);
                            write(out[0][(l * m + i) * p + j], t, v);
                        }
            }
        });
    }
};

/// matmul(x, y) (numpy, TensorFlow): matrices, vectors (a row on the left, a column on the right), stacks of matrices
/// with broadcasting leading axes.
struct matmul_call {
    static constexpr value apply(operand p, operand q) {
        value x = p.v, y = q.v;
        if (x.zero() || y.zero()) {
            if (builder* b = x.b ? x.b : y.b; b && (p.number || q.number)) {
                b->fail("matmul", "a number is no matrix, use *", x.zero() ? builder::text("a number") : b->shape_text(x.n().shape),
                        y.zero() ? builder::text("a number") : b->shape_text(y.n().shape));
                return x.zero() ? y : x;
            }
            return {};
        }
        builder& b = *x.b;
        if (b.upcasts && x.element() != y.element()) upcast_pair(x, y);
        const int rx = x.rank(), ry = y.rank();
        if (rx == 0 || ry == 0) {
            b.fail("matmul", "both sides need an axis", x.n().shape, y.n().shape);
            return x;
        }
        if (x.element() != y.element())
            b.fail("matmul", "dtypes differ, use cast", builder::text(name_of(x.element())), builder::text(name_of(y.element())));
        else if (x.element() == dtype::boolean)
            b.fail("matmul", "not for this dtype", builder::text("bool"), builder::text("a number"));
        if (x.extent(-1) != y.extent(ry == 1 ? 0 : -2)) {
            b.fail("matmul", "inner extents differ", x.n().shape, y.n().shape);
            return x;
        }
        value l = rx == 1 ? reshape_to(x, ints(1, x.extent(0))) : x, r = ry == 1 ? reshape_to(y, ints(y.extent(0), 1)) : y;
        if (l.rank() > 2 && r.rank() > 2) {   // leading axes broadcast
            list sl = shape_list(l), sr = shape_list(r), common{};
            sl.n -= 2;
            sr.n -= 2;
            if (!broadcast_shape(b, b.intern(sl), b.intern(sr), common)) {
                b.fail("matmul", "leading axes do not broadcast", x.n().shape, y.n().shape);
                return x;
            }
            list tl = common, tr = common;
            for (int k = -2; k < 0; ++k) { tl.put(l.extent(k)); tr.put(r.extent(k)); }
            l = spread(l, tl);
            r = spread(r, tr);
        }
        value z = call<matmul_op>({}, l, r);
        if (rx > 1 && ry > 1) return z;
        list s = shape_list(z);   // drop the axes that were put in
        if (ry == 1) --s.n;
        if (rx == 1) {
            const int at = s.n - (ry == 1 ? 1 : 2);
            for (int k = at; k + 1 < s.n; ++k) s.at[k] = s.at[k + 1];
            --s.n;
        }
        return reshape_to(z, s);
    }
};

/// dot(x, y) (numpy): the inner product of vectors, the product with a scalar, else the sum over the last axis of x and
/// the last but one of y, the other axes of x before those of y.
struct dot_call {
    static constexpr value apply(operand p, operand q) {
        if (p.number || q.number || p.v.rank() == 0 || q.v.rank() == 0) return p * q;
        const value x = p.v, y = q.v;
        if (x.rank() <= 2 && y.rank() <= 2) return matmul_call::apply(p, q);
        builder& b = *x.b;
        if (y.rank() == 1) return matmul_call::apply(p, q);
        if (x.extent(-1) != y.extent(-2)) {
            b.fail("dot", "inner extents differ", x.n().shape, y.n().shape);
            return x;
        }
        list perm = ints(-2), shape{};
        i64 rows = 1, columns = 1;   // not inferred: the inner extent may be 0
        for (int k = -y.rank(); k < 0; ++k)
            if (k != -2) perm.put(k);
        for (int k = -x.rank(); k < -1; ++k) {
            shape.put(x.extent(k));
            rows = b.times(rows, x.extent(k));
        }
        for (int k = -y.rank(); k < 0; ++k)
            if (k != -2) {
                shape.put(y.extent(k));
                columns = b.times(columns, y.extent(k));
            }
        const value l = reshape_to(x, ints(rows, x.extent(-1)));
        const value r = reshape_to(transpose_by(y, perm), ints(y.extent(-2), columns));
        return reshape_to(call<matmul_op>({}, l, r), shape);
    }
};

/// outer(x, y) (numpy): x[i] * y[j] of the flattened operands.
struct outer_call {
    static constexpr value apply(operand p, operand q) {
        const value x = ravel(p.v), y = ravel(q.v);
        return reshape_to(x, ints(inferred, 1)) * y;
    }
};

constexpr value matmul(operand x, operand y) { return matmul_call::apply(x, y); }
constexpr value dot(operand x, operand y) { return dot_call::apply(x, y); }
constexpr value outer(operand x, operand y) { return outer_call::apply(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto matmul(A x, B y) { return lifter<A, B>::template lift<matmul_call>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto dot(A x, B y) { return lifter<A, B>::template lift<dot_call>(x, y); }
template <class A, class B> requires liftable<A, B> constexpr auto outer(A x, B y) { return lifter<A, B>::template lift<outer_call>(x, y); }

}  // namespace kiln
