// Ten thousand random graphs through the passes: one digest however built, the same values whatever rewrites are on, forward
// mode equal to reverse mode, no finding. KILN_SEED=... gives others, KILN_GRAPHS=first,count some of them.
#include "random_graphs.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

constexpr int n_graphs = sanitized ? 2000 : 10000;

/// Calls f(seed of the graph, its number) for each graph.
template <class F>
void for_each_graph(F f, int every = 1) {
    int first = 0, count = n_graphs;
    range_of_graphs(first, count);
    for (int k = first; k < first + count; ++k)
        if (k % every == 0) f(scattered(seed(), static_cast<u64>(k)), k);
}
graph_settings settings_of(int k) {
    graph_settings s;
    s.nodes = 5 + static_cast<int>(scattered(17, static_cast<u64>(k)) % 111);   // half of them end up in the graph
    s.bodies = k % 3 != 0;
    s.narrow = k % 4 != 0;
    return s;
}
/// The canonical graph of one seed.
void generate(u64 graph_seed, int k, rooted& to) {
    scratch b;
    random_graph g(*b, graph_seed, settings_of(k));
    REQUIRE(std::string(b->found.what.s) + " " + b->found.left.s + " " + b->found.right.s + " " + b->found.where.s == "   ");
    make_canonical(*b, g.roots, to);
}

bool equal_tables(const builder& a, const builder& b) {
    auto same = [](auto* p, auto* q, int n) {
        for (int i = 0; i < n; ++i)
            if (!(p[i] == q[i])) return false;
        return true;
    };
    return a.n == b.n && a.n_pool == b.n_pool && a.n_regions == b.n_regions && a.n_lists == b.n_lists && a.n_chars == b.n_chars &&
           same(a.nodes, b.nodes, a.n) && same(a.pool, b.pool, a.n_pool) && same(a.regions, b.regions, a.n_regions) &&
           same(a.lists + 1, b.lists + 1, a.n_lists - 1) && same(a.chars, b.chars, a.n_chars);
}

/// The same graph built in another order, among names, lists and nodes of no use.
std::vector<value> shuffled(rooted& from, builder& to, chooser& choose) {
    const char* const names[]{"m", "n", "zz", "p1", "p0", "v2", "a"};
    for (int k = 0; k < 4; ++k) to.named(names[choose.below(7)]);
    const graph_view g = from.view();
    renumbering c{g, to, {}, {}, nullptr};
    std::vector<int> made(static_cast<std::size_t>(g.n), -1), waits(static_cast<std::size_t>(g.n)), ready;
    std::vector<std::vector<int>> readers(static_cast<std::size_t>(g.n));
    auto main_of = [&](int i) { return g.nodes[i].op == &result_op ? g.nodes[i].in[0] : i; };
    for (int i = 0; i < g.n; ++i) {
        if (main_of(i) != i) continue;
        for (int k = 0; k < g.nodes[i].n_in; ++k) {
            readers[static_cast<std::size_t>(main_of(g.operand(g.nodes[i], k)))].push_back(i);
            ++waits[static_cast<std::size_t>(i)];
        }
        if (g.nodes[i].n_in == 0) ready.push_back(i);
    }
    auto add = [&](int i) {
        node x = g.nodes[i];
        x.shape = c.list_of(x.shape, false);
        x.attrs = x.op == &literal_op ? c.raw_list(x.attrs) : c.list_of(x.attrs, false);
        i64 in[64];
        for (int k = 0; k < x.n_in; ++k) in[k] = made[static_cast<std::size_t>(g.operand(g.nodes[i], k))];
        if (x.n_in > 3) x.in[0] = to.intern(in, x.n_in);
        else
            for (int k = 0; k < x.n_in; ++k) x.in[k] = static_cast<int>(in[k]);
        made[static_cast<std::size_t>(i)] = to.add(x);
    };
    while (!ready.empty()) {
        std::swap(ready[static_cast<std::size_t>(choose.below(static_cast<int>(ready.size())))], ready.back());
        const int i = ready.back();
        ready.pop_back();
        if (choose.chance(20)) to.literal({to.intern(ints(choose.below(9), 7)), dtype::float64}, choose.below(1000));
        add(i);
        for (int k = i + 1; k < g.n && g.nodes[k].op == &result_op && g.nodes[k].in[0] == i; ++k) add(k);
        for (const int r : readers[static_cast<std::size_t>(i)])
            if (--waits[static_cast<std::size_t>(r)] == 0) ready.push_back(r);
    }
    std::vector<value> roots;
    for (int k = 0; k < g.n_roots(); ++k) roots.push_back({&to, made[static_cast<std::size_t>(g.root(k))]});
    return roots;
}

std::string shape_and_dtype(builder& b, value v) { return std::string(name_of(v.element())) + " " + b.shape_text(v.n().shape).s; }

/// The graph simplified, canonical.
void simplified(rooted& from, rewrites on, rooted& to) {
    scratch b;
    const std::vector<value> roots = from.values();
    std::vector<value> out(roots.size());
    simplify(from.view(), *b, out.data(), on);
    REQUIRE(std::string(b->found.what.s) == "");
    for (std::size_t k = 0; k < roots.size(); ++k) REQUIRE(shape_and_dtype(*b, out[k]) == shape_and_dtype(from.b(), roots[k]));
    make_canonical(*b, out, to);
}

constexpr rewrites rounding = stability_rewrites.with("pow_of_constant", "pow_of_half", "sum_of_sum", "sum_of_centred", "sum_in_parts", "product_of_row_and_column", "product_with_short_rows", "fold_of_product");
constexpr rewrites exact_rewrites{all_rewrites.bits & ~rounding.bits};

}  // namespace

TEST_CASE("random graphs have one digest however they are built", "[passes][random]") {
    for_each_graph([](u64 s, int k) {
        CAPTURE(seed(), k);
        rooted g;
        generate(s, k, g);
        const digest name = g.name();
        {
            rooted again;
            again.settle(g.view(), ids_of(g.values()));
            if (!(equal_tables(g.b(), again.b()) && g.roots == again.roots)) {
                INFO(text_of(g.view(), g.b()) << text_of(again.view(), again.b()));
                CHECK(false);
            }
        }
        chooser choose(s);
        {
            scratch other;
            rooted again;
            const std::vector<value> roots = shuffled(g, *other, choose);
            make_canonical(*other, roots, again);
            if (!(again.name() == name)) {
                INFO(text_of(g.view(), g.b()) << text_of(again.view(), again.b()));
                CHECK(again.name() == name);
            }
        }
        {
            scratch other;   // imported into a builder that holds another graph
            random_graph noise(*other, scattered(s, 5), graph_settings{});
            std::vector<value> roots(static_cast<std::size_t>(g.view().n_roots()));
            import(*other, g.view(), roots.data());
            rooted again;
            make_canonical(*other, roots, again);
            if (!(again.name() == name)) {
                INFO(text_of(g.view(), g.b()) << text_of(again.view(), again.b()));
                CHECK(again.name() == name);
            }
        }
    });
}

TEST_CASE("random graphs are made of all operations", "[passes][random]") {
    for (int k = 0; k < 2000; ++k) {
        rooted g;
        generate(scattered(seed(), static_cast<u64>(k)), k, g);
    }
    for (const row& r : rows) {
        INFO("random_graphs.hpp makes no " << r.name);
        CHECK(random_graph::tried().count(r.name) == 1);
    }
}

TEST_CASE("rewrites keep the values of random graphs", "[passes][random]") {
    long compared = 0, uncertain = 0;
    for_each_graph([&](u64 s, int k) {
        CAPTURE(seed(), k);
        rooted g;
        generate(s, k, g);
        const extents_of_names e = extents_for(s);
        runnable before(g, e, s);
        const std::vector<dtype> t = dtypes_of(before.roots);
        const tensors want = before.run();
        const certainty sure(g, e, s);
        auto check = [&](rewrites on, bool bitwise, const char* which) {
            rooted after;
            simplified(g, on, after);
            runnable run(after, e, s);
            const tensors got = run.run();
            const std::string wrong = bitwise ? differs(t, want, got) : differs(t, want, got, sure);
            if (!wrong.empty() && (bitwise || !differs(t, want, got, certainty(g, e, s, 32)).empty())) {   // no chance
                std::string rules;
                for (int r = 0; r < rewrite::all::n; ++r)   // which rule does it alone?
                    if (on.bits >> r & 1) {
                        rooted one;
                        simplified(g, {u64{1} << r}, one);
                        runnable run_one(one, e, s);
                        const tensors v = run_one.run();
                        if (!(bitwise ? differs(t, want, v) : differs(t, want, v, sure)).empty()) rules += std::string(" ") + rewrite::all::names[r];
                    }
                INFO(which << ", rules that do it alone:" << rules << "\n" << text_of(g.view(), g.b()) << text_of(after.view(), after.b()));
                CHECK(wrong == "");
            }
        };
        check(no_rewrites, true, "no rewrites");
        check(exact_rewrites, true, "exact rewrites");
        check({exact_rewrites.bits & scattered(s, 1)}, true, "some exact rewrites");
        check(all_rewrites, false, "all rewrites");
        check({all_rewrites.bits & scattered(s, 2)}, false, "some rewrites");
        for (std::size_t r = 0; r < want.size(); ++r)
            for (std::size_t i = 0; i < want[r].size(); ++i) {
                ++compared;
                uncertain += is_floating(t[r]) ? !std::isfinite(want[r][i].f) || !(sure.high[r][i].f - sure.low[r][i].f <= 1e-6 * (1 + std::fabs(want[r][i].f)))
                                               : sure.low[r][i].i != sure.high[r][i].i;
            }
    });
    CHECK(uncertain * 5 < compared);   // else there is little that was compared
    std::printf("rewrites: %ld elements, %ld of them uncertain\n", compared, uncertain);
}

namespace {

/// A graph with [sum(ct * J dx), sum(J^T ct * dx)] and the sums of their absolute values behind its roots.
struct both_modes {
    scratch own;
    std::vector<value> sums;
    int n_x = 0, n_y = 0;

    value total(value p) {
        return sum_over(cast(p, dtype::float64), every_axis(p));
    }
    static bool is_symbol(const char* name) { return (name[0] == 'p' || name[0] == 'v') && name[1] <= '9'; }   // of the graph itself
    void add(value& sum, value p) { sum = sum.zero() ? p : sum + p; }

    explicit both_modes(rooted& g, const std::string& prefix = "") {
        builder& b = *own;
        std::vector<value> roots(static_cast<std::size_t>(g.view().n_roots()));
        import(b, g.view(), roots.data());
        value y[8], ct[8], dy[8], x[64], dx[64], back[64];
        for (const value r : roots)
            if (is_floating(r.element()) && n_y < 8) {
                const std::string name = prefix + "ct" + std::to_string(n_y);
                y[n_y] = r;
                ct[n_y++] = placeholder_of(b, name.c_str(), type_of(r));
            }
        const int end = b.n;
        for (int i = 0; i < end && n_x < 64; ++i)
            if (is_floating(b.nodes[i].type) && (b.nodes[i].op == &placeholder_op || b.nodes[i].op == &variable_op) && is_symbol(b.text_of(b.at(b.nodes[i].attrs, 0)))) {
                const std::string name = prefix + "dx" + b.text_of(b.at(b.nodes[i].attrs, 0));
                x[n_x] = {&b, i};
                dx[n_x++] = placeholder_of(b, name.c_str(), type_of({&b, i}));
            }
        if (n_x == 0 || n_y == 0) return;
        forward(b, x, dx, n_x, y, n_y, dy);
        reverse(b, y, ct, n_y, x, n_x, back);
        value one, other, size_one, size_other;
        for (int k = 0; k < n_y; ++k)
            if (!dy[k].zero()) {
                add(one, total(ct[k] * dy[k]));
                add(size_one, total(absolute(ct[k] * dy[k])));
            }
        for (int k = 0; k < n_x; ++k)
            if (!back[k].zero()) {
                add(other, total(back[k] * dx[k]));
                add(size_other, total(absolute(back[k] * dx[k])));
            }
        for (value v : {one, other, size_one, size_other}) sums.push_back(v.zero() ? b.literal({0, dtype::float64}, 0) : v);
    }
};

}  // namespace

TEST_CASE("forward mode equals reverse mode on random graphs", "[passes][random]") {
    int compared = 0, not_finite = 0, loose = 0;
    auto check = [&](both_modes& d, const rooted& g, u64 s, const std::string& what) {
        REQUIRE(std::string(d.own->found.what.s) + d.own->found.left.s + d.own->found.right.s == "");
        rooted sums;
        make_canonical(*d.own, d.sums, sums);
        for (const bool simple : {false, true}) {
            rooted after;
            if (simple) simplified(sums, all_rewrites, after);
            rooted& of = simple ? after : sums;
            runnable run(of, extents_for(s), s);
            const tensors v = run.run();
            const double a = v[0][0].f, b = v[1][0].f, size = v[2][0].f + v[3][0].f;
            if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(size)) {
                ++not_finite;
                continue;
            }
            ++compared;
            if (std::fabs(a - b) <= 1e-9 * size + 1e-30) continue;
            ++loose;
            const certainty sure(of, extents_for(s), s, 16);
            const double spread = sure.high[0][0].f - sure.low[0][0].f + sure.high[1][0].f - sure.low[1][0].f;
            if (!(std::fabs(a - b) <= 8 * spread) && std::isfinite(spread)) {
                INFO(what << (simple ? ", simplified\n" : "\n") << text_of(const_cast<rooted&>(g).view(), const_cast<rooted&>(g).b()));
                CHECK(a == Approx(b));
            }
        }
    };
    for_each_graph([&](u64 s, int k) {
        CAPTURE(seed(), k);
        rooted g;
        generate(s, k, g);
        both_modes d(g);
        if (d.n_x == 0 || d.n_y == 0) return;
        check(d, g, s, "first derivative");
        if (k % 4 != 0) return;
        rooted forward_sum;
        make_canonical(*d.own, {d.sums[0]}, forward_sum);
        both_modes again(forward_sum, "2");
        if (again.n_x > 0) check(again, g, s, "second derivative");
    });
    CHECK(not_finite * 4 < compared);
    std::printf("derivatives: %d compared, %d not finite, %d by their uncertainty\n", compared, not_finite, loose);
}

TEST_CASE("legalised random graphs have the same values", "[passes][random]") {
    for_each_graph([](u64 s, int k) {
        CAPTURE(seed(), k);
        rooted g;
        generate(s, k, g);
        const extents_of_names e = extents_for(s);
        runnable before(g, e, s);
        const std::vector<dtype> t = dtypes_of(before.roots);
        const tensors want = before.run();
        rooted legal;
        open_bodies(g, {g.view().n_roots(), 0, 0}, legal);
        REQUIRE(std::string(legal.b().found.what.s) == "");
        runnable after(legal, e, s);
        const std::string wrong = differs(t, want, after.run());   // sums over two runs of axes may round differently
        if (!wrong.empty() && !differs(t, want, after.run(), certainty(g, e, s, 32)).empty()) {
            INFO(text_of(g.view(), g.b()) << text_of(legal.view(), legal.b()));
            CHECK(wrong == "");
        }
    });
}

}  // namespace kiln::testing
