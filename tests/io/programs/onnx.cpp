// One model for every group of operations and every dtype: what kiln does of onnx.py.
#include <cstdint>
#include <limits>
#include <string>

#include "onnx_models.hpp"

namespace {

using namespace kiln;

/// The k-th of a cycle of numbers, the odd ones among them.
template <class T>
T number(i64 k) {
    if constexpr (std::is_same_v<T, bool>) return k % 3 == 0;
    else if constexpr (std::is_floating_point_v<T>) {
        constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
        constexpr T cycle[] = {T(0.5), T(-0.5), T(1.5), T(2.5), T(-1.5), T(0), -T(0), T(1), T(-1), T(3.25), T(-3.25), T(1e-6), T(-1e-6),
                               T(1e-3), T(20), T(-20), T(80), T(-80), T(0.999), nan, inf, -inf, T(7), T(0.1)};
        return cycle[k % 24];
    } else {
        constexpr T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
        constexpr T cycle[] = {T(7), T(3), T(0), T(-3), low, T(1), high, T(-1), T(-7), T(2), T(100), T(5), T(low + 1), T(11), T(-2)};
        return cycle[k % 15];
    }
}
template <class X>
X odd(X x, i64 first = 0, i64 step = 1) {
    for (i64 k = 0; auto& e : x) e = number<typename X::value_type>(first + step * k++);
    return x;
}
template <class T>
std::string of() { return std::string("_of_") + name_of(dtype_of<T>); }

// Functions of one number.
struct elementary_functions {
    constexpr auto operator()(value x) const {
        return values{exp(x), exp2(x), expm1(x), log(x), log2(x), log10(x), log1p(x), sqrt(x), rsqrt(x), sin(x), cos(x), tanh(x),
                      sigmoid(x), floor(x), ceil(x), round(x), trunc(x), reciprocal(x), elu(x), leaky_relu(x), isfinite(x)};
    }
};
/// ONNX Runtime has them for float alone, or with fewer digits where they are small.
struct rare_functions {
    constexpr auto operator()(value x) const {
        return values{tan(x), asin(x), acos(x), atan(x), sinh(x), cosh(x), asinh(x), acosh(x), atanh(x), erf(x), erfc(x),
                      softplus(x), gelu(x), swish(x), atan2(x, transpose(x, {1, 0})), atan2(1 / x, transpose(x, {1, 0}))};
    }
};
template <class T>
void functions() {
    constexpr auto x = placeholder<"x", T, 12, 12>;
    const auto numbers = odd(tensor<T, 12, 12>()), others = odd(tensor<T, 12, 12>(), 5, 7);
    model("functions" + of<T>(), function(inputs(x), trace(elementary_functions{}, x))).with(numbers);
    model("rare" + of<T>(), function(inputs(x), trace(rare_functions{}, x))).with(numbers).with(others);
}

// Arithmetic of two operands that broadcast, reductions and views, for every dtype.
struct arithmetic_operations {
    constexpr auto operator()(value x, value y) const {
        return values{x + y, x - y, x * y, x / y, x % y, mod(x, y), floor_divide(x, y), maximum(x, y), minimum(x, y), clip(x, y, 3),
                      x < y, x <= y, x > y, x >= y, x == y, not_equal(x, y), where(x < y, x, y), -x, abs(x), sign(x), square(x), relu(x),
                      isnan(x), isinf(x), isfinite(x + 0 * y), stop_gradient(y), x / 3, mod(x, 3)};
    }
};
struct casts {
    constexpr auto operator()(value x) const {
        return values{cast<bool>(x), cast<std::int8_t>(x), cast<std::int16_t>(x), cast<std::int32_t>(x), cast<std::int64_t>(x),
                      cast<std::uint8_t>(x), cast<std::uint16_t>(x), cast<std::uint32_t>(x), cast<std::uint64_t>(x),
                      cast<float>(x), cast<double>(x)};
    }
};
struct reductions {
    constexpr auto operator()(value x) const {
        const value p = top_k(x, 2), none = top_k(x, 0);
        return values{sum(x), sum(x, {0}), prod(x, {-1}), max(x, {0, 2}), min(x, {1}, keepdims), argmax(x, {1}), argmin(x), result(p, 0),
                      result(p, 1), result(none, 0), max(x), matmul(x, transpose(x, {0, 2, 1})), matmul(x, ones_like(sum(x, {0, 1}))),
                      dot(x, transpose(x, {1, 2, 0})), outer(sum(x, {0, 1}), sum(x, {0, 2}))};
    }
};
template <class T>
void arithmetic_of() {
    constexpr auto x = placeholder<"x", T, "batch", 15>;
    constexpr auto y = placeholder<"y", T, "batch", 1>;
    constexpr auto z = placeholder<"z", T, "batch", 3, 4>;
    model("arithmetic" + of<T>(), function(inputs(x, y), trace(arithmetic_operations{}, x, y)))
        .with(odd(tensor<T, dynamic, 15>(24), 0, std::is_floating_point_v<T> ? 5 : 1), odd(tensor<T, dynamic, 1>(24)))
        .with(odd(tensor<T, dynamic, 15>(1)), odd(tensor<T, dynamic, 1>(1), 2)).with(tensor<T, dynamic, 15>(0), tensor<T, dynamic, 1>(0));
    model("casts" + of<T>(), function(inputs(x), trace(casts{}, x))).with(odd(tensor<T, dynamic, 15>(3)));
    model("reductions" + of<T>(), function(inputs(z), trace(reductions{}, z)))
        .with(tame(tensor<T, dynamic, 3, 4>(2))).with(tame(tensor<T, dynamic, 3, 4>(1), 3));
}
struct shifts {
    constexpr auto operator()(value x, value y) const { return values{left_shift(x, y), right_shift(x, y), ~x}; }
};
template <class T>
void bits_of_dtype() {
    constexpr auto x = placeholder<"x", T, 15>;
    constexpr auto y = placeholder<"y", T, 15>;
    auto count = tame(tensor<T, 15>());
    count(3) = T(-1);
    count(4) = T(63);
    count(5) = T(64);
    model("shifts" + of<T>(), function(inputs(x, y), trace(shifts{}, x, y)))
        .with(odd(tensor<T, 15>()), count).with(odd(tensor<T, 15>(), 1), count);
}
void logic() {
    constexpr auto p = placeholder<"p", bool, "batch", 4>;
    constexpr auto q = placeholder<"q", bool, 4>;
    model("logic", function(inputs(p, q), trace([](value a, value b) {
        return values{a && b, a || b, logical_xor(a, b), !a, a & b, a | b, a ^ b, ~a, a < b, a >= b, a == b, where(a, b, a),
                      any(a, {0}), all(a, {1}), any(a), all(a)};
    }, p, q))).with(odd(tensor<bool, dynamic, 4>(3)), odd(tensor<bool, 4>(), 1)).with(tensor<bool, dynamic, 4>(0), odd(tensor<bool, 4>()));
    model("casts_of_bool", function(inputs(p), trace(casts{}, p))).with(odd(tensor<bool, dynamic, 4>(2)));
}

// Views, generators, extents that are named; rank 0 and no elements.
void shapes() {
    constexpr auto x = placeholder<"x", float, "batch", 12>;
    constexpr auto y = placeholder<"y", float, "batch", "time", 3>;
    constexpr auto k = placeholder<"labels", std::int64_t, "batch">;
    model("views", function(inputs(x), trace([](value v) {
        const value h = reshape(v, {-1, 3, 4});
        return values{h, transpose(h, {2, 0, 1}), transpose(v, {1, 0}), ravel(v), expand_dims(v, 1), squeeze(expand_dims(v, 0)),
                      broadcast_to(v, {2, "batch", 12}), broadcast_to(sum(v, {0}), {"batch", 12}), reshape(v, {"batch", 2, 3, 2}),
                      broadcast_to(sum(v), {3, "batch"})};
    }, x))).with(tame(tensor<float, dynamic, 12>(3))).with(tame(tensor<float, dynamic, 12>(1))).with(tensor<float, dynamic, 12>(0));
    model("sections", function(inputs(x), trace([](value v) {
        const value t = pad(v[slice(1, none)] - v[slice(0, -1)], {{1, 0}, {0, 0}});
        return values{v[slice(1, none)], slice(v, slice(none, none), slice(2, -3)), pad(v, {1, 2}), pad(v, {{0, 1}, {2, 0}}), t, v[slice(-2, none)], v[slice(0, 2)] * 2.0,
                      v[1], pad(cast(v, dtype::int16), {1, 0}), pad(v > 0, {0, 1}), pad(v[slice(-2, none)], {1, 1}), slice(v, slice(none, none), slice(4, 4)),
                      matmul(transpose(v[slice(1, none)]), v[slice(0, -1)])};
    }, x))).with(tame(tensor<float, dynamic, 12>(3))).with(tame(tensor<float, dynamic, 12>(2)));
    model("extents", function(inputs(y), trace([](value v) {
        const value h = reshape(v, {extent("batch") * extent("time"), 3});
        return values{h, reshape(h, {"batch", "time", 3}), transpose(v, {1, 0, 2}), mean(v), mean(v, {1}), softmax(h), max(v, {0, 1}),
                      reshape(transpose(v, {1, 0, 2}), {"time", extent("batch") * 3}), argmax(v, {0, 1}),
                      matmul(v, transpose(v, {0, 2, 1}))};
    }, y))).with(tame(tensor<float, dynamic, dynamic, 3>(2, 5))).with(tame(tensor<float, dynamic, dynamic, 3>(4, 1)));
    model("generators", function(inputs(k), outputs(
        one_hot<5>(k), one_hot<5, double>(k), zeros_like(k), ones(shape<float, "batch", 2>), iota<4>, iota<6, float>, full<2.5>(shape<double, 3>),
        7_c, 0.25_c, zeros(shape<std::int8_t, 0, 3>), full<true>(shape<bool>))))
        .with(tensor<std::int64_t, dynamic>{4, 0, 9}).with(tensor<std::int64_t, dynamic>{1});
}

}  // namespace

int main(int, char** arguments) {
    folder = arguments[1];
    functions<float>();
    functions<double>();
    arithmetic_of<float>();
    arithmetic_of<double>();
    arithmetic_of<std::int8_t>();
    arithmetic_of<std::int16_t>();
    arithmetic_of<std::int32_t>();
    arithmetic_of<std::int64_t>();
    arithmetic_of<std::uint8_t>();
    arithmetic_of<std::uint16_t>();
    arithmetic_of<std::uint32_t>();
    arithmetic_of<std::uint64_t>();
    bits_of_dtype<std::int8_t>();
    bits_of_dtype<std::uint16_t>();
    bits_of_dtype<std::int32_t>();
    bits_of_dtype<std::int64_t>();
    bits_of_dtype<std::uint64_t>();
    logic();
    shapes();
}
