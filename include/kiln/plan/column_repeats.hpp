// Values of one column that are those of another a column later, as where slices overlap: the slope of x[1:] - x[:-1] has each term twice.
#pragma once
#include <kiln/plan/fma.hpp>

namespace kiln {

/// The nodes of a key while it is written.
template <class Bodies>
struct column_repeats {
    const Bodies& b;
    u64* nodes;
    const u64 *constants, *ops;
    int column, last;   // of the group and of the key
    int entry[body_operations::room];   // of a node of the key

    constexpr key_node at(int i) const { return unpacked_node(nodes[i]); }
    /// where(inside, x, 0), which is x wherever columns are inside.
    constexpr bool is_masked(const key_node& x) const {
        if (x.kind != step::operation || ops[x.op] != hash(where_op::name)) return false;
        const key_node mask = at(x.in[0]), zero = at(x.in[2]);
        return mask.kind == step::counter && mask.type == dtype::boolean && mask.slot == last && zero.kind == step::constant && constants[zero.slot] == 0;
    }
    /// Is node i what node o has been at the column before, wherever columns are inside? Looks at so many pairs of nodes at most.
    constexpr bool before(int i, int o, int& most) const {
        const key_node x = at(i), y = at(o);
        if (--most < 0) return false;
        if (x.kind == step::constant) return y.kind == step::constant && constants[x.slot] == constants[y.slot] && x.type == y.type;
        if (!(x.mask >> last & 1)) return i == o;
        if (is_masked(x)) return before(x.in[1], o, most);
        if (x.kind != y.kind || x.type != y.type || x.mask != y.mask) return false;
        if (x.kind == step::operation) {
            bool same = x.op == y.op;
            for (int k = 0; k < 3 && same; ++k) {
                const bool new_pair = k == 0 || ((x.in[k] != x.in[0] || y.in[k] != y.in[0]) && (k == 1 || x.in[2] != x.in[1] || y.in[2] != y.in[1]));
                same = !new_pair || before(x.in[k], y.in[k], most);
            }
            return same;
        }
        const body_entry &e = b.entry[entry[i]], &f = b.entry[entry[o]];
        if (x.kind != step::load || e.node != f.node || e.order || f.order) return false;
        const i64 *there = b.places.shift[e.placed], *here = b.places.shift[f.placed];
        for (int a = 0; a < 8; ++a)
            if (is_product(there[a]) || is_product(here[a]) || there[a] != here[a] - (a == column)) return false;
        return true;
    }
    constexpr int distance(int i) const {
        for (int o = i - 1; o >= 0 && i - o < 256; --o)
            if (int most = 64; at(o).kind == step::operation && before(i, o, most)) return i - o;
        return 0;
    }
    /// Tells each operation of n nodes how far before it the one is that gives its value a column later.
    constexpr void mark(int n) {
        for (int i = 0; i < n; ++i) {
            key_node k = at(i);
            if (k.kind != step::operation || !(k.mask >> last & 1)) continue;
            k.slot = distance(i);
            nodes[i] = packed(k);
        }
    }
};

}  // namespace kiln
