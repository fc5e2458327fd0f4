// Chains of views and of reductions.
#pragma once
#include <kiln/ops/slices.hpp>
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// reshape(f(x, y)) -> f(reshape(x), reshape(y)) where nothing else reads f's result and x, y are leaves, literals,
/// reshapes or pointwise results of this kind themselves: fusion then sees one chain of pointwise operations. The sweep
/// does it, from the use counts of the whole graph.
struct reshape_through_pointwise {
    static constexpr auto name = "reshape_through_pointwise";
};
/// transpose(f(x, y)) -> f(transpose(x), transpose(y)), where the operands are leaves, literals, expands or transposes.
struct transpose_through_pointwise {
    static constexpr auto name = "transpose_through_pointwise";
};

/// Is v kept in memory anyway, so that a reshape of it costs nothing?
constexpr bool lies_in_memory(value v) {
    const pattern kind = v.n().op->kind;
    return kind == pattern::leaf || kind == pattern::opaque || kind == pattern::contraction || kind == pattern::result;
}
/// v in another shape at no cost; no value where there is none. A broadcast along all leading axes stays one, and so does that of a single
/// number.
constexpr value in_shape(value v, int shape) {
    builder& b = *v.b;
    const list target = b.get(shape);
    if (is_literal(v)) return b.literal({shape, v.element()}, bits_of_literal(v));
    if (is<reshape_op>(v)) {
        const value x = input(v);
        return x.n().shape == shape ? x : lies_in_memory(x) ? reshape_to(x, target) : value{};
    }
    if (lies_in_memory(v)) return reshape_to(v, target);
    if (!is<expand_op>(v)) return {};
    const value x = input(v);
    const list added = new_axes(v);
    list axes{}, extents{};
    bool single = lies_in_memory(x) && target.n > 0;
    for (int k = 0; k < x.rank(); ++k) single &= x.extent(k) == 1;
    if (single) {
        for (int k = 0; k < target.n; ++k) { axes.put(k - target.n); extents.put(target[k]); }
        return expand(reshape_to(x, list{}), axes, extents);
    }
    const int kept = x.rank(), more = target.n - kept;
    if (more < 1) return {};
    for (int k = 0; k < added.n; ++k)
        if (added[k] != k - v.rank()) return {};
    for (int k = 0; k < more; ++k) { axes.put(k - target.n); extents.put(target[k]); }
    for (int k = 0; k < kept; ++k)
        if (x.extent(k) != target[more + k]) return {};
    return expand(x, axes, extents);
}
/// f(reshape(x), y) -> reshape(f(x, reshape(y))) where x is computed, and y costs nothing in the shape of x: f then runs where x
/// is made, in the loop or on the tile of its matmul.
struct reshape_out_of_pointwise {
    static constexpr auto name = "reshape_out_of_pointwise";
    static constexpr u64 roots[1]{0};   // the sweep asks it of every pointwise node
    static constexpr u64 operands[2]{hash("reshape"), 0};
    static constexpr value apply(site n) {
        int shape = 0;
        for (int k = 0; k < n.size() && !shape; ++k) {
            if (!is<reshape_op>(n[k])) continue;
            const pattern kind = input(n[k]).n().op->kind;
            if (kind == pattern::contraction || kind == pattern::pointwise || kind == pattern::reduction) shape = input(n[k]).n().shape;
        }
        if (!shape || n.size() > 3) return {};
        value in[3];
        for (int k = 0; k < n.size(); ++k) {
            in[k] = in_shape(n[k], shape);
            if (in[k].zero()) return {};
        }
        return reshape_to(n.b->make(*n.n().op, in, n.size(), n.n().attrs), n.b->get(n.n().shape));
    }
};
/// sum(reshape(x)) over all axes but some last ones that the reshape leaves alone -> the same of x.
struct reduction_of_reshape : at<sum_op, prod_op, max_op, min_op, any_op, all_op>::over<reshape_op> {
    static constexpr auto name = "reduction_of_reshape";
    static constexpr value apply(site n) {
        const list a = n.attrs();
        const value y = n[0], x = input(y);
        const int kept = y.rank() - a.n, more = x.rank() - kept;
        if (more < 1 || lies_in_memory(x)) return {};
        for (int k = 0; k < a.n; ++k)
            if (a[k] != k - y.rank()) return {};
        list axes{};
        for (int k = 0; k < more; ++k) axes.put(k - x.rank());
        for (int k = 1; k <= kept; ++k)
            if (x.extent(-k) != y.extent(-k)) return {};
        return n.b->make(*n.n().op, &x, 1, axes);
    }
};

/// A view of a literal is a literal, and so is a pad of zeros.
struct view_of_literal : at<expand_op, reshape_op, transpose_op, slice_op, pad_op>::over<a_literal> {
    static constexpr auto name = "view_of_literal";
    static constexpr value apply(site n) {
        return !is<pad_op>(n.result()) || is_exactly(n[0], 0) ? n.b->literal(type_of(n.result()), bits_of_literal(n[0])) : value{};
    }
};
/// A reshape to the shape that is there already.
struct reshape_to_same : at<reshape_op> {
    static constexpr auto name = "reshape_to_same";
    static constexpr value apply(site n) { return n.shape(0) == n.n().shape ? n[0] : value{}; }
};
struct reshape_of_reshape : at<reshape_op>::over<reshape_op> {
    static constexpr auto name = "reshape_of_reshape";
    static constexpr value apply(site n) {
        const value x = input(n[0]);
        list a = ints(x.rank());
        const int s = n.n().shape;
        for (int k = 0; k < n.b->length(s); ++k) a.put(n.b->at(s, k));
        return call<reshape_op>(a, x);
    }
};
/// Both expands as one: an inner axis keeps its place among the axes that the outer one does not add.
struct expand_of_expand : at<expand_op>::over<expand_op> {
    static constexpr auto name = "expand_of_expand";
    static constexpr value apply(site n) {
        const list outer = new_axes(n.result()), inner = new_axes(n[0]);
        const int r = n.result().rank();
        list a{}, e{};
        for (int k = -r, q = -n[0].rank(); k < 0; ++k) {
            const bool added = outer.has(k);
            if (added || inner.has(q)) {
                a.put(k);
                e.put(n.result().extent(k));
            }
            if (!added) ++q;
        }
        return expand(input(n[0]), a, e);
    }
};
/// The product of the permutations; nothing where it is the identity.
struct transpose_of_transpose : at<transpose_op>::over<transpose_op> {
    static constexpr auto name = "transpose_of_transpose";
    static constexpr value apply(site n) {
        list p = transpose_op::permutation(n);
        const list q = transpose_op::permutation({n.b, n.in(0)});
        for (int k = 0; k < p.n; ++k) p.at[k] = q[static_cast<int>(p[k]) + p.n];
        return transpose_by(input(n[0]), p);
    }
};
/// A transpose that moves nothing but axes of extent 1 is a reshape, or nothing at all.
struct transpose_to_reshape : at<transpose_op> {
    static constexpr auto name = "transpose_to_reshape";
    static constexpr value apply(site n) {
        const builder& b = *n.b;
        const int shape = n.n().shape, rank = b.length(shape);
        int k_one = 0;
        while (k_one < rank && b.lists[shape + 1 + k_one] != 1) ++k_one;
        if (k_one == rank) return {};
        const list p = transpose_op::permutation(n);
        i64 last = -p.n - 1;
        for (int k = 0; k < p.n; ++k) {
            if (n[0].extent(static_cast<int>(p[k])) == 1) continue;
            if (p[k] < last) return {};
            last = p[k];
        }
        return reshape_to(n[0], shape_list(n.result()));
    }
};
/// transpose(expand(x)) -> expand(transpose(x)): fusion folds an expand away, and what is transposed is smaller.
struct transpose_of_expand : at<transpose_op>::over<expand_op> {
    static constexpr auto name = "transpose_of_expand";
    static constexpr value apply(site n) {
        const list p = transpose_op::permutation(n), added = new_axes(n[0]);
        list a{}, e{}, kept{};
        for (int k = 0; k < p.n; ++k) {
            if (added.has(p[k])) {
                a.put(k - p.n);
                e.put(n.result().extent(k));
                continue;
            }
            i64 at = p[k];   // its place among the axes of x
            for (int j = 0; j < added.n; ++j) at += added[j] > p[k];
            kept.put(at);
        }
        return expand(transpose_by(input(n[0]), kept), a, e);
    }
};

/// x @ column -> sum(x * row, -1) for a matrix of short rows, whose folds go many rows at a time; row @ y -> sum(column * y, -2) for one that
/// others read too. As folds of one nest they share its pass over the matrix, with what lies between them: a model of a few variables and
/// its gradient are one kernel.
struct product_with_short_rows : at<matmul_op> {
    static constexpr auto name = "product_with_short_rows";
    static constexpr auto takes = domain::floating;
    static constexpr i64 longest = 64;   // a row that stays in registers
    static constexpr bool short_rows(value x) { return !is<transpose_op>(x) && !is_product(x.extent(-1)) && x.extent(-1) > 1 && x.extent(-1) <= longest; }
    static constexpr bool fits(value x, const surroundings& w) { return w.shared(x) && short_rows(x); }
    static constexpr value along_rows(value x, value row) { return sum_over(x * expand(row, ints(-2), ints(x.extent(-2))), ints(-1)); }
    static constexpr value over_rows(value x, value column) { return sum_over(x * expand(column, ints(-1), ints(x.extent(-1))), ints(-2)); }
    static constexpr value apply(site n, const surroundings& w) {
        const value x = n[0], y = n[1];
        if (x.rank() != 2 || y.rank() != 2) return {};
        value sum;
        if (y.extent(-1) == 1 && is<transpose_op>(x) && fits(input(x), w)) sum = over_rows(input(x), reshape_to(y, ints(y.extent(-2))));
        else if (y.extent(-1) == 1 && x.extent(-2) != 1 && short_rows(x)) sum = along_rows(x, reshape_to(y, ints(y.extent(-2))));
        else if (x.extent(-2) == 1 && y.extent(-2) != 1 && fits(y, w)) sum = over_rows(y, reshape_to(x, ints(x.extent(-1))));
        return sum.zero() ? sum : reshape_to(sum, n.b->get(n.n().shape));
    }
};

/// row @ column -> sum(row * column): a fold has as many sums along the axis as the processor can add at once, and slices.
struct product_of_row_and_column : at<matmul_op> {
    static constexpr auto name = "product_of_row_and_column";
    static constexpr auto takes = domain::floating;
    static constexpr value apply(site n) {
        const value x = n[0], y = n[1];
        if (x.extent(-2) != 1 || y.extent(-1) != 1 || x.rank() != y.rank()) return {};
        list row{};
        for (int k = -x.rank(); k < -2; ++k) {
            if (x.extent(k) != y.extent(k)) return {};
            row.put(x.extent(k));
        }
        row.put(x.extent(-1));
        return reshape_to(sum_over(reshape_to(x, row) * reshape_to(y, row), ints(-1)), n.b->get(n.n().shape));
    }
};

/// x @ column -> row @ transposed x: a product has its lanes along the last axis, and a column has one there.
struct product_with_column : at<matmul_op> {
    static constexpr auto name = "product_with_column";
    static constexpr value apply(site n) {
        const value x = n[0], y = n[1];
        if (y.extent(-1) != 1 || x.extent(-2) == 1) return {};
        list row = shape_list(y);
        row.at[row.n - 1] = y.extent(-2);
        row.at[row.n - 2] = 1;
        return reshape_to(call<matmul_op>({}, reshape_to(y, row), swap_last(x)), n.b->get(n.n().shape));
    }
};

/// sum(sum(x)) and prod(prod(x)) over all the axes at once. The order of the roundings changes, nothing else.
template <class... Op>
struct nested_reductions : at<Op...>::template over<Op...> {
    static constexpr value apply(site n) {
        const value y = n[0];
        if (y.n().op != n.n().op) return {};
        const list outer = n.attrs(), inner = axes_at(y);
        const value x = input(y);
        list a{};
        for (int k = -x.rank(), q = -y.rank(); k < 0; ++k) {
            const bool gone = inner.has(k);
            if (gone || outer.has(q)) a.put(k);
            if (!gone) ++q;
        }
        return n.b->make(*n.n().op, &x, 1, a);
    }
};
struct sum_of_sum : nested_reductions<sum_op, prod_op> {
    static constexpr auto name = "sum_of_sum";
};
/// max(max(x)), min(min(x)), any(any(x)), all(all(x)); exact.
struct extremum_of_extremum : nested_reductions<max_op, min_op, any_op, all_op> {
    static constexpr auto name = "extremum_of_extremum";
};
/// The extremum along axes that an expand has just added, of static extents above zero. (A sum along them is no product:
/// it rounds differently.)
struct extremum_of_expand : at<max_op, min_op, any_op, all_op>::over<expand_op> {
    static constexpr auto name = "extremum_of_expand";
    static constexpr value apply(site n) {
        const list a = n.attrs();
        return a == new_axes(n[0]) && static_count(n[0], a) > 0 ? input(n[0]) : value{};
    }
};
/// max, min, any, all of a literal along static extents; sums that are exact in any order: of 0, of integers, of
/// floating numbers that are small integers; the product of ones.
struct reduction_of_literal : at<sum_op, prod_op, max_op, min_op, any_op, all_op>::over<a_literal> {
    static constexpr auto name = "reduction_of_literal";
    static constexpr value apply(site n) {
        const value x = n[0], r = n.result();
        const dtype t = x.element();
        const i64 bits = bits_of_literal(x), count = static_count(x, n.attrs());
        if (is<prod_op>(r)) return is_literal(x, 1) ? ones_like(r) : value{};
        if (!is<sum_op>(r)) return count > 0 ? n.b->literal(type_of(r), bits) : value{};
        if (is_literal(x, 0) || count == 0) return zeros_like(r);
        if (count < 0) return {};
        if (!is_floating(t)) {
            const u64 total = static_cast<u64>(bits) * static_cast<u64>(count);
            return n.b->literal(type_of(r), arithmetic::wrap(t, static_cast<i64>(total)));
        }
        const double limit = t == dtype::float32 ? 0x1p24 : 0x1p53;   // up to here every integer is a number of the dtype
        const double c = double_of(bits), total = c * static_cast<double>(count);
        if (!(total <= limit && total >= -limit && c <= limit && c >= -limit)) return {};
        return c == static_cast<double>(static_cast<i64>(c)) ? full_like(r, total) : value{};
    }
};

}  // namespace kiln::rewrite
