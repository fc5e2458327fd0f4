// Models for onnx.py: for every NAME.onnx the files NAME-K.npz with inputs in_0, ... and kiln's own outputs out_0, ...
#pragma once
#include <kiln/kiln.hpp>

#include <string>
#include <utility>
#include <vector>

#include "kiln/io/npz.hpp"
#include "kiln/io/onnx.hpp"

inline std::filesystem::path folder;

template <class X>
kiln::io::array array_of(const X& x) {
    if constexpr (kiln::bare_number<X>) return array_of(kiln::tensor<X>(x));
    else {
        const kiln::io::named_array a("", x);
        return {a.type, a.shape, {a.bytes.begin(), a.bytes.end()}, {}};
    }
}
template <class R>
std::vector<kiln::io::array> arrays_of(const R& r) {
    if constexpr (requires { std::tuple_size<R>::value; })
        return std::apply([](const auto&... one) { return std::vector<kiln::io::array>{array_of(one)...}; }, r);
    else return {array_of(r)};
}
inline void write_call(const std::string& name, const std::vector<kiln::io::array>& in, const std::vector<kiln::io::array>& out) {
    std::vector<kiln::io::named_array> all;
    for (std::size_t k = 0; k < in.size(); ++k) all.emplace_back("in_" + std::to_string(k), in[k]);
    for (std::size_t k = 0; k < out.size(); ++k) all.emplace_back("out_" + std::to_string(k), out[k]);
    kiln::io::save_npz(folder / (name + ".npz"), all);
}

/// A model of one function, and calls of it.
template <class F>
struct model {
    std::string name;
    F f;
    kiln::session<F> s;
    int n_calls = 0;

    model(std::string called, F function) : name(std::move(called)), f(std::move(function)), s(f) {
        s.initialize(1);
        if constexpr (decltype(s)::table::n > 0) kiln::io::onnx::save(folder / (name + ".onnx"), f, s);
        else kiln::io::onnx::save(folder / (name + ".onnx"), f);
    }
    template <class... A>
    model& with(const A&... in) {
        write_call(name + "-" + std::to_string(n_calls++), {array_of(in)...}, arrays_of(f(s, in...)));
        return *this;
    }
};

/// Numbers from -1 to 1, of integers from -8 to 8, or to 16.
template <class X>
X tame(X x, kiln::i64 first = 0) {
    using T = typename X::value_type;
    for (kiln::i64 k = first; auto& e : x) {
        const kiln::i64 v = (k++ * 7919 + 104) % 17;
        if constexpr (std::is_floating_point_v<T>) e = static_cast<T>(static_cast<double>(v - 8) / 8 + 0.01 * static_cast<double>(k % 7));
        else e = static_cast<T>(std::is_signed_v<T> ? v - 8 : v);
    }
    return x;
}
