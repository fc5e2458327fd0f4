// An ONNX model while it is built: nodes, constants, names, and the extents that only run time knows.
#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kiln/core/error.hpp"
#include "kiln/graph/outline.hpp"
#include "kiln/io/onnx_messages.hpp"

namespace kiln::io::detail {

/// Values are known by their names, each of which is given once.
class onnx_builder {
public:
    using names = std::vector<std::string>;

    onnx_builder(const std::filesystem::path& path, const outline_view& graph) : graph_(graph), path_(path) {}

    [[noreturn]] void refuse(const std::string& what) const {
        throw value_error("\"" + path_.string() + "\": expected what ONNX has, but " + what);
    }
    /// The name itself where it is new, else with a number behind.
    std::string unique(const std::string& name) {
        if (used_.try_emplace(name, 1).second) return name;
        std::string next;
        do next = name + "_" + std::to_string(used_[name]++);
        while (!used_.try_emplace(next, 1).second);
        return next;
    }
    /// From now on nodes are named after this one.
    void begin(const std::string& name) { name_ = name; }
    const std::string& name() const { return name_; }

    /// Adds a node with these results.
    void add(const char* op, const names& inputs, const names& attributes, const names& results) {
        onnx_message<onnx_graph_field> graph(*nodes_);
        onnx_message<onnx_node_field> n(graph, onnx_graph_field::node);
        for (const std::string& s : inputs) n.add_string(onnx_node_field::input, s);
        for (const std::string& s : results) n.add_string(onnx_node_field::output, s);
        n.add_string(onnx_node_field::name, results[0]);
        n.add_string(onnx_node_field::op_type, op);
        for (const std::string& s : attributes) n.add_message(onnx_node_field::attribute, s);
    }
    /// Adds a node; its results.
    names nodes(const char* op, const names& inputs, const names& attributes, int n_results) {
        names results;
        for (int k = 0; k < n_results; ++k) results.push_back(unique(name_));
        add(op, inputs, attributes, results);
        return results;
    }
    std::string node(const char* op, const names& inputs, const names& attributes = {}) {
        return nodes(op, inputs, attributes, 1)[0];
    }
    std::string cast(const std::string& x, dtype to) { return node("Cast", {x}, {onnx_attribute("to", i64{onnx_type(to)})}); }

    void require_size(u64 bytes) const {
        constexpr u64 most = std::numeric_limits<std::int32_t>::max();   // of a message
        if (bytes > most) refuse("the model would have more than 2 GiB");
    }
    /// A tensor that is part of the model.
    template <class Extents>
    void initializer(const std::string& name, dtype type, const Extents& shape, std::string_view elements) {
        require_size(u64{initializers.size()} + elements.size());
        onnx_message<onnx_graph_field>(initializers).add_message(onnx_graph_field::initializer, onnx_tensor(name, type, shape, elements));
    }
    /// A constant tensor, made once.
    std::string constant(dtype type, const std::vector<i64>& shape, const std::string& elements) {
        std::string key = std::to_string(static_cast<int>(type)) + ":";
        for (const i64 e : shape) key += std::to_string(e) + ",";
        std::string& name = constants_[key + ":" + elements];
        if (name.empty()) initializer(name = unique("constant"), type, shape, elements);
        return name;
    }
    /// A number of rank 0, given as the bits of a literal.
    std::string number(dtype type, i64 bits) {
        std::string elements(static_cast<std::size_t>(size_of(type)), '\0');
        if (type == dtype::float32) {
            const float narrow = static_cast<float>(double_of(bits));
            std::memcpy(elements.data(), &narrow, sizeof narrow);
        } else std::memcpy(elements.data(), &bits, elements.size());   // the low bytes of an integer
        return constant(type, {}, elements);
    }
    std::string integers(const std::vector<i64>& v, const std::vector<i64>& shape) {
        return constant(dtype::int64, shape, {reinterpret_cast<const char*>(v.data()), v.size() * sizeof(i64)});
    }
    std::string integers(const std::vector<i64>& v) { return integers(v, {static_cast<i64>(v.size())}); }

    // ---- extents
    std::vector<i64> extents_of(int shape) const {
        std::vector<i64> e;
        for (int k = 0; k < graph_.length(shape); ++k) e.push_back(graph_.at(shape, k));
        return e;
    }
    /// An input of the model, whose extents are known by it.
    void add_input(const std::string& name, int shape) {
        const std::vector<i64> e = extents_of(shape);
        for (std::size_t k = 0; k < e.size(); ++k)
            if (is_product(e[k])) known_.try_emplace(e[k], source{name, static_cast<i64>(k)});
    }
    /// An extent as a vector of one int64.
    std::string extent(i64 e) {
        if (!is_product(e)) return integers({e});
        std::string& name = extents_[e];
        if (!name.empty()) return name;
        const outermost here(*this);   // bodies may use what is outside of them, but not the other way
        if (const auto at = known_.find(e); at != known_.end()) return name = shape_of(at->second);
        const int list = static_cast<int>(extent_tag - e);
        std::string product = named_extent(graph_.at(list, 1));
        for (int k = 2; k < graph_.length(list); ++k) product = node("Mul", {product, named_extent(graph_.at(list, k))});
        if (const i64 factor = graph_.at(list, 0); factor != 1) product = node("Mul", {product, integers({factor})});
        return name = product;
    }
    /// Extents as a vector of int64.
    std::string shape(const std::vector<i64>& extents) {
        if (is_static(extents)) return integers(extents);
        std::string& name = shapes_[extents];
        if (!name.empty()) return name;
        names parts;
        for (const i64 e : extents) parts.push_back(extent(e));
        const outermost here(*this);
        return name = node("Concat", parts, {onnx_attribute("axis", i64{0})});
    }
    /// The same elements under another shape.
    std::string reshaped(const std::string& x, const std::vector<i64>& extents) {
        std::vector<i64> e = extents;
        int n_named = 0;
        bool empty = false;
        for (i64& v : e) {
            empty |= v == 0;
            if (is_product(v)) {
                ++n_named;
                v = -1;   // follows from the others
            }
        }
        if (!empty && n_named < 2) return node("Reshape", {x, integers(e)});
        return node("Reshape", {x, shape(extents)}, {onnx_attribute("allowzero", i64{1})});
    }
    std::string transposed(const std::string& x, const std::vector<i64>& axes) {
        return node("Transpose", {x}, {onnx_attribute("perm", axes)});
    }
    static bool is_static(const std::vector<i64>& extents) {
        for (const i64 e : extents)
            if (is_product(e)) return false;
        return true;
    }

    /// A name, a dtype and a shape, a serialized ValueInfoProto.
    std::string value_info(const std::string& name, dtype type, const std::vector<i64>& extents) const {
        std::string bytes, shape;
        onnx_message<onnx_shape_field> s(shape);
        for (const i64 e : extents) {
            std::string dim;   // of a product of names nothing is said
            onnx_message<onnx_dim_field> d(dim);
            if (!is_product(e)) d.add_int64(onnx_dim_field::dim_value, e);
            else if (is_single(e)) d.add_string(onnx_dim_field::dim_param, graph_.text_of(graph_.at(static_cast<int>(extent_tag - e), 1)));
            s.add_message(onnx_shape_field::dim, dim);
        }
        onnx_message<onnx_value_field> v(bytes);
        v.add_string(onnx_value_field::name, name);
        onnx_message<onnx_type_field> t(v, onnx_value_field::type);
        onnx_message<onnx_tensor_type_field> tensor(t, onnx_type_field::tensor_type);
        tensor.add_enum(onnx_tensor_type_field::elem_type, onnx_type(type));
        tensor.add_message(onnx_tensor_type_field::shape, shape);   // also of rank 0, where it is empty
        return bytes;
    }
    /// What `f` adds belongs to a body; its nodes.
    template <class F>
    std::string in_body(F f) {
        std::string nodes;
        std::string* const outside = std::exchange(nodes_, &nodes);
        f();
        nodes_ = outside;
        return nodes;
    }

    std::string outer_nodes, initializers;   // as fields of a GraphProto

private:
    struct source {
        std::string input;
        i64 axis;
    };
    /// While it lives, nodes are added outside of all bodies.
    struct outermost {
        onnx_builder& b;
        std::string* const nodes;
        const std::string name;
        explicit outermost(onnx_builder& to) : b(to), nodes(std::exchange(to.nodes_, &to.outer_nodes)), name(std::exchange(to.name_, "extent")) {}
        ~outermost() {
            b.nodes_ = nodes;
            b.name_ = name;
        }
        outermost(const outermost&) = delete;
        outermost& operator=(const outermost&) = delete;
    };

    /// Is the extent one name?
    bool is_single(i64 e) const {
        const int list = static_cast<int>(extent_tag - e);
        return graph_.length(list) == 2 && graph_.at(list, 0) == 1;
    }
    std::string shape_of(const source& s) {
        return node("Shape", {s.input}, {onnx_attribute("start", s.axis), onnx_attribute("end", s.axis + 1)});
    }
    /// What a name stands for, from an input that has it as an extent, or a multiple of it.
    std::string named_extent(i64 name) {
        const name_and_number sum = name_and_number_of(graph_.text_of(name));
        for (const auto& [e, from] : known_) {   // "n - 3" from "n"
            const int list = static_cast<int>(extent_tag - e);
            if (sum.number != 0 && graph_.length(list) == 2 && sum.is_name(graph_.text_of(graph_.at(list, 1))))
                return node("Add", {named_extent(graph_.at(list, 1)), integers({sum.number})});
        }
        for (const auto& [e, from] : known_) {
            const int list = static_cast<int>(extent_tag - e);
            if (graph_.length(list) != 2 || graph_.at(list, 1) != name || graph_.at(list, 0) == 0) continue;
            if (is_single(e)) return extent(e);
            return node("Div", {extent(e), integers({graph_.at(list, 0)})});
        }
        refuse("no input says what the extent \"" + std::string(graph_.text_of(name)) + "\" is");
    }

    const outline_view& graph_;
    const std::filesystem::path& path_;
    std::string name_;
    std::string* nodes_ = &outer_nodes;
    std::map<std::string, int> used_;
    std::map<std::string, std::string> constants_;
    std::map<i64, source> known_;
    std::map<i64, std::string> extents_;
    std::map<std::vector<i64>, std::string> shapes_;
};

}  // namespace kiln::io::detail
