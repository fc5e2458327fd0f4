// A program: outputs, updates, inputs and substitutions joined into one graph whose roots are
// [outputs, new values, assigned variables, inputs].
#pragma once
#include <kiln/expr/symbols.hpp>
#include <kiln/plan/legalise.hpp>

namespace kiln {

/// Outputs of a function: expressions, or what gives several (`grad(y, x1, x2)`).
template <class... E>
struct outputs_list {};
template <class... E>
constexpr outputs_list<E...> outputs(E...) { return {}; }

/// Inputs of a function, in the order in which it is called: placeholders, or expressions that the results are computed from.
/// Then the caller's value stands in place of such an expression, and what it alone needs is not asked for (TensorFlow feeds
/// any tensor).
template <class... P>
struct inputs_list {};
template <class... P>
constexpr inputs_list<P...> inputs(P...) { return {}; }

/// New values of variables: the roots of E are [new values..., variables...].
template <class E>
struct assignments {
    using expression = E;
};
template <class... A>
struct updates_list {};
template <class... A>
constexpr updates_list<A...> updates(A...) { return {}; }

/// Substitutions: `givens(x = e)` computes with e wherever x stands, a symbol or any other expression. They are independent of
/// each other: what stands in e stays.
template <class... G>
struct givens_list {};
template <class E>
struct substitution {};
template <class... P, class... E>
constexpr givens_list<binding<P, substitution<E>>...> givens(binding<P, substitution<E>>...) { return {}; }
template <class... G>
    requires any_failed<G...>
constexpr failed givens(G...) { return {}; }

struct assignment_of {
    constexpr auto operator()(value w, value e) const {
        builder& b = *w.b;
        if (w.n().op != &variable_op) {
            b.fail("assign", "the target is no variable", builder::text(w.n().op->name), b.shape_text(w.n().shape));
            return values{w, w};
        }
        operand p(e);
        if (p.number) e = full_of(b, type_of(w), p);
        else if (e.element() != w.element())
            b.fail("assign", "dtypes differ, use cast", builder::text(name_of(w.element())), builder::text(name_of(e.element())));
        else if (e.n().shape != w.n().shape) {
            list s = shape_list(w);
            e = broadcast_by(e, s, "assign");
        }
        return values{e, w};
    }
};
/// assign(w, e): the variable w gets the value e. Updates see the old values.
template <class W, class E>
constexpr auto assign(W, E) {
    if constexpr (any_failed<W, E>) return failed{};
    else if constexpr (bare_number<E>) {
        static_assert(compile_error<number_words<0, E>, number_words<1, E>, number_words<2, E>>::never);
        return failed{};
    } else {
        using T = traced<assignment_of, W, E>;
        if constexpr (T::wrong) {
            static_assert(compile_error<word_of<T, 0>, word_of<T, 1>, word_of<T, 2>>::never);
            return failed{};
        } else return assignments<expression_of<T>>{};
    }
}

/// assign_add(w, e), assign_sub(w, e): w gets w + e, w - e (tf.assign_add, tf.assign_sub).
template <class W, class E>
constexpr auto assign_add(W w, E e) { return assign(w, w + e); }
template <class W, class E>
constexpr auto assign_sub(W w, E e) { return assign(w, w - e); }

/// Every use of from[k] becomes a use of to[k].
constexpr void substitute(builder& b, const value* from, const value* to, int n, value* roots, int n_roots) {
    int map[builder::capacity];
    const int end = b.n;
    for (int i = 0; i < end; ++i) {
        map[i] = i;
        bool given = false;
        for (int k = 0; k < n; ++k)
            if (from[k].id == i) {
                map[i] = to[k].id;
                given = true;
            }
        const node x = b.nodes[i];
        if (given || x.op->leaf()) continue;
        if (x.op == &result_op) {
            map[i] = map[x.in[0]] == x.in[0] ? i : map[x.in[0]] + 1 + static_cast<int>(b.at(x.attrs, 0));
            continue;
        }
        value in[64];
        bool moved = false;
        for (int k = 0; k < x.n_in; ++k) {
            const int o = b.operand(x, k);
            in[k] = {&b, map[o]};
            moved |= map[o] != o;
        }
        if (!moved) continue;
        b.new_path = b.path[i];
        b.new_origin = b.origin[i];
        map[i] = b.make(*x.op, in, x.n_in, x.attrs).id;
    }
    b.new_path = b.new_origin = 0;
    for (int k = 0; k < n_roots; ++k) roots[k].id = map[roots[k].id];
}

/// The name of a symbol, or that which an expression was given, else what the expression is.
template <class W>
constexpr word symbol_text() {
    const graph_view g = W::graph.view();
    const node& x = W::graph.nodes[g.root(0)];
    if (x.op == &variable_op || x.op == &placeholder_op) return builder::text(g.text_of(g.at(x.attrs, 0)));
    const int path = g.path ? g.path[g.root(0)] : 0;   // a list of even length ends with a name (graph/scope.hpp)
    return builder::text(path && g.length(path) % 2 == 0 ? g.text_of(g.at(path, g.length(path) - 1)) : x.op->name);
}

/// Inputs some of which are no placeholders: a call finds those by their types.
template <class... I>
struct fed_inputs {
    /// The input that the expression E is; -1 where it is none.
    template <class E>
    static consteval int index() {
        const bool same[]{std::is_same_v<E, I>..., true};
        int k = 0;
        while (!same[k]) ++k;
        return k < static_cast<int>(sizeof...(I)) ? k : -1;
    }
};
template <class E>
constexpr bool is_placeholder = E::graph.nodes[E::graph.view().root(0)].op == &placeholder_op;

/// Lenient: an input that no result needs is no mistake (eval).
template <class O, class U, class I, class G, bool Lenient = false>
struct program;
template <class... O, class... U, class... I, class... G, bool Lenient>
struct program<outputs_list<O...>, updates_list<U...>, inputs_list<I...>, givens_list<G...>, Lenient> {
    template <class E>
    static constexpr int count = E::graph.view().n_roots();
    static constexpr signature sig{(0 + ... + count<O>), (0 + ... + (count<typename U::expression> / 2)), sizeof...(I)};
    static constexpr bool several = true;
    using fed = std::conditional_t<(is_placeholder<I> && ...), fed_inputs<>, fed_inputs<I...>>;

    // Kernels do not depend on names: two programs that differ in nothing else are one.
    template <class E>
    static constexpr graph_view graph_for(bool named) { return named ? E::graph.view() : unlabelled(E::graph.view()); }
    template <class E>
    static constexpr void take(builder& b, bool named, value* roots, int& n) {
        value r[256];
        import(b, graph_for<E>(named), r);
        for (int k = 0; k < count<E>; ++k) roots[n++] = r[k];
    }
    template <class E>
    static constexpr void take_updates(builder& b, bool named, value* roots, int& n_new) {
        value r[256];
        import(b, graph_for<E>(named), r);
        for (int k = 0; k < count<E> / 2; ++k, ++n_new) {
            roots[sig.outputs + n_new] = r[k];
            roots[sig.results() + n_new] = r[count<E> / 2 + k];
        }
    }
    template <class P, class E>
    static constexpr void take_given(builder& b, bool named, value* from, value* to, int& n, int known, binding<P, substitution<E>>*) {
        import(b, graph_for<P>(named), from + n);
        import(b, graph_for<E>(named), to + n);
        if (const operand number(to[n]); number.number) to[n] = full_of(b, type_of(from[n]), number);
        if (!(type_of(from[n]) == type_of(to[n])))
            b.fail("givens", "the types differ", from[n].n().shape, to[n].n().shape);
        if (from[n].id >= known && !from[n].n().op->leaf())
            b.fail("givens", "no result contains it", symbol_text<P>(), b.shape_text(from[n].n().shape));
        ++n;
    }

    static constexpr built run() { return build(false); }
    static constexpr built build(bool named) {
        builder b{};
        value roots[256];
        int n = 0, n_given = 0;
        [[maybe_unused]] int n_new = 0;
        (take<O>(b, named, roots, n), ...);
        (take_updates<typename U::expression>(b, named, roots, n_new), ...);
        value from[16], to[16];
        [[maybe_unused]] const int known = b.n;   // what the results are made of comes before
        (take_given(b, named, from, to, n_given, known, static_cast<G*>(nullptr)), ...);
        const int known_or_given = b.n;
        n = first_input;
        (take<I>(b, named, roots, n), ...);
        for (int k = 0; k < sig.updates; ++k)
            for (int j = 0; j < k; ++j)
                if (roots[sig.results() + k].id == roots[sig.results() + j].id)
                    b.fail("updates", "two values for a variable", builder::text(name(b, roots[sig.results() + k])),
                           b.shape_text(roots[sig.results() + k].n().shape));
        for (int k = first_input; k < n; ++k)
            for (int j = first_input; j < k; ++j)
                if (roots[j].id == roots[k].id)
                    b.fail("function", "an input is named twice", called(k), b.shape_text(roots[k].n().shape));
        feed(b, roots, known_or_given, from, to, n_given);
        if (n_given) substitute(b, from, to, n_given, roots, sig.results());
        check_names(b);
        if (!b.found) check_inputs(b, roots);
        built r{};
        r.b.found = b.found;
        if (b.found) return r;
        int ids[256]{};
        for (int k = 0; k < n; ++k) ids[k] = roots[k].id;
        r.roots = canonical(graph_view_of(b), ids, n, r.b);
        return r;
    }
    static constexpr int first_input = sig.results() + sig.updates;
    static constexpr const char* name(const builder& b, value v) { return b.text_of(b.at(v.n().attrs, 0)); }
    /// What messages call the input that is root k.
    static constexpr word called(int k) {
        const word names[]{symbol_text<I>()..., word{}};
        return names[k - first_input];
    }
    /// An input that is no placeholder becomes one, as input 1 `multiply#input1`: no symbol is called so.
    static constexpr void feed(builder& b, value* roots, int known, value* from, value* to, int n_given) {
        value fed[sig.inputs + 1], fed_as[sig.inputs + 1];
        int n = 0;
        for (int k = 0; k < sig.inputs; ++k) {
            value& root = roots[first_input + k];
            if (root.n().op == &placeholder_op) continue;
            if (root.id >= known || root.n().op == &literal_op)
                b.fail("function", "unused input", called(first_input + k), b.shape_text(root.n().shape));
            word number{};
            const layer_name name = layer_name(called(first_input + k).s).put("#input").put(number.put(i64{k}).s);
            fed[n] = root;
            fed_as[n++] = root = placeholder_of(b, name.s, type_of(root));
        }
        if (n == 0) return;
        substitute(b, fed, fed_as, n, roots, sig.results());
        substitute(b, fed, fed_as, n, from, n_given);
        substitute(b, fed, fed_as, n, to, n_given);
    }
    /// Every placeholder that the results need is an input, and every input is needed.
    static constexpr void check_inputs(builder& b, const value* roots) {
        char need[builder::capacity]{};
        for (int k = 0; k < sig.results(); ++k) need[roots[k].id] = 1;
        for (int i = b.n - 1; i >= 0; --i) {
            const node& x = b.nodes[i];
            if (need[i] && x.op->kind != pattern::leaf)
                for (int k = 0; k < x.n_in; ++k) need[x.n_in <= 3 ? x.in[k] : b.operand(x, k)] = 1;
        }
        for (int k = first_input; k < first_input + sig.inputs; ++k) {
            if (!Lenient && !need[roots[k].id])
                b.fail("function", "unused input", called(k), b.shape_text(roots[k].n().shape));
            need[roots[k].id] = 0;
        }
        for (int i = 0; i < b.n; ++i)
            if (need[i] && b.nodes[i].op == &placeholder_op)
                b.fail("function", "missing input", builder::text(name(b, {&b, i})), b.shape_text(b.nodes[i].shape));
    }
    static constexpr auto found = made_by<program>();
    static constexpr bool wrong = a_finding<decltype(found)>;
};
/// The same program, its nodes with their names and scopes: what people see of it.
template <class P>
struct named_program {
    static constexpr built run() { return P::build(true); }
    static constexpr auto found = made_by<named_program>();
};

/// get<k>(several): one of them.
template <int K, class E>
struct nth_root {
    static constexpr bool several = false;
    static constexpr built run() {
        built r{};
        const graph_view g = E::graph.view();
        const int id = g.root(K);
        r.roots = canonical(g, &id, 1, r.b);
        return r;
    }
    static constexpr auto found = made_by<nth_root>();
};
template <int K>
constexpr failed get(failed) { return {}; }
template <int K, u64 Lo, u64 Hi>
constexpr auto get(exprs<Lo, Hi>) {
    static_assert(K >= 0 && K < exprs<Lo, Hi>::size, "kiln: get<k> of fewer expressions");
    return expression_of<nth_root<K, exprs<Lo, Hi>>>{};
}

}  // namespace kiln
