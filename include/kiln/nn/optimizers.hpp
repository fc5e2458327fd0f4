// Optimizers: they take a loss, find its variables, and give the updates: updates(nn::sgd(loss, 0.1_c)). One reverse sweep
// for all variables.
#pragma once
#include <kiln/nn/layers.hpp>

namespace kiln {

/// The variables that a value depends on, in the order of their first use.
constexpr int variables_of(value y, value* out) {
    builder& b = *y.b;
    char need[builder::capacity]{};
    need[y.id] = 1;
    for (int i = y.id; i >= 0; --i) {
        if (!need[i] || b.nodes[i].op->leaf()) continue;
        for (int k = 0; k < b.nodes[i].n_in; ++k) need[b.operand(b.nodes[i], k)] = 1;
    }
    int n = 0;
    for (int i = 0; i <= y.id; ++i)
        if (need[i] && b.nodes[i].op == &variable_op) out[n++] = {&b, i};
    return n;
}

namespace nn {

/// Floating variables of the loss with their gradients.
struct parameters_of {
    value variable[value_list::capacity / 2], gradient[value_list::capacity / 2];
    int n = 0;

    constexpr parameters_of(const char* op, value loss) {
        value all[value_list::capacity / 2];
        const int m = variables_of(loss, all);
        for (int k = 0; k < m; ++k)
            if (is_floating(all[k].element())) variable[n++] = all[k];
        if (n == 0) {
            loss.b->fail(op, "the loss has no variables", loss.b->shape_text(loss.n().shape), builder::text("nothing to train"));
            return;
        }
        if (is_scalar_cost(op, loss)) gradients_of(op, &loss, nullptr, 1, variable, n, gradient);
    }
};

/// A slot variable of an optimizer: the name of its variable behind the optimizer's, zeros at first.
constexpr value slot(const char* optimizer, value variable, const char* name) {
    builder& b = *variable.b;
    char text[128]{};
    int n = 0;
    auto put = [&](const char* s) {
        while (*s && n < 127) text[n++] = *s++;
    };
    put(optimizer);
    put("/");
    put(b.text_of(b.at(variable.n().attrs, 0)));
    put("/");
    put(name);
    return variable_of(b, text, type_of(variable), zeros_like(variable));
}

/// What an optimizer makes for a variable is in its own scope: sgd/hidden/kernel.
class update_scope : path_guard {
public:
    constexpr update_scope(const char* optimizer, value variable)
        : path_guard(*variable.b, extended(*variable.b, extended(*variable.b, 0, variable.b->name(optimizer), reopened),
                                           variable.b->at(variable.n().attrs, 0), reopened)) {}
};

constexpr value as_operand_like(operand x, value like) { return x.number ? full_of(*like.b, {0, like.element()}, x) : x.v; }

/// sgd: w - rate * g.
struct sgd_rule {
    static constexpr value_list apply(value loss, operand rate) {
        const parameters_of p("sgd", loss);
        value_list r;
        for (int k = 0; k < p.n && !loss.b->found; ++k) {
            const update_scope scope("sgd", p.variable[k]);
            r.put(p.variable[k] - as_operand_like(rate, p.variable[k]) * p.gradient[k]);
        }
        for (int k = 0; k < p.n; ++k) r.put(p.variable[k]);
        return r;
    }
};
/// momentum (Lasagne): v = m v - rate g; w + v.
struct momentum_rule {
    static constexpr value_list apply(value loss, operand rate, operand m) {
        const parameters_of p("momentum", loss);
        value_list r, variables;
        for (int k = 0; k < p.n && !loss.b->found; ++k) {
            const update_scope scope("momentum", p.variable[k]);
            const value w = p.variable[k], v = slot("momentum", w, "velocity");
            const value next = as_operand_like(m, w) * v - as_operand_like(rate, w) * p.gradient[k];
            r.put(next);
            r.put(w + next);
            variables.put(v);
            variables.put(w);
        }
        for (int k = 0; k < variables.n; ++k) r.put(variables.at[k]);
        return r;
    }
};
/// Nesterov momentum (Lasagne): v = m v - rate g; w + m v - rate g.
struct nesterov_rule {
    static constexpr value_list apply(value loss, operand rate, operand m) {
        const parameters_of p("nesterov_momentum", loss);
        value_list r, variables;
        for (int k = 0; k < p.n && !loss.b->found; ++k) {
            const update_scope scope("nesterov", p.variable[k]);
            const value w = p.variable[k], v = slot("nesterov", w, "velocity"), step = as_operand_like(rate, w) * p.gradient[k];
            const value next = as_operand_like(m, w) * v - step;
            r.put(next);
            r.put(w + as_operand_like(m, w) * next - step);
            variables.put(v);
            variables.put(w);
        }
        for (int k = 0; k < variables.n; ++k) r.put(variables.at[k]);
        return r;
    }
};
/// adam (Kingma and Ba 2015, as Lasagne has it): the step is counted in "adam/step".
struct adam_rule {
    static constexpr value_list apply(value loss, operand rate, operand b1, operand b2, operand eps) {
        const parameters_of p("adam", loss);
        builder& b = *loss.b;
        value_list r, variables;
        if (p.n == 0 || b.found) return r;
        const value t = variable_of(b, "adam/step", {0, p.variable[0].element()}, full_initializer<0>{});
        const value next_t = [&] { const name_scope scope(loss, "adam/"); return t + 1; }();
        r.put(next_t);
        variables.put(t);
        for (int k = 0; k < p.n; ++k) {
            const update_scope scope("adam", p.variable[k]);
            const value w = p.variable[k], g = p.gradient[k], m = slot("adam", w, "m"), v = slot("adam", w, "v");
            const value beta1 = as_operand_like(b1, w), beta2 = as_operand_like(b2, w);
            const value a = as_operand_like(rate, w) * sqrt(1 - pow(beta2, next_t)) / (1 - pow(beta1, next_t));
            const value next_m = beta1 * m + (1 - beta1) * g, next_v = beta2 * v + (1 - beta2) * square(g);
            r.put(next_m);
            r.put(next_v);
            r.put(w - a * next_m / (sqrt(next_v) + as_operand_like(eps, w)));
            variables.put(m);
            variables.put(v);
            variables.put(w);
        }
        for (int k = 0; k < variables.n; ++k) r.put(variables.at[k]);
        return r;
    }
};

template <class Rule>
struct rule_call {
    template <class... V>
    constexpr auto operator()(value loss, V... v) const { return Rule::apply(loss, operand(v)...); }
};
template <class Rule, class Loss, class... S>
constexpr auto optimized(Loss, S...) {
    if constexpr (any_failed<Loss, S...>) return failed{};
    else if constexpr ((bare_number<S> || ...)) {
        static_assert(compile_error<number_words<0, Rule>, number_words<1, Rule>, number_words<2, Rule>>::never);
        return failed{};
    } else {
        using T = traced<rule_call<Rule>, Loss, S...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return assignments<expression_of<T>>{};
    }
}

template <expression Loss, class Rate>
constexpr auto sgd(Loss loss, Rate rate) { return optimized<sgd_rule>(loss, rate); }
template <expression Loss, class Rate, class M = decltype(0.9_c)>
constexpr auto momentum(Loss loss, Rate rate, M m = {}) { return optimized<momentum_rule>(loss, rate, m); }
template <expression Loss, class Rate, class M = decltype(0.9_c)>
constexpr auto nesterov_momentum(Loss loss, Rate rate, M m = {}) { return optimized<nesterov_rule>(loss, rate, m); }
template <expression Loss, class Rate = decltype(0.001_c), class B1 = decltype(0.9_c), class B2 = decltype(0.999_c),
          class Eps = decltype(1e-8_c)>
constexpr auto adam(Loss loss, Rate rate = {}, B1 b1 = {}, B2 b2 = {}, Eps eps = {}) {
    return optimized<adam_rule>(loss, rate, b1, b2, eps);
}

}  // namespace nn

struct variables_call {
    constexpr value_list operator()(value y) const {
        value_list r;
        value all[value_list::capacity];
        const int n = variables_of(y, all);
        for (int k = 0; k < n; ++k) r.put(all[k]);
        return r;
    }
};
/// variables(loss): the variables that it depends on.
template <expression Y>
constexpr auto variables(Y) {
    if constexpr (any_failed<Y>) return failed{};
    else return expression_of<traced<variables_call, Y>>{};
}

}  // namespace kiln
