// The arguments of one call as the kernels want them: where the elements lie, the extents, the values of named extents.
#pragma once
#include <kiln/run/signature_table.hpp>

namespace kiln {

inline constexpr int max_names = 16;

/// `In` is the function's table of inputs.
template <class In>
struct call_arguments {
    static constexpr int n_inputs = In::n_inputs;

    char* data[n_inputs + 1];
    alignas(8) char scalar[n_inputs + 1][8];
    i64 extents[In::first_extent(n_inputs) + 1];   // of all inputs, in a row
    i64 names[max_names];
    bool known[max_names]{};

    /// By position: argument k is input k.
    template <int K, class T>
    void take(T&& v) {
        if constexpr (bare_number<std::remove_cvref_t<T>>) take_number<K>(v);
        else take_view<K>(as_view(v));
    }
    /// By name.
    template <class B>
    void take_named(const B& b) { take_data<In::template index<typename B::placeholder_type>()>(b.data); }

private:
    template <int K, class T>
    void take_number(T v) {
        using X = ctype_of<In::type(K)>;
        const X x = narrowed<X>(v, In::name(K));
        __builtin_memcpy(scalar[K], &x, sizeof x);
        data[K] = scalar[K];
    }
    template <int K, class U, i64... X>
    void take_view(tensor_view<U, X...> v) {
        using T = ctype_of<In::type(K)>;
        constexpr int first = In::first_extent(K);   // a call at run time would carry the graph along
        i64* e = extents + first;
        for (int k = 0; k < v.rank(); ++k) e[k] = v.extent(k);
        data[K] = reinterpret_cast<char*>(const_cast<T*>(v.data()));
    }
    template <int K, class T>
    void take_data(const scalar_argument<T>& v) { take_number<K>(v.v); }
    template <int K, class U, i64... X>
    void take_data(const tensor_view<U, X...>& v) { take_view<K>(v); }
};

}  // namespace kiln
