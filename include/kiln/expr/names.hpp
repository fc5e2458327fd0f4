// The names that people see: every node of a graph has one, made unique as TensorFlow does it.
#pragma once
#include <kiln/graph/outline.hpp>
#include <kiln/graph/scope.hpp>

#include <concepts>
#include <string>
#include <vector>

namespace kiln {

/// The outline of an expression, as a constant of the program.
template <class E>
inline constexpr auto outline_of_expression = outline_of(E::graph);

/// What TensorFlow calls an operation: the name that its nodes get, and the type of operation that it writes into a graph.
struct tensorflow_name {
    const char *op, *name, *type;   // of std::string_view the table would cost the compiler more than the rest of this header
};
inline constexpr tensorflow_name tensorflow_names[]{
    {"literal", "Const", "Const"}, {"placeholder", "Placeholder", "Placeholder"}, {"variable", "Variable", "VariableV2"},
    {"add", "add", "AddV2"}, {"subtract", "sub", "Sub"}, {"multiply", "mul", "Mul"}, {"divide", "truediv", "RealDiv"},
    {"floor_divide", "floordiv", "FloorDiv"}, {"mod", "mod", "FloorMod"}, {"fmod", "truncatemod", "TruncateMod"},
    {"negative", "Neg", "Neg"}, {"absolute", "Abs", "Abs"}, {"sign", "Sign", "Sign"}, {"square", "Square", "Square"},
    {"sqrt", "Sqrt", "Sqrt"}, {"rsqrt", "Rsqrt", "Rsqrt"}, {"reciprocal", "Reciprocal", "Reciprocal"},
    {"exp", "Exp", "Exp"}, {"expm1", "Expm1", "Expm1"}, {"log", "Log", "Log"}, {"log1p", "Log1p", "Log1p"},
    {"sin", "Sin", "Sin"}, {"cos", "Cos", "Cos"}, {"tan", "Tan", "Tan"}, {"asin", "Asin", "Asin"}, {"acos", "Acos", "Acos"},
    {"atan", "Atan", "Atan"}, {"atan2", "atan2", "Atan2"}, {"sinh", "Sinh", "Sinh"}, {"cosh", "Cosh", "Cosh"},
    {"tanh", "Tanh", "Tanh"}, {"asinh", "Asinh", "Asinh"}, {"acosh", "Acosh", "Acosh"}, {"atanh", "Atanh", "Atanh"},
    {"erf", "Erf", "Erf"}, {"erfc", "Erfc", "Erfc"}, {"floor", "Floor", "Floor"}, {"ceil", "Ceil", "Ceil"},
    {"round", "Round", "Rint"}, {"sigmoid", "Sigmoid", "Sigmoid"}, {"softplus", "Softplus", "Softplus"}, {"relu", "Relu", "Relu"},
    {"pow", "pow", "Pow"}, {"maximum", "Maximum", "Maximum"}, {"minimum", "Minimum", "Minimum"}, {"clip", "clip_by_value", "ClipByValue"},
    {"matmul", "MatMul", "MatMul"}, {"less", "Less", "Less"}, {"less_equal", "LessEqual", "LessEqual"}, {"greater", "Greater", "Greater"},
    {"greater_equal", "GreaterEqual", "GreaterEqual"}, {"equal", "Equal", "Equal"}, {"not_equal", "NotEqual", "NotEqual"},
    {"logical_and", "LogicalAnd", "LogicalAnd"}, {"logical_or", "LogicalOr", "LogicalOr"}, {"logical_not", "LogicalNot", "LogicalNot"},
    {"logical_xor", "LogicalXor", "LogicalXor"}, {"bitwise_and", "BitwiseAnd", "BitwiseAnd"}, {"bitwise_or", "BitwiseOr", "BitwiseOr"},
    {"bitwise_xor", "BitwiseXor", "BitwiseXor"}, {"bitwise_not", "Invert", "Invert"}, {"left_shift", "LeftShift", "LeftShift"},
    {"right_shift", "RightShift", "RightShift"}, {"isnan", "IsNan", "IsNan"}, {"isinf", "IsInf", "IsInf"}, {"isfinite", "IsFinite", "IsFinite"},
    {"where", "Select", "SelectV2"}, {"cast", "Cast", "Cast"}, {"stop_gradient", "StopGradient", "StopGradient"},
    {"sum", "Sum", "Sum"}, {"prod", "Prod", "Prod"}, {"max", "Max", "Max"}, {"min", "Min", "Min"}, {"any", "Any", "Any"}, {"all", "All", "All"},
    {"argmax", "ArgMax", "ArgMax"}, {"argmin", "ArgMin", "ArgMin"}, {"top_k", "TopKV2", "TopKV2"}, {"reshape", "Reshape", "Reshape"},
    {"transpose", "transpose", "Transpose"}, {"slice", "strided_slice", "StridedSlice"}, {"pad", "Pad", "Pad"}, {"expand", "BroadcastTo", "BroadcastTo"}, {"iota", "range", "Range"}, {"size", "Size", "Size"},
    {"random_uniform", "RandomUniform", "RandomUniform"}, {"random_normal", "RandomStandardNormal", "RandomStandardNormal"},
    {"truncated_normal", "TruncatedNormal", "TruncatedNormal"},
    {"mean", "Mean", "Mean"}, {"variance", "Variance", "Variance"}, {"norm", "norm", "EuclideanNorm"}, {"logsumexp", "ReduceLogSumExp", "LogSumExp"},
    {"softmax", "Softmax", "Softmax"}, {"log_softmax", "LogSoftmax", "LogSoftmax"}, {"elu", "Elu", "Elu"}, {"leaky_relu", "LeakyRelu", "LeakyRelu"},
    {"gelu", "Gelu", "Gelu"}, {"softmax_cross_entropy", "SoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits"},
    {"sigmoid_cross_entropy", "logistic_loss", "SigmoidCrossEntropyWithLogits"}, {"conv1d", "conv1d", "Conv1D"}, {"conv2d", "Conv2D", "Conv2D"},
    {"conv3d", "Conv3D", "Conv3D"}, {"depthwise_conv2d", "depthwise", "DepthwiseConv2dNative"}, {"separable_conv2d", "separable_conv2d", "SeparableConv2D"},
    {"conv1d_transpose", "conv1d_transpose", "Conv1DBackpropInput"}, {"conv2d_transpose", "conv2d_transpose", "Conv2DBackpropInput"},
    {"conv3d_transpose", "conv3d_transpose", "Conv3DBackpropInputV2"}, {"max_pool", "MaxPool", "MaxPool"}, {"window_max", "MaxPool", "MaxPool"}, {"window_from_max", "MaxPoolGrad", "MaxPoolGrad"}, {"window_at_max", "MaxPoolGradGrad", "MaxPoolGradGrad"}, {"avg_pool", "AvgPool", "AvgPool"}, {"cond", "cond", "If"}, {"patches", "ExtractPatches", "ExtractImagePatches"}};

/// An operation that TensorFlow has not keeps its own name.
inline tensorflow_name tensorflow_name_of(const char* op) {
    for (const tensorflow_name& t : tensorflow_names)
        if (same_text(t.op, op)) return t;
    return {op, op, op};
}

/// TensorFlow's unique_name: `add`, `add_1`, `add_2`; names that differ in case alone count as one.
class unique_names {
public:
    std::string operator()(const std::string& name) {
        int n = used(name)++;
        if (n == 0) return name;
        for (;; ++n) {
            const std::string next = name + "_" + std::to_string(n);
            if (int& m = used(next); m == 0) {
                m = 1;
                return next;
            }
        }
    }

private:
    struct entry {
        std::string name;
        int n = 0;
    };
    std::vector<entry> names;   // sorted

    /// How often a name was asked for.
    int& used(const std::string& name) {
        std::string s = name;
        for (char& c : s)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        std::size_t from = 0, to = names.size();
        while (from < to) {
            const std::size_t middle = (from + to) / 2;
            if (names[middle].name < s) from = middle + 1;
            else to = middle;
        }
        if (from == names.size() || names[from].name != s) names.insert(names.begin() + static_cast<std::ptrdiff_t>(from), {s, 0});
        return names[from].n;
    }
};

/// The names of all nodes of a graph. Where several nodes are one operation (conv2d, softmax), `whole` is its name and `type` what
/// kiln calls it. A literal has the name of its scope alone, since it shows at its readers.
struct node_names {
    std::vector<std::string> name, whole, type;
    unique_names unique;   // for names of what is shown beside the nodes
};

namespace detail {

template <class Graph>   // outline_view; not compiled where nobody asks for names
class naming {
public:
    explicit naming(const Graph& graph) : g(graph) {
        names.name.resize(static_cast<std::size_t>(g.n));
        names.whole.resize(static_cast<std::size_t>(g.n));
        names.type.resize(static_cast<std::size_t>(g.n));
        for (int i = 0; i < g.n; ++i) settle(i);
    }
    node_names names;

private:
    const Graph& g;
    struct opened_scope {
        i64 id;
        std::string asked, got;   // what it is to be called, what it is called
    };
    std::vector<opened_scope> opened;

    // Depth: the order of the derivative.
    const std::string& settle(int i) {
        std::string& s = names.name[static_cast<std::size_t>(i)];
        if (!s.empty()) return s;
        const outline_node& x = g.nodes[i];
        if (same_text(x.op, "placeholder") || same_text(x.op, "variable")) {
            const std::string own = g.text_of(g.at(x.attrs, 0));
            return s = names.unique(own.substr(0, own.find('#')));   // what is behind tells symbols without a name apart
        }
        if (x.kind == pattern::result) {   // TensorFlow's name of an output
            const i64 k = g.at(x.attrs, 0);
            return s = settle(x.in[0]) + (k ? ":" + std::to_string(k) : "");
        }
        std::string at, base = tensorflow_name_of(x.op).name;
        const int p = g.path && g.path[i] ? g.path[i] : 0, n = g.length(p);
        for (int k = 1; k + 1 < n; k += 2) {
            const i64 id = g.at(p, k + 1);
            if (id == gone) {
                at = joined(at, name_of_gone(p, k) + "_grad");
                break;
            }
            at = scope(at, g.text_of(g.at(p, k)), id);
            if (id < 0 && names.whole[static_cast<std::size_t>(i)].empty()) {
                names.whole[static_cast<std::size_t>(i)] = at;
                names.type[static_cast<std::size_t>(i)] = g.text_of(g.at(p, k));
            }
        }
        if (p && g.origin[i]) {
            const std::string& own = settle(g.origin[i] - 1), &whole = names.whole[static_cast<std::size_t>(g.origin[i] - 1)];
            at = joined(at, (whole.empty() ? own : whole) + "_grad");
        }
        const bool literal = same_text(x.op, "literal") && (n == 0 || n % 2 == 1);
        if (n && n % 2 == 0) base = g.text_of(g.at(p, n - 1));
        return s = literal ? joined(at, base) : names.unique(joined(at, base));
    }
    std::string scope(const std::string& at, const std::string& name, i64 id) {
        if (id == reopened) return joined(at, name);
        const std::string asked = joined(at, name);
        for (const opened_scope& o : opened)
            if (o.id == id && o.asked == asked) return o.got;
        opened.push_back({id, asked, names.unique(joined(at, id < 0 ? tensorflow_name_of(name.c_str()).name : name))});
        return opened.back().got;
    }
    /// What an operation would be called that only left its gradient.
    std::string name_of_gone(int p, int k) {
        std::string at;
        for (int q = k + 2; q + 1 < g.length(p); q += 2) {
            at = scope(at, g.text_of(g.at(p, q)), g.at(p, q + 1));
            if (g.at(p, q + 1) < 0) return at;
        }
        return joined(at, tensorflow_name_of(g.text_of(g.at(p, k))).name);
    }
    static std::string joined(const std::string& at, const std::string& name) { return at.empty() ? name : at + "/" + name; }
};

}  // namespace detail

template <std::same_as<outline_view> Graph>
node_names names_of(const Graph& g) { return detail::naming(g).names; }

}  // namespace kiln
