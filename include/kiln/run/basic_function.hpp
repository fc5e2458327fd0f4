// What `function` gives: a program that is planned by the compiler and called by position or by name.
#pragma once
#include <kiln/backend/cpu/small.hpp>
#include <kiln/run/aggregate.hpp>
#include <kiln/run/arguments.hpp>
#include <kiln/run/defaults.hpp>
#include <kiln/run/random_state.hpp>
#include <kiln/run/results.hpp>

namespace kiln {

/// Are all arguments of a call of the form x = value?
template <class... A>
constexpr bool by_name = sizeof...(A) > 0 && (is_binding<std::remove_cvref_t<A>>::value && ...);

/// What runs a program: its graph G, without names of nodes, so that functions which differ in these alone are one piece of machine
/// code; Fed are inputs that are no placeholders, D the defaults of the last ones.
template <class G, signature Sig, class Fed, class... D>
class planned_function : public random_state {
public:
    using E = G;
    static constexpr signature sig = Sig;
    static constexpr plan_target target{cpu::vector_bytes<cpu::default_arch>, 64, true};
    using L = lowered<E, sig, target>;
    struct in : input_table<L, sig.inputs> {
        static constexpr int first_default = sig.inputs - static_cast<int>(sizeof...(D));
        /// The input that the expression X is; -1 where it is none.
        template <class X>
        static consteval int index() {
            constexpr int k = input_table<L, sig.inputs>::template index<X>();
            if constexpr (k >= 0) return k;
            else return Fed::template index<X>();
        }
    };

    planned_function() = default;
    explicit planned_function(std::tuple<D...>&& d) : defaults(std::move(d)) {}
    planned_function(const planned_function& f) : random_state(f), defaults(f.defaults) {}   // a copy has its own workspace
    planned_function(planned_function&&) = default;
    planned_function& operator=(const planned_function& f) {
        random_state::operator=(f);
        defaults = std::tuple<D...>(f.defaults);
        return *this;
    }
    planned_function& operator=(planned_function&&) = default;

    /// f(arguments...), f(x = a, y = b), f(session, ...).
    template <class... A>
    KILN_INLINE auto operator()(A&&... a) {
        using C = call_check<in, A...>;
        if constexpr (C::silent) return failed{};
        else if constexpr (C::wrong) {
            static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            return failed{};
        } else return call_with(no_outputs{}, static_cast<A&&>(a)...);
    }

    /// A call of a function that nobody keeps.
    template <class... A>
    static auto once(A&&... a) { return planned_function{}(static_cast<A&&>(a)...); }

    /// f.as<report>(arguments...): the outputs as members of a struct, in order: struct report { float loss; tensor<float, 10> p; }.
    template <class R, class... A>
    R as(A&&... a) {
        using C = call_check<in, A...>;
        using R_check = aggregate_check<R, L, sig.outputs>;
        if constexpr (C::silent) return refused<R>();
        else if constexpr (C::wrong) {
            static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            return refused<R>();
        } else if constexpr (R_check::wrong) {
            static_assert(compile_error<word_of<R_check, 0>, word_of<R_check, 1>, word_of<R_check, 2>>::never);
            return refused<R>();
        } else if constexpr (sig.outputs > 0) return as_aggregate<R>(call_with(no_outputs{}, static_cast<A&&>(a)...));
        else return call_with(no_outputs{}, static_cast<A&&>(a)...), R{};
    }

    /// f.into(views...)(arguments...): results go to the caller's memory; nothing is allocated.
    template <class... V>
    KILN_INLINE auto into(V&&... v) {
        static_assert(sizeof...(V) == sig.outputs, "kiln: into() wants one view or scalar for each output");
        return caller<decltype(target_of(v))...>{this, {target_of(v)...}};
    }

    /// Large kernels run on n threads from now on (1 to 1024; 0: on as many as there are cores); results are bitwise the same for
    /// any number. Where nothing is said the environment variable KILN_THREADS decides, else one thread. The threads belong to
    /// the process: while the kernel of another function has them, this one's runs in its own thread alone.
    void threads(int n) {
        if (n < 0 || n > cpu::most_threads) throw value_error((detail::message() << "threads: " << n << " is not a number of threads (0 to " << cpu::most_threads << ")").text());
        work.threads(n == 0 ? cpu::cores() : n);
        resolved = false;   // the arena has scratch for each of them
    }

    /// Bytes of the arena after the last call.
    i64 arena_bytes() const { return inlined<no_outputs> ? cpu::small_plan<L, cpu::default_arch>::arena.bytes : work.bytes(); }

    /// The names of extents that a call binds.
    static constexpr auto extent_names = texts_of<L::result.n_names>([](int k) { return L::graph.chars + L::result.name[k]; });

private:
    template <class F>
    friend class profile;

    // What becomes of the outputs of a call: they are its result, or go to the views of a tuple.
    struct no_outputs {
        static constexpr bool owned = true;
    };
    template <class Watch>
    struct watched_outputs {   // they are its result, and every kernel is run by `watch`
        static constexpr bool owned = true;
        Watch& watch;
    };
    template <class V>
    static auto target_of(V& v) {
        if constexpr (bare_number<std::remove_cvref_t<V>>) return &v;
        else return as_view(v);
    }
    template <class... V>
    struct caller {
        planned_function* f;
        std::tuple<V...> views;
        template <class... A>
        KILN_INLINE void operator()(A&&... a) {
            using C = call_check<in, A...>;
            if constexpr (C::wrong) static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            else if constexpr (!C::silent) f->call_with(views, static_cast<A&&>(a)...);
        }
    };

    /// Are the kernels a part of the call?
    template <class Out>
    static constexpr bool inlined = cpu::small_plan<L, cpu::default_arch>::fits && !requires(const Out& out) { out.watch; };
    /// A call so short that to pass its arguments in memory would take a share of its time: it is written out where it is made.
    template <class Out>
    static constexpr bool brief = inlined<Out> ? cpu::small_plan<L, cpu::default_arch>::in_place : L::result.n_calls == 1 && L::result.call[0].guard == 0;
    template <class Out, class First, class... A>
        requires session_like<std::remove_cvref_t<First>>
    KILN_INLINE auto call_with(const Out& out, First& s, A&&... a) { return call_on(out, table_of(s), static_cast<A&&>(a)...); }
    template <class Out, class... A>
    KILN_INLINE auto call_with(const Out& out, A&&... a) {
        return call_on(out, static_cast<basic_session<expression_of<variable_union<E>>>*>(nullptr), static_cast<A&&>(a)...);
    }
    template <class Out, class S, class... A>
    KILN_INLINE auto call_on(const Out& out, S* session, A&&... a) {
        if constexpr (brief<Out>) return run_call(out, session, static_cast<A&&>(a)...);
        else return call_apart(out, session, static_cast<A&&>(a)...);
    }
    template <class Out, class S, class... A>
    auto call_apart(const Out& out, S* session, A&&... a) { return run_call(out, session, static_cast<A&&>(a)...); }

    /// The session as what its variables make it, whatever it was made of.
    template <class V>
    static basic_session<V>* table_of(basic_session<V>& s) { return &s; }

    using arguments = call_arguments<in>;

    /// Is input K among the arguments A of a call?
    template <int K, class... A>
    static consteval bool is_given() {
        if constexpr (by_name<A...>) return ((in::template index<typename std::remove_cvref_t<A>::placeholder_type>() == K) || ...);
        else return K < static_cast<int>(sizeof...(A));
    }
    template <int K, class... A>
    KILN_INLINE void take_default([[maybe_unused]] arguments& args, [[maybe_unused]] char** leaves) const {
        if constexpr (!is_given<K, A...>()) leaves[K] = args.template take<K>(std::get<K - in::first_default>(defaults).v);
    }

    template <class Out, class S, class... A>
    KILN_INLINE auto run_call(const Out& out, S* session, A&&... a) {
        typename arguments::numbers of_call;
        arguments args(of_call);
        char* leaves[L::result.n_leaves + 1];   // apart from what is checked, so that they may stay in registers
        if constexpr (by_name<A...>) ((leaves[in::template index<typename std::remove_cvref_t<A>::placeholder_type>()] = args.take_named(a)), ...);
        else [&]<int... K>(std::integer_sequence<int, K...>) KILN_INLINE_LAMBDA { ((leaves[K] = args.template take<K>(a)), ...); }(std::make_integer_sequence<int, sizeof...(A)>{});
        [&]<int... K>(std::integer_sequence<int, K...>) KILN_INLINE_LAMBDA { (take_default<in::first_default + K, A...>(args, leaves), ...); }(
            std::make_integer_sequence<int, sizeof...(D)>{});
        constexpr bool right = L::result.n_names == 0 && []<int... K>(std::integer_sequence<int, K...>) {
            return (arguments::template is_right<K, A>() && ...);
        }(std::make_integer_sequence<int, sizeof...(A)>{}) && (true && ... && arguments::template is_right<in::template index<typename D::placeholder_type>(), decltype(D::v)&>());
        if constexpr (!right)
            args.template settle<L::result.n_names>([](int k) -> const char* { return extent_names[k]; });
        return execute(out, session, args, leaves);
    }

    template <class Out, class S>
    KILN_INLINE auto execute(const Out& out, S* session, arguments& args, char** leaves) {
        static_assert(L::result.n_names <= max_names, "kiln: more than 16 named extents in one function");
        leaves[L::result.n_leaves] = nullptr;   // the only one where there are none
        if constexpr (draws) state_of(session).next_random_step();
        variables_of(session, leaves, std::make_integer_sequence<int, L::result.n_leaves - sig.inputs>{});
        if constexpr (inlined<Out>) return run_with(out, session, leaves);
        else {
            bool same = resolved;
            for (int k = 0; k < L::result.n_names; ++k) same &= names[k] == args.names[k];
            if constexpr (brief<Out>) {   // a call that nothing follows leaves pointers in registers that nobody saves
                if (same) [[likely]] return run_with(out, session, leaves);
                return [&]<int... K>(std::integer_sequence<int, K...>) KILN_INLINE_LAMBDA {
                    return run_anew(out, session, args.names, leaves[K]...);
                }(std::make_integer_sequence<int, L::result.n_leaves + 1>{});
            } else {
                if (!same) resolve(args.names);
                return run_with(out, session, leaves);
            }
        }
    }
    void resolve(const i64* of_call) {
        resolved = false;   // there may be no memory
        for (int k = 0; k < L::result.n_names; ++k) names[k] = of_call[k];
        work.resolve(cpu::tables_of<L, cpu::default_arch>, names);
        resolved = true;
    }
    template <class Out, class S, class... P>
    [[gnu::cold, gnu::noinline]] auto run_anew(Out out, S* session, const i64* of_call, P*... of_leaves) {
        char* leaves[]{of_leaves...};
        resolve(of_call);
        return run_with(out, session, leaves);
    }
    template <class Out, class S>
    KILN_INLINE auto run_with(const Out& out, S* session, char** leaves) {
        if constexpr (requires { Out::owned; }) return owned(session, leaves, out, std::make_integer_sequence<int, sig.outputs>{});
        else return written(session, leaves, out, std::make_integer_sequence<int, sig.outputs>{});
    }
    template <class Out>
    KILN_INLINE void run_kernels([[maybe_unused]] const Out& out, char* const* leaves, char* const* outputs) const {
        if constexpr (inlined<Out>) cpu::small_plan<L, cpu::default_arch>::run(leaves, outputs);
        else if constexpr (requires { out.watch; }) work.run(cpu::tables_of<L, cpu::default_arch>, leaves, outputs, out.watch);
        else if constexpr (L::result.n_calls == 1 && L::result.call[0].guard == 0) work.template run_only_call<L, cpu::default_arch>(leaves, outputs);
        else work.run(cpu::tables_of<L, cpu::default_arch>, leaves, outputs);
    }

    template <class S, int... K>
    KILN_INLINE void variables_of([[maybe_unused]] S* session, [[maybe_unused]] char** leaves, std::integer_sequence<int, K...>) {
        (one_variable<sig.inputs + K>(session, leaves), ...);
    }
    static constexpr int random_leaf(int k) { return random_leaf_of(L::graph.view(), L::graph.nodes[L::result.leaf[k].node]); }
    static constexpr bool draws = [] {
        for (int k = sig.inputs; k < L::result.n_leaves; ++k)
            if (random_leaf(k) >= 0) return true;
        return false;
    }();
    template <class S>
    random_state& state_of(S* session) { return session ? static_cast<random_state&>(*session) : *this; }
    template <int K, class S>
    KILN_INLINE void one_variable(S* session, char** leaves) {
        if constexpr (random_leaf(K) >= 0) leaves[K] = state_of(session).random_number(random_leaf(K));
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

    template <class Out, class S, int... K>
    auto owned(S* session, char** leaves, const Out& out, std::integer_sequence<int, K...>) {
        std::tuple results{output_memory<L, K>::make(names)...};
        char* outputs[sizeof...(K) + 1]{reinterpret_cast<char*>(std::get<K>(results).data())...};
        run_kernels(out, leaves, outputs);
        finish(session);
        if constexpr (sizeof...(K) == 1) return output_memory<L, 0>::unwrapped(std::get<0>(results));
        else if constexpr (sizeof...(K) > 1) return std::tuple{output_memory<L, K>::unwrapped(std::get<K>(results))...};
    }
    template <class S, class Out, int... K>
    KILN_INLINE void written(S* session, char** leaves, const Out& out, std::integer_sequence<int, K...>) {
        char* outputs[sizeof...(K) + 1]{output_memory<L, K>::checked(std::get<K>(out), names)...};
        run_kernels(out, leaves, outputs);
        finish(session);
    }

    [[no_unique_address]] std::tuple<D...> defaults;
    cpu::workspace work;
    i64 names[max_names]{};
    bool resolved = false;
};

/// P is the program, D are the defaults of its last inputs.
template <class P, class... D>
class basic_function : public planned_function<expression_of<P>, P::sig, typename P::fed, D...> {
public:
    using program_type = P;
    using planned_function<expression_of<P>, P::sig, typename P::fed, D...>::planned_function;
};

template <class P, class... D>
struct program_of_argument<basic_function<P, D...>> {
    using type = expression_of<P>;
};

}  // namespace kiln
