// function(inputs(...), outputs(...), updates(...), givens(...)): the parts joined into a program, and what is wrong with them.
#pragma once
#include <kiln/run/basic_function.hpp>

namespace kiln {

template <class O>
struct as_outputs { using type = outputs_list<O>; };
template <class... E>
struct as_outputs<outputs_list<E...>> { using type = outputs_list<E...>; };

template <class T>
struct list_kind { static constexpr int outputs = 1, updates = 0, givens = 0; };
template <class... U>
struct list_kind<updates_list<U...>> { static constexpr int outputs = 0, updates = 1, givens = 0; };
template <class... G>
struct list_kind<givens_list<G...>> { static constexpr int outputs = 0, updates = 0, givens = 1; };

template <class Default, int What, class... T>
constexpr auto pick_list() {
    if constexpr (sizeof...(T) == 0) return std::type_identity<Default>{};
    else {
        return []<class First, class... Rest>(std::type_identity<First>, std::type_identity<Rest>...) {
            constexpr bool yes = What == 0 ? list_kind<First>::outputs : What == 1 ? list_kind<First>::updates : list_kind<First>::givens;
            if constexpr (yes) return std::type_identity<First>{};
            else return pick_list<Default, What, Rest...>();
        }(std::type_identity<T>{}...);
    }
}
template <class T>
constexpr bool list_failed = std::is_same_v<T, failed>;
template <class... T>
constexpr bool list_failed<outputs_list<T...>> = any_failed<T...>;
template <class... T>
constexpr bool list_failed<updates_list<T...>> = any_failed<T...>;
template <class... T>
constexpr bool list_failed<inputs_list<T...>> = any_failed<T...>;

template <class P, class... I>
constexpr basic_function<P> function_of(inputs_list<I...>) { return {}; }
template <class P, class L, class... D>
constexpr auto function_of(inputs_with_defaults<L, D...>&& in) { return basic_function<P, D...>(std::move(in.values)); }
/// What `inputs` gives.
template <class I>
struct inputs_part {};
template <class... X>
struct inputs_part<inputs_list<X...>> { using list = inputs_list<X...>; };
template <class L, class... D>
struct inputs_part<inputs_with_defaults<L, D...>> { using list = L; };
template <>
struct inputs_part<failed> { using list = failed; };

/// What a function that was refused gives: calls of it are silent.
struct failed_function : random_state {
    template <class... A>
    failed operator()(A&&...) const { return {}; }
    template <class... V>
    failed_function into(V&&...) const { return {}; }
    template <class R, class... A>
    R as(A&&...) const { return refused<R>(); }
};
template <>
struct program_of_argument<failed_function> {
    using type = failed;
};

/// function(inputs(x, ...), outputs(e, ...) or one expression, updates(assign(w, e), ...), givens(x = e, ...)); the parts
/// after the inputs in any order. An input is a placeholder, or an expression of which the caller gives the value; it may have a
/// default (`y = 2.0`). An unused or a missing input is a compile error.
template <class I, class... Parts>
    requires requires { typename inputs_part<I>::list; }
constexpr auto function(I in, Parts...) {
    if constexpr (list_failed<I> || (list_failed<Parts> || ...)) return failed_function{};
    else {
        using O = typename as_outputs<typename decltype(pick_list<outputs_list<>, 0, Parts...>())::type>::type;
        using U = typename decltype(pick_list<updates_list<>, 1, Parts...>())::type;
        using G = typename decltype(pick_list<givens_list<>, 2, Parts...>())::type;
        using P = program<O, U, typename inputs_part<I>::list, G>;
        if constexpr (P::wrong) {
            static_assert(compile_error<word_of<P, 0>, word_of<P, 1>, word_of<P, 2>>::never);
            return failed_function{};
        } else return function_of<P>(std::move(in));
    }
}

template <class V>
template <class E, class... P, class... T>
auto basic_session<V>::run(E, const binding<P, T>&... bindings) {
    if constexpr (any_failed<E, P...>) return failed{};
    else {
        using O = typename as_outputs<E>::type;
        using Program = program<O, updates_list<>, inputs_list<P...>, givens_list<>, true>;
        if constexpr (Program::wrong) {
            static_assert(compile_error<word_of<Program, 0>, word_of<Program, 1>, word_of<Program, 2>>::never);
            return failed{};
        } else return basic_function<Program>::once(*this, bindings...);
    }
}

/// plan_of(f): how many kernels, buffers, copies, flops and bytes a call is; constants.
template <class P, class... D>
consteval plan_summary plan_of(const basic_function<P, D...>&) { return summary_of<typename basic_function<P, D...>::L>(); }

/// explain(f): the plan as text: groups, their nodes, what they read and write, flops and bytes.
template <class P, class... D>
constexpr const char* explain(const basic_function<P, D...>&) { return plan_text<typename basic_function<P, D...>::L>::value.s; }

}  // namespace kiln
