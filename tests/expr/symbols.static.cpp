// Symbols: types that hold nothing; one name, one shape and one dtype is one type.
#include <kiln/kiln.hpp>

#include <cstdint>
#include <type_traits>

namespace {

using namespace kiln;

template <class A, class B>
constexpr bool alike(A, B) { return std::is_same_v<A, B>; }

constexpr auto x = placeholder<"x", float, "batch", 3>;
constexpr auto y = placeholder<"y", float, "batch", 3>;
constexpr auto w = variable<"w", float, 3>(zeros);

static_assert(sizeof(x) == 1 && std::is_empty_v<decltype(x)>);
static_assert(std::is_trivially_copyable_v<std::remove_const_t<decltype(x)>>);
static_assert(x.rank() == 2 && x.element() == dtype::float32);
static_assert(placeholder<"s", std::int8_t>.rank() == 0 && placeholder<"s", std::int8_t>.element() == dtype::int8);

static_assert(alike(x, placeholder<"x", float, "batch", 3>));
static_assert(!alike(x, placeholder<"x2", float, "batch", 3>));
static_assert(!alike(x, placeholder<"x", double, "batch", 3>));
static_assert(!alike(x, placeholder<"x", float, "batch", 4>));
static_assert(!alike(x, placeholder<"x", float, "rows", 3>));
static_assert(!alike(x, placeholder<"x", float, 3, "batch">));
static_assert(!alike(x, variable<"x", float, 3>(zeros)));
static_assert(alike(w, variable<"w", float, 3>(zeros)));
static_assert(!alike(w, variable<"w", float, 3>(ones)));                // another initial value
static_assert(alike(w, variable<"w", float, 3>(full<0>)));
static_assert(alike(variable<"w", float, 3>(random_normal<>), variable<"w", float, 3>(random_normal<0.0, 1.0>)));
static_assert(alike(placeholder<"l", long>, placeholder<"l", long long>));   // one dtype

// extents that multiply
static_assert(alike(placeholder<"p", float, extent(2) * extent("n") * extent(3)>, placeholder<"p", float, extent("n") * extent(6)>));
static_assert(alike(placeholder<"p", float, extent("a") * extent("b")>, placeholder<"p", float, extent("b") * extent("a")>));
static_assert(alike(placeholder<"p", float, extent(0) * extent("n")>, placeholder<"p", float, 0>));

// constants: a number and its kind, and dtype and shape from the partner
static_assert(alike(2_c, constant<2>));
static_assert(alike(2.5_c, constant<2.5>));
static_assert(!alike(2_c, 2.0_c));
static_assert(alike(x * 2_c, x * 2.0_c));
static_assert(alike(x + 1e-3_c, x + 0.001_c));
static_assert((x * 2_c).element() == dtype::float32);
static_assert((placeholder<"i", std::int8_t> + 1_c).element() == dtype::int8);
static_assert((2_c + 1_c).element() == dtype::weak_int && (2_c + 0.5_c).element() == dtype::weak_float);
static_assert(alike(2_c + 3_c, 5_c));
static_assert(alike(-(2_c), constant<-2>));
static_assert(alike(1'000'000_c, constant<1000000>));

// filled tensors
static_assert(eval(sum(zeros(shape<float, 3>))) == 0);
static_assert(eval(sum(ones(shape<std::int8_t, 3, 2>))) == 6);
static_assert(eval(sum(full<2.5>(shape<double, 0>))) == 0);
static_assert(eval(full<true>(shape<bool>)));
static_assert((ones(shape<float, "batch", 3>).rank()) == 2 && ones(shape<float, "batch", 3>).element() == dtype::float32);
static_assert(alike(zeros(shape<double>), full<0.0>(shape<double>)));
static_assert(alike(ones_like(x), full_like<1>(x)));
static_assert(alike(zeros_like(w), zeros(shape<float, 3>)));
static_assert(eval(sum(iota<5>)) == 10);

// equal expressions are one type, whoever wrote them
constexpr auto left = (x + y) * w;
constexpr auto sum_first = x + y;
static_assert(alike(left, sum_first * w));
static_assert(!alike(x + y, y + x));                                    // the order stays as written
static_assert(!alike(x - y, y - x));
static_assert(alike(square(x) + square(x), [] { constexpr auto q = square(x); return q + q; }()));

}  // namespace
