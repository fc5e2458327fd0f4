// Do two expressions compute the same? Names and scopes apart, equal graphs are one type.
#pragma once
#include <kiln/expr/symbols.hpp>

template <class E>
struct nameless {
    static constexpr bool several = true;
    static constexpr kiln::built run() {
        kiln::built r{};
        const kiln::graph_view g = unlabelled(E::graph.view());
        int roots[64]{};
        for (int k = 0; k < g.n_roots(); ++k) roots[k] = g.root(k);
        r.roots = canonical(g, roots, g.n_roots(), r.b);
        return r;
    }
    static constexpr auto found = kiln::made_by<nameless>();
};
template <class A, class B>
constexpr bool alike(A, B) { return std::is_same_v<kiln::expression_of<nameless<A>>, kiln::expression_of<nameless<B>>>; }
