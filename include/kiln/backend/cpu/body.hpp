// The one evaluator of bodies: a map, a reduction, a row program and the epilogue of a contraction are all steps over the
// nodes of a key. `step`, `steps` are inlined into the loops around them (nest.hpp, contraction.hpp).
#pragma once
#include <kiln/backend/cpu/lanes_in_memory.hpp>
#include <kiln/backend/cpu/math.hpp>
#include <kiln/backend/cpu/outer_indices.hpp>
#include <kiln/backend/cpu/sections.hpp>

namespace kiln::cpu {

/// The value of node I and its place among the registers of a body.
template <int I, class V>
struct reg {
    V v;
};
template <dtype T, int L, int B>
struct lanes_of {
    using type = simd<ctype_of<T>, L, B>;
};
template <int L, int B>
struct lanes_of<dtype::boolean, L, B> {
    using type = lane_mask<B, L>;
};
template <class K, int VB, class Seq>
struct registers;
template <class K, int VB, int... I>
struct registers<K, VB, std::integer_sequence<int, I...>>
    : reg<I, typename lanes_of<K::node(I).type, VB / K::header.lane_bytes, K::header.lane_bytes>::type>... {};

template <class K, int VB>
struct body : sections<K, VB / K::header.lane_bytes> {
    using base_parts = sections<K, VB / K::header.lane_bytes>;
    using base_parts::B, base_parts::L, base_parts::n, base_parts::axes, base_parts::f, base_parts::checked, base_parts::lanes_within;
    using regs = registers<K, VB, std::make_integer_sequence<int, n>>;
    template <int I>
    using lanes = typename lanes_of<K::node(I).type, L, B>::type;
    template <int I>
    static KILN_INLINE lanes<I>& at(regs& r) { return static_cast<reg<I, lanes<I>>&>(r).v; }
    template <int I>
    static KILN_INLINE const lanes<I>& at(const regs& r) { return static_cast<const reg<I, lanes<I>>&>(r).v; }

    struct state {
        regs row;   // what does not vary along the row
        regs acc;   // accumulators of what is known after the nest
    };
    static constexpr i64 n1_constant = K::extent(axes - 1);

    template <int A>
    static KILN_INLINE lanes<A> get(state& s, regs& r) {
        if constexpr (f.columns(A)) return at<A>(r);
        else return at<A>(s.row);
    }

    template <int I>
    using memory_type = std::conditional_t<K::node(I).type == dtype::boolean, std::uint8_t, ctype_of<K::node(I).type>>;

    template <int I>
    static KILN_INLINE memory_type<I>* address(const place& p) {
        constexpr key_node k = K::node(I);
        auto* e = reinterpret_cast<memory_type<I>*>(p.q[k.slot]);
        if constexpr (k.section || k.strided) {
            if constexpr (f.rows(I)) e += p.row * p.sizes[k.in[0] + axes - 2];
            if constexpr (f.columns(I)) e += p.column * (k.scattered ? p.sizes[k.in[0] + axes - 1] : 1);
        } else {
            if constexpr (f.rows(I)) e += p.row * (f.columns(I) ? p.n1 : 1);
            if constexpr (f.columns(I)) e += p.column;
        }
        return e;
    }
    template <int I, class V>
    static KILN_INLINE lanes<I> as_lanes(V x) {
        if constexpr (K::node(I).type == dtype::boolean) return lanes<I>{at_width<int_of<B>, std::uint8_t, L>(x.v) != 0};
        else return x;
    }
    template <int I, bool Tail>
    static KILN_INLINE lanes<I> load_lanes(const memory_type<I>* e, i64 stride, int count) {
        using V = simd<memory_type<I>, L, B>;
        V x{};
        if constexpr (K::node(I).scattered)
            for (int k = 0; k < (Tail ? count : L); ++k) x.v[k] = e[k * stride];
        else if constexpr (Tail && f.sections) x = load_known<V>(e, count);
        else if constexpr (Tail && f.grouped && n1_constant % L == L / 2) x = load_some_or_half<V>(e, count);
        else if constexpr (Tail) x = load_some<V>(e, count);
        else x = load<V>(e);
        return as_lanes<I>(x);
    }
    template <int I, bool Tail, class V>
    static KILN_INLINE void store_lanes(V v, memory_type<I>* e, int count) {
        if constexpr (K::node(I).type == dtype::boolean && !std::is_same_v<decltype(v.v), raw<std::uint8_t, L>>)
            store_lanes<I, Tail>(convert<std::uint8_t>(v), e, count);
        else if constexpr (Tail && f.sections) store_known(v, e, count);
        else if constexpr (Tail) store_some(v, e, count);
        else store(e, v);
    }
    template <int I>
    static KILN_INLINE lanes<I> splat(memory_type<I> x) {
        if constexpr (K::node(I).type == dtype::boolean) return like(lanes<I>{}, x != 0);
        else return lanes<I>::splat(x);
    }
    /// g++ would compute with a single lane as long as it can and fill the others of each intermediate value.
    template <int I>
    static KILN_INLINE lanes<I> one_number(lanes<I> x) {
#if defined(__GNUC__) && !defined(__clang__)
        if constexpr (sizeof(x.v) == 16) __asm__("" : "+x"(x.v));
#endif
        return x;
    }
    template <int I>
    static KILN_INLINE lanes<I> constant() {
        constexpr i64 bits = static_cast<i64>(K::constant(K::node(I).slot));
        if constexpr (is_floating(K::node(I).type)) return lanes<I>::splat(static_cast<memory_type<I>>(double_of(bits)));
        else return splat<I>(static_cast<memory_type<I>>(bits));
    }
    template <int I, bool Tail>
    static KILN_INLINE lanes<I> load_section(const place& p) {
        constexpr key_node k = K::node(I);
        using V = simd<memory_type<I>, L, B>;
        if constexpr ((k.op & ~(1 << (axes - 1))) != 0)
            if (!base_parts::template has_row<I>(p)) return as_lanes<I>(V{});
        const memory_type<I>* e = address<I>(p);
        if constexpr (!f.columns(I)) return one_number<I>(splat<I>(*e));
        else {
            const i64 stride = k.scattered ? p.sizes[k.in[0] + axes - 1] : 1;
            if (!checked(I) || p.inside) return load_lanes<I, Tail>(e, stride, p.count);
            const column_range there = base_parts::template columns_of<I>(p.sizes);
            const lane_range some = lanes_within(there.from, there.to, p, Tail ? p.count : L);
            if constexpr (!k.scattered) return as_lanes<I>(load_known_between<V>(e, some.from, some.to));
            V x{};
            for (int j = some.from; j < some.to; ++j) x.v[j] = e[j * stride];
            return as_lanes<I>(x);
        }
    }
    /// Which elements are inside.
    template <int I>
    static KILN_INLINE lanes<I> inside(const place& p) {
        constexpr int axis = K::node(I).slot;
        const column_range there = base_parts::template columns_of<I>(p.sizes);
        if constexpr (axis == axes - 1 && f.columns(I)) {
            if (p.inside) return like(lanes<I>{}, 1);
            const lane_range some = lanes_within(there.from, there.to, p, L);
            return first(some.to) & ~first(some.from);
        } else {
            i64 at = p.column;
            if constexpr (axis < axes - 1) at = f.rows(I) && axis == axes - 2 ? p.row : p.outer[axis];
            return like(lanes<I>{}, at >= there.from && at < there.to);
        }
    }
    template <int I>
    static KILN_INLINE lanes<I> counter(const place& p) {
        constexpr int axis = K::node(I).slot;
        using T = memory_type<I>;
        if constexpr (axis == axes - 1 && f.columns(I)) {
            if constexpr (std::is_same_v<lanes<I>, simd<T, L, B>>) {
                const auto from = [](i64 c) KILN_INLINE_LAMBDA { return lanes<I>::splat(static_cast<T>(c)); };
                return (lane_numbers<lanes<I>>() + from(p.ahead)) + from(p.column - p.ahead);   // a constant, and what vectors of one step share
            } else return {};
        } else if constexpr (f.rows(I) && axis == axes - 2) return splat<I>(static_cast<T>(p.row));
        else return splat<I>(static_cast<T>(p.outer[axis]));
    }
    template <int I>
    using op = op_struct<K::op(K::node(I).op)>;

    template <int I>
    static KILN_INLINE lanes<I> identity() { return op<I>::identity(lanes<I>{}, K::node(I).type); }
    template <int I>
    static KILN_INLINE lanes<I> combined(lanes<I> a, lanes<I> b) {
        if constexpr (base_parts::nan.unseen[I]) return op<I>::combine_numbers(a, b);
        else return op<I>::combine(a, b);
    }
    /// A maximum or minimum that has to see to NaN. Two of them do it together: the first has what both have seen, or
    /// bits do.
    static constexpr bool sees_nan(int i) { return base_parts::nan.seen[i]; }
    template <int I>
    static KILN_INLINE void combine_numbers(lanes<I>& a, lanes<I> x) { a = op<I>::combine_numbers(a, x); }
    template <int I>
    static KILN_INLINE void combine_two(lanes<I>& a, lanes<I>& b, lanes<I> x, lanes<I> y, [[maybe_unused]] std::uint16_t& nan) {
        combine_numbers<I>(a, x);
        combine_numbers<I>(b, y);
        if constexpr (has_nan_bits<lanes<I>>) nan = nan_bits(nan, x, y);
        else a = nan_or_nan_or(x, y, a);
    }
    /// Lanes that are not there take no part in a reduction.
    template <int I>
    static KILN_INLINE lanes<I> only_first(lanes<I> v, int count) {
        return select(first(count), v, identity<I>());
    }
    static KILN_INLINE lane_mask<B, L> first(int count) {
        using N = simd<int_of<B>, L, B>;
        return lane_numbers<N>() < N::splat(static_cast<int_of<B>>(count));
    }
    template <int I>
    static KILN_INLINE char* scratch(const place& p) {
        return p.q[scratch_slot<K>] + (f.scratch[I] * scratch_row(p.n1) + p.column) * B;
    }

    template <int I, class... X>
    static KILN_INLINE lanes<I> compute(X... x) {
        using Op = op<I>;
        if constexpr (std::is_same_v<Op, cast_op>) return cast_to<I>(x...);
        else return Op::compute(x...);
    }
    template <int I, class V>
    static KILN_INLINE lanes<I> cast_to(V x) {
        if constexpr (std::is_same_v<lanes<I>, V>) return x;
        else if constexpr (K::node(I).type == dtype::boolean) return x != like(x, 0);
        else return convert<ctype_of<K::node(I).type>>(x);
    }

    static constexpr bool sums_products(int i) { return taken_apart<K>{f}(i); }

    /// What a reduction I has after the next of its operands.
    template <int I>
    static KILN_INLINE lanes<I> combined_with(lanes<I> before, state& s, regs& r) {
        if constexpr (sums_products(I)) return added<K::node(I).in[0], false>(before, s, r);
        else return combined<I>(before, get<K::node(I).in[0]>(s, r));
    }
    /// before + v, or before - v, of a value that a sum takes apart.
    template <int V, bool Minus>
    static KILN_INLINE lanes<V> added(lanes<V> before, state& s, regs& r) {
        constexpr key_node k = K::node(V);
        if constexpr (is_some_or_zero<K>(V)) return select(get<k.in[0]>(s, r), added<k.in[1], Minus>(before, s, r), before);
        else {
            constexpr bool third = taken_apart<K>::fused(V), minus = Minus != is_operation<K>(V, hash(fnma_op::name));
            const lanes<V> x = get<k.in[0]>(s, r), y = get<k.in[third ? 1 : op<V>::arity - 1]>(s, r);
            if constexpr (third) before = added<k.in[2], Minus != is_operation<K>(V, hash(fms_op::name))>(before, s, r);
            return fma(minus ? -x : x, y, before);
        }
    }

    /// Computes node I at p. Tail: only p.count lanes are there. acc: where accumulators of the row or the column are.
    template <int I, bool Tail>
    static KILN_INLINE void step(state& s, regs& r, const place& p, regs& acc) {
        constexpr key_node k = K::node(I);
        constexpr bool columns = f.columns(I);
        regs& out = columns ? r : s.row;
        if constexpr (k.kind == kiln::step::constant) at<I>(out) = constant<I>();
        else if constexpr (k.kind == kiln::step::counter && k.type == dtype::boolean) at<I>(out) = inside<I>(p);
        else if constexpr (k.kind == kiln::step::counter) at<I>(out) = counter<I>(p);
        else if constexpr (k.kind == kiln::step::tile) {}
        else if constexpr (k.kind == kiln::step::widen) at<I>(out) = get<k.in[0]>(s, r);
        else if constexpr (k.kind == kiln::step::load && k.section) at<I>(out) = load_section<I, Tail>(p);
        else if constexpr (k.kind == kiln::step::load) {
            const memory_type<I>* e = address<I>(p);
            if constexpr (columns) at<I>(out) = load_lanes<I, Tail>(e, k.scattered ? p.sizes[k.in[0] + axes - 1] : 1, p.count);
            else at<I>(out) = one_number<I>(splat<I>(*e));
        } else if constexpr (k.kind == kiln::step::store) {
            memory_type<I>* e = address<I>(p);
            const auto v = get<k.in[0]>(s, r);
            if constexpr (columns) store_lanes<I, Tail>(v, e, p.count);
            else if constexpr (k.type == dtype::boolean) *e = v.v[0] != 0;
            else *e = v.v[0];
        } else if constexpr (k.kind == kiln::step::reduce) {
            constexpr bool some = Tail && f.columns(k.in[0]) && !columns;   // lanes are there, or count
            auto v = get<k.in[0]>(s, r);
            if constexpr (some && !sums_products(I)) v = only_first<I>(v, p.count);
            if constexpr (columns && n1_constant == 0) {
                using raw_t = decltype(v.v);
                char* c = scratch<I>(p);
                lanes<I> t;
                __builtin_memcpy(&t.v, c, sizeof(raw_t));
                t = combined_with<I>(t, s, r);
                __builtin_memcpy(c, &t.v, sizeof(raw_t));
            } else if constexpr (sums_products(I)) {
                const auto sum = combined_with<I>(at<I>(acc), s, r);
                if constexpr (some) at<I>(acc) = select(first(p.count), sum, at<I>(acc));
                else at<I>(acc) = sum;
            } else at<I>(acc) = combined<I>(at<I>(acc), v);
        } else {
            constexpr int arity = op<I>::arity;
            if constexpr (arity == 1) at<I>(out) = compute<I>(get<k.in[0]>(s, r));
            else if constexpr (arity == 2) at<I>(out) = compute<I>(get<k.in[0]>(s, r), get<k.in[1]>(s, r));
            else at<I>(out) = compute<I>(get<k.in[0]>(s, r), get<k.in[1]>(s, r), get<k.in[2]>(s, r));
        }
    }
    template <bool Tail, int... I>
    static KILN_INLINE void steps(std::integer_sequence<int, I...>, state& s, regs& r, const place& p, regs& acc) {
        (step<I, Tail>(s, r, p, acc), ...);
    }

    // ---- reductions
    template <int I>
    static KILN_INLINE lanes<I> across(lanes<I> v) {   // over the lanes, in every lane; NaN is looked for once, not at every step
        constexpr u64 fold = K::op(K::node(I).op);
        if constexpr (K::node(I).type == dtype::boolean && fold == hash(any_op::name)) return like(v, any_lane(v.v));
        if constexpr (K::node(I).type == dtype::boolean && fold == hash(all_op::name)) return like(v, !any_lane(~v.v));
        const lanes<I> r = fold_lanes<I, L / 2>(v);
        if constexpr (sees_nan(I))
            if (any_nan(v)) return like(v, __builtin_nan(""));
        return r;
    }
    template <int I, int W>
    static KILN_INLINE lanes<I> fold_lanes(lanes<I> v) {
        if constexpr (W == 0) return v;
        else {
            const lanes<I> other = shuffled<W>(v, std::make_integer_sequence<int, L>{});
            return fold_lanes<I, W / 2>(merged<sees_nan(I), I>(v, other));
        }
    }
    template <int W, class V, int... J>
    static KILN_INLINE V shuffled(V v, std::integer_sequence<int, J...>) {
        return {__builtin_shufflevector(v.v, v.v, (J ^ W)...)};
    }
    template <int... I>
    static KILN_INLINE void clear(std::integer_sequence<int, I...>, regs& acc) { ((at<I>(acc) = identity<I>()), ...); }
    /// What a part of a reduction starts with that is merged into another: -0 for a sum, since x + -0 is x to the compiler too.
    template <int I>
    static KILN_INLINE lanes<I> neutral() {
        if constexpr (is_floating(K::node(I).type) && K::op(K::node(I).op) == hash(sum_op::name)) return like(lanes<I>{}, -0.0);
        else return identity<I>();
    }
    template <int... I>
    static KILN_INLINE void clear_neutral(std::integer_sequence<int, I...>, regs& acc) { ((at<I>(acc) = neutral<I>()), ...); }
    /// NanSeen: a has the NaN of b already.
    template <bool NanSeen = false, int... I>
    static KILN_INLINE void merge(std::integer_sequence<int, I...>, regs& a, const regs& b) {
        ((at<I>(a) = merged<NanSeen && sees_nan(I), I>(at<I>(a), at<I>(b))), ...);
    }
    template <bool NanSeen, int I>
    static KILN_INLINE lanes<I> merged(lanes<I> a, lanes<I> b) {
        if constexpr (NanSeen) return op<I>::combine_numbers(a, b);
        else return combined<I>(a, b);
    }
    template <int... I>
    static KILN_INLINE void copy(std::integer_sequence<int, I...>, regs& to, const regs& from) { ((at<I>(to) = at<I>(from)), ...); }
    /// The end of a reduction along the row.
    template <int... I>
    static KILN_INLINE void finish(std::integer_sequence<int, I...>, state& s, const regs& acc) {
        ((at<I>(s.row) = across<I>(at<I>(acc))), ...);
    }
};

template <i64 Constant>
KILN_INLINE constexpr i64 known_or(i64 n) { return Constant ? Constant : n; }

}  // namespace kiln::cpu
