// The growing graph: equal nodes, lists and names are one, extents multiply, the first finding stays, and what is too much
// is a finding and not a crash.
#include <kiln/backend/constant/interpret.hpp>
#include <kiln/graph/numbering.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace kiln;

namespace {

struct scene {
    std::unique_ptr<builder> own{new builder{}};
    builder& b{*own};
    value placeholder(const char* name, dtype t = dtype::float64, list shape = ints(3)) { return placeholder_of(b, name, {b.intern(shape), t}); }
    std::string found() const { return b.found.what.s; }
};

TEST_CASE("equal nodes are one", "[builder]") {
    scene s;
    const value x = s.placeholder("x"), y = s.placeholder("y");
    CHECK(s.placeholder("x").id == x.id);
    CHECK(s.placeholder("y").id != x.id);
    const value p = x * y;
    const int n = s.b.n;
    CHECK((x * y).id == p.id);
    CHECK(s.b.n == n);
    CHECK((y * x).id != p.id);
    CHECK((x * 2).id == (x * 2.0).id);
    CHECK((x * 2).id != (x * 3).id);
    CHECK(sum(x).id != mean(x).id);
    CHECK(s.found() == "");
}

TEST_CASE("lists and names are interned", "[builder]") {
    scene s;
    builder& b = s.b;
    CHECK(b.intern(ints()) == 0);
    const int l = b.intern(ints(1, 2, 3));
    CHECK(b.intern(ints(1, 2, 3)) == l);
    CHECK(b.intern(ints(1, 2)) != l);
    CHECK(b.intern(ints(3, 2, 1)) != l);
    CHECK(b.length(l) == 3);
    CHECK(b.at(l, 2) == 3);
    CHECK(b.get(l, 1) == ints(2, 3));
    const i64 a = b.name("alpha"), c = b.name("alp"), d = b.name("pha");   // parts of others are names of their own
    CHECK(b.name("alpha") == a);
    CHECK(c != a);
    CHECK(d != a);
    CHECK(std::string(b.text_of(c)) == "alp");
    CHECK(std::string(b.text_of(d)) == "pha");
}

TEST_CASE("extents are numbers times names", "[builder]") {
    scene s;
    builder& b = s.b;
    const i64 n = b.named("n"), m = b.named("m");
    CHECK(is_product(n));
    CHECK(b.named("n") == n);
    CHECK(b.times(3, 4) == 12);
    CHECK(b.times(n, m) == b.times(m, n));
    CHECK(b.times(b.times(n, 2), m) == b.times(2, b.times(m, n)));
    CHECK(b.times(n, 1) == n);
    CHECK(b.times(n, 0) == 0);
    CHECK(b.divided(b.times(n, 6), 3) == b.times(n, 2));
    CHECK(b.divided(b.times(n, 6), n) == 6);
    CHECK(b.divided(b.times(n, m), n) == m);
    CHECK(b.divided(b.times(n, n), n) == n);
    CHECK(b.divided(b.times(n, 6), 4) == inferred);
    CHECK(b.divided(b.times(n, 6), m) == inferred);
    CHECK(b.divided(12, 0) == inferred);
    CHECK(b.count(b.intern(ints(n, 2, m, 3))) == b.times(b.times(n, m), 6));
    CHECK(std::string(b.shape_text(b.intern(ints(n, 784, b.times(28, m), b.times(n, m)))).s).substr(0, 23) == "(\"n\", 784, 28 \"m\", \"n\" ");
}

TEST_CASE("the first finding stays", "[builder]") {
    scene s;
    const value x = s.placeholder("x"), y = s.placeholder("y", dtype::float64, ints(4)), k = s.placeholder("k", dtype::int32);
    const value wrong = x + y;
    CHECK(s.found() == "add: shapes do not broadcast");
    CHECK(std::string(s.b.found.left.s) == "(3)");
    CHECK(std::string(s.b.found.right.s) == "(4)");
    const value worse = wrong * k;
    CHECK_FALSE(worse.zero());
    CHECK(s.found() == "add: shapes do not broadcast");
}

TEST_CASE("bodies", "[builder]") {
    scene s;
    builder& b = s.b;
    const value x = s.placeholder("x"), y = s.placeholder("y");
    auto body = [&](value a, value c) {
        b.open();
        const value inside = a * c + 1;   // a and c become parameters
        value captured[8];
        int n = 0;
        const int r = b.close(&inside, 1, captured, n);
        CHECK(n == 2);
        CHECK(captured[0].id == a.id);
        CHECK(captured[1].id == c.id);
        return r;
    };
    const int first = body(x, y);
    CHECK(b.regions[first].params == 2);
    CHECK(body(y, x) == first);   // closed and position-independent: the same body
    CHECK(body(sin(x), x) == first);
    CHECK(b.n_regions == 1);
    const value args[]{y, y};
    value out;
    b.replay(first, args, &out);
    CHECK(out.id == (y * y + 1).id);
    CHECK(b.current == 0);
    CHECK(s.found() == "");
}

TEST_CASE("a value of a body outside of it", "[builder]") {
    scene s;
    builder& b = s.b;
    const value x = s.placeholder("x");
    b.open();
    const value inside = sin(x);
    value captured[8];
    int n = 0;
    b.close(&inside, 1, captured, n);
    static_cast<void>(inside + x);
    CHECK(s.found() == "body: a value used outside of it");
}

// ---- too much of anything
TEST_CASE("too many nodes", "[builder]") {
    scene s;
    value x = s.placeholder("x");
    for (int k = 0; k < builder::capacity + 100; ++k) x = sin(x);
    CHECK(s.found() == "graph: too large for one builder");
    CHECK(s.b.n <= builder::capacity);
    const value y = sum(x * x);   // nothing after it falls over
    value dx;
    const value one = ones_like(y);
    reverse(s.b, &y, &one, 1, &x, 1, &dx);
}

TEST_CASE("too many lists", "[builder]") {
    scene s;
    for (int k = 0; k < builder::capacity; ++k) s.b.intern(ints(k, k + 1, k + 2));
    CHECK(s.found() == "graph: too large for one builder");
    CHECK(s.b.intern(ints(1, 2, 3)) != 0);   // what is there is found still
}

TEST_CASE("too many names", "[builder]") {
    scene s;
    for (int k = 0; k < 2000; ++k) s.b.name(("name/" + std::to_string(k)).c_str());
    CHECK(s.found() == "graph: too large for one builder");
    CHECK(s.b.n_chars <= builder::capacity);
    CHECK(std::string(s.b.text_of(s.b.name("name/3"))) == "name/3");
}

TEST_CASE("too many bodies", "[builder]") {
    scene s;
    builder& b = s.b;
    const value x = s.placeholder("x", dtype::float64, ints());
    value y = x;
    for (int k = 0; k < 300; ++k)
        y = cond(x > k, [&] { return x + k; }, [&] { return x - k; });
    CHECK(s.found() == "graph: too large for one builder");
    CHECK(b.n_regions <= builder::n_regions_max);
    CHECK(b.current == 0);
}

TEST_CASE("long bodies", "[builder]") {
    scene s;
    builder& b = s.b;
    const value x = s.placeholder("x", dtype::float64, ints());
    auto chain = [&](int n) {
        value v = x;
        for (int k = 0; k < n; ++k) v = sin(v) + 0.5;
        return v;
    };
    const value y = cond(x > 0, [&] { return chain(700); }, [&] { return x; });   // 1,400 nodes
    CHECK(s.found() == "");
    value dx;
    const value one = ones_like(y);
    reverse(b, &y, &one, 1, &x, 1, &dx);
    CHECK_FALSE(dx.zero());
    CHECK(s.found() == "");
    std::unique_ptr<builder> other(new builder{});
    const int id = dx.id;
    other->intern(ints(0));
    canonical(graph_view_of(b), &id, 1, *other);
    CHECK(static_cast<bool>(other->found) == false);
    CHECK(other->n_pool > 1400);
}

TEST_CASE("bodies that are too long", "[builder]") {
    scene s;
    builder& b = s.b;
    const value x = s.placeholder("x", dtype::float64, ints());
    for (int q = 0; q < 20; ++q)
        cond(x > 0, [&] {
            value v = x;
            for (int k = 0; k < 190; ++k) v = sin(v) + q;
            return v;
        }, [&] { return x; });
    CHECK(b.n_pool <= builder::capacity);
    value y = x;
    for (int q = 0; q < 20; ++q) y = cond(y > 0, [&] { return cond(y > 1, [&] { return sin(y) * q; }, [&] { return y; }); }, [&] { return y; });
    CHECK(b.n <= builder::capacity);
}

}  // namespace
