// trace(f, e...): runs an ordinary constexpr function on values and freezes what it returns into an expression.
#pragma once
#include <kiln/expr/expr.hpp>
#include <kiln/passes/reverse_mode.hpp>

#include <utility>

namespace kiln {

/// What a traced function returns for several results: values{a, b}.
template <int N>
struct values {
    value at[N];
};
template <class... V>
values(V...) -> values<static_cast<int>(sizeof...(V))>;

/// Results whose number follows from the graph.
struct value_list {
    static constexpr int capacity = 1024;
    value at[capacity];
    int n = 0;
    constexpr void put(value v) { at[n++] = v; }
};

template <class T>
struct result_count { static constexpr int n = 1; static constexpr bool several = false; };
template <>
struct result_count<value_list> { static constexpr int n = 0; static constexpr bool several = true; };
template <int N>
struct result_count<values<N>> { static constexpr int n = N; static constexpr bool several = true; };

/// Two symbols of one name must be one symbol.
constexpr void check_names(builder& b) {
    int first[builder::capacity]{};
    for (int i = 0; i < b.n; ++i) {
        const node& x = b.nodes[i];
        if (x.op != &placeholder_op && x.op != &variable_op) continue;
        const i64 name = b.at(x.attrs, 0) - name_tag;
        if (first[name] == 0) { first[name] = i + 1; continue; }
        const node& y = b.nodes[first[name] - 1];
        if (y == x) continue;
        const char* s = b.chars + name;
        if (y.op != x.op) b.fail("one name, two kinds of symbol", s, builder::text(y.op->name), builder::text(x.op->name));
        else if (y.shape != x.shape) b.fail("one name, two shapes", s, y.shape, x.shape);
        else if (y.type != x.type) b.fail("one name, two dtypes", s, builder::text(name_of(y.type)), builder::text(name_of(x.type)));
        else b.fail("one name, two initial values", s, y.shape, x.shape);
    }
}

/// The canonical graph of some values of a builder, findings kept.
constexpr built finished(builder& b, const value* roots, int n) {
    built r{};
    check_names(b);
    r.b.found = b.found;
    if (b.found) return r;
    int ids[max_roots];
    for (int k = 0; k < n; ++k) {
        if (roots[k].zero() || roots[k].b != &b) {
            r.b.fail("trace", "a result is no value", builder::text("structural zero"), builder::text("return a value"));
            return r;
        }
        ids[k] = roots[k].id;
    }
    r.roots = canonical(graph_view_of(b), ids, n, r.b);
    return r;
}

template <class E>
struct imported {   // an `expr` becomes one argument
    static constexpr value from(builder& b) {
        value r[1];
        import(b, E::graph.view(), r);
        return r[0];
    }
};

/// The evaluation behind every expression: F on the given expressions. `found` is the frozen graph, or the finding.
template <class F, class... E>
struct traced {
    using raw = decltype(F{}(std::declval<std::conditional_t<true, value, E>>()...));
    static constexpr bool several = result_count<raw>::several;

    static constexpr built run() {
        builder b{};
        const value in[sizeof...(E) + 1]{imported<E>::from(b)...};
        const raw r = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return F{}(in[I]...);
        }(std::index_sequence_for<E...>{});
        if constexpr (std::is_same_v<raw, value_list>) return finished(b, r.at, r.n);
        else if constexpr (several) return finished(b, r.at, result_count<raw>::n);
        else {
            const value one = r;
            return finished(b, &one, 1);
        }
    }
    static constexpr auto found = made_by<traced>();
    static constexpr bool wrong = a_finding<decltype(found)>;
};
template <class T>
using expression_of = typename known<T::found, T::several>::type;

template <class F>
struct applied {
    template <class... V>
    constexpr auto operator()(V... v) const { return F::apply(operand(v)...); }
};

template <u64 Lo, u64 Hi>
template <class F, class... X>
constexpr auto expr<Lo, Hi>::lift(X...) {
    if constexpr (any_failed<X...>) return failed{};
    else if constexpr ((bare_number<X> || ...)) {
        static_assert(compile_error<number_words<0, F>, number_words<1, F>, number_words<2, F>>::never);
        return failed{};
    } else {
        using T = traced<applied<F>, X...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}

template <auto F>
struct object_call {
    template <class... V>
    constexpr auto operator()(V... v) const { return F(v...); }
};

/// trace(f, e...): f runs on values, once, in the compiler. It captures nothing (namespace-scope and static constexpr data,
/// local constexpr scalars and template parameters may be used).
template <class F, expression... E>
constexpr auto trace(F, E...) {
    if constexpr (any_failed<E...>) return failed{};
    else if constexpr (!std::is_empty_v<F>) {
        static_assert(compile_error<said<F, exact("trace: the function captures:")>, said<F, exact("use constexpr or static constexpr")>,
                   said<F, exact("data, or trace<function>(e...)")>>::never);
        return failed{};
    } else {
        using T = traced<F, E...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>, word_of<T, 3>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}
/// trace(upcast, f, e...): as trace, but operands of two dtypes are cast to the one that holds both (numpy's and Theano's
/// rule) instead of being refused.
struct upcast_tag {};
inline constexpr upcast_tag upcast{};
template <class F>
struct upcasting {
    template <class... V>
    constexpr auto operator()(value first, V... rest) const {
        first.b->upcasts = true;
        return F{}(first, rest...);
    }
};
template <class F, expression... E>
constexpr auto trace(upcast_tag, F, E... e) { return trace(upcasting<F>{}, e...); }

/// trace<f>(e...): f is a function or a structural object with settings.
template <auto F, expression... E>
constexpr auto trace(E...) {
    if constexpr (any_failed<E...>) return failed{};
    else {
        using T = traced<object_call<F>, E...>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>, word_of<T, 3>>::never);
            return failed{};
        } else return expression_of<T>{};
    }
}

}  // namespace kiln
