// Symbols: placeholders, variables, constants. Each holds no value; its type says all.
#pragma once
#include <kiln/expr/trace.hpp>
#include <kiln/ops/random.hpp>

namespace kiln {

constexpr type type_in(builder& b, dtype t, const extent* e, int n) {
    list s{};
    for (int k = 0; k < n; ++k) {
        s.put(extent_in(b, e[k]));
        if (e[k].number < 0) {
            word w{};
            w.put(e[k].number);
            b.fail("shape", "an extent is negative", w, builder::text("a number or a name"));
        }
    }
    return {b.intern(s), t};
}

template <text Name, class T, extent... E>
struct placeholder_maker {
    constexpr value operator()(builder& b) const {
        const extent e[]{E..., 0};
        return placeholder_of(b, Name.s, type_in(b, dtype_of<T>, e, sizeof...(E)));
    }
};
template <auto V>
struct constant_maker {
    constexpr value operator()(builder& b) const {
        const operand c(V);
        return full_of(b, {0, c.floating ? dtype::weak_float : dtype::weak_int}, c);
    }
};
template <i64 N, class T>
struct iota_maker {
    constexpr value operator()(builder& b) const { return iota_in(b, N, dtype_of<T>); }
};
template <class F, class T, extent... E>
struct filled_maker {
    constexpr value operator()(builder& b) const {
        const extent e[]{E..., 0};
        return F::initial(b, type_in(b, dtype_of<T>, e, sizeof...(E)), 0);
    }
};
/// The first value of a variable: an initializer, or an expression that broadcasts to the shape.
template <class I>
constexpr bool initial_value = [] {
    static_assert(initializer<I> || single_expression<I> || any_failed<I>, "kiln: the initial value is an initializer or an expression");
    return initializer<I> || single_expression<I>;
}();
template <text Name, class I, class T, extent... E>
struct variable_maker {
    constexpr value operator()(builder& b) const {
        const extent e[]{E..., 0};
        const type t = type_in(b, dtype_of<T>, e, sizeof...(E));
        return variable_of(b, Name.s, t, first(b, t));
    }
    static constexpr value first(builder& b, type t) {
        if constexpr (initializer<I>) return I::initial(b, t, b.name(Name.s));
        else {
            const operand given(imported<I>::from(b));
            if (given.number) return full_of(b, t, given);
            const list s = b.get(t.shape);
            return broadcast_by(given.v, s, "initial value");
        }
    }
};

/// F under a name that a user gives.
template <text Name, class F>
struct named_maker {
    constexpr value operator()(builder& b) const {
        check_name(b, "symbol", Name.s);
        return F{}(b);
    }
};

/// A graph made from nothing by F(builder).
template <class F>
struct symbol_of {
    static constexpr bool several = false;
    static constexpr built run() {
        builder b{};
        const value v = F{}(b);
        return finished(b, &v, 1);
    }
    static constexpr auto found = made_by<symbol_of>();
    static constexpr bool wrong = a_finding<decltype(found)>;
};
template <class F>
constexpr auto symbol() {
    using M = symbol_of<F>;
    if constexpr (M::wrong) {
        static_assert(compile_error<word_of<M, 0>, word_of<M, 1>, word_of<M, 2>>::never);
        return failed{};
    } else return expression_of<M>{};
}

/// placeholder<"name", T, extents...>: a symbol that the caller gives a value. Extents are numbers or names ("batch" is
/// known at run time, and is the same wherever it is named).
template <text Name, element T, extent... E>
inline constexpr auto placeholder = symbol<named_maker<Name, placeholder_maker<Name, T, E...>>>();

/// constant<v>, 2.5_c: a number; it takes dtype and shape of what it meets.
template <auto V>
inline constexpr auto constant = symbol<constant_maker<V>>();

/// iota<n>, iota<n, float>: 0, 1, ..., n - 1 (tf.range, numpy.arange).
template <i64 N, element T = i64>
inline constexpr auto iota = symbol<iota_maker<N, T>>();

/// variable<"name", T, extents...>(initial): a symbol whose value lives in a session. `initial` is an initializer (zeros,
/// random_normal<0.0, 0.1>) or an expression that broadcasts to the shape.
template <text Name, element T, extent... E, class I>
constexpr auto variable(I) {
    if constexpr (!initial_value<I>) return failed{};
    else return symbol<named_maker<Name, variable_maker<Name, I, T, E...>>>();
}

/// shape<float, "batch", 3>: dtype and shape, for what makes a tensor of nothing else: zeros(shape<float, 3>), ones, full<2.5>.
template <element T, extent... E>
struct shape_tag {
    using shape_of_nothing = void;
    template <class F>
    static constexpr auto filled() { return symbol<filled_maker<F, T, E...>>(); }
};
template <element T, extent... E>
inline constexpr shape_tag<T, E...> shape{};

namespace literals {
namespace parsing {
template <char... C>
consteval bool is_floating_text() {
    return ((C == '.' || C == 'e' || C == 'E' || C == 'p') || ...) ;
}
template <char... C>
consteval double parse_double() {   // decimal digits, a point, an exponent
    constexpr char s[]{C..., 0};
    double v = 0, scale = 1;
    int e = 0, i = 0;
    bool point = false;
    for (; s[i] && s[i] != 'e' && s[i] != 'E'; ++i) {
        if (s[i] == '\'') continue;
        if (s[i] == '.') { point = true; continue; }
        v = v * 10 + (s[i] - '0');
        if (point) scale *= 10;
    }
    if (s[i]) {
        ++i;
        const bool negative = s[i] == '-';
        if (s[i] == '-' || s[i] == '+') ++i;
        for (; s[i]; ++i) e = e * 10 + (s[i] - '0');
        for (int k = 0; k < e; ++k) negative ? scale *= 10 : v *= 10;
    }
    return v / scale;
}
template <char... C>
consteval i64 parse_integer() {
    constexpr char s[]{C..., 0};
    u64 v = 0;
    for (int i = 0; s[i]; ++i)
        if (s[i] != '\'') v = v * 10 + static_cast<u64>(s[i] - '0');
    return static_cast<i64>(v);
}
}  // namespace parsing
template <char... C>
consteval auto operator""_c() {
    if constexpr (parsing::is_floating_text<C...>()) return symbol<constant_maker<parsing::parse_double<C...>()>>();
    else return symbol<constant_maker<parsing::parse_integer<C...>()>>();
}
}  // namespace literals
using namespace literals;

}  // namespace kiln
