// Layers: functions that make their own variables. A layer's name is a scope: dense(h, 10, "readout") has the variables
// "readout/kernel" and "readout/bias".
#pragma once
#include <kiln/run/eval.hpp>

namespace kiln {

/// A name inside a trace: "readout", {"hidden", 3} is "hidden/3".
struct layer_name {
    word text{};
    constexpr layer_name(const char* s) { text.put(s); }
    constexpr layer_name(const char* s, int number) { text.put(s).put("/").put(i64{number}); }
    constexpr word with(const char* variable) const {
        word w = text;
        return w.put("/").put(variable);
    }
};

namespace nn {

/// Uniform on +-sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010.
struct glorot_uniform_initializer {
    static constexpr value initial(builder& b, type t, i64 key) {
        const int r = b.length(t.shape);
        const double fan_in = r > 0 ? static_cast<double>(b.at(t.shape, r > 1 ? r - 2 : 0)) : 1;
        const double fan_out = r > 0 ? static_cast<double>(b.at(t.shape, r - 1)) : 1;
        const double limit = math::sqrt(6 / (fan_in + fan_out));
        return -limit + 2 * limit * random<random_uniform_op>(b, t, key);
    }
};
inline constexpr glorot_uniform_initializer glorot_uniform{};

/// Normal with standard deviation sqrt(2 / fan_in): He et al. 2015, for relu.
struct he_normal_initializer {
    static constexpr value initial(builder& b, type t, i64 key) {
        const int r = b.length(t.shape);
        const double fan_in = r > 0 ? static_cast<double>(b.at(t.shape, r > 1 ? r - 2 : 0)) : 1;
        return math::sqrt(2 / fan_in) * random<random_normal_op>(b, t, key);
    }
};
inline constexpr he_normal_initializer he_normal{};

/// dense(x, units, name): matmul(x, kernel) + bias, x of shape [..., features]. kernel: Glorot uniform, bias: zeros.
template <initializer W = glorot_uniform_initializer, initializer B = full_initializer<0>>
constexpr value dense(operand x, int units, layer_name name, W = {}, B = {}) {
    const value h = x.v;
    builder& b = *h.b;
    if (h.rank() == 0 || is_product(h.extent(-1))) {
        b.fail("dense", "the last axis must be a number", b.shape_text(h.n().shape), builder::text("reshape it first"));
        return h;
    }
    const type kernel{b.intern(ints(h.extent(-1), units)), h.element()}, bias{b.intern(ints(units)), h.element()};
    const value w = variable_of(b, name.with("kernel").s, kernel, W{}), c = variable_of(b, name.with("bias").s, bias, B{});
    return matmul(h, w) + c;
}

template <int Units, text Name>
struct dense_call {
    static constexpr value apply(operand x) { return dense(x, Units, Name.s); }
};
/// dense<10, "readout">(x) on expressions.
template <int Units, text Name>
constexpr value dense(operand x) { return dense_call<Units, Name>::apply(x); }
template <int Units, text Name, expression X>
constexpr auto dense(X x) { return X::template lift<dense_call<Units, Name>>(x); }

}  // namespace nn
}  // namespace kiln
