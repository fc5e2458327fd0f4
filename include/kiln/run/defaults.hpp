// Default values: inputs(a, b = 32). The function keeps them, and a call may leave these inputs out.
#pragma once
#include <kiln/run/signature_table.hpp>

#include <tuple>

namespace kiln {

/// The default of the input P: a number of its dtype, or a tensor, which is copied with the function.
template <class P, class T>
struct input_default {
    using placeholder_type = P;
    T v;

    constexpr explicit input_default(T x) : v(std::move(x)) {}
    constexpr input_default(const input_default& d) : v(copy_of(d.v)) {}
    constexpr input_default(input_default&&) = default;
    constexpr input_default& operator=(input_default&&) = default;

private:
    static constexpr T copy_of(const T& x) {
        if constexpr (bare_number<T>) return x;
        else return x.copy();
    }
};

/// Inputs of which the last have defaults, D.
template <class List, class... D>
struct inputs_with_defaults {
    std::tuple<D...> values;
};

/// The input that the symbol P is, before there is a function: what a default is checked against.
template <class P>
struct lone_input {
    static constexpr word text = symbol_text<P>();
    static constexpr const char* name(int) { return text.s; }
    static constexpr int rank(int) { return P::rank(); }
    static constexpr dtype type(int) { return P::element(); }
    template <int>
    static constexpr word shape_text = shape_text_of(P::graph.view(), P::graph.nodes[P::graph.view().root(0)].shape);
};

/// A constant as a default, b = 32_c: the compiler knows whether it fits.
template <class P, class E>
struct constant_default {
    static constexpr graph_view g = E::graph.view();
    static constexpr const node& n = E::graph.nodes[E::graph.view().root(0)];
    static constexpr bool is_constant = n.op == &literal_op && is_weak(n.type);
    struct made {
        finding found;
        i64 bits;
    };
    static constexpr made as_element = [] {
        builder b{};
        const i64 bits = g.at(n.attrs, 0);
        const operand number = n.type == dtype::weak_float ? operand(double_of(bits)) : operand(bits);
        const i64 r = literal_bits(b, P::element(), number);
        return made{b.found, r};
    }();
    static constexpr auto number() {
        using T = ctype_of<P::element()>;
        if constexpr (is_floating(P::element())) return static_cast<T>(double_of(as_element.bits));
        else return static_cast<T>(as_element.bits);
    }
};

/// What is wrong with the inputs X: placeholders, and bindings of placeholders to defaults.
template <class... X>
struct defaults_check {
    struct checker {
        finding f{};
        word last{};   // the input before, where it has a default

        template <class P>
        constexpr void input(P*) {
            if (f || last.n == 0) return;
            f.what.put("inputs: it needs a default too");
            f.left = symbol_text<P>();
            f.right.put("since it comes after ").put(last.s);
        }
        template <class P, class T>
        constexpr void input(binding<P, T>*) {
            if (f) return;
            call_checker<lone_input<P>> c{{}, "default"};
            c.template argument<0, T>();
            f = c.f;
            last = symbol_text<P>();
        }
        template <class P, class T>
        constexpr void input(binding<P, scalar_argument<T>>*) {
            input(static_cast<binding<P, T>*>(nullptr));
        }
        template <class P, class E>
        constexpr void input(binding<P, substitution<E>>*) {
            if constexpr (!constant_default<P, E>::is_constant) input(static_cast<binding<P, E>*>(nullptr));
            else {
                input(static_cast<binding<P, i64>*>(nullptr));
                if (!f) f = constant_default<P, E>::as_element.found;
            }
        }
    };
    static constexpr finding found = [] {
        checker c{};
        (c.input(static_cast<X*>(nullptr)), ...);
        return c.f;
    }();
    static constexpr bool wrong = found.what.n != 0;
};

template <class X>
struct input_of { using type = X; };
template <class P, class T>
struct input_of<binding<P, T>> { using type = P; };

template <class P>
constexpr std::tuple<> default_of(P) { return {}; }
template <class P, class T, i64... E>
constexpr auto default_of(const binding<P, tensor_view<T, E...>>& b) {
    using D = input_default<P, tensor<std::remove_const_t<T>, E...>>;
    return std::tuple<D>(D(tensor(b.data)));
}
template <class P, class T>
constexpr auto default_of(const binding<P, scalar_argument<T>>& b) {
    using X = ctype_of<P::element()>;
    using D = input_default<P, X>;
    return std::tuple<D>(D(narrowed<X>(b.data.v, lone_input<P>::name(0))));
}
template <class P, class E>
constexpr auto default_of(const binding<P, substitution<E>>&) {
    using D = input_default<P, ctype_of<P::element()>>;
    return std::tuple<D>(D(constant_default<P, E>::number()));
}

/// inputs(a, b = 32): a call may leave b out. A default is a number, a constant (`32_c`: that it fits is then checked by the
/// compiler) or a tensor, of which the function keeps a copy. By position, inputs with defaults come last.
template <class... X>
    requires(is_binding<X>::value || ...)
constexpr auto inputs(X... x) {
    using C = defaults_check<X...>;
    if constexpr (any_failed<X...>) return failed{};
    else if constexpr (C::wrong) {
        static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
        return failed{};
    } else {
        auto values = std::tuple_cat(default_of(x)...);
        return [&]<class... D>(std::tuple<D...>& v) {
            return inputs_with_defaults<inputs_list<typename input_of<X>::type...>, D...>{std::move(v)};
        }(values);
    }
}

}  // namespace kiln
