// Graphs as people look at them. The tutorial's are compared with what TensorFlow 2.21 writes for the same program.
#include <kiln/expr/shown_graph.hpp>
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

using namespace kiln;

namespace {
/// "name = op(inputs) [extents]", a line for each node.
template <class E>
std::string shown(const E&) {
    std::string s;
    for (const shown_node& x : shown_of<E>::graph().nodes) {
        s += x.name + " = " + x.op + "(";
        for (std::size_t k = 0; k < x.inputs.size(); ++k) s += (k ? ", " : "") + x.inputs[k];
        s += ")";
        for (const shown_type& t : x.outputs) {
            s += " [";
            for (std::size_t k = 0; k < t.extents.size(); ++k) s += (k ? ", " : "") + (t.names[k].empty() ? std::to_string(t.extents[k]) : t.names[k]);
            s += "]";
        }
        s += "\n";
    }
    return s;
}
bool has(const std::string& all, const std::string& line) { return ("\n" + all).find("\n" + line + "\n") != std::string::npos; }

constexpr auto a = placeholder<"a", std::int8_t>;
constexpr auto b = placeholder<"b", std::int8_t>;
constexpr auto x = placeholder<"x", float, "batch", 4>;
}  // namespace

TEST_CASE("the tutorial's additions", "[shown_graph]") {
    constexpr auto p = unnamed_placeholder<std::int8_t>();
    constexpr auto q = unnamed_placeholder<std::int8_t>();
    CHECK(shown(p + q) == "Placeholder = Placeholder() []\nPlaceholder_1 = Placeholder() []\nadd = AddV2(Placeholder, Placeholder_1) []\n");
    CHECK(shown(scope<"addition">([](value l, value r) { return l + r; }, a, b)) ==
          "a = Placeholder() []\nb = Placeholder() []\naddition/add = AddV2(a, b) []\n");
}

TEST_CASE("the tutorial's layer", "[shown_graph]") {
    constexpr auto images = unnamed_placeholder<float, "batch", 784>();
    constexpr auto w = variable<float, 5, 5, 1, 3>(random_normal<0.0, 0.1>);
    constexpr auto bias = variable<float, 3>(full<0.1>);
    const std::string s = shown(conv2d<strides<1, 1>, same>(reshape<-1, 28, 28, 1>(images), w) + bias);
    INFO(s);
    CHECK(has(s, "Variable = VariableV2() [5, 5, 1, 3]"));
    CHECK(has(s, "Variable/read = Identity(Variable) [5, 5, 1, 3]"));
    CHECK(has(s, "Const = Const() [3]"));
    CHECK(has(s, "Variable_1 = VariableV2() [3]"));
    CHECK(has(s, "Variable_1/Assign = Assign(Variable_1, Const) [3]"));
    CHECK(has(s, "Variable_1/read = Identity(Variable_1) [3]"));
    CHECK(has(s, "Reshape/shape = Const() [4]"));
    CHECK(has(s, "Conv2D = Conv2D(Reshape, Variable/read) [batch, 28, 28, 3]"));
    CHECK(has(s, "add = AddV2(Conv2D, Variable_1/read) [batch, 28, 28, 3]"));
    CHECK(has(s, "init = NoOp(^Variable/Assign, ^Variable_1/Assign)"));
    CHECK(has(s, "random_normal/RandomStandardNormal = RandomStandardNormal() [5, 5, 1, 3]"));
    CHECK(has(s, "Variable/Assign = Assign(Variable, random_normal/mul) [5, 5, 1, 3]"));
}

TEST_CASE("constants stand at their readers, implicit broadcasts do not show", "[shown_graph]") {
    CHECK(shown(x * 2_c + 2_c) == "x = Placeholder() [batch, 4]\nmul = Mul(x, mul/y) [batch, 4]\nmul/y = Const() [batch, 4]\n"
                                  "add = AddV2(mul, add/y) [batch, 4]\nadd/y = Const() [batch, 4]\n");
    const std::string s = shown(x + sum<0>(x));
    CHECK(has(s, "add = AddV2(x, Sum) [batch, 4]"));
    CHECK(s.find("Broadcast") == std::string::npos);
    CHECK(has(shown(broadcast_to<2, 3>(placeholder<"r", float, 3>)), "BroadcastTo = BroadcastTo(r) [2, 3]"));
}

TEST_CASE("an operation of several nodes is one, with all that is read of it", "[shown_graph]") {
    CHECK(shown(softmax(x)) == "x = Placeholder() [batch, 4]\nSoftmax = Softmax(x) [batch, 4]\n");
    const std::string s = shown(trace([](value h) { const value y = sum(softmax(h) * h); return values{y, grad(y, h)}; }, x));
    INFO(s);
    CHECK(has(s, "mul = Mul(Softmax, x) [batch, 4]"));
    CHECK(s.find("Softmax:1") != std::string::npos);   // the gradient reads what is inside
    const auto top = shown(trace([](value h) { return result(top_k(h, 2), 1); }, x));
    CHECK(has(top, "TopKV2 = TopKV2(x) [batch, 2] [batch, 2]"));
}

TEST_CASE("a function with updates", "[shown_graph]") {
    constexpr auto w = variable<"w", float>(zeros);
    auto f = function(inputs(x), outputs(sum(x) * w), updates(assign_add(w, sum(x))));
    const std::string s = shown(f);
    INFO(s);
    CHECK(has(s, "add = AddV2(w/read, Sum) []"));
    CHECK(has(s, "Assign = Assign(w, add) []"));
    constexpr auto loss = sum(square(w * 3_c));
    const std::string t = shown(function(inputs(), outputs(loss), updates(nn::sgd(loss, 0.1_c))));
    INFO(t);
    CHECK(has(t, "sgd/w/Assign = Assign(w, sgd/w/sub) []"));
}
