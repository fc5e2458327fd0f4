// What public functions take inside a trace: a value, or a bare number that its partner gives dtype and shape; and how
// two operands are brought to one shape.
#pragma once
#include <kiln/ops/op.hpp>

namespace kiln {

/// A symbolic expression of the type level; `lift` is its way to apply an operation.
template <class X>
concept expression = requires { typename X::expression_tag; };

template <class T>
concept bare_number = std::is_arithmetic_v<T>;

/// A value or a number, with the line that it was written in.
struct operand {
    value v{};
    double f = 0;
    i64 i = 0;
    bool number = false, floating = false;

    constexpr operand(value x, std::source_location w = std::source_location::current()) : v(x) {
        if (!v.b) return;
        v.b->at_line(w);
        if (v.id < 0) return;
        const node& n = v.b->nodes[v.id];
        if (is_weak(n.type) && n.op == &literal_op) {   // a constant that has met nothing yet
            number = true;
            floating = n.type == dtype::weak_float;
            i = v.b->at(n.attrs, 0);
            f = floating ? double_of(i) : static_cast<double>(i);
        }
    }
    template <bare_number T>
    constexpr operand(T x) : number(true), floating(std::is_floating_point_v<T>) {
        f = static_cast<double>(x);
        if constexpr (!std::is_floating_point_v<T>) i = static_cast<i64>(x);
    }
};

/// Does the integer v fit the dtype?
constexpr bool fits(dtype t, i64 v) { return arithmetic::wrap(t, v) == v && !(t == dtype::uint64 && v < 0); }

/// A floating number for messages, with up to six decimals.
constexpr void put_decimal(word& w, double f) {
    if (!(f > -1e12 && f < 1e12)) { w.put("a floating number"); return; }
    if (f < 0) { w.put("-"); f = -f; }
    i64 v = static_cast<i64>(f * 1e6 + 0.5), unit = 100000;
    w.put(v / 1000000).put(".");
    v %= 1000000;
    do {
        w.put(v / unit);
        v %= unit;
        unit /= 10;
    } while (v);
}

/// The bits of a number in a literal of dtype t; a number that t cannot hold is a finding.
constexpr i64 literal_bits(builder& b, dtype t, const operand& c) {
    if (is_floating(t)) return bits_of(arithmetic::round_to(t, c.f));
    if (c.floating) {
        word w{};
        put_decimal(w, c.f);
        b.fail("number", "not for this dtype, use cast", w, builder::text(name_of(t)));
        return 0;
    }
    if (t == dtype::boolean ? (c.i != 0 && c.i != 1) : !fits(t, c.i)) {
        word w{};
        w.put(c.i);
        b.fail("number", "does not fit the dtype", w, builder::text(name_of(t)));
    }
    return c.i;
}

/// A value of the given type, the same number in every element.
constexpr value full_of(builder& b, type t, const operand& c) { return b.literal(t, literal_bits(b, t.element, c)); }
constexpr value full_like(value x, double c) { return full_of(*x.b, type_of(x), c); }
constexpr value zeros_like(value x) { return x.b->literal(type_of(x), 0); }
constexpr value ones_like(value x) {
    return x.b->literal(type_of(x), is_floating(x.element()) ? bits_of(1.0) : 1);
}

constexpr bool is_literal(value x) { return !x.zero() && x.n().op == &literal_op; }
constexpr bool is_literal(value x, double c) {
    if (!is_literal(x)) return false;
    const i64 bits = x.b->at(x.n().attrs, 0);
    return is_floating(x.element()) ? double_of(bits) == c : static_cast<double>(bits) == c;
}

constexpr value spread(value x, const list& target);   // ops/views.hpp: broadcast, written out

/// The common shape of two under numpy's rule; a run-time extent broadcasts against a static 1 alone.
constexpr bool broadcast_shape(builder& b, int s, int t, list& out) {
    const int r = b.length(s), q = b.length(t), m = r > q ? r : q;
    out.n = m;
    for (int k = 1; k <= m; ++k) {
        const i64 e = k <= r ? b.at(s, r - k) : 1, g = k <= q ? b.at(t, q - k) : 1;
        if (e != g && e != 1 && g != 1) return false;
        out.at[m - k] = e == 1 ? g : e;
    }
    return true;
}

constexpr void align(const char* op, value& x, value& y) {
    if (x.n().shape == y.n().shape) return;
    builder& b = *x.b;
    list target{};
    if (!broadcast_shape(b, x.n().shape, y.n().shape, target)) {
        b.fail(op, "shapes do not broadcast", x.n().shape, y.n().shape);
        y = b.literal(type_of(x), 0);   // go on with what has the right shape
        return;
    }
    x = spread(x, target);
    y = spread(y, target);
}

constexpr value cast(value x, dtype t);   // ops/comparison.hpp
/// The `upcast` policy: two dtypes become the one that holds both (numpy, Theano).
constexpr void upcast_pair(value& x, value& y) {
    const dtype t = promoted(x.element(), y.element());
    x = cast(x, t);
    y = cast(y, t);
}
constexpr value upcast_for(const operand& number, value x) {   // a floating number next to an integer
    if (!x.b->upcasts || !number.floating || is_floating(x.element())) return x;
    return cast(x, size_of(x.element()) <= 2 ? dtype::float32 : dtype::float64);
}

/// Numbers get dtype and shape of the partner; two values one shape.
constexpr void bind(const char* op, operand& p, operand& q) {
    if (p.number && q.number) {
        builder& b = *(p.v.b ? p.v.b : q.v.b);
        const type t{0, p.floating || q.floating ? dtype::weak_float : dtype::weak_int};
        p.v = full_of(b, t, p);
        q.v = full_of(b, t, q);
    } else if (p.number) {
        q.v = upcast_for(p, q.v);
        p.v = full_of(*q.v.b, type_of(q.v), p);
    } else if (q.number) {
        p.v = upcast_for(q, p.v);
        q.v = full_of(*p.v.b, type_of(p.v), q);
    } else {
        if (p.v.b->upcasts && p.v.element() != q.v.element()) upcast_pair(p.v, q.v);
        align(op, p.v, q.v);
    }
}

template <class Op>
constexpr value call(const list& attrs, value x) { return x.b->make(info<Op>, &x, 1, attrs); }
template <class Op>
constexpr value call(const list& attrs, value x, value y) {
    const value in[]{x, y};
    return x.b->make(info<Op>, in, 2, attrs);
}
template <class Op>
constexpr value call(const list& attrs, value x, value y, value z) {
    const value in[]{x, y, z};
    return x.b->make(info<Op>, in, 3, attrs);
}

/// Constants that have met nothing yet compute at once, so that a weak value is always a literal.
constexpr value fold_weak(value made) {
    builder& b = *made.b;
    const node& n = made.n();
    if (n.n_in == 0 || !is_weak(b.nodes[n.in[n.n_in - 1]].type)) return made;
    cell in[3]{}, out[1]{};
    const cell* p[3]{&in[0], &in[1], &in[2]};
    cell* q[1]{&out[0]};
    for (int k = 0; k < n.n_in; ++k) {
        const i64 bits = b.at(b.nodes[n.in[k]].attrs, 0);
        if (is_floating(b.nodes[n.in[k]].type)) in[k].f = double_of(bits);
        else in[k].i = bits;
    }
    n.op->reference({&b, made.id}, p, q);
    return b.literal({0, n.type}, is_floating(n.type) ? bits_of(out[0].f) : out[0].i);
}

// An elementwise operation on operands; no templates, since each of eighty operations would pay for them.
constexpr value apply_to(const op_info& op, operand& p) {
    if (p.v.zero() && !p.number) return {};
    if (!p.number) return p.v.b->make(op, &p.v, 1, 0);
    if (op.takes == domain::floating) p.floating = true;
    const value x = full_of(*p.v.b, {0, p.floating ? dtype::weak_float : dtype::weak_int}, p);
    return fold_weak(x.b->make(op, &x, 1, 0));
}
constexpr value apply_to(const op_info& op, operand& p, operand& q) {
    bind(op.name, p, q);
    const value in[]{p.v, q.v}, r = p.v.b->make(op, in, 2, 0);
    return is_weak(p.v.element()) ? fold_weak(r) : r;
}
constexpr value apply_to(const op_info& op, operand& x, operand& y, operand& z) {
    operand* const in[]{&x, &y, &z};
    builder* b = nullptr;
    type t{0, x.floating || y.floating || z.floating ? dtype::weak_float : dtype::weak_int};   // where all are numbers
    for (int k = 2; k >= 0; --k) {
        if (in[k]->v.b) b = in[k]->v.b;
        if (!in[k]->number) t = type_of(in[k]->v);
    }
    for (operand* p : in)
        if (p->number) p->v = full_of(*b, t, *p);
    align(op.name, x.v, y.v);
    align(op.name, x.v, z.v);
    align(op.name, y.v, z.v);
    const value v[]{x.v, y.v, z.v};
    return fold_weak(b->make(op, v, 3, 0));
}
template <class Op>
constexpr value apply(operand p) { return apply_to(info<Op>, p); }
template <class Op>
constexpr value apply(operand p, operand q) { return apply_to(info<Op>, p, q); }
template <class Op>
constexpr value apply(operand x, operand y, operand z) { return apply_to(info<Op>, x, y, z); }

// ---- the type level: lift an operation over expressions. F is a struct with a static `apply` on values.
template <class A, class... Rest>
constexpr auto first_expression() {
    if constexpr (expression<A>) return std::type_identity<A>{};
    else return first_expression<Rest...>();
}
template <class... X>
using lifter = typename decltype(first_expression<X...>())::type;
template <class... X>
concept liftable = (expression<X> || ...) && ((expression<X> || bare_number<X>) && ...);

}  // namespace kiln

/// The public function of an elementwise operation `name_op`, on values and on expressions.
#define KILN_UNARY(name)                                                                        \
    static_assert(sizeof(::kiln::enrolled<name##_op>) != 0 && ::kiln::enrol<name##_op>());      \
    constexpr ::kiln::value name(::kiln::operand x) { return ::kiln::apply<name##_op>(x); }     \
    template <::kiln::expression X>                                                             \
    constexpr auto name(X x) {                                                                  \
        return X::template lift<name##_op>(x);                                                  \
    }
#define KILN_BINARY_AS(name, op_struct)                                                         \
    static_assert(sizeof(::kiln::enrolled<op_struct>) != 0 && ::kiln::enrol<op_struct>());      \
    constexpr ::kiln::value name(::kiln::operand x, ::kiln::operand y) {                        \
        return ::kiln::apply<op_struct>(x, y);                                                  \
    }                                                                                           \
    template <class A, class B>                                                                 \
        requires ::kiln::liftable<A, B>                                                         \
    constexpr auto name(A x, B y) {                                                             \
        return ::kiln::lifter<A, B>::template lift<op_struct>(x, y);                            \
    }
#define KILN_BINARY(name) KILN_BINARY_AS(name, name##_op)
