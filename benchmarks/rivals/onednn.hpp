// oneDNN: one primitive and its arguments, made once, run as often as one likes; on one thread.
#pragma once
#include "../side_by_side.hpp"

#if KILN_BENCH_ONEDNN
#ifdef _OPENMP
#include <omp.h>
#endif
#include <dnnl.hpp>

#include <unordered_map>

namespace onednn {

using dims = dnnl::memory::dims;
using tag = dnnl::memory::format_tag;
inline constexpr auto f32 = dnnl::memory::data_type::f32;
inline constexpr auto forward = dnnl::prop_kind::forward_inference;

inline dnnl::engine& engine() {
    static dnnl::engine e = [] {
#ifdef _OPENMP
        omp_set_num_threads(1);
#endif
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

}  // namespace onednn
#endif
