// Graphs from one builder to another, with names and bodies; and constants of exact size.
#include <kiln/backend/constant/interpret.hpp>
#include <kiln/graph/numbering.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace kiln;

namespace {

/// sum(cond(x > 0, x * y + 1, x - y)) and both results of top_k, as a constant.
struct sample {
    builder b;
    int roots;
};
constexpr sample made() {
    builder b{};
    const int shape = b.intern(ints(b.named("n"), 4));
    const value unused = placeholder_of(b, "unused", {0, dtype::int32});
    const value x = placeholder_of(b, "x", {shape, dtype::float64}), y = placeholder_of(b, "y", {shape, dtype::float64});
    static_cast<void>(unused + 1);
    const value t = top_k(x, 2);
    const value c = cond(sum(x) > 0, [&] { return x * y + 1; }, [&] { return x - y; });
    const int ids[]{sum(c).id, result(t, 0).id, result(t, 1).id};
    sample r{};
    r.roots = canonical(graph_view_of(b), ids, 3, r.b);
    return r;
}
constexpr auto exact() {
    constexpr int size[]{made().b.n, made().b.n_pool, made().b.n_regions, made().b.n_lists, made().b.n_chars};
    const sample s = made();
    return frozen<size[0], size[1], size[2], size[3], size[4], 1>(s.b, s.roots);
}
constexpr auto g = exact();
constexpr graph_view v = g.view();

static_assert(v.n_roots() == 3);
static_assert(v.n == static_cast<int>(sizeof g.nodes / sizeof(node)));
static_assert(sizeof g < 4096);
static_assert(g.nodes[v.root(1)].op == &result_op && v.root(2) == v.root(1) + 1);
static_assert(digest_of(g) == digest_of(g));

TEST_CASE("into another builder and back", "[frozen]") {
    const std::unique_ptr<builder> b(new builder{});
    static_cast<void>(placeholder_of(*b, "before", {b->intern(ints(b->named("elsewhere"), b->named("n"))), dtype::int8}));
    value roots[8];
    import(*b, v, roots);
    CHECK(b->n_regions == 2);
    CHECK(roots[2].id == roots[1].id + 1);   // several results lie together
    CHECK(std::string(b->shape_text(roots[1].n().shape).s) == "(\"n\", 2)");
    const int n = b->n;
    value again[8];
    import(*b, v, again);   // what is there already is found
    CHECK(b->n == n);
    CHECK(b->n_regions == 2);
    for (int k = 0; k < 3; ++k) CHECK(again[k].id == roots[k].id);

    const std::unique_ptr<builder> out(new builder{});
    const int ids[]{roots[0].id, roots[1].id, roots[2].id};
    const int r = canonical(graph_view_of(*b), ids, 3, *out);
    CHECK(digest_of(graph_view_of(*out, r), out->n_pool, out->n_chars, out->n_regions) == digest_of(g));
}

TEST_CASE("with extents in the place of names", "[frozen]") {
    const std::unique_ptr<builder> b(new builder{});
    extent_bindings bound;
    bound.bind(g, "n", 5);
    value roots[8];
    import(*b, v, roots, &bound);
    CHECK(roots[1].extent(0) == 5);
    CHECK(roots[1].extent(1) == 2);
    for (int i = 0; i < b->n; ++i)
        for (int k = 0; k < b->length(b->nodes[i].shape); ++k) CHECK_FALSE(is_product(b->at(b->nodes[i].shape, k)));
    for (int i = 0; i < b->n_pool; ++i)
        for (int k = 0; k < b->length(b->pool[i].shape); ++k) CHECK_FALSE(is_product(b->at(b->pool[i].shape, k)));
}

TEST_CASE("bound extents", "[frozen]") {
    const std::unique_ptr<builder> b(new builder{});
    const i64 n = b->named("n"), m = b->named("m"), p = b->times(b->times(n, m), 6);
    const graph_view view = graph_view_of(*b);
    extent_bindings bound;
    bound.bind(*b, "n", 5);
    bound.bind(*b, "m", 0);
    bound.bind(*b, "nowhere", 3);
    CHECK(bound.value_of(view, n) == 5);
    CHECK(bound.value_of(view, m) == 0);
    CHECK(bound.value_of(view, p) == 0);
    CHECK(bound.value_of(view, 7) == 7);
    CHECK(bound.n == 2);
}

}  // namespace
