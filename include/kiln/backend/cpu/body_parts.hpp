// What is known of a body at a number of lanes, and which of its nodes belong to which part of the loops.
#pragma once
#include <kiln/backend/cpu/nan.hpp>
#include <kiln/backend/cpu/simd.hpp>
#include <kiln/plan/fma.hpp>

#include <utility>

namespace kiln::cpu {

/// Is node i an operation with this name's hash?
template <class K>
constexpr bool is_operation(int i, u64 op) { return K::node(i).kind == kiln::step::operation && K::op(K::node(i).op) == op; }
/// Is node i where(c, x, 0)?
template <class K>
constexpr bool is_some_or_zero(int i) {
    if (!is_operation<K>(i, hash(where_op::name))) return false;
    const key_node other = K::node(K::node(i).in[2]);
    return other.kind == kiln::step::constant && K::constant(other.slot) == 0;
}
/// Which values a sum takes apart as it adds them, one fused multiply-add for each product; what is then by itself wanted by nobody
/// is not computed.
template <class K>
struct taken_apart {
    const body_facts<K::n>& f;

    static constexpr bool is_sum(int i) { return K::op(K::node(i).op) == hash(sum_op::name) && is_floating(K::node(i).type); }
    constexpr bool product(int v) const {
        return f.columns(v) && is_floating(K::node(v).type) && (is_operation<K>(v, hash(multiply_op::name)) || is_operation<K>(v, hash(square_op::name)));
    }
    /// x y + z, x y - z, z - x y.
    static constexpr bool fused(int v) {
        return is_operation<K>(v, hash(fma_op::name)) || is_operation<K>(v, hash(fms_op::name)) || is_operation<K>(v, hash(fnma_op::name));
    }
    constexpr bool read_once(int v) const {
        int n = 0;
        for (int j = v + 1; j < K::n; ++j) n += f.reads(j, v);
        return n == 1;
    }
    constexpr bool value(int v) const {
        if (product(v)) return true;
        if (!f.columns(v) || !is_floating(K::node(v).type) || !read_once(v)) return false;
        return fused(v) ? value(K::node(v).in[2]) : is_some_or_zero<K>(v) && value(K::node(v).in[1]);
    }
    constexpr bool operator()(int i) const { return is_sum(i) && K::node(i).type == K::node(K::node(i).in[0]).type && value(K::node(i).in[0]); }
};
template <class K, int L>
constexpr auto facts_for() {
    body_facts<K::n> f;
    f.n = K::n;
    f.contraction = K::header.kind == group_kind::contraction;
    f.column_bit = 1 << (K::header.axes - 1);
    f.row_bit = K::header.has_rows ? 1 << (K::header.axes > 1 ? K::header.axes - 2 : 0) : 0;   // whole, even after an error
    f.in_registers = K::extent(K::header.axes - 1) > 0;
    const auto costly = flags_of_operations<K>(&op_info::costly);
    for (int i = 0; i < K::n; ++i) {
        f.node[i] = K::node(i);
        f.costly[i] = f.node[i].kind == step::operation && costly.yes[f.node[i].op];
    }
    f.node[K::n] = {};   // a constant has no uninitialised part
    f.costly[K::n] = f.post[K::n] = f.back[K::n] = false;
    f.stage[K::n] = f.scratch[K::n] = 0;
    f.in_pass[K::n] = 0;
    f.derive();
    for (int i = 0; i < K::n; ++i) f.inner_products += f.along_row(i) && taken_apart<K>::is_sum(i) && taken_apart<K>{f}.product(K::node(i).in[0]);
    f.group_rows(L, K::extent(K::header.axes - 1));
    if (!f.contraction || K::header.windows) f.lay_end_to_end(L, K::extent(K::header.axes - 1));
    return f;
}

template <class K, int Lanes>
struct body_parts {
    static constexpr int B = K::header.lane_bytes, L = Lanes, n = K::n, axes = K::header.axes;
    static constexpr auto f = facts_for<K, L>();
    static constexpr auto nan = nan_in_folds<K>(f);

    // the parts of pass s are `pass + s`, ...
    enum part : int { before, row_start, all_after, column_post, scalar_post, cross_scalar, tail_part, collected_part, column_sums, turned_loads, turned_stores, kept_part, fixed_part, of_columns, of_elements, carried,
                      pass = 100, along = 200, row_after = 300, once = 400, spread = 500 };
    struct flags {   // of each node
        bool yes[n + 1];
    };
    /// Values of the columns that are computed again after the nest.
    static constexpr flags wanted_after = [] {
        flags r{};
        for (int j = n - 1; j >= 0; --j)
            for (int k = 0; k < f.arity(j) && !f.after(j) && f.columns(j) && !f.rows(j) && (f.post[j] || r.yes[j]); ++k) r.yes[f.node[j].in[k]] = true;
        return r;
    }();
    static constexpr bool wants(int i, int part) {
        const bool reduces = f.reduces(i), columns = f.columns(i), row = f.row_value(i);
        const bool scalar = !columns && !row;
        const int s = f.stage[i];
        if (part == before) return scalar && !f.post[i] && !reduces;
        if (part == tail_part) return f.tail(i) || f.tail_sum(i);
        if (part == collected_part) return f.collected(i);
        if (part == row_start) return row && !f.post[i] && s == 0 && !reduces && !f.tail(i);
        if (part == column_sums) return reduces && columns;
        if (part == turned_loads) return columns && f.rows(i) && f.in_pass[i] && f.node[i].kind == kiln::step::load;
        if (part == turned_stores) return columns && f.rows(i) && f.in_pass[i] && f.node[i].kind == kiln::step::store;
        if (part == kept_part) return f.scratch[i] >= 0 && !reduces;
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
        if (part == column_post) return columns && (f.post[i] ? !f.after(i) : wanted_after.yes[i]);
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
};

}  // namespace kiln::cpu
