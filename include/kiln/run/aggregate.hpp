// The outputs of a function as a struct with names: struct report { float loss; tensor<float, 10> p; }.
#pragma once
#include <kiln/run/signature_table.hpp>

#include <tuple>

namespace kiln {

namespace detail {

/// Stands for a member of any type while members are counted.
struct any_member {
    template <class T>
    operator T() const;
};
template <int>
using any_member_at = any_member;

template <class R, class... M>
concept made_of = requires { R{std::declval<M>()...}; };
template <class R, int... K>
consteval bool has_members(std::integer_sequence<int, K...>) { return made_of<R, any_member_at<K>...>; }

/// How many members an aggregate has; those above 64 are not counted.
template <class R, int N = 64>
consteval int count_of_members() {
    if constexpr (N == 0 || has_members<R>(std::make_integer_sequence<int, N>{})) return N;
    else return count_of_members<R, N - 1>();
}

}  // namespace detail

/// An owning result as C++ writes it.
template <class O>
constexpr word cpp_type_of() {
    using T = typename O::element;
    word w{};
    if constexpr (O::rank > 0) w.put("tensor<");
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, float> || std::is_same_v<T, double>)
        w.put(std::is_same_v<T, bool> ? "bool" : std::is_same_v<T, float> ? "float" : "double");
    else w.put("std::").put(name_of(dtype_of<T>)).put("_t");
    for (int a = 0; a < O::rank; ++a)
        if (const i64 e = O::extent(a); e == dynamic) w.put(", dynamic");
        else w.put(", ").put(e);
    return O::rank > 0 ? w.put(">") : w;
}

/// What is wrong with the struct R for the outputs 0, ..., N - 1 of the plan L.
template <class R, class L, int N>
struct aggregate_check {
    /// Output I where it is among those up to K, else whatever fits.
    template <int K, int I>
    static auto member() {
        using O = output_type<L, I>;
        if constexpr (I > K) return detail::any_member{};
        else if constexpr (O::rank == 0) return typename O::element{};
        else return typename O::tensor_type{};
    }
    template <int K, int... I>
    static consteval bool fits_to(std::integer_sequence<int, I...>) { return detail::made_of<R, decltype(member<K, I>())...>; }

    template <int K>
    static constexpr void output(finding& f) {
        if (f) return;
        if constexpr (!fits_to<K>(std::make_integer_sequence<int, N>{})) {
            f.what.put("as: a member has another type");
            f.left.put("output ").put(i64{K});
            f.right = cpp_type_of<output_type<L, K>>();
        }
    }
    static constexpr finding found = [] {
        finding f{};
        if constexpr (!std::is_aggregate_v<R>) {
            f.what.put("as: this is no plain struct");
            f.left.put("one without constructors");
            f.right.put("and without private members");
        } else if constexpr (constexpr int n = detail::count_of_members<R>(); n != N) {
            f.what.put("as: one member for each output");
            f.left.put(i64{N}).put(N == 1 ? " output" : " outputs");
            f.right.put(i64{n}).put(n == 1 ? " member" : " members");
        } else [&]<int... K>(std::integer_sequence<int, K...>) { (output<K>(f), ...); }(std::make_integer_sequence<int, N>{});
        return f;
    }();
    static constexpr bool wrong = found.what.n != 0;
};

/// The results of a call, one value or a tuple of several, as a struct.
template <class R, class T>
R as_aggregate(T&& t) { return R{static_cast<T&&>(t)}; }
template <class R, class... T>
R as_aggregate(std::tuple<T...>&& t) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) { return R{std::get<K>(std::move(t))...}; }(std::index_sequence_for<T...>{});
}
/// What a refused call gives: the types go on, the program does not.
template <class R>
[[noreturn]] R refused() { __builtin_unreachable(); }

}  // namespace kiln
