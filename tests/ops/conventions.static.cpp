// What the compiler itself computes: conventions at kinks, higher derivatives, bodies, wrapping integers, random numbers.
#include <kiln/backend/constant/interpret.hpp>
#include <kiln/ops/random.hpp>

namespace kiln {
namespace {

/// Element i of f(x) for a vector (or, without extent, a number) of T.
template <class T, class F, int N>
constexpr double at(F f, const double (&x)[N], i64 element, bool scalar = false) {
    builder b{};
    const value v = placeholder_of(b, "x", {scalar ? 0 : b.intern(ints(N)), dtype_of<T>});
    const value y = f(v);
    cell c[N]{};
    for (int k = 0; k < N; ++k) is_floating(dtype_of<T>) ? void(c[k].f = x[k]) : void(c[k].i = static_cast<i64>(x[k]));
    const cell seed{0, 7};
    const interpretation r(b, &y, 1, [&](int i) { return b.nodes[i].op == &seed_op ? &seed : c; });
    return is_floating(y.element()) ? r[y][element].f : static_cast<double>(r[y][element].i);
}
template <class T = double, class F>
constexpr double of(F f, double x) {
    const double p[]{x};
    return at<T>(f, p, 0, true);
}
constexpr value grad(value y, value x) {
    const value one = ones_like(y);
    value d;
    reverse(*y.b, &y, &one, 1, &x, 1, &d);
    return d.zero() ? zeros_like(x) : d;
}
constexpr value jvp(value y, value x) {
    const value one = ones_like(x);
    value d;
    forward(*y.b, &x, &one, 1, &y, 1, &d);
    return d.zero() ? zeros_like(y) : d;
}

// kinks as TensorFlow
static_assert(of([](value x) { return grad(relu(x), x); }, 0.0) == 0.0);
static_assert(of([](value x) { return grad(absolute(x), x); }, 0.0) == 0.0);
static_assert(of([](value x) { return grad(maximum(x, 2), x); }, 2.0) == 1.0);
static_assert(of([](value x) { return jvp(minimum(2, x), x); }, 2.0) == 0.0);
static_assert(of([](value x) { return grad(clip(x, -1, 1), x); }, 1.0) == 1.0);
static_assert(at<double>([](value x) { return grad(max(x), x); }, {1, 3, 3, 2}, 1) == 0.5);
static_assert(at<double>([](value x) { return grad(prod(x), x); }, {2, 0, 4}, 1) == 8.0);
static_assert(at<double>([](value x) { return grad(sum(grad(prod(x), x)), x); }, {0, 0, 4}, 0) == 4.0);

// masks stay outside
static_assert(of([](value x) { return grad(where(x > 0, log(x), 0), x); }, 0.0) == 0.0);
static_assert(of([](value x) { return grad(grad(where(x > 0, sqrt(x), 0), x), x); }, 0.0) == 0.0);
static_assert(of([](value x) { return jvp(grad(where(x > 0, x * log(x), 0), x), x); }, 0.0) == 0.0);

// higher derivatives
static_assert(of([](value x) { return grad(grad(grad(pow(x, 4), x), x), x); }, 2.0) == 48.0);
static_assert(of([](value x) { return jvp(jvp(grad(square(square(x)), x), x), x); }, 2.0) == 48.0);
static_assert(of([](value x) { return grad(grad(exp(2 * x), x), x); }, 0.0) == 4.0);

// bodies, in both modes and to second order
constexpr auto branch = [](value x) { return cond(x > 0, [&] { return x * x * x; }, [&] { return -x; }); };
static_assert(of([](value x) { return grad(branch(x), x); }, 2.0) == 12.0);
static_assert(of([](value x) { return jvp(branch(x), x); }, -2.0) == -1.0);
static_assert(of([](value x) { return grad(grad(branch(x), x), x); }, 2.0) == 12.0);
static_assert(of([](value x) { return jvp(grad(branch(x), x), x); }, -2.0) == 0.0);

// numbers that the language itself does not compute in constant evaluation
static_assert(of<std::int8_t>([](value x) { return x + 100; }, 100) == -56);
static_assert(of<std::int8_t>([](value x) { return x / -1; }, -128) == -128);
static_assert(of<std::int32_t>([](value x) { return x % 0 + x / 0; }, 5) == 0);
static_assert(of<std::uint8_t>([](value x) { return sign(x) - 2; }, 3) == 255);
static_assert(of([](value x) { return where(isnan(0 * (1 / x)), 1.0, 0.0); }, 0.0) == 1.0);
static_assert(of([](value x) { return cast<std::uint8_t>(x); }, -3.5) == 0);
static_assert(of([](value x) { return cast<std::int16_t>(x); }, 1e300) == 32767);
static_assert(at<float>([](value x) { return argmax(x); }, {1, 5, 5}, 0) == 1);
static_assert(at<double>([](value x) { return softmax(x); }, {1000, 1000}, 0) == 0.5);

// random numbers: pure functions of seed, name and position
constexpr auto noise = [](value x) { return random_uniform<>.initial(*x.b, {x.b->intern(ints(3)), dtype::float64}, x.b->name("w")); };
constexpr auto other = [](value x) { return random_uniform<>.initial(*x.b, {x.b->intern(ints(3)), dtype::float64}, x.b->name("v")); };
constexpr auto gauss = [](value x) { return random_normal<>.initial(*x.b, {x.b->intern(ints(3)), dtype::float32}, x.b->name("w")); };
static_assert(of(noise, 0.0) == of(noise, 1.0));
static_assert(of(noise, 0.0) != of(other, 0.0));
static_assert(of(noise, 0.0) >= 0.0 && of(noise, 0.0) < 1.0);
static_assert(at<double>(noise, {0.0}, 1) != at<double>(noise, {0.0}, 2));
static_assert(of(gauss, 0.0) == of(gauss, 1.0));

// findings are recorded in constant evaluation too
constexpr bool wrong() {
    builder b{};
    const value x = placeholder_of(b, "x", {b.intern(ints(3, 4)), dtype::float64});
    const value y = placeholder_of(b, "y", {b.intern(ints(5, 2)), dtype::float64});
    static_cast<void>(matmul(x, y));
    return static_cast<bool>(b.found);
}
static_assert(wrong());

}  // namespace
}  // namespace kiln
