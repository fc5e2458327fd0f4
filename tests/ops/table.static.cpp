// Every row of the table in constant evaluation, with both derivatives: what a trace does with it.
#include "table.hpp"

#include <utility>

namespace kiln::testing {
namespace {

template <std::size_t I>
constexpr bool builds() {
    const row& r = rows[I];
    const dtype t = accepts(r.takes, dtype::float64) ? dtype::float64 : accepts(r.takes, dtype::int32) ? dtype::int32 : dtype::boolean;
    const char* names[]{"x", "y", "z"};
    builder b{};
    value x[4], wrt[4], one[4], dy, dx[4];
    int n = 0;
    for (int k = 0; k < r.arity; ++k) {
        list s{};
        const dims shape = r.elementwise() ? dims(2, 3) : r.cases[0].of[k];
        for (int j = 0; j < shape.n; ++j) s.put(shape.at[j]);
        x[k] = placeholder_of(b, names[k], {b.intern(s), r.dtype_of_operand(k, t)});
        if (is_floating(x[k].element())) {
            wrt[n] = x[k];
            one[n++] = ones_like(x[k]);
        }
    }
    const value y = r.apply({b, x, t});
    if (n > 0 && is_floating(y.element())) {
        const value seed = ones_like(y);
        forward(b, wrt, one, n, &y, 1, &dy);
        reverse(b, &y, &seed, 1, wrt, n, dx);
        if (dy.zero() != (r.order == 0)) return false;
    }
    return !b.found && !y.zero();
}
// Each row is an evaluation of its own, within the compilers' limits.
template <std::size_t... I>
constexpr bool all_build(std::index_sequence<I...>) { return (std::bool_constant<builds<I>()>::value && ...); }
static_assert(all_build(std::make_index_sequence<std::size(rows)>()));

}  // namespace
}  // namespace kiln::testing
