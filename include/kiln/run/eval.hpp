// eval(e, x = value, ...): the value of an expression; in constant evaluation by the reference interpreter.
#pragma once
#include <kiln/backend/constant/interpret.hpp>
#include <kiln/run/function.hpp>

namespace kiln {

namespace detail {

template <class T>
constexpr cell cell_of(T v) {
    if constexpr (std::is_floating_point_v<T>) return {static_cast<double>(v), 0};
    else return {0, static_cast<i64>(v)};
}
template <class T>
constexpr T from_cell(const cell& c) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(c.f);
    else return static_cast<T>(c.i);
}

/// The type and the shape of the first root of a graph.
template <class E>
struct root_of {
    static constexpr graph_view g = E::graph.view();
    static constexpr const node& n = E::graph.nodes[E::graph.view().root(0)];
    static constexpr int rank = g.length(n.shape);
    using element = ctype_of<n.type>;
    static constexpr bool fixed = [] {
        for (int a = 0; a < rank; ++a)
            if (is_product(g.at(n.shape, a))) return false;
        return true;
    }();
    static constexpr i64 extent(int a) { return is_product(g.at(n.shape, a)) ? dynamic : g.at(n.shape, a); }
    template <class I>
    struct of;
    template <int... A>
    struct of<std::integer_sequence<int, A...>> { using type = tensor<element, extent(A)...>; };
    using tensor_type = typename of<std::make_integer_sequence<int, rank>>::type;
};

/// The cells of one argument.
struct cells {
    cell* at = nullptr;
    constexpr cells() = default;
    constexpr cells(const cells&) = delete;
    constexpr ~cells() { delete[] at; }
    constexpr void take(i64 count) { at = new cell[static_cast<std::size_t>(count > 0 ? count : 1)]{}; }
};

/// Does the graph draw from a seed that only run time knows?
template <class E>
constexpr bool draws_without_seed = [] {
    const graph_view g = E::graph.view();
    for (int i = 0; i < g.n; ++i)
        if (random_leaf_of(g, g.nodes[i]) == 0) return true;
    return false;
}();
inline void a_random_node_without_a_seed_has_no_constant_value() {}   // its name is the message: it is no constant function
constexpr void refuse(bool without_seed) {
    if (without_seed) a_random_node_without_a_seed_has_no_constant_value();
}
/// Evaluates one expression on the bindings with the reference interpreter.
template <class P, class... B>
constexpr auto interpreted(const B&... bindings) {
    using E = expression_of<P>;
    using R = root_of<E>;
    constexpr int first_input = P::sig.results() + P::sig.updates;
    constexpr graph_view g = E::graph.view();
    using F = basic_function<P>;
    constexpr int n_names = F::L::result.n_names;
    i64 extents[F::in::first_extent(sizeof...(B)) + 1]{}, names[max_names]{};
    bool known[max_names]{};
    int k = 0;
    [[maybe_unused]] auto shape = [&](const auto& x) {
        if constexpr (!requires { x.data.v; })
            for (int a = 0; a < x.data.rank(); ++a) extents[F::in::first_extent(k) + a] = x.data.extent(a);
        ++k;
    };
    (shape(bindings), ...);
    settle_extents(F::in::shapes.at, sizeof...(B), extents, names, known, n_names, [](int i) { return F::extent_names[i]; });
    extent_bindings env{};
    for (int i = 0; i < n_names; ++i) env.bind(E::graph, F::extent_names[i], names[i]);
    builder* b = new builder{};
    value roots[max_roots];
    import(*b, g, roots, &env);
    cells in[sizeof...(B) + 1];
    k = 0;
    [[maybe_unused]] auto take = [&](const auto& x) {
        const value v = roots[first_input + k];
        if constexpr (requires { x.data.v; }) {
            in[k].take(1);
            const char* name = b->text_of(b->at(v.n().attrs, 0));
            switch (v.element()) {
            case dtype::boolean: in[k].at[0] = cell_of(narrowed<bool>(x.data.v, name)); break;
            case dtype::int8: in[k].at[0] = cell_of(narrowed<std::int8_t>(x.data.v, name)); break;
            case dtype::int16: in[k].at[0] = cell_of(narrowed<std::int16_t>(x.data.v, name)); break;
            case dtype::int32: in[k].at[0] = cell_of(narrowed<std::int32_t>(x.data.v, name)); break;
            case dtype::uint8: in[k].at[0] = cell_of(narrowed<std::uint8_t>(x.data.v, name)); break;
            case dtype::uint16: in[k].at[0] = cell_of(narrowed<std::uint16_t>(x.data.v, name)); break;
            case dtype::uint32: in[k].at[0] = cell_of(narrowed<std::uint32_t>(x.data.v, name)); break;
            case dtype::uint64: in[k].at[0] = cell_of(narrowed<std::uint64_t>(x.data.v, name)); break;
            case dtype::float32: in[k].at[0] = cell_of(narrowed<float>(x.data.v, name)); break;
            case dtype::float64: in[k].at[0] = cell_of(narrowed<double>(x.data.v, name)); break;
            default: in[k].at[0] = cell_of(narrowed<std::int64_t>(x.data.v, name));
            }
        } else {
            in[k].take(x.data.size());
            for (i64 i = 0; i < x.data.size(); ++i) in[k].at[i] = cell_of(x.data.data()[i]);
        }
        ++k;
    };
    (take(bindings), ...);
    const cell random[]{{}, {0, random_state::unseeded_with}, {0, 1}};   // as in the first call of a function
    auto leaf = [&](int i) -> const cell* {
        if (const int state = random_leaf_of(graph_view_of(*b), b->nodes[i]); state >= 0) return random + state;
        for (int j = 0; j < P::sig.inputs; ++j)
            if (roots[first_input + j].id == i) return in[j].at;
        return nullptr;
    };
    auto result = [&] {
        const interpretation run(*b, roots, 1, leaf);
        const cell* c = run[roots[0]];
        if constexpr (R::rank == 0) return from_cell<typename R::element>(c[0]);
        else {
            using T = typename R::tensor_type;
            typename T::shape_type::extents_type e{};
            for (int a = 0; a < R::rank; ++a) e[static_cast<std::size_t>(a)] = b->at(b->nodes[roots[0].id].shape, a);
            T t{typename T::shape_type(e)};
            for (i64 i = 0; i < t.size(); ++i) t.data()[i] = from_cell<typename R::element>(c[i]);
            return t;
        }
    }();
    delete b;
    return result;
}

}  // namespace detail

/// eval(e, a = 10, b = 32): the number, or a tensor. What can be a constant is one: static_assert(eval(a + b, ...) == 42). Random
/// nodes are drawn anew each time; one with a seed<7> draws what it does in the first call of a function, and can be a constant.
template <class E, class... P, class... T>
constexpr auto eval(E, const binding<P, T>&... bindings) {
    if constexpr (any_failed<E, P...>) return failed{};
    else {
        using Program = program<outputs_list<E>, updates_list<>, inputs_list<P...>, givens_list<>, true>;
        if constexpr (Program::wrong) {
            static_assert(compile_error<word_of<Program, 0>, word_of<Program, 1>, word_of<Program, 2>>::never);
            return failed{};
        } else {
            using C = call_check<typename basic_function<Program>::in, binding<P, T>...>;
            if constexpr (C::wrong) {
                static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
                return failed{};
            } else {
                if (std::is_constant_evaluated()) {
                    detail::refuse(detail::draws_without_seed<expression_of<Program>>);
                    return detail::interpreted<Program>(bindings...);
                }
                return basic_function<Program>::once(bindings...);
            }
        }
    }
}

}  // namespace kiln
