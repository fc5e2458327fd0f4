// Windows that slide over axes: what convolution and average pooling are made of. Both operations are linear and each is the other's
// transpose, so that everything built on them has derivatives of any order in both modes.
#pragma once
#include <initializer_list>

#include <kiln/ops/selection.hpp>

namespace kiln {

/// One axis under a sliding window: position o of the window sees element o * stride + k * dilation - low at its place k; a
/// negative dilation reads the window backwards. What lies outside of [0, size) is padding.
struct window_axis {
    i64 size, out, kernel, stride, dilation, low;
    constexpr bool sees_image(i64 o) const {
        for (i64 k = 0; k < kernel; ++k)
            if (const i64 at = o * stride + k * dilation - low; at >= 0 && at < size) return true;
        return false;
    }
    /// Whether every window sees some of the image. Those that begin before it or end behind it are what is looked at: a line may be long.
    constexpr bool always_seen() const {
        const i64 begin = first_seen();
        i64 o = 0;
        for (; o < out && o * stride + begin < 0; ++o)
            if (!sees_image(o)) return false;
        for (i64 p = out; p-- > o && p * stride + begin + reach() > size;)
            if (!sees_image(p)) return false;
        return true;
    }
    /// The elements from the first to the last that a window sees.
    constexpr i64 reach() const { return (kernel - 1) * (dilation < 0 ? -dilation : dilation) + 1; }
    /// The first and the last element of the image that window o sees; one that sees nothing has its last before its first.
    constexpr i64 first_inside(i64 o) const {
        const i64 apart = dilation < 0 ? -dilation : dilation, first = o * stride + first_seen();
        return first >= 0 ? first : (first % apart + apart) % apart;
    }
    constexpr i64 last_inside(i64 o) const {
        const i64 apart = dilation < 0 ? -dilation : dilation, last = o * stride + first_seen() + reach() - 1;
        return last < size ? last : last - (last - size + apart) / apart * apart;
    }
    /// What the windows see: [first, end).
    KILN_HD constexpr i64 first_seen() const {
        const i64 reach = (kernel - 1) * dilation;
        return (reach < 0 ? reach : 0) - low;
    }
    KILN_HD constexpr i64 end_seen() const {
        const i64 reach = (kernel - 1) * dilation;
        return (out - 1) * stride + (reach > 0 ? reach : 0) - low + 1;
    }
    /// The elements of padding before the image that windows see, and of the image with all of its padding.
    constexpr i64 before() const {
        const i64 first = first_seen();
        return first < 0 ? -first : 0;
    }
    constexpr i64 padded() const {
        const i64 end = end_seen();
        return before() + (end > size ? end : size);
    }
};
inline constexpr int max_window_axes = 3;
/// Kernels may take as many images at a time as a vector has lanes, if each is at most so large: the caches hold them then.
inline constexpr i64 most_elements_in_lanes = 16384;

/// The geometry of windows over an operand [outer, axes..., inner].
struct window_geometry {
    int n = 0;
    i64 inner = 1;
    bool kernel_first = false;   // [outer, kernel..., out..., inner] rather than [outer, out..., kernel..., inner]
    window_axis axis[max_window_axes]{};

    constexpr list attributes() const {
        list a = ints(kernel_first, inner, n);
        for (int k = 0; k < n; ++k)
            for (const i64 v : {axis[k].size, axis[k].out, axis[k].kernel, axis[k].stride, axis[k].dilation, axis[k].low}) a.put(v);
        return a;
    }
    static constexpr int length(int n) { return 3 + 6 * n; }
    /// From attributes: at(k) is the k-th.
    template <class At>
    static KILN_HD constexpr window_geometry from(At at) {
        window_geometry g;
        g.kernel_first = at(0) != 0;
        g.inner = at(1);
        g.n = static_cast<int>(at(2));
        for (int k = 0; k < g.n; ++k) {
            const int i = length(k);
            g.axis[k] = {at(i), at(i + 1), at(i + 2), at(i + 3), at(i + 4), at(i + 5)};
        }
        return g;
    }
    /// The same with leading axes of one element, so that loops over three axes serve all.
    KILN_HD constexpr window_geometry in_three_axes() const {
        window_geometry g = *this;
        g.n = max_window_axes;
        for (int k = 0; k < max_window_axes; ++k) g.axis[k] = k < max_window_axes - n ? window_axis{1, 1, 1, 1, 1, 0} : axis[k - (max_window_axes - n)];
        return g;
    }
    /// Do these windows lie apart, and see nothing but what those of another geometry give? Both in three axes.
    constexpr bool apart_on(const window_geometry& w) const {
        if (kernel_first) return false;
        for (int k = 0; k < n; ++k)
            if (axis[k].size != w.axis[k].out || axis[k].dilation != 1 || axis[k].kernel > axis[k].stride || axis[k].low != 0 || axis[k].end_seen() > axis[k].size) return false;
        return windows() > 0 && places() < 255;
    }
    /// Calls f(patch element, image element or -1) for every element of the patches of one outer index, in order, without
    /// `inner`: indices count blocks of `inner` elements.
    template <class F>
    KILN_HD constexpr void each(F f) const {
        const window_geometry g = in_three_axes();
        i64 to[3]{}, place[3]{};   // an output position, a place in the window
        i64* const first = g.kernel_first ? place : to;
        i64* const second = g.kernel_first ? to : place;
        i64 m[6]{};
        for (int k = 0; k < 3; ++k) {
            m[k] = g.kernel_first ? g.axis[k].kernel : g.axis[k].out;
            m[k + 3] = g.kernel_first ? g.axis[k].out : g.axis[k].kernel;
        }
        i64 at = 0;
        for (first[0] = 0; first[0] < m[0]; ++first[0])
            for (first[1] = 0; first[1] < m[1]; ++first[1])
                for (first[2] = 0; first[2] < m[2]; ++first[2])
                    for (second[0] = 0; second[0] < m[3]; ++second[0])
                        for (second[1] = 0; second[1] < m[4]; ++second[1])
                            for (second[2] = 0; second[2] < m[5]; ++second[2]) {
                                i64 from = 0;
                                for (int k = 0; k < 3; ++k) {
                                    const i64 q = to[k] * g.axis[k].stride + place[k] * g.axis[k].dilation - g.axis[k].low;
                                    from = from < 0 || q < 0 || q >= g.axis[k].size ? -1 : from * g.axis[k].size + q;
                                }
                                f(at++, from);
                            }
    }
    /// The element of the image that a window sees at one of its places, both counted in order; -1: padding. Without `inner`.
    constexpr i64 seen(i64 window, i64 place) const {
        i64 position[max_window_axes]{}, from = 0;
        for (int k = n - 1; k >= 0; --k) {
            const window_axis& a = axis[k];
            position[k] = window % a.out * a.stride + place % a.kernel * a.dilation - a.low;
            window /= a.out;
            place /= a.kernel;
        }
        for (int k = 0; k < n; ++k) from = from < 0 || position[k] < 0 || position[k] >= axis[k].size ? -1 : from * axis[k].size + position[k];
        return from;
    }
    /// Windows side by side: each element of the image is seen once.
    constexpr bool side_by_side() const {
        for (int k = 0; k < n; ++k)
            if (const window_axis& a = axis[k]; a.dilation != 1 || a.low != 0 || a.kernel != a.stride || a.size != a.out * a.stride) return false;
        return true;
    }
    constexpr i64 image() const {
        i64 r = 1;
        for (int k = 0; k < n; ++k) r *= axis[k].size;
        return r;
    }
    /// The same of a line.
    constexpr i64 before_line() const { return axis[n - 1].before(); }
    constexpr i64 padded_line() const { return axis[n - 1].padded(); }
    constexpr i64 padded_image() const { return axis[n - 1].size ? image() / axis[n - 1].size * padded_line() * inner : 0; }
    /// How many windows there are, and how many elements each sees.
    constexpr i64 windows() const {
        i64 r = 1;
        for (int k = 0; k < n; ++k) r *= axis[k].out;
        return r;
    }
    constexpr i64 places() const {
        i64 r = 1;
        for (int k = 0; k < n; ++k) r *= axis[k].kernel;
        return r;
    }
    constexpr i64 patches() const { return windows() * places(); }
    /// How much of a line so many windows along the last axis see, one beside the other.
    constexpr i64 line_seen(i64 n_windows) const {
        const window_axis& a = axis[n - 1];
        return ((n_windows - 1) * a.stride + (a.kernel - 1) * (a.dilation < 0 ? -a.dilation : a.dilation) + 1) * inner;
    }
};
constexpr window_geometry geometry_of(site n) {
    return window_geometry::from([&](int k) { return n.attr(k); });
}

/// patches(x): from [outer, axes..., inner] every window, one beside the other: [outer, out..., kernel..., inner]. Exact.
/// Slope: fold of the cotangent; padding has none. (tf.image.extract_patches, numpy's sliding_window_view, im2col.)
struct patches_op {
    static constexpr auto name = "patches";
    static constexpr pattern kind = pattern::opaque;
    static constexpr type infer(site n) {
        const window_geometry g = geometry_of(n);
        list s = ints(n[0].extent(0));
        for (int half = 0; half < 2; ++half)
            for (int k = 0; k < g.n; ++k) s.put((half == 0) == g.kernel_first ? g.axis[k].kernel : g.axis[k].out);
        s.put(g.inner);
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr void jvp(site n, const value* t, value* out) {
        out[0] = call<patches_op>(n.attrs(), t[0]);
    }
    static constexpr void vjp(site n, const value* ct, value* out);
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const window_geometry g = geometry_of(n);
        const i64 image = g.image() * g.inner, all = g.patches() * g.inner;
        for (i64 a = 0, m = all ? elements(*n.b, n.n().shape) / all : 0; a < m; ++a)
            g.each([&](i64 to, i64 from) {
                for (i64 c = 0; c < g.inner; ++c)
                    out[0][a * all + to * g.inner + c] = from < 0 ? cell{} : in[0][a * image + from * g.inner + c];
            });
    }
};

/// fold(p): the sum of all windows where they came from: [outer, out..., kernel..., inner] to [outer, axes..., inner]. The
/// transpose of patches, and patches is its slope. (col2im.)
struct fold_op {
    static constexpr auto name = "fold";
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) {
        const window_geometry g = geometry_of(n);
        list s = ints(n[0].extent(0));
        for (int k = 0; k < g.n; ++k) s.put(g.axis[k].size);
        s.put(g.inner);
        if (n.element(0) == dtype::boolean)
            n.b->fail(name, "not for this dtype", builder::text("bool"), builder::text(wanted_by(domain::number)));
        return {n.b->intern(s), n.element(0)};
    }
    static constexpr value transpose(int, value ct, site n) { return call<patches_op>(n.attrs(), ct); }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const window_geometry g = geometry_of(n);
        const dtype t = n.n().type;
        const i64 image = g.image() * g.inner, all = g.patches() * g.inner;
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = {};
        with_number(t, [&](auto zero) {
            using T = decltype(zero);
            if constexpr (!std::is_same_v<T, bool>) {
                for (i64 a = 0, m = all ? elements(*n.b, n.shape(0)) / all : 0; a < m; ++a)
                    g.each([&](i64 at, i64 to) {
                        for (i64 c = 0; c < g.inner && to >= 0; ++c) {
                            cell& o = out[0][a * image + to * g.inner + c];
                            write(o, t, read<T>(o) + read<T>(in[0][a * all + at * g.inner + c]));
                        }
                    });
            }
        });
    }
};
constexpr void patches_op::vjp(site n, const value* ct, value* out) {
    out[0] = call<fold_op>(n.attrs(), ct[0]);
}

}  // namespace kiln
