// What lowering makes of windows whose channels do not mix, depthwise convolutions and average pools, and of their slopes: sums over what windows see
// where it lies. Written out, windows are as many images as a window has places.
#pragma once
#include <kiln/graph/frozen.hpp>
#include <kiln/ops/windows.hpp>
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln {

/// What image and windows have in common; attributes are the geometry. Filters are [places, inner]; where they are left out, they are ones.
struct depthwise_geometry {
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr type of(site n, i64 window_axis::*extent) {
        const window_geometry g = geometry_of(n);
        list s = ints(n[0].extent(0));
        for (int k = 0; k < g.n; ++k) s.put(g.axis[k].*extent);
        s.put(g.inner);
        return {n.b->intern(s), n.element(0)};
    }
    /// The definition: of image, windows' sums and filters each is the sum of products of the other two, of which the windows' sums come first, or the image.
    enum class side : char { image, windows, filters };
    static constexpr void sum_up(site n, const cell* const* in, cell* out, side to) {
        const window_geometry g = geometry_of(n);
        const dtype t = n.n().type;
        const i64 c = g.inner, each = (to == side::windows ? g.image() : g.windows()) * c;   // of the first operand
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[i] = {};
        for (i64 a = 0, m = each ? elements(*n.b, n.shape(0)) / each : 0; a < m; ++a)
            g.each([&](i64 at, i64 from) {
                for (i64 i = 0; i < c && from >= 0; ++i) {
                    const i64 x = (a * g.image() + from) * c + i, y = (a * g.windows() + at / g.places()) * c + i, w = at % g.places() * c + i;
                    const auto first = read<double>(in[0][to == side::windows ? x : y]);
                    cell& sum = out[to == side::windows ? y : to == side::image ? x : w];
                    write(sum, t, read<double>(sum) + (n.n().n_in > 1 ? first * read<double>(in[1][to == side::filters ? x : w]) : first));
                }
            });
    }
};
/// depthwise(x, w): of [outer, axes..., inner] the sums over each window, [outer, out..., inner]. (TensorFlow's DepthwiseConv2dNative.)
struct depthwise_op : depthwise_geometry {
    static constexpr auto name = "depthwise";
    static constexpr type infer(site n) { return of(n, &window_axis::out); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) { sum_up(n, in, out[0], side::windows); }
};
/// depthwise_image(y, w): the transpose along x. (TensorFlow's DepthwiseConv2dNativeBackpropInput.)
struct depthwise_image_op : depthwise_geometry {
    static constexpr auto name = "depthwise_image";
    static constexpr type infer(site n) { return of(n, &window_axis::size); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) { sum_up(n, in, out[0], side::image); }
};
/// depthwise_filters(y, x): the transpose along w, [places, inner]. (TensorFlow's DepthwiseConv2dNativeBackpropFilter.)
struct depthwise_filters_op : depthwise_geometry {
    static constexpr auto name = "depthwise_filters";
    static constexpr type infer(site n) {
        const window_geometry g = geometry_of(n);
        return {n.b->intern(ints(g.places(), g.inner)), n.element(0)};
    }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) { sum_up(n, in, out[0], side::filters); }
};
/// Of a window's sum; 0: it is another operation. The geometry is made of attributes, at(k).
template <class At>
constexpr i64 flops_of_window(u64 op, bool weighted, At at) {
    const bool one = op == info<depthwise_op>.id || op == info<depthwise_image_op>.id || op == info<depthwise_filters_op>.id;
    return one ? window_geometry::from(at).places() * (1 + weighted) : 0;
}

/// Finds them in a graph.
struct depthwise_products {
    /// What windows see lies beside one another, or channels fill half a vector: else it is better copied out.
    static constexpr i64 most_places = 1024, least_channels = 8;
    static constexpr bool pays(const window_geometry& g) {
        const i64 places = g.places();
        return places > 0 && places <= most_places && g.windows() > 0 && g.image() > 0 && g.inner > 0 &&
               (g.axis[g.n - 1].stride == 1 || (g.inner >= least_channels && !g.kernel_first));
    }
    /// What a node is: an operation on nodes; channels count so often as the multiplier says, which 0 leaves out.
    struct found {
        const op_info* op = nullptr;
        int in[2]{}, n_in = 0;
        window_geometry windows{};
        i64 multiplier = 0;
    };

    const graph_view& g;

    constexpr found at(int i) const {
        const node& x = g.nodes[i];
        if ((x.op != &info<sum_op> && x.op != &info<fold_op>) || !is_floating(x.type)) return {};
        if (x.op == &info<fold_op>) return slope_of_image(i);
        return is<multiply_op>(x.in[0]) ? sum_of_products(i) : sum_of_windows(i);
    }
    /// The same of operands that lie in memory.
    static constexpr value made(const found& f, value* in) {
        builder& b = *in[0].b;
        const i64 m = f.multiplier;
        window_geometry w = f.windows;
        if (m) w.inner *= m;
        const auto image = [&](value x) {
            list s = shape_list(x);
            s.at[s.n - 1] = w.inner;
            return m ? reshape_to(expand(x, ints(-1), ints(m)), s) : x;
        };
        if (f.op == &info<depthwise_op>) {
            in[0] = image(in[0]);
            if (f.n_in > 1) in[1] = reshape_to(in[1], ints(w.places(), w.inner));
            return b.make(*f.op, in, f.n_in, w.attributes());
        }
        list s = ints(inferred);
        for (int k = 0; k < w.n; ++k) s.put(w.axis[k].out);
        s.put(w.inner);
        in[0] = reshape_to(in[0], s);
        if (f.op == &info<depthwise_filters_op>) {
            in[1] = image(in[1]);
            return b.make(*f.op, in, 2, w.attributes());
        }
        if (f.n_in > 1) in[1] = reshape_to(in[1], ints(w.places(), w.inner));
        bool beside = true;
        for (int k = 0; k < w.n; ++k) beside &= w.axis[k].stride == 1;
        for (int k = 0; k < w.n && beside; ++k) {   // then it is a sum over windows that look back
            const window_axis a = w.axis[k];
            w.axis[k] = {a.out, a.size, a.kernel, 1, -a.dilation, -a.low};
        }
        const value r = b.make(beside ? info<depthwise_op> : *f.op, in, f.n_in, w.attributes());
        if (!m) return r;
        s = shape_list(r);
        s.at[s.n - 1] = f.windows.inner;
        s.put(m);
        const value parts = reshape_to(r, s);
        return b.make(info<sum_op>, &parts, 1, ints(-1));
    }

private:
    template <class Op>
    constexpr bool is(int i) const { return g.nodes[i].op == &info<Op>; }
    constexpr int rank(int i) const { return g.length(g.nodes[i].shape); }
    constexpr i64 extent(int i, int from_end) const { return g.at(g.nodes[i].shape, rank(i) - from_end); }
    constexpr bool along(int i, i64 axis) const { return g.length(g.nodes[i].attrs) == 1 && g.at(g.nodes[i].attrs, 0) == axis; }
    /// What has got this axis alone; -1: that is something else.
    constexpr int expanded(int i, i64 axis) const { return is<expand_op>(i) && g.at(g.nodes[i].attrs, 0) == 1 && g.at(g.nodes[i].attrs, 1) == axis ? g.nodes[i].in[0] : -1; }
    constexpr window_geometry geometry(int i) const {
        return window_geometry::from([&](int k) { return g.at(g.nodes[i].attrs, k); });
    }
    /// The patches that i shows as [windows, places, channels], or with windows behind places as [outer, places, windows and channels]; -1: it is something else.
    constexpr int patches_in(int i) const {
        if (i < 0 || !is<reshape_op>(i) || !is<patches_op>(g.nodes[i].in[0]) || rank(i) != 3) return -1;
        const window_geometry w = geometry(g.nodes[i].in[0]);
        return extent(i, 2) == w.places() && extent(i, 1) == (w.kernel_first ? w.windows() : 1) * w.inner && pays(w) ? g.nodes[i].in[0] : -1;
    }
    /// sum(patches(x)) over places.
    constexpr found sum_of_windows(int i) const {
        const int p = along(i, -2) ? patches_in(g.nodes[i].in[0]) : -1;
        return p < 0 ? found{} : in_order({&info<depthwise_op>, {g.nodes[p].in[0]}, 1, geometry(p)});
    }
    static constexpr found in_order(found f) {
        f.windows.kernel_first = false;
        return f;
    }
    /// sum(patches(x) w) over places, sum(patches(x) y) over windows.
    constexpr found sum_of_products(int i) const {
        const int product = g.nodes[i].in[0];
        const i64 m = rank(product) == 4 ? extent(product, 1) : 0, places = m ? -3 : -2;
        for (int k = 0; k < 2 && !is_product(m); ++k) {
            const int seen = g.nodes[product].in[k], other = g.nodes[product].in[1 - k], p = patches_in(m ? expanded(seen, -1) : seen);
            if (p < 0 || geometry(p).kernel_first) continue;
            if (const int w = expanded(other, places - 1); w >= 0 && along(i, places)) return {&info<depthwise_op>, {g.nodes[p].in[0], w}, 2, geometry(p), m};
            if (const int y = expanded(other, places); y >= 0 && along(i, places - 1)) return {&info<depthwise_filters_op>, {y, g.nodes[p].in[0]}, 2, geometry(p), m};
        }
        return {};
    }
    /// fold(y w), and of a multiplier the sum over it; or fold(y).
    constexpr found slope_of_image(int i) const {
        const window_geometry w = geometry(i);
        if (!is<reshape_op>(g.nodes[i].in[0]) || !pays(w)) return {};
        int p = g.nodes[g.nodes[i].in[0]].in[0];
        if (const int y = expanded(p, -2); y >= 0 && extent(p, 2) == w.places() && extent(p, 1) == (w.kernel_first ? w.windows() : 1) * w.inner)
            return in_order({&info<depthwise_image_op>, {y}, 1, w});
        i64 m = 0;
        if (is<sum_op>(p) && along(p, -1) && rank(g.nodes[p].in[0]) == 4) {
            p = g.nodes[p].in[0];
            m = extent(p, 1);
        }
        const int channels = m ? 2 : 1;
        if (is_product(m) || !is<multiply_op>(p) || w.kernel_first || rank(p) != channels + 2 || extent(p, channels) != w.inner || extent(p, channels + 1) != w.places()) return {};
        for (int k = 0; k < 2; ++k)
            if (const int y = expanded(g.nodes[p].in[k], -1 - channels), f = expanded(g.nodes[p].in[1 - k], -2 - channels); y >= 0 && f >= 0)
                return {&info<depthwise_image_op>, {y, f}, 2, w, m};
        return {};
    }
};

}  // namespace kiln
