// Short rows of whose columns alone something is wanted: several of them, one behind the other, are whole vectors.
#pragma once
#include <kiln/backend/cpu/turned_rows.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct rows_end_to_end : turned_rows<K, VB> {
    using base = turned_rows<K, VB>;
    using base::f, base::L, base::axes, base::columns, base::n_vectors;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr int together = f.end_to_end, n_whole = static_cast<int>(columns * together / L);

    /// What does not vary from row to row, as it meets vector v.
    template <int I>
    static KILN_INLINE void periodic_step(state& s, regs& r, const place& p) {
        constexpr key_node k = K::node(I);
        using memory = typename base::template memory_type<I>;
        if constexpr (k.kind == kiln::step::load || k.kind == kiln::step::counter) {
            simd<memory, L, base::B> x{};
            const i64 stride = k.strided ? p.sizes[k.in[0] + axes - 1] : 1;
            for (int lane = 0; lane < L; ++lane) {
                const i64 column = (p.column + lane) % columns;
                if constexpr (k.kind == kiln::step::load) x.v[lane] = reinterpret_cast<const memory*>(p.q[k.slot])[column * stride];
                else x.v[lane] = static_cast<memory>(column);
            }
            base::template at<I>(r) = base::template as_lanes<I>(x);
        } else base::template step<I, false>(s, r, p, s.acc);
    }
    template <int... I>
    static KILN_INLINE void periodic_steps(std::integer_sequence<int, I...>, state& s, regs& r, const place& p) { (periodic_step<I>(s, r, p), ...); }
    template <int... V>
    static KILN_INLINE void elements(std::integer_sequence<int, V...>, state& s, const place& p, const regs* periodic, regs* sums) {
        (one_vector(s, place{p.q, p.sizes, p.outer, p.row, V * L, p.n1, L}, periodic[V], sums[V]), ...);
    }
    static KILN_INLINE void one_vector(state& s, const place& p, const regs& periodic, regs& sums) {
        regs r;
        base::copy(only<base::of_columns>{}, r, periodic);
        base::template steps<false>(only<base::of_elements>{}, s, r, p, sums);
    }
    /// Sums of the vectors become those of the columns, or of everything.
    template <int I>
    static KILN_INLINE void gather_sum(const regs* sums, regs* acc) {
        if constexpr (f.columns(I)) {
            using lanes = typename base::template lanes<I>;
            typename lanes::element_type all[(n_whole + 1) * L]{};
            for (int v = 0; v < n_whole; ++v) store(all + v * L, base::template at<I>(sums[v]));
            for (int row = 0; row < together; ++row)
                for (int v = 0; v < n_vectors; ++v)
                    base::template at<I>(acc[v]) = base::template combined<I>(base::template at<I>(acc[v]), load<lanes>(all + row * columns + v * L));
        } else
            for (int v = 0; v < n_whole; ++v) base::template at<I>(acc[0]) = base::template combined<I>(base::template at<I>(acc[0]), base::template at<I>(sums[v]));
    }
    template <int... I>
    static KILN_INLINE void gather_sums(std::integer_sequence<int, I...>, [[maybe_unused]] const regs* sums, [[maybe_unused]] regs* acc) { (gather_sum<I>(sums, acc), ...); }

    /// As many of the rows [first, last) as fill whole vectors; the first that is left.
    static KILN_INLINE i64 run_end_to_end(state& s, const place& start, regs* acc, i64 first, i64 last) {
        regs periodic[n_whole], sums[n_whole];
        for (int v = 0; v < n_whole; ++v) {
            periodic_steps(only<base::of_columns>{}, s, periodic[v], place{start.q, start.sizes, start.outer, 0, v * L, start.n1, L});
            base::clear(only<base::all_after>{}, sums[v]);
        }
        const i64 end = first + (last - first) / together * together;
        for (i64 i = first; i < end; i += together)
            elements(std::make_integer_sequence<int, n_whole>{}, s, place{start.q, start.sizes, start.outer, i, 0, start.n1, L}, periodic, sums);
        gather_sums(only<base::all_after>{}, sums, acc);
        return end;   // not what the loop ends with: g++ would try the rows after it where there are none
    }
};

}  // namespace kiln::cpu
