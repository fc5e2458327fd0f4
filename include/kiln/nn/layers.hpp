// Layers: functions that make their own variables. A layer's name is a scope: dense(h, 10, "readout") has the variables
// "readout/kernel" and "readout/bias".
#pragma once
#include <kiln/ops/convolution.hpp>
#include <kiln/run/eval.hpp>

namespace kiln {

namespace nn {

/// How many numbers a unit reads, how many units read a number: of a matrix [in, out], of filters [spatial..., in, out].
struct fans {
    double in = 1, out = 1;
    constexpr fans(const builder& b, int shape) {
        const int r = b.length(shape);
        for (int k = 0; k + 2 < r; ++k) in *= static_cast<double>(b.at(shape, k));
        out = in;
        if (r > 0) in *= static_cast<double>(b.at(shape, r > 1 ? r - 2 : 0));
        if (r > 0) out *= static_cast<double>(b.at(shape, r - 1));
    }
};
/// Uniform on +-sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010.
struct glorot_uniform_initializer {
    static constexpr value initial(builder& b, type t, i64 key) {
        const fans f(b, t.shape);
        const double limit = math::sqrt(6 / (f.in + f.out));
        return -limit + 2 * limit * random<random_uniform_op>(b, t, key);
    }
};
inline constexpr glorot_uniform_initializer glorot_uniform{};

/// Normal with standard deviation sqrt(2 / fan_in): He et al. 2015, for relu.
struct he_normal_initializer {
    static constexpr value initial(builder& b, type t, i64 key) {
        return math::sqrt(2 / fans(b, t.shape).in) * random<random_normal_op>(b, t, key);
    }
};
inline constexpr he_normal_initializer he_normal{};

/// A parameter of a layer: what makes its first value is in the scope name/Initializer.
template <initializer F>
constexpr value parameter(builder& b, const layer_name& name, type t, F first) {
    const path_guard scope(b, path_of_scope(b, name.with("Initializer/")));
    return variable_of(b, name.s, t, first);
}

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
    const value w = parameter(b, name.with("kernel"), kernel, W{}), c = parameter(b, name.with("bias"), bias, B{});
    const name_scope scope(h, name);
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

/// conv2d<options...>(x, filters, size, name): kiln::conv2d(x, kernel) + bias with square filters; x is [batch, h, w, channels].
/// kernel: Glorot uniform, bias: zeros.
template <class... Options, initializer W = glorot_uniform_initializer, initializer B = full_initializer<0>>
constexpr value conv2d(operand x, int filters, int size, layer_name name, W = {}, B = {}) {
    static_assert(!sliding<Options...>().channels_first && !sliding<Options...>().output_first, "kiln: nn::conv2d is nhwc, hwio");
    const value h = x.v;
    builder& b = *h.b;
    if (h.rank() != 4 || is_product(h.extent(-1))) {
        word what{};
        what.put("rank ").put(i64{h.rank()}).put(", wanted rank 4");
        b.fail("conv2d", what.s, b.shape_text(h.n().shape), builder::text("reshape<-1, h, w, c>(x)"));
        return h;
    }
    const type kernel{b.intern(ints(size, size, h.extent(-1), filters)), h.element()}, bias{b.intern(ints(filters)), h.element()};
    const value w = parameter(b, name.with("kernel"), kernel, W{}), c = parameter(b, name.with("bias"), bias, B{});
    const name_scope scope(h, name);
    return kiln::conv2d<Options...>(h, w) + c;
}

}  // namespace nn
}  // namespace kiln
