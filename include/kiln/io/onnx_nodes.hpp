// Every operation of kiln in ONNX.
#pragma once
#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/expr/names.hpp"
#include "kiln/io/array.hpp"
#include "kiln/io/onnx_elementwise.hpp"
#include "kiln/io/onnx_window_maximum.hpp"
#include "kiln/run/session.hpp"

namespace kiln::io::detail {

/// How an operation is written that is not elementwise.
struct onnx_operation {
    std::string_view op;
    void (*write)(onnx_body& b, int i);
};

// ---- leaves
/// The name of a symbol; what comes behind # tells those without a name apart, and no user's name has it.
inline std::string shown_name(const std::string& symbol) { return symbol.substr(0, symbol.find('#')); }
inline void write_literal(onnx_body& b, int i) {
    b.value(i) = {b.to.number(b.type(i), b.attribute(i, 0)), 0, (1u << b.rank(i)) - 1};
}
inline void write_variable(onnx_body& b, int i) {
    const std::string_view name = b.g.text_of(b.attribute(i, 0));
    for (const stored_variable& v : b.variables) {
        if (v.name != name) continue;
        if (!*v.initialized) throw_uninitialized(v.name);
        b.set(i, b.to.unique(shown_name(v.name)));
        const u64 bytes = *bytes_of(v.shape, size_of(v.type));
        return b.to.initializer(b.value(i).name, v.type, v.shape, {static_cast<const char*>(v.data), bytes});
    }
    b.to.refuse("no session was given for the variable " + in_quotes(name));   // one that no result depends on, such as w of 0 * w
}
inline void write_nothing(onnx_body&, int) {}   // what the operation that reads it takes care of

// ---- views
inline void write_reshape(onnx_body& b, int i) { b.set(i, b.to.reshaped(b.whole(b.operand(i, 0)), b.extents(i))); }
inline void write_transpose(onnx_body& b, int i) {
    const onnx_axes last = b.attributes(i);
    const i64 rank = b.rank(i), kept = rank - static_cast<i64>(last.size());
    onnx_axes p = counting(static_cast<int>(kept), 0);
    for (const i64 axis : last) p.push_back(axis + rank);
    b.set(i, b.to.transposed(b.whole(b.operand(i, 0)), p));
}
/// New axes of extent 1; those in front of all others need not be there.
inline void write_expand(onnx_body& b, int i) {
    const onnx_value x = b.value(b.operand(i, 0));
    const int n_new = static_cast<int>(b.attribute(i, 0));
    onnx_value y{x.name, 0, 0};
    onnx_axes inserted;
    for (int k = 0, q = 0; k < b.rank(i); ++k) {   // axis -1 - k
        bool is_new = false;
        for (int j = 0; j < n_new; ++j) is_new |= b.attribute(i, 1 + j) == -1 - k;
        if (is_new || (x.stretched >> q & 1) != 0) y.stretched |= 1u << k;
        if (is_new && q < x.rank) inserted.push_back(-1 - k);
        if (!is_new && ++q == x.rank) y.rank = k + 1;
    }
    if (!inserted.empty()) y.name = b.to.node("Unsqueeze", {x.name, b.to.integers(inserted)});
    b.value(i) = y;
}

/// How many elements before, and how many after those of each axis.
struct onnx_section {
    onnx_axes before, after;
    onnx_section(onnx_body& b, int i) {
        const onnx_axes a = b.attributes(i);
        before.resize(static_cast<std::size_t>(b.rank(i)) - a.size() / 2);
        after = before;
        for (std::size_t k = 0; k < a.size(); k += 2) {
            before.push_back(a[k]);
            after.push_back(a[k + 1]);
        }
    }
};
/// Where the part ends along each axis: what is behind it counts from the end, unless it may turn out to be nothing.
inline std::string ends_of(onnx_body& b, int whole, const onnx_axes& after) {
    onnx_axes numbers;
    for (const i64 n : after) numbers.push_back(n == 0 ? std::numeric_limits<i64>::max() : -n);
    if (onnx_builder::is_static(after)) return b.to.integers(numbers);
    std::vector<std::string> parts;
    for (std::size_t k = 0; k < after.size(); ++k)
        parts.push_back(is_product(after[k]) ? b.to.node("Sub", {b.to.extent(b.extent(whole, static_cast<int>(k))), b.to.extent(after[k])}) : b.to.integers({numbers[k]}));
    return b.to.node("Concat", parts, {onnx_attribute("axis", i64{0})});
}
inline void write_slice(onnx_body& b, int i) {
    const onnx_section s(b, i);
    const int x = b.operand(i, 0);
    b.set(i, b.to.node("Slice", {b.whole(x), b.to.shape(s.before), ends_of(b, x, s.after)}));
}
inline void write_pad(onnx_body& b, int i) {
    constexpr onnx_types kernels = ~onnx_set(dtype::int16, dtype::uint16);
    onnx_section s(b, i);
    s.before.insert(s.before.end(), s.after.begin(), s.after.end());
    const std::string widths = b.to.shape(s.before);
    b.set(i, widened(kernels, [&](const onnx_term& x) { return onnx_term{x.to, x.to->node("Pad", {x.name, widths}), x.type}; }, b.term(b.operand(i, 0))).name);
}

// ---- generators
/// An extent as a number of rank 0.
inline onnx_term count_term(onnx_body& b, i64 e) {
    return {&b.to, is_product(e) ? b.to.reshaped(b.to.extent(e), {}) : b.to.number(dtype::int64, e), dtype::int64};
}
inline void write_iota(onnx_body& b, int i) {
    const onnx_term n = count_term(b, b.attribute(i, 0));
    b.set(i, onnx_call("Range", dtype::int64, n.of(0), n, n.of(1)).as(b.type(i)).name);
}
inline void write_size(onnx_body& b, int i) { b.set(i, count_term(b, b.attribute(i, 0)).as(b.type(i)).name); }
template <text Op>
void write_random(onnx_body& b, int i) {
    const std::string shape = b.to.node("ConstantOfShape", {b.to.shape(b.extents(i))});
    b.set(i, b.to.node(Op.s, {shape}, {onnx_attribute("dtype", i64{onnx_type(b.type(i))})}));
}

// ---- reductions
inline void write_prod(onnx_body& b, int i) {
    b.set(i, widened(wide_onnx_types, reducing("ReduceProd", b.attributes(i)), b.term(b.operand(i, 0))).name);
}
template <text Op>
void write_extremum(onnx_body& b, int i) {
    b.set(i, in_order(wide_onnx_types, reducing(Op.s, b.attributes(i)), b.term(b.operand(i, 0))).name);
}
inline void write_sum(onnx_body& b, int i) { b.set(i, summed(b.term(b.operand(i, 0)), b.attributes(i)).name); }
/// How many are true; of nothing it is 0.
inline onnx_term count_of(const onnx_term& x, const onnx_axes& axes) { return summed(x.as(dtype::int64), axes); }
inline void write_any(onnx_body& b, int i) {
    const onnx_term n = count_of(b.term(b.operand(i, 0)), b.attributes(i));
    b.set(i, (n > n.of(0)).name);
}
inline void write_all(onnx_body& b, int i) {
    const onnx_term n = count_of(!b.term(b.operand(i, 0)), b.attributes(i));
    b.set(i, (n == n.of(0)).name);
}

// ---- the others
inline void write_matmul(onnx_body& b, int i) {
    constexpr onnx_types kernels = wide_onnx_types | onnx_set(dtype::uint32, dtype::uint64);
    const int l = b.operand(i, 0), r = b.operand(i, 1);
    const unsigned both = b.value(l).stretched & b.value(r).stretched;
    const auto matrices = [&](int o) {   // leading axes broadcast
        const onnx_value& v = b.value(o);
        return both == 0 && (v.stretched & 3) == 0 && v.rank >= 2 ? onnx_term{&b.to, v.name, b.type(o)} : b.term(o);
    };
    const auto product = [](const onnx_term& x, const onnx_term& y) { return onnx_call("MatMul", x.type, x, y); };
    b.set(i, widened(kernels, product, matrices(l), matrices(r)).name);
}
inline void write_top_k(onnx_body& b, int i) {
    constexpr onnx_types kernels = wide_onnx_types | onnx_set(dtype::int8, dtype::int16, dtype::uint8);
    std::string positions;
    const onnx_term x = b.term(b.operand(i, 0)), values = in_order(kernels, [&](const onnx_term& a) {
        const auto r = a.to->nodes("TopK", {a.name, a.to->integers({b.attribute(i, 0)})}, {}, 2);
        positions = r[1];
        return onnx_term{a.to, r[0], a.type};
    }, x);
    b.set(i + 1, values.name);
    b.set(i + 2, b.to.cast(positions, dtype::int32));
}
void write_cond(onnx_body& b, int i);

inline constexpr onnx_operation onnx_operation_table[] = {
    {"literal", write_literal},
    {"variable", write_variable},
    {"placeholder", write_nothing},   // its value is set before
    {"parameter", write_nothing},
    {"seed", write_nothing},
    {"step", write_nothing},
    {"result", write_nothing},
    {"reshape", write_reshape},
    {"transpose", write_transpose},
    {"expand", write_expand},
    {"slice", write_slice},
    {"pad", write_pad},
    {"iota", write_iota},
    {"size", write_size},
    {"random_uniform", write_random<"RandomUniformLike">},
    {"random_normal", write_random<"RandomNormalLike">},
    {"sum", write_sum},
    {"prod", write_prod},
    {"max", write_extremum<"ReduceMax">},
    {"min", write_extremum<"ReduceMin">},
    {"any", write_any},
    {"all", write_all},
    {"matmul", write_matmul},
    {"top_k", write_top_k},
    {"patches", write_patches},
    {"fold", write_fold},
    {"window_max", write_window_max},
    {"window_at_max", write_window_at_max},
    {"window_from_max", write_window_from_max},
    {"cond", write_cond},
};

/// Operands are handed over as they are, the stretched ones too: ONNX broadcasts.
inline void write_elementwise(onnx_body& b, int i, const onnx_elementwise& e) {
    onnx_term x[3];
    onnx_value y{{}, 0, ~0u};
    const int n = b.node(i).n_in;
    for (int k = 0; k < n; ++k) {
        const int o = b.operand(i, k);
        const onnx_value& v = b.value(o);
        x[k] = {&b.to, v.name, b.type(o)};
        y.rank = std::max(y.rank, v.rank);
        y.stretched &= v.stretched;
    }
    y.name = e.write(x, b.type(i)).name;
    b.value(i) = y;
}
inline void write_node(onnx_body& b, int i) {
    const std::string_view op = b.node(i).op;
    if (b.node(i).kind == pattern::pointwise) {
        for (const onnx_elementwise& e : onnx_elementwise_table)
            if (e.op == op) return write_elementwise(b, i, e);
    } else
        for (const onnx_operation& e : onnx_operation_table)
            if (e.op == op) return e.write(b, i);
    b.to.refuse("the function has the operation \"" + std::string(op) + "\"");
}

/// Writes what the first `n_roots` roots need. Where several nodes are one operation of ONNX, those in between are needed only if
/// others use them.
inline void write_nodes(onnx_body& b, int n_roots) {
    std::vector<bool> needed(static_cast<std::size_t>(b.g.n));
    std::map<int, onnx_sliding> sliding;
    const auto need = [&](int i) { needed[static_cast<std::size_t>(i)] = true; };
    for (int k = 0; k < n_roots; ++k) need(b.g.root(k));
    for (int i = b.g.n - 1; i >= 0; --i) {
        if (!needed[static_cast<std::size_t>(i)]) continue;
        if (const auto s = sliding_at(b, i)) {
            sliding.emplace(i, *s);
            need(s->image);
            if (s->filters >= 0) need(s->filters);
        } else if (b.node(i).kind != pattern::leaf)
            for (int k = 0; k < b.node(i).n_in; ++k) need(b.operand(i, k));
    }
    const node_names names = names_of(b.g);
    for (int i = 0; i < b.g.n; ++i) {
        if (!needed[static_cast<std::size_t>(i)]) continue;
        b.to.begin(names.name[static_cast<std::size_t>(i)]);
        if (const auto s = sliding.find(i); s != sliding.end()) write_sliding(b, i, s->second);
        else write_node(b, i);
    }
}

/// The body becomes a graph of its own, which reads values of its surroundings by their names; its parameters are those.
inline std::string body_of(onnx_body& b, int i, const region& r, int first_operand) {
    const onnx_source& s = b.source;
    const outline_view g{s.pool + r.first, r.n, b.g.lists, b.g.chars, r.roots, nullptr, nullptr};
    onnx_body inner{s, g, b.to, b.variables, std::vector<onnx_value>(static_cast<std::size_t>(r.n))};
    for (int k = 0; k < r.params; ++k) inner.value(k) = b.value(b.operand(i, first_operand + k));
    std::string graph;
    onnx_message<onnx_graph_field> message(graph);
    onnx_builder::names results;
    const std::string nodes = b.to.in_body([&] {
        write_nodes(inner, g.n_roots());
        for (int k = 0; k < g.n_roots(); ++k) results.push_back(b.to.node("Identity", {inner.whole(g.root(k))}));
    });
    graph += nodes;
    message.add_string(onnx_graph_field::name, "body");
    for (int k = 0; k < g.n_roots(); ++k) {
        const int root = g.root(k);
        message.add_message(onnx_graph_field::output, b.to.value_info(results[static_cast<std::size_t>(k)], inner.type(root), inner.extents(root)));
    }
    return graph;
}
inline void write_cond(onnx_body& b, int i) {
    const region* regions = b.source.regions;
    const auto region_at = [&](int k) { return regions[b.attribute(i, k) - region_tag]; };
    const region first = region_at(0), second = region_at(1);
    const std::string name = b.to.name();
    const std::string yes = body_of(b, i, first, 1), no = body_of(b, i, second, 1 + static_cast<int>(b.attribute(i, 2)));
    b.to.begin(name);
    const int n = b.g.length(first.roots);
    const auto results = b.to.nodes("If", {b.whole(b.operand(i, 0))},
                                    {onnx_body_attribute("then_branch", yes), onnx_body_attribute("else_branch", no)}, n);
    for (int k = 0; k < n; ++k) b.set(i + 1 + k, results[static_cast<std::size_t>(k)]);
}

}  // namespace kiln::io::detail
