// Pooling: max_pool<window<2, 2>, strides<2, 2>>(x), and averages, written with windows and reductions.
#pragma once
#include <kiln/ops/convolution.hpp>
#include <kiln/ops/window_maximum.hpp>

namespace kiln {

/// The windows of a pool over an operand reshaped to [batch, axes..., channels], or with channels first [batch and channels, axes..., 1],
/// and the shape of the result.
struct pooled {
    value x;
    list shape;
    window_geometry g;
};
constexpr bool pool_windows(sliding_frame& c, value x, pooled& r) {
    builder& b = *x.b;
    if (c.o.n_sizes == 0) return c.refuse(b, "no window is given", c.b_shape(x), builder::text("window<2, 2>"));
    if (c.o.n_strides == 0)
        for (int k = 0; k < 3; ++k) c.o.stride[k] = c.o.size[k];
    c.n = c.o.n_sizes <= 3 ? c.o.n_sizes : 3;
    window_geometry& g = r.g;
    if (!c.takes(x) || !c.windows_over(x, c.o.size, g)) return false;
    const i64 batch = x.extent(0), channels = x.extent(c.channels());
    g.inner = c.o.channels_first ? 1 : channels;
    list flat = ints(c.o.channels_first ? b.times(batch, channels) : batch);
    r.shape = ints(batch);
    if (c.o.channels_first) r.shape.put(channels);
    for (int k = 0; k < g.n; ++k) {
        flat.put(g.axis[k].size);
        r.shape.put(g.axis[k].out);
    }
    flat.put(g.inner);
    if (!c.o.channels_first) r.shape.put(channels);
    r.x = reshape_to(x, flat);
    return true;
}
constexpr value largest_in_windows(const sliding_options& o, value x) {
    sliding_frame c{"max_pool", o, o.n_sizes};
    const composite one(*x.b, c.name);
    pooled r{};
    return pool_windows(c, x, r) && !moves_nothing(r.g) ? reshape_to(call<window_max_op>(r.g.attributes(), r.x), r.shape) : x;
}
/// The sums of windows. Channels that would leave many lanes of a vector empty lie behind the places, beside all windows, so that what is
/// done at a place is done along all of them.
constexpr value sums_of_windows(const pooled& r) {
    window_geometry g = r.g;
    const i64 outer = r.x.extent(0);
    g.kernel_first = g.inner < 16 && g.inner % 8 != 0;
    const value seen = patches(r.x, g);
    const value p = reshape_to(seen, g.kernel_first ? ints(outer, g.places(), g.windows() * g.inner) : ints(r.x.b->times(outer, g.windows()), g.places(), g.inner));
    return reshape_to(sum_over(p, ints(-2)), r.shape);
}
/// How many elements of the operand each window of one axis sees, as a vector.
constexpr value seen_along(builder& b, const window_axis& a, dtype t) {
    const value first = iota_in(b, a.out, dtype::int64) * a.stride - a.low;
    value n = zeros_like(first);
    if (a.dilation == 1) n = minimum(first + a.kernel, a.size) - maximum(first, 0);
    else
        for (i64 k = 0; k < a.kernel; ++k) {
            const value at = first + k * a.dilation;
            n = n + where(at >= 0 && at < a.size, ones_like(n), 0);
        }
    return cast(n, t);
}
constexpr value mean_of_windows(const sliding_options& o, value x) {
    sliding_frame c{"avg_pool", o, o.n_sizes};
    const composite one(*x.b, c.name);
    pooled r{};
    if (!needs_floating(c.name, x) || !pool_windows(c, x, r)) return x;
    const value total = sums_of_windows(r);
    bool padded = false;
    for (int k = 0; k < r.g.n; ++k) {
        const window_axis& a = r.g.axis[k];
        padded |= a.low > 0 || (a.out - 1) * a.stride + (a.kernel - 1) * a.dilation - a.low >= a.size;
    }
    if (!padded || o.counts_padding) return total / static_cast<double>(r.g.places());
    value seen{};
    const int rank = total.rank();
    for (int k = 0; k < r.g.n; ++k) {
        list missing{}, extents{};
        for (int q = 0; q < rank; ++q)
            if (q != c.spatial() + k) { missing.put(q - rank); extents.put(total.extent(q)); }
        const value n = expand(seen_along(*x.b, r.g.axis[k], x.element()), missing, extents);
        seen = seen.zero() ? n : seen * n;
    }
    return total / maximum(seen, 1);
}

template <class... O>
struct max_pool_call {
    static constexpr value apply(operand x) { return largest_in_windows(sliding<O...>(), x.v); }
};
template <class... O>
struct avg_pool_call {
    static constexpr value apply(operand x) { return mean_of_windows(sliding<O...>(), x.v); }
};
/// max_pool<window<2, 2>, options...>(x): the maximum of each window; padding is never it; the slope goes to the first of
/// equals (tf.nn.max_pool). Options: strides (else the window's size), dilations, valid, same, padding, nchw.
template <class... Options>
constexpr value max_pool(operand x) { return max_pool_call<Options...>::apply(x); }
template <class... Options, expression X>
constexpr auto max_pool(X x) { return X::template lift<max_pool_call<Options...>>(x); }
/// avg_pool<window<2, 2>, options...>(x): the mean of each window; padding does not count (tf.nn.avg_pool), or does
/// (count_padding).
template <class... Options>
constexpr value avg_pool(operand x) { return avg_pool_call<Options...>::apply(x); }
template <class... Options, expression X>
constexpr auto avg_pool(X x) { return X::template lift<avg_pool_call<Options...>>(x); }

}  // namespace kiln
