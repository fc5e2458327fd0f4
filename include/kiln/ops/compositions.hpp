// What can be written with other operations is written so; fusion makes it fast.
#pragma once
#include <kiln/ops/control.hpp>

namespace kiln {

constexpr int from_end(int axis, int rank) { return axis < 0 ? axis : axis - rank; }

/// softmax(x, axis = -1): positive, sums to one along the axis; the maximum is taken out first, so 1000 is safe.
constexpr value softmax(operand p, int axis = -1) {
    const value x = p.v;
    const list a = axes_of("softmax", x, axis_list(axis));
    if (x.b->found || !needs_floating("softmax", x)) return x;
    const composite one(*x.b, "softmax");
    const value z = exp(below_maximum(x, a));
    return z * expand(reciprocal(sum_over(z, a)), a, extents_at(x, a));   // one division a row; its slope needs no result
}
/// log_softmax(x, axis = -1) = log(softmax(x)); the maximum is taken out first, so that large x lose no digits.
constexpr value log_softmax(operand p, int axis = -1) {
    const value x = p.v;
    const list a = axes_of("log_softmax", x, axis_list(axis));
    if (x.b->found || !needs_floating("log_softmax", x)) return x;
    const composite one(*x.b, "log_softmax");
    const value z = below_maximum(x, a);
    return z - expand(log(sum_over(exp(z), a)), a, extents_at(x, a));
}
/// softmax_cross_entropy(logits, labels): per row of the last axis. Integer labels [...] name the class
/// (tf.nn.sparse_softmax_cross_entropy_with_logits); floating labels [..., classes] are a distribution. A label out of
/// range counts as no class: its row has the slope of logsumexp.
constexpr value softmax_cross_entropy(operand p, operand q) {
    const value logits = p.v, labels = q.v;
    builder& b = *logits.b;
    if (!needs_floating("softmax_cross_entropy", logits)) return logits;
    if (logits.rank() == 0) {
        b.fail("softmax_cross_entropy", "no axis", logits.n().shape, labels.n().shape);
        return logits;
    }
    const composite one(b, "softmax_cross_entropy");
    if (is_floating(labels.element())) {
        if (labels.n().shape != logits.n().shape)
            b.fail("softmax_cross_entropy", "shapes differ", logits.n().shape, labels.n().shape);
        if (b.found) return logits;
        return -sum_over(labels * log_softmax(logits), ints(-1));
    }
    list s = shape_list(logits);
    --s.n;
    if (b.intern(s) != labels.n().shape || !is_integer(labels.element())) {
        b.fail("softmax_cross_entropy", "labels differ", logits.n().shape, labels.n().shape);
        return logits;
    }
    list missing{};
    for (int k = -s.n - 1; k < -1; ++k) missing.put(k);
    const i64 classes = logits.extent(-1);
    const value hit = expand(labels, ints(-1), ints(classes)) == expand(iota_in(b, classes, labels.element()), missing, s);
    const value z = below_maximum(logits, ints(-1));
    return log(sum_over(exp(z), ints(-1))) - sum_over(where(hit, z, 0), ints(-1));
}
/// sigmoid_cross_entropy(logits, targets) = max(x, 0) - x t + log(1 + exp(-|x|)), elementwise (TensorFlow).
constexpr value sigmoid_cross_entropy(operand logits, operand targets) {
    bind("sigmoid_cross_entropy", logits, targets);
    const composite one(*logits.v.b, "sigmoid_cross_entropy");
    return softplus(logits) - logits * targets;
}
/// squared_error(x, y) = (x - y)^2, elementwise.
constexpr value squared_error(operand x, operand y) { return square(x - y); }
/// gelu(x) = x / 2 erfc(-x / sqrt 2), the exact form.
constexpr value gelu(operand x) {
    const composite one(*x.v.b, "gelu");
    return 0.5 * x * erfc(-0.707106781186547524401 * x);
}
/// elu(x, alpha = 1): x above 0, alpha (exp(x) - 1) below.
constexpr value elu(operand x, double alpha = 1) {
    const composite one(*x.v.b, "elu");
    return where(x > 0, x, alpha * expm1(minimum(x, 0)));
}
/// leaky_relu(x, alpha = 0.01): x above 0, alpha x below (Lasagne's default).
constexpr value leaky_relu(operand x, double alpha = 0.01) {
    const composite one(*x.v.b, "leaky_relu");
    return where(x > 0, x, alpha * x);
}
/// swish(x) = x sigmoid(x).
constexpr value swish(operand x) {
    const composite one(*x.v.b, "swish");
    return x * sigmoid(x);
}

struct softmax_call { static constexpr value apply(operand x) { return softmax(x.v); } };
struct log_softmax_call { static constexpr value apply(operand x) { return log_softmax(x.v); } };
struct softmax_cross_entropy_call { static constexpr value apply(operand x, operand y) { return softmax_cross_entropy(x.v, y.v); } };
struct sigmoid_cross_entropy_call { static constexpr value apply(operand x, operand y) { return sigmoid_cross_entropy(x, y); } };
struct squared_error_call { static constexpr value apply(operand x, operand y) { return squared_error(x, y); } };
struct gelu_call { static constexpr value apply(operand x) { return gelu(x); } };
struct elu_call { static constexpr value apply(operand x) { return elu(x); } };
struct leaky_relu_call { static constexpr value apply(operand x) { return leaky_relu(x); } };
struct swish_call { static constexpr value apply(operand x) { return swish(x); } };
template <expression X> constexpr auto softmax(X x) { return X::template lift<softmax_call>(x); }
template <expression X> constexpr auto log_softmax(X x) { return X::template lift<log_softmax_call>(x); }
template <expression X> constexpr auto gelu(X x) { return X::template lift<gelu_call>(x); }
template <expression X> constexpr auto elu(X x) { return X::template lift<elu_call>(x); }
template <expression X> constexpr auto leaky_relu(X x) { return X::template lift<leaky_relu_call>(x); }
template <expression X> constexpr auto swish(X x) { return X::template lift<swish_call>(x); }
template <class A, class B> requires liftable<A, B>
constexpr auto softmax_cross_entropy(A x, B y) { return lifter<A, B>::template lift<softmax_cross_entropy_call>(x, y); }
template <class A, class B> requires liftable<A, B>
constexpr auto sigmoid_cross_entropy(A x, B y) { return lifter<A, B>::template lift<sigmoid_cross_entropy_call>(x, y); }
template <class A, class B> requires liftable<A, B>
constexpr auto squared_error(A x, B y) { return lifter<A, B>::template lift<squared_error_call>(x, y); }

}  // namespace kiln
