// From a frozen graph to a plan: simplify, legalise, fuse, write. Each pass is one constant evaluation; the results are
// constants of exact size.
#pragma once
#include <kiln/graph/made.hpp>
#include <kiln/passes/simplify.hpp>
#include <kiln/plan/write.hpp>

namespace kiln {

template <int Words, int Kernels, int Calls, int Arguments, int CallSizes, int Sizes, int Names, int Slots, int Numbers, int Leaves>
struct plan {
    u64 words[Words];
    plan_kernel kernel[Kernels];
    plan_call call[Calls];
    plan_argument argument[Arguments];
    int call_size[CallSizes];
    size_expr size[Sizes];
    int name[Names];
    plan_slot slot[Slots];
    plan_number number[Numbers];
    plan_leaf leaf[Leaves];
    plan_guard guard[64];
    int n_kernels, n_calls, n_sizes, n_names, n_slots, n_numbers, n_leaves, n_copies;
    signature sig;
};

/// The graph of E simplified and legalised. `where` gets the new node of each, -1 where there is none.
template <class E, signature S>
constexpr void legal_form(built& r, int* where = nullptr) {
    builder simple{};
    constexpr int n_roots = at_least_one(E::graph.view().n_roots());
    int roots[n_roots]{}, step[builder::capacity];
    value out[n_roots];
    const graph_view g = E::graph.view();
    simplification first(g, simple, all_rewrites);
    first.run(out);
    for (int i = 0; where && i < g.n; ++i) where[i] = first.reader[i] ? first.made[i] : -1;
    for (int k = 0; k < g.n_roots(); ++k) roots[k] = out[k].id;
    r.b.found = simple.found;
    auto next = [&] {
        legalise(graph_view_of(simple), S, r.b, roots, g.n_roots(), where ? step : nullptr);
        for (int i = 0; where && i < g.n; ++i)
            if (where[i] >= 0) where[i] = step[where[i]];
    };
    next();
    while (has_bodies(simple)) {   // bodies within bodies come out one level each time; what has come out is legalised too
        simple = r.b;
        r.b = {};
        r.b.found = simple.found;
        next();
    }
    i64 ids[n_roots];
    for (int k = 0; k < g.n_roots(); ++k) ids[k] = roots[k];
    r.roots = r.b.intern(ids, g.n_roots());
}

/// Everything that lowering knows of one program: E has the graph, S the signature, T the target.
template <class E, signature S, plan_target T>
struct lowered {
    using expression = E;
    static constexpr plan_target target = T;
    struct legal {
        static constexpr built run() {
            built r{};   // filled in place: a copy of a builder costs as much as a pass
            legal_form<E, S>(r);
            return r;
        }
    };
    static constexpr auto graph = made_by<legal>();
    static_assert(!a_finding<decltype(graph)>, "kiln: this program is too large to be lowered, use more than one function");
    static constexpr int n_nodes = graph.view().n, n_lists = graph.view().n_lists;

    // Fusion and the bodies of its groups. Where a group does not fit into a nest, a node is stored and both run again.
    template <int Round>
    struct attempt {
        static constexpr fuser<n_nodes, n_lists> fuse() {
            fuser<n_nodes, n_lists> z{graph.view(), {}, {}, -1};
            bool pinned[n_nodes]{};
            if constexpr (Round > 0) {
                for (int i = 0; i < n_nodes; ++i) pinned[i] = attempt<Round - 1>::fused.f.pinned[i];
                pinned[attempt<Round - 1>::bodies.bad] = true;
            }
            int roots[max_roots];
            for (int k = 0; k < S.results(); ++k) roots[k] = z.g.root(k);
            z.run(roots, S.results(), pinned);
            return z;
        }
        static constexpr auto fused = fuse();
        struct gathered {
            static constexpr auto run() {
                gatherer<n_nodes, n_lists> z{fused, {}, {}, 0, {}};
                z.run();
                return z.b;
            }
        };
        static constexpr auto trimmed() {
            constexpr auto& r = kept<gathered>::value;
            group_bodies<n_nodes, at_least_one(r.n)> t{};
            t.n = r.n;
            t.bad = r.bad;
            t.places = r.places;
            for (int k = 0; k < t.n; ++k) t.entry[k] = r.entry[k];
            for (int k = 0; k < n_nodes; ++k) t.stored_next[k] = r.stored_next[k];
            for (int k = 0; k < fused.f.n; ++k) {
                t.first[k] = r.first[k];
                t.stored_head[k] = r.stored_head[k];
                t.groups[k] = r.groups[k];
            }
            t.first[fused.f.n] = r.n;
            return t;
        }
        static constexpr auto bodies = trimmed();
    };
    template <int Round>
    static constexpr auto settled() {
        static_assert(Round < 200, "kiln: fusion finds no nests for this graph");
        if constexpr (attempt<Round>::bodies.bad < 0) return attempt<Round>{};
        else return settled<Round + 1>();
    }
    using final_attempt = decltype(settled<0>());
    using bodies_type = std::remove_const_t<decltype(final_attempt::bodies)>;

    static constexpr prologues<n_nodes> found_prologues() {
        prologue_finder<n_nodes, n_lists, bodies_type> z(final_attempt::fused, final_attempt::bodies, T);
        z.run();
        return z.r;
    }
    static constexpr auto maps = found_prologues();
    static constexpr group_order<n_nodes> ordered() {
        scheduler<n_nodes, n_lists, bodies_type> s(final_attempt::fused, final_attempt::bodies, maps, S);
        s.run();
        return s.r;
    }
    static constexpr auto order = ordered();

    using writer = plan_writer<n_nodes, n_lists, bodies_type>;
    struct draft {
        static constexpr writer run() {
            writer w(graph.view(), S, T, final_attempt::fused, final_attempt::bodies, maps, order);
            w.run();
            return w;
        }
    };
    static constexpr auto made() {
        constexpr const writer& w = kept<draft>::value;
        plan<at_least_one(w.n_words), at_least_one(w.n_kernels), at_least_one(w.n_calls), at_least_one(w.n_arguments),
             at_least_one(w.n_call_sizes), at_least_one(w.sizes.n), at_least_one(w.sizes.n_names), at_least_one(w.pool.n),
             at_least_one(w.n_numbers), at_least_one(w.n_leaves)> p{};
        for (int i = 0; i < w.n_words; ++i) p.words[i] = w.words[i];
        for (int i = 0; i < w.n_kernels; ++i) p.kernel[i] = w.kernels[i];
        for (int i = 0; i < w.n_calls; ++i) p.call[i] = w.calls[i];
        for (int i = 0; i < w.n_arguments; ++i) p.argument[i] = w.arguments[i];
        for (int i = 0; i < w.n_call_sizes; ++i) p.call_size[i] = w.call_sizes[i];
        for (int i = 0; i < w.sizes.n; ++i) p.size[i] = w.sizes.sizes[i];
        for (int i = 0; i < w.sizes.n_names; ++i) p.name[i] = w.sizes.names[i];
        for (int i = 0; i < w.pool.n; ++i) p.slot[i] = w.pool.slots[i];
        for (int i = 0; i < w.n_numbers; ++i) p.number[i] = w.numbers[i];
        for (int i = 0; i < w.n_leaves; ++i) p.leaf[i] = w.leaves[i];
        for (int i = 0; i < 64; ++i) p.guard[i] = w.guards[i];
        p.n_kernels = w.n_kernels;
        p.n_calls = w.n_calls;
        p.n_sizes = w.sizes.n;
        p.n_names = w.sizes.n_names;
        p.n_slots = w.pool.n;
        p.n_numbers = w.n_numbers;
        p.n_leaves = w.n_leaves;
        p.n_copies = w.n_copies;
        p.sig = S;
        return p;
    }
    static constexpr auto result = made();
};

}  // namespace kiln
