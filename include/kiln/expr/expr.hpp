// expr<lo, hi>: an expression is a type, named by the digest of its graph. The graph is found through a friend function
// that is defined where the expression is made; this header is the one place that knows.
#pragma once
#include <kiln/expr/error.hpp>
#include <kiln/graph/made.hpp>

namespace kiln {

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
template <u64 Lo, u64 Hi>
struct slot {
    friend constexpr auto graph_of(slot);
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
template <u64 Lo, u64 Hi, auto G>
struct define {
    friend constexpr auto graph_of(slot<Lo, Hi>) { return G; }
};

template <class F, class... E>
struct traced;
template <class P, class T>
struct binding;
template <class T>
constexpr auto bound_to(T&& v);   // run/binding.hpp: what a binding keeps of a value

/// Several results of one graph: what `outputs`, `grad` of several symbols and traces of several values give.
template <u64 Lo, u64 Hi>
struct exprs {
    static constexpr auto graph = graph_of(slot<Lo, Hi>{});
    static constexpr int size = graph.view().n_roots();
};

/// A symbolic expression. Holds nothing; everything is in its type.
template <u64 Lo, u64 Hi>
struct expr {
    using expression_tag = void;
    static constexpr auto graph = graph_of(slot<Lo, Hi>{});

    constexpr expr() = default;
    constexpr expr(const expr&) = default;

    /// x = value: feeds a call (`eval(e, x = 2.0)`, `f(x = batch)`) or, with another expression, a substitution.
    template <class T>
    constexpr auto operator=(T&& v) const {
        return binding<expr, decltype(bound_to(static_cast<T&&>(v)))>{bound_to(static_cast<T&&>(v))};
    }

    static constexpr int rank() {
        constexpr graph_view g = graph.view();
        return g.length(g.nodes[g.root(0)].shape);
    }
    static constexpr dtype element() {
        constexpr graph_view g = graph.view();
        return g.nodes[g.root(0)].type;
    }

    template <class F, class... X>
    static constexpr auto lift(X... x);

    /// if (x > y) on symbols: no silent bool.
    template <class D = expr>
    explicit constexpr operator bool() const {
        static_assert(compile_error<said<D, exact("a symbol is no bool:")>, said<D, exact("use where(x > y, a, b)")>>::never);
        return true;
    }
};

template <class E>
struct is_exprs : std::false_type {};
template <u64 Lo, u64 Hi>
struct is_exprs<exprs<Lo, Hi>> : std::true_type {};
template <class E>
concept expressions = is_exprs<E>::value;
template <class E>
struct is_expr : std::false_type {};
template <u64 Lo, u64 Hi>
struct is_expr<expr<Lo, Hi>> : std::true_type {};
template <class E>
concept single_expression = is_expr<E>::value;

/// The type of a canonical graph: `expr`, or `exprs` where Several.
template <auto G, bool Several>
struct known {
    static constexpr digest d = digest_of(G);   // as a default argument this crashes g++ 12
    using type = std::enable_if_t<sizeof(define<d.lo, d.hi, G>) != 0,
                                  std::conditional_t<Several, exprs<d.lo, d.hi>, expr<d.lo, d.hi>>>;
};

}  // namespace kiln
