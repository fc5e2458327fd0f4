// Which kernels compute which nodes: followed through simplification, legalisation and fusion.
#include <kiln/plan/kernel_nodes.hpp>
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace kiln;

namespace {
/// The operations of the nodes of every call, in the order of the graph.
template <class F>
std::vector<std::string> kernels(const F&) {
    std::vector<std::string> r;
    for (int c = 0; c < F::L::result.n_calls; ++c) {
        std::string s;
        for (const int i : kernel_nodes<typename F::L>::of_call(c)) s += (s.empty() ? "" : " ") + std::string(F::E::graph.nodes[i].op->name);
        r.push_back(s);
    }
    return r;
}
using list_of = std::vector<std::string>;

constexpr auto x = placeholder<"x", float, "batch", 4>;
constexpr auto w = variable<"w", float, 4, 3>(zeros);
}  // namespace

TEST_CASE("a fused loop, a reduction, a product with its epilogue", "[kernel_nodes]") {
    CHECK(kernels(function(inputs(x), tanh(x * 2_c + x))) == list_of{"multiply add tanh"});
    CHECK(kernels(function(inputs(x), sum(exp(x)))) == list_of{"exp sum"});
    CHECK(kernels(function(inputs(x), relu(matmul(x, w) + 1_c))) == list_of{"matmul add relu"});
}

TEST_CASE("what simplification merges or drops is followed", "[kernel_nodes]") {
    CHECK(kernels(function(inputs(x), -(-tanh(x)))) == list_of{"tanh negative"});   // the outer one became the tanh, the inner one nothing
    const auto one = kernels(function(inputs(x), outputs(exp(x) * 1_c, sum(x))));
    std::set<std::string> all(one.begin(), one.end());
    CHECK(all.size() == one.size());
}

TEST_CASE("a step of training: every node that is computed is in a kernel", "[kernel_nodes]") {
    constexpr auto loss = mean(square(tanh(matmul(x, w))));
    auto train = function(inputs(x), outputs(loss), updates(nn::sgd(loss, 0.1_c)));
    using F = decltype(train);
    std::set<int> in;
    for (int c = 0; c < F::L::result.n_calls; ++c)
        for (const int i : kernel_nodes<F::L>::of_call(c)) in.insert(i);
    int matmuls = 0;
    for (int i = 0; i < F::E::graph.view().n; ++i)
        if (F::E::graph.nodes[i].op == &info<matmul_op>) {
            ++matmuls;
            CHECK(in.count(i) == 1);
        }
    CHECK(matmuls == 2);
    // the graph with names has the same nodes in the same order
    static constexpr auto& named = named_program<F::program_type>::found;
    REQUIRE(named.view().n == F::E::graph.view().n);
    for (int i = 0; i < named.view().n; ++i) CHECK(named.nodes[i].op == F::E::graph.nodes[i].op);
}
