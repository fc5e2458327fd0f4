// Literal factors: gathered in products, taken out of sums. A power of two changes no bits but those of an exponent.
#pragma once
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// c (d x) -> (c d) x and (c x) (d y) -> (c d) x y where c or d is a power of two: the same bits, but for numbers that overflow or
/// become denormal on the way, and none does that did not before.
struct gather_factors : at<multiply_op>::over<multiply_op> {
    static constexpr auto name = "gather_factors";
    static constexpr auto takes = domain::floating;
    /// Of a product that others read too nothing, of a literal alone no x.
    static constexpr multiple split(value v, const surroundings& w) {
        if (is_literal(v)) return {v, {}};
        return w.shared(v) ? multiple{} : multiple_of(v);
    }
    static constexpr bool is_power_of_two(double c) { return c != 0 && (bits_of(c) & ((i64{1} << 52) - 1)) == 0; }
    /// Is c x between d x and x?
    static constexpr bool lies_between(double c, double d) { return d < 1 ? d <= c && c <= 1 : 1 <= c && c <= d; }
    static constexpr value apply(site n, const surroundings& w) {
        const multiple l = split(n[0], w), r = split(n[1], w);
        if (l.factor.zero() || r.factor.zero() || (l.x.zero() && r.x.zero())) return {};
        const double c = l.number(), d = r.number(), both = c * d, size = both < 0 ? -both : both;
        const bool single = n.n().type == dtype::float32;
        if ((!is_power_of_two(c) && !is_power_of_two(d)) || !(size >= (single ? 0x1p-126 : 0x1p-1022) && size < (single ? 0x1p128 : __builtin_huge_val()))) return {};
        const auto times = [&](value x) { return both == 1 ? x : full_like(x, both) * x; };
        if (l.x.zero()) return times(r.x);
        if (r.x.zero()) return times(l.x);
        if (lies_between(size, c < 0 ? -c : c)) return times(l.x) * r.x;
        if (lies_between(size, d < 0 ? -d : d)) return l.x * times(r.x);
        return {};
    }
    /// A product that a rule makes, whose factors are gathered.
    static constexpr value of(value product, const surroundings& w) {
        const value r = apply({product.b, product.id}, w);
        return r.zero() ? product : r;
    }
};
/// (2 x) y + 2 z -> 2 (x y + z), of powers of two from 2 on, since a sum with a product is one operation: the same bits, but for numbers
/// that overflow, which fewer do, products that are denormal on the way, and the sign of a zero that is a multiple of a negative factor.
struct factor_of_sum : at<add_op, subtract_op>::over<multiply_op, negative_op> {
    static constexpr auto name = "factor_of_sum";
    static constexpr auto takes = domain::floating;
    struct term {   // factor x, or factor x y
        double factor;
        value x, y;
        constexpr value rest() const { return y.zero() ? x : x * y; }
    };
    static constexpr term split(value v, const surroundings& w) {
        if (w.shared(v)) return {};
        if (is<negative_op>(v)) {
            const term t = split(input(v), w);
            return {-t.factor, t.x, t.y};
        }
        if (const multiple m = multiple_of(v); !m.x.zero()) return {m.number(), m.x, {}};
        for (int k = 0; k < 2 && is<multiply_op>(v); ++k)
            if (const multiple m = multiple_of(input(v, k)); !m.x.zero() && !w.shared(input(v, k))) return {m.number(), m.x, input(v, 1 - k)};
        return {};
    }
    static constexpr bool is_product(const term& t) { return !t.y.zero() || is<multiply_op>(t.x) || is<square_op>(t.x); }
    static constexpr value apply(site n, const surroundings& w) {
        const term l = split(n[0], w), r = split(n[1], w);
        const double c = l.factor, size = c < 0 ? -c : c;
        if (!(size >= 2 && size < __builtin_huge_val()) || !gather_factors::is_power_of_two(c) || (r.factor != c && r.factor != -c) || (!is_product(l) && !is_product(r))) return {};
        const value sum = is<add_op>(n.result()) == (r.factor == c) ? l.rest() + r.rest() : l.rest() - r.rest();
        return full_like(sum, c) * sum;
    }
};

}  // namespace kiln::rewrite
