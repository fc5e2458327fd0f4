// Reductions over any axes, with and without keepdims. Each is a fold: `identity` and `combine` are the whole definition
// for every back end. The composed ones (mean, argmax, logsumexp, ...) are fast by fusion alone.
#pragma once
#include <kiln/ops/generators.hpp>

namespace kiln {

/// Base of folds. Attributes: the axes, negative and ascending.
template <class Op>
struct reduction {
    static constexpr pattern kind = pattern::reduction;
    static constexpr auto takes = domain::number;

    static constexpr type infer(site n) {
        const list a = n.attrs();
        list s{};
        for (int k = -n[0].rank(); k < 0; ++k)
            if (!a.has(k)) s.put(n[0].extent(k));
        if (!accepts(Op::takes, n.element(0)))
            n.b->fail(Op::name, "not for this dtype", builder::text(name_of(n.element(0))),
                      builder::text(wanted_by(Op::takes)));
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const builder& b = *n.b;
        const int s = n.shape(0), r = n.n().shape, rank = b.length(s);
        const dtype t = n.n().type;
        const list axes = n.attrs();
        with_number(t, [&](auto zero) {
            using T = decltype(zero);
            if constexpr (accepts(Op::takes, dtype_of<T>)) {
                for (i64 i = 0, m = elements(b, r); i < m; ++i)
                    write(out[0][i], t, Op::identity(arithmetic::number<T>{}, t));
                for (i64 i = 0, m = elements(b, s); i < m; ++i) {
                    const index x = unflat(b, s, i);
                    index y{};
                    for (int k = 0, q = 0; k < rank; ++k)
                        if (!axes.has(k - rank)) y.at[q++] = x.at[k];
                    cell& o = out[0][flat(b, r, y)];
                    write(o, t, Op::combine(read<T>(o), read<T>(in[0][i])));
                }
            }
        });
    }
};

/// The lowest and highest number of a dtype (infinities for floating ones) in the number type of x.
template <class X>
KILN_HD constexpr auto lowest(X x, dtype t) {
    if (is_floating(t)) return like(x, -__builtin_huge_val());
    return is_unsigned_integer(t) ? like(x, 0) : like_integer(x, size_of(t) == 8 ? INT64_MIN : -(i64{1} << (8 * size_of(t) - 1)));
}
template <class X>
KILN_HD constexpr auto highest(X x, dtype t) {
    if (is_floating(t)) return like(x, __builtin_huge_val());
    if (is_unsigned_integer(t))
        return like_integer(x, size_of(t) == 8 ? i64{-1} : (i64{1} << (8 * size_of(t))) - 1);
    return like_integer(x, size_of(t) == 8 ? INT64_MAX : (i64{1} << (8 * size_of(t) - 1)) - 1);
}

constexpr list extents_at(value x, const list& axes) {
    list e{};
    for (int k = 0; k < axes.n; ++k) e.put(x.extent(static_cast<int>(axes[k])));
    return e;
}

/// sum(x, axes); the sum of nothing is 0. Keeps the dtype (TensorFlow): int8 wraps. Slope 1: its transpose is expand.
struct sum_op : reduction<sum_op> {
    static constexpr auto name = "sum";
    static constexpr auto linear = jointly;
    KILN_HD static constexpr auto identity(auto x, dtype) { return like(x, 0); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return a + x; }
    static constexpr value transpose(int, value ct, site n) {
        const list a = n.attrs();
        return expand(ct, a, extents_at(n[0], a));
    }
};

/// prod(x, axes); the product of nothing is 1. Slope: the product of the others, which may be 0: right to second order, and
/// to any order along axes with at most two zeros.
struct prod_op : reduction<prod_op> {
    static constexpr auto name = "prod";
    KILN_HD static constexpr auto identity(auto x, dtype) { return like(x, 1); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return a * x; }
    static constexpr void vjp(site n, const value* ct, value* out) {
        const list a = n.attrs(), e = extents_at(n[0], a);
        auto along = [&](value v) { return expand(v, a, e); };
        const value x = n[0], is_zero = x == 0, one = ones_like(x), some = where(is_zero, one, x);
        const value n_zeros = sum_over(where(is_zero, one, 0), a), c = ct[0] * call<prod_op>(a, some);
        // Beside a 0 there are only others; or others and one more 0, which has no value but a slope.
        const value other_zero = along(sum_over(where(is_zero, x, 0), a)) - x;
        const value at_zero = along(where(n_zeros == 1, c, 0)) + other_zero * along(where(n_zeros == 2, c, 0));
        out[0] = where(is_zero, at_zero, along(ct[0] * n.result()) / some);
    }
};

/// Base of max and min: NaN where any element is NaN (`combine_numbers` is for where nobody would see it); ties share the slope equally (TensorFlow).
template <class Op>
struct extremum : reduction<Op> {
    static constexpr void jvp(site n, const value* t, value* out) {
        const list a = n.attrs(), e = extents_at(n[0], a);
        if (e.has(0)) return;   // of nothing it is a constant
        const value ties = n[0] == expand(n.result(), a, e);
        const value count = sum_over(where(ties, ones_like(n[0]), 0), a);
        out[0] = sum_over(where(ties, t[0], 0), a) / count;
    }
};
/// max(x, axes); of nothing it is -infinity, or the lowest integer (TensorFlow).
struct max_op : extremum<max_op> {
    static constexpr auto name = "max";
    KILN_HD static constexpr auto identity(auto x, dtype t) { return lowest(x, t); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return greater_of(a, x); }
    KILN_HD static constexpr auto combine_numbers(auto a, auto x) { return greater_number_of(a, x); }
};
/// min(x, axes); of nothing it is infinity, or the highest integer (TensorFlow).
struct min_op : extremum<min_op> {
    static constexpr auto name = "min";
    KILN_HD static constexpr auto identity(auto x, dtype t) { return highest(x, t); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return lesser_of(a, x); }
    KILN_HD static constexpr auto combine_numbers(auto a, auto x) { return lesser_number_of(a, x); }
};

/// any(x, axes) on bool; of nothing it is false.
struct any_op : reduction<any_op> {
    static constexpr auto name = "any";
    static constexpr auto takes = domain::boolean;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto identity(auto x, dtype) { return like(x, 0); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return a | x; }
};
/// all(x, axes) on bool; of nothing it is true.
struct all_op : reduction<all_op> {
    static constexpr auto name = "all";
    static constexpr auto takes = domain::boolean;
    static constexpr bool flat = true;
    KILN_HD static constexpr auto identity(auto x, dtype) { return like(x, 1); }
    KILN_HD static constexpr auto combine(auto a, auto x) { return a & x; }
};

template <class Op>
constexpr value reduced(value x, const list& axes) {
    return x.zero() || axes.n == 0 ? x : call<Op>(axes, x);
}
constexpr value sum_over(value x, const list& axes) { return reduced<sum_op>(x, axes); }
constexpr value max_over(value x, const list& axes) { return reduced<max_op>(x, axes); }
constexpr value min_over(value x, const list& axes) { return reduced<min_op>(x, axes); }

constexpr list every_axis(value x) {
    list a{};
    for (int k = -x.rank(); k < 0; ++k) a.put(k);
    return a;
}
constexpr list axes_of(const char* op, value x, const reduction_options& o) {
    return o.all ? every_axis(x) : axes_of(op, x, o.over);
}
/// Reduced axes again, with extent 1.
constexpr value with_ones(value y, value x, const list& axes) {
    list s{};
    for (int k = -x.rank(); k < 0; ++k) s.put(axes.has(k) ? 1 : x.extent(k));
    return reshape_to(y, s);
}
/// The number of elements along the axes, in the dtype of x.
constexpr value count_along(value x, const list& axes) {
    i64 n = 1;
    for (int k = 0; k < axes.n; ++k) n = x.b->times(n, x.extent(static_cast<int>(axes[k])));
    return size_value(*x.b, n, x.element());
}

// Each reduction as a function of axes; `reducer` gives it its public forms.
constexpr bool needs_floating(const char* op, value x) {
    if (is_floating(x.element())) return true;
    x.b->fail(op, "not for this dtype, use cast", builder::text(name_of(x.element())), builder::text("float32 or float64"));
    return false;
}
struct sum_call { static constexpr auto name = "sum"; static constexpr value over(value x, const list& a) { return reduced<sum_op>(x, a); } };
struct prod_call { static constexpr auto name = "prod"; static constexpr value over(value x, const list& a) { return reduced<prod_op>(x, a); } };
struct max_call { static constexpr auto name = "max"; static constexpr value over(value x, const list& a) { return reduced<max_op>(x, a); } };
struct min_call { static constexpr auto name = "min"; static constexpr value over(value x, const list& a) { return reduced<min_op>(x, a); } };
struct any_call { static constexpr auto name = "any"; static constexpr value over(value x, const list& a) { return reduced<any_op>(x, a); } };
struct all_call { static constexpr auto name = "all"; static constexpr value over(value x, const list& a) { return reduced<all_op>(x, a); } };
struct mean_call {
    static constexpr auto name = "mean";
    static constexpr value over(value x, const list& a) {
        const composite one(*x.b, name);
        return needs_floating(name, x) && a.n ? sum_over(x, a) / count_along(x, a) : x;
    }
};
struct variance_call {
    static constexpr auto name = "variance";
    static constexpr value over(value x, const list& a) {
        if (!needs_floating(name, x)) return x;
        const composite one(*x.b, name);
        return mean_call::over(square(x - expand(mean_call::over(x, a), a, extents_at(x, a))), a);
    }
};
struct norm_call {
    static constexpr auto name = "norm";
    static constexpr value over(value x, const list& a) {
        const composite one(*x.b, name);
        return needs_floating(name, x) ? sqrt(sum_over(square(x), a)) : x;
    }
};
/// x less its maximum along the axes.
constexpr value below_maximum(value x, const list& a) {
    return x - expand(stop_gradient(max_over(x, a)), a, extents_at(x, a));
}
struct logsumexp_call {
    static constexpr auto name = "logsumexp";
    static constexpr value over(value x, const list& a) {
        if (!needs_floating(name, x)) return x;
        const composite one(*x.b, name);
        const value top = stop_gradient(max_over(x, a)), m = where(isfinite(top), top, 0);
        return log(sum_over(exp(x - expand(m, a, extents_at(x, a))), a)) + m;
    }
};
/// The row-major position of every element among those along the axes, in the shape of x.
constexpr value positions_along(value x, const list& a) {
    builder& b = *x.b;
    const list e = extents_at(x, a);
    i64 n = 1;
    for (int k = 0; k < e.n; ++k) n = b.times(n, e[k]);
    value position = reshape_to(iota_in(b, n, dtype::int32), e);
    list target = shape_list(x), missing{}, extents{};
    for (int k = -x.rank(); k < 0; ++k)
        if (!a.has(k)) { missing.put(k); extents.put(target[k + x.rank()]); }
    return expand(position, missing, extents);
}
/// The first position of the extremum (NaN counts as it), int32.
constexpr value first_position(value x, value extremum, const list& a) {
    value hit = x == expand(extremum, a, extents_at(x, a));
    if (is_floating(x.element())) hit = hit || isnan(x);
    return min_over(where(hit, positions_along(x, a), INT32_MAX), a);
}
template <class Op>
constexpr value arg_of(const char* name, value x, const list& a) {
    const composite one(*x.b, name);
    return cast(first_position(x, reduced<Op>(x, a), a), dtype::int64);
}
struct argmax_call { static constexpr auto name = "argmax"; static constexpr value over(value x, const list& a) { return arg_of<max_op>(name, x, a); } };
struct argmin_call { static constexpr auto name = "argmin"; static constexpr value over(value x, const list& a) { return arg_of<min_op>(name, x, a); } };

template <class F>
constexpr value reduce_by(value x, const reduction_options& o) {
    if (x.zero()) return x;
    const list a = axes_of(F::name, x, o);
    if (x.b->found) return x;
    const value y = F::over(x, a);
    return o.keep && !x.b->found ? with_ones(y, x, a) : y;
}
template <class F, auto... Options>
struct reduction_call {
    static constexpr value apply(operand x) { return reduce_by<F>(x.v, options_of<Options...>()); }
};

}  // namespace kiln

#define KILN_REDUCTION(name)                                                                                   \
    template <auto... Options>                                                                                 \
    constexpr ::kiln::value name(::kiln::operand x) {                                                          \
        return ::kiln::reduction_call<name##_call, Options...>::apply(x);                                      \
    }                                                                                                          \
    template <auto... Options, ::kiln::expression X>                                                           \
    constexpr auto name(X x) {                                                                                 \
        return X::template lift<::kiln::reduction_call<name##_call, Options...>>(x);                           \
    }                                                                                                          \
    constexpr ::kiln::value name(::kiln::operand x, ::kiln::axis_list a) {                                     \
        return ::kiln::reduce_by<name##_call>(x.v, {a, false, false});                                         \
    }                                                                                                          \
    constexpr ::kiln::value name(::kiln::operand x, ::kiln::axis_list a, ::kiln::keepdims_tag) {               \
        return ::kiln::reduce_by<name##_call>(x.v, {a, false, true});                                          \
    }                                                                                                          \
    constexpr ::kiln::value name(::kiln::operand x, ::kiln::keepdims_tag) {                                    \
        return ::kiln::reduce_by<name##_call>(x.v, {{}, true, true});                                          \
    }

namespace kiln {

KILN_REDUCTION(sum)
KILN_REDUCTION(prod)
KILN_REDUCTION(max)
KILN_REDUCTION(min)
KILN_REDUCTION(any)
KILN_REDUCTION(all)
/// mean(x, axes) = sum / count; NaN of nothing. Floating dtypes.
KILN_REDUCTION(mean)
/// variance(x, axes) = mean((x - mean)^2), two passes (numpy.var, tf.nn.moments). Floating dtypes.
KILN_REDUCTION(variance)
/// norm(x, axes) = sqrt(sum(x^2)) (numpy.linalg.norm of vectors). Floating dtypes. Slope x / norm, NaN at 0.
KILN_REDUCTION(norm)
/// logsumexp(x, axes) = log(sum(exp(x))), the maximum taken out first: finite for +-1e4, -inf where all are -inf.
KILN_REDUCTION(logsumexp)
/// argmax(x, axes): the first position of the maximum, int64; over several axes the row-major position among them.
KILN_REDUCTION(argmax)
KILN_REDUCTION(argmin)

}  // namespace kiln
