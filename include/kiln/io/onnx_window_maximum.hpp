// The largest in windows in ONNX, where that is no MaxPool, and its slopes: every window is written out.
#pragma once
#include "kiln/io/onnx_windows.hpp"
#include "kiln/ops/window_maximum.hpp"

namespace kiln::io::detail {

/// The lowest number of a dtype, as the bits of a literal.
inline i64 lowest_bits(dtype t) {
    if (is_floating(t)) return bits_of(-__builtin_huge_val());
    return t == dtype::boolean ? 0 : lowest(arithmetic::number<i64>{}, t).v;
}

/// Of every window over an image which place has the first of the largest: [outer, out..., places, inner], one is true where a window sees
/// some of the image.
struct onnx_maximum {
    window_geometry g;
    i64 outer;
    onnx_axes shape;
    onnx_term chosen;

    onnx_maximum(onnx_body& b, int image, const window_geometry& over) : g(over), outer(b.extent(image, 0)) {
        shape = joined({outer}, of_axes(g, &window_axis::out), {g.places(), g.inner});
        const onnx_axes counted = counting(static_cast<int>(g.places()), 0);
        onnx_axes numbers;   // of the places of each window; behind all where that is padding
        bool padded = false;
        for (i64 o = 0; o < g.windows(); ++o)
            for (i64 p = 0; p < g.places(); ++p) {
                numbers.push_back(g.seen(o, p) < 0 ? g.places() : p);
                padded |= numbers.back() == g.places();
            }
        onnx_builder& to = b.to;
        const onnx_term x = windows(b.term(image)), none{&to, to.number(dtype::int64, g.places()), dtype::int64};
        const onnx_term nan = onnx_call("IsNaN", dtype::boolean, x), number{&to, to.integers(counted, {g.places(), 1}), dtype::int64};
        const onnx_term inside = padded ? onnx_term{&to, to.integers(numbers, joined({}, of_axes(g, &window_axis::out), {g.places(), 1})), dtype::int64} : number;
        const auto first = [&](const onnx_term& yes) { return reducing("ReduceMin", {-2}, true)(where(yes, inside, none)); };
        const onnx_term of_nan = first(nan), of_most = first(x == reducing("ReduceMax", {-2}, true)(where(nan, x.of_bits(lowest_bits(x.type)), x)));
        chosen = number == where(of_nan < none, of_nan, of_most);
    }
    /// What windows see of an image of the same shape.
    onnx_term windows(const onnx_term& image) const { return {image.to, image.to->reshaped(windows_over(image, g, lowest_bits(image.type)).name, shape), image.type}; }
};

inline void write_window_max(onnx_body& b, int i) {
    const window_geometry g = geometry_at(b, i);
    const onnx_term x = b.term(b.operand(i, 0));
    b.set(i, in_order(wide_onnx_types, reducing("ReduceMax", counting(g.n, -1 - g.n)), windows_over(x, g, lowest_bits(x.type))).name);
}
inline void write_window_at_max(onnx_body& b, int i) {
    const onnx_maximum m(b, b.operand(i, 1), geometry_at(b, i));
    const onnx_term t = m.windows(b.term(b.operand(i, 0)));
    b.set(i, summed(where(m.chosen, t, t.of(0)), {-2}).name);
}
/// [outer, out..., kernel..., inner], what fold takes.
inline onnx_axes shape_of_each(const onnx_maximum& m) {
    onnx_axes r = joined({m.outer}, of_axes(m.g, &window_axis::out));
    const onnx_axes kernel = of_axes(m.g, &window_axis::kernel);
    r.insert(r.end(), kernel.begin(), kernel.end());
    r.push_back(m.g.inner);
    return r;
}
inline void write_window_from_max(onnx_body& b, int i) {
    const onnx_maximum m(b, b.operand(i, 1), geometry_at(b, i));
    onnx_term c = b.term(b.operand(i, 0));
    c.name = b.to.reshaped(c.name, joined({m.outer}, of_axes(m.g, &window_axis::out), {1, m.g.inner}));
    const onnx_term slopes = where(m.chosen, c, c.of(0));
    const std::string each = b.to.reshaped(slopes.name, shape_of_each(m));
    b.set(i, folded({&b.to, each, slopes.type}, m.outer, m.g).name);
}

}  // namespace kiln::io::detail
