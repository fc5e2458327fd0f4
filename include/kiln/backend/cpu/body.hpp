// The one evaluator of bodies: a map, a reduction, a row program and the epilogue of a contraction are all steps over the
// nodes of a key. `step`, `steps` are inlined into the loops around them (nest.hpp, contraction.hpp).
#pragma once
#include <kiln/backend/cpu/math.hpp>
#include <kiln/backend/cpu/threads.hpp>
#include <kiln/plan/facts.hpp>

#include <utility>

namespace kiln::cpu {

template <u64 Id>
constexpr bool costly_by_id() {
    using Op = op_struct<Id>;
    if constexpr (requires { Op::costly; }) return Op::costly;
    else return false;
}
/// A sum of products or squares is one of fused multiply-adds; the product by itself is then not computed where nobody else wants it.
template <class K>
constexpr bool sum_of_products(const body_facts<K::n>& f, int i) {
    const key_node sum = K::node(i), product = K::node(sum.in[0]);
    return is_floating(sum.type) && sum.type == product.type && product.kind == kiln::step::operation && f.columns(sum.in[0]) &&
           K::op(sum.op) == hash(sum_op::name) && (K::op(product.op) == hash(multiply_op::name) || K::op(product.op) == hash(square_op::name));
}
template <class K, int L>
constexpr auto facts_for() {
    body_facts<K::n> f;
    f.n = K::n;
    f.contraction = K::header.kind == group_kind::contraction;
    f.column_bit = 1 << (K::header.axes - 1);
    f.row_bit = K::header.has_rows ? 1 << (K::header.axes > 1 ? K::header.axes - 2 : 0) : 0;   // whole, even after an error
    f.in_registers = K::extent(K::header.axes - 1) > 0;
    const auto costly = []<int... I>(std::integer_sequence<int, I...>) {
        struct table { bool yes[sizeof...(I) + 1]; };
        return table{{costly_by_id<K::op(I)>()..., false}};
    }(std::make_integer_sequence<int, K::header.ops>{});
    for (int i = 0; i < K::n; ++i) {
        f.node[i] = K::node(i);
        f.costly[i] = f.node[i].kind == step::operation && costly.yes[f.node[i].op];
    }
    f.node[K::n] = {};   // a constant has no uninitialised part
    f.costly[K::n] = f.post[K::n] = f.back[K::n] = false;
    f.stage[K::n] = f.scratch[K::n] = 0;
    f.in_pass[K::n] = 0;
    f.derive();
    for (int i = 0; i < K::n; ++i) f.inner_products += f.along_row(i) && sum_of_products<K>(f, i);
    f.group_rows(L, K::extent(K::header.axes - 1));
    if (!f.contraction || K::header.windows) f.lay_end_to_end(L, K::extent(K::header.axes - 1));
    return f;
}

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

/// Where a step is: row, first column, how many lanes are there.
struct place {
    char* const* q;        // the arguments, moved to the current outer index
    const i64* sizes;
    const i64* outer;      // the current outer index
    i64 row, column, n1;
    int count;
};

template <class K, int VB>
struct body {
    static constexpr int B = K::header.lane_bytes, L = VB / B, n = K::n, axes = K::header.axes;
    static constexpr auto f = facts_for<K, L>();
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
    static constexpr int first_slot = K::header.kind == group_kind::contraction ? 2 : 0;   // scratch
    static constexpr i64 n1_constant = K::extent(axes - 1);

    template <int A>
    static KILN_INLINE lanes<A> get(const state& s, const regs& r) {
        if constexpr (f.columns(A)) return at<A>(r);
        else return at<A>(s.row);
    }

    template <int I>
    using memory_type = std::conditional_t<K::node(I).type == dtype::boolean, std::uint8_t, ctype_of<K::node(I).type>>;

    template <int I>
    static KILN_INLINE memory_type<I>* address(const place& p) {
        constexpr key_node k = K::node(I);
        auto* e = reinterpret_cast<memory_type<I>*>(p.q[k.slot]);
        if constexpr (k.strided) {
            if constexpr (f.rows(I)) e += p.row * p.sizes[k.in[0] + axes - 2];
            if constexpr (f.columns(I)) e += p.column * p.sizes[k.in[0] + axes - 1];
        } else {
            if constexpr (f.rows(I)) e += p.row * (f.columns(I) ? p.n1 : 1);
            if constexpr (f.columns(I)) e += p.column;
        }
        return e;
    }
    template <int I, class V>
    static KILN_INLINE lanes<I> as_lanes(V x) {
        if constexpr (K::node(I).type == dtype::boolean) return lanes<I>{__builtin_convertvector(x.v != 0, raw<int_of<B>, L>)};
        else return x;
    }
    template <int I, bool Tail>
    static KILN_INLINE lanes<I> load_lanes(const memory_type<I>* e, i64 stride, int count) {
        using V = simd<memory_type<I>, L, B>;
        if constexpr (K::node(I).strided) {
            V x{};
            for (int k = 0; k < (Tail ? count : L); ++k) x.v[k] = e[k * stride];
            return as_lanes<I>(x);
        } else if constexpr (Tail) return as_lanes<I>(load_some<V>(e, count));
        else return as_lanes<I>(load<V>(e));
    }
    template <int I, bool Tail, class V>
    static KILN_INLINE void store_lanes(V v, memory_type<I>* e, int count) {
        auto x = [&] {
            if constexpr (K::node(I).type == dtype::boolean) return convert<std::uint8_t>(v);
            else return v;
        }();
        if constexpr (Tail) store_some(x, e, count);
        else store(e, x);
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
    template <int I>
    static KILN_INLINE lanes<I> counter(const place& p) {
        constexpr int axis = K::node(I).slot;
        using T = memory_type<I>;
        if constexpr (axis == axes - 1 && f.columns(I)) {
            if constexpr (std::is_same_v<lanes<I>, simd<T, L, B>>) return lane_numbers<lanes<I>>() + lanes<I>::splat(static_cast<T>(p.column));
            else return {};
        } else if constexpr (f.rows(I) && axis == axes - 2) return splat<I>(static_cast<T>(p.row));
        else return splat<I>(static_cast<T>(p.outer[axis]));
    }
    template <int I>
    using op = op_struct<K::op(K::node(I).op)>;

    template <int I>
    static KILN_INLINE lanes<I> identity() { return op<I>::identity(lanes<I>{}, K::node(I).type); }
    template <int I>
    static KILN_INLINE lanes<I> combined(lanes<I> a, lanes<I> b) { return op<I>::combine(a, b); }
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
        return p.q[first_slot] + (f.scratch[I] * scratch_row(p.n1) + p.column) * 8;
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

    static constexpr bool sums_products(int i) { return sum_of_products<K>(f, i); }

    /// Computes node I at p. Tail: only p.count lanes are there. acc: where accumulators of the row or the column are.
    template <int I, bool Tail>
    static KILN_INLINE void step(state& s, regs& r, const place& p, regs& acc) {
        constexpr key_node k = K::node(I);
        constexpr bool columns = f.columns(I);
        regs& out = columns ? r : s.row;
        if constexpr (k.kind == kiln::step::constant) at<I>(out) = constant<I>();
        else if constexpr (k.kind == kiln::step::counter) at<I>(out) = counter<I>(p);
        else if constexpr (k.kind == kiln::step::tile) {}
        else if constexpr (k.kind == kiln::step::widen) at<I>(out) = get<k.in[0]>(s, r);
        else if constexpr (k.kind == kiln::step::load) {
            const memory_type<I>* e = address<I>(p);
            if constexpr (columns) at<I>(out) = load_lanes<I, Tail>(e, k.strided ? p.sizes[k.in[0] + axes - 1] : 1, p.count);
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
                t = combined<I>(t, v);
                __builtin_memcpy(c, &t.v, sizeof(raw_t));
            } else if constexpr (sums_products(I)) {
                constexpr key_node product = K::node(k.in[0]);
                const auto sum = fma(get<product.in[0]>(s, r), get<product.in[op<k.in[0]>::arity - 1]>(s, r), at<I>(acc));
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
    static KILN_INLINE lanes<I> across(lanes<I> v) {   // over the lanes, in every lane
        return fold_lanes<I, L / 2>(v);
    }
    template <int I, int W>
    static KILN_INLINE lanes<I> fold_lanes(lanes<I> v) {
        if constexpr (W == 0) return v;
        else return fold_lanes<I, W / 2>(combined<I>(v, shuffled<W>(v, std::make_integer_sequence<int, L>{})));
    }
    template <int W, class V, int... J>
    static KILN_INLINE V shuffled(V v, std::integer_sequence<int, J...>) {
        return {__builtin_shufflevector(v.v, v.v, (J ^ W)...)};
    }
    template <int... I>
    static KILN_INLINE void clear(std::integer_sequence<int, I...>, regs& acc) { ((at<I>(acc) = identity<I>()), ...); }
    template <int... I>
    static KILN_INLINE void merge(std::integer_sequence<int, I...>, regs& a, const regs& b) {
        ((at<I>(a) = combined<I>(at<I>(a), at<I>(b))), ...);
    }
    template <int... I>
    static KILN_INLINE void copy(std::integer_sequence<int, I...>, regs& to, const regs& from) { ((at<I>(to) = at<I>(from)), ...); }
    /// The end of a reduction along the row.
    template <int... I>
    static KILN_INLINE void finish(std::integer_sequence<int, I...>, state& s, const regs& acc) {
        ((at<I>(s.row) = across<I>(at<I>(acc))), ...);
    }

    // ---- which nodes belong to which part of the loops
    // the parts of pass s are `pass + s`, ...
    enum part : int { before, row_start, all_after, column_post, scalar_post, cross_scalar, tail_part, collected_part, column_sums, kept_part, fixed_part, of_columns, of_elements, carried,
                      pass = 100, along = 200, row_after = 300, once = 400, spread = 500 };
    static constexpr bool wants(int i, int part) {
        const bool reduces = f.reduces(i), columns = f.columns(i), row = f.row_value(i);
        const bool scalar = !columns && !row;
        const int s = f.stage[i];
        if (part == before) return scalar && !f.post[i] && !reduces;
        if (part == tail_part) return f.tail(i) || f.tail_sum(i);
        if (part == collected_part) return f.collected(i);
        if (part == row_start) return row && !f.post[i] && s == 0 && !reduces && !f.tail(i);
        if (part == column_sums) return reduces && columns;
        if (part == kept_part) return f.grouped && f.scratch[i] >= 0;
        if (part == fixed_part) return f.fixed(i);
        if (part == of_columns) return columns && !f.rows(i) && !f.post[i] && !reduces && K::node(i).kind != kiln::step::store;
        if (part == of_elements) return reduces ? f.columns(K::node(i).in[0]) && !f.post[K::node(i).in[0]] : columns && f.rows(i) && !f.post[i];
        if (part == carried) {   // values of rows that a second pass and what comes after it read
            if (!row || f.post[i] || s > 1) return false;
            for (int j = i + 1; j < n; ++j)
                if ((f.in_pass[j] >> 1 & 1 || f.stage[j] > 1) && f.reads(j, i)) return true;
            return false;
        }
        if (part >= spread) {   // values of rows that this pass reads
            if (!row || f.post[i]) return false;
            for (int j = i + 1; j < n; ++j)
                if ((f.in_pass[j] >> (part - spread) & 1) && f.reads(j, i)) return true;
            return false;
        }
        if (part >= once) {
            if (reduces) return f.columns(K::node(i).in[0]) && !f.post[K::node(i).in[0]] && f.stage[K::node(i).in[0]] == part - once;
            return columns && !f.post[i] && s == part - once;
        }
        if (part == column_post) return columns && (f.post[i] ? !f.after(i) : needed_after(i));
        if (part == scalar_post) return scalar && f.post[i] && !f.after(i);
        if (part == cross_scalar) return scalar && f.after(i);
        if (part == all_after) return f.after(i);
        if (part >= row_after) {
            if (f.tail(i) || f.tail_sum(i)) return false;
            if (row && !f.post[i] && s == part - row_after && s > 0 && !f.along_row(i)) return true;
            return f.after(i) && !f.columns(K::node(i).in[0]) && f.stage[K::node(i).in[0]] == part - row_after;
        }
        if (part >= along) return f.along_row(i) && f.stage[i] == part - along + 1;
        return f.in_pass[i] >> (part - pass) & 1;
    }
    /// A value of the columns that is computed again after the nest.
    static constexpr bool needed_after(int i) {
        for (int j = i + 1; j < n; ++j)
            if (f.reads(j, i) && !f.after(j) && f.columns(j) && !f.rows(j) && (f.post[j] || needed_after(j))) return true;
        return false;
    }
    struct chosen {
        int id[n + 1];
        int count;
    };
    template <int Part>
    struct list {
        static constexpr chosen c = [] {
            chosen r{};
            for (int i = 0; i < n; ++i)
                if (wants(i, Part)) r.id[r.count++] = i;
            return r;
        }();
        template <int... J>
        static auto make(std::integer_sequence<int, J...>) -> std::integer_sequence<int, c.id[J]...>;
        using type = decltype(make(std::make_integer_sequence<int, c.count>{}));
    };
    template <int Part>
    using only = typename list<Part>::type;

    // ---- outer axes: pointers move, the nest stays the same
    template <int I>
    static KILN_INLINE void move(const char* const* from, char** q, const i64* sizes, const i64* outer) {
        constexpr key_node k = K::node(I);
        if constexpr (k.kind == kiln::step::load || k.kind == kiln::step::store) {
            i64 offset = 0, inner = 1;
            for (int a = axes - 1; a >= 0; --a) {
                if (!(k.mask >> a & 1)) continue;
                if (k.strided) {
                    if (a < K::header.outer) offset += outer[a] * sizes[k.in[0] + a];
                } else {
                    if (a < K::header.outer) offset += outer[a] * inner;
                    inner *= sizes[a];
                }
            }
            q[k.slot] = const_cast<char*>(from[k.slot]) + offset * static_cast<i64>(sizeof(memory_type<I>));
        }
    }
    template <int... I>
    static KILN_INLINE void move_all(std::integer_sequence<int, I...>, const char* const* from, char** q, const i64* sizes, const i64* outer) {
        (move<I>(from, q, sizes, outer), ...);
    }
    struct copied {
        char* at[K::header.slots + 1];
    };
    /// Runs f(q, outer) for each outer index of this part.
    template <class F>
    static KILN_INLINE void for_outer(char* const* a, const i64* sizes, i64 scratch_bytes, int part, int parts, F run) {
        // a copy, for which a store cannot be taken, so that the pointers stay in registers
        auto q = [&]<int... S>(std::integer_sequence<int, S...>) KILN_INLINE_LAMBDA { return copied{{a[S]..., nullptr}}; }(std::make_integer_sequence<int, K::header.slots>{});
        if (scratch_bytes) q.at[first_slot] += part * scratch_bytes;
        i64 outer[K::header.outer + 1]{};
        if constexpr (K::header.outer == 0) run(static_cast<char* const*>(q.at), outer);
        else {
            i64 count = 1;
            for (int k = 0; k < K::header.outer; ++k) count *= sizes[k];
            const part_range mine = range_of(count, part, parts, 1);
            if (mine.first == mine.last) return;
            for (i64 c = mine.first, k = K::header.outer - 1, r = c; k >= 0; --k) {
                outer[k] = r % sizes[k];
                r /= sizes[k];
            }
            for (i64 c = mine.first; c < mine.last; ++c) {
                move_all(std::make_integer_sequence<int, n>{}, a, q.at, sizes, outer);
                run(static_cast<char* const*>(q.at), outer);
                for (int k = K::header.outer - 1; k >= 0; --k) {
                    if (++outer[k] < sizes[k]) break;
                    outer[k] = 0;
                }
            }
        }
    }
};

template <i64 Constant>
KILN_INLINE constexpr i64 known_or(i64 n) { return Constant ? Constant : n; }

}  // namespace kiln::cpu
