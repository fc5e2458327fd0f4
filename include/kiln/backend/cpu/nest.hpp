// The nest: rows by columns. Short constant rows stay in registers and every node is computed once; long rows are passed
// over once for each reduction, costly values kept in a scratch row, cheap ones computed again.
#pragma once
#include <kiln/backend/cpu/body.hpp>

namespace kiln::cpu {

template <class K, int VB>
struct nest : body<K, VB> {
    using base = body<K, VB>;
    using base::f, base::L, base::axes;
    using typename base::regs, typename base::state;
    template <int P>
    using only = typename base::template only<P>;
    static constexpr i64 columns = base::n1_constant;
    static constexpr bool in_registers = columns > 0 && K::header.has_rows;
    static constexpr int n_vectors = in_registers ? static_cast<int>((columns + L - 1) / L) : 1;
    static constexpr int rest = in_registers ? static_cast<int>(columns % L) : 0;

    // ---- rows in registers
    template <int S, int... V>
    static KILN_INLINE void once_each(std::integer_sequence<int, V...>, state& s, regs* r, regs* acc, const place& p) {
        (base::template steps<(V == n_vectors - 1 && rest)>(
             only<base::once + S>{}, s, r[V],
             place{p.q, p.sizes, p.outer, p.row, V * L, p.n1, V == n_vectors - 1 && rest ? rest : L}, acc[V]), ...);
    }
    template <int S>
    static KILN_INLINE void stages(state& s, regs* r, regs* acc, const place& p) {
        if constexpr (S < f.passes) {
            for (int v = 0; v < n_vectors; ++v) base::clear(only<base::along + S>{}, acc[v]);
            once_each<S>(std::make_integer_sequence<int, n_vectors>{}, s, r, acc, p);
            for (int v = 1; v < n_vectors; ++v) base::merge(only<base::along + S>{}, acc[0], acc[v]);
            base::finish(only<base::along + S>{}, s, acc[0]);
            base::template steps<false>(only<base::row_after + S + 1>{}, s, s.row, p, s.acc);
            stages<S + 1>(s, r, acc, p);
        }
    }

    // ---- long rows
    template <int S>
    static constexpr bool saved(int i) { return f.fixed(i) || (f.scratch[i] >= 0 && !f.reduces(i) && f.first_pass(i) < S); }
    template <int S>
    static constexpr bool only_for_saved(int i) {   // all its readers in this pass come from the scratch row
        bool used = false;
        for (int j = i + 1; j < base::n; ++j)
            if ((f.in_pass[j] >> S & 1) && f.reads(j, i) && !saved<S>(j) && !only_for_saved<S>(j)) used = true;
        return !used && K::node(i).kind != kiln::step::store && !f.reduces(i);
    }
    template <int S, bool Tail, int I>
    static KILN_INLINE void one(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (f.scratch[I] >= 0 && !f.reduces(I)) {
            char* c = base::template scratch<I>(p);
            auto& v = base::template at<I>(r);
            if constexpr (f.first_pass(I) < S) __builtin_memcpy(&v.v, c, sizeof(v.v));
            else {
                base::template step<I, Tail>(s, r, p, acc);
                __builtin_memcpy(c, &v.v, sizeof(v.v));
            }
        } else if constexpr (!only_for_saved<S>(I)) base::template step<I, Tail>(s, r, p, acc);
    }
    template <int S, bool Tail, int... I>
    static KILN_INLINE void one_each(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc) {
        [[maybe_unused]] regs r;
        (one<S, Tail, I>(s, r, p, acc), ...);
    }
    // Several vectors at a time hide latencies; a long body does that by itself, and each copy of it costs compile time.
    static constexpr int n_costly = [] {
        int count = 0;
        for (int i = 0; i < base::n; ++i) count += f.costly[i];
        return count;
    }();
    static constexpr int unroll = n_costly > 8 || base::n > 120 ? 1 : base::n > 48 ? 2 : 4;
    static constexpr int n_acc = unroll > 1 ? unroll : 2;
    static KILN_INLINE place at_column(const place& p, i64 j, int count) { return {p.q, p.sizes, p.outer, p.row, j, p.n1, count}; }
    template <int S>
    static KILN_INLINE void clear_part(regs& acc) {
        base::clear(only<base::along + S>{}, acc);
        base::clear(only<base::cross_scalar>{}, acc);
    }
    template <int S>
    static KILN_INLINE void merge_part(regs& a, const regs& b) {
        base::merge(only<base::along + S>{}, a, b);
        base::merge(only<base::cross_scalar>{}, a, b);
    }
    template <int S>
    static KILN_INLINE void one_pass(state& s, const place& p, i64 first, i64 last, regs& sums) {
        using nodes = only<base::pass + S>;
        regs acc[n_acc];
        for (int u = 0; u < n_acc; ++u) clear_part<S>(acc[u]);
        base::copy(only<base::cross_scalar>{}, acc[0], s.acc);
        i64 j = first;
        if constexpr (unroll > 1)
            for (; j + unroll * L <= last; j += unroll * L) {
#pragma GCC unroll 4
                for (int u = 0; u < unroll; ++u) one_each<S, false>(nodes{}, s, at_column(p, j + u * L, L), acc[u]);
            }
        for (; j + L <= last; j += L) one_each<S, false>(nodes{}, s, at_column(p, j, L), acc[0]);
        if (j < last) one_each<S, true>(nodes{}, s, at_column(p, j, static_cast<int>(last - j)), acc[1]);
        for (int u = 1; u < n_acc; ++u) merge_part<S>(acc[0], acc[u]);
        sums = acc[0];
    }

    // A fold of little else: each step waits for the one before, so it has eight parts, also in what is left over. They are
    // named by constants: what a loop numbers lives in memory, which a call for few numbers would feel.
    static constexpr bool short_fold = n_costly == 0 && base::n <= 12 && f.passes == 1 &&
                                       (only<base::along>::size() > 0 || only<base::cross_scalar>::size() > 0);
    static KILN_INLINE void one_if(state& s, const place& p, i64& j, i64 last, regs& acc) {
        if (j + L > last) return;
        one_each<0, false>(only<base::pass>{}, s, at_column(p, j, L), acc);
        j += L;
    }
    template <int U>
    static KILN_INLINE void merge_from(regs* acc) {   // 4: parts 4 to 7 into 0 to 3, and so on
        if constexpr (U > 0) {
            [&]<int... V>(std::integer_sequence<int, V...>) KILN_INLINE_LAMBDA { (merge_part<0>(acc[V], acc[V + U]), ...); }(std::make_integer_sequence<int, U>{});
            merge_from<U / 2>(acc);
        }
    }
    template <int... U>
    static KILN_INLINE void fold(std::integer_sequence<int, U...>, state& s, const place& p, i64 first, i64 last, regs& sums) {
        using nodes = only<base::pass>;
        regs acc[sizeof...(U)];
        (clear_part<0>(acc[U]), ...);
        base::copy(only<base::cross_scalar>{}, acc[0], s.acc);
        i64 j = first;
        constexpr int step = sizeof...(U) * L;
        for (; j + step <= last; j += step) (one_each<0, false>(nodes{}, s, at_column(p, j + U * L, L), acc[U]), ...);
        (one_if(s, p, j, last, acc[U]), ...);   // never all of them
        if (j < last) one_each<0, true>(nodes{}, s, at_column(p, j, static_cast<int>(last - j)), acc[sizeof...(U) - 1]);
        merge_from<sizeof...(U) / 2>(acc);
        sums = acc[0];
    }

    template <int S>
    static KILN_INLINE void passes(state& s, const place& p, i64 first, i64 last) {
        if constexpr (S < f.passes) {
            regs sums;
            if constexpr (short_fold) fold(std::make_integer_sequence<int, 8>{}, s, p, first, last, sums);
            else one_pass<S>(s, p, first, last, sums);
            base::copy(only<base::cross_scalar>{}, s.acc, sums);
            base::finish(only<base::along + S>{}, s, sums);
            base::template steps<false>(only<base::row_after + S + 1>{}, s, s.row, p, s.acc);
            passes<S + 1>(s, p, first, last);
        }
    }

    // ---- values of rows that are collected and computed as one vector
    template <int I, bool Tail>
    static KILN_INLINE void tail_step(state& s, const place& p) {
        constexpr key_node k = K::node(I);
        using memory = typename base::template memory_type<I>;
        memory* e = nullptr;
        if constexpr (k.kind == kiln::step::load || k.kind == kiln::step::store) e = reinterpret_cast<memory*>(p.q[k.slot]) + p.row;
        if constexpr (k.kind == kiln::step::load && k.strided) {
            e = reinterpret_cast<memory*>(p.q[k.slot]) + p.row * p.sizes[k.in[0] + axes - 2];
            base::template at<I>(s.row) = base::template load_lanes<I, true>(e, p.sizes[k.in[0] + axes - 2], p.count);
        } else if constexpr (k.kind == kiln::step::load) base::template at<I>(s.row) = base::template load_lanes<I, Tail>(e, 1, p.count);
        else if constexpr (k.kind == kiln::step::store) base::template store_lanes<I, Tail>(base::template at<k.in[0]>(s.row), e, p.count);
        else if constexpr (k.kind == kiln::step::counter) {
            if constexpr (f.rows(I) && k.slot == axes - 2)
                base::template at<I>(s.row) = lane_numbers<typename base::template lanes<I>>() + base::template lanes<I>::splat(static_cast<memory>(p.row));
            else base::template step<I, false>(s, s.row, p, s.acc);
        } else if constexpr (f.tail_sum(I)) {
            auto v = base::template at<k.in[0]>(s.row);
            if constexpr (Tail) v = base::template only_first<I>(v, p.count);
            base::template at<I>(s.acc) = base::template combined<I>(base::template at<I>(s.acc), v);
        } else base::template step<I, false>(s, s.row, p, s.acc);
    }
    template <bool Tail, int... I>
    static KILN_INLINE void tail_steps(std::integer_sequence<int, I...>, state& s, const place& p) { (tail_step<I, Tail>(s, p), ...); }
    template <int... I>
    static KILN_INLINE void collect(std::integer_sequence<int, I...>, state& s, regs& kept, i64 row) {
        ((base::template at<I>(kept).v[row % L] = base::template at<I>(s.row).v[0]), ...);
    }
    template <int... I>
    static KILN_INLINE void spread_kept(std::integer_sequence<int, I...>, state& s, const regs& kept) {
        ((base::template at<I>(s.row) = base::template at<I>(kept)), ...);
    }
    struct nothing {};
    using kept_values = std::conditional_t<f.defer, regs, nothing>;   // g++ clears them even where nobody reads them
    static KILN_INLINE void row_done(state& s, [[maybe_unused]] kept_values& kept, const place& p, i64 n0) {
        if constexpr (f.defer) {
            collect(only<base::collected_part>{}, s, kept, p.row);
            if (p.row % L != L - 1 && p.row != n0 - 1) return;
            const int count = static_cast<int>(p.row % L) + 1;
            const place q{p.q, p.sizes, p.outer, p.row - p.row % L, 0, p.n1, count};
            spread_kept(only<base::collected_part>{}, s, kept);
            if (count == L) tail_steps<false>(only<base::tail_part>{}, s, q);
            else tail_steps<true>(only<base::tail_part>{}, s, q);
        }
    }

    // ---- short rows, L at a time. Columns are computed row by row, values of rows are lanes: a fold is done for L rows at once.
    template <int I, int N>
    struct slots_of {
        typename base::template lanes<I> v[N];
    };
    template <class Seq, int N>
    struct slots;
    template <int... I, int N>
    struct slots<std::integer_sequence<int, I...>, N> : slots_of<I, N>... {};
    static constexpr int n_fixed = f.turned ? static_cast<int>(columns) : n_vectors, n_kept = L * n_vectors;
    /// What outlives a row: values wanted in later passes, values that all rows share, sums of columns where lanes are rows.
    struct kept_values {
        slots<only<base::kept_part>, n_kept> of_row;
        slots<only<base::fixed_part>, n_fixed> of_all;
        slots<only<base::column_sums>, f.turned ? n_fixed : 1> sums;
    };
    template <int... I>
    static KILN_INLINE void keep_fixed(std::integer_sequence<int, I...>, kept_values& kept, const regs& r, int at) {
        ((static_cast<slots_of<I, n_fixed>&>(kept.of_all).v[at] = base::template at<I>(r)), ...);
    }
    template <bool Tail>
    static KILN_INLINE void fix(state& s, const place& p, kept_values& kept, int at) {
        regs r;
        base::template steps<Tail>(only<base::of_columns>{}, s, r, p, s.acc);
        keep_fixed(only<base::fixed_part>{}, kept, r, at);
    }
    static KILN_INLINE void fix_all(state& s, const place& p, kept_values& kept) {
        if constexpr (only<base::fixed_part>::size() > 0)
            for (int v = 0; v < n_vectors; ++v) {
                const place here{p.q, p.sizes, p.outer, p.row, v * L, p.n1, v == n_vectors - 1 && rest ? rest : L};
                if (here.count == L) fix<false>(s, here, kept, v);
                else fix<true>(s, here, kept, v);
            }
    }

    template <int I>
    static KILN_INLINE void row_step(state& t, regs& totals, const place& p) {
        constexpr key_node k = K::node(I);
        auto& out = base::template at<I>(t.row);
        if constexpr (k.kind == kiln::step::load) {
            const auto* e = reinterpret_cast<const typename base::template memory_type<I>*>(p.q[k.slot]);
            if constexpr (k.strided) {
                const i64 stride = p.sizes[k.in[0] + axes - 2];
                out = base::template load_lanes<I, true>(e + p.row * stride, stride, p.count);
            } else if (p.count == L) out = base::template load_lanes<I, false>(e + p.row, 1, L);
            else out = base::template load_lanes<I, true>(e + p.row, 1, p.count);
        } else if constexpr (k.kind == kiln::step::store) {
            auto* e = reinterpret_cast<typename base::template memory_type<I>*>(p.q[k.slot]) + p.row;
            const auto v = base::template at<k.in[0]>(t.row);
            if (p.count == L) base::template store_lanes<I, false>(v, e, L);
            else base::template store_lanes<I, true>(v, e, p.count);
        } else if constexpr (k.kind == kiln::step::reduce) {
            auto v = base::template at<k.in[0]>(t.row);
            if (p.count < L) v = base::template only_first<I>(v, p.count);
            base::template at<I>(totals) = base::template combined<I>(base::template at<I>(totals), v);
        } else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 2) {
            using lanes = typename base::template lanes<I>;
            out = lane_numbers<lanes>() + lanes::splat(static_cast<typename lanes::element_type>(p.row));
        } else base::template step<I, false>(t, t.row, p, totals);
    }
    template <int... I>
    static KILN_INLINE void row_steps(std::integer_sequence<int, I...>, state& t, regs& totals, const place& p) {
        (row_step<I>(t, totals, p), ...);
    }
    template <int... I>
    static KILN_INLINE void spread_row(std::integer_sequence<int, I...>, state& s, const state& t, [[maybe_unused]] int row) {
        ((base::template at<I>(s.row).v = raw_splat(base::template at<I>(t.row).v, row)), ...);
    }
    template <class V>
    static KILN_INLINE V raw_splat(const V& v, int lane) { return v[lane] - V{}; }
    template <int S, bool Tail, int I>
    static KILN_INLINE void group_step(state& s, regs& r, const place& p, regs& acc, kept_values& kept, int at) {
        if constexpr (f.fixed(I)) base::template at<I>(r) = static_cast<slots_of<I, n_fixed>&>(kept.of_all).v[at % n_vectors];
        else if constexpr (f.scratch[I] >= 0) {
            auto& slot = static_cast<slots_of<I, n_kept>&>(kept.of_row).v[at];
            if constexpr (f.first_pass(I) < S) base::template at<I>(r) = slot;
            else {
                base::template step<I, Tail>(s, r, p, acc);
                slot = base::template at<I>(r);
            }
        } else if constexpr (!only_for_saved<S>(I)) base::template step<I, Tail>(s, r, p, acc);
    }
    template <int S, bool Tail, int... I>
    static KILN_INLINE void group_steps(std::integer_sequence<int, I...>, state& s, const place& p, regs& acc, kept_values& kept, int at) {
        [[maybe_unused]] regs r;
        (group_step<S, Tail, I>(s, r, p, acc, kept, at), ...);
    }
    template <int S, int... V>
    static KILN_INLINE void one_row(std::integer_sequence<int, V...>, state& s, const place& p, i64 row, regs* acc, kept_values& kept, int at) {
        (group_steps<S, (V == n_vectors - 1 && rest)>(
             only<base::pass + S>{}, s, place{p.q, p.sizes, p.outer, row, V * L, p.n1, V == n_vectors - 1 && rest ? rest : L}, acc[V], kept,
             at + V), ...);
    }
    template <int N, class Slots, int... I>
    static KILN_INLINE void put_folds(std::integer_sequence<int, I...>, Slots& to, const regs& acc, [[maybe_unused]] int row) {
        ((static_cast<slots_of<I, N>&>(to).v[row] = base::template at<I>(acc)), ...);
    }
    template <bool High, class V, int... J>
    static KILN_INLINE V interleaved_lanes(V a, V b, std::integer_sequence<int, J...>) {
        return {__builtin_shufflevector(a.v, b.v, (J / 2 + J % 2 * L + (High ? L / 2 : 0))...)};
    }
    /// Lane c is the fold of v[c] over its lanes: halves of two are folded as one, until N are left.
    template <int I, int N>
    static KILN_INLINE typename base::template lanes<I> folds(const typename base::template lanes<I>* v) {
        if constexpr (N == L) return *v;
        else {
            const auto a = folds<I, 2 * N>(v), b = folds<I, 2 * N>(v + N);
            constexpr std::make_integer_sequence<int, L> all{};
            return base::template combined<I>(interleaved_lanes<false>(a, b, all), interleaved_lanes<true>(a, b, all));
        }
    }
    template <class Slots, int... I>
    static KILN_INLINE void fold_rows(std::integer_sequence<int, I...>, state& t, const Slots& from) {
        ((base::template at<I>(t.row) = folds<I, 1>(static_cast<const slots_of<I, L>&>(from).v)), ...);
    }
    template <int S>
    static KILN_INLINE void group_passes(state& s, state& t, const place& p, regs* acc, kept_values& kept) {
        if constexpr (S < f.passes) {
            using row_folds = only<base::along + S>;
            slots<row_folds, L> sums;
            for (int g = 0; g < p.count; ++g) {
                spread_row(only<base::spread + S>{}, s, t, g);
                for (int v = 0; v < n_vectors; ++v) base::clear(row_folds{}, acc[v]);
                one_row<S>(std::make_integer_sequence<int, n_vectors>{}, s, p, p.row + g, acc, kept, g * n_vectors);
                for (int v = 1; v < n_vectors; ++v) base::merge(row_folds{}, acc[0], acc[v]);
                put_folds<L>(row_folds{}, sums, acc[0], g);
            }
            for (int g = p.count; g < L; ++g) put_folds<L>(row_folds{}, sums, acc[0], g);   // no rows, but numbers
            fold_rows(row_folds{}, t, sums);
            row_steps(only<base::row_after + S + 1>{}, t, s.acc, p);
            group_passes<S + 1>(s, t, p, acc, kept);
        }
    }

    // ---- rows of less than half a vector: column by column, and lanes are rows throughout
    template <int I>
    static KILN_INLINE auto first_of_rows(const place& p) {   // where the element of the first row is, and how far the next
        constexpr key_node k = K::node(I);
        struct result {
            typename base::template memory_type<I>* e;
            i64 stride;
        };
        i64 stride = p.n1;
        if constexpr (k.strided) stride = p.sizes[k.in[0] + axes - 2];
        return result{base::template address<I>(p), f.rows(I) ? stride : 0};
    }
    template <int I>
    static KILN_INLINE void turned_step(state& t, regs& r, const place& p, regs& acc, kept_values& kept) {
        constexpr key_node k = K::node(I);
        using lanes = typename base::template lanes<I>;
        using memory = typename base::template memory_type<I>;
        auto& out = base::template at<I>(r);
        if constexpr (k.kind == kiln::step::load) {
            const auto [e, stride] = first_of_rows<I>(p);
            simd<memory, L, base::B> x{};
            if (p.count == L)
#pragma GCC unroll 64
                for (int row = 0; row < L; ++row) x.v[row] = e[row * stride];
            else
                for (int row = 0; row < p.count; ++row) x.v[row] = e[row * stride];
            out = base::template as_lanes<I>(x);
        } else if constexpr (k.kind == kiln::step::store) {
            const auto [e, stride] = first_of_rows<I>(p);
            const auto v = base::template get<k.in[0]>(t, r);
            const auto x = [&] {
                if constexpr (K::node(I).type == dtype::boolean) return convert<std::uint8_t>(v);
                else return v;
            }();
            if (p.count == L)
#pragma GCC unroll 64
                for (int row = 0; row < L; ++row) e[row * stride] = x.v[row];
            else
                for (int row = 0; row < p.count; ++row) e[row * stride] = x.v[row];
        } else if constexpr (k.kind == kiln::step::reduce) {
            auto v = base::template get<k.in[0]>(t, r);
            if (!f.along_row(I) && p.count < L) v = base::template only_first<I>(v, p.count);
            auto* to = &base::template at<I>(acc);
            if constexpr (f.columns(I)) to = &static_cast<slots_of<I, n_fixed>&>(kept.sums).v[p.column];
            *to = base::template combined<I>(*to, v);
        } else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 1) out = base::template splat<I>(static_cast<memory>(p.column));
        else if constexpr (k.kind == kiln::step::counter && k.slot == axes - 2)
            out = lane_numbers<lanes>() + lanes::splat(static_cast<memory>(p.row));
        else base::template step<I, false>(t, r, p, acc);
    }
    template <int S, int I>
    static KILN_INLINE void turned_or_kept(state& t, regs& r, const place& p, regs& acc, kept_values& kept) {
        if constexpr (f.fixed(I)) base::template at<I>(r) = static_cast<slots_of<I, n_fixed>&>(kept.of_all).v[p.column];
        else if constexpr (f.scratch[I] >= 0) {
            auto& slot = static_cast<slots_of<I, n_kept>&>(kept.of_row).v[p.column];
            if constexpr (f.first_pass(I) < S) base::template at<I>(r) = slot;
            else {
                turned_step<I>(t, r, p, acc, kept);
                slot = base::template at<I>(r);
            }
        } else if constexpr (!only_for_saved<S>(I)) turned_step<I>(t, r, p, acc, kept);
    }
    template <int S, int... I>
    static KILN_INLINE void turned_steps(std::integer_sequence<int, I...>, state& t, const place& p, regs& acc, kept_values& kept) {
        [[maybe_unused]] regs r;
        (turned_or_kept<S, I>(t, r, p, acc, kept), ...);
    }
    template <int... I>
    static KILN_INLINE void turned_fix(std::integer_sequence<int, I...>, state& t, const place& p, kept_values& kept) {
        if constexpr (only<base::fixed_part>::size() > 0)
            for (int c = 0; c < n_fixed; ++c) {
                regs r;
                (turned_step<I>(t, r, place{p.q, p.sizes, p.outer, p.row, c, p.n1, L}, t.acc, kept), ...);
                keep_fixed(only<base::fixed_part>{}, kept, r, c);
            }
    }
    template <int... I>
    static KILN_INLINE void clear_turned(std::integer_sequence<int, I...>, kept_values& kept) {
        for (int c = 0; c < n_fixed; ++c) ((static_cast<slots_of<I, n_fixed>&>(kept.sums).v[c] = base::template identity<I>()), ...);
    }
    /// Sums of columns become a vector of columns.
    template <int... I>
    static KILN_INLINE void sum_turned(std::integer_sequence<int, I...>, const kept_values& kept, regs& acc) {
        for (int c = 0; c < n_fixed; ++c)
            ((base::template at<I>(acc).v[c] = base::template across<I>(static_cast<const slots_of<I, n_fixed>&>(kept.sums).v[c]).v[0]), ...);
    }
    template <int S>
    static KILN_INLINE void turned_passes(state& t, const place& p, regs& acc, regs& totals, kept_values& kept) {
        if constexpr (S < f.passes) {
            base::clear(only<base::along + S>{}, acc);
            for (i64 c = 0; c < columns; ++c)
                turned_steps<S>(only<base::pass + S>{}, t, place{p.q, p.sizes, p.outer, p.row, c, p.n1, p.count}, acc, kept);
            base::copy(only<base::along + S>{}, t.row, acc);
            row_steps(only<base::row_after + S + 1>{}, t, totals, p);
            turned_passes<S + 1>(t, p, acc, totals, kept);
        }
    }

    // ---- after the nest
    template <int... I>
    static KILN_INLINE void totals(std::integer_sequence<int, I...>, state& s) {
        ((base::template at<I>(s.row) = f.columns(K::node(I).in[0]) || f.tail_sum(I) || f.grouped ? base::template across<I>(base::template at<I>(s.acc))
                                                                                     : base::template at<I>(s.acc)), ...);
    }
    template <int... I>
    static KILN_INLINE void load_sums(std::integer_sequence<int, I...>, regs& r, const regs* acc, const place& p) {
        ((acc ? void(base::template at<I>(r) = base::template at<I>(*acc))
              : void(__builtin_memcpy(&base::template at<I>(r).v, base::template scratch<I>(p), sizeof(base::template at<I>(r).v)))), ...);
    }
    static KILN_INLINE void after_nest(state& s, const place& p0, const regs* acc, [[maybe_unused]] i64 first, [[maybe_unused]] i64 last) {
        totals(only<base::cross_scalar>{}, s);
        base::template steps<false>(only<base::scalar_post>{}, s, s.row, p0, s.acc);
        if constexpr (only<base::column_post>::size() > 0) {
            i64 v = 0;
            for (i64 j = first; j < last; j += L, ++v) {
                regs r;
                const place p{p0.q, p0.sizes, p0.outer, 0, j, p0.n1, static_cast<int>(last - j < L ? last - j : L)};
                load_sums(only<base::column_sums>{}, r, acc ? acc + v : nullptr, p);
                if (p.count == L) base::template steps<false>(only<base::column_post>{}, s, r, p, s.acc);
                else base::template steps<true>(only<base::column_post>{}, s, r, p, s.acc);
            }
        }
    }
    template <int... I>
    static KILN_INLINE void clear_sums(std::integer_sequence<int, I...>, const place& p0, [[maybe_unused]] i64 first, [[maybe_unused]] i64 last) {
        (clear_sum<I>(p0, first, last), ...);
    }
    template <int I>
    static KILN_INLINE void clear_sum(const place& p0, i64 first, i64 last) {
        const auto zero = base::template identity<I>();
        for (i64 j = first; j < last; j += L) {
            const place p{p0.q, p0.sizes, p0.outer, 0, j, p0.n1, L};
            __builtin_memcpy(base::template scratch<I>(p), &zero.v, sizeof(zero.v));
        }
    }
    template <int... I>
    static KILN_INLINE void merge_totals(std::integer_sequence<int, I...>, regs& a, const regs& b) {
        ((f.columns(K::node(I).in[0]) ? void(base::template at<I>(a) = base::template combined<I>(base::template at<I>(a), base::template at<I>(b))) : void()), ...);
    }

    static constexpr bool has_sums = only<base::all_after>::size() > 0;
    static constexpr bool along_rows = [] {
        for (int i = 0; i < base::n; ++i)
            if (f.along_row(i)) return true;
        return false;
    }();
    /// May the nest be split over threads: its outer axes, its rows where nothing is summed over them, or a flat map.
    static constexpr bool splits = K::header.outer > 0 || (!has_sums && (K::header.has_rows || !along_rows));

    // ---- maps of more than the caches hold
    static constexpr bool streamed(int i) { return K::node(i).kind == step::store && f.columns(i); }
    /// Little is computed for each element, so that memory is what a large map waits for, and results are whole vectors.
    static constexpr bool may_stream = [] {
        bool yes = splits && K::header.outer == 0 && !K::header.has_rows && n_costly == 0 && base::n <= 16;
        for (int i = 0; i < base::n; ++i) yes &= !K::node(i).strided && (!streamed(i) || size_of(K::node(i).type) * L == VB);
        return yes;
    }();
    template <int I>
    static KILN_INLINE void stream_step(state& s, regs& r, const place& p, regs& acc) {
        if constexpr (streamed(I)) stream(base::template address<I>(p), base::template get<K::node(I).in[0]>(s, r));
        else base::template step<I, false>(s, r, p, acc);
    }
    template <int... I>
    static KILN_INLINE void stream_each(std::integer_sequence<int, I...>, state& s, const place& p) {
        [[maybe_unused]] regs r;
        (stream_step<I>(s, r, p, s.acc), ...);
    }
    static constexpr i64 beyond_caches = 32 << 20;   // what machines say of their last cache is often that of all their cores
    /// How many columns from `first` on go before the first streamed one; -1: this call does not stream. Results are larger than
    /// the caches, lie alike and are not updated in place, since then their lines have been fetched anyway.
    static i64 columns_before_stream(char* const* a, i64 n1, i64 first) {
        i64 bytes = 0, before = -1;
        for (int i = 0; i < base::n; ++i) {
            if (!streamed(i)) continue;
            const i64 size = size_of(K::node(i).type);
            bytes += n1 * size;
            const char* from = a[K::node(i).slot] + first * size;
            const i64 columns_before = static_cast<i64>(-reinterpret_cast<std::uintptr_t>(from) % VB) / size;
            if (before >= 0 && columns_before != before) return -1;
            before = columns_before;
            for (int j = 0; j < base::n; ++j)
                if (K::node(j).kind == step::load && a[K::node(j).slot] == a[K::node(i).slot]) return -1;
        }
        return bytes > beyond_caches ? before : -1;
    }
    [[gnu::noinline]] static void run_streaming(char* const* a, const i64* sizes, i64 first, i64 last, i64 before) {
        using nodes = only<base::pass>;
        const i64 n1 = sizes[axes - 1], outer[1]{};
        state s;
        const place start{a, sizes, outer, 0, 0, n1, L};
        base::template steps<false>(only<base::before>{}, s, s.row, start, s.acc);
        base::template steps<false>(only<base::row_start>{}, s, s.row, start, s.acc);
        i64 j = first;
        if (before) one_each<0, true>(nodes{}, s, at_column(start, j, static_cast<int>(before)), s.acc);
        j += before;
        for (; j + 4 * L <= last; j += 4 * L) {
#pragma GCC unroll 4
            for (int u = 0; u < 4; ++u) stream_each(nodes{}, s, at_column(start, j + u * L, L));
        }
        for (; j < last; j += L) one_each<0, true>(nodes{}, s, at_column(start, j, static_cast<int>(last - j < L ? last - j : L)), s.acc);
        _mm_sfence();
    }

    [[gnu::noinline]] static void run(char* const* a, const i64* sizes, int part, int parts) { inlined(a, sizes, part, parts); }
    static KILN_INLINE void inlined(char* const* a, const i64* sizes, int part, int parts) {
        const i64 all_rows = K::header.has_rows ? sizes[axes - 2] : 1, n1 = known_or<columns>(sizes[axes - 1]);
        constexpr bool split_rows = splits && K::header.outer == 0 && K::header.has_rows;
        constexpr bool split_columns = splits && K::header.outer == 0 && !K::header.has_rows;
        const part_range rows = split_rows ? range_of(all_rows, part, parts, L) : part_range{0, all_rows};
        const part_range flat = split_columns ? range_of(n1, part, parts, unroll * L) : part_range{0, n1};
        const i64 n0 = rows.last;
        if (split_columns && parts > 1 && flat.first == flat.last && part > 0) return;
        if constexpr (may_stream)
            if (n1 > 1 << 16)
                if (const i64 before = columns_before_stream(a, n1, flat.first); before >= 0) return run_streaming(a, sizes, flat.first, flat.last, before);
        base::for_outer(a, sizes, f.n_scratch * scratch_row(n1) * 8, part, parts, [&](char* const* q, const i64* outer) KILN_INLINE_LAMBDA {
            state s;
            kept_values kept{};
            const place start{q, sizes, outer, 0, 0, n1, L};
            base::clear(only<base::all_after>{}, s.acc);
            base::template steps<false>(only<base::before>{}, s, s.row, start, s.acc);
            if constexpr (in_registers) {
                regs acc[n_vectors];
                for (int v = 0; v < n_vectors; ++v) base::clear(only<base::all_after>{}, acc[v]);
                if constexpr (f.grouped) {
                    state t = s;
                    kept_values kept;
                    if constexpr (f.turned) {
                        turned_fix(only<base::of_columns>{}, t, start, kept);
                        clear_turned(only<base::column_sums>{}, kept);
                    } else fix_all(s, start, kept);
                    for (i64 i = rows.first; i < n0; i += L) {
                        const place p{q, sizes, outer, i, 0, n1, static_cast<int>(n0 - i < L ? n0 - i : L)};
                        row_steps(only<base::row_start>{}, t, s.acc, p);
                        row_steps(only<base::row_after>{}, t, s.acc, p);
                        if constexpr (f.turned) turned_passes<0>(t, p, acc[0], s.acc, kept);
                        else group_passes<0>(s, t, p, acc, kept);
                    }
                    if constexpr (f.turned) sum_turned(only<base::column_sums>{}, kept, acc[0]);
                } else for (i64 i = rows.first; i < n0; ++i) {
                    regs r[n_vectors];
                    const place p{q, sizes, outer, i, 0, n1, L};
                    base::template steps<false>(only<base::row_start>{}, s, s.row, p, s.acc);
                    base::template steps<false>(only<base::row_after>{}, s, s.row, p, s.acc);
                    stages<0>(s, r, acc, p);
                    row_done(s, kept, p, n0);
                }
                for (int v = 0; v < n_vectors; ++v) merge_totals(only<base::cross_scalar>{}, s.acc, acc[v]);
                after_nest(s, start, acc, 0, n1);
            } else {
                clear_sums(only<base::column_sums>{}, start, 0, n1);
                for (i64 i = rows.first; i < n0; ++i) {
                    const place p{q, sizes, outer, i, 0, n1, L};
                    base::template steps<false>(only<base::row_start>{}, s, s.row, p, s.acc);
                    base::template steps<false>(only<base::row_after>{}, s, s.row, p, s.acc);
                    passes<0>(s, p, flat.first, flat.last);
                    row_done(s, kept, p, n0);
                }
                after_nest(s, start, nullptr, 0, n1);
            }
        });
    }
};

}  // namespace kiln::cpu
