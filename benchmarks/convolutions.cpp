// Convolutions of 64 images, their gradients with respect to filters and images: kiln, AVX-512 or AVX2 by hand (few channels), oneDNN.
// The rivals have their operands in the order that they like, and are not charged for it.
#include "rivals/onednn.hpp"
#if KILN_BENCH_HAND
#include "rivals/convolutions.hpp"
#endif

using namespace kiln;

constexpr int n_images = 64;

std::string images_of(int images, int extent, int channels, int size) {
    return std::to_string(images) + "x" + std::to_string(extent) + "x" + std::to_string(extent) + "x" + std::to_string(channels) + "_" + std::to_string(size) + "x" + std::to_string(size);
}
#if KILN_BENCH_ONEDNN
/// The rival in all three directions, on what the layer has; results are compared in kiln's order.
template <class Layer>
void add_onednn(const onednn::convolution& like, const Layer& d, row& forwards, row& filter_rows, row& image_rows) {
    auto& c = lasting<onednn::convolution>(like);
    auto &z_copy = lasting<numbers<float>>(d.zs.size()), &dx_copy = lasting<numbers<float>>(d.dx.size()), &dw_copy = lasting<numbers<float>>(d.dw.size());
    auto f = c.forward_of(d.xs.data(), d.ws.data());
    f();
    c.copy(c.z, c.z_dims(), onednn::tag::nhwc, z_copy.data());
    forwards.rival("onednn", f, z_copy);
    auto g = c.data_gradient_of(d.ups.data(), d.ws.data());
    g();
    c.copy(c.dx, c.x_dims(), onednn::tag::nhwc, dx_copy.data());
    image_rows.rival("onednn", g, dx_copy);
    auto h = c.filter_gradient_of(d.xs.data(), d.ups.data());
    h();
    c.copy(c.dw, c.w_dims(), c.w_tag(), dw_copy.data());
    filter_rows.rival("onednn", h, dw_copy);
}
#endif

/// What is done by hand in registers at once, by AVX-512 or by AVX2: channels and positions forward and back, channels of the
/// filters' gradient.
struct tiles {
    int channels = 0, positions = 0, back_channels = 0, back_positions = 0, filters = 0;
};
/// Without tiles, oneDNN is the only rival.
template <int In, int Out, int Extent, int Size, bool Same, tiles Avx512 = {}, tiles Avx2 = {}>
struct layer {
    static constexpr int pad = Same ? Size / 2 : 0, out_extent = Extent + 2 * pad - Size + 1;
    using padding = std::conditional_t<Same, same, valid>;
    static constexpr auto x = placeholder<"x", float, n_images, Extent, Extent, In>;
    static constexpr auto w = placeholder<"w", float, Size, Size, In, Out>;
    static constexpr auto up = placeholder<"up", float, n_images, out_extent, out_extent, Out>;
    static constexpr auto z = conv2d<padding>(x, w);

    tensor<float, n_images, Extent, Extent, In> xs, dx;
    tensor<float, Size, Size, In, Out> ws, dw;
    tensor<float, n_images, out_extent, out_extent, Out> ups, zs;

    void add() {
        static layer& d = *this;
        scatter(xs);
        scatter(ws);
        scatter(ups);
        const std::string name = std::to_string(Extent) + "x" + std::to_string(Extent) + "_" + std::to_string(In) + "_to_" + std::to_string(Out) + "_" +
                                 std::to_string(Size) + "x" + std::to_string(Size) + (Same ? "_same" : "_valid");
        // products with padding are not counted
        double meets = 0;
        for (int p = 0; p < out_extent; ++p)
            for (int k = 0; k < Size; ++k) meets += p + k >= pad && p + k - pad < Extent;
        const double flops = 2.0 * n_images * In * Out * meets * meets;
        const work need{flops, 4.0 * static_cast<double>(xs.size() + ws.size() + zs.size())};

        static auto forward = function(inputs(x, w), z);
        static auto filters = function(inputs(x, up), grad(sum(z * up), w));
        static auto images = function(inputs(w, up), grad(sum(z * up), x));
        row forwards("conv_forward", name, need), filter_rows("conv_filter_gradient", name, need), image_rows("conv_data_gradient", name, need);
        forwards.within(1e-4).kiln([] { forward.into(d.zs)(d.xs, d.ws); }, zs);
        filter_rows.within(1e-4).kiln([] { filters.into(d.dw)(d.xs, d.ups); }, dw);
        image_rows.within(1e-4).kiln([] { images.into(d.dx)(d.ws, d.ups); }, dx);

#if KILN_BENCH_HAND
        static constexpr tiles t = hand::avx512 ? Avx512 : Avx2;
        if constexpr (t.channels != 0) {
            using C = hand::convolution<In, Out, Extent, Extent, Size, pad>;
            static numbers<float> x_blocks(xs.size()), up_blocks(ups.size()), z_blocks(zs.size()), dx_blocks(dx.size()), by_hand(dw.size());
            to_blocks<In, Extent>(xs.data(), x_blocks.data());
            to_blocks<Out, out_extent>(ups.data(), up_blocks.data());
            static numbers<float> z_plain(zs.size()), dx_plain(dx.size());
            const auto f = [] {
                for (int b = 0; b < n_images / hand::width; ++b)
                    hand::convolve<C, t.channels, t.positions>(x_blocks.data() + b * C::in_block, d.ws.data(), z_blocks.data() + b * C::out_block);
            };
            const auto g = [] {
                for (int b = 0; b < n_images / hand::width; ++b)
                    hand::convolve<hand::backward<C>, t.back_channels, t.back_positions>(up_blocks.data() + b * C::out_block, d.ws.data(), dx_blocks.data() + b * C::in_block);
            };
            f();
            from_blocks<Out, out_extent>(z_blocks.data(), z_plain.data());
            forwards.rival("hand", f, z_plain);
            g();
            from_blocks<In, Extent>(dx_blocks.data(), dx_plain.data());
            image_rows.rival("hand", g, dx_plain);
            filter_rows.rival("hand", [] {
                std::fill_n(by_hand.data(), by_hand.size(), 0.0f);
                hand::filter_gradient<C, t.filters>(x_blocks.data(), up_blocks.data(), n_images / hand::width, 1.0f, by_hand.data());
            }, by_hand);
        }
#endif
#if KILN_BENCH_ONEDNN
        add_onednn({n_images, In, Out, Extent, Size, pad}, d, forwards, filter_rows, image_rows);
#endif
    }

#if KILN_BENCH_HAND
    /// [image][y][x][channel] to blocks of [channel][y][x][a vector of images], and back.
    template <int Channels, int E>
    static void to_blocks(const float* from, float* to) { exchange<Channels, E>([&](long plain, long block) { to[block] = from[plain]; }); }
    template <int Channels, int E>
    static void from_blocks(const float* from, float* to) { exchange<Channels, E>([&](long plain, long block) { to[plain] = from[block]; }); }
    template <int Channels, int E, class F>
    static void exchange(F f) {
        constexpr long lanes = hand::width;
        for (long n = 0; n < n_images; ++n)
            for (long p = 0; p < E * E; ++p)
                for (long c = 0; c < Channels; ++c) f((n * E * E + p) * Channels + c, ((n / lanes * Channels + c) * E * E + p) * lanes + n % lanes);
    }
#endif
};

/// As many filters as channels, each of those of its group.
template <int Images, int Channels, int Extent, int Size, int Groups = Channels>
struct grouped_layer {
    static constexpr auto x = placeholder<"x", float, Images, Extent, Extent, Channels>;
    static constexpr auto w = placeholder<"w", float, Size, Size, Channels / Groups, Channels>;
    static constexpr auto up = placeholder<"up", float, Images, Extent, Extent, Channels>;
    static constexpr auto z = conv2d<same, groups<Groups>>(x, w);

    tensor<float, Images, Extent, Extent, Channels> xs, ups, zs, dx;
    tensor<float, Size, Size, Channels / Groups, Channels> ws, dw;

    void add() {
        static grouped_layer& d = *this;
        scatter(xs);
        scatter(ws);
        scatter(ups);
        const std::string what = Groups == Channels ? "depthwise" : "grouped", name = images_of(Images, Extent, Channels, Size) + (Groups == Channels ? "" : "_in_" + std::to_string(Groups));
        const work need{2.0 * Size * Size * Channels / Groups * static_cast<double>(zs.size()), 4.0 * static_cast<double>(xs.size() + zs.size())};
        static auto forward = function(inputs(x, w), z);
        static auto filters = function(inputs(x, up), grad(sum(z * up), w));
        static auto images = function(inputs(w, up), grad(sum(z * up), x));
        row forwards(what + "_forward", name, need), filter_rows(what + "_filter_gradient", name, need), image_rows(what + "_data_gradient", name, need);
        forwards.within(1e-4).kiln([] { forward.into(d.zs)(d.xs, d.ws); }, zs);
        filter_rows.within(1e-3).kiln([] { filters.into(d.dw)(d.xs, d.ups); }, dw);
        image_rows.within(1e-4).kiln([] { images.into(d.dx)(d.ws, d.ups); }, dx);
#if KILN_BENCH_ONEDNN
        add_onednn({Images, Channels, Channels, Extent, Size, Size / 2, Groups}, d, forwards, filter_rows, image_rows);
#endif
    }
};
template <int Images, int Channels, int Extent, int Size>
struct average_pool {
    static constexpr auto x = placeholder<"x", float, Images, Extent, Extent, Channels>;
    tensor<float, Images, Extent, Extent, Channels> xs;
    tensor<float, Images, Extent / Size, Extent / Size, Channels> ys;
    numbers<float> theirs = numbers<float>(ys.size());

    void add() {
        static average_pool& d = *this;
        scatter(xs);
        static auto f = function(inputs(x), avg_pool<window<Size, Size>>(x));
        row r("avg_pool", images_of(Images, Extent, Channels, Size),
              work{static_cast<double>(xs.size()), 4.0 * static_cast<double>(xs.size() + ys.size())});
        r.within(1e-5).kiln([] { f.into(d.ys)(d.xs); }, ys);
#if KILN_BENCH_ONEDNN
        r.rival("onednn", onednn::average(Images, Channels, Extent, Size, xs.data(), theirs.data()), theirs);
#endif
    }
};

int main(int argc, char** argv) {
    keep_memory();
    lasting<layer<1, 3, 28, 5, true, tiles{3, 7, 1, 14, 3}, tiles{1, 14, 1, 14, 1}>>().add();
    lasting<layer<1, 6, 28, 5, true, tiles{6, 4, 1, 14, 3}, tiles{2, 4, 1, 14, 2}>>().add();
    lasting<layer<6, 16, 14, 5, false, tiles{4, 5, 3, 7, 4}, tiles{2, 5, 1, 14, 2}>>().add();
    lasting<layer<16, 32, 14, 3, true>>().add();
    lasting<layer<64, 64, 14, 3, true>>().add();
    lasting<grouped_layer<8, 32, 56, 3>>().add();
    lasting<grouped_layer<8, 512, 14, 3>>().add();
    lasting<grouped_layer<8, 20, 28, 5>>().add();
    lasting<grouped_layer<8, 64, 28, 3, 4>>().add();
    lasting<average_pool<8, 32, 56, 2>>().add();
    lasting<average_pool<8, 6, 28, 2>>().add();
    return run_all(argc, argv);
}
