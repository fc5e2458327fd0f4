// The one list of rewrite rules, sets of them, and the table by which the sweep finds the rules of a node.
#pragma once
#include <kiln/passes/rewrites/factors.hpp>
#include <kiln/passes/rewrites/identities.hpp>
#include <kiln/passes/rewrites/sections.hpp>
#include <kiln/passes/rewrites/stability.hpp>
#include <kiln/passes/rewrites/sums.hpp>
#include <kiln/passes/rewrites/views.hpp>
#include <kiln/passes/rewrites/windows.hpp>

namespace kiln::rewrite {

template <class R> concept asks_with_context = requires(site n, const surroundings& w) { R::apply(n, w); };
template <class R> concept has_apply = requires { &R::apply; };

template <class R>
constexpr value apply_rule(site n, const surroundings& w) {
    if constexpr (asks_with_context<R>) return R::apply(n, w);
    else if constexpr (has_apply<R>) return R::apply(n);
    else return {};   // a rule that the sweep itself carries out
}

/// What the table knows of an operation: which rules look at its nodes, which want it as an operand.
struct rule_masks {
    u64 id, roots, operands;
};
struct rule_table {
    static constexpr int size = 256;
    rule_masks slot[size];
    u64 of_any_operand;          // rules that look at their node whatever its operands are
    u64 of_floating, of_others;   // rules for results of these dtypes

    constexpr rule_masks& entry(u64 id) {
        u64 j = id & (size - 1);
        while (slot[j].id != 0 && slot[j].id != id) j = (j + 1) & (size - 1);
        slot[j].id = id;
        return slot[j];
    }
    constexpr const rule_masks& of(u64 id) const {
        u64 j = id & (size - 1);
        while (slot[j].id != 0 && slot[j].id != id) j = (j + 1) & (size - 1);
        return slot[j];
    }
};

template <class... R>
struct rule_list {
    static constexpr int n = sizeof...(R);
    static_assert(n <= 64, "a set of rules is 64 bits");
    static constexpr const char* names[n]{R::name...};
    static constexpr value (*apply[n])(site, const surroundings&){apply_rule<R>...};

    template <class Rule>
    static constexpr u64 bit() {
        constexpr bool is_it[]{std::is_same_v<R, Rule>...};
        int k = 0;
        while (!is_it[k]) ++k;
        return u64{1} << k;
    }
    template <class Rule>
    static constexpr domain taken_by() {
        if constexpr (requires { Rule::takes; }) return Rule::takes;
        else return domain::any;
    }
    template <class Rule>
    static constexpr void enter(rule_table& t, u64 bit) {
        if constexpr (has_apply<Rule>) {
            for (int k = 0; Rule::roots[k]; ++k) t.entry(Rule::roots[k]).roots |= bit;
            for (int k = 0; Rule::operands[k]; ++k) t.entry(Rule::operands[k]).operands |= bit;
            if (Rule::operands[0] == 0) t.of_any_operand |= bit;
            if (accepts(taken_by<Rule>(), dtype::float64)) t.of_floating |= bit;
            if (accepts(taken_by<Rule>(), dtype::int64)) t.of_others |= bit;
        }
    }
    static constexpr rule_table table() {
        rule_table t{};
        int k = 0;
        (enter<R>(t, u64{1} << k++), ...);
        return t;
    }
};

/// In the order in which they are tried. A new rule is a struct in one of the headers above and a word here.
using all = rule_list<
    fold_constants, own_rule, pow_of_constant, pow_of_half,
    by_one, multiply_by_minus_one, divide_by_power_of_two, zero_in_sum, sum_in_parts,
    negative_of_negative, negative_of_multiple, sum_of_negative, multiply_of_negatives, even_of_negative, idempotent, not_of_not,
    same_operands, integer_same_operands, integer_with_literal,
    where_of_literal, where_of_same, where_of_not, where_of_where, cast_to_same, cast_of_cast, stop_gradient_rule,
    mask_of_window_slope, sum_of_window_slope,   // before reshapes move
    view_of_literal, reshape_to_same, reshape_of_reshape, expand_of_expand, transpose_of_transpose, transpose_to_reshape,
    transpose_of_expand, reshape_through_pointwise, transpose_through_pointwise, reshape_out_of_pointwise, reduction_of_reshape,
    section_of_section, slice_of_pad, slice_inwards, pads_as_one,
    product_of_row_and_column, product_with_short_rows, product_with_column, fold_of_product,
    sum_of_sum, sum_of_centred, extremum_of_extremum, extremum_of_expand, reduction_of_literal,
    softplus_rule, log_softmax_rule, logsumexp_rule, log_of_exp, log1p_rule, expm1_rule, sigmoid_rule, one_minus_sigmoid, one_plus_tanh,
    softmax_rule, gather_factors, factor_of_sum>;

inline constexpr rule_table by_operation = all::table();

}  // namespace kiln::rewrite

namespace kiln {

/// A set of rewrites: `all_rewrites.without("log1p")`, `no_rewrites.with("log1p", "expm1")`. An unknown name does not compile.
struct rewrites {
    u64 bits;

    static consteval u64 bit(const char* name) {
        for (int k = 0; k < rewrite::all::n; ++k)
            if (same_text(name, rewrite::all::names[k])) return u64{1} << k;
        throw "no rewrite has this name";
    }
    template <class... Name>
    consteval rewrites with(Name... name) const { return rewrites{(bits | ... | bit(name))}; }
    template <class... Name>
    consteval rewrites without(Name... name) const { return rewrites{bits & ~(u64{0} | ... | bit(name))}; }
    constexpr bool has(u64 b) const { return (bits & b) != 0; }
    constexpr bool operator==(const rewrites&) const = default;
};
inline constexpr rewrites no_rewrites{0};
inline constexpr rewrites all_rewrites{~u64{0} >> (64 - rewrite::all::n)};
/// What may run before differentiation, so that derivatives are those of the stable form: it leaves stop_gradient alone.
inline constexpr rewrites stability_rewrites = no_rewrites.with("softplus", "log_softmax", "logsumexp", "log_of_exp", "log1p",
                                                                "expm1", "sigmoid", "one_minus_sigmoid", "one_plus_tanh", "softmax");

}  // namespace kiln
