// Products with windows, and slopes of the largest in windows.
#pragma once
#include <kiln/ops/window_maximum.hpp>
#include <kiln/passes/rewrites/rule.hpp>

namespace kiln::rewrite {

/// fold(x @ f) -> patches(x) @ f', the windows read backwards: what a convolution of stride 1 gives to its image, and a transposed
/// convolution, are convolutions themselves, whose windows lie nowhere where the product would be as large as all of them. For as
/// many channels as fill vectors, or an image of few channels, if kernels can take several images at a time.
struct fold_of_product : at<fold_op>::over<reshape_op> {
    static constexpr auto name = "fold_of_product";
    static constexpr auto takes = domain::floating;
    static constexpr i64 least_channels = 16, least_images = 4;
    static constexpr value apply(site n, const surroundings& w) {
        const window_geometry g = geometry_of(n);
        const value product = input(n[0]);
        const int several = product.rank() - 2;   // 1: of several products each its own images
        if (!is<matmul_op>(product) || w.shared(product) || several < 0 || several > 1 || g.kernel_first) return {};
        const value x = input(product, 0), f = input(product, 1);
        const i64 channels = x.extent(-1), outer = n[0].extent(0), places = g.places();
        if (is_product(channels) || f.extent(-1) != places * g.inner || x.rank() != f.rank()) return {};
        if (g.inner >= least_channels && channels < least_channels) return {};
        window_geometry back{g.n, channels, false, {}};
        list image = ints(outer);
        for (int k = 0; k < g.n; ++k) {
            const window_axis& a = g.axis[k];
            if (a.stride != 1) return {};
            back.axis[k] = {a.out, a.size, a.kernel, 1, -a.dilation, -a.low};
            image.put(a.out);
        }
        image.put(channels);
        const i64 products = several ? product.extent(0) : 1, images = several ? n.b->divided(outer, products) : outer;
        if (images == inferred || is_product(products)) return {};
        if (g.inner < least_channels && (back.padded_image() > most_elements_in_lanes || (!is_product(images) && images < least_images))) return {};
        const bool turned = is<transpose_op>(f) && (!several || transpose_op::permutation({n.b, f.id}) == ints(-3, -1, -2));
        const value seen = call<patches_op>(back.attributes(), reshape_to(x, image));
        const auto of_each = [&](i64 first, const list& rest) {
            list r = several ? ints(first) : list{};
            for (int k = 0; k < rest.n; ++k) r.put(rest[k]);
            return r;
        };
        const value filters = turned ? transpose_by(reshape_to(input(f), of_each(products, ints(places, g.inner, channels))), of_each(-4, ints(-3, -1, -2)))
                                     : transpose_by(reshape_to(f, of_each(products, ints(channels, places, g.inner))), of_each(-4, ints(-2, -3, -1)));
        const value y = call<matmul_op>({}, reshape_to(seen, of_each(products, ints(n.b->times(images, g.image()), places * channels))),
                                        reshape_to(filters, of_each(products, ints(places * channels, g.inner))));
        return reshape_to(y, n.b->get(n.n().shape));
    }
};

constexpr value behind_reshape(value v) { return is<reshape_op>(v) ? input(v) : v; }
/// where(c(x), window_from_max(d, x), 0) -> window_from_max(where(c(window_max(x)), d, 0), x), where c compares with a number: what gets a slope
/// is the maximum. Exact. So the mask of a relu before a pool is one of the pool's results.
struct mask_of_window_slope : at<where_op>::over<window_from_max_op, reshape_op> {
    static constexpr auto name = "mask_of_window_slope";
    static constexpr value apply(site n, const surroundings& w) {
        const value c = behind_reshape(n[0]), slope = behind_reshape(n[1]);
        if (!is<window_from_max_op>(slope) || w.shared(slope) || w.shared(n[1]) || !is_exactly(n[2], 0)) return {};
        const value d = input(slope), x = input(slope, 1);
        const node compared = c.n();
        if (compared.op->kind != pattern::pointwise || compared.n_in != 2) return {};
        const int number = input(c, 0).n().op == &literal_op ? 0 : 1;
        if (input(c, number).n().op != &literal_op || behind_reshape(input(c, 1 - number)).id != behind_reshape(x).id) return {};
        value in[2];
        in[1 - number] = call<window_max_op>(axes_at(slope), x);
        in[number] = n.b->literal({d.n().shape, x.element()}, bits_of_literal(input(c, number)));
        const value kept = call<where_op>({}, n.b->make(*compared.op, in, 2, compared.attrs), d, zeros_like(d));
        return reshape_to(call<window_from_max_op>(axes_at(slope), kept, x), n.b->get(n.n().shape));
    }
};
/// sum(window_from_max(d, x)) -> sum(d) along all axes that windows slide over, if each of them sees some of the image.
struct sum_of_window_slope : at<sum_op>::over<window_from_max_op, reshape_op> {
    static constexpr auto name = "sum_of_window_slope";
    static constexpr value apply(site n) {
        const value y = n[0], slope = behind_reshape(y);
        if (!is<window_from_max_op>(slope)) return {};
        list a = n.attrs();
        const window_geometry g = geometry_of({n.b, slope.id});
        if (is<reshape_op>(y)) {   // all but the last axis, which is the last there too
            if (a.n != y.rank() - 1 || a.has(-1) || y.extent(-1) != slope.extent(-1)) return {};
            a = {};
            for (int k = -slope.rank(); k < -1; ++k) a.put(k);
        }
        for (int k = 0; k < g.n; ++k)
            if (!a.has(k - 1 - g.n) || !g.axis[k].always_seen()) return {};
        return sum_over(input(slope), a);
    }
};

}  // namespace kiln::rewrite
