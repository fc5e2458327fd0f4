// Convolution, written with windows and matmul. Options are tags in any order: conv2d<nchw, oihw, strides<2, 2>, same>(x, w).
#pragma once
#include <kiln/ops/compositions.hpp>
#include <kiln/ops/sliding_options.hpp>
#include <kiln/ops/windows.hpp>

namespace kiln {

/// A convolution or pool while it is built: names of the mistake's party, options, and where things are.
struct sliding_frame {
    const char* name;
    sliding_options o;
    int n;   // spatial axes

    constexpr bool refuse(builder& b, const char* what, const word& left, const word& right) const {
        b.fail(name, what, left, right);
        return false;
    }
    constexpr bool numbers_fit(builder& b, int given, int wanted, const char* what) const {
        if (given == 0 || given == wanted) return true;
        word w{};
        w.put(i64{given}).put(" where ").put(i64{wanted}).put(" are wanted");
        return refuse(b, what, w, builder::text("one for each spatial axis"));
    }
    /// Checks rank and options.
    constexpr bool takes(value x) const {
        builder& b = *x.b;
        if (x.rank() != n + 2) {
            word what{};
            what.put("rank ").put(i64{x.rank()}).put(", wanted rank ").put(i64{n + 2});
            word hint{};
            hint.put(o.channels_first ? n == 1 ? "reshape<-1, c, w>(x)" : n == 2 ? "reshape<-1, c, h, w>(x)" : "reshape<-1, c, d, h, w>(x)"
                                      : n == 1 ? "reshape<-1, w, c>(x)" : n == 2 ? "reshape<-1, h, w, c>(x)" : "reshape<-1, d, h, w, c>(x)");
            return refuse(b, what.s, b.shape_text(x.n().shape), hint);
        }
        if (x.element() == dtype::boolean) return refuse(b, "not for this dtype", builder::text("bool"), builder::text("a number"));
        if (!numbers_fit(b, o.n_strides, n, "strides") || !numbers_fit(b, o.n_dilations, n, "dilations") ||
            !numbers_fit(b, o.n_sizes, n, "window") || !numbers_fit(b, o.n_sides, 2 * n, "padding") ||
            !numbers_fit(b, o.n_extents, n, "output_extents"))
            return false;
        for (int k = 0; k < n; ++k) {
            if (o.stride[k] < 1 || o.dilation[k] < 1 || o.size[k] < 1 || o.low[k] < 0 || o.high[k] < 0)
                return refuse(b, "an option is not positive", b.shape_text(x.n().shape), builder::text("1 or more"));
            if (is_product(x.extent(spatial() + k)))
                return refuse(b, "a spatial extent has a name", b.shape_text(x.n().shape), builder::text("numbers; the batch may"));
        }
        if (is_product(x.extent(channels())))
            return refuse(b, "the channels have a name", b.shape_text(x.n().shape), builder::text("a number; the batch may"));
        return true;
    }
    constexpr int spatial() const { return o.channels_first ? 2 : 1; }
    constexpr int channels() const { return o.channels_first ? 1 : n + 1; }

    /// The windows along one axis of this extent.
    constexpr window_axis along(int k, i64 size, i64 kernel) const {
        const i64 s = o.stride[k], d = o.dilation[k], reach = (kernel - 1) * d + 1;
        i64 low = 0, high = 0;
        switch (o.reach) {
        case border::valid: break;
        case border::same: {
            const i64 out = (size + s - 1) / s, all = (out - 1) * s + reach - size;
            low = all > 0 ? all / 2 : 0;
            high = all > 0 ? all - low : 0;
            return {size, out, kernel, s, d, low};
        }
        case border::half: low = high = reach / 2; break;
        case border::full: low = high = reach - 1; break;
        case border::given: low = o.low[k]; high = o.high[k]; break;
        }
        const i64 room = size + low + high - reach;
        return {size, room < 0 ? -1 : room / s + 1, kernel, s, d, low};
    }
    /// The windows over x; kernel[k] is their size. False, with a finding, where one is larger than the padded operand.
    constexpr bool windows_over(value x, const i64* kernel, window_geometry& g) const {
        g.n = n;
        for (int k = 0; k < n; ++k) {
            window_axis& a = g.axis[k] = along(k, x.extent(spatial() + k), kernel[k]);
            if (a.out < 0 || kernel[k] < 1) {
                word w{};
                for (int j = 0; j < n; ++j) w.put(j ? " x " : "window ").put(kernel[j]);
                return refuse(*x.b, "window larger than x", b_shape(x), w);
            }
            if (o.flipped) {
                a.low -= (a.kernel - 1) * a.dilation;
                a.dilation = -a.dilation;
            }
        }
        return true;
    }
    static constexpr word b_shape(value x) { return x.b->shape_text(x.n().shape); }

    /// [batch, channels, spatial...] as [batch, spatial..., channels], and back.
    constexpr value channels_last(value x) const {
        list p = ints(0);
        for (int k = 0; k < n; ++k) p.put(2 + k);
        p.put(1);
        return transpose_by(x, p);
    }
    constexpr value channels_second(value x) const {
        list p = ints(0, n + 1);
        for (int k = 0; k < n; ++k) p.put(1 + k);
        return transpose_by(x, p);
    }
    /// Filters in the order [spatial..., in, out], or [out, in, spatial...].
    constexpr value filters(value w, bool output_first) const {
        if (o.output_first == output_first) return w;
        list p{};
        if (output_first) p = ints(n + 1, n);
        for (int k = 0; k < n; ++k) p.put(output_first ? k : 2 + k);
        if (!output_first) { p.put(1); p.put(0); }
        return transpose_by(w, p);
    }
    constexpr i64 kernel(value w, int k) const { return w.extent((o.output_first ? 2 : 0) + k); }
    constexpr i64 filter_in(value w) const { return w.extent(o.output_first ? 1 : n); }
    constexpr i64 filter_out(value w) const { return w.extent(o.output_first ? 0 : n + 1); }

    constexpr bool filters_fit(value x, value w) const {
        builder& b = *x.b;
        if (w.rank() != n + 2) {
            word what{};
            what.put("filters of rank ").put(i64{w.rank()}).put(", wanted ").put(i64{n + 2});
            return refuse(b, what.s, b_shape(w), builder::text(o.output_first ? "[out, in, spatial...]" : "[spatial..., in, out]"));
        }
        if (x.element() != w.element())
            return refuse(b, "dtypes differ, use cast", builder::text(name_of(x.element())), builder::text(name_of(w.element())));
        for (int k = 0; k < w.rank(); ++k)
            if (is_product(w.extent(k))) return refuse(b, "an extent of the filters has a name", b_shape(w), builder::text("numbers"));
        return true;
    }
};

constexpr bool moves_nothing(const window_geometry& g) {
    for (int k = 0; k < g.n; ++k)
        if (g.axis[k].kernel != 1 || g.axis[k].out != g.axis[k].size || g.axis[k].stride != 1 || g.axis[k].low != 0) return false;
    return true;
}
constexpr value patches(value x, const window_geometry& g) { return moves_nothing(g) ? x : call<patches_op>(g.attributes(), x); }

/// Every channel by itself, with filters [places, channels, multiplier]; result channels are [channel][multiplier].
constexpr value each_channel(const sliding_frame& c, value x, window_geometry g, value filters) {
    const i64 in = filters.extent(1), m = filters.extent(2), batch = x.extent(0), K = g.places(), rows = x.b->times(batch, g.windows());
    g.inner = in;
    const value p = reshape_to(patches(c.o.channels_first ? c.channels_last(x) : x, g), ints(rows, K, in));
    // an axis of one filter would be the columns of the nest, and vectors as long
    const value y = m == 1 ? sum_over(p * expand(reshape_to(filters, ints(K, in)), ints(-3), ints(rows)), ints(-2))
                           : sum_over(expand(p, ints(-1), ints(m)) * expand(filters, ints(-4), ints(rows)), ints(-3));
    list shape = ints(batch);
    for (int k = 0; k < g.n; ++k) shape.put(g.axis[k].out);
    shape.put(in * m);
    const value z = reshape_to(y, shape);
    return c.o.channels_first ? c.channels_second(z) : z;
}

constexpr value convolution(const char* name, int n, const sliding_options& o, value x, value w) {
    const sliding_frame c{name, o, n};
    builder& b = *x.b;
    const composite one(b, name);
    if (!c.takes(x) || !c.filters_fit(x, w)) return x;
    const i64 in = x.extent(c.channels()), out = c.filter_out(w), inner = c.filter_in(w), groups = o.groups;
    word how{};
    how.put("in ").put(inner).put(", out ").put(out).put(", groups ").put(groups);
    if (groups < 1 || in != inner * groups || out % groups != 0) {
        c.refuse(b, "channels and filters differ", c.b_shape(x), how);
        return x;
    }
    window_geometry g;
    i64 kernel[3]{};
    for (int k = 0; k < n; ++k) kernel[k] = c.kernel(w, k);
    if (!c.windows_over(x, kernel, g)) return x;
    const i64 batch = x.extent(0), P = g.windows(), K = g.places();
    if (inner == 1 && groups > 1) return each_channel(c, x, g, reshape_to(c.filters(w, false), ints(K, in, out / in)));
    list shape = ints(batch);
    if (o.channels_first) {   // filters times patches
        g.kernel_first = true;
        list flat = ints(b.times(batch, in));
        for (int k = 0; k < n; ++k) flat.put(g.axis[k].size);
        flat.put(1);
        const value p = patches(reshape_to(x, flat), g), f = c.filters(w, true);
        const value y = groups == 1 ? matmul(reshape_to(f, ints(out, inner * K)), reshape_to(p, ints(batch, in * K, P)))
                                    : matmul(reshape_to(f, ints(groups, out / groups, inner * K)), reshape_to(p, ints(batch, groups, inner * K, P)));
        shape.put(out);
        for (int k = 0; k < n; ++k) shape.put(g.axis[k].out);
        return reshape_to(y, shape);
    }
    const value f = c.filters(w, false);
    const i64 rows = b.times(batch, P);
    for (int k = 0; k < n; ++k) shape.put(g.axis[k].out);
    shape.put(out);
    g.inner = inner;
    if (groups == 1) return reshape_to(matmul(reshape_to(patches(x, g), ints(rows, K * in)), reshape_to(f, ints(K * in, out))), shape);
    // the images of each group behind one another
    list split = ints(batch), group_first = ints(n + 1, 0), flat = ints(b.times(batch, groups));
    for (int k = 0; k < n; ++k) {
        split.put(g.axis[k].size);
        group_first.put(k + 1);
        flat.put(g.axis[k].size);
    }
    split.put(groups);
    split.put(inner);
    group_first.put(n + 2);
    flat.put(inner);
    const value l = patches(reshape_to(transpose_by(reshape_to(x, split), group_first), flat), g);
    const value r = transpose_by(reshape_to(f, ints(K, inner, groups, out / groups)), ints(2, 0, 1, 3));
    const value y = matmul(reshape_to(l, ints(groups, rows, K * inner)), reshape_to(r, ints(groups, K * inner, out / groups)));
    return reshape_to(transpose_by(y, ints(1, 0, 2)), shape);
}

/// Filters [spatial..., channels, multiplier]: every channel by itself; result channels are [channel][multiplier].
constexpr value depthwise(const char* name, int n, const sliding_options& o, value x, value w) {
    const sliding_frame c{name, o, n};
    builder& b = *x.b;
    const composite one(b, name);
    if (!c.takes(x) || !c.filters_fit(x, w)) return x;
    const i64 in = x.extent(c.channels()), m = w.extent(n + 1);
    if (o.output_first || w.extent(n) != in) {
        c.refuse(b, "channels and filters differ", c.b_shape(x), c.b_shape(w));
        return x;
    }
    window_geometry g;
    i64 kernel[3]{};
    for (int k = 0; k < n; ++k) kernel[k] = w.extent(k);
    if (!c.windows_over(x, kernel, g)) return x;
    return each_channel(c, x, g, reshape_to(w, ints(g.places(), in, m)));
}

/// Filters [spatial..., out, in]: the slope of a convolution with these filters, seen as an operation of its own.
constexpr value transposed(const char* name, int n, const sliding_options& o, value x, value w) {
    const sliding_frame c{name, o, n};
    builder& b = *x.b;
    const composite one(b, name);
    if (!c.takes(x) || !c.filters_fit(x, w)) return x;
    const i64 in = x.extent(c.channels()), out = c.filter_in(w);
    if (c.filter_out(w) != in || o.groups != 1) {
        c.refuse(b, "channels and filters differ", c.b_shape(x), c.b_shape(w));
        return x;
    }
    window_geometry g;
    g.n = n;
    g.inner = out;
    list shape = ints(x.extent(0));
    for (int k = 0; k < n; ++k) {
        const i64 size = x.extent(c.spatial() + k), kernel = c.kernel(w, k), reach = (kernel - 1) * o.dilation[k] + 1;
        const i64 pads = o.reach == border::half ? reach / 2 * 2 : o.reach == border::full ? 2 * (reach - 1) : o.low[k] + o.high[k];
        const i64 wanted = o.n_extents ? o.extent[k] : o.reach == border::same ? size * o.stride[k]
                         : size == 0 ? 0 : (size - 1) * o.stride[k] + (reach > o.stride[k] && o.reach == border::valid ? reach : o.reach == border::valid ? o.stride[k] : reach) - pads;
        window_axis& a = g.axis[k] = c.along(k, wanted < 0 ? 0 : wanted, kernel);
        if (a.out != size || wanted < 0) {
            word text{};
            text.put("extent ").put(wanted).put(" would give ").put(a.out);
            c.refuse(b, "no such extent", c.b_shape(x), text);
            return x;
        }
        if (o.flipped) {
            a.low -= (a.kernel - 1) * a.dilation;
            a.dilation = -a.dilation;
        }
        shape.put(wanted);
    }
    shape.put(out);
    const i64 rows = b.times(x.extent(0), g.windows()), K = g.places();
    const value f = reshape_to(c.filters(w, false), ints(K * out, in));
    value y = matmul(reshape_to(o.channels_first ? c.channels_last(x) : x, ints(rows, in)), swap_last(f));
    list windows = ints(x.extent(0));
    for (int k = 0; k < n; ++k) windows.put(g.axis[k].out);
    for (int k = 0; k < n; ++k) windows.put(g.axis[k].kernel);
    windows.put(out);
    y = reshape_to(y, windows);
    y = moves_nothing(g) ? reshape_to(y, shape) : call<fold_op>(g.attributes(), y);
    return o.channels_first ? c.channels_second(y) : y;
}

// ---- the public functions. Written out, since a macro would add its lines to every error of a user.
using convolution_maker = value (*)(const char* name, int n, const sliding_options& o, value x, value w);
template <text Name, int N, convolution_maker Make, class... O>
struct convolution_call {
    static constexpr value apply(operand x, operand w) { return Make(Name.s, N, sliding<O...>(), x.v, w.v); }
};
/// conv2d<options...>(x, w): cross-correlation (tf.nn.conv2d; with `flipped` Theano's conv2d). x [batch, h, w, channels] or
/// nchw, filters [h, w, in, out] or oihw. Options: strides, dilations, groups, valid, same, half, full_padding, padding,
/// flipped. Filters may be smaller than the stride. Exact up to the order of the sum; derivatives of any order in both modes.
template <class... O>
constexpr value conv2d(operand x, operand w) { return convolution("conv2d", 2, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv2d(X x, W w) { return X::template lift<convolution_call<"conv2d", 2, convolution, O...>>(x, w); }
template <class... O>
constexpr value conv1d(operand x, operand w) { return convolution("conv1d", 1, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv1d(X x, W w) { return X::template lift<convolution_call<"conv1d", 1, convolution, O...>>(x, w); }
template <class... O>
constexpr value conv3d(operand x, operand w) { return convolution("conv3d", 3, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv3d(X x, W w) { return X::template lift<convolution_call<"conv3d", 3, convolution, O...>>(x, w); }
/// depthwise_conv2d(x, w): filters [h, w, channels, multiplier] (tf.nn.depthwise_conv2d).
template <class... O>
constexpr value depthwise_conv2d(operand x, operand w) { return depthwise("depthwise_conv2d", 2, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto depthwise_conv2d(X x, W w) { return X::template lift<convolution_call<"depthwise_conv2d", 2, depthwise, O...>>(x, w); }
/// conv2d_transpose(x, w): filters [h, w, out, in] (tf.nn.conv2d_transpose). Extents: extent * stride for `same`, else
/// (extent - 1) * stride + max(filter, stride); or output_extents<h, w>.
template <class... O>
constexpr value conv2d_transpose(operand x, operand w) { return transposed("conv2d_transpose", 2, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv2d_transpose(X x, W w) { return X::template lift<convolution_call<"conv2d_transpose", 2, transposed, O...>>(x, w); }
template <class... O>
constexpr value conv1d_transpose(operand x, operand w) { return transposed("conv1d_transpose", 1, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv1d_transpose(X x, W w) { return X::template lift<convolution_call<"conv1d_transpose", 1, transposed, O...>>(x, w); }
template <class... O>
constexpr value conv3d_transpose(operand x, operand w) { return transposed("conv3d_transpose", 3, sliding<O...>(), x.v, w.v); }
template <class... O, expression X, expression W>
constexpr auto conv3d_transpose(X x, W w) { return X::template lift<convolution_call<"conv3d_transpose", 3, transposed, O...>>(x, w); }

/// separable_conv2d(x, depthwise filters, pointwise filters [1, 1, channels * multiplier, out]).
template <class... O>
struct separable_call {
    static constexpr value apply(operand x, operand d, operand p) {
        sliding_options o = sliding<O...>(), one{};
        one.channels_first = o.channels_first;
        const composite whole(*x.v.b, "separable_conv2d");
        const value y = depthwise("separable_conv2d", 2, o, x.v, d.v);
        return x.v.b->found ? x.v : convolution("separable_conv2d", 2, one, y, p.v);
    }
};
template <class... Options>
constexpr value separable_conv2d(operand x, operand d, operand p) { return separable_call<Options...>::apply(x, d, p); }
template <class... Options, expression X, expression D, expression P>
constexpr auto separable_conv2d(X x, D d, P p) { return X::template lift<separable_call<Options...>>(x, d, p); }

}  // namespace kiln
