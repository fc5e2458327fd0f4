// The reference interpreter: each operation's own loops, one node after another, in constant evaluation and at run time.
// It is what `static_assert(eval(...))` runs and what every other back end is tested against.
#pragma once
#include <kiln/passes/reverse_mode.hpp>

namespace kiln {

/// Values of nodes [0, b.n) that the roots need. `leaf(i)` gives the elements of symbol i; nothing is freed until the end.
class interpretation {
public:
    template <class Leaf>
    constexpr interpretation(builder& b, const value* roots, int n_roots, Leaf leaf) : n(b.n) {
        at = new cell*[static_cast<std::size_t>(n)]{};
        own = new bool[static_cast<std::size_t>(n)]{};
        char* live = new char[static_cast<std::size_t>(n)]{};
        for (int k = 0; k < n_roots; ++k)
            if (!roots[k].zero()) live[roots[k].id] = 1;
        for (int i = n - 1; i >= 0; --i)
            if (live[i] && !(b.nodes[i].op->leaf()))
                for (int k = 0; k < b.nodes[i].n_in; ++k) live[b.operand(b.nodes[i], k)] = 1;
        for (int i = 0; i < n; ++i)
            if (live[i]) run(b, i, leaf);
        delete[] live;
    }
    constexpr ~interpretation() {
        for (int i = 0; i < n; ++i)
            if (own[i]) delete[] at[i];
        delete[] at;
        delete[] own;
    }
    interpretation(const interpretation&) = delete;
    interpretation& operator=(const interpretation&) = delete;

    constexpr const cell* operator[](value v) const { return at[v.id]; }

private:
    template <class Leaf>
    constexpr void run(builder& b, int i, Leaf& leaf) {
        const node x = b.nodes[i];
        if (x.op == &result_op) return;   // written with its node
        if (x.op == &literal_op) {
            const i64 bits = b.at(x.attrs, 0), m = elements(b, x.shape);
            make(b, i);
            for (i64 k = 0; k < m; ++k)
                if (is_floating(x.type)) at[i][k].f = double_of(bits);
                else at[i][k].i = bits;
            return;
        }
        if (x.op->leaf()) {
            at[i] = const_cast<cell*>(leaf(i));
            return;
        }
        const cell* in[64];
        cell* out[most_values];
        for (int k = 0; k < x.n_in; ++k) in[k] = at[b.operand(x, k)];
        const site s{&b, i};
        const int r = results_of(s);
        for (int k = 0; k < r; ++k) out[k] = make(b, x.type == dtype::none ? i + 1 + k : i);
        x.op->reference(s, in, out);
    }
    constexpr cell* make(const builder& b, int i) {
        const i64 m = elements(b, b.nodes[i].shape);
        own[i] = true;
        return at[i] = new cell[static_cast<std::size_t>(m > 0 ? m : 1)]{};
    }

    int n;
    cell** at;
    bool* own;
};

constexpr void cond_op::reference(site n, const cell* const* in, cell* const* out) {
    builder& b = *n.b;
    const bool first = in[0][0].i != 0;
    const int split = 1 + static_cast<int>(n.attr(2)), from = first ? 1 : split, to = first ? split : n.size();
    const int here = b.current, r = results(n);
    value args[most_values], roots[most_values];
    b.open();
    for (int i = from; i < to; ++i) args[i - from] = b.hole(type_of(n[i]));
    b.replay(n.region(first ? 0 : 1), args, roots);
    const interpretation run(b, roots, r, [&](int i) -> const cell* {
        for (int k = from; k < to; ++k)
            if (args[k - from].id == i) return in[k];
        return nullptr;
    });
    for (int k = 0; k < r; ++k)
        for (i64 i = 0, m = elements(b, b.nodes[roots[k].id].shape); i < m; ++i) out[k][i] = run[roots[k]][i];
    b.current = here;
}

}  // namespace kiln
