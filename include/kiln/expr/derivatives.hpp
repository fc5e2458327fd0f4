// Derivatives of expressions, and the same inside a trace: grad, gradients, value_and_grad, jvp, vjp, hvp.
#pragma once
#include <kiln/expr/program.hpp>

namespace kiln {

/// A symbol's name, else its shape.
constexpr word name_for_messages(value x) {
    const node& n = x.n();
    if (n.op == &placeholder_op || n.op == &variable_op) return builder::text(x.b->text_of(x.b->at(n.attrs, 0)));
    return x.b->shape_text(n.shape);
}

/// Does a path lead from x to some y on which a derivative exists, be it zero?
constexpr bool connected(const builder& b, value x, const value* y, int ny) {
    char on[builder::capacity]{};
    int lo = 0, hi = -1;
    mark(b, &x, 1, y, ny, lo, hi, on);
    for (int k = 0; k < ny; ++k)
        if (on[y[k].id]) return true;
    return false;
}
/// Reverse mode from several ys, seeded by ones or by given cotangents; a finding where an x is integer or not connected. What
/// is connected with a derivative that is zero by construction (x * 0) gets zeros.
constexpr void gradients_of(const char* op, const value* y, const value* ct, int ny, const value* x, int nx, value* dx) {
    builder& b = *y[0].b;
    for (int k = 0; k < ny; ++k)
        if (!is_floating(y[k].element())) {
            b.fail(op, "the cost is no floating number", builder::text(name_of(y[k].element())), builder::text("use cast<float>"));
            dx[0] = y[k];
            return;
        }
    for (int k = 0; k < nx; ++k)
        if (!is_floating(x[k].element())) {
            word w = name_for_messages(x[k]);
            w.put(": ").put(name_of(x[k].element()));
            b.fail(op, "with respect to an integer", w, builder::text("use cast<float>"));
            for (int j = 0; j < nx; ++j) dx[j] = x[j];
            return;
        }
    const name_scope scope(y[0], "gradients");
    value seed[64];
    for (int k = 0; k < ny; ++k) seed[k] = ct ? ct[k] : ones_like(y[k]);
    reverse(b, y, seed, ny, x, nx, dx);
    for (int k = 0; k < nx; ++k)
        if (dx[k].zero()) {
            if (!connected(b, x[k], y, ny))
                b.fail(op, "the cost does not depend on it", name_for_messages(x[k]), builder::text("use zeros, or leave it out"));
            dx[k] = zeros_like(x[k]);
        }
}
constexpr bool is_scalar_cost(const char* op, value y) {
    if (y.rank() == 0) return true;
    y.b->fail(op, "the cost is no scalar", y.b->shape_text(y.n().shape), builder::text("use sum or mean, or vjp"));
    return false;
}

struct grad_of {
    template <class... X>
    constexpr auto operator()(value y, X... x) const {
        const value xs[]{x...};
        constexpr int n = sizeof...(X);
        values<n> r{};
        if (is_scalar_cost("grad", y)) gradients_of("grad", &y, nullptr, 1, xs, n, r.at);
        else for (int k = 0; k < n; ++k) r.at[k] = xs[k];
        if constexpr (n == 1) return r.at[0];
        else return r;
    }
};
/// grad(y, x): the derivative of the scalar y with respect to x; grad(y, x1, x2, ...): of all, one reverse sweep.
template <class... X>
    requires(((sizeof...(X) > 0) && ... && std::is_same_v<X, value>))
constexpr auto grad(operand y, X... x) { return grad_of{}(y.v, x...); }
template <expression Y, expression... X>
constexpr auto grad(Y, X...) {
    if constexpr (any_failed<Y, X...>) return failed{};
    else {
        using T = traced<grad_of, Y, X...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}

struct value_and_grad_of {
    template <class... X>
    constexpr auto operator()(value y, X... x) const {
        const value xs[]{x...};
        constexpr int n = sizeof...(X);
        values<n + 1> r{{y}};
        if (is_scalar_cost("value_and_grad", y)) gradients_of("value_and_grad", &y, nullptr, 1, xs, n, r.at + 1);
        else for (int k = 0; k < n; ++k) r.at[k + 1] = xs[k];
        return r;
    }
};
/// value_and_grad(y, x...): y and its derivatives together.
template <expression Y, expression... X>
constexpr auto value_and_grad(Y, X...) {
    if constexpr (any_failed<Y, X...>) return failed{};
    else {
        using T = traced<value_and_grad_of, Y, X...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}
template <class... X>
    requires(((sizeof...(X) > 0) && ... && std::is_same_v<X, value>))
constexpr auto value_and_grad(operand y, X... x) { return value_and_grad_of{}(y.v, x...); }

template <int Ny, int Nx, bool Seeded>
struct gradients_call {
    template <class... V>
    constexpr auto operator()(V... v) const {   // ys, xs, seeds
        const value all[]{v...};
        values<Nx> r{};
        gradients_of("gradients", all, Seeded ? all + Ny + Nx : nullptr, Ny, all + Ny, Nx, r.at);
        if constexpr (Nx == 1) return r.at[0];
        else return r;
    }
};
/// ys(...), xs(...): the lists that `gradients` takes.
template <class... E> struct expression_list {};
template <class... E> constexpr expression_list<E...> ys(E...) { return {}; }
template <class... E> constexpr expression_list<E...> xs(E...) { return {}; }
template <class... E> constexpr expression_list<E...> seeds(E...) { return {}; }
/// gradients(ys(a, b), xs(x, y)) (tf.gradients): derivatives of the sum of all ys; gradients(ys, xs, seeds) with cotangents.
template <class... Y, class... X, class... S>
constexpr auto gradients(expression_list<Y...>, expression_list<X...>, expression_list<S...> = {}) {
    if constexpr (any_failed<Y..., X..., S...>) return failed{};
    else {
        static_assert(sizeof...(S) == 0 || sizeof...(S) == sizeof...(Y), "kiln: gradients wants one seed for each y");
        using T = traced<gradients_call<sizeof...(Y), sizeof...(X), (sizeof...(S) > 0)>, Y..., X..., S...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}

/// jvp(y, x, dx): the derivative of y along dx, forward mode.
struct jvp_call {
    static constexpr value apply(operand y, operand x, operand dx) {
        builder& b = *y.v.b;
        if (dx.number) dx.v = full_of(b, type_of(x.v), dx);
        if (!(type_of(dx.v) == type_of(x.v))) {
            b.fail("jvp", "the tangent is not like x", x.v.n().shape, dx.v.n().shape);
            return y.v;
        }
        const name_scope scope(y.v, "jvp");
        value r;
        forward(b, &x.v, &dx.v, 1, &y.v, 1, &r);
        return r.zero() ? zeros_like(y.v) : r;
    }
};
/// vjp(y, x, dy): the derivative of sum(y * dy) with respect to x, reverse mode.
struct vjp_call {
    static constexpr value apply(operand y, operand x, operand dy) {
        builder& b = *y.v.b;
        if (dy.number) dy.v = full_of(b, type_of(y.v), dy);
        if (!(type_of(dy.v) == type_of(y.v))) {
            b.fail("vjp", "the cotangent is not like y", y.v.n().shape, dy.v.n().shape);
            return y.v;
        }
        value r;
        gradients_of("vjp", &y.v, &dy.v, 1, &x.v, 1, &r);
        return r;
    }
};
/// hvp(y, x, v): the Hessian of the scalar y times v, forward over reverse.
struct hvp_call {
    static constexpr value apply(operand y, operand x, operand v) {
        if (!is_scalar_cost("hvp", y.v)) return y.v;
        value g;
        gradients_of("hvp", &y.v, nullptr, 1, &x.v, 1, &g);
        return jvp_call::apply(g, x, v);
    }
};
constexpr value jvp(operand y, operand x, operand dx) { return jvp_call::apply(y, x, dx); }
constexpr value vjp(operand y, operand x, operand dy) { return vjp_call::apply(y, x, dy); }
constexpr value hvp(operand y, operand x, operand v) { return hvp_call::apply(y, x, v); }
template <class A, class B, class C> requires liftable<A, B, C>
constexpr auto jvp(A y, B x, C dx) { return lifter<A, B, C>::template lift<jvp_call>(y, x, dx); }
template <class A, class B, class C> requires liftable<A, B, C>
constexpr auto vjp(A y, B x, C dy) { return lifter<A, B, C>::template lift<vjp_call>(y, x, dy); }
template <class A, class B, class C> requires liftable<A, B, C>
constexpr auto hvp(A y, B x, C v) { return lifter<A, B, C>::template lift<hvp_call>(y, x, v); }

}  // namespace kiln
