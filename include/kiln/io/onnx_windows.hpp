// Windows in ONNX: convolutions and pools are recognised as such; what is left of windows becomes Gather, axis by axis, so that
// every gradient has a model too.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kiln/io/onnx_body.hpp"
#include "kiln/ops/windows.hpp"

namespace kiln::io::detail {

enum class onnx_sliding_kind { convolution, transposed, largest, total };

/// Several nodes that are one operation of ONNX. In ONNX channels come second; here images and results are [outer, axes..., inner].
struct onnx_sliding {
    onnx_sliding_kind kind;
    int image, filters = -1;      // nodes
    window_geometry g{};
    bool channels_second = false;
    i64 groups = 1;
    std::vector<i64> pads{};      // of ONNX: low of every axis, then high
    std::vector<i64> beyond{};    // output_padding of the transposed one
};

inline window_geometry geometry_at(const onnx_body& b, int i) {
    return window_geometry::from([&](int k) { return b.attribute(i, k); });
}
/// The patches that node i is a reshape of; -1: none.
inline int windows_below(const onnx_body& b, int i) {
    return b.is(i, "reshape") && b.is(b.operand(i, 0), "patches") ? b.operand(i, 0) : -1;
}
/// Writes the padding of ONNX into s; false where ONNX cannot say it.
inline bool fits_onnx(onnx_sliding& s) {
    std::vector<i64> high;
    for (int k = 0; k < s.g.n; ++k) {
        const window_axis& a = s.g.axis[k];
        const i64 reach = (a.kernel - 1) * a.dilation + 1, rest = (a.out - 1) * a.stride + reach - a.low - a.size;
        if (a.size < 1 || a.out < 1 || a.dilation < 1 || a.low < 0 || -rest >= a.stride) return false;
        const bool pool = s.kind == onnx_sliding_kind::largest || s.kind == onnx_sliding_kind::total;
        if (pool && (a.low >= a.kernel || rest >= a.kernel)) return false;
        if (s.kind == onnx_sliding_kind::total && a.dilation != 1) return false;   // from opset 19 on
        s.pads.push_back(a.low);
        high.push_back(rest > 0 ? rest : 0);
        s.beyond.push_back(rest < 0 ? -rest : 0);
    }
    s.pads.insert(s.pads.end(), high.begin(), high.end());
    return true;
}

/// What node i is the last node of. ONNX Runtime has convolutions of float32 alone, and these pools.
inline std::optional<onnx_sliding> sliding_at(const onnx_body& b, int i) {
    using kind = onnx_sliding_kind;
    std::optional<onnx_sliding> s;
    const dtype t = b.type(i);
    if (b.is(i, "matmul") && t == dtype::float32) {
        const int l = b.operand(i, 0), r = b.operand(i, 1), rank = b.rank(i);
        if (const int p = windows_below(b, l); p >= 0 && rank == 2) {   // [rows, places * in] by [places * in, out]
            s = {kind::convolution, b.operand(p, 0), r, geometry_at(b, p)};
            if (s->g.kernel_first || b.extent(l, 1) != s->g.places() * s->g.inner) return {};
        } else if (const int q = windows_below(b, r); q >= 0 && (rank == 3 || rank == 4) && b.rank(r) == rank) {
            const bool repeated = b.is(l, "expand") && b.attribute(l, 0) == 1 && b.attribute(l, 1) == -4;   // for every member of the batch
            s = {kind::convolution, b.operand(q, 0), repeated ? b.operand(l, 0) : l, geometry_at(b, q), true, rank == 4 ? b.extent(r, 1) : 1};
            const i64 places = s->g.places(), seen = b.extent(r, -2);   // [groups, out, in * places] by [batch, groups, in * places, windows]
            if (b.rank(s->filters) != rank - 1 || !s->g.kernel_first || s->g.inner != 1 || b.extent(r, -1) != s->g.windows() ||
                places == 0 || seen % places != 0)
                return {};
        }
    } else if (b.is(i, "fold") && t == dtype::float32 && b.is(b.operand(i, 0), "reshape")) {
        const int m = b.operand(b.operand(i, 0), 0);
        if (!b.is(m, "matmul")) return {};
        s = {kind::transposed, b.operand(m, 0), b.operand(m, 1), geometry_at(b, i)};
        if (s->g.kernel_first) {   // [in * places, out] by [batch, out, windows]
            std::swap(s->image, s->filters);
            s->channels_second = true;
            if (b.rank(s->image) != 3 || b.rank(s->filters) != 2 || s->g.inner != 1 || b.extent(m, -1) != s->g.windows()) return {};
        } else if (b.rank(m) != 2 || b.extent(m, 1) != s->g.places() * s->g.inner) return {};   // [rows, out] by [out, places * in]
    } else if (b.is(i, "window_max") && has(onnx_set(dtype::float32, dtype::float64, dtype::int8, dtype::uint8), t)) {
        s = {kind::largest, b.operand(i, 0), -1, geometry_at(b, i)};
    } else if (b.is(i, "sum") && t == dtype::float32) {
        const int x = b.operand(i, 0), p = windows_below(b, x);
        if (p < 0 || b.attributes(i) != std::vector<i64>{-2} || b.rank(x) != 3) return {};
        s = {kind::total, b.operand(p, 0), -1, geometry_at(b, p)};
        if (b.extent(x, 1) != s->g.places() || b.extent(x, 2) != s->g.inner * (s->g.kernel_first ? s->g.windows() : 1)) return {};
    }
    return s && fits_onnx(*s) ? s : std::nullopt;
}

using onnx_axes = std::vector<i64>;
inline onnx_axes joined(std::initializer_list<i64> first, const onnx_axes& middle, std::initializer_list<i64> last = {}) {
    onnx_axes r(first);
    r.insert(r.end(), middle.begin(), middle.end());
    r.insert(r.end(), last);
    return r;
}
/// from, from + step, ...
inline onnx_axes counting(int n, i64 from, i64 step = 1) {
    onnx_axes r;
    for (int k = 0; k < n; ++k) r.push_back(from + k * step);
    return r;
}
/// One member of every axis.
inline onnx_axes of_axes(const window_geometry& g, i64 window_axis::* member) {
    onnx_axes r;
    for (int k = 0; k < g.n; ++k) r.push_back(g.axis[k].*member);
    return r;
}

/// Image and filters as Conv wants them: [batch, channels, axes...], [out, in, axes...].
inline onnx_builder::names convolved(onnx_body& b, int i, const onnx_sliding& s) {
    const int n = s.g.n;
    const onnx_axes kernel = of_axes(s.g, &window_axis::kernel);
    const std::string x = b.whole(s.image), w = b.whole(s.filters);
    if (s.channels_second) {
        const i64 in = b.extent(b.operand(i, 1), -2) / s.g.places(), out = b.extent(s.filters, -2) * s.groups;
        return {b.to.reshaped(x, joined({b.extent(i, 0), in * s.groups}, of_axes(s.g, &window_axis::size))),
                b.to.reshaped(w, joined({out, in}, kernel))};
    }
    return {b.to.transposed(x, joined({0, n + 1}, counting(n, 1))),
            b.to.transposed(b.to.reshaped(w, joined({}, kernel, {s.g.inner, b.extent(i, 1)})), joined({n + 1, n}, counting(n, 0)))};
}
/// As ConvTranspose wants them: [batch, channels, axes...], [channels, out, axes...].
inline onnx_builder::names convolved_back(onnx_body& b, int i, const onnx_sliding& s) {
    const int n = s.g.n;
    const i64 channels = b.extent(s.image, 1);
    const onnx_axes kernel = of_axes(s.g, &window_axis::kernel), outs = of_axes(s.g, &window_axis::out);
    const std::string x = b.whole(s.image), w = b.whole(s.filters);
    if (s.channels_second) {
        const onnx_axes filters = joined({b.extent(s.filters, 0) / s.g.places()}, kernel, {channels});
        return {b.to.reshaped(x, joined({b.extent(s.image, 0), channels}, outs)),
                b.to.transposed(b.to.reshaped(w, filters), joined({n + 1, 0}, counting(n, 1)))};
    }
    const onnx_axes last_second = joined({0, n + 1}, counting(n, 1));
    return {b.to.transposed(b.to.reshaped(x, joined({b.extent(i, 0)}, outs, {channels})), last_second),
            b.to.transposed(b.to.reshaped(w, joined({channels}, kernel, {s.g.inner})), last_second)};
}

inline void write_sliding(onnx_body& b, int i, const onnx_sliding& s) {
    using kind = onnx_sliding_kind;
    const int n = s.g.n;
    onnx_builder::names attributes{onnx_attribute("kernel_shape", of_axes(s.g, &window_axis::kernel)),
                                   onnx_attribute("strides", of_axes(s.g, &window_axis::stride)), onnx_attribute("pads", s.pads)};
    if (s.kind == kind::total) attributes.push_back(onnx_attribute("count_include_pad", i64{1}));
    else attributes.push_back(onnx_attribute("dilations", of_axes(s.g, &window_axis::dilation)));
    std::string y;
    if (s.kind == kind::convolution) {
        attributes.push_back(onnx_attribute("group", s.groups));
        y = b.to.node("Conv", convolved(b, i, s), attributes);
    } else if (s.kind == kind::transposed) {
        attributes.push_back(onnx_attribute("output_padding", s.beyond));
        y = b.to.node("ConvTranspose", convolved_back(b, i, s), attributes);
    } else {
        const std::string x = b.to.transposed(b.whole(s.image), joined({0, n + 1}, counting(n, 1)));
        y = b.to.node(s.kind == kind::largest ? "MaxPool" : "AveragePool", {x}, attributes);
        if (s.kind == kind::total) y = b.to.node("Mul", {y, b.to.number(dtype::float32, bits_of(static_cast<double>(s.g.places())))});
    }
    if (!s.channels_second) y = b.to.transposed(y, joined({0}, counting(n, 2), {1}));
    b.set(i, b.to.reshaped(y, b.extents(i)));
}

/// x with constant elements around it; `pads` are low of every axis, then high.
inline onnx_term padded(const onnx_term& x, const onnx_axes& pads, i64 bits) {
    if (std::all_of(pads.begin(), pads.end(), [](i64 v) { return v == 0; })) return x;
    const onnx_term with = x.of_bits(bits);
    return widened(~onnx_set(dtype::int16, dtype::uint16), [&](const onnx_term& a, const onnx_term& value) {
        return onnx_term{a.to, a.to->node("Pad", {a.name, a.to->integers(pads), value.name}), a.type};
    }, x, with);
}
inline onnx_term gathered(const onnx_term& x, int axis, const onnx_axes& positions, const onnx_axes& shape) {
    return {x.to, x.to->node("Gather", {x.name, x.to->integers(positions, shape)}, {onnx_attribute("axis", i64{axis})}), x.type};
}
/// Between [outer, windows..., places..., inner] or [outer, places..., windows..., inner] and [outer, window, place, window,
/// place, ..., inner].
inline onnx_axes interleaving(const window_geometry& g) {
    onnx_axes p{0};
    for (int k = 0; k < g.n; ++k) {
        p.push_back(1 + k + (g.kernel_first ? g.n : 0));
        p.push_back(1 + k + (g.kernel_first ? 0 : g.n));
    }
    p.push_back(2 * g.n + 1);
    return p;
}

/// Every window: along each axis, which elements it sees.
inline onnx_term windows_over(const onnx_term& image, const window_geometry& g, i64 padding = 0) {
    onnx_axes low{0}, high{0};
    std::vector<onnx_axes> seen(static_cast<std::size_t>(g.n));
    for (int k = 0; k < g.n; ++k) {
        const window_axis& a = g.axis[k];
        onnx_axes& q = seen[static_cast<std::size_t>(k)];
        i64 first = 0, last = a.size - 1;
        for (i64 o = 0; o < a.out; ++o)
            for (i64 p = 0; p < a.kernel; ++p) {
                q.push_back(o * a.stride + p * a.dilation - a.low);
                first = std::min(first, q.back());
                last = std::max(last, q.back());
            }
        for (i64& v : q) v -= first;
        low.push_back(-first);
        high.push_back(last - (a.size - 1));
    }
    low.push_back(0);
    high.push_back(0);
    low.insert(low.end(), high.begin(), high.end());
    onnx_term x = padded(image, low, padding);
    for (int k = 0; k < g.n; ++k) x = gathered(x, 1 + 2 * k, seen[static_cast<std::size_t>(k)], {g.axis[k].out, g.axis[k].kernel});
    onnx_axes back(static_cast<std::size_t>(2 * g.n + 2));
    const onnx_axes p = interleaving(g);
    for (std::size_t k = 0; k < p.size(); ++k) back[static_cast<std::size_t>(p[k])] = static_cast<i64>(k);
    return {x.to, x.to->transposed(x.name, back), x.type};
}
inline void write_patches(onnx_body& b, int i) { b.set(i, windows_over(b.term(b.operand(i, 0)), geometry_at(b, i)).name); }
/// The sum of all windows: along each axis, which places of which windows an element is.
inline onnx_term folded(const onnx_term& windows, i64 outer, const window_geometry& g) {
    onnx_axes joint{outer}, pads(static_cast<std::size_t>(2 * g.n + 4));
    std::vector<onnx_axes> taken(static_cast<std::size_t>(g.n)), shapes;
    for (int k = 0; k < g.n; ++k) {
        const window_axis& a = g.axis[k];
        std::vector<onnx_axes> of(static_cast<std::size_t>(a.size));
        std::size_t most = 0;
        for (i64 o = 0; o < a.out; ++o)
            for (i64 p = 0; p < a.kernel; ++p)
                if (const i64 q = o * a.stride + p * a.dilation - a.low; q >= 0 && q < a.size) {
                    onnx_axes& e = of[static_cast<std::size_t>(q)];
                    e.push_back(o * a.kernel + p);
                    most = std::max(most, e.size());
                }
        for (onnx_axes& e : of) {
            if (e.size() < most) pads[static_cast<std::size_t>(g.n + 3 + k)] = 1;
            e.resize(most, a.out * a.kernel);   // a zero behind them
            taken[static_cast<std::size_t>(k)].insert(taken[static_cast<std::size_t>(k)].end(), e.begin(), e.end());
        }
        joint.push_back(a.out * a.kernel);
        shapes.push_back({a.size, static_cast<i64>(most)});
    }
    joint.push_back(g.inner);
    onnx_builder& to = *windows.to;
    onnx_term x = padded(onnx_term{&to, to.reshaped(to.transposed(windows.name, interleaving(g)), joint), windows.type}.as(computed_in(wide_onnx_types, windows.type)), pads, 0);
    for (int k = 0; k < g.n; ++k) {
        x = gathered(x, 1 + k, taken[static_cast<std::size_t>(k)], shapes[static_cast<std::size_t>(k)]);
        x = summed(x, {2 + k});
    }
    return x.as(windows.type);
}
inline void write_fold(onnx_body& b, int i) { b.set(i, folded(b.term(b.operand(i, 0)), b.extent(i, 0), geometry_at(b, i)).name); }

}  // namespace kiln::io::detail
