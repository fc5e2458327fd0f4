// The arguments of one call as the kernels want them: where the elements lie, the extents, the values of named extents.
#pragma once
#include <kiln/run/signature_table.hpp>

namespace kiln {

inline constexpr int max_names = 16;

/// What every axis of the inputs `In` is, in a row, and where names of extents stand alone.
template <class In, int Names>
struct axis_table {
    static constexpr int n = In::first_extent(In::n_inputs);
    size_expr axis[n + 1]{};
    int first[Names + 1]{};   // of each name that is not another one and a number
    typename In::sum_of_name sum[Names + 1]{};
    bool plain = true;        // every axis is a number or one name, and every name is an axis, or such a name and a number

    consteval axis_table() {
        for (int& f : first) f = -1;
        for (int i = 0, e = 0; i < In::n_inputs; ++i)
            for (int a = 0; a < In::rank(i); ++a, ++e) {
                axis[e] = In::extent(i, a);
                plain = plain && (axis[e].n == 0 || (axis[e].n == 1 && axis[e].number == 1));
                if (axis[e].n == 1 && first[axis[e].name[0]] < 0) first[axis[e].name[0]] = e;
            }
        for (int k = 0; k < Names; ++k) {
            sum[k] = In::sum(k);
            plain = plain && (sum[k].name < 0 ? first[k] : first[sum[k].name]) >= 0;
        }
    }
};

/// `In` is the function's table of inputs.
template <class In>
struct call_arguments {
    static constexpr int n_inputs = In::n_inputs;

    struct numbers {   // those among the arguments, apart from what need not lie in memory
        alignas(8) char at[n_inputs + 1][8];
    };
    struct axes {
        i64 at[In::first_extent(n_inputs) + 1];   // of all inputs, in a row
    };
    numbers& scalar;
    axes extents;
    i64 names[max_names];
    bool known[max_names]{};

    explicit KILN_INLINE call_arguments(numbers& of_call) : scalar(of_call) {}

    /// By position: argument k is input k. Gives the place of its elements.
    template <int K, class T>
    KILN_INLINE char* take(T&& v) {
        if constexpr (bare_number<std::remove_cvref_t<T>>) return take_number<K>(v);
        else return take_view<K>(as_view(v));
    }
    /// By name.
    template <class B>
    char* take_named(const B& b) { return take_data<In::template index<typename B::placeholder_type>()>(b.data); }

    /// Does the type of an argument for input K, by position or by name, say extents that are right? Then nothing is left to be checked.
    template <int K, class A>
    static consteval bool is_right() {
        using X = std::remove_cvref_t<A>;
        if constexpr (is_binding<X>::value) return is_right<In::template index<typename X::placeholder_type>(), decltype(X::data)>();
        else if constexpr (viewable<A>) return are_right<K>(std::type_identity<view_of<A>>{});
        else return true;   // a number
    }

    /// Gives names their values and checks every axis.
    template <int Names>
    KILN_INLINE void settle(const char* (*name_text)(int)) {
        static constexpr axis_table<In, Names> table;
        if constexpr (table.plain) {   // mostly: then nothing is looked up at run time
            const bool long_enough = [&]<int... K>(std::integer_sequence<int, K...>) {
                ([&]() KILN_INLINE_LAMBDA {
                    if constexpr (table.sum[K].name < 0) names[K] = extents.at[table.first[K]];
                }(), ...);
                ([&]() KILN_INLINE_LAMBDA {
                    if constexpr (table.sum[K].name >= 0) names[K] = names[table.sum[K].name] + table.sum[K].number;
                }(), ...);
                return ((table.sum[K].name < 0 || names[K] >= 0) & ... & true);
            }(std::make_integer_sequence<int, Names>{});
            const bool right = long_enough & [&]<int... E>(std::integer_sequence<int, E...>) {
                return ((extents.at[E] == (table.axis[E].n == 0 ? table.axis[E].number : names[table.axis[E].name[0]])) & ...);
            }(std::make_integer_sequence<int, table.n>{});
            if (!right) refuse<Names>(extents, name_text);
        } else settle_extents(In::shapes.at, n_inputs, extents.at, names, known, Names, name_text);
    }

private:
    /// Throws. It has a copy of the extents: they stay in registers where nothing is wrong.
    template <int Names>
    [[noreturn, gnu::noinline, gnu::cold]] static void refuse(axes extents, const char* (*name_text)(int)) {
        i64 names[max_names];
        bool known[max_names]{};
        settle_extents(In::shapes.at, n_inputs, extents.at, names, known, Names, name_text);
        __builtin_unreachable();
    }
    template <int K, class U, i64... X>
    static consteval bool are_right(std::type_identity<tensor_view<U, X...>>) {
        int a = 0;
        return (true && ... && (In::template extents<K>.at[a].n == 0 && In::template extents<K>.at[a++].number == X));
    }
    template <int K, class T>
    char* take_number(T v) {
        using X = ctype_of<In::type(K)>;
        const X x = narrowed<X>(v, In::name(K));
        __builtin_memcpy(scalar.at[K], &x, sizeof x);
        return scalar.at[K];
    }
    template <int K, class U, i64... X>
    KILN_INLINE char* take_view(tensor_view<U, X...> v) {
        using T = ctype_of<In::type(K)>;
        constexpr int first = In::first_extent(K);   // a call at run time would carry the graph along
        i64* e = extents.at + first;
        for (int k = 0; k < v.rank(); ++k) e[k] = v.extent(k);
        return reinterpret_cast<char*>(const_cast<T*>(v.data()));
    }
    template <int K, class T>
    char* take_data(const scalar_argument<T>& v) { return take_number<K>(v.v); }
    template <int K, class U, i64... X>
    char* take_data(const tensor_view<U, X...>& v) { return take_view<K>(v); }
};

}  // namespace kiln
