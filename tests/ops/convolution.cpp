// Convolutions and pools of any options against plain loops, against the known answers of TensorFlow's own tests, and their
// derivatives in both modes.
#include <kiln/ops/pooling.hpp>

#include "trial.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

using std::size_t;
using numbers = std::vector<i64>;

/// The options of one case, and the padding in front as the definitions of TensorFlow and Theano give it.
struct sliding_case {
    sliding_options o;
    int n = 2;
    numbers size, kernel, out, low;
    i64 batch = 1, in = 1, filters = 1;
};

constexpr const char* names[]{"conv1d", "conv2d", "conv3d"};

void settle(sliding_case& c) {
    c.out.clear();
    c.low.clear();
    for (int k = 0; k < c.n; ++k) {
        const i64 L = c.size[size_t(k)], f = (c.kernel[size_t(k)] - 1) * c.o.dilation[k] + 1, s = c.o.stride[k];
        i64 out = 0, low = 0;
        switch (c.o.reach) {
        case border::valid: out = L < f ? -1 : (L - f) / s + 1; break;
        case border::same:
            out = (L + s - 1) / s;
            low = std::max<i64>(0, (out - 1) * s + f - L) / 2;
            break;
        case border::half: low = f / 2; out = (L + 2 * low - f) / s + 1; break;
        case border::full: low = f - 1; out = (L + 2 * low - f) / s + 1; break;
        case border::given:
            low = c.o.low[k];
            out = L + low + c.o.high[k] < f ? -1 : (L + low + c.o.high[k] - f) / s + 1;
            break;
        }
        c.out.push_back(out);
        c.low.push_back(low);
    }
}
bool possible(const sliding_case& c) {
    for (const i64 e : c.out)
        if (e < 0) return false;
    return true;
}

numbers image_shape(const sliding_case& c, const numbers& spatial, i64 channels) {
    numbers s{c.batch};
    if (c.o.channels_first) s.push_back(channels);
    s.insert(s.end(), spatial.begin(), spatial.end());
    if (!c.o.channels_first) s.push_back(channels);
    return s;
}
numbers filter_shape(const sliding_case& c) {
    const i64 in = c.in / c.o.groups;
    numbers s = c.kernel;
    if (c.o.output_first) s.insert(s.begin(), {c.filters, in});
    else s.insert(s.end(), {in, c.filters});
    return s;
}
real& at(array& a, const sliding_case& c, i64 b, const numbers& p, i64 channel) {
    numbers i{b};
    if (c.o.channels_first) i.push_back(channel);
    i.insert(i.end(), p.begin(), p.end());
    if (!c.o.channels_first) i.push_back(channel);
    return a.at[flatten(a.shape, i)];
}
/// Calls f(place in the window, element) for what a window sees of the operand.
template <class F>
void look(const sliding_case& c, const numbers& p, F f) {
    for (i64 k = 0; k < count(c.kernel); ++k) {
        const numbers place = unflatten(c.kernel, k);
        numbers q;
        bool inside = true;
        for (int a = 0; a < c.n; ++a) {
            const i64 turned = c.o.flipped ? c.kernel[size_t(a)] - 1 - place[size_t(a)] : place[size_t(a)];
            q.push_back(p[size_t(a)] * c.o.stride[a] + turned * c.o.dilation[a] - c.low[size_t(a)]);
            inside = inside && q.back() >= 0 && q.back() < c.size[size_t(a)];
        }
        f(place, q, inside);
    }
}
array convolved(const sliding_case& c, array x, array w) {
    array y = zeros_of(x.element, image_shape(c, c.out, c.filters));
    const i64 in = c.in / c.o.groups, filters = c.filters / c.o.groups;
    for (i64 b = 0; b < c.batch; ++b)
        for (i64 i = 0; i < count(c.out); ++i) {
            const numbers p = unflatten(c.out, i);
            for (i64 o = 0; o < c.filters; ++o) {
                real sum = 0;
                look(c, p, [&](numbers place, const numbers& q, bool inside) {
                    for (i64 k = 0; k < in && inside; ++k) {
                        numbers f = place;
                        if (c.o.output_first) f.insert(f.begin(), {o, k});
                        else f.insert(f.end(), {k, o});
                        sum += at(x, c, b, q, o / filters * in + k) * w.at[flatten(w.shape, f)];
                    }
                });
                at(y, c, b, p, o) = sum;
            }
        }
    return y;
}

class choices {
public:
    explicit choices(u64 s) : bits(s) {}
    i64 of(i64 low, i64 high) { return low + static_cast<i64>(bits() % static_cast<u64>(high - low + 1)); }
    bool chance(int n) { return of(1, n) == 1; }

private:
    std::mt19937_64 bits;
};
sliding_case drawn(choices& any, bool grouped) {
    sliding_case c;
    c.n = static_cast<int>(any.of(1, 3));
    c.batch = any.chance(8) ? 0 : any.of(1, 2);
    c.o.groups = grouped && any.chance(3) ? any.of(2, 3) : 1;
    c.in = c.o.groups * any.of(1, 2);
    c.filters = c.o.groups * any.of(1, 2);
    for (int k = 0; k < c.n; ++k) {
        c.size.push_back(any.of(1, c.n == 3 ? 4 : 7));
        c.kernel.push_back(any.of(1, 3));
        c.o.stride[k] = any.of(1, 3);
        c.o.dilation[k] = any.chance(3) ? 2 : 1;
        c.o.low[k] = any.of(0, 3);
        c.o.high[k] = any.of(0, 3);
    }
    c.o.n_strides = c.o.n_dilations = c.n;
    c.o.reach = static_cast<border>(any.of(0, 4));
    c.o.channels_first = any.chance(2);
    c.o.output_first = any.chance(2);
    c.o.flipped = any.chance(4);
    settle(c);
    return c;
}
std::string text_of(const sliding_case& c) {
    std::string s = testing::text_of(c.size) + " by " + testing::text_of(c.kernel) + ", border " + std::to_string(static_cast<int>(c.o.reach)) +
                    (c.o.channels_first ? " nchw" : "") + (c.o.output_first ? " oihw" : "") + (c.o.flipped ? " flipped" : "") +
                    " groups " + std::to_string(c.o.groups) + " strides";
    for (int k = 0; k < c.n; ++k) s += " " + std::to_string(c.o.stride[k]) + "/" + std::to_string(c.o.dilation[k]);
    return s;
}
void check_near(const array& got, const array& want, double tolerance = 1e-12) {
    CHECK(got.shape == want.shape);
    REQUIRE(got.at.size() == want.at.size());
    for (size_t k = 0; k < got.at.size(); ++k) {
        CAPTURE(k, double(got.at[k]), double(want.at[k]));
        REQUIRE((got.at[k] == want.at[k] || std::fabs(got.at[k] - want.at[k]) <= tolerance * (1 + std::fabs(want.at[k]))));
    }
}
array ramp(const numbers& shape, dtype t = dtype::float64, real step = 1, real first = 1) {
    array a = zeros_of(t, shape);
    for (size_t k = 0; k < a.at.size(); ++k) a.at[k] = first + step * static_cast<real>(k);
    return a;
}
/// The inner product with fixed numbers, which makes a scalar of anything.
value weighed(trial& g, value y, source& random) {
    numbers s;
    for (int k = 0; k < y.rank(); ++k) s.push_back(y.extent(k));
    return sum(y * g.feed(random.tensor(s)));
}

TEST_CASE("convolutions of any options are plain loops", "[ops][convolution]") {
    choices any(seed());
    source random(5);
    int done = 0, refused = 0;
    for (int k = 0; k < 1500; ++k) {
        const sliding_case c = drawn(any, true);
        INFO(text_of(c));
        trial g;
        const array x = random.tensor(image_shape(c, c.size, c.in)), w = random.tensor(filter_shape(c));
        const value y = convolution(names[c.n - 1], c.n, c.o, g.feed(x), g.feed(w));
        CHECK(static_cast<bool>(g.b().found) == !possible(c));
        if (!possible(c)) { ++refused; continue; }
        check_near(g.run(y), convolved(c, x, w));
        ++done;
    }
    CHECK(done > 800);
    CHECK(refused > 20);
}

TEST_CASE("derivatives of convolutions", "[ops][convolution]") {
    choices any(seed() + 1);
    source random(6);
    for (int k = 0; k < 150; ++k) {
        const sliding_case c = drawn(any, true);
        if (!possible(c)) continue;
        INFO(text_of(c));
        trial g;
        const array x = random.tensor(image_shape(c, c.size, c.in)), w = random.tensor(filter_shape(c));
        value in[]{g.feed(x), g.feed(w)}, d[2];
        const value tangent[]{g.feed(random.tensor(x.shape)), g.feed(random.tensor(w.shape))};
        const value total = weighed(g, square(convolution("conv", c.n, c.o, in[0], in[1])), random), one = ones_like(total);
        reverse(g.b(), &total, &one, 1, in, 2, d);
        value along, second[2], along_slope;
        forward(g.b(), in, tangent, 2, &total, 1, &along);
        const value slope = sum(d[0] * tangent[0]) + sum(d[1] * tangent[1]);
        reverse(g.b(), &slope, &one, 1, in, 2, second);
        forward(g.b(), in, tangent, 2, &slope, 1, &along_slope);
        // forward over reverse is the second difference; reverse over reverse agrees with it
        const value again = sum(second[0] * tangent[0]) + sum(second[1] * tangent[1]);
        REQUIRE_FALSE(static_cast<bool>(g.b().found));
        const std::vector<array> r = g.run({slope, along, again, along_slope});
        check_near(r[1], r[0]);
        check_near(r[3], r[2]);
        // differences of the plain loops
        auto moved = [&](real step) {
            array xs = x, ws = w;
            const std::vector<array> t = g.run({tangent[0], tangent[1]});
            for (size_t i = 0; i < xs.at.size(); ++i) xs.at[i] += step * t[0].at[i];
            for (size_t i = 0; i < ws.at.size(); ++i) ws.at[i] += step * t[1].at[i];
            return convolved(c, xs, ws);
        };
        const array up = moved(1e-4L), down = moved(-1e-4L);
        trial h;
        value hx[]{h.feed(x), h.feed(w)};
        const std::vector<array> t = g.run({tangent[0], tangent[1]});
        const value ht[]{h.feed(t[0]), h.feed(t[1])};
        const value y = convolution("conv", c.n, c.o, hx[0], hx[1]);
        value dy;
        forward(h.b(), hx, ht, 2, &y, 1, &dy);
        array want = up;
        for (size_t i = 0; i < want.at.size(); ++i) want.at[i] = (up.at[i] - down.at[i]) / 2e-4L;
        check_near(h.run(dy), want, 1e-9);
    }
}

TEST_CASE("depthwise, separable and transposed convolutions", "[ops][convolution]") {
    choices any(seed() + 2);
    source random(7);
    for (int k = 0; k < 300; ++k) {
        sliding_case c = drawn(any, false);
        c.n = 2;
        if (c.size.size() < 2) continue;
        c.size.resize(2);
        c.kernel.resize(2);
        c.o.n_strides = c.o.n_dilations = 2;
        c.o.output_first = false;
        settle(c);
        if (!possible(c)) continue;
        INFO(text_of(c));
        const i64 m = any.of(1, 2);
        trial g;
        const array x = random.tensor(image_shape(c, c.size, c.in));
        numbers fs = c.kernel;
        fs.insert(fs.end(), {c.in, m});
        const array w = random.tensor(fs), point = random.tensor({1, 1, c.in * m, 3});
        const value y = depthwise("depthwise_conv2d", 2, c.o, g.feed(x), g.feed(w));
        sliding_case grouped = c;   // a grouped convolution with the same numbers
        grouped.o.groups = c.in;
        grouped.filters = c.in * m;
        array gw = zeros_of(dtype::float64, filter_shape(grouped));
        for (i64 p = 0; p < count(c.kernel); ++p)
            for (i64 o = 0; o < c.in * m; ++o) gw.at[size_t(p * c.in * m + o)] = w.at[size_t(p * c.in * m + o)];
        const array want = convolved(grouped, x, gw);
        check_near(g.run(y), want);

        // the transposed convolution is the slope of the convolution
        trial h;
        const value hx = h.feed(x), hw = h.feed(random.tensor(filter_shape(c)));
        const value z = convolution("conv2d", 2, c.o, hx, hw);
        numbers zs;
        for (int a = 0; a < 4; ++a) zs.push_back(z.extent(a));
        const value ct = h.feed(random.tensor(zs));
        value dx;
        reverse(h.b(), &z, &ct, 1, &hx, 1, &dx);
        sliding_options o = c.o;
        for (int a = 0; a < 2; ++a) o.extent[a] = c.size[size_t(a)];
        o.n_extents = 2;
        const value back = transposed("conv2d_transpose", 2, o, ct, hw);
        REQUIRE_FALSE(static_cast<bool>(h.b().found));
        const std::vector<array> both = h.run({back, dx});
        check_near(both[0], both[1]);
    }
    // the extents that TensorFlow gives
    trial g;
    const value x = g.feed(ramp({1, 3, 4, 1})), w = g.feed(ramp({3, 2, 2, 1}));
    sliding_options o;
    o.stride[0] = 2;
    o.stride[1] = 3;
    CHECK(g.b().get(transposed("t", 2, o, x, w).n().shape) == ints(1, 7, 12, 2));
    o.reach = border::same;
    CHECK(g.b().get(transposed("t", 2, o, x, w).n().shape) == ints(1, 6, 12, 2));
}

array pooled_by_loops(const sliding_case& c, array x, bool mean) {
    array y = zeros_of(x.element, image_shape(c, c.out, c.in));
    for (i64 b = 0; b < c.batch; ++b)
        for (i64 i = 0; i < count(c.out); ++i)
            for (i64 k = 0; k < c.in; ++k) {
                const numbers p = unflatten(c.out, i);
                real sum = 0, top = -HUGE_VALL;
                int n = 0;
                look(c, p, [&](const numbers&, const numbers& q, bool inside) {
                    if (!inside) return;
                    ++n;
                    sum += at(x, c, b, q, k);
                    top = std::max(top, at(x, c, b, q, k));
                });
                at(y, c, b, p, k) = !mean ? top : c.o.counts_padding ? sum / static_cast<real>(count(c.kernel)) : n ? sum / n : 0;
            }
    return y;
}
TEST_CASE("pools of any options are plain loops", "[ops][convolution]") {
    choices any(seed() + 3);
    source random(8);
    int done = 0;
    for (int k = 0; k < 800; ++k) {
        sliding_case c = drawn(any, false);
        c.o.flipped = false;
        c.o.counts_padding = any.chance(2);
        for (int a = 0; a < c.n; ++a) c.o.size[a] = c.kernel[size_t(a)];
        c.o.n_sizes = c.n;
        if (!possible(c)) continue;
        INFO(text_of(c));
        const array x = random.tensor(image_shape(c, c.size, c.in));
        trial g;
        const value in = g.feed(x);
        const std::vector<array> r = g.run({largest_in_windows(c.o, in), mean_of_windows(c.o, in)});
        INFO(g.b().found.what.s << g.b().found.left.s << g.b().found.right.s);
        REQUIRE_FALSE(static_cast<bool>(g.b().found));
        check_near(r[0], pooled_by_loops(c, x, false));
        check_near(r[1], pooled_by_loops(c, x, true));
        ++done;
    }
    CHECK(done > 400);
}
TEST_CASE("slopes of pools", "[ops][convolution]") {
    trial g;   // equals: the first gets all (TensorFlow), not a share
    array x = zeros_of(dtype::float64, {1, 2, 4, 1});
    x.at = {1, 1, 3, 2, 1, 1, 3, 3};
    value in = g.feed(x), d[2], one, second;
    const value m = max_pool<window<2, 2>>(in), a = avg_pool<window<2, 2>>(in);
    const value total = sum(m), mean_total = sum(square(a));
    one = ones_like(total);
    reverse(g.b(), &total, &one, 1, &in, 1, &d[0]);
    reverse(g.b(), &mean_total, &one, 1, &in, 1, &d[1]);
    const std::vector<array> r = g.run({m, d[0], a, d[1]});
    CHECK(r[0].at == std::vector<real>{1, 3});
    CHECK(r[1].at == std::vector<real>{1, 0, 1, 0, 0, 0, 0, 0});
    CHECK(r[2].at == std::vector<real>{1, 2.75});
    CHECK(r[3].at == std::vector<real>{0.5, 0.5, 1.375, 1.375, 0.5, 0.5, 1.375, 1.375});
    // the second derivative of sum(max_pool(x)^2) along v is 2 v where the maximum is
    const value squared = sum(square(m));
    value slope, v = g.feed(ramp({1, 2, 4, 1})), along;
    reverse(g.b(), &squared, &one, 1, &in, 1, &slope);
    forward(g.b(), &in, &v, 1, &slope, 1, &along);
    CHECK(g.run(along).at == std::vector<real>{2, 0, 6, 0, 0, 0, 0, 0});
}

TEST_CASE("known answers of TensorFlow's tests", "[ops][convolution]") {
    auto run = [](const sliding_options& o, const array& x, const array& w) {
        trial g;
        return g.run(convolution("conv2d", 2, o, g.feed(x), g.feed(w))).at;
    };
    sliding_options o;
    const array x = ramp({1, 2, 3, 3}), w = ramp({2, 2, 3, 3});
    CHECK(run(o, x, w) == std::vector<real>{2271, 2367, 2463, 2901, 3033, 3165});
    o.stride[0] = o.stride[1] = 2;
    o.reach = border::same;
    CHECK(run(o, x, w) == std::vector<real>{2271, 2367, 2463, 1230, 1305, 1380});
    sliding_options wide;
    wide.stride[0] = 1;
    wide.stride[1] = 2;
    CHECK(run(wide, ramp({1, 3, 6, 1}), ramp({2, 2, 1, 1})) == std::vector<real>{58, 78, 98, 118, 138, 158});

    // the tutorial's layer on ramps, as TensorFlow and Theano print it
    const array picture = ramp({1, 28, 28, 1}, dtype::float64, 1 / 784.0L, 0), filters = ramp({5, 5, 1, 3}, dtype::float64, 1 / 75.0L, 0);
    sliding_options tutorial;
    tutorial.reach = border::same;   // and its bias of 0.1; printed in float32
    const std::vector<real> y = run(tutorial, picture, filters);
    const real corner[]{0.38285714L, 0.38729593L, 0.39173469L};
    for (size_t k = 0; k < 3; ++k) CHECK(std::fabs(y[k] + 0.1L - corner[k]) < 2e-8L);
    CHECK(std::fabs(std::accumulate(y.begin(), y.end(), real{}) + 235.2L - 13884.5358869L) < 5e-4L);
    tutorial.flipped = true;
    const std::vector<real> turned = run(tutorial, picture, filters);
    CHECK(std::fabs(std::accumulate(turned.begin(), turned.end(), real{}) + 235.2L - 13126.8479687L) < 5e-4L);
}

std::string refused(value (*f)(trial&)) {
    trial g;
    f(g);
    const finding& t = g.b().found;
    return std::string(t.what.s) + " | " + t.left.s + " | " + t.right.s;
}
TEST_CASE("mistakes of convolutions", "[ops][convolution]") {
    CHECK(refused([](trial& g) { return conv2d(g.placeholder(dtype::float32, {5, 784}), g.placeholder(dtype::float32, {5, 5, 1, 3})); }) ==
          "conv2d: rank 2, wanted rank 4 | (5, 784) | reshape<-1, h, w, c>(x)");
    CHECK(refused([](trial& g) { return conv2d<nchw>(g.placeholder(dtype::float32, {5, 784}), g.placeholder(dtype::float32, {5, 5, 1, 3})); }) ==
          "conv2d: rank 2, wanted rank 4 | (5, 784) | reshape<-1, c, h, w>(x)");
    CHECK(refused([](trial& g) { return conv2d(g.placeholder(dtype::float32, {5, 8, 8, 2}), g.placeholder(dtype::float32, {5, 5, 1, 3})); }) ==
          "conv2d: channels and filters differ | (5, 8, 8, 2) | in 1, out 3, groups 1");
    CHECK(refused([](trial& g) { return conv2d(g.placeholder(dtype::float32, {5, 4, 8, 1}), g.placeholder(dtype::float32, {5, 5, 1, 3})); }) ==
          "conv2d: window larger than x | (5, 4, 8, 1) | window 5 x 5");
    CHECK(refused([](trial& g) { return conv2d<strides<2>>(g.placeholder(dtype::float32, {5, 8, 8, 1}), g.placeholder(dtype::float32, {5, 5, 1, 3})); }) ==
          "conv2d: strides | 1 where 2 are wanted | one for each spatial axis");
    CHECK(refused([](trial& g) { return conv2d(g.placeholder(dtype::float32, {5, 8, 8, 1}), g.placeholder(dtype::float64, {5, 5, 1, 3})); }) ==
          "conv2d: dtypes differ, use cast | float32 | float64");
    CHECK(refused([](trial& g) { return max_pool(g.placeholder(dtype::float32, {5, 8, 8, 1})); }) ==
          "max_pool: no window is given | (5, 8, 8, 1) | window<2, 2>");
    CHECK(refused([](trial& g) { return avg_pool<window<2, 2>>(g.placeholder(dtype::int32, {5, 8, 8, 1})); }).substr(0, 9) == "avg_pool:");
    CHECK(refused([](trial& g) { return conv2d_transpose<output_extents<4, 4>>(g.placeholder(dtype::float32, {5, 8, 8, 1}), g.placeholder(dtype::float32, {3, 3, 2, 1})); })
              .substr(0, 34) == "conv2d_transpose: no such extent |");
}

}  // namespace
}  // namespace kiln::testing
