// From an operation's struct to its record. A struct states `name`, `infer`, `compute` (elementwise) or `reference`,
// and one derivative rule of whichever kind is natural; the other mode follows from it. See docs/adding_an_operation.md.
#pragma once
#include <kiln/core/number.hpp>
#include <kiln/graph/scope.hpp>

namespace kiln {

/// `linear = jointly`: linear in all floating operands together; `separately`: in each one, the others held fixed.
enum linearity { jointly = 1, separately = 2 };

template <class Op> concept has_partial = requires { &Op::partial; };
template <class Op> concept has_transpose = requires { &Op::transpose; Op::linear; };
template <class Op> concept has_jvp = requires { &Op::jvp; };
template <class Op> concept has_vjp = requires { &Op::vjp; };
template <class Op> concept is_flat = requires { Op::flat; };                  // derivative zero by definition
template <class Op> concept refuses = requires { Op::no_derivative; };         // the reason, shown when one is asked for
template <class Op> concept has_results = requires { &Op::results; };
template <class Op> concept is_elementwise = requires { Op::arity; };
template <class Op> concept infers = requires { &Op::infer; };
template <class Op> concept simplifies = requires { &Op::simplify; };

// Defined where the operations that they need are (ops/chain.hpp, passes/reverse_mode.hpp).
constexpr void reverse(builder& b, const value* y, const value* ct, int ny, const value* x, int nx, value* dx);
constexpr value chain(value ct, value partial);
constexpr value accumulate(value x, value y);
constexpr bool unmask(value& v, value& condition, bool& yes);
constexpr value mask(value condition, bool yes, value v);
constexpr value zeros_like(value x);
struct operand;
template <class Op> constexpr value apply(operand x);
template <class Op> constexpr value apply(operand x, operand y);
template <class Op> constexpr value apply(operand x, operand y, operand z);

template <class Op>
constexpr value partial_of(int i, site n) {
    if constexpr (Op::arity == 1) return Op::partial(n[0], n.result());
    else if constexpr (Op::arity == 2) return Op::partial(i, n[0], n[1], n.result());
    else return Op::partial(i, n[0], n[1], n[2], n.result());
}

// What rules of all operations have in common, no templates: each of eighty operations would pay for them.

/// A mask common to all tangents stays outside of a linear operation.
constexpr bool jvp_inside_mask(site n, const value* t, value* out) {
    value u[3], c[3];
    bool yes[3]{};
    int first = -1;
    for (int i = 0; i < n.size(); ++i) {
        u[i] = t[i];
        if (u[i].zero()) continue;
        if (!unmask(u[i], c[i], yes[i])) return false;
        if (first < 0) first = i;
        else if (c[i].id != c[first].id || yes[i] != yes[first]) return false;
    }
    if (first < 0) return false;
    n.n().op->jvp(n, u, out);
    out[0] = mask(c[first], yes[first], out[0]);
    return true;
}
constexpr void jvp_by_partials(site n, const value* t, value* out, value (*partial)(int, site)) {
    for (int i = 0; i < n.size(); ++i)
        if (!t[i].zero()) out[0] = accumulate(out[0], chain(t[i], partial(i, n)));
}
constexpr void jvp_jointly(site n, const value* t, value* out) {
    const node self = n.n();
    value in[64];
    for (int i = 0; i < n.size(); ++i) in[i] = !is_floating(n.element(i)) ? n[i] : t[i].zero() ? zeros_like(n[i]) : t[i];
    out[0] = n.b->make(*self.op, in, self.n_in, self.attrs);
}
constexpr void jvp_separately(site n, const value* t, value* out) {
    const node self = n.n();
    value in[64];
    for (int i = 0; i < n.size(); ++i) {
        if (t[i].zero()) continue;
        for (int k = 0; k < n.size(); ++k) in[k] = k == i ? t[i] : n[k];
        out[0] = accumulate(out[0], n.b->make(*self.op, in, self.n_in, self.attrs));
    }
}
/// Elementwise operations: the mask of a cotangent stays outside (D6).
constexpr bool vjp_inside_mask(site n, value ct, value* out) {
    value c;
    bool yes = true;
    if (!unmask(ct, c, yes)) return false;
    if (!ct.zero()) n.n().op->vjp(n, &ct, out);
    for (int i = 0; i < n.size(); ++i) out[i] = mask(c, yes, out[i]);
    return true;
}
constexpr void vjp_by_partials(site n, value ct, value* out, value (*partial)(int, site)) {
    for (int i = 0, m = n.size(); i < m; ++i)
        if (n.wants(i)) out[i] = chain(ct, partial(i, n));
}

template <class Op>
struct rules {
    static constexpr bool differentiable = has_partial<Op> || has_transpose<Op> || has_jvp<Op> || has_vjp<Op>;
    static constexpr bool stated = differentiable || is_flat<Op> || refuses<Op>;
    static constexpr int most_results = has_results<Op> ? most_values : 1;

    static constexpr void jvp(site n, const value* t, value* out) {
        if constexpr (is_elementwise<Op> && has_transpose<Op>)
            if (jvp_inside_mask(n, t, out)) return;
        if constexpr (has_partial<Op>) jvp_by_partials(n, t, out, partial_of<Op>);
        else if constexpr (has_transpose<Op>) {
            if constexpr (Op::linear == jointly) jvp_jointly(n, t, out);
            else jvp_separately(n, t, out);
        } else if constexpr (has_jvp<Op>) Op::jvp(n, t, out);
        else if constexpr (has_vjp<Op>) {   // transpose the vjp: it is linear in its cotangents
            const int r = results_of(n);
            value h[most_results], g[64], y[64], seed[64];
            int m = 0;
            for (int k = 0; k < r; ++k)
                if (is_floating(n.result(k).element())) h[k] = n.b->hole(type_of(n.result(k)));
            Op::vjp(n, h, g);
            for (int i = 0; i < n.size(); ++i)
                if (!t[i].zero() && !g[i].zero()) {
                    y[m] = g[i];
                    seed[m++] = t[i];
                }
            value x[most_results], dx[most_results];
            int q = 0;
            for (int k = 0; k < r; ++k)
                if (!h[k].zero()) x[q++] = h[k];
            reverse(*n.b, y, seed, m, x, q, dx);
            q = 0;
            for (int k = 0; k < r; ++k)
                if (!h[k].zero()) out[k] = dx[q++];
        }
    }

    static constexpr void vjp(site n, const value* ct, value* out) {
        if constexpr (is_elementwise<Op>)
            if (vjp_inside_mask(n, ct[0], out)) return;
        if constexpr (has_partial<Op>) vjp_by_partials(n, ct[0], out, partial_of<Op>);
        else if constexpr (has_transpose<Op>) {
            for (int i = 0, m = n.size(); i < m; ++i)
                if (n.wants(i)) out[i] = Op::transpose(i, ct[0], n);
        } else if constexpr (has_vjp<Op>) {
            Op::vjp(n, ct, out);
        } else if constexpr (has_jvp<Op>) {   // transpose the jvp: it is linear in its tangents
            if (n.b->depth == 8) {
                n.b->fail(Op::name, "its jvp uses itself, state vjp", n.n().shape, 0);
                return;
            }
            ++n.b->depth;
            const int r = results_of(n);
            value t[64], h[64], g[64], y[most_results], ys[most_results], cs[most_results];
            int m = 0, q = 0;
            for (int i = 0; i < n.size(); ++i)
                if (n.wants(i) && is_floating(n.element(i))) h[m++] = t[i] = n.b->hole(type_of(n[i]));
            Op::jvp(n, t, y);
            for (int k = 0; k < r; ++k)
                if (!y[k].zero() && !ct[k].zero()) {
                    ys[q] = y[k];
                    cs[q++] = ct[k];
                }
            reverse(*n.b, ys, cs, q, h, m, g);
            m = 0;
            for (int i = 0; i < n.size(); ++i)
                if (n.wants(i) && is_floating(n.element(i))) out[i] = g[m++];
            --n.b->depth;
        }
    }

    static constexpr void nothing(site, const value*, value*) {}
    static constexpr type infer(site n, int k) {
        if constexpr (has_results<Op>) return Op::infer(n, k);
        else return Op::infer(n);
    }

    static constexpr op_info record() {
        op_info r{hash(Op::name), Op::name, Op::kind};
        if constexpr (infers<Op>) r.infer = infer;
        if constexpr (has_results<Op>) r.results = Op::results;
        if constexpr (differentiable) {
            r.jvp = jvp;
            r.vjp = vjp;
        } else if constexpr (is_flat<Op>) {
            r.flat = true;
            r.jvp = r.vjp = nothing;
        } else if constexpr (refuses<Op>) r.refuses = Op::no_derivative;
        if constexpr (simplifies<Op>) r.simplify = Op::simplify;
        if constexpr (requires { Op::boolean; }) r.boolean = Op::boolean;
        if constexpr (requires { Op::costly; }) r.costly = Op::costly;
        if constexpr (requires { Op::spreads_nan; }) r.spreads_nan = Op::spreads_nan;
        if constexpr (requires { Op::leads; }) r.leads = Op::leads;
        if constexpr (requires { Op::takes; }) r.takes = Op::takes;
        if constexpr (requires { Op::first_typed; }) r.first_typed = Op::first_typed;
        r.reference = Op::reference;
        return r;
    }
};

// Kernels know an operation by the hash of its name and find the struct through a friend keyed by it; two operations of
// one name do not compile.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
template <u64 Id>
struct op_slot {
    friend constexpr auto operation_named(op_slot);
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
template <class Op>
struct enrolled {
    friend constexpr auto operation_named(op_slot<hash(Op::name)>) { return std::type_identity<Op>{}; }
};
/// Enrols an operation, and is once told what is wrong with it: where it gets its public function, else at its first use.
template <class Op>
constexpr bool enrol() {
    static_assert(rules<Op>::stated,
                  "kiln: an operation states partial, transpose, jvp or vjp, or that it is flat, or why it has no_derivative");
    return sizeof(enrolled<Op>) != 0;
}
template <u64 Id>
using op_struct = typename decltype(operation_named(op_slot<Id>{}))::type;

/// The record of an operation: what its nodes point to. Using it is what makes the operation known.
template <class Op>
inline constexpr op_info info = (static_cast<void>(enrol<Op>()), rules<Op>::record());

// ---- reading and writing cells of the reference interpreter as numbers
template <class T>
constexpr arithmetic::number<T> read(const cell& c) {
    if constexpr (std::is_same_v<T, double>) return {c.f};
    else if constexpr (std::is_same_v<T, bool>) return {c.i != 0};
    else return {static_cast<T>(c.i)};
}
template <class T>
constexpr void write(cell& c, dtype t, arithmetic::number<T> v) {
    if constexpr (std::is_same_v<T, double>) c.f = arithmetic::round_to(t, v.v);
    else if constexpr (std::is_same_v<T, bool>) c.i = v.v;
    else c.i = arithmetic::wrap(t, static_cast<i64>(v.v));
}
/// Calls f with the number type in which the reference computes a dtype: double for floating types (rounded after each
/// operation), 64-bit integers (wrapped after each operation), bool.
template <class F>
constexpr void with_number(dtype t, F f) {
    if (is_floating(t)) f(double{});
    else if (is_signed_integer(t)) f(i64{});
    else if (is_unsigned_integer(t)) f(u64{});
    else f(bool{});
}
constexpr i64 elements(const builder& b, int shape) {
    i64 r = 1;
    for (int k = 0; k < b.length(shape); ++k) r *= b.at(shape, k);
    return r;
}

namespace arithmetic {
/// The constant c in the number type of x.
template <class T>
constexpr number<T> like(number<T>, double c) { return {static_cast<T>(c)}; }
}  // namespace arithmetic

/// How element i of an elementwise operation is computed in one number type; null where the operation does not take it.
using element_rule = void (*)(dtype t, i64 i, const cell* const* in, cell& out);
constexpr void compute_elements(site n, const cell* const* in, cell* out, dtype t, element_rule floats, element_rule integers,
                                element_rule naturals, element_rule bools) {
    const element_rule f = is_floating(t) ? floats : is_signed_integer(t) ? integers : is_unsigned_integer(t) ? naturals : bools;
    const i64 m = f ? elements(*n.b, n.n().shape) : 0;
    for (i64 i = 0; i < m; ++i) f(n.n().type, i, in, out[i]);
}

/// Base of elementwise operations of N operands: `compute` is the whole definition.
template <class Op, int N>
struct elementwise {
    static constexpr int arity = N;
    static constexpr pattern kind = pattern::pointwise;

    template <class... X>
    static constexpr value apply(X... x) { return kiln::apply<Op>(x...); }

    template <class T>
    static constexpr void one(dtype t, i64 i, const cell* const* in, cell& out) {
        if constexpr (N == 1) write(out, t, Op::compute(read<T>(in[0][i])));
        else if constexpr (N == 2) write(out, t, Op::compute(read<T>(in[0][i]), read<T>(in[1][i])));
        else if constexpr (requires { Op::first_typed; })
            write(out, t, Op::compute(read<bool>(in[0][i]), read<T>(in[1][i]), read<T>(in[2][i])));
        else write(out, t, Op::compute(read<T>(in[0][i]), read<T>(in[1][i]), read<T>(in[2][i])));
    }
    template <class T>
    static constexpr element_rule rule() {
        if constexpr (accepts(Op::takes, dtype_of<T>)) return one<T>;
        else return nullptr;
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        compute_elements(n, in, out[0], n.element(N - 1), rule<double>(), rule<i64>(), rule<u64>(), rule<bool>());
    }
};

}  // namespace kiln
