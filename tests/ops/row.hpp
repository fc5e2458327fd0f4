// One row of the table of operations (table.hpp): how to apply an operation, what it takes, and what it must yield. A row
// is a literal: `rows[i].apply` can be called in a trace as well as at run time, so that any back end can be given the
// same rows. Arrays hold every dtype as long double, whose 64 bits of mantissa hold each of their elements exactly.
#pragma once
#include <kiln/backend/constant/interpret.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace kiln::testing {

using real = long double;
__extension__ typedef __int128 integer;   // where integers are computed before they wrap
static_assert(std::numeric_limits<real>::digits >= 64, "the arrays of the tests need a long double of 64 bits");

/// A tensor of the tests, row-major.
struct array {
    dtype element = dtype::float64;
    std::vector<i64> shape;
    std::vector<real> at;
};

inline i64 count(const std::vector<i64>& shape) {
    i64 n = 1;
    for (const i64 e : shape) n *= e;
    return n;
}
inline array zeros_of(dtype t, const std::vector<i64>& shape) {
    return {t, shape, std::vector<real>(static_cast<std::size_t>(count(shape)))};
}

/// x * y modulo 2^64, which is all that wraps to any dtype.
constexpr integer times(integer x, integer y) { return static_cast<integer>(static_cast<u64>(x) * static_cast<u64>(y)); }
/// v modulo 2^bits, as the dtype has it.
inline real wrapped(dtype t, integer v) {
    if (t == dtype::boolean) return v != 0;
    const int bits = 8 * size_of(t);
    const u64 low = static_cast<u64>(v) & (bits == 64 ? ~u64{0} : (u64{1} << bits) - 1);
    if (is_unsigned_integer(t) || low >> (bits - 1) == 0) return static_cast<real>(low);
    return static_cast<real>(low) - std::ldexp(1.0L, bits);
}
inline real lowest_of(dtype t) {
    return is_signed_integer(t) ? -std::ldexp(1.0L, 8 * size_of(t) - 1) : 0;
}
inline real highest_of(dtype t) {
    return t == dtype::boolean ? 1 : std::ldexp(1.0L, 8 * size_of(t) - is_signed_integer(t)) - 1;
}
/// The nearest element of the dtype.
inline real rounded(dtype t, real v) {
    return t == dtype::float32 ? static_cast<float>(v) : t == dtype::float64 ? static_cast<double>(v) : v;
}

/// What an operation is applied to; `t` is the dtype that is tried, for those without operands.
struct args {
    builder& b;
    const value* x;
    dtype t;
    constexpr value operator[](int k) const { return x[k]; }
};

/// A shape in a table.
struct dims {
    i64 at[5]{};
    int n = 0;
    template <class... E>
    constexpr dims(E... e) : at{static_cast<i64>(e)...}, n(sizeof...(E)) {}
    std::vector<i64> vector() const { return {at, at + n}; }
};
/// One shape for each operand.
struct shapes {
    dims of[3];
};

/// Where an operand is drawn from: random numbers of [low, high], of the dtype that is tried or of one of its own.
struct from {
    double low = -3, high = 3;
    dtype element = dtype::none;
};

enum specials : unsigned { no_specials = 0, infinities = 1, nans = 2, huge = 4, denormal = 8, every_special = 15 };

constexpr dtype same_dtype(dtype t) { return t; }
constexpr dtype to_boolean(dtype) { return dtype::boolean; }
template <dtype T>
constexpr dtype always(dtype) { return T; }

struct row {
    const char* name = "";
    const char* variant = "";
    value (*apply)(args) = nullptr;
    int arity = 1;

    // The reference. Elementwise: of one, two or three numbers, in long double; integers (and bool, where there
    // is no `f...`) wrap after `i...`, where it is given. Anything else: of whole arrays.
    real (*f1)(real) = nullptr;
    real (*f2)(real, real) = nullptr;
    real (*f3)(real, real, real) = nullptr;
    integer (*i1)(integer) = nullptr;
    integer (*i2)(integer, integer) = nullptr;
    array (*whole)(const array* x, dtype t) = nullptr;

    from in[3]{};
    domain takes = domain::floating;
    dtype (*gives)(dtype) = same_dtype;
    const shapes* cases = nullptr;   // of operations that are not elementwise
    int n_cases = 0;
    double ulp = 0.501;              // largest error in units of the last place (0.001: the reference rounds too)
    double absolute = 0;             // and beside it, in units of epsilon: for sums
    int order = 2;                   // how often it is differentiated here; 0: the derivative is a structural zero
    unsigned special = every_special;
    bool signed_zero = false;        // the sign of a zero is checked
    double also[6]{};                // further special arguments
    int n_also = 0;

    constexpr bool elementwise() const { return !whole; }
    constexpr dtype dtype_of_operand(int k, dtype t) const {
        return in[k].element == dtype::none ? t : in[k].element;
    }

    // ---- how a row is written: each of these gives the row with one thing changed
    constexpr row on(from x, from y = {}, from z = {}) const { row r = *this; r.in[0] = x; r.in[1] = y; r.in[2] = z; return r; }
    constexpr row called(const char* v) const { row r = *this; r.variant = v; return r; }
    constexpr row taking(domain d) const { row r = *this; r.takes = d; return r; }
    constexpr row giving(dtype (*g)(dtype)) const { row r = *this; r.gives = g; return r; }
    constexpr row within(double u, double a = 0) const { row r = *this; r.ulp = u; r.absolute = a; return r; }
    constexpr row exact() const { return within(0); }
    constexpr row flat() const { row r = *this; r.order = 0; return r; }
    constexpr row without(unsigned s) const { row r = *this; r.special &= ~s; return r; }
    constexpr row with_signed_zero() const { row r = *this; r.signed_zero = true; return r; }
    template <int N>
    constexpr row over(const shapes (&s)[N]) const { row r = *this; r.cases = s; r.n_cases = N; return r; }
    template <class... X>
    constexpr row at(X... x) const {
        row r = *this;
        ((r.also[r.n_also++] = x), ...);
        return r;
    }
};

constexpr row unary(const char* name, value (*apply)(args), real (*f)(real), integer (*i)(integer) = nullptr) {
    row r{name};
    r.apply = apply;
    r.f1 = f;
    r.i1 = i;
    return r;
}
constexpr row binary(const char* name, value (*apply)(args), real (*f)(real, real),
                     integer (*i)(integer, integer) = nullptr) {
    row r{name};
    r.apply = apply;
    r.arity = 2;
    r.f2 = f;
    r.i2 = i;
    return r;
}
constexpr row ternary(const char* name, value (*apply)(args), real (*f)(real, real, real)) {
    row r{name};
    r.apply = apply;
    r.arity = 3;
    r.f3 = f;
    return r;
}
constexpr row general(const char* name, int arity, value (*apply)(args), array (*whole)(const array*, dtype)) {
    row r{name};
    r.apply = apply;
    r.arity = arity;
    r.whole = whole;
    return r;
}

}  // namespace kiln::testing
