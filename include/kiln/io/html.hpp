// A graph as a page that a browser shows, with no network: scopes open and close, edges tell their shapes, kernels are colours.
// Needs nlohmann-json.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <kiln/expr/shown_graph.hpp>
#include <kiln/plan/kernel_names.hpp>
#include <kiln/plan/kernel_nodes.hpp>

#include "kiln/io/array.hpp"
#include "kiln/io/html_control.hpp"
#include "kiln/io/html_layout.hpp"
#include "kiln/io/html_page.hpp"
#include "kiln/io/html_view.hpp"
#include "kiln/io/output_file.hpp"

namespace kiln::io::html {

/// What is computed together: `nodes` are those of the graph, as in shown_node::nodes.
struct shown_kernel {
    std::string name;
    std::vector<int> nodes;
};

/// The kernels of a function; an expression has none.
template <class E>
std::vector<shown_kernel> kernels_of() {
    std::vector<shown_kernel> r;
    if constexpr (requires { typename E::program_type; }) {
        using L = typename E::L;
        for (int c = 0; c < L::result.n_calls; ++c) r.push_back({kernel_names<L>::of_call(c), kernel_nodes<L>::of_call(c)});
    }
    return r;
}

}  // namespace kiln::io::html

namespace kiln::io::detail {

/// What an edge says: `float32 (batch, 784)`.
inline std::string text_of_shown(const shown_type& t) {
    std::string s = std::string(name_of(t.element)) + " (";
    for (std::size_t k = 0; k < t.extents.size(); ++k)
        s += (k ? ", " : "") + (t.names[k].empty() ? std::to_string(t.extents[k]) : t.names[k]);
    return s + (t.extents.size() == 1 ? ",)" : ")");
}

/// The node and the output that a reader's input names; -1 is the output of what only happens before. Throws `value_error` where
/// there is no such node.
inline nlohmann::json resolved(const std::map<std::string_view, std::size_t>& index, const std::string& reader,
                               std::string_view input) {
    const bool before = input.starts_with('^');
    const std::string_view name = input.substr(before ? 1 : 0);
    if (const auto found = index.find(name); found != index.end()) return {found->second, before ? -1 : 0};
    const std::size_t colon = name.rfind(':');
    const auto found = colon == name.npos ? index.end() : index.find(name.substr(0, colon));
    const std::string_view digits = colon == name.npos ? "" : name.substr(colon + 1);
    if (found == index.end() || digits.empty() || digits.size() > 6 || digits.find_first_not_of("0123456789") != digits.npos)
        throw value_error("html: " + in_quotes(reader) + " reads " + in_quotes(input) + ", which is not in the graph");
    return {found->second, std::stoi(std::string(digits))};
}

inline nlohmann::json json_of_graph(const std::vector<shown_node>& nodes, const std::vector<html::shown_kernel>& kernels) {
    std::map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < nodes.size(); ++i) index.emplace(nodes[i].name, i);
    std::map<int, std::vector<std::size_t>> within;   // the kernels of a node of the graph
    auto names = nlohmann::json::array(), all = nlohmann::json::array();
    for (std::size_t k = 0; k < kernels.size(); ++k) {
        names.push_back(kernels[k].name);
        for (const int i : kernels[k].nodes) within[i].push_back(k);
    }
    for (const shown_node& x : nodes) {
        auto in = nlohmann::json::array(), out = nlohmann::json::array();
        for (const std::string& s : x.inputs) in.push_back(resolved(index, x.name, s));
        for (const shown_type& t : x.outputs) out.push_back(text_of_shown(t));
        std::set<std::size_t> of;
        for (const int i : x.nodes)
            if (const auto k = within.find(i); k != within.end() && x.op != "Const")
                of.insert(k->second.begin(), k->second.end());
        all.push_back({{"name", x.name}, {"op", x.op}, {"value", x.value}, {"in", in}, {"out", out}, {"kernels", of}});
    }
    return {{"kernels", names}, {"nodes", all}};
}

/// A JSON text as it may stand in a script element: `<` does not close it. Bytes that are not UTF-8 become U+FFFD.
inline std::string json_in_html(const nlohmann::json& x) {
    std::string s;
    for (const char c : x.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
        if (c == '<') s += "\\u003c";
        else s += c;
    return s;
}

}  // namespace kiln::io::detail

namespace kiln::io::html {

/// Writes a page that shows `nodes`; the title is the name of the file. Only whole files are ever seen. Throws `io_error`, and
/// `value_error` where a node reads what is not there.
inline void save(const std::filesystem::path& path, const std::vector<shown_node>& nodes,
                 const std::vector<shown_kernel>& kernels = {}) {
    nlohmann::json graph = detail::json_of_graph(nodes, kernels);
    graph["title"] = path.stem().string();
    std::string page(detail::html_head);
    page += "<script type=\"application/json\" id=\"graph\">" + detail::json_in_html(graph) + "</script>\n";
    page += "<script>\n'use strict';";
    for (const std::string_view part : {detail::html_layout, detail::html_model, detail::html_view, detail::html_control}) page += part;
    page += "</script>\n";
    page += detail::html_end;
    write_file(path, detail::bytes_in(page));
}

/// Writes the graph of an expression or of a function to a page of its own, which every browser opens with no network:
///
///     io::html::save("training.html", step);
///
/// It has the names and scopes of TensorBoard's graph, dtype and shape on every edge, and a function's kernels as colours. Only
/// whole files are ever seen. Throws `io_error`.
template <class E>
void save(const std::filesystem::path& path, const E&) {
    save(path, shown_of<E>::graph().nodes, kernels_of<E>());
}

}  // namespace kiln::io::html
