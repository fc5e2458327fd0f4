// Expressions as text.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

using namespace kiln;

namespace {
constexpr auto a = placeholder<"a", float>;
constexpr auto b = placeholder<"b", float, "batch", 3>;
constexpr auto w = variable<"layer/w", float, 3, 2>(random_normal<>);
}  // namespace

TEST_CASE("a formula", "[print]") {
    CHECK(pretty(a) == "a");
    CHECK(pretty(a + a) == "a + a");
    CHECK(pretty((a + 1_c) * a - a / (a * 2_c)) == "(a + 1) * a - a / (a * 2)");
    CHECK(pretty(a - (a - a)) == "a - (a - a)");
    CHECK(pretty(-(a + a) * -a) == "-(a + a) * -a");
    CHECK(pretty(a * -2.5_c) == "a * -2.5");
    CHECK(pretty(where(a > 0_c && !(a == a), exp(a), 0_c)) == "where(a > 0 && logical_not(a == a), exp(a), 0)");
    CHECK(pretty(sum(b + a)) == "sum(b + a)");           // broadcasts are not written
    CHECK(pretty(sum<1>(b)) == "sum(b, {1})");
    CHECK(pretty(matmul(b, w)) == "matmul(b, layer/w)");
    CHECK(pretty(reshape<-1>(b)) == "reshape(b, {3 \"batch\"})");
    CHECK(pretty(cast<double>(a)) == "cast(a, float64)");
    CHECK(pretty(grad(square(a), a)) == "2 * a");
    constexpr auto doubled = trace([](value h) {   // 2^60 characters, if it were written out
        for (int i = 0; i < 60; ++i) h = h * h;
        return h;
    }, a);
    CHECK(pretty(doubled).size() < 10000);
}

TEST_CASE("a tree prints shared nodes once", "[print]") {
    constexpr auto t = tanh(a);
    CHECK(debug_print(t * t + a) ==
          "add [A] float32 ()\n"
          " ├─ multiply [B] float32 ()\n"
          " │  ├─ tanh [C] float32 ()\n"
          " │  │  └─ a [D] float32 ()\n"
          " │  └─ tanh [C] float32 ()\n"
          " │     └─ ...\n"
          " └─ a [D] float32 ()\n");
    const std::string s = debug_print(matmul(b, w));
    CHECK(s ==
          "matmul [A] float32 (\"batch\", 2)\n"
          " ├─ b [B] float32 (\"batch\", 3)\n"
          " └─ layer/w [C] float32 (3, 2)\n");
    CHECK(debug_print(sum<0>(b)).substr(0, 22) == "sum [A] float32 (3,)\n ");
    constexpr auto deep = trace([](value h) {
        for (int i = 0; i < 300; ++i) h = tanh(h) + 1;
        return h;
    }, a);
    const std::string tower = debug_print(deep);
    CHECK(std::count(tower.begin(), tower.end(), '\n') == 901);
}

TEST_CASE("several expressions are one picture", "[print]") {
    constexpr auto both = value_and_grad(square(a), a);
    const std::string tree = debug_print(both);
    CHECK(tree.find("square [A] float32 ()\n └─ a [B]") == 0);
    const std::string dot = to_dot(both);
    CHECK(dot.find("digraph kiln {") == 0);
    CHECK(dot.find("[label=\"a\", shape=box]") != std::string::npos);
    CHECK(dot.find("-> r1") != std::string::npos);
    CHECK(to_dot(matmul(b, w)).find("[label=\"float32 (\\\"batch\\\", 3)\"]") != std::string::npos);
    CHECK(to_dot(matmul(b, w)).find("random_normal") == std::string::npos);   // the initial value is no part of it
    CHECK(std::count(dot.begin(), dot.end(), '{') == std::count(dot.begin(), dot.end(), '}'));
}
