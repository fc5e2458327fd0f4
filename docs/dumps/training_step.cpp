// The way of one training step from its expression to the table of calls; docs/architecture.md quotes what this prints.
#include <kiln/kiln.hpp>

#include <cstdio>
#include <string>

using namespace kiln;

// [source]
constexpr auto x = placeholder<"x", float, "batch", 4>;
constexpr auto t = placeholder<"t", float, "batch", 3>;
constexpr auto w = variable<"w", float, 4, 3>(zeros);
constexpr auto b = variable<"b", float, 3>(zeros);
constexpr auto loss = mean(pow(sigmoid(matmul(x, w) + b) - t, 2_c));
auto step_of_training = function(inputs(x, t), loss, updates(nn::sgd(loss, 0.1_c)));
// [/source]

std::string text_of_extent(const graph_view& g, i64 e) {
    if (!is_product(e)) return std::to_string(e);
    const int l = static_cast<int>(extent_tag - e);
    std::string s;
    if (g.at(l, 0) != 1) s = std::to_string(g.at(l, 0));
    for (int k = 1; k < g.length(l); ++k) s += (s.empty() ? "" : "*") + std::string(g.text_of(g.at(l, k)));
    return s;
}
std::string text_of_list(const graph_view& g, int l) {
    std::string s = "(";
    for (int k = 0; k < g.length(l); ++k) s += (k ? ", " : "") + text_of_extent(g, g.at(l, k));
    return s + ")";
}

void print(const char* title, const graph_view& g) {
    std::printf("[%s]\n", title);
    for (int i = 0; i < g.n; ++i) {
        const node& n = g.nodes[i];
        const bool symbol = n.op == &placeholder_op || n.op == &variable_op;
        std::string s = n.op->name;
        if (symbol) s += std::string(" \"") + g.text_of(g.at(n.attrs, 0)) + "\"";
        if (n.op == &literal_op) s += " " + std::to_string(double_of(g.at(n.attrs, 0))).substr(0, 5);
        for (int k = 0; k < n.n_in; ++k) s += " %" + std::to_string(g.operand(n, k));
        if (n.op->kind == pattern::reduction || n.op->kind == pattern::transpose) s += " over " + text_of_list(g, n.attrs);
        std::printf("%%%-2d = %-34s %s\n", i, s.c_str(), (name_of(n.type) + text_of_list(g, n.shape)).c_str());
    }
    std::string s;
    for (int k = 0; k < g.n_roots(); ++k) s += " %" + std::to_string(g.root(k));
    std::printf("roots%s\n", s.c_str());
}

using function_type = decltype(step_of_training);
using expression_type = function_type::E;
using lowered_type = lowered<expression_type, function_type::sig, plan_target{32, 64, true}>;

std::string axes_text(int mask, int axes) {
    std::string s;
    for (int k = 0; k < axes; ++k) s += mask >> k & 1 ? static_cast<char>('a' + k) : '-';
    return s;
}

/// The operation of a key: one of the graph, or one that the plan has written.
const op_info& operation(const graph_view& g, u64 id) {
    for (int i = 0; i < g.n; ++i)
        if (g.nodes[i].op->id == id) return *g.nodes[i].op;
    return id == info<fma_op>.id ? info<fma_op> : id == info<fms_op>.id ? info<fms_op> : info<fnma_op>;
}
int operands(const graph_view& g, const op_info& op) {
    for (int i = 0; i < g.n; ++i)
        if (g.nodes[i].op == &op) return g.nodes[i].n_in;
    return 3;
}

int main() {
    print("expression", decltype(loss)::graph.view());
    print("program", expression_type::graph.view());
    static builder simplified, ordered;
    value results[max_roots];
    int roots[max_roots];
    simplify(expression_type::graph.view(), simplified, results);
    for (int k = 0; k < expression_type::size; ++k) roots[k] = results[k].id;
    const int interned = canonical(graph_view_of(simplified), roots, expression_type::size, ordered);
    print("simplified", graph_view_of(ordered, interned));

    constexpr auto& p = lowered_type::result;
    const graph_view g = lowered_type::graph.view();
    const char* steps[]{"load", "store", "constant", "counter", "tile", "", ""};
    std::printf("[kernels]\n");
    for (int q = 0; q < p.n_kernels; ++q) {
        const key_view k{p.words + p.kernel[q].at, p.kernel[q].n};
        const key_header h = k.header();
        const char* kinds[]{"nest", "contraction", "opaque"};
        std::printf("kernel %d: %s over", q, kinds[static_cast<int>(h.kind)]);
        for (int a = 0; a < h.axes; ++a)
            std::printf(" %c%s%s", 'a' + a, k.extent(a) ? "=" : "", k.extent(a) ? std::to_string(k.extent(a)).c_str() : "");
        std::printf("\n");
        for (int i = 0; i < k.n_nodes(); ++i) {
            const key_node n = k.node(i);
            std::string s = steps[static_cast<int>(n.kind)];
            int reads = n.kind == step::store ? 1 : 0;
            if (n.kind == step::operation || n.kind == step::reduce) {
                const op_info& op = operation(g, k.op(n.op));
                s = op.name;
                reads = operands(g, op);
            }
            for (int j = 0; j < reads; ++j) s += " " + std::to_string(n.in[j]);
            if (n.kind == step::load || n.kind == step::store) s += ": argument " + std::to_string(n.slot);
            if (n.kind == step::constant) s += " " + std::to_string(double_of(static_cast<i64>(k.constant(n.slot)))).substr(0, 5);
            std::printf("  %2d %s %s\n", i, axes_text(n.mask, h.axes).c_str(), s.c_str());
        }
    }
    std::printf("[key]\n");
    for (int i = 0; i < p.kernel[0].n; ++i)
        std::printf("0x%llx%s", static_cast<unsigned long long>(p.words[p.kernel[0].at + i]), i + 1 == p.kernel[0].n ? "\n" : i % 4 == 3 ? ",\n" : ", ");
    std::printf("[calls]\n");
    for (int c = 0; c < p.n_calls; ++c) {
        const plan_call& call = p.call[c];
        std::printf("kernel %d:", call.kernel);
        for (int a = 0; a < call.n_arguments; ++a) {
            const plan_argument& x_ = p.argument[call.first_argument + a];
            if (x_.where == space::buffer && x_.index < 0) std::printf(" -");
            else if (x_.where == space::leaf) std::printf(" %s", g.text_of(g.at(g.nodes[p.leaf[x_.index].node].attrs, 0)));
            else std::printf(" %s%d", x_.where == space::buffer ? "buffer" : x_.where == space::output ? "output" : "number", x_.index);
        }
        std::printf("; sizes");
        for (int a = 0; a < call.n_sizes; ++a) {
            const size_expr& e = p.size[p.call_size[call.first_size + a]];
            std::string s = e.number != 1 || e.n == 0 ? std::to_string(e.number) : "";
            for (int j = 0; j < e.n; ++j) s += (s.empty() ? "" : "*") + std::string(g.chars + p.name[e.name[j]]);
            std::printf(" %s", s.c_str());
        }
        std::printf("\n");
    }
}
