// What callers hand to a function: scalars, tensors, views, spans; by position or as `x = value`.
#pragma once
#include <kiln/core/error.hpp>
#include <kiln/core/tensor.hpp>
#include <kiln/expr/derivatives.hpp>
#include <kiln/plan/sizes.hpp>


namespace kiln {

/// A number as an argument, before its placeholder gives it a dtype.
template <class T>
struct scalar_argument {
    T v;
};

template <class T>
constexpr auto bound_to(T&& v) {
    using X = std::remove_cvref_t<T>;
    if constexpr (bare_number<X>) return scalar_argument<X>{v};
    else if constexpr (expression<X>) return substitution<X>{};
    else return as_view(v);
}
/// x = value: the placeholder P and what is bound to it.
template <class P, class T>
struct binding {
    using placeholder_type = P;
    T data;
};
template <class T>
struct is_binding : std::false_type {};
template <class P, class T>
struct is_binding<binding<P, T>> : std::true_type {};

// Not inlined: it is cold, and g++ 12 warns about strings in constants where it is.
template <class X>
[[noreturn, gnu::noinline]] void throw_not_representable(const char* symbol, X number, const char* type) {
    throw value_error((detail::message() << "kiln: " << symbol << ": " << number << " is no " << type).text());
}

/// A number as an element of T; refused where T cannot hold it (300 into int8, 1.5 into an integer).
template <class T, class X>
constexpr T narrowed(X v, const char* symbol) {
    bool ok = true;
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(v);
    else if constexpr (std::is_same_v<T, bool>) ok = v == X{0} || v == X{1};
    else if constexpr (std::is_floating_point_v<X>) {
        constexpr int bits = 8 * static_cast<int>(sizeof(T)) - (std::is_signed_v<T> ? 1 : 0);
        const X limit = static_cast<X>(2) * static_cast<X>(u64{1} << (bits - 1));
        ok = v >= (std::is_signed_v<T> ? -limit : X{0}) && v < limit;
        if (ok) ok = static_cast<X>(static_cast<T>(v)) == v;
    } else {
        ok = static_cast<X>(static_cast<T>(v)) == v && ((v < X{0}) == (static_cast<T>(v) < T{0}));
    }
    if (!ok) throw_not_representable(symbol, v, name_of(dtype_of<T>));
    return static_cast<T>(v);
}

/// An input as a call is checked against it.
struct input_shape {
    const char* name;
    const char* text;            // the shape as the user wrote it
    const size_expr* extent;
    int rank;
};
[[noreturn]] inline void throw_wrong_shape(const input_shape& in, const i64* e, int axis = -1, i64 want = 0) {
    detail::message m;
    (m << "kiln: " << in.name << ": expected shape " << in.text << ", got ").shape(e, in.rank);
    if (axis >= 0) m << ": axis " << axis << " must be " << want;   // a name that another axis has given a number
    throw shape_error(m.text());
}
[[noreturn]] inline void throw_unknown_extent(const char* name) {
    throw shape_error((detail::message() << "kiln: no argument tells the extent \"" << name << "\"").text());
}
[[noreturn]] inline void throw_short_extent(const char* name, i64 got, i64 least) {
    std::string s = "kiln: the extent \"";
    s += name;
    s += "\" is ";
    s += std::to_string(got);
    s += ", a slice wants at least ";
    s += std::to_string(least);
    throw shape_error(s);
}
inline constexpr int max_names_of_a_call = 64;
/// Values of named extents from the extents of the arguments, which lie in a row: first the names that stand alone, then the
/// last unknown one of a product; then every axis is checked. `name_text` is for the message.
constexpr void settle_extents(const input_shape* in, int n_inputs, const i64* extents, i64* names, bool* known, int n_names,
                           const char* (*name_text)(int)) {
    const i64* e = extents;
    int beside[max_names_of_a_call];   // the name that a name with a number beside it ("n - 3") is made of; -1: none
    for (int k = 0; k < n_names; ++k) {
        const name_and_number x = name_and_number_of(name_text(k));
        beside[k] = -1;
        for (int j = 0; j < n_names && x.number != 0; ++j)
            if (x.is_name(name_text(j))) beside[k] = j;
    }
    const auto settle_sums = [&] {
        bool any = false;
        for (int k = 0; k < n_names; ++k) {
            if (beside[k] < 0 || !known[beside[k]] || known[k]) continue;
            known[k] = any = true;
            names[k] = names[beside[k]] + name_and_number_of(name_text(k)).number;
            if (names[k] < 0) throw_short_extent(name_text(beside[k]), names[beside[k]], names[beside[k]] - names[k]);
        }
        return any;
    };
    for (int i = 0; i < n_inputs; e += in[i++].rank)
        for (int a = 0; a < in[i].rank; ++a) {
            const size_expr& x = in[i].extent[a];
            if (x.n == 1 && beside[x.name[0]] >= 0) continue;
            if (x.n != 1 || x.number != 1 || known[x.name[0]]) continue;
            known[x.name[0]] = true;
            names[x.name[0]] = e[a];
        }
    for (bool more = true; more;) {
        more = settle_sums();
        e = extents;
        for (int i = 0; i < n_inputs; e += in[i++].rank)
            for (int a = 0; a < in[i].rank; ++a) {
                const size_expr& x = in[i].extent[a];
                i64 rest = x.number;
                int open = -1, n_open = 0;
                for (int j = 0; j < x.n; ++j)
                    if (known[x.name[j]]) rest *= names[x.name[j]];
                    else {
                        open = x.name[j];
                        ++n_open;
                    }
                if (n_open != 1 || rest == 0 || e[a] % rest != 0) continue;
                known[open] = true;
                names[open] = e[a] / rest;
                more = true;
            }
    }
    e = extents;
    for (int i = 0; i < n_inputs; e += in[i++].rank)
        for (int a = 0; a < in[i].rank; ++a) {
            const size_expr& x = in[i].extent[a];
            i64 want = x.number;
            bool all = true;
            for (int j = 0; j < x.n; ++j)
                if (known[x.name[j]]) want *= names[x.name[j]];
                else all = false;
            if (all && e[a] != want) throw_wrong_shape(in[i], e, x.n > 0 ? a : -1, want);
            if (!all && (want == 0 ? e[a] != 0 : e[a] % want != 0)) throw_wrong_shape(in[i], e);
        }
    for (int k = 0; k < n_names; ++k)
        if (!known[k]) throw_unknown_extent(name_text(k));
}

}  // namespace kiln
