// Names as people see them: TensorFlow's rules (the expected names are what TensorFlow 2.21 prints for the same program).
#include <kiln/kiln.hpp>

#include <algorithm>

#include <catch2/catch.hpp>

using namespace kiln;

namespace {
constexpr auto a = placeholder<"a", float>;
constexpr auto b = placeholder<"b", float>;
constexpr auto images = placeholder<"images", float, "batch", 784>;
constexpr auto plus = [](value p, value q) { return p + q; };

/// The names of all nodes that are no literals, in the order of the graph.
template <class E>
std::vector<std::string> names(E) {
    const outline_view g = outline_of_expression<E>.view();
    const node_names n = names_of(g);
    std::vector<std::string> r;
    for (int i = 0; i < g.n; ++i)
        if (std::string(g.nodes[i].op) != "literal" && std::string(g.nodes[i].op) != "seed") r.push_back(n.name[static_cast<std::size_t>(i)]);
    return r;
}
using list_of = std::vector<std::string>;
}  // namespace

TEST_CASE("default names are TensorFlow's, made unique with _1", "[names]") {
    CHECK(names(a + b) == list_of{"a", "b", "add"});
    CHECK(names((a + b) * (b + a)) == list_of{"a", "b", "add", "add_1", "mul"});
    CHECK(names(tanh(-a)) == list_of{"a", "Neg", "Tanh"});
    CHECK(names(a - exp(a) / 2_c) == list_of{"a", "Exp", "truediv", "sub"});
    constexpr auto p = unnamed_placeholder<std::int8_t>();
    constexpr auto q = unnamed_placeholder<std::int8_t>();
    CHECK(names(p + q) == list_of{"Placeholder", "Placeholder_1", "add"});
}

TEST_CASE("a name is given, and made unique where it is taken", "[names]") {
    CHECK(names(named<"my_addition">(a + b)) == list_of{"a", "b", "my_addition"});
    CHECK(names(named<"x">(a + b) * named<"x">(a - b)) == list_of{"a", "b", "x", "x_1", "mul"});
    CHECK(names(named<"X">(a + b) * named<"x">(a - b)) == list_of{"a", "b", "X", "x_1", "mul"});   // case alone tells nothing apart
    CHECK(names(named<"second">(named<"first">(a + b))) == list_of{"a", "b", "second"});
    CHECK(names(named<"add">(a * b) + b) == list_of{"a", "b", "add", "add_1"});
    CHECK(names(trace([](value h) { return named(h * h, "squared") + h; }, a)) == list_of{"a", "squared", "add"});
}

TEST_CASE("TensorFlow's four rules of scopes", "[names]") {
    constexpr auto s = scope<"addition">(plus, a, b);
    CHECK(names(s) == list_of{"a", "b", "addition/add"});
    CHECK(names(s * scope<"addition">(plus, b, a)) == list_of{"a", "b", "addition/add", "addition_1/add", "mul"});
    CHECK(names(s * scope<"addition/">(plus, b, a)) == list_of{"a", "b", "addition/add", "addition/add_1", "mul"});
    constexpr auto nested = scope<"outer">([](value p, value q) { return scope<"inner">(plus, p, q) - scope<"">(plus, q, p); }, a, b);
    CHECK(names(nested) == list_of{"a", "b", "outer/inner/add", "add", "outer/sub"});
    CHECK(names(s * s) == list_of{"a", "b", "addition/add", "mul"});   // one expression, one scope
}

TEST_CASE("scopes in a trace", "[names]") {
    constexpr auto y = trace([](value h) {
        for (int i = 0; i < 2; ++i) {
            const name_scope block(h, {"block", i});
            h = h * h;
            const name_scope inner(h, "inner");
            h = h + 1;
        }
        return -h;
    }, a);
    CHECK(names(y) == list_of{"a", "block/0/mul", "block/0/inner/add", "block/1/mul", "block/1/inner/add", "Neg"});
    constexpr auto again = trace([](value h) {
        for (int i = 0; i < 2; ++i) {
            const name_scope block(h, "block");
            h = h * h;
        }
        return h;
    }, a);
    CHECK(names(again) == list_of{"a", "block/mul", "block_1/mul"});
}

TEST_CASE("scopes of parts that are put together stay what they are", "[names]") {
    constexpr auto two = scope<"s">([](value p, value q) { return values{p + q, p - q}; }, a, b);
    CHECK(names(get<0>(two) * get<1>(two)) == list_of{"a", "b", "s/add", "s/sub", "mul"});
    constexpr auto x = scope<"s">([](value p) { return sum(p, {0}); }, images);
    constexpr auto y = scope<"s">([](value p) { return sum(p, {1}); }, images);
    CHECK(names(x * sum(y)) == list_of{"images", "s/Sum", "s_1/Sum", "Sum", "BroadcastTo", "mul"});
}

TEST_CASE("gradients are grouped by the node that they belong to", "[names]") {
    constexpr auto y = trace([](value p, value q) {
        const value z = square(scope<"addition">(plus, p, q));
        return values{z, grad(z, p)};
    }, a, b);
    CHECK(names(y) == list_of{"a", "b", "addition/add", "Square", "gradients/Square_grad/mul"});
    CHECK(names(grad(square(a), a)) == list_of{"a", "gradients/Square_grad/mul"});   // the square itself is not in this graph
    constexpr auto twice = trace([](value p) {
        const value z = tanh(exp(p)) * sin(exp(p * p));
        return values{z, grad(z, p), grad(exp(p), p)};
    }, a);
    const list_of n = names(twice);
    CHECK(std::find(n.begin(), n.end(), "Exp_1") != n.end());
    CHECK(std::find(n.begin(), n.end(), "gradients/Exp_1_grad/mul") != n.end());
    constexpr auto second = trace([](value p) {
        const value z = tanh(p);
        return values{z, grad(grad(z, p), p)};
    }, a);
    const list_of m = names(second);
    CHECK(std::find(m.begin(), m.end(), "gradients_1/gradients/Tanh_grad/mul_grad/mul") != m.end());
}

TEST_CASE("layers and optimizers have scopes", "[names]") {
    constexpr auto loss = trace([](value h) { return mean(square(nn::dense(h, 3, {"hidden", 0}))); }, images);
    const list_of n = names(loss);
    for (const char* s : {"hidden/0/kernel", "hidden/0/bias", "hidden/0/MatMul", "hidden/0/add", "Square", "Mean/Sum", "Mean/truediv"}) {
        INFO(s);
        CHECK(std::find(n.begin(), n.end(), s) != n.end());
    }
    using U = decltype(nn::sgd(loss, 0.1_c))::expression;
    const list_of u = names(U{});
    for (const char* s : {"sgd/hidden/0/kernel/mul", "sgd/hidden/0/kernel/sub", "sgd/hidden/0/bias/sub", "gradients/hidden/0/MatMul_grad/MatMul",
                          "gradients/Mean_grad/truediv", "gradients/Square_grad/mul"}) {
        INFO(s);
        CHECK(std::find(u.begin(), u.end(), s) != u.end());
    }
}

TEST_CASE("an operation of several nodes is one", "[names]") {
    const auto wholes = [](auto e) {
        const outline_view g = outline_of_expression<decltype(e)>.view();
        const node_names n = names_of(g);
        return n.whole[static_cast<std::size_t>(g.root(0))];
    };
    CHECK(wholes(softmax(images)) == "Softmax");
    CHECK(wholes(mean(images)) == "Mean");
    CHECK(wholes(named<"probabilities">(softmax(images))) == "probabilities");
    CHECK(wholes(images * 2_c).empty());
    CHECK(wholes(scope<"layer">([](value x) { return softmax(x) ; }, images)) == "layer/Softmax");
}

TEST_CASE("names change neither value nor sharing", "[names]") {
    static_assert(eval(named<"x">(a + b) * (a + b), a = 2.0f, b = 1.0f) == 9.0f);
    CHECK(names(named<"x">(a + b) * (a + b)) == list_of{"a", "b", "x", "mul"});
    using plain = expression_of<program<outputs_list<decltype(tanh(a + b))>, updates_list<>, inputs_list<decltype(a), decltype(b)>, givens_list<>>>;
    using with_names = expression_of<program<outputs_list<decltype(named<"t">(tanh(scope<"s">(plus, a, b))))>, updates_list<>,
                                             inputs_list<decltype(a), decltype(b)>, givens_list<>>>;
    STATIC_REQUIRE(std::is_same_v<plain, with_names>);   // so they are one program
    STATIC_REQUIRE(!std::is_same_v<decltype(named<"t">(a + b)), decltype(a + b)>);
}
