// oneDNN: one primitive and its arguments, made once, run as often as one likes; on one thread.
#pragma once
#include "../side_by_side.hpp"

#if KILN_BENCH_ONEDNN
#include <dlfcn.h>
#include <dnnl.hpp>

#include <unordered_map>

namespace onednn {

using dims = dnnl::memory::dims;
using tag = dnnl::memory::format_tag;
inline constexpr auto f32 = dnnl::memory::data_type::f32;
inline constexpr auto forward = dnnl::prop_kind::forward_inference;

inline dnnl::engine& engine() {
    static dnnl::engine e = [] {
        // its runtime of OpenMP, whichever that is; these programs have none of their own
        if (void* const set = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) reinterpret_cast<void (*)(int)>(set)(1);
        return dnnl::engine(dnnl::engine::kind::cpu, 0);
    }();
    return e;
}
inline dnnl::stream& stream() {
    static dnnl::stream s(engine());
    return s;
}
inline dnnl::memory::desc plain(const dims& d) {
    constexpr tag of_rank[] = {tag::undef, tag::a, tag::ab, tag::abc, tag::abcd};
    return {d, f32, of_rank[d.size()]};
}
inline dnnl::memory at(const dnnl::memory::desc& d, const void* p) { return {d, engine(), const_cast<void*>(p)}; }
/// Memory in the order that a primitive asks for, filled from plain memory.
inline dnnl::memory reordered(const dnnl::memory& from, const dnnl::memory::desc& to) {
    dnnl::memory m(to, engine());
    dnnl::memory source = from;
    dnnl::reorder(source, m).execute(stream(), source, m);
    stream().wait();
    return m;
}

struct call {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
    void operator()() {
        primitive.execute(stream(), arguments);
        stream().wait();
    }
};

inline call eltwise(dnnl::algorithm a, const dims& d, const float* x, float* y) {
    const auto m = plain(d);
    const dnnl::eltwise_forward::primitive_desc p({forward, a, m, 0.0f, 0.0f}, engine());
    return {dnnl::eltwise_forward(p), {{DNNL_ARG_SRC, at(m, x)}, {DNNL_ARG_DST, at(m, y)}}};
}
inline call softmax(const dims& d, const float* x, float* y) {
    const auto m = plain(d);
    const dnnl::softmax_forward::primitive_desc p({forward, m, static_cast<int>(d.size()) - 1}, engine());
    return {dnnl::softmax_forward(p), {{DNNL_ARG_SRC, at(m, x)}, {DNNL_ARG_DST, at(m, y)}}};
}
/// Normalised rows, times gain, plus offset.
inline call layer_norm(const dims& d, const float* x, const float* gain, const float* offset, float* y) {
    using flags = dnnl::normalization_flags;
    const auto m = plain(d), c = plain({d.back()});
    const dnnl::layer_normalization_forward::primitive_desc p({forward, m, 1e-5f, flags::use_scale | flags::use_shift}, engine());
    return {dnnl::layer_normalization_forward(p), {{DNNL_ARG_SRC, at(m, x)}, {DNNL_ARG_SCALE, at(c, gain)},
                                                   {DNNL_ARG_SHIFT, at(c, offset)}, {DNNL_ARG_DST, at(m, y)}}};
}

/// y = x w, and relu(x w + bias) with a bias. Weights lie as the primitive likes them.
inline call matmul(long m, long n, long k, const float* x, const float* w, const float* bias, float* y) {
    const auto any = dnnl::memory::desc(dims{k, n}, f32, tag::any);
    dnnl::primitive_attr attributes;
    if (bias) {
        dnnl::post_ops then;
        then.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
        attributes.set_post_ops(then);
    }
    const auto a = plain({m, k}), b = plain({1, n}), c = plain({m, n});
    const auto d = bias ? dnnl::matmul::desc(a, any, b, c) : dnnl::matmul::desc(a, any, c);
    const dnnl::matmul::primitive_desc p(d, attributes, engine());
    call f{dnnl::matmul(p), {{DNNL_ARG_SRC, at(a, x)}, {DNNL_ARG_WEIGHTS, reordered(at(plain({k, n}), w), p.weights_desc())},
                             {DNNL_ARG_DST, at(c, y)}}};
    if (bias) f.arguments.emplace(DNNL_ARG_BIAS, at(b, bias));
    return f;
}

/// Convolutions of `images` square images with stride 1; all operands lie as the primitives like them. kiln's order is nhwc, hwio. By channel: as many filters
/// as channels, each of one of them.
struct convolution {
    long images, in, out, extent, size, pad;
    long groups = 1;
    dnnl::memory x{}, w{}, z{};          // as the forward primitive likes them
    dnnl::memory dx{}, dw{};

    long out_extent() const { return extent + 2 * pad - size + 1; }
    dnnl::memory::desc any(const dims& d) const { return {d, f32, tag::any}; }
    dims x_dims() const { return {images, in, extent, extent}; }
    dims w_dims() const { return groups > 1 ? dims{groups, out / groups, in / groups, size, size} : dims{out, in, size, size}; }
    tag w_tag() const { return groups > 1 ? tag::decab : tag::hwio; }
    dims z_dims() const { return {images, out, out_extent(), out_extent()}; }

    auto hint() const {
        return dnnl::convolution_forward::primitive_desc({dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, any(x_dims()),
                                                          any(w_dims()), any(z_dims()), {1, 1}, {pad, pad}, {pad, pad}}, engine());
    }
    call forward_of(const float* from_x, const float* from_w) {
        const auto p = hint();
        x = reordered(at({x_dims(), f32, tag::nhwc}, from_x), p.src_desc());
        w = reordered(at({w_dims(), f32, w_tag()}, from_w), p.weights_desc());
        z = dnnl::memory(p.dst_desc(), engine());
        return {dnnl::convolution_forward(p), {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, z}}};
    }
    call data_gradient_of(const float* from_z, const float* from_w) {
        const dnnl::convolution_backward_data::primitive_desc p({dnnl::algorithm::convolution_direct, any(x_dims()), any(w_dims()), any(z_dims()),
                                                                 {1, 1}, {pad, pad}, {pad, pad}}, engine(), hint());
        dx = dnnl::memory(p.diff_src_desc(), engine());
        return {dnnl::convolution_backward_data(p), {{DNNL_ARG_DIFF_DST, reordered(at({z_dims(), f32, tag::nhwc}, from_z), p.diff_dst_desc())},
                                                     {DNNL_ARG_WEIGHTS, reordered(at({w_dims(), f32, w_tag()}, from_w), p.weights_desc())},
                                                     {DNNL_ARG_DIFF_SRC, dx}}};
    }
    call filter_gradient_of(const float* from_x, const float* from_z) {
        const dnnl::convolution_backward_weights::primitive_desc p({dnnl::algorithm::convolution_direct, any(x_dims()), any(w_dims()), any(z_dims()),
                                                                    {1, 1}, {pad, pad}, {pad, pad}}, engine(), hint());
        dw = dnnl::memory(p.diff_weights_desc(), engine());
        return {dnnl::convolution_backward_weights(p), {{DNNL_ARG_SRC, reordered(at({x_dims(), f32, tag::nhwc}, from_x), p.src_desc())},
                                                        {DNNL_ARG_DIFF_DST, reordered(at({z_dims(), f32, tag::nhwc}, from_z), p.diff_dst_desc())},
                                                        {DNNL_ARG_DIFF_WEIGHTS, dw}}};
    }
    /// A result in kiln's order.
    static void copy(const dnnl::memory& m, const dims& d, tag t, float* to) {
        dnnl::memory source = m, target = at({d, f32, t}, to);
        dnnl::reorder(source, target).execute(stream(), source, target);
        stream().wait();
    }
};

/// Averages of windows side by side, of images whose channels come last.
inline call average(long images, long channels, long extent, long size, const float* x, float* y) {
    const dnnl::memory::desc from({images, channels, extent, extent}, f32, tag::nhwc), to({images, channels, extent / size, extent / size}, f32, tag::nhwc);
    const dnnl::pooling_forward::primitive_desc p({forward, dnnl::algorithm::pooling_avg_exclude_padding, from, to, {size, size}, {size, size}, {0, 0}, {0, 0}}, engine());
    return {dnnl::pooling_forward(p), {{DNNL_ARG_SRC, at(from, x)}, {DNNL_ARG_DST, at(to, y)}}};
}

}  // namespace onednn
#endif
