// Writes pages of graphs into the folder that is given.
#include <kiln/io/html.hpp>
#include <kiln/kiln.hpp>

#include <filesystem>
#include <string>

#include "network.hpp"

using namespace kiln;

namespace {
constexpr auto a = placeholder<"a", std::int8_t>;
constexpr auto b = placeholder<"b", std::int8_t>;

constexpr auto pixels = placeholder<"pixels", float, "batch", 784>;
constexpr auto w = variable<"weights", float, 5, 5, 1, 32>(random_normal<0.0, 0.1>);
constexpr auto bias = variable<"bias", float, 32>(full<0.1>);
constexpr auto layer = relu(conv2d<strides<1, 1>, same>(reshape<"batch", 28, 28, 1>(pixels), w) + bias);

// Layers in scopes, each with a chain of operations; the last of each reads the first of all.
std::vector<shown_node> many(int layers, int operations) {
    const shown_type t{dtype::float32, {-1, 64}, {"batch", ""}};
    std::vector<shown_node> nodes{{"x", "Placeholder", {}, {t}, {0}}};
    for (int l = 0; l < layers; ++l)
        for (int k = 0; k < operations; ++k) {
            const int n = static_cast<int>(nodes.size());
            shown_node x{"layer_" + std::to_string(l) + (k % 10 < 5 ? "/left" : "/right") + "/op_" + std::to_string(k), "Mul", {nodes.back().name}, {t}, {n}};
            if (k > 3) x.inputs.push_back(nodes[static_cast<std::size_t>(n - 3)].name);
            if (k + 1 == operations) x.inputs.push_back("x");
            nodes.push_back(std::move(x));
        }
    return nodes;
}

// One long chain without a scope, each node reads one far above too.
std::vector<shown_node> flat(int n) {
    const shown_type t{dtype::float32, {8}, {""}};
    std::vector<shown_node> nodes{{"x", "Placeholder", {}, {t}, {0}}};
    for (int k = 1; k < n; ++k) {
        shown_node x{"add_" + std::to_string(k), "AddV2", {nodes.back().name}, {t}, {k}};
        if (k % 7 == 0) x.inputs.push_back(nodes[static_cast<std::size_t>(k / 2)].name);
        nodes.push_back(std::move(x));
    }
    return nodes;
}

// Scopes that read each other in a circle, names that are no names of files, markup or anything else.
std::vector<shown_node> strange() {
    const shown_type t{dtype::float32, {}, {}};
    return {{"</script><script>alert(1)</script>", "Placeholder", {}, {t}, {0}},
            {"one/<b>first</b>", "Neg", {"</script><script>alert(1)</script>"}, {t}, {1}},
            {"two/__proto__", "Exp", {"one/<b>first</b>"}, {t}, {2}},
            {"one/'\" onload=alert(2)", "Log", {"two/__proto__"}, {t}, {3}},
            {"two/constructor", "Add", {"one/'\" onload=alert(2)", "\xff:0"}, {t}, {4}},
            {"\xff", "Const", {}, {t}, {}, "1"},
            {"/", "Tan", {"two/constructor"}, {t}, {5}},
            {"after", "NoOp", {"^/"}, {}, {}}};
}
}  // namespace

int main(int, char** argument) {
    const std::filesystem::path folder = argument[1];
    io::html::save(folder / "addition.html", scope<"addition">([](value x, value y) { return x + y; }, a, b));
    io::html::save(folder / "layer.html", layer);
    const auto step = function(inputs(images, labels), outputs(loss), updates(nn::momentum(loss, 0.1_c)));
    io::html::save(folder / "training.html", step);

    // Kernels made by hand: every fourth node and its neighbours; some in two of them.
    const auto nodes = shown_of<std::remove_const_t<decltype(step)>>::graph().nodes;
    std::vector<io::html::shown_kernel> kernels;
    for (int k = 0; k < 9; ++k) kernels.push_back({"kernel " + std::to_string(k), {}});
    for (const shown_node& x : nodes)
        for (const int i : x.nodes)
            for (int k = 0; k < 9; ++k)
                if (i / 11 == k || (i + 1) / 11 == k) kernels[static_cast<std::size_t>(k)].nodes.push_back(i);
    io::html::save(folder / "kernels.html", nodes, kernels);
    io::html::save(folder / "many.html", many(40, 50));
    io::html::save(folder / "flat.html", flat(2000));
    io::html::save(folder / "strange.html", strange());
}
