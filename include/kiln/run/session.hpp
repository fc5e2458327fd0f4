// A session owns the variables of the functions and expressions that it is made of: storage, initial values, access by
// symbol or by name.
#pragma once
#include <kiln/backend/cpu/execute.hpp>
#include <kiln/run/binding.hpp>
#include <kiln/run/random_state.hpp>
#include <kiln/run/stored_variable.hpp>
#include <kiln/run/variable_table.hpp>

#include <array>
#include <string>
#include <vector>

namespace kiln {

/// The session's table has no variable of that name.
template <class Table>
constexpr finding no_variable(const word& name) {
    finding f{};
    f.what.put("session: it has no variable");
    f.left = name;
    f.right.put("known: ");
    for (int k = 0; k < Table::n; ++k) f.right.put(k ? ", " : "").put(Table::name(k));
    return f;
}

template <class F>
struct program_of_argument {   // an expression brings its own graph, a function its program's
    using type = F;
};

[[noreturn]] inline void throw_uninitialized(const char* name) {
    throw uninitialized_error((detail::message() << "kiln: the variable \"" << name << "\" is used before it is initialised: call session.initialize() or assign it").text());
}

template <class V>
class basic_session : public random_state {
public:
    using table = variable_table<V>;

    /// Gives every variable its initial value; one seed gives one state. What random nodes of functions draw is seeded by seed(n).
    void initialize(u64 seed = 0) {
        if constexpr (table::n > 0) {
            draw(storage.get(), seed);
            for (int k = 0; k < table::n; ++k) ready[k] = true;
        }
    }
    /// initialize(seed, w, b): these alone, to what initialize(seed) gives them; the others stay.
    template <u64... Lo, u64... Hi>
        requires(sizeof...(Lo) > 0)
    void initialize(u64 seed, expr<Lo, Hi>... w) {
        if constexpr ((!holds<expr<Lo, Hi>>() || ...)) (static_cast<void>((*this)[w]), ...);   // says which
        else {
            const cpu::aligned_bytes fresh = allocated();
            draw(fresh.get(), seed);
            (take(index_of<expr<Lo, Hi>>(), fresh.get()), ...);
        }
    }
    /// The names of the variables that have no value yet (tf.report_uninitialized_variables).
    std::vector<std::string> uninitialized() const {
        std::vector<std::string> r;
        for (int k = 0; k < table::n; ++k)
            if (!ready[k]) r.emplace_back(name(k));
        return r;
    }
    /// The stored variable; assigning a tensor or a view of its shape writes it.
    template <u64 Lo, u64 Hi>
    auto operator[](expr<Lo, Hi>) {
        using W = expr<Lo, Hi>;
        constexpr int k = index_of<W>();
        if constexpr (k < 0) {
            using M = missing<symbol_text<W>()>;
            static_assert(compile_error<word_of<M, 0>, word_of<M, 1>, word_of<M, 2>>::never);
            return failed{};
        } else return at<k>();
    }
    failed operator[](failed) { return {}; }
    /// The variable of that name.
    template <text Name>
    auto get() {
        constexpr int k = table::find(Name.s);
        if constexpr (k < 0) {
            using M = missing<builder::text(Name.s)>;
            static_assert(compile_error<word_of<M, 0>, word_of<M, 1>, word_of<M, 2>>::never);
            return failed{};
        } else return at<k>();
    }
    /// s.run(e, x = value, ...): the value of an expression with this session's variables.
    template <class E, class... P, class... T>
    auto run(E, const binding<P, T>&... bindings);   // run/function.hpp

    static constexpr int size() { return table::n; }
    static constexpr const char* name(int k) { return table::name(k); }
    bool initialized(int k) const { return ready[k]; }

    char* data(int k) { return storage.get() + table::all.row[k].offset; }
    void require(int k) const {
        if (!ready[k]) throw_uninitialized(table::name(k));
    }
    void mark(int k) { ready[k] = true; }

    /// The variables as run time sees them; good for as long as the session is.
    auto rows() {
        std::array<stored_variable, table::n> r{};
        for (std::size_t k = 0; k < r.size(); ++k) {
            const int i = static_cast<int>(k);
            const auto& [extents, first] = table::shapes;
            const std::span shape(extents + first[k], extents + first[k + 1]);
            r[k] = {name(i), table::all.row[k].type, shape, data(i), &ready[k]};
        }
        return r;
    }
    /// What names the graph of the variables and of their initial values.
    static constexpr digest hash() { return hash_of_variables; }

private:
    static constexpr digest hash_of_variables = digest_of(V::graph);
    /// Initial values of all variables into a storage.
    static void draw(char* to, u64 seed) {
        using P = initial_program<V>;
        using E = expression_of<P>;
        using L = lowered<E, P::sig, plan_target{cpu::vector_bytes<cpu::default_arch>, 64, true}>;
        cpu::workspace w;
        const cpu::tables& t = cpu::tables_of<L, cpu::default_arch>;
        w.resolve(t, nullptr);
        static constexpr auto from = leaf_rows<L>();   // which variable a leaf is; below 0: a number of the random state
        random_state state;
        state.seed(seed);
        char* leaves[L::result.n_leaves + 1];
        for (int k = 0; k < L::result.n_leaves; ++k)
            leaves[k] = from.row[k] < 0 ? state.random_number(-1 - from.row[k]) : to + table::all.row[from.row[k]].offset;
        w.run(t, leaves, nullptr);
    }
    static cpu::aligned_bytes allocated() { return cpu::aligned_bytes(static_cast<std::size_t>(table::all.bytes) + 64); }
    template <class W>
    static constexpr bool holds() { return index_of<W>() >= 0; }
    void take(int k, const char* from) {
        const variable_row& r = table::all.row[k];
        __builtin_memcpy(data(k), from + r.offset, static_cast<std::size_t>(r.count * size_of(r.type)));
        ready[k] = true;
    }
    template <class L>
    struct rows_of_leaves {
        int row[L::result.n_leaves + 1];
    };
    template <class L>
    static consteval auto leaf_rows() {
        rows_of_leaves<L> r{};
        const graph_view g = L::graph.view();
        for (int k = 0; k < L::result.n_leaves; ++k) {
            const node& x = g.nodes[L::result.leaf[k].node];
            const int number = random_leaf_of(g, x);
            r.row[k] = number >= 0 ? -1 - number : table::find(g.text_of(g.at(x.attrs, 0)));
        }
        return r;
    }
    template <word Name>
    struct missing { static constexpr finding found = no_variable<table>(Name); };
    template <class W>
    static consteval int index_of() {
        constexpr graph_view g = W::graph.view();
        const node& x = W::graph.nodes[g.root(0)];
        if (x.op != &variable_op) return -1;
        return table::find(g.text_of(g.at(x.attrs, 0)));
    }
    template <class View>
    class stored {   // a view that notes when it is written
    public:
        stored(View v, bool& flag) : view_(v), flag_(&flag) {}
        View view() const { return view_; }
        operator View() const { return view_; }
        template <class X>
        const stored& operator=(const X& x) const {
            if constexpr (bare_number<X>) view_.fill(static_cast<typename View::value_type>(x));
            else View(view_).assign(x);
            *flag_ = true;
            return *this;
        }
        const stored& operator=(const stored& x) const {
            View(view_).assign(x.view_);
            *flag_ = true;
            return *this;
        }
        stored(const stored&) = default;
        void fill(typename View::value_type x) const {
            view_.fill(x);
            *flag_ = true;
        }
        auto data() const { return view_.data(); }
        auto begin() const { return view_.begin(); }
        auto end() const { return view_.end(); }
        auto size() const { return view_.size(); }
        auto extent(int k) const { return view_.extent(k); }
        template <class... I>
        auto& operator()(I... i) const { return view_(i...); }
        operator typename View::value_type() const
            requires(View::rank() == 0)
        { return *view_.data(); }

    private:
        View view_;
        bool* flag_;
    };
    template <int K>
    auto at() {
        using view = typename table::template view_type<K>::type;
        return stored<view>(view(reinterpret_cast<typename view::value_type*>(data(K))), ready[K]);
    }

    cpu::aligned_bytes storage = allocated();
    bool ready[table::n + 1]{};
};

template <class F>
using program_expression = typename program_of_argument<std::remove_cvref_t<F>>::type;
/// A session of functions that were refused: silent.
struct failed_session : random_state {
    template <class... W>
    void initialize(u64 = 0, W...) {}
    std::vector<std::string> uninitialized() const { return {}; }
    template <class W>
    failed operator[](W) { return {}; }
    template <text Name>
    failed get() { return {}; }
    std::array<stored_variable, 0> rows() { return {}; }
    static constexpr digest hash() { return {}; }
};
template <class... F>
constexpr auto session_of() {
    if constexpr (any_failed<program_expression<F>...>) return std::type_identity<failed_session>{};
    else {
        using U = variable_union<program_expression<F>...>;
        if constexpr (U::wrong) {   // one name for two variables
            static_assert(compile_error<word_of<U, 0>, word_of<U, 1>, word_of<U, 2>>::never);
            return std::type_identity<failed_session>{};
        } else return std::type_identity<basic_session<expression_of<U>>>{};
    }
}
template <class... F>
using session_base = typename decltype(session_of<F...>())::type;

/// session s(train, infer, expression...): holds the union of their variables.
template <class... F>
struct session : session_base<F...> {
    explicit session(const F&...) {}
};
template <class... F>
session(const F&...) -> session<F...>;

}  // namespace kiln
