// Canonical numbering and the digest: equal graphs get equal numbers however they were built, and a digest of their own where
// anything differs.
#include <kiln/backend/constant/interpret.hpp>
#include <kiln/graph/numbering.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace kiln;

namespace {

/// A canonical graph that lives in a builder.
struct numbered {
    std::unique_ptr<builder> b{new builder{}};
    int roots = 0;

    numbered(const builder& from, const std::vector<value>& v) {
        std::vector<int> ids;
        for (const value x : v) ids.push_back(x.id);
        roots = canonical(graph_view_of(from), ids.data(), static_cast<int>(ids.size()), *b);
    }
    explicit numbered(const numbered& from) {
        const graph_view g = from.view();
        std::vector<int> ids;
        for (int k = 0; k < g.n_roots(); ++k) ids.push_back(g.root(k));
        roots = canonical(g, ids.data(), g.n_roots(), *b);
    }
    graph_view view() const { return graph_view_of(*b, roots); }
    digest name() const { return digest_of(view(), b->n_pool, b->n_chars, b->n_regions); }
    bool operator==(const numbered& o) const {
        if (b->n != o.b->n || b->n_pool != o.b->n_pool || b->n_lists != o.b->n_lists || b->n_chars != o.b->n_chars || roots != o.roots) return false;
        for (int i = 0; i < b->n; ++i)
            if (!(b->nodes[i] == o.b->nodes[i])) return false;
        for (int i = 0; i < b->n_pool; ++i)
            if (!(b->pool[i] == o.b->pool[i])) return false;
        for (int i = 0; i < b->n_lists; ++i)
            if (b->lists[i] != o.b->lists[i]) return false;
        return std::equal(b->chars, b->chars + b->n_chars, o.b->chars);
    }
};

struct scene {
    std::unique_ptr<builder> own{new builder{}};
    builder& b{*own};
    value symbol(const char* name, dtype t, const list& shape) { return placeholder_of(b, name, {b.intern(shape), t}); }
    value x() { return symbol("x", dtype::float64, ints(b.named("n"), 3)); }
    value y() { return symbol("y", dtype::float64, ints(b.named("n"), 3)); }
    value w() { return variable_of(b, "w", {b.intern(ints(3)), dtype::float64}, ones); }
};

/// One graph with shared nodes, products of extents, several results, a body; in several orders.
std::vector<value> built(scene& s, int order) {
    auto condition = [&](value p, value a, value c) {
        return cond(p, [&] { return a * c + 1; }, [&] { return a - c; });
    };
    if (order == 0) {
        const value x = s.x(), y = s.y(), w = s.w(), e = exp(x * w), t = top_k(e, 2);
        const value flat = reshape<-1>(e);
        return {e + y, result(t, 0), result(t, 1), sum(flat * flat), condition(sum(x) > 0, e, y)};
    }
    if (order == 1) {   // other symbols first, nodes that nobody needs, the roots backwards
        const value w = s.w(), y = s.y(), x = s.x();
        static_cast<void>(tanh(y) * 7 + sum(s.symbol("unused", dtype::float64, ints(s.b.named("elsewhere"), 3))));
        const value p = sum(x) > 0, e = exp(x * w);
        const value last = condition(p, e, y);
        const value flat = reshape<-1>(e), t = top_k(e, 2);
        const value fourth = sum(flat * flat);
        const value positions = result(t, 1), best = result(t, 0);
        return {e + y, best, positions, fourth, last};
    }
    // by way of another builder
    scene other;
    const std::vector<value> there = built(other, 1);
    const numbered c(other.b, there);
    static_cast<void>(s.symbol("first", dtype::int8, ints(s.b.named("m"), s.b.named("n"))));
    value roots[16];
    import(s.b, c.view(), roots);
    return std::vector<value>(roots, roots + 5);
}

TEST_CASE("one graph however built", "[canonical]") {
    scene s0, s1, s2;
    const numbered a(s0.b, built(s0, 0)), b(s1.b, built(s1, 1)), c(s2.b, built(s2, 2));
    for (const scene* s : {&s0, &s1, &s2}) CHECK(s->b.found.what.n == 0);
    CHECK(s1.b.n != s0.b.n);
    CHECK(a == b);
    CHECK(a == c);
    CHECK(a.name() == b.name());
    CHECK(a.name() == c.name());
    CHECK(a.b->n_regions == 2);
}

TEST_CASE("numbering twice is numbering once", "[canonical]") {
    scene s;
    const numbered a(s.b, built(s, 1)), b{a}, c{b};
    CHECK(a == b);
    CHECK(b == c);
}

TEST_CASE("operands come before what uses them", "[canonical]") {
    scene s;
    const numbered a(s.b, built(s, 1));
    const graph_view g = a.view();
    for (int i = 0; i < g.n; ++i)
        for (int k = 0; k < g.nodes[i].n_in; ++k) CHECK(g.operand(g.nodes[i], k) < i);
    std::vector<bool> read(static_cast<std::size_t>(g.n));   // and nothing is there that no root needs
    for (int i = 0; i < g.n; ++i)
        for (int k = 0; k < g.nodes[i].n_in; ++k) read[static_cast<std::size_t>(g.operand(g.nodes[i], k))] = true;
    for (int k = 0; k < g.n_roots(); ++k) read[static_cast<std::size_t>(g.root(k))] = true;
    for (int i = 0; i < g.n; ++i) CHECK((read[static_cast<std::size_t>(i)] || g.nodes[i].op == &result_op));
}

TEST_CASE("a digest where anything differs", "[canonical]") {
    std::set<std::pair<u64, u64>> seen;
    int n = 0;
    auto add = [&](auto make) {
        scene s;
        const std::vector<value> v = make(s);
        REQUIRE(s.b.found.what.n == 0);
        const digest d = numbered(s.b, v).name();
        ++n;
        const bool fresh = seen.insert({d.lo, d.hi}).second;
        INFO("graph " << n);
        CHECK(fresh);
    };
    using values_of = std::vector<value>;
    // operation and the order of operands
    add([](scene& s) { return values_of{s.x() + s.y()}; });
    add([](scene& s) { return values_of{s.y() + s.x()}; });
    add([](scene& s) { return values_of{s.x() - s.y()}; });
    add([](scene& s) { return values_of{s.x() * s.y()}; });
    add([](scene& s) { return values_of{s.x() + s.x()}; });
    // roots and their order
    add([](scene& s) { return values_of{s.x(), s.y()}; });
    add([](scene& s) { return values_of{s.x(), s.x()}; });
    add([](scene& s) { return values_of{s.x()}; });
    add([](scene& s) { return values_of{s.x() + s.y(), s.x()}; });
    add([](scene& s) { return values_of{s.x() + s.y(), s.y()}; });
    // attributes
    add([](scene& s) { return values_of{sum(s.x(), 0)}; });
    add([](scene& s) { return values_of{sum(s.x(), 1)}; });
    add([](scene& s) { return values_of{sum(s.x())}; });
    add([](scene& s) { return values_of{result(top_k(s.x(), 1), 0)}; });
    add([](scene& s) { return values_of{result(top_k(s.x(), 2), 0)}; });
    add([](scene& s) { return values_of{result(top_k(s.x(), 2), 1)}; });
    add([](scene& s) { return values_of{transpose(s.symbol("q", dtype::float64, ints(3, 3, 3)), {0, 2, 1})}; });
    add([](scene& s) { return values_of{transpose(s.symbol("q", dtype::float64, ints(3, 3, 3)), {2, 1, 0})}; });
    // numbers
    add([](scene& s) { return values_of{s.x() * 2}; });
    add([](scene& s) { return values_of{s.x() * 2.5}; });
    add([](scene& s) { return values_of{s.x() * -0.0}; });
    add([](scene& s) { return values_of{s.x() * 0.0}; });
    // dtypes, extents, names
    add([](scene& s) { return values_of{s.symbol("x", dtype::float32, ints(s.b.named("n"), 3)) + s.symbol("y", dtype::float32, ints(s.b.named("n"), 3))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(3))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::uint64, ints(3))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(4))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(3, 1))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(1, 3))}; });
    add([](scene& s) { return values_of{s.symbol("z", dtype::int64, ints(3))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(s.b.named("n")))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(s.b.named("m")))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(s.b.times(s.b.named("m"), 2)))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(s.b.times(s.b.named("m"), s.b.named("n"))))}; });
    add([](scene& s) { return values_of{s.symbol("x", dtype::int64, ints(s.b.times(s.b.named("m"), s.b.named("m"))))}; });
    // variables and their first values
    add([](scene& s) { return values_of{s.w()}; });
    add([](scene& s) { return values_of{variable_of(s.b, "w", {s.b.intern(ints(3)), dtype::float64}, zeros)}; });
    add([](scene& s) { return values_of{s.symbol("w", dtype::float64, ints(3))}; });
    // bodies
    auto chosen = [](scene& s, auto f, auto g) {
        const value x = s.x(), y = s.y(), p = s.symbol("p", dtype::boolean, ints());
        return values_of{cond(p, [&] { return f(x, y); }, [&] { return g(x, y); })};
    };
    auto plus = [](value x, value y) { return x + y; };
    auto minus = [](value x, value y) { return x - y; };
    auto first = [](value x, value) { return x; };
    auto second = [](value, value y) { return y; };
    add([&](scene& s) { return chosen(s, plus, minus); });
    add([&](scene& s) { return chosen(s, minus, plus); });
    add([&](scene& s) { return chosen(s, plus, plus); });
    add([&](scene& s) { return chosen(s, first, second); });
    add([&](scene& s) { return chosen(s, second, first); });
    add([&](scene& s) { return chosen(s, first, first); });
    // bodies that differ in nothing but which of their nodes is the result
    auto of_parameter = [](int root) {
        return [root](scene& s) {
            builder& b = s.b;
            const value x = s.x(), t = top_k(x, 3), p = s.symbol("p", dtype::boolean, ints());   // [0] and [1] are in the table of lists
            value in[8]{p};
            int region[2];
            for (int& r : region) {
                b.open();
                const value params[]{b.param(type_of(x)), b.param(type_of(x))};
                int m = 1;
                value captured[8];
                r = b.close(&params[root], 1, captured, m);
            }
            in[1] = in[3] = x;
            in[2] = in[4] = result(t, 0);
            const value made = b.make(info<cond_op>, in, 5, ints(region_tag + region[0], region_tag + region[1], 2));
            return std::vector<value>{result(t, 0), result(t, 1), result(made, 0)};
        };
    };
    add(of_parameter(0));
    add(of_parameter(1));
    CHECK(static_cast<int>(seen.size()) == n);
}

}  // namespace
