// The references of the table that need loops: plain ones over whole arrays, in long double, written without a look at
// kiln's own.
#pragma once
#include "row.hpp"

#include <kiln/ops/windows.hpp>

#include <algorithm>
#include <numeric>

namespace kiln::testing {

using index_of = std::vector<i64>;

inline index_of unflatten(const std::vector<i64>& shape, i64 i) {
    index_of x(shape.size());
    for (std::size_t k = shape.size(); k-- > 0;) {
        x[k] = i % shape[k];
        i /= shape[k];
    }
    return x;
}
/// The position of an element; axes of extent 1 stand for every index (broadcasting), further leading indices are dropped.
inline std::size_t flatten(const std::vector<i64>& shape, const index_of& x) {
    i64 r = 0;
    const std::size_t more = x.size() - shape.size();
    for (std::size_t k = 0; k < shape.size(); ++k) r = r * shape[k] + (shape[k] == 1 ? 0 : x[k + more]);
    return static_cast<std::size_t>(r);
}
/// numpy's common shape; the operands of a row always have one.
inline std::vector<i64> broadcast(std::vector<i64> s, std::vector<i64> t) {
    while (s.size() < t.size()) s.insert(s.begin(), 1);
    while (t.size() < s.size()) t.insert(t.begin(), 1);
    for (std::size_t k = 0; k < s.size(); ++k)
        if (s[k] == 1) s[k] = t[k];
    return s;
}
/// An array whose elements are f(index).
template <class F>
array generated(dtype t, const std::vector<i64>& shape, F f) {
    array r = zeros_of(t, shape);
    for (std::size_t i = 0; i < r.at.size(); ++i) r.at[i] = f(unflatten(shape, static_cast<i64>(i)));
    return r;
}
inline array expanded(const array& x, const std::vector<i64>& shape) {
    return generated(x.element, shape, [&](const index_of& i) { return x.at[flatten(x.shape, i)]; });
}

/// numpy's x[start:stop, ...] with positions of the first axes, and its pad(x, ((before, after), ...)).
struct bounds {
    i64 start, stop;
};
inline array sliced(const array& x, const std::vector<bounds>& b) {
    std::vector<i64> shape = x.shape, first(x.shape.size());
    for (std::size_t k = 0; k < b.size(); ++k) {
        const i64 e = shape[k], start = std::clamp<i64>(b[k].start < 0 ? b[k].start + e : b[k].start, 0, e);
        const i64 stop = std::clamp<i64>(b[k].stop < 0 ? b[k].stop + e : b[k].stop, 0, e);
        first[k] = start;
        shape[k] = std::max<i64>(stop - start, 0);
    }
    return generated(x.element, shape, [&](index_of i) {
        for (std::size_t k = 0; k < i.size(); ++k) i[k] += first[k];
        i64 at = 0;
        for (std::size_t k = 0; k < i.size(); ++k) at = at * x.shape[k] + i[k];
        return x.at[static_cast<std::size_t>(at)];
    });
}
inline array padded(const array& x, i64 before, i64 after) {
    std::vector<i64> shape = x.shape;
    for (i64& e : shape) e += before + after;
    return generated(x.element, shape, [&](const index_of& i) -> real {
        i64 at = 0;
        for (std::size_t k = 0; k < i.size(); ++k) {
            const i64 j = i[k] - before;
            if (j < 0 || j >= x.shape[k]) return 0;
            at = at * x.shape[k] + j;
        }
        return x.at[static_cast<std::size_t>(at)];
    });
}

// ---- reductions: what becomes of the elements that are folded into one
using fold = real (*)(const std::vector<real>&, dtype);

inline array folded(const array& x, const reduction_options& o, fold f, dtype gives) {
    const int rank = static_cast<int>(x.shape.size());
    std::vector<bool> gone(x.shape.size(), o.all);
    for (int k = 0; k < o.over.n; ++k) gone[static_cast<std::size_t>(o.over.at[k] + (o.over.at[k] < 0 ? rank : 0))] = true;
    std::vector<i64> kept, ones;
    for (std::size_t k = 0; k < x.shape.size(); ++k) {
        ones.push_back(gone[k] ? 1 : x.shape[k]);
        if (!gone[k]) kept.push_back(x.shape[k]);
    }
    std::vector<std::vector<real>> groups(static_cast<std::size_t>(count(ones)));
    for (std::size_t i = 0; i < x.at.size(); ++i)
        groups[flatten(ones, unflatten(x.shape, static_cast<i64>(i)))].push_back(x.at[i]);
    array r = zeros_of(gives, o.keep ? ones : kept);
    for (std::size_t i = 0; i < groups.size(); ++i) r.at[i] = f(groups[i], x.element);
    return r;
}

inline real sum_of(const std::vector<real>& v, dtype t) {
    if (is_floating(t)) return std::accumulate(v.begin(), v.end(), 0.0L);
    integer r = 0;
    for (const real x : v) r += static_cast<integer>(x);
    return wrapped(t, r);
}
inline real prod_of(const std::vector<real>& v, dtype t) {
    real r = 1;
    for (const real x : v) r = is_floating(t) ? r * x : wrapped(t, times(static_cast<integer>(r), static_cast<integer>(x)));
    return r;
}
inline real max_of(const std::vector<real>& v, dtype t) {
    real r = is_floating(t) ? -HUGE_VALL : lowest_of(t);
    for (const real x : v) r = std::isnan(r) || std::isnan(x) ? NAN : std::max(r, x);
    return r;
}
inline real min_of(const std::vector<real>& v, dtype t) {
    real r = is_floating(t) ? HUGE_VALL : highest_of(t);
    for (const real x : v) r = std::isnan(r) || std::isnan(x) ? NAN : std::min(r, x);
    return r;
}
inline real any_of(const std::vector<real>& v, dtype) { return std::count(v.begin(), v.end(), 1.0L) > 0; }
inline real all_of(const std::vector<real>& v, dtype) { return std::count(v.begin(), v.end(), 0.0L) == 0; }
inline real mean_of(const std::vector<real>& v, dtype t) { return sum_of(v, t) / static_cast<real>(v.size()); }
inline real variance_of(const std::vector<real>& v, dtype t) {
    const real m = mean_of(v, t);
    real r = 0;
    for (const real x : v) r += (x - m) * (x - m);
    return r / static_cast<real>(v.size());
}
inline real norm_of(const std::vector<real>& v, dtype) {
    real r = 0;
    for (const real x : v) r += x * x;
    return std::sqrt(r);
}
inline real logsumexp_of(const std::vector<real>& v, dtype t) {
    const real m = max_of(v, t);
    if (!std::isfinite(m)) return m;
    real r = 0;
    for (const real x : v) r += std::exp(x - m);
    return m + std::log(r);
}
inline real argmax_of(const std::vector<real>& v, dtype) {   // the first NaN, else the first of the largest
    std::size_t best = 0;
    for (std::size_t k = 1; k < v.size(); ++k)
        if (!std::isnan(v[best]) && (std::isnan(v[k]) || v[k] > v[best])) best = k;
    return static_cast<real>(best);
}
inline real argmin_of(const std::vector<real>& v, dtype) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < v.size(); ++k)
        if (!std::isnan(v[best]) && (std::isnan(v[k]) || v[k] < v[best])) best = k;
    return static_cast<real>(best);
}

// ---- along one axis: f(row) yields as many elements
template <class F>
array along(const array& x, int axis, F f) {
    array r = x;
    const std::size_t k = axis < 0 ? x.shape.size() - static_cast<std::size_t>(-axis) : static_cast<std::size_t>(axis);
    for (std::size_t i = 0; i < x.at.size(); ++i) {
        index_of at = unflatten(x.shape, static_cast<i64>(i));
        if (at[k] != 0) continue;
        std::vector<real> line;
        for (at[k] = 0; at[k] < x.shape[k]; ++at[k]) line.push_back(x.at[flatten(x.shape, at)]);
        line = f(line);
        for (at[k] = 0; at[k] < x.shape[k]; ++at[k]) r.at[flatten(x.shape, at)] = line[static_cast<std::size_t>(at[k])];
    }
    return r;
}
inline std::vector<real> softmax_of(std::vector<real> v) {
    const real m = max_of(v, dtype::float64);
    real s = 0;
    for (real& x : v) s += x = std::exp(x - m);
    for (real& x : v) x /= s;
    return v;
}
inline std::vector<real> log_softmax_of(std::vector<real> v) {
    const real m = max_of(v, dtype::float64);
    real s = 0;
    for (const real x : v) s += std::exp(x - m);
    for (real& x : v) x = (x - m) - std::log(s);
    return v;
}
/// x[i, class] of the last axis, folded into one number by f(row, i).
template <class F>
array by_rows(const array& x, F f) {
    const std::vector<i64> shape(x.shape.begin(), x.shape.end() - 1);
    array r = zeros_of(x.element, shape);
    const std::size_t n = static_cast<std::size_t>(x.shape.back());
    for (std::size_t i = 0; i < r.at.size(); ++i)
        r.at[i] = f(std::vector<real>(x.at.begin() + static_cast<std::ptrdiff_t>(i * n),
                                      x.at.begin() + static_cast<std::ptrdiff_t>((i + 1) * n)), i);
    return r;
}

// ---- contractions
/// The sum over k of x[k] * y[k].
template <class X, class Y>
real inner(dtype t, i64 n, X x, Y y) {
    real r = 0;
    for (i64 k = 0; k < n; ++k)
        r = is_floating(t) ? r + x(k) * y(k)
                           : wrapped(t, static_cast<integer>(r) + times(static_cast<integer>(x(k)), static_cast<integer>(y(k))));
    return r;
}
inline array matmul_of(array x, array y) {
    const bool row = x.shape.size() == 1, column = y.shape.size() == 1;
    if (row) x.shape.insert(x.shape.begin(), 1);
    if (column) y.shape.push_back(1);
    const std::vector<i64> lead = broadcast({x.shape.begin(), x.shape.end() - 2}, {y.shape.begin(), y.shape.end() - 2});
    const i64 m = x.shape[x.shape.size() - 2], n = y.shape.back(), common = x.shape.back();
    std::vector<i64> shape = lead;
    shape.push_back(m);
    shape.push_back(n);
    array r = generated(x.element, shape, [&](index_of i) {
        index_of p = i, q = i;
        return inner(x.element, common,
                     [&](i64 k) { p[p.size() - 1] = k; return x.at[flatten(x.shape, p)]; },
                     [&](i64 k) { q[q.size() - 2] = k; return y.at[flatten(y.shape, q)]; });
    });
    if (column) r.shape.pop_back();
    if (row) r.shape.erase(r.shape.end() - (column ? 1 : 2));
    return r;
}
inline array dot_of(const array& x, const array& y) {
    if (x.shape.empty() || y.shape.empty()) {
        const array &s = x.shape.empty() ? x : y, &v = x.shape.empty() ? y : x;
        return generated(x.element, v.shape, [&](const index_of& i) {
            return inner(x.element, 1, [&](i64) { return s.at[0]; }, [&](i64) { return v.at[flatten(v.shape, i)]; });
        });
    }
    const std::size_t axis = y.shape.size() < 2 ? 0 : y.shape.size() - 2, lead = x.shape.size() - 1;
    std::vector<i64> shape(x.shape.begin(), x.shape.end() - 1);
    for (std::size_t k = 0; k < y.shape.size(); ++k)
        if (k != axis) shape.push_back(y.shape[k]);
    return generated(x.element, shape, [&](const index_of& i) {
        index_of p(i.begin(), i.begin() + static_cast<std::ptrdiff_t>(lead)), q(i.begin() + static_cast<std::ptrdiff_t>(lead), i.end());
        p.push_back(0);
        q.insert(q.begin() + static_cast<std::ptrdiff_t>(axis), 0);
        return inner(x.element, x.shape.back(),
                     [&](i64 k) { p.back() = k; return x.at[flatten(x.shape, p)]; },
                     [&](i64 k) { q[axis] = k; return y.at[flatten(y.shape, q)]; });
    });
}

// ---- views
inline array reshaped(array x, std::vector<i64> shape) {
    x.shape = std::move(shape);
    return x;
}
/// Axis k of the result is axis p[k] of x.
inline array permuted(const array& x, const std::vector<std::size_t>& p) {
    std::vector<i64> shape;
    for (const std::size_t k : p) shape.push_back(x.shape[k]);
    return generated(x.element, shape, [&](const index_of& i) {
        index_of j(i.size());
        for (std::size_t k = 0; k < p.size(); ++k) j[p[k]] = i[k];
        return x.at[flatten(x.shape, j)];
    });
}

// ---- the largest of each row
inline array largest(const array& x, i64 k, bool positions) {
    std::vector<i64> shape = x.shape;
    shape.back() = k;
    array r = zeros_of(positions ? dtype::int32 : x.element, shape);
    const std::size_t n = static_cast<std::size_t>(x.shape.back()), m = static_cast<std::size_t>(k);
    for (std::size_t i = 0; n && i < x.at.size() / n; ++i) {
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            const real u = x.at[i * n + a], v = x.at[i * n + b];
            if (std::isnan(u) || std::isnan(v)) return std::isnan(u) && (!std::isnan(v) || a < b);
            return u != v ? u > v : a < b;
        });
        for (std::size_t j = 0; j < m; ++j)
            r.at[i * m + j] = positions ? static_cast<real>(order[j]) : x.at[i * n + order[j]];
    }
    return r;
}

// ---- random numbers: Philox 4x32-10 from the paper's description, the seed and the step of the tests
inline constexpr u64 session_seed = 20240229, session_step = (u64{5} << 32) + 3;

inline u64 scrambled(u64 x) {   // the finaliser of splitmix64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
}
inline u64 key_by_name(const char* name) {
    u64 h = 0xCBF29CE484222325;   // FNV-1a
    for (; *name; ++name) h = (h ^ static_cast<unsigned char>(*name)) * 0x100000001B3;
    return scrambled(h ^ scrambled(session_seed + 0x9E3779B97F4A7C15));
}
struct four_words { std::uint32_t w[4]; };
inline four_words philox_block(u64 key, u64 step, u64 number) {
    std::uint32_t c[4]{static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), static_cast<std::uint32_t>(step),
                       static_cast<std::uint32_t>(step >> 32)};
    std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        const u64 a = u64{0xD2511F53u} * c[0], b = u64{0xCD9E8D57u} * c[2];
        const std::uint32_t next[4]{static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(b),
                                    static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(a)};
        std::copy(next, next + 4, c);
    }
    return {{c[0], c[1], c[2], c[3]}};
}
inline real from_words(std::uint32_t high, std::uint32_t low) {
    return std::ldexp(static_cast<real>((u64{high} << 32 | low) >> 11), -53);
}
inline u64 bits_number(u64 key, u64 step, u64 i) {
    const four_words b = philox_block(key, step, i / 2);
    return u64{b.w[i % 2 * 2]} << 32 | b.w[i % 2 * 2 + 1];
}
inline real bits_number(u64 key, u64 step, u64 i, dtype) { return static_cast<real>(bits_number(key, step, i)); }
inline real dice_number(u64 key, u64 step, u64 i, dtype) { return static_cast<real>(bits_number(key, step, i) % 97); }
inline real uniform_number(u64 key, u64 step, u64 i, dtype t) {
    if (t == dtype::float32) return std::ldexp(static_cast<real>(philox_block(key, step, i / 4).w[i % 4] >> 8), -24);
    const four_words b = philox_block(key, step, i / 2);
    return i % 2 == 0 ? from_words(b.w[0], b.w[1]) : from_words(b.w[2], b.w[3]);
}
inline real normal_number(u64 key, u64 step, u64 i, dtype) {   // Box and Muller
    const four_words b = philox_block(key, step, i / 2);
    const real radius = std::sqrt(-2 * std::log(1 - from_words(b.w[0], b.w[1])));
    const real angle = 2 * 3.14159265358979323846264338328L * from_words(b.w[2], b.w[3]);
    return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
}
inline real truncated_number(u64 key, u64 step, u64 i, dtype t) {
    real x = normal_number(key, step, i, t);
    for (u64 attempt = 1; std::fabs(x) >= 2; ++attempt) x = normal_number(key, step, i + (attempt << 56), t);
    return x;
}
template <real (*Number)(u64, u64, u64, dtype)>
array drawn(const char* name, dtype t, const std::vector<i64>& shape, real scale = 1, real offset = 0, u64 step = 0) {
    array r = zeros_of(t, shape);
    const u64 key = key_by_name(name);
    for (std::size_t i = 0; i < r.at.size(); ++i) r.at[i] = offset + scale * Number(key, step, i, t);
    return r;
}

// ---- windows
/// The geometry of a window of this size and stride 1 over the second axis of [outer, axis, ...], with 1 of padding before.
constexpr window_geometry rows_of_patches(value x, i64 kernel, i64 stride) {
    window_geometry g;
    g.n = 2;
    g.inner = x.extent(3);
    const i64 size = x.extent(1);
    g.axis[0] = {size, (size + 1 - kernel) / stride + 1, kernel, stride, 1, 1};
    g.axis[1] = {x.extent(2), x.extent(2), 1, 1, 1, 0};
    return g;
}
/// [outer, out, columns, kernel, 1, inner]: so that fold can be tried on a tensor.
constexpr value windows_of_rows(value x) { return call<patches_op>(rows_of_patches(x, 3, 1).attributes(), x); }
/// a + b c, as the dtype has it.
inline real plus_product(dtype t, real a, real b, real c) {
    return is_floating(t) ? a + b * c : wrapped(t, static_cast<integer>(a) + times(static_cast<integer>(b), static_cast<integer>(c)));
}
inline array windows_along_rows(const array& x, i64 kernel, i64 stride, real fill) {
    const i64 size = x.shape[1], out = (size + 1 - kernel) / stride + 1;
    return generated(x.element, {x.shape[0], out, x.shape[2], kernel, 1, x.shape[3]}, [&](const index_of& i) {
        const i64 row = i[1] * stride + i[3] - 1;
        return row < 0 || row >= size ? fill : x.at[flatten(x.shape, {i[0], row, i[2], i[5]})];
    });
}
/// Of each window of 3 the row where x has its first largest; i is an index of windows.
inline i64 row_of_maximum(const array& x, const index_of& i) {
    i64 best = -1;
    real most = 0;
    for (i64 row = i[1] - 1; row < i[1] + 2; ++row) {
        if (row < 0) continue;
        const real v = x.at[flatten(x.shape, {i[0], row, i[2], i[3]})];
        if (best < 0 || v > most || (std::isnan(v) && !std::isnan(most))) {
            best = row;
            most = v;
        }
    }
    return best;
}
inline array at_maximum(const array& t, const array& x) {
    return generated(t.element, {x.shape[0], x.shape[1] - 1, x.shape[2], x.shape[3]},
                     [&](const index_of& i) { return t.at[flatten(x.shape, {i[0], row_of_maximum(x, i), i[2], i[3]})]; });
}
inline array from_maximum(const array& c, const array& x) {
    return generated(c.element, x.shape, [&](const index_of& i) {
        real r = 0;
        for (i64 o = 0; o < c.shape[1]; ++o)
            if (const index_of w{i[0], o, i[2], i[3]}; row_of_maximum(x, w) == i[1]) r += c.at[flatten(c.shape, w)];
        return r;
    });
}
/// Each element as often as windows of 3 see it.
inline array folded_rows(const array& x, dtype t) {
    const i64 size = x.shape[1], out = size - 1;
    return generated(t, x.shape, [&](const index_of& i) {
        const real v = x.at[flatten(x.shape, i)];
        real r = 0;
        for (i64 o = 0; o < out; ++o)
            if (i[1] - (o - 1) >= 0 && i[1] - (o - 1) < 3) r = plus_product(t, r, v, 1);
        return r;
    });
}
/// x [batch, spatial..., in] by w [spatial..., in, out]; SAME as TensorFlow's, or without padding.
inline array convolved(const array& x, const array& w, i64 stride, bool same_extents) {
    const std::size_t n = x.shape.size() - 2;
    std::vector<i64> shape{x.shape[0]}, low, kernel;
    for (std::size_t k = 0; k < n; ++k) {
        const i64 L = x.shape[k + 1], f = w.shape[k], out = same_extents ? (L + stride - 1) / stride : (L - f) / stride + 1;
        shape.push_back(out);
        kernel.push_back(f);
        low.push_back(same_extents ? std::max<i64>(0, (out - 1) * stride + f - L) / 2 : 0);
    }
    shape.push_back(w.shape[n + 1]);
    return generated(x.element, shape, [&](const index_of& i) {
        real r = 0;
        for (i64 k = 0; k < count(kernel); ++k) {
            index_of at{i[0]}, f = unflatten(kernel, k);
            bool inside = true;
            for (std::size_t a = 0; a < n; ++a) {
                at.push_back(i[a + 1] * stride + f[a] - low[a]);
                inside = inside && at.back() >= 0 && at.back() < x.shape[a + 1];
            }
            for (i64 c = 0; c < w.shape[n] && inside; ++c) {
                index_of from = at, filter = f;
                from.push_back(c);
                filter.insert(filter.end(), {c, i[n + 1]});
                r = plus_product(x.element, r, x.at[flatten(x.shape, from)], w.at[flatten(w.shape, filter)]);
            }
        }
        return r;
    });
}
/// Depthwise filters [h, w, channels, multiplier] as those of a convolution, with zeros between channels.
inline array spread_filters(const array& w) {
    const i64 c = w.shape[2], m = w.shape[3];
    return generated(w.element, {w.shape[0], w.shape[1], c, c * m}, [&](const index_of& i) {
        return i[3] / m == i[2] ? w.at[flatten(w.shape, {i[0], i[1], i[2], i[3] % m})] : 0;
    });
}
/// The transposed convolution without padding: every element of x puts its filter into the result.
inline array widened(const array& x, const array& w, const std::vector<i64>& stride) {
    array r = zeros_of(x.element, {x.shape[0], (x.shape[1] - 1) * stride[0] + std::max(w.shape[0], stride[0]),
                                   (x.shape[2] - 1) * stride[1] + std::max(w.shape[1], stride[1]), w.shape[2]});
    for (i64 i = 0; i < count(x.shape); ++i)
        for (i64 k = 0; k < w.shape[0] * w.shape[1] * w.shape[2]; ++k) {
            const index_of p = unflatten(x.shape, i), f = unflatten({w.shape[0], w.shape[1], w.shape[2]}, k);
            real& to = r.at[flatten(r.shape, {p[0], p[1] * stride[0] + f[0], p[2] * stride[1] + f[1], f[2]})];
            to = plus_product(x.element, to, x.at[static_cast<std::size_t>(i)], w.at[flatten(w.shape, {f[0], f[1], f[2], p[3]})]);
        }
    return r;
}
/// Windows of 2 by 2, one beside the other.
inline array pooled_by(const array& x, dtype t, fold f) {
    return generated(t, {x.shape[0], x.shape[1] / 2, x.shape[2] / 2, x.shape[3]}, [&](const index_of& i) {
        std::vector<real> v;
        for (i64 k = 0; k < 4; ++k) v.push_back(x.at[flatten(x.shape, {i[0], 2 * i[1] + k / 2, 2 * i[2] + k % 2, i[3]})]);
        return f(v, t);
    });
}

}  // namespace kiln::testing
