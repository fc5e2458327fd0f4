// Products with windows.
#pragma once
#include <kiln/ops/windows.hpp>
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
        if (!is<matmul_op>(product) || w.shared(product) || product.rank() != 2 || g.kernel_first) return {};
        const value x = input(product, 0), f = input(product, 1);
        const i64 channels = x.extent(-1), outer = n[0].extent(0), places = g.places();
        if (is_product(channels) || f.extent(-1) != places * g.inner) return {};
        if (g.inner >= least_channels && channels < least_channels) return {};
        window_geometry back{g.n, channels, false, false, {}};
        list image = ints(outer);
        for (int k = 0; k < g.n; ++k) {
            const window_axis& a = g.axis[k];
            if (a.stride != 1) return {};
            back.axis[k] = {a.out, a.size, a.kernel, 1, -a.dilation, -a.low};
            image.put(a.out);
        }
        image.put(channels);
        if (g.inner < least_channels && (back.padded_image() > most_elements_in_lanes || (!is_product(outer) && outer < least_images))) return {};
        const value seen = call<patches_op>(back.attributes(), reshape_to(x, image));
        const value filters = is<transpose_op>(f) ? transpose_by(reshape_to(input(f), ints(places, g.inner, channels)), ints(0, 2, 1))
                                                  : transpose_by(reshape_to(f, ints(channels, places, g.inner)), ints(1, 0, 2));
        const value y = call<matmul_op>({}, reshape_to(seen, ints(n.b->times(outer, g.image()), places * channels)),
                                        reshape_to(filters, ints(places * channels, g.inner)));
        return reshape_to(y, n.b->get(n.n().shape));
    }
};

}  // namespace kiln::rewrite
