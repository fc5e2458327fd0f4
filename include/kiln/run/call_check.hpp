// What is wrong with a call, seen from the types of its arguments alone: the words of a compile error.
#pragma once
#include <kiln/run/session.hpp>

namespace kiln {

template <class X>
concept session_like = requires(X& s) { typename X::table; s.require(0); };
template <class X>
concept column_major = requires { typename X::PlainObject; X::IsRowMajor; requires !X::IsRowMajor && X::ColsAtCompileTime != 1; };

/// Writes the first finding. `In` is the function's table of leaves, its inputs before its variables; those from first_default
/// on may be absent.
template <class In>
struct call_checker {
    finding f;
    const char* where = "call";

    constexpr void fail(const char* what, const word& left, const word& right) {
        if (f) return;
        f.what.put(where).put(": ").put(what);
        f.left = left;
        f.right = right;
    }
    static constexpr word inputs() {
        word w{};
        w.put("inputs: ");
        for (int k = 0; k < In::n_inputs; ++k) w.put(k ? ", " : "").put(In::name(k));
        return w;
    }
    static constexpr word name_and(int k, const char* s) {
        word w{};
        return w.put(In::name(k)).put(": ").put(s);
    }
    static constexpr word counted(int n, const char* s) {
        word w{};
        return w.put(i64{n}).put(s);
    }

    template <int K, class A>
    constexpr void argument() {
        using X = std::remove_cvref_t<A>;
        if constexpr (bare_number<X>) {
            if (In::rank(K) != 0) fail("a number for a tensor", name_and(K, In::template shape_text<K>.s), builder::text("a number"));
        } else if constexpr (expression<X>) fail("an expression is no value", builder::text(In::name(K)), builder::text("use givens"));
        else if constexpr (column_major<X>)
            fail("the matrix is column-major", builder::text(In::name(K)), builder::text("store it as Eigen::RowMajor"));
        else if constexpr (!viewable<A>)
            fail("the argument is no tensor", name_and(K, In::template shape_text<K>.s), builder::text("a tensor, a view, a span"));
        else {
            using V = view_of<A>;
            using T = typename V::value_type;
            word w{};
            w.put("rank ").put(i64{V::rank()});
            if (!std::is_same_v<T, ctype_of<In::type(K)>>)
                fail("dtypes differ", name_and(K, name_of(In::type(K))), builder::text(name_of(dtype_of<T>)));
            else if (V::rank() != In::rank(K)) fail("ranks differ", name_and(K, In::template shape_text<K>.s), w);
        }
    }
    template <class T>
    struct bound { using type = T; };
    template <class T>
    struct bound<scalar_argument<T>> { using type = T; };
    template <class E>
    struct bound<substitution<E>> { using type = E; };
    template <class P, class T>
    constexpr void named(binding<P, T>*, bool* given) {
        constexpr int k = In::template index<P>();
        if constexpr (k < 0) fail("there is no such input", symbol_text<P>(), inputs());
        else {
            if (given[k]) fail("an input is given twice", builder::text(In::name(k)), inputs());
            given[k] = true;
            argument<k, typename bound<T>::type>();
        }
    }
    template <class... A>
    constexpr void arguments() {
        constexpr int n = sizeof...(A), n_named = (0 + ... + static_cast<int>(is_binding<std::remove_cvref_t<A>>::value));
        if constexpr (n_named > 0 && n_named < n) fail("some by name, some by position", counted(n_named, " by name"), inputs());
        else if constexpr (n_named > 0) {
            bool given[In::n_inputs + 1]{};
            (named(static_cast<std::remove_cvref_t<A>*>(nullptr), given), ...);
            for (int k = 0; k < In::first_default; ++k)
                if (!given[k]) fail("missing input", builder::text(In::name(k)), inputs());
        } else if constexpr (n < In::first_default || n > In::n_inputs) fail("one argument for each input", counted(n, " given"), inputs());
        else [&]<int... K>(std::integer_sequence<int, K...>) { (argument<K, A>(), ...); }(std::make_integer_sequence<int, n>{});
    }
    template <class S>
    constexpr void session() {
        for (int k = In::n_inputs; k < In::n_leaves; ++k)
            if (In::is_variable(k) && S::table::find(In::name(k)) < 0 && !f) f = no_variable<typename S::table>(builder::text(In::name(k)));
    }
    constexpr void no_session() {
        for (int k = In::n_inputs; k < In::n_leaves; ++k)
            if (In::is_variable(k)) fail("the function has variables", builder::text(In::name(k)), builder::text("use f(session, ...)"));
    }
    template <class... A>
    static constexpr finding of() {
        call_checker c{};
        if constexpr (sizeof...(A) == 0) {
            c.no_session();
            c.template arguments<>();
        } else [&]<class First, class... Rest>(std::type_identity<First>, std::type_identity<Rest>...) {
            using S = std::remove_cvref_t<First>;
            if constexpr (session_like<S>) {
                c.template session<S>();
                c.template arguments<Rest...>();
            } else {
                c.no_session();
                c.template arguments<First, Rest...>();
            }
        }(std::type_identity<A>{}...);
        return c.f;
    }
};
template <class In, class... A>
struct call_check {
    static constexpr bool silent = ((any_failed<std::remove_cvref_t<A>> || std::is_base_of_v<failed_session, std::remove_cvref_t<A>>) || ...);
    static constexpr finding found = [] {
        if constexpr (silent) return finding{};
        else return call_checker<In>::template of<A...>();
    }();
    static constexpr bool wrong = found.what.n != 0;
};

}  // namespace kiln
