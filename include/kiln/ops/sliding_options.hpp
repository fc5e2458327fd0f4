// What slides and how: the option tags of convolutions and pools.
#pragma once
#include <kiln/core/types.hpp>

namespace kiln {

/// How far the windows reach beyond the operand.
enum class border : int { valid, same, half, full, given };

/// What the option tags of a convolution or a pool say.
struct sliding_options {
    i64 stride[3]{1, 1, 1}, dilation[3]{1, 1, 1}, size[3]{1, 1, 1}, low[3]{}, high[3]{}, extent[3]{};
    int n_strides = 0, n_dilations = 0, n_sizes = 0, n_sides = 0, n_extents = 0;
    border reach = border::valid;
    bool channels_first = false, output_first = false, flipped = false, counts_padding = false;
    i64 groups = 1;
};
template <i64... N>
constexpr void put_numbers(i64* to, int& n) {
    n = 0;
    ((n < 3 ? static_cast<void>(to[n] = N) : void(), ++n), ...);
}
/// Steps of the window along each spatial axis; 1 where nothing is said (a pool: the window's size).
template <i64... N> struct strides { static constexpr void set(sliding_options& o) { put_numbers<N...>(o.stride, o.n_strides); } };
/// Distances between the elements that a window sees.
template <i64... N> struct dilations { static constexpr void set(sliding_options& o) { put_numbers<N...>(o.dilation, o.n_dilations); } };
/// The size of a pool's window.
template <i64... N> struct window { static constexpr void set(sliding_options& o) { put_numbers<N...>(o.size, o.n_sizes); } };
/// Spatial extents of the result of a transposed convolution.
template <i64... N> struct output_extents { static constexpr void set(sliding_options& o) { put_numbers<N...>(o.extent, o.n_extents); } };
/// Channels in this many groups, each with filters of its own.
template <i64 N> struct groups { static constexpr void set(sliding_options& o) { o.groups = N; } };
/// No padding (the default).
struct valid { static constexpr void set(sliding_options& o) { o.reach = border::valid; } };
/// TensorFlow's SAME: ceil(extent / stride) windows; of an odd amount of padding the larger half lies behind.
struct same { static constexpr void set(sliding_options& o) { o.reach = border::same; } };
/// Theano's "half": half the (dilated) filter on each side.
struct half { static constexpr void set(sliding_options& o) { o.reach = border::half; } };
/// Theano's "full": every window that meets the operand.
struct full_padding { static constexpr void set(sliding_options& o) { o.reach = border::full; } };
/// So many elements on each side: padding<top, bottom, left, right>.
template <i64... N>
struct padding {
    static constexpr void set(sliding_options& o) {
        i64 side[6]{};
        int n = 0;
        ((n < 6 ? static_cast<void>(side[n] = N) : void(), ++n), ...);
        for (int k = 0; k < 3; ++k) { o.low[k] = side[2 * k]; o.high[k] = side[2 * k + 1]; }
        o.n_sides = n;
        o.reach = border::given;
    }
};
/// Layout of the operand: [batch, spatial..., channels] (the default), or [batch, channels, spatial...].
struct nhwc { static constexpr void set(sliding_options& o) { o.channels_first = false; } };
struct nchw { static constexpr void set(sliding_options& o) { o.channels_first = true; } };
/// Layout of the filters: [spatial..., in, out] (the default), or [out, in, spatial...].
struct hwio { static constexpr void set(sliding_options& o) { o.output_first = false; } };
struct oihw { static constexpr void set(sliding_options& o) { o.output_first = true; } };
/// True convolution, as Theano's default: the filter is turned around. Without it: cross-correlation, as TensorFlow.
struct flipped { static constexpr void set(sliding_options& o) { o.flipped = true; } };
/// avg_pool: padding counts as elements (Theano's average_inc_pad). Without it: it does not (TensorFlow).
struct count_padding { static constexpr void set(sliding_options& o) { o.counts_padding = true; } };

template <class... O>
constexpr sliding_options sliding() {
    sliding_options o{};
    (O::set(o), ...);
    return o;
}

}  // namespace kiln
