// One-hot rows: what compares the number of each column with a number of the row, as the label of a cross-entropy, holds in one
// column at most. A pass over the row does without the comparison and what it chooses; the vector of that column is computed
// before it, and stored after it.
#pragma once
#include <kiln/backend/cpu/rows_end_to_end.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct one_hot_rows : rows_end_to_end<K, VB> {
    using base = rows_end_to_end<K, VB>;
    using base::f, base::axes, base::n;
    using typename base::regs, typename base::state;

    static constexpr bool numbers_columns(int i) {
        const key_node k = K::node(i);
        return k.kind == kiln::step::counter && is_integer(k.type) && size_of(k.type) >= 4 && k.slot == axes - 1 && f.columns(i);
    }
    /// Known before the first pass.
    static constexpr bool known(int i) { return !f.columns(i) && !f.post[i] && f.stage[i] == 0 && !f.reduces(i); }
    static constexpr int number_in(int i) {   // -1: not such a comparison
        if (!is_operation<K>(i, hash(equal_op::name))) return -1;
        const int a = K::node(i).in[0], b = K::node(i).in[1];
        if (numbers_columns(a) && known(b)) return b;
        return numbers_columns(b) && known(a) ? a : -1;
    }
    struct hits {
        int node = -1;               // the only such comparison; -1: none, or several
        bool depends[K::n + 1]{};    // on it
        unsigned passes = 0;         // bit s: pass s does without it
    };
    /// A sum of zeros but for the hit: it starts at 0, to which they change nothing.
    static constexpr bool sums(const hits& of, int i) {
        const int chosen = K::node(i).in[0];
        return f.along_row(i) && K::op(K::node(i).op) == hash(sum_op::name) && is_some_or_zero<K>(chosen) && K::node(chosen).in[0] == of.node;
    }
    static constexpr hits h = [] {
        hits r;
        int count = 0;
        for (int i = 0; i < n && !f.sections; ++i)
            if (number_in(i) >= 0) {
                r.node = i;
                ++count;
            }
        if (count != 1) return hits{};
        unsigned without = 0, with = 0;
        for (int i = 0; i < n; ++i) {
            r.depends[i] = i == r.node;
            for (int k = 0; k < f.arity(i); ++k) r.depends[i] |= f.columns(i) && r.depends[K::node(i).in[k]];
            const bool folded = f.reduces(i) && r.depends[K::node(i).in[0]];
            if (folded ? !sums(r, i) : r.depends[i] && f.scratch[i] >= 0) with |= f.in_pass[K::node(i).in[0]];
            else if (r.depends[i]) without |= f.in_pass[i];
        }
        r.passes = without & ~with;
        return r;
    }();
    static constexpr bool one_hot(int pass) { return h.passes >> pass & 1; }
    static KILN_INLINE i64 column_of_hit(const state& s) { return static_cast<i64>(base::template at<number_in(h.node)>(s.row).v[0]); }

    /// base::step where the hit is not; what it chooses is then a constant to the compiler.
    template <int I, bool Tail>
    static KILN_INLINE void step_of_others(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (I == h.node) base::template at<I>(r) = like(typename base::template lanes<I>{}, 0);
        else if constexpr (!sums(h, I)) base::template step<I, Tail>(s, r, p, acc);
    }
    /// The stores of what depends on the hit, in its vector; before it, something that could be stored.
    template <int... I>
    static KILN_INLINE void store_hits(std::integer_sequence<int, I...>, state& s, regs& r, const place& p) { (store_hit<I>(s, r, p), ...); }
    template <int I>
    static KILN_INLINE void store_hit(state& s, regs& r, const place& p) {
        if constexpr (stores_hit(I)) base::template step<I, true>(s, r, p, r);
    }
    template <int... I>
    static KILN_INLINE void clear_hits(std::integer_sequence<int, I...>, regs& r) { (clear_hit<I>(r), ...); }
    template <int I>
    static KILN_INLINE void clear_hit(regs& r) {
        if constexpr (stores_hit(I)) {
            auto& v = base::template at<K::node(I).in[0]>(r);
            v = like(v, 0);
        }
    }
    static constexpr bool stores_hit(int i) { return h.depends[i] && K::node(i).kind == kiln::step::store; }
};

}  // namespace kiln::cpu
