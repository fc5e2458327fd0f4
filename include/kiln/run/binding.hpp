// What callers hand to a function: scalars, tensors, views, spans; by position or as `x = value`.
#pragma once
#include <kiln/core/error.hpp>
#include <kiln/core/tensor.hpp>
#include <kiln/expr/derivatives.hpp>

#include <string>

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

constexpr std::string text_of_shape(const i64* e, int n) {
    std::string s = "(";
    for (int k = 0; k < n; ++k) {
        if (k) s += ", ";
        s += std::to_string(e[k]);
    }
    s += ")";
    return s;
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
    if (!ok) {
        std::string s = "kiln: ";
        s += symbol;
        s += ": ";
        s += std::to_string(v);
        s += " is no ";
        s += name_of(dtype_of<T>);
        throw value_error(s);
    }
    return static_cast<T>(v);
}

}  // namespace kiln
