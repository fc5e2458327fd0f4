// function(inputs(...), outputs(...), updates(...), givens(...)): a program that is planned by the compiler and called by
// position or by name.
#pragma once
#include <kiln/run/signature_table.hpp>

#include <tuple>

namespace kiln {

inline constexpr int max_names = 16;

template <class P>
class basic_function {
public:
    using program_type = P;
    using E = expression_of<P>;
    static constexpr signature sig = P::sig;
    static constexpr plan_target target{cpu::vector_bytes<cpu::default_arch>, 64, true};
    using L = lowered<E, sig, target>;
    using in = input_table<L, sig.inputs>;

    basic_function() = default;
    basic_function(const basic_function&) {}   // a copy has its own workspace
    basic_function(basic_function&&) = default;
    basic_function& operator=(const basic_function&) { return *this; }
    basic_function& operator=(basic_function&&) = default;

    /// f(arguments...), f(x = a, y = b), f(session, ...).
    template <class... A>
    auto operator()(A&&... a) {
        using C = call_check<in, A...>;
        if constexpr (C::silent) return failed{};
        else if constexpr (C::wrong) {
            static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            return failed{};
        } else return call_with(no_outputs{}, static_cast<A&&>(a)...);
    }

    /// f.into(views...)(arguments...): results go to the caller's memory; nothing is allocated.
    template <class... V>
    auto into(V&&... v) {
        static_assert(sizeof...(V) == sig.outputs, "kiln: into() wants one view or scalar for each output");
        return caller<decltype(target_of(v))...>{this, {target_of(v)...}};
    }

    /// Large kernels run on n threads from now on; results are bitwise the same for any number.
    void threads(int n) {
        work.threads(n);
        resolved = false;   // the arena has scratch for each of them
    }

    /// Bytes of the arena after the last call.
    i64 arena_bytes() const { return work.bytes(); }

    /// The names of extents that a call binds.
    static constexpr auto extent_names = texts_of<L::result.n_names>([](int k) { return L::graph.chars + L::result.name[k]; });

private:
    struct no_outputs {};
    template <class V>
    static auto target_of(V& v) {
        if constexpr (bare_number<std::remove_cvref_t<V>>) return &v;
        else return as_view(v);
    }
    template <class... V>
    struct caller {
        basic_function* f;
        std::tuple<V...> views;
        template <class... A>
        void operator()(A&&... a) {
            using C = call_check<in, A...>;
            if constexpr (C::wrong) static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            else if constexpr (!C::silent) f->call_with(views, static_cast<A&&>(a)...);
        }
    };

    template <class Out, class First, class... A>
        requires session_like<std::remove_cvref_t<First>>
    auto call_with(const Out& out, First& s, A&&... a) { return run_call(out, &s, static_cast<A&&>(a)...); }
    template <class Out, class... A>
    auto call_with(const Out& out, A&&... a) {
        return run_call(out, static_cast<basic_session<expression_of<variable_union<E>>>*>(nullptr), static_cast<A&&>(a)...);
    }

    struct arguments {
        char* data[sig.inputs + 1];
        alignas(8) char scalar[sig.inputs + 1][8];
        i64 extents[in::first_extent(sig.inputs) + 1];   // of all inputs, in a row
        i64 names[max_names];
        bool known[max_names]{};
    };

    template <int K, class T>
    static void bind_scalar(arguments& a, T v) {
        using X = ctype_of<in::type(K)>;
        const X x = narrowed<X>(v, in::name(K));
        __builtin_memcpy(a.scalar[K], &x, sizeof x);
        a.data[K] = a.scalar[K];
    }
    template <int K, class U, i64... X>
    static void bind_view(arguments& a, tensor_view<U, X...> v) {
        using T = ctype_of<in::type(K)>;
        constexpr int first = in::first_extent(K);   // a call at run time would carry the graph along
        i64* e = a.extents + first;
        for (int k = 0; k < v.rank(); ++k) e[k] = v.extent(k);
        a.data[K] = reinterpret_cast<char*>(const_cast<T*>(v.data()));
    }
    template <int K, class T>
    static void bind_one(arguments& a, T&& v) {
        using X = std::remove_cvref_t<T>;
        if constexpr (bare_number<X>) bind_scalar<K>(a, v);
        else bind_view<K>(a, as_view(v));
    }
    template <int K, class T>
    static void bind_data(arguments& a, const scalar_argument<T>& v) { bind_scalar<K>(a, v.v); }
    template <int K, class U, i64... X>
    static void bind_data(arguments& a, const tensor_view<U, X...>& v) { bind_view<K>(a, v); }

    template <class B>
    static void bind_named(arguments& a, const B& b) { bind_data<in::template index<typename B::placeholder_type>()>(a, b.data); }

    template <class Out, class S, class... A>
    auto run_call(const Out& out, S* session, A&&... a) {
        arguments args;
        if constexpr (sizeof...(A) > 0 && (is_binding<std::remove_cvref_t<A>>::value && ...)) (bind_named(args, a), ...);
        else {
            [&]<int... K>(std::integer_sequence<int, K...>) { (bind_one<K>(args, a), ...); }(std::make_integer_sequence<int, sizeof...(A)>{});
        }
        if constexpr (in::first_extent(sig.inputs) > 0 || L::result.n_names > 0)
            settle_extents(in::shapes.at, sig.inputs, args.extents, args.names, args.known, L::result.n_names,
                           [](int k) -> const char* { return extent_names[k]; });
        return execute(out, session, args);
    }

    template <class Out, class S>
    auto execute(const Out& out, S* session, arguments& args) {
        static_assert(L::result.n_names <= max_names, "kiln: more than 16 named extents in one function");
        const cpu::tables& t = cpu::tables_of<L, cpu::default_arch>;
        bool same = resolved;
        for (int k = 0; k < L::result.n_names; ++k) same &= names[k] == args.names[k];
        if (!same) {
            for (int k = 0; k < L::result.n_names; ++k) names[k] = args.names[k];
            work.resolve(t, names);
            resolved = true;
        }
        char* leaves[L::result.n_leaves + 1];
        leaves[L::result.n_leaves] = nullptr;   // the only one where there are none
        for (int k = 0; k < sig.inputs; ++k) leaves[k] = args.data[k];
        variables_of(session, leaves, std::make_integer_sequence<int, L::result.n_leaves - sig.inputs>{});
        if constexpr (std::is_same_v<Out, no_outputs>) return owned(t, session, leaves, std::make_integer_sequence<int, sig.outputs>{});
        else return written(t, session, leaves, out, std::make_integer_sequence<int, sig.outputs>{});
    }

    template <class S, int... K>
    void variables_of([[maybe_unused]] S* session, [[maybe_unused]] char** leaves, std::integer_sequence<int, K...>) {
        (one_variable<sig.inputs + K>(session, leaves), ...);
    }
    template <int K>
    static constexpr bool is_seed = L::graph.nodes[L::result.leaf[K].node].op == &seed_op;
    template <int K, class S>
    void one_variable(S* session, char** leaves) {
        if constexpr (is_seed<K>) leaves[K] = reinterpret_cast<char*>(&seed_);
        else {
            constexpr int at = S::table::find(in::name(K));
            if (is_read<K>) session->require(at);
            leaves[K] = session->data(at);
        }
    }
    /// A variable that is only assigned need not have a value before.
    template <int K>
    static constexpr bool is_read = [] {
        for (int c = 0; c < L::result.n_calls; ++c) {
            const plan_call& call = L::result.call[c];
            const plan_kernel q = L::result.kernel[call.kernel];
            const key_view v{L::result.words + q.at, q.n};
            for (int k = 0; k < call.n_arguments; ++k) {
                const plan_argument a = L::result.argument[call.first_argument + k];
                if (a.where != space::leaf || a.index != K) continue;
                bool stores = false;
                for (int i = 0; i < v.n_nodes(); ++i) stores |= v.node(i).kind == step::store && v.node(i).slot == k;
                if (!stores) return true;
            }
        }
        return false;
    }();

    template <class S>
    void finish(S* session) { finish(session, std::make_integer_sequence<int, sig.updates>{}); }
    template <class S, int... K>
    void finish([[maybe_unused]] S* session, std::integer_sequence<int, K...>) { (session->mark(row_of_update<S, K>), ...); }
    template <class S, int K>
    static constexpr int row_of_update = [] {
        const graph_view g = L::graph.view();
        return S::table::find(g.text_of(g.at(g.nodes[g.root(sig.results() + K)].attrs, 0)));
    }();

    template <int K>
    static constexpr auto output_extents = [] {
        struct table { size_expr at[9]; } r{};
        for (int a = 0; a < output_type<L, K>::rank; ++a) r.at[a] = output_type<L, K>::size(a);
        return r;
    }();
    template <int K>
    i64 extent(int a) const {
        const size_expr& e = output_extents<K>.at[a];
        i64 r = e.number;
        for (int j = 0; j < e.n; ++j) r *= names[e.name[j]];
        return r;
    }
    template <class T>
    struct number {   // a result of rank 0 needs no memory of its own
        T v;
        T* data() { return &v; }
    };
    template <int K>
    auto make_output() const {
        using O = output_type<L, K>;
        if constexpr (O::rank == 0) return number<typename O::element>{};
        else {
            using T = typename O::tensor_type;
            typename T::shape_type::extents_type e{};
            for (int a = 0; a < O::rank; ++a) e[static_cast<std::size_t>(a)] = extent<K>(a);
            return T::uninitialized(typename T::shape_type(e));
        }
    }
    template <int K, class T>
    static auto unwrapped(T& t) {
        if constexpr (output_type<L, K>::rank == 0) return t.v;
        else return std::move(t);
    }
    template <class S, int... K>
    auto owned(const cpu::tables& t, S* session, char** leaves, std::integer_sequence<int, K...>) {
        std::tuple results{make_output<K>()...};
        char* outputs[sizeof...(K) + 1]{reinterpret_cast<char*>(std::get<K>(results).data())...};
        work.run(t, leaves, outputs);
        finish(session);
        if constexpr (sizeof...(K) == 1) return unwrapped<0>(std::get<0>(results));
        else if constexpr (sizeof...(K) > 1) return std::tuple{unwrapped<K>(std::get<K>(results))...};
    }
    template <int K, class V>
    char* checked_target(const V& v) const {
        using O = output_type<L, K>;
        using T = typename O::element;
        if constexpr (std::is_pointer_v<V>) {
            static_assert(O::rank == 0 && std::is_same_v<std::remove_pointer_t<V>, T>, "kiln: into() wants a scalar of the output's type");
            return reinterpret_cast<char*>(v);
        } else {
            static_assert(std::is_same_v<typename V::element_type, T>, "kiln: into() wants a view of the output's element type");
            static_assert(V::rank() == O::rank, "kiln: into() wants a view of the output's rank");
            for (int a = 0; a < O::rank; ++a)
                if (v.extent(a) != extent<K>(a)) {
                    i64 want[9]{}, got[9]{};
                    for (int b = 0; b < O::rank; ++b) { want[b] = extent<K>(b); got[b] = v.extent(b); }
                    std::string s = "kiln: into: output ";
                    s += std::to_string(K);
                    s += " has shape ";
                    s += text_of_shape(want, O::rank);
                    s += ", got a view of ";
                    s += text_of_shape(got, O::rank);
                    throw shape_error(s);
                }
            return reinterpret_cast<char*>(v.data());
        }
    }
    template <class S, class Out, int... K>
    void written(const cpu::tables& t, S* session, char** leaves, const Out& out, std::integer_sequence<int, K...>) {
        char* outputs[sizeof...(K) + 1]{checked_target<K>(std::get<K>(out))...};
        work.run(t, leaves, outputs);
        finish(session);
    }

    cpu::workspace work;
    i64 names[max_names]{};
    bool resolved = false;
    u64 seed_ = 0;
};

template <class P>
struct program_of_argument<basic_function<P>> {
    using type = expression_of<P>;
};

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

/// What a function that was refused gives: calls of it are silent.
struct failed_function {
    template <class... A>
    failed operator()(A&&...) const { return {}; }
    template <class... V>
    failed_function into(V&&...) const { return {}; }
};
template <>
struct program_of_argument<failed_function> {
    using type = failed;
};

/// function(inputs(x, ...), outputs(e, ...) or one expression, updates(assign(w, e), ...), givens(x = e, ...)); the parts
/// after the inputs in any order. An unused or a missing input is a compile error.
template <class... I, class... Parts>
constexpr auto function(inputs_list<I...>, Parts...) {
    if constexpr (any_failed<I...> || (list_failed<Parts> || ...)) return failed_function{};
    else {
        using O = typename as_outputs<typename decltype(pick_list<outputs_list<>, 0, Parts...>())::type>::type;
        using U = typename decltype(pick_list<updates_list<>, 1, Parts...>())::type;
        using G = typename decltype(pick_list<givens_list<>, 2, Parts...>())::type;
        using P = program<O, U, inputs_list<I...>, G>;
        if constexpr (P::wrong) {
            static_assert(compile_error<word_of<P, 0>, word_of<P, 1>, word_of<P, 2>>::never);
            return failed_function{};
        } else return basic_function<P>{};
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
        } else return basic_function<Program>{}(*this, bindings...);
    }
}

/// plan_of(f): how many kernels, buffers, copies, flops and bytes a call is; constants.
template <class P>
consteval plan_summary plan_of(const basic_function<P>&) { return summary_of<typename basic_function<P>::L>(); }

/// explain(f): the plan as text: groups, their nodes, what they read and write, flops and bytes.
template <class P>
constexpr const char* explain(const basic_function<P>&) { return plan_text<typename basic_function<P>::L>::value.s; }

}  // namespace kiln
