// Pages of graphs: the data on them, that it cannot break out, and that the file is whole or not there. html_viewer.py looks at
// them in a browser.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/io/html.hpp"
#include "scratch_directory.hpp"

namespace {

using namespace kiln;

constexpr auto x = placeholder<"x", float, "n", 8>;
constexpr auto w = variable<"w", float, 8>(full<0.5>);

/// The page of what is given, read again.
template <class... A>
std::string page_of(const A&... what) {
    const scratch_directory folder;
    io::html::save(folder.root / "page.html", what...);
    CHECK(folder.count() == 1);
    return content(folder.root / "page.html");
}
nlohmann::json graph_in(const std::string& page) {
    const std::string before = "<script type=\"application/json\" id=\"graph\">";
    const std::size_t at = page.find(before) + before.size();
    return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}
std::size_t count(const std::string& in, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++n;
    return n;
}

TEST_CASE("the graph on a page", "[html]") {
    const auto graph = graph_in(page_of(scope<"layer">([](value a, value b) { return relu(a * b); }, x, w)));
    CHECK(graph.at("title") == "page");
    CHECK(graph.at("kernels").empty());
    const auto& nodes = graph.at("nodes");
    std::vector<std::string> names;
    for (const auto& n : nodes) names.push_back(n.at("name"));
    CHECK(names == std::vector<std::string>{"x", "w", "Const", "w/Assign", "w/read", "layer/mul", "layer/Relu", "init"});
    CHECK(nodes[0].at("out") == nlohmann::json{"float32 (n, 8)"});
    CHECK(nodes[1].at("out") == nlohmann::json{"float32 (8,)"});
    CHECK(nodes[2].at("value") == "0.5");
    CHECK(nodes[5].at("op") == "Mul");
    CHECK(nodes[5].at("in") == nlohmann::json{{0, 0}, {4, 0}});
    CHECK(nodes[7].at("in") == nlohmann::json::array({{3, -1}}));
}

TEST_CASE("a page of a function has its updates", "[html]") {
    const auto graph = graph_in(page_of(function(inputs(x), outputs(sum(x)), updates(assign(w, sum<0>(x))))));
    const auto& last = graph.at("nodes").at(graph.at("nodes").size() - 2);
    CHECK(last.at("op") == "Assign");
    CHECK(graph.at("nodes").at(last.at("in").at(0).at(0).get<std::size_t>()).at("name") == "w");
}

const shown_type number{dtype::float32, {}, {}};

TEST_CASE("kernels of the shown nodes", "[html]") {
    const std::vector<shown_node> nodes{{"a", "Placeholder", {}, {number}, {0}}, {"c", "Const", {}, {number}, {1}, "2"},
                                        {"whole", "Softmax", {"a", "c"}, {number, number}, {2, 3}},
                                        {"b", "Neg", {"whole:1"}, {number}, {4}}};
    const auto graph = graph_in(page_of(nodes, std::vector<io::html::shown_kernel>{{"first", {1, 2}}, {"second", {3, 4}}}));
    CHECK(graph.at("kernels") == nlohmann::json{"first", "second"});
    std::vector<std::string> of;
    for (const auto& n : graph.at("nodes")) of.push_back(n.at("kernels").dump());
    CHECK(of == std::vector<std::string>{"[]", "[]", "[0,1]", "[1]"});   // a constant stands in all its readers
    CHECK(graph.at("nodes")[3].at("in") == nlohmann::json::array({{2, 1}}));
}

TEST_CASE("a name is data, whatever it says", "[html]") {
    const std::string evil = "</script><script>alert(1)</script><!--", bytes = "\xff\xfe";
    const std::string plain = page_of(std::vector<shown_node>{{"a", "Neg", {}, {number}, {}}});
    const std::vector<shown_node> nodes{{evil, evil, {}, {number}, {}}, {bytes, "Neg", {evil}, {number}, {}}};
    const std::string page = page_of(nodes, std::vector<io::html::shown_kernel>{{evil, {}}});
    for (const char* mark : {"<script", "</script", "<!--"}) CHECK(count(page, mark) == count(plain, mark));
    const auto graph = graph_in(page);
    CHECK(graph.at("nodes")[0].at("name") == evil);
    CHECK(graph.at("kernels")[0] == evil);
    CHECK(graph.at("nodes")[1].at("name") == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(graph.at("nodes")[1].at("in") == nlohmann::json::array({{0, 0}}));
}

TEST_CASE("a page needs nothing but itself", "[html]") {
    const std::string page = page_of(x + w);
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK(page.ends_with("</html>\n"));
    CHECK(count(page, "default-src 'none'") == 1);
    for (const char* outside : {"http:", "https:", "//www", "src=", "href=", "@import", "url(\"", "url('", "import ", "fetch("})
        CHECK(count(page, outside) == 0);
}

TEST_CASE("a path that cannot be, a node that reads nothing", "[html]") {
    const scratch_directory folder;
    CHECK_THROWS_AS(io::html::save(folder.root / "no" / "page.html", x + w), io_error);
    CHECK_THROWS_WITH(io::html::save(folder.root, x + w), Catch::Contains("expected to write a file"));
    for (const char* input : {"c", "^c", "a:", "a:x", "a:-1", ":0", ""})
        CHECK_THROWS_WITH(io::html::save(folder.root / "page.html", {{"a", "Neg", {input}, {number}, {}}}),
                          Catch::Contains("html: \"a\" reads") && Catch::Contains("which is not in the graph"));
    CHECK(folder.count() == 0);
}

}  // namespace
