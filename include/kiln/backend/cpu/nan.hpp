// Which maxima and minima need not see to NaN. softmax takes the maximum of a row out of it; a NaN in the row makes
// the sum of the exponentials NaN, and so all that is stored of this row, whatever the maximum is.
#pragma once
#include <kiln/ops/op.hpp>
#include <kiln/plan/facts.hpp>

#include <utility>

namespace kiln::cpu {

/// What the operations of a key say of themselves; behind them false, for nodes that are none.
template <class K>
constexpr auto flags_of_operations(bool op_info::*flag) {
    return [=]<int... I>(std::integer_sequence<int, I...>) {
        struct table { bool yes[sizeof...(I) + 1]; };
        return table{{info<op_struct<K::op(I)>>.*flag..., false}};
    }(std::make_integer_sequence<int, K::header.ops>{});
}

template <class K, int N>
struct nan_analysis {
    const body_facts<N>& f;
    const bool* spreads;   // of the operations of the key

    /// Whether NaN among the operands of i that `has` holds is NaN in i.
    constexpr bool taken(int i, const bool* has) const {
        const key_node& x = f.node[i];
        if (x.kind != step::widen && (x.kind != step::operation || !is_floating(x.type) || !spreads[x.op])) return false;
        for (int k = 0; k < f.arity(i); ++k)
            if (has[x.in[k]] && is_floating(f.node[x.in[k]].type)) return true;
        return false;
    }
    /// Whether everything that leaves the body is what it is, NaN in a row included, however r, which is a maximum or minimum along the row,
    /// treats NaN.
    constexpr bool unseen(int r) const {
        bool here[N + 1]{};    // NaN in the lanes in which what r folds is NaN
        bool whole[N + 1]{};   // NaN in all lanes of a row in which that is NaN anywhere
        bool changed[N + 1]{}; // may differ in such a row
        for (int i = 0; i < f.n; ++i) {
            const key_node& x = f.node[i];
            for (int k = 0; k < f.arity(i); ++k) changed[i] |= changed[x.in[k]];
            if (x.kind == step::store || (x.kind == step::reduce && !f.along_row(i))) {
                if (changed[i]) return false;
            } else if (x.kind == step::reduce) {
                const u64 op = K::op(x.op);
                whole[i] = (here[x.in[0]] || whole[x.in[0]]) && (op == hash(sum_op::name) || op == hash(prod_op::name)) && is_floating(x.type);
            } else {
                whole[i] = taken(i, whole);
                here[i] = i == f.node[r].in[0] || taken(i, here);
            }
            changed[i] = i == r || (changed[i] && !whole[i]);
        }
        return true;
    }
};

/// Of each node of K: whether it is a maximum or minimum that may lose NaN, since nobody would see it, or one that must not.
template <int N>
struct nan_of_folds {
    bool unseen[N + 1]{}, seen[N + 1]{};
};
template <class K, int N>
constexpr nan_of_folds<N> nan_in_folds(const body_facts<N>& f) {
    nan_of_folds<N> r;
    const auto spreads = flags_of_operations<K>(&op_info::spreads_nan);
    for (int i = 0; i < f.n; ++i) {
        if (f.node[i].kind != step::reduce || !is_floating(f.node[i].type)) continue;
        const u64 op = K::op(f.node[i].op);
        if (op != hash(max_op::name) && op != hash(min_op::name)) continue;
        r.unseen[i] = f.along_row(i) && nan_analysis<K, N>{f, spreads.yes}.unseen(i);
        r.seen[i] = !r.unseen[i];
    }
    return r;
}

}  // namespace kiln::cpu
