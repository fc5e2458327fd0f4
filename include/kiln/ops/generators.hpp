// Tensors out of nothing: counters, constants, run-time extents as numbers; symbols; and the initializers that give variables
// their first values.
#pragma once
#include <concepts>

#include <kiln/core/symbol_name.hpp>
#include <kiln/graph/scope.hpp>
#include <kiln/ops/views.hpp>

namespace kiln {

namespace arithmetic {
/// The constant c, an integer, in the number type of x.
template <class T>
constexpr number<T> like_integer(number<T>, i64 c) { return {static_cast<T>(c)}; }
}  // namespace arithmetic

/// iota: 0, 1, 2, ... of rank 1. Attributes: the extent, the dtype. Slope 0.
struct iota_op {
    static constexpr auto name = "iota";
    static constexpr pattern kind = pattern::generator;
    static constexpr bool flat = true;
    static constexpr type infer(site n) {
        const i64 e = n.attr(0);
        return {n.b->intern(&e, 1), static_cast<dtype>(n.attr(1))};
    }
    static constexpr void reference(site n, const cell* const*, cell* const* out) {
        const dtype t = n.n().type;
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i)
            if (is_floating(t)) out[0][i].f = arithmetic::round_to(t, static_cast<double>(i));
            else out[0][i].i = arithmetic::wrap(t, i);
    }
};
constexpr value iota_in(builder& b, i64 extent, dtype t) {
    return b.make(info<iota_op>, nullptr, 0, ints(extent, static_cast<int>(t)));
}

/// size: a product of run-time extents as a rank-0 number. Attributes: the product, the dtype. Slope 0.
struct size_op {
    static constexpr auto name = "size";
    static constexpr pattern kind = pattern::generator;
    static constexpr bool flat = true;
    static constexpr type infer(site n) { return {0, static_cast<dtype>(n.attr(1))}; }
    static constexpr void reference(site n, const cell* const*, cell* const* out) {
        const dtype t = n.n().type;
        if (is_floating(t)) out[0][0].f = arithmetic::round_to(t, static_cast<double>(n.attr(0)));
        else out[0][0].i = arithmetic::wrap(t, n.attr(0));
    }
};
/// A number or a product of named extents as a value of dtype t.
constexpr value size_value(builder& b, i64 n, dtype t) {
    if (!is_product(n)) return b.literal({0, t}, is_floating(t) ? bits_of(static_cast<double>(n)) : n);
    return b.make(info<size_op>, nullptr, 0, ints(n, static_cast<int>(t)));
}

// ---- initializers: objects whose `initial` makes a variable's first value from its type and its name
template <class F>
concept initializer = requires(builder& b, type t, i64 key) { { F::initial(b, t, key) } -> std::same_as<value>; };

/// zeros, ones, full<v>: initializers of variables, and expressions: zeros(shape<float, "batch", 3>). A number that the dtype
/// does not hold is refused.
template <auto V>
struct full_initializer {
    static constexpr value initial(builder& b, type t, i64) { return full_of(b, t, operand(V)); }
    template <class S>
        requires requires { S::template filled<full_initializer>(); }
    constexpr auto operator()(S) const { return S::template filled<full_initializer>(); }
};
inline constexpr full_initializer<0> zeros{};
inline constexpr full_initializer<1> ones{};
template <auto V>
inline constexpr full_initializer<V> full{};

template <auto V>
struct full_like_call {
    static constexpr value apply(operand x) { return full_of(*x.v.b, type_of(x.v), operand(V)); }
};
/// zeros_like(x), ones_like(x), full_like<v>(x): a constant of the dtype and shape of x, on which it does not depend.
template <expression X> constexpr auto zeros_like(X x) { return X::template lift<full_like_call<0>>(x); }
template <expression X> constexpr auto ones_like(X x) { return X::template lift<full_like_call<1>>(x); }
template <auto V, expression X> constexpr auto full_like(X x) { return X::template lift<full_like_call<V>>(x); }

// ---- leaves
/// A name that a user gives: one that breaks the rule is a finding.
constexpr void check_name(builder& b, const char* what, const char* name) {
    int n = 0;
    while (name[n]) ++n;
    if (!is_valid_name(name)) b.fail(what, "no valid name", builder::text(name), builder::text("letters, digits, _ . / -"));
    else if (n > longest_name) b.fail(what, "the name is too long", builder::text(name), builder::text("at most 200 characters"));
}
/// A symbol that the caller gives a value.
constexpr value placeholder_of(builder& b, const char* name, type t) { return b.leaf(placeholder_op, t, b.name(name)); }
/// A symbol whose value lives in a session; its operand is its initial value.
constexpr value variable_of(builder& b, const char* name, type t, value initial) {
    node x{&variable_op, 1, {initial.id, -1, -1}, t.shape, t.element, 0};
    const i64 a = b.name(name);
    x.attrs = b.intern(&a, 1);
    if (!(type_of(initial) == t))
        b.fail("variable", "the initial value has another type", b.shape_text(initial.n().shape), b.shape_text(t.shape));
    for (int k = 0; k < b.length(t.shape); ++k)
        if (is_product(b.at(t.shape, k))) b.fail("variable", "the shape must be static", b.shape_text(t.shape), builder::text(name));
    return {&b, b.add(x)};
}
/// A parameter made inside a trace, under a name that a user chose.
template <initializer F>
constexpr value variable_of(builder& b, const char* name, type t, F) {
    check_name(b, "variable", name);
    return variable_of(b, name, t, F::initial(b, t, b.name(name)));
}

/// one_hot(labels, depth): a last axis of that extent, 1 where its index is the label, else 0. Slope 0.
constexpr value one_hot_of(value labels, int depth, dtype t) {
    if (!is_integer(labels.element())) {
        labels.b->fail("one_hot", "the labels are no integers", builder::text(name_of(labels.element())), builder::text("an integer"));
        return labels;
    }
    list missing{}, target{};
    for (int k = 0; k < labels.rank(); ++k) { missing.put(k - labels.rank() - 1); target.put(labels.extent(k)); }
    const value at = expand(iota_in(*labels.b, depth, labels.element()), missing, target);
    return cast(expand(labels, ints(-1), ints(depth)) == at, t);
}
template <int Depth, dtype T>
struct one_hot_call {
    static constexpr value apply(operand x) { return one_hot_of(x.v, Depth, T); }
};
/// one_hot<10>(labels), one_hot<10, double>(labels).
template <int Depth, element T = float>
constexpr value one_hot(operand x) { return one_hot_call<Depth, dtype_of<T>>::apply(x); }
template <int Depth, element T = float, expression X>
constexpr auto one_hot(X x) { return X::template lift<one_hot_call<Depth, dtype_of<T>>>(x); }

}  // namespace kiln
