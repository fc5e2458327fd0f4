// How a row is tried: a graph on placeholders in a builder of its own, run by the reference interpreter; what it is fed
// with; and the comparison with the row's own reference.
#pragma once
#include "reference.hpp"

#include <kiln/ops/random.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>

namespace kiln::testing {

std::span<const row> all_rows();   // defined where the table is compiled, once in a program

inline constexpr dtype every_dtype[]{dtype::boolean, dtype::int8, dtype::int16, dtype::int32, dtype::int64, dtype::uint8,
                                     dtype::uint16, dtype::uint32, dtype::uint64, dtype::float32, dtype::float64};

/// The seed of all random numbers here; KILN_SEED=... in the environment gives another one.
inline u64 seed() {
    static const u64 s = [] {
        const char* text = std::getenv("KILN_SEED");
        const u64 r = text ? std::strtoull(text, nullptr, 10) : 1;
        std::printf("tests/ops: KILN_SEED=%llu\n", static_cast<unsigned long long>(r));
        return r;
    }();
    return s;
}

inline std::string text_of(const std::vector<i64>& shape) {
    std::string s = "(";
    for (const i64 e : shape) s += (s.size() > 1 ? ", " : "") + std::to_string(e);
    return s + ")";
}
inline std::string text_of(real v) {
    char s[64];
    std::snprintf(s, sizeof s, "%.20Lg", v);
    return s;
}
inline std::string title(const row& r, dtype t, const std::vector<array>& x = {}) {
    std::string s = std::string(r.name) + (*r.variant ? " [" : "") + r.variant + (*r.variant ? "] " : " ") + name_of(t);
    for (const array& a : x) s += " " + text_of(a.shape);
    return s + ", seed " + std::to_string(seed());
}

// ---- cells of the interpreter
inline cell to_cell(dtype t, real v) {
    if (is_floating(t)) return {static_cast<double>(v), 0};
    return {0, v < 0 ? static_cast<i64>(v) : static_cast<i64>(static_cast<u64>(v))};
}
inline real from_cell(dtype t, cell c) {
    if (is_floating(t)) return c.f;
    return is_unsigned_integer(t) ? static_cast<real>(static_cast<u64>(c.i)) : static_cast<real>(c.i);
}

/// Builders are a megabyte, and the tests make ten thousand of them: they are used again.
struct give_back {
    void operator()(builder* b) const { spare().emplace_back(b); }
    static std::vector<std::unique_ptr<builder>>& spare() {
        static std::vector<std::unique_ptr<builder>> s;
        return s;
    }
    static builder* take() {
        if (spare().empty()) return new builder();
        builder* b = spare().back().release();
        spare().pop_back();
        return new (b) builder();
    }
};

/// A builder, its placeholders and what they are fed with.
class trial {
public:
    trial() : own(give_back::take()) {}
    trial(const row& r, dtype t, const std::vector<array>& inputs) : trial() {
        for (const array& a : inputs) x.push_back(feed(a));
        y = r.apply({b(), x.data(), t});
    }

    builder& b() { return *own; }
    type type_in(dtype t, const std::vector<i64>& shape) {
        list s{};
        for (const i64 e : shape) s.put(e);
        return {b().intern(s), t};
    }
    value placeholder(dtype t, const std::vector<i64>& shape) {
        const std::string name = "x" + std::to_string(n_placeholders++);
        return placeholder_of(b(), name.c_str(), type_in(t, shape));
    }
    value feed(const array& a) {
        const value v = placeholder(a.element, a.shape);
        feed(v, a);
        return v;
    }
    void feed(value v, const array& a) {
        std::vector<cell>& c = fed[v.id];
        c.assign(1, cell{});   // never empty: an address is wanted
        for (std::size_t i = 0; i < a.at.size(); ++i) {
            if (i == c.size()) c.emplace_back();
            c[i] = to_cell(a.element, a.at[i]);
        }
    }
    std::vector<array> run(const std::vector<value>& roots) {
        const interpretation done(b(), roots.data(), static_cast<int>(roots.size()), [&](int i) -> const cell* {
            if (b().nodes[i].op == &seed_op) return &session;
            if (b().nodes[i].op == &step_op) return &step;
            return fed.at(i).data();
        });
        std::vector<array> r;
        for (const value v : roots) {
            array a{v.element(), {}, {}};
            for (int k = 0; k < v.rank(); ++k) a.shape.push_back(v.extent(k));
            for (i64 i = 0; i < count(a.shape); ++i) a.at.push_back(from_cell(a.element, done[v][i]));
            r.push_back(std::move(a));
        }
        return r;
    }
    array run(value root) { return run(std::vector<value>{root})[0]; }

    std::vector<value> x;
    value y;

private:
    std::unique_ptr<builder, give_back> own;
    std::map<int, std::vector<cell>> fed;
    int n_placeholders = 0;
    cell session{0, static_cast<i64>(session_seed)}, step{0, static_cast<i64>(session_step)};
};

// ---- what operands are drawn from
class source {
public:
    explicit source(u64 stream) : bits(seed() * 1000003 + stream) {}

    real uniform(real low, real high) { return low + (high - low) * std::ldexp(static_cast<real>(bits() >> 11), -53); }
    bool chance(int n) { return bits() % static_cast<u64>(n) == 0; }
    real element(const from& f, dtype t) {
        const dtype e = f.element == dtype::none ? t : f.element;
        if (is_floating(e)) return rounded(e, uniform(f.low, f.high));
        if (e == dtype::boolean) return chance(2);
        if (f.element != dtype::none) return std::floor(uniform(f.low, f.high + 1));
        switch (bits() % 3) {   // small, as large as a count of bits, any
        case 0: return wrapped(e, static_cast<integer>(bits() % 11) - 5);
        case 1: return wrapped(e, static_cast<integer>(bits() % 71));
        default: return wrapped(e, static_cast<integer>(bits()));
        }
    }
    array tensor(const from& f, dtype t, const std::vector<i64>& shape) {
        array a = zeros_of(f.element == dtype::none ? t : f.element, shape);
        for (real& v : a.at) v = element(f, t);
        return a;
    }
    array tensor(const std::vector<i64>& shape) { return tensor({-1, 1}, dtype::float64, shape); }

private:
    std::mt19937_64 bits;
};

inline std::vector<array> operands(const row& r, dtype t, const std::vector<std::vector<i64>>& shape, source& random) {
    std::vector<array> x;
    for (int k = 0; k < r.arity; ++k) x.push_back(random.tensor(r.in[k], t, shape[static_cast<std::size_t>(k)]));
    return x;
}

inline std::vector<real> special_values(const row& r, dtype t) {
    if (t == dtype::boolean) return {0, 1};
    if (is_integer(t)) {
        const real low = lowest_of(t), high = highest_of(t);
        return {0, 1, wrapped(t, -1), 2, 7, low, low + 1, high, high - 1};
    }
    std::vector<real> v{0, -0.0L, 1, -1};
    for (int k = 0; k < r.n_also; ++k) v.push_back(rounded(t, r.also[k]));
    if (r.special & infinities) v.insert(v.end(), {HUGE_VALL, -HUGE_VALL});
    if (r.special & nans) v.push_back(NAN);
    const bool wide = t == dtype::float64;
    const real large = std::ldexp(1.5L, wide ? 1010 : 115), small = std::ldexp(3.0L, wide ? -1074 : -149);
    if (r.special & huge) v.insert(v.end(), {large, -large});
    if (r.special & denormal) v.insert(v.end(), {small, -small});
    return v;
}

/// The shapes that a row is tried on: those of the table, or, of an elementwise operation, nothing, rank 0, extents of 1,
/// and each operand broadcast in every way against the others.
inline std::vector<std::vector<std::vector<i64>>> shapes_of(const row& r) {
    std::vector<std::vector<std::vector<i64>>> all;
    const std::size_t n = static_cast<std::size_t>(r.arity);
    if (!r.elementwise()) {
        for (int c = 0; c < r.n_cases; ++c) {
            all.emplace_back();
            for (std::size_t k = 0; k < n; ++k) all.back().push_back(r.cases[c].of[k].vector());
        }
        return all;
    }
    for (const std::vector<i64>& s : std::vector<std::vector<i64>>{{2, 3}, {}, {0}, {2, 0, 3}, {1, 1}})
        all.emplace_back(n, s);
    if (n == 1) return all;
    for (std::size_t k = 0; k < n; ++k)
        for (const std::vector<i64>& s : std::vector<std::vector<i64>>{{}, {1}, {3}, {2, 1}, {1, 3}, {1, 1}, {2, 2, 3}}) {
            all.emplace_back(n, std::vector<i64>{2, 3});
            all.back()[k] = s;
        }
    for (std::size_t k = 0; k < n; ++k) {   // crosswise, and against nothing
        all.emplace_back(n, std::vector<i64>{2, 1});
        all.back()[k] = {1, 3};
        all.emplace_back(n, std::vector<i64>{0, 3});
        all.back()[k] = {1, 3};
    }
    return all;
}

/// What the row says about these operands.
inline array expected(const row& r, dtype t, const std::vector<array>& x) {
    if (r.whole) return r.whole(x.data(), t);
    std::vector<i64> shape;
    for (const array& a : x) shape = broadcast(shape, a.shape);
    const bool by_integers = is_integer(t) || (t == dtype::boolean && !r.f1 && !r.f2);
    const dtype gives = r.gives(t);
    return generated(gives, shape, [&](const index_of& i) -> real {
        real v[3]{};
        for (std::size_t k = 0; k < x.size(); ++k) v[k] = x[k].at[flatten(x[k].shape, i)];
        if (by_integers && (r.i1 || r.i2)) {
            const integer a = static_cast<integer>(v[0]), b = static_cast<integer>(v[1]), c = r.i1 ? r.i1(a) : r.i2(a, b);
            return is_floating(gives) ? static_cast<real>(c) : wrapped(gives, c);
        }
        return r.f1 ? r.f1(v[0]) : r.f2 ? r.f2(v[0], v[1]) : r.f3(v[0], v[1], v[2]);
    });
}

/// The distance between neighbours at v.
inline real spacing(dtype t, real v) {
    const int digits = t == dtype::float32 ? 24 : 53, lowest = t == dtype::float32 ? -126 : -1022;
    return std::ldexp(1.0L, std::max(v == 0 ? lowest : std::ilogb(v), lowest) - digits + 1);
}

/// Empty where `got` is within the row's bounds of `want`, else what is wrong.
inline std::string difference(const row& r, const array& got, const array& want) {
    if (got.element != want.element) return std::string("dtype ") + name_of(got.element) + ", not " + name_of(want.element);
    if (got.shape != want.shape) return "shape " + text_of(got.shape) + ", not " + text_of(want.shape);
    const dtype t = got.element;
    for (std::size_t i = 0; i < got.at.size(); ++i) {
        const real g = got.at[i], w = want.at[i], nearest = rounded(t, w);
        bool good = g == nearest || (std::isnan(g) && std::isnan(nearest));
        if (!good && is_floating(t) && std::isfinite(g) && std::isfinite(nearest))
            good = std::fabs(g - w) <= r.ulp * spacing(t, w) + r.absolute * std::ldexp(1.0L, t == dtype::float32 ? -23 : -52);
        if (r.signed_zero && g == 0 && nearest == 0) good = std::signbit(g) == std::signbit(nearest);
        if (!good) return "element " + std::to_string(i) + ": got " + text_of(g) + ", want " + text_of(w);
    }
    return "";
}
inline std::string arguments(const std::vector<array>& x) {
    std::string s;
    for (const array& a : x) {
        s += "\n  " + text_of(a.shape) + ":";
        for (std::size_t i = 0; i < a.at.size() && i < 24; ++i) s += " " + text_of(a.at[i]);
    }
    return s;
}

}  // namespace kiln::testing
