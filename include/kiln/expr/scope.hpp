// Names and scopes of expressions: named<"sum">(a + b), scope<"addition">(f, a, b).
#pragma once
#include <kiln/core/symbol_name.hpp>
#include <kiln/expr/trace.hpp>

namespace kiln {

template <text Name>
struct named_call {
    static constexpr value apply(operand x) {
        if (!is_valid_name(Name.s)) x.v.b->fail("named", "no valid name", builder::text(Name.s), builder::text("letters, digits, _ . / -"));
        return named(x.v, Name.s);
    }
};
/// named<"total">(e): e, whose node has that name from now on wherever the graph is shown (TensorFlow's `name=`, Theano's `.name`);
/// where the name is taken, it becomes `total_1`. The same value; no kernel changes.
template <text Name>
constexpr value named(value x) { return named_call<Name>::apply(operand(x)); }
template <text Name, expression X>
constexpr auto named(X x) {
    if constexpr (any_failed<X>) return failed{};
    else return X::template lift<named_call<Name>>(x);
}

template <text Name, class F>
struct scoped_call {
    template <class... V>
    constexpr auto operator()(value first, V... rest) const {
        const bool allowed = Name.s[0] == 0 || is_valid_name(Name.s);
        if (!allowed) first.b->fail("scope", "no valid name", builder::text(Name.s), builder::text("letters, digits, _ . / -"));
        const name_scope opened(first, Name.s);
        return F{}(first, rest...);
    }
};
/// scope<"addition">(f, e...): f(e...), traced, and what it makes belongs to the scope `addition` (tf.name_scope). Scopes nest; a
/// name that is opened again gives `addition_1`; "addition/" opens the same scope again, "" is the root. Works on expressions
/// and, inside a trace, on values.
template <text Name, class F, class... V>
    requires(sizeof...(V) > 0 && (std::is_same_v<V, value> && ...))
constexpr auto scope(F, V... v) { return scoped_call<Name, F>{}(v...); }
template <text Name, class F, expression... E>
    requires(sizeof...(E) > 0)
constexpr auto scope(F, E...) {
    if constexpr (any_failed<E...>) return failed{};
    else if constexpr (!std::is_empty_v<F>) {
        static_assert(compile_error<said<F, exact("scope: the function captures:")>, said<F, exact("use constexpr or static constexpr")>,
                                    said<F, exact("data")>>::never);
        return failed{};
    } else {
        using T = traced<scoped_call<Name, F>, E...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>, word_of<T, 3>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}

}  // namespace kiln
