// Outputs as the members of a struct.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <type_traits>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "n">;
constexpr auto m = placeholder<"m", float, 2, 3>;
constexpr auto w = variable<"w", float>(zeros);

struct summary {
    float total;
    tensor<float, dynamic> doubled;
    bool positive;
    std::int64_t where_largest;
};

TEST_CASE("a struct of all outputs", "[aggregate]") {
    auto f = function(inputs(x), outputs(sum(x), x * 2_c, all(x > 0_c), argmax<0>(x)));
    const auto r = f.as<summary>(std::vector{1.f, 5.f, 3.f});
    static_assert(std::is_same_v<decltype(r), const summary>);
    CHECK(r.total == 9);
    CHECK(r.doubled(1) == 10);
    CHECK(r.positive);
    CHECK(r.where_largest == 1);
    CHECK(f.as<summary>(x = std::vector{-1.f}).total == -1);
    const auto [total, doubled, positive, where_largest] = f.as<summary>(std::vector{2.f});
    CHECK(doubled(0) == 4);
}

TEST_CASE("members of a wider type, of a tuple's kind, with defaults", "[aggregate]") {
    struct wide {
        double total;
        const tensor<float, 3> columns;
    };
    auto f = function(inputs(m), outputs(sum(m), sum<0>(m)));
    const tensor<float, 2, 3> t{{1, 2, 3}, {4, 5, 6}};
    const auto r = f.as<wide>(t);
    CHECK(r.total == 21.0);
    CHECK(r.columns(2) == 9);
    struct with_initializers {
        float total = 1;
        tensor<float, 3> columns{};
    };
    CHECK(f.as<with_initializers>(t).total == 21);
}

TEST_CASE("one output, none, and a session", "[aggregate]") {
    struct only {
        float old;
    };
    struct nothing {};
    auto f = function(inputs(), w, updates(assign(w, w + 1_c)));
    auto g = function(inputs(), outputs(), updates(assign(w, w * 2_c)));
    session s(f, g);
    s.initialize();
    CHECK(f.as<only>(s).old == 0);
    CHECK(f.as<only>(s).old == 1);
    auto one_tensor = function(inputs(m), transpose(m));
    struct turned {
        tensor<float, 3, 2> t;
    };
    CHECK(one_tensor.as<turned>(tensor<float, 2, 3>{{1, 2, 3}, {4, 5, 6}}).t(2, 1) == 6);
    g.as<nothing>(s);
    CHECK(s[w] == 4.f);
}

}  // namespace
