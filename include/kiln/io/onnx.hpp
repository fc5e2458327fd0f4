// ONNX models: a function as a file that ONNX Runtime and others run. Needs protozero.
#pragma once
#include <filesystem>
#include <span>
#include <string>

#include "kiln/expr/error.hpp"
#include "kiln/expr/print.hpp"
#include "kiln/io/onnx_nodes.hpp"
#include "kiln/io/output_file.hpp"
#include "kiln/run/function.hpp"
#include "kiln/version.hpp"

namespace kiln::io {

namespace detail {

/// What is wrong with saving a function F with a session S, seen from their types.
template <class F, class S>
struct onnx_check {
    static constexpr finding found = [] {
        call_checker<typename F::in> c{};
        c.where = "onnx";
        if (F::sig.updates > 0)
            c.fail("the function has updates", builder::text("a model has no state"), builder::text("save one with outputs alone"));
        if constexpr (session_like<S>) c.template session<S>();
        else if (c.no_session(); c.f && F::sig.updates == 0) c.f.right = builder::text("use save(path, f, session)");
        return c.f;
    }();
    static constexpr bool wrong = static_cast<bool>(found);
};
template <class E>
inline constexpr auto bodies_of_expression = bodies_of(E::graph);

inline void save_onnx(const std::filesystem::path& path, const onnx_source& s, std::span<const stored_variable> variables) {
    const outline_view& g = s.graph;
    onnx_builder to(path, g);
    onnx_body b{s, g, to, variables, std::vector<onnx_value>(static_cast<std::size_t>(g.n))};
    std::string graph, model;
    onnx_message<onnx_graph_field> graph_message(graph);
    graph_message.add_string(onnx_graph_field::name, "kiln");
    for (int k = 0; k < s.n_inputs; ++k) {
        const int i = g.root(s.first_input + k);
        b.set(i, to.unique(shown_name(g.text_of(b.attribute(i, 0)))));
        to.add_input(b.value(i).name, b.node(i).shape);
        graph_message.add_message(onnx_graph_field::input, to.value_info(b.value(i).name, b.type(i), b.extents(i)));
    }
    onnx_builder::names outputs;
    for (int k = 0; k < s.n_outputs; ++k) outputs.push_back(to.unique("output_" + std::to_string(k)));
    write_nodes(b, s.n_outputs);
    for (int k = 0; k < s.n_outputs; ++k) {
        const int i = g.root(k);
        const std::string& name = outputs[static_cast<std::size_t>(k)];
        to.begin(name);
        to.add("Identity", {b.whole(i)}, {}, {name});
        graph_message.add_message(onnx_graph_field::output, to.value_info(name, b.type(i), b.extents(i)));
    }
    graph += to.outer_nodes;
    graph += to.initializers;
    to.require_size(graph.size());

    onnx_message<onnx_model_field> m(model);
    m.add_int64(onnx_model_field::ir_version, onnx_ir_version);
    m.add_string(onnx_model_field::producer_name, "kiln");
    m.add_string(onnx_model_field::producer_version, version);
    onnx_message<onnx_opset_field>(m, onnx_model_field::opset_import).add_int64(onnx_opset_field::version, onnx_opset);
    m.add_message(onnx_model_field::graph, graph);
    write_file(path, {reinterpret_cast<const unsigned char*>(model.data()), model.size()});
}

template <class F, class S>
void save_onnx_of(const std::filesystem::path& path, S* session) {
    if constexpr (onnx_check<F, S>::wrong) {
        using C = onnx_check<F, S>;
        static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
    } else {
        const auto& bodies = bodies_of_expression<typename F::E>;
        constexpr signature sig = F::sig;
        const onnx_source source{outline_of_expression<typename F::E>.view(), sig.outputs, sig.outputs, sig.inputs, bodies.pool, bodies.regions};
        if constexpr (session_like<S>) {
            const auto rows = session->rows();
            save_onnx(path, source, rows);
        } else save_onnx(path, source, {});
    }
}

}  // namespace detail

namespace onnx {

/// Writes the outputs of a function as an ONNX model (opset 17, IR 8), the whole file or none of it; the variables are part of it
/// with the values that they have in the session.
///
/// Inputs are called as the placeholders, outputs output_0, output_1, ...; named extents are symbolic dimensions. Numbers are the
/// same up to rounding, with these exceptions: random numbers are those of whoever runs the model; where NaN meets max, min
/// (over axes), max_pool and top_k, what comes out is up to that, too. Exact where ONNX leaves it open: whole division by 0,
/// casts of numbers that do not fit, shifts by too much.
///
/// Convolutions and pools of float32 become Conv, ConvTranspose, MaxPool and AveragePool; what is left (other dtypes, flipped
/// and depthwise ones, groups where channels come last, gradients of filters and of max_pool) Gather and MatMul.
/// Operations for which ONNX Runtime has no kernel of a small integer dtype are computed in int32 or int64. It has none of float64
/// for tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, erf and softplus, and so runs no model with those.
///
/// A function with updates is a compile error. Throws `value_error` where ONNX has no such operation (random_bits,
/// truncated_normal, &, | and ^ of integers, operations of your own), where the model would have more than 2 GiB,
/// `uninitialized_error` where a variable has no value, and `io_error` where the file cannot be written.
template <class P, class... D, session_like S>
void save(const std::filesystem::path& path, const basic_function<P, D...>&, S& session) {
    detail::save_onnx_of<basic_function<P, D...>>(path, &session);
}
/// The same for a function without variables.
template <class P, class... D>
void save(const std::filesystem::path& path, const basic_function<P, D...>&) {
    detail::save_onnx_of<basic_function<P, D...>>(path, static_cast<int*>(nullptr));
}
/// What was refused before is passed over in silence.
template <class F, class... S>
    requires(std::is_same_v<F, failed_function> || (std::is_base_of_v<failed_session, S> || ...))
void save(const std::filesystem::path&, const F&, S&...) {}

}  // namespace onnx
}  // namespace kiln::io
