// What a pass over a long row fetches for the passes behind it, and for the next row.
#pragma once
#include <kiln/backend/cpu/repeated_columns.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct row_fetches : repeated_columns<K, VB> {
    using base = repeated_columns<K, VB>;
    using base::f;
    template <int P>
    using only = typename base::template only<P>;

    /// Does pass S wait for costly values?
    static constexpr bool costly_pass(int s) {
        for (int i = 0; i < base::n; ++i)
            if (f.costly[i] && f.columns(i) && f.in_pass[i] && f.first_pass(i) == s) return true;
        return false;
    }
    // A pass fetches what the last one writes and the next row reads, which then wait for the memory beside its arithmetic: the first with
    // costly values, or else, of the next row alone, the last pass but one. Longer rows, and sums of columns beside cheap ones, would push
    // each other out of the first cache.
    static constexpr int fetching_pass = [] {
        for (int s = 0; s < f.passes && f.passes > 1; ++s)
            if (costly_pass(s)) return s;
        return only<base::column_sums>::size() > 0 ? -1 : f.passes - 2;
    }();
    static constexpr bool fetches_stores = fetching_pass >= 0 && fetching_pass < f.passes - 1 && costly_pass(fetching_pass);
    static constexpr i64 fetched_row = 8192;
    static constexpr int lines = VB < 64 ? 64 / VB : 1;   // vectors of one
    template <int... I>
    static KILN_INLINE void fetch_ahead(std::integer_sequence<int, I...>, const place& p) {
        const place next{p.q, p.sizes, p.outer, p.row + 1, p.column, p.n1, p.count};
        (fetch_line<I>(p, next), ...);
    }
    template <int I>
    static KILN_INLINE void fetch_line(const place& p, const place& next) {
        constexpr key_node k = K::node(I);
        if constexpr (f.rows(I) && f.columns(I) && !k.section && !k.strided && (k.kind == kiln::step::load || k.kind == kiln::step::store)) {
            if constexpr (sizeof(typename base::template memory_type<I>) == base::B) {
                if constexpr (k.kind == kiln::step::load) __builtin_prefetch(base::template address<I>(next));
                else if constexpr (fetches_stores) __builtin_prefetch(base::template address<I>(p), 1);
            }
        }
    }
};

}  // namespace kiln::cpu
