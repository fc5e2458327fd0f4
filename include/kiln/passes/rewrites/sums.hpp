// Sums along axes of which something is known, as in the slopes of what is normalised: a sum less is a pass over the rows less.
#pragma once
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// Is v the same all along the axes?
constexpr bool same_along(value v, const list& axes) {
    if (is_literal(v)) {   // and finite
        const double c = double_of(bits_of_literal(v));
        return c < __builtin_huge_val() && c > -__builtin_huge_val();
    }
    if (!is<expand_op>(v)) return false;
    const list added = new_axes(v);
    for (int k = 0; k < axes.n; ++k)
        if (!added.has(axes[k])) return false;
    return true;
}
/// What such an expand is without these axes.
constexpr value without_axes(value v, const list& axes) {
    const list added = new_axes(v);
    list a{}, e{};
    for (int k = 0; k < added.n; ++k) {
        if (axes.has(added[k])) continue;
        i64 to = added[k];
        for (int j = 0; j < axes.n; ++j) to += axes[j] > added[k];
        a.put(to);
        e.put(v.extent(static_cast<int>(added[k])));
    }
    return a.n ? expand(input(v), a, e) : input(v);
}

/// sum(c x) is c sum(x), sum(x / c) is sum(x) / c, where c is the same along the axes of the sum: a product less for each element, and no sum
/// waits for c. (Theano's local_sum_prod_mul_by_scalar and local_sum_prod_div_dimshuffle.) Not for any sum, since sum(x) may overflow
/// where sum(c x) does not, nor where there may be nothing to sum, which is 0 whatever c.
struct summed_factors {
    const list& axes;
    value varying{}, constant{};   // none: 1
    bool minus = false;
    int left = 64;   // products to be looked into: a graph may have few nodes and many paths

    static constexpr value times(value x, value y) { return x.zero() ? y : x * y; }
    constexpr void take(value v) {
        if (--left < 0) varying = times(varying, v);
        else if (is<negative_op>(v)) {
            minus = !minus;
            take(input(v));
        } else if (is<multiply_op>(v)) {
            take(input(v, 0));
            take(input(v, 1));
        } else if (is<divide_op>(v) && is<expand_op>(input(v, 1)) && same_along(input(v, 1), axes)) {
            take(input(v));
            constant = times(constant, reciprocal(without_axes(input(v, 1), axes)));
        } else if (is<expand_op>(v) && same_along(v, axes)) constant = times(constant, without_axes(v, axes));
        else varying = times(varying, v);
    }
    static constexpr value sum(value x, const list& axes) {
        summed_factors f{axes};
        if (static_count(x, axes) > 0) f.take(x);
        if (f.varying.zero() || is_literal(f.varying) || f.constant.zero()) return sum_over(x, axes);
        const value y = f.constant * sum_over(f.varying, axes);
        return f.minus ? -y : y;
    }
};

/// sum(x + c (y - mean(y))) -> sum(x), the mean taken along the axes of the sum, along which c is the same and finite: what is centred adds up
/// to 0, but for its roundings. Where x is made of y - mean(y) too, so that a NaN there still shows: the slope of every normalisation,
/// from which the factor of its deviation is taken out.
struct sum_of_centred : at<sum_op>::over<add_op, subtract_op, negative_op> {
    static constexpr auto name = "sum_of_centred";
    static constexpr auto takes = domain::floating;
    /// y - mean(y) or mean(y) - y
    static constexpr bool is_centred(value v, const list& axes) {
        for (int k = 0; k < 2 && is<subtract_op>(v); ++k) {
            const value y = input(v, k), m = input(v, 1 - k);
            if (!is<expand_op>(m) || !(new_axes(m) == axes)) continue;
            const value mean = input(m);
            if (!is<divide_op>(mean) && !is<multiply_op>(mean)) continue;
            const value sum = input(mean), count = input(mean, 1);
            if (!is<sum_op>(sum) || input(sum).id != y.id || !(axes_at(sum) == axes)) continue;
            const i64 n = static_count(y, axes);
            if (n > 0 && is_exactly(count, is<divide_op>(mean) ? static_cast<double>(n) : 1 / static_cast<double>(n))) return true;
            if (n < 0 && is<divide_op>(mean) && (is<expand_op>(count) ? input(count) : count).id == count_along(y, axes).id) return true;
        }
        return false;
    }
    static constexpr int most = 4;
    struct terms {
        const list& axes;
        value left_out[most]{};
        int n = 0, left = 64;   // terms to be looked at
        /// v without what is centred; none where that is all.
        constexpr value kept(value v) {
            const bool minus = is<subtract_op>(v);
            if (--left < 0) return v;
            if (const value c = centred(v); !c.zero() && n < most) {
                left_out[n++] = c;
                return {};
            }
            if (is<negative_op>(v)) {
                const value x = kept(input(v));
                if (x.zero()) return x;
                return x.id == input(v).id ? v : -x;
            }
            if (!is<add_op>(v) && !minus) return v;
            const value x = kept(input(v, 0)), y = kept(input(v, 1));
            if (x.zero()) return minus && !y.zero() ? -y : y;
            if (y.zero()) return x;
            if (x.id == input(v, 0).id && y.id == input(v, 1).id) return v;
            return minus ? x - y : x + y;
        }
        /// y - mean(y) of a multiple of it.
        constexpr value centred(value v) const {
            if (is<negative_op>(v)) return centred(input(v));
            if (is<divide_op>(v)) return same_along(input(v, 1), axes) ? centred(input(v)) : value{};
            if (is<multiply_op>(v)) return same_along(input(v, 0), axes) ? centred(input(v, 1)) : same_along(input(v, 1), axes) ? centred(input(v)) : value{};
            return is_centred(v, axes) ? v : value{};
        }
    };
    /// Does a NaN in x show in v, by operations that all hand one on?
    static constexpr bool shows(value v, value x) {
        if (v.id < x.id) return false;
        bool looked_at[builder::capacity]{};
        looked_at[v.id] = true;
        for (int i = v.id; i > x.id; --i) {
            const value y{v.b, i};
            if (!looked_at[i]) continue;
            const bool hands_on = y.n().op->spreads_nan || is<expand_op>(y) || is<reshape_op>(y) || is<sum_op>(y);
            for (int k = 0; hands_on && k < y.n().n_in && k < 3; ++k) looked_at[y.n().in[k]] = true;
        }
        return looked_at[x.id];
    }
    static constexpr value apply(site n) {
        const list axes = n.attrs();
        terms t{axes};
        const value rest = t.kept(n[0]);
        if (t.n == 0 || rest.zero()) return {};
        for (int k = 0; k < t.n; ++k)
            if (!shows(rest, t.left_out[k])) return {};
        return summed_factors::sum(rest, axes);
    }
};

}  // namespace kiln::rewrite
