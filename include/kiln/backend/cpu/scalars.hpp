// Numbers by themselves, as functions of scalars compute: a costly function of several of them, of which none waits for another's result, is
// computed once, in lanes of a vector that would all be the same.
#pragma once
#include <kiln/backend/cpu/body.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct scalars : body<K, VB> {
    using base = body<K, VB>;
    using base::f, base::L, base::n;
    using typename base::regs, typename base::state;

    /// Nodes in an order in which operands come first, cheap ones as early as they can; `batch` is the number of those that are lanes of one
    /// vector at the first of them, 0 at the others.
    struct schedule {
        int node[n + 1], batch[n + 1];
    };
    template <int... I>
    static constexpr auto unary(std::integer_sequence<int, I...>) {
        struct table { bool yes[sizeof...(I) + 1]; };
        return table{{(op_struct<K::op(I)>::arity == 1)..., false}};
    }
    static constexpr auto of_one = unary(std::make_integer_sequence<int, K::header.ops>{});
    static constexpr bool may_share(int i) {
        return f.costly[i] && of_one.yes[f.node[i].op] && is_floating(f.node[i].type) && f.node[i].type == f.node[f.node[i].in[0]].type;
    }
    static constexpr bool alike(int i, int j) { return f.node[i].op == f.node[j].op && f.node[i].type == f.node[j].type; }
    static constexpr bool gains = [] {   // are there two of one operation at all?
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < i && may_share(i); ++j)
                if (may_share(j) && alike(i, j)) return true;
        return false;
    }();
    static constexpr schedule order = [] {
        schedule r{};
        bool done[n + 1]{};
        const auto ready = [&](int i) {
            for (int k = 0; k < f.arity(i); ++k)
                if (!done[f.node[i].in[k]]) return false;
            return !done[i];
        };
        int count = 0;
        const auto put = [&](int i, int batch) {
            r.node[count] = i;
            r.batch[count++] = batch;
            done[i] = true;
        };
        while (count < n) {
            int costly = -1;
            for (int i = 0; i < n; ++i) {   // operands come first, so one look finds all that are cheap
                if (!ready(i)) continue;
                if (!may_share(i)) put(i, 1);
                else if (costly < 0) costly = i;
            }
            if (costly < 0) break;
            int lanes[L]{}, size = 0;   // found before the first of them is done, on which another may wait
            for (int i = costly; i < n && size < L; ++i)
                if (may_share(i) && alike(i, costly) && ready(i)) lanes[size++] = i;
            for (int k = 0; k < size; ++k) put(lanes[k], k == 0 ? size : 0);
        }
        return r;
    }();

    template <int P, int... Lane>
    static KILN_INLINE void together(std::integer_sequence<int, Lane...>, state& s) {
        constexpr int first = order.node[P];
        auto x = base::template at<K::node(first).in[0]>(s.row);
        ((x.v[Lane] = base::template at<K::node(order.node[P + Lane]).in[0]>(s.row).v[0]), ...);
        const auto y = base::template compute<first>(x);
        ((base::template at<order.node[P + Lane]>(s.row).v = y.v[Lane] - decltype(y.v){}), ...);
    }
    template <int P>
    static KILN_INLINE void one(state& s, const place& p) {
        if constexpr (order.batch[P] == 1) base::template step<order.node[P], false>(s, s.row, p, s.acc);
        else if constexpr (order.batch[P] > 1) together<P>(std::make_integer_sequence<int, order.batch[P]>{}, s);
    }
    template <int... P>
    static KILN_INLINE void all(std::integer_sequence<int, P...>, state& s, const place& p) { (one<P>(s, p), ...); }
};

}  // namespace kiln::cpu
