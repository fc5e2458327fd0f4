// Convolutions and their gradients as kernels have them: windows that lie nowhere, gradients of images as convolutions.
#include "compare.hpp"

namespace kiln::testing {
namespace {

constexpr auto x = placeholder<"x", float, "n", 7, 9, 16>;
constexpr auto line = placeholder<"line", double, "n", 20, 18>;
constexpr auto few = placeholder<"few", float, "n", 12, 12, 1>;
constexpr auto w = placeholder<"w", float, 3, 2, 16, 20>;
constexpr auto taps = placeholder<"taps", double, 4, 18, 16>;
constexpr auto w5 = placeholder<"w5", float, 5, 5, 1, 6>;

template <class Y, class X, class W>
void with_gradients(Y y, X image, W filters) {
    const auto loss = sum(square(y));
    auto f = function(inputs(image, filters), outputs(y, grad(loss, image), grad(loss, filters)));
    for (const i64 n : {1, 3}) compare(f, {{"n", n}}, {.tolerance = 1e3});
    compare_threads(f, {{"n", 5}});
}

TEST_CASE("convolutions with gradients", "[cpu][convolutions]") {
    with_gradients(conv2d<same>(x, w), x, w);
    with_gradients(relu(conv2d<valid, dilations<2, 3>>(x, w)), x, w);
    with_gradients(conv2d<strides<2, 1>, same>(x, w), x, w);
    with_gradients(conv1d<same>(line, taps), line, taps);
    with_gradients(conv2d<same>(few, w5), few, w5);   // one channel, and columns of less than a vector
}
/// Windows lie nowhere in y, and in the slope of the filters; nor where that of the image is a convolution, too.
template <class Y, class X, class W>
void in_groups(bool image_too, Y y, X image, W filters) {
    const auto loss = sum(square(y));
    const auto has_windows = [](const char* plan) { return std::string(plan).find("computes patches") != std::string::npos; };
    CHECK(!has_windows(explain(function(inputs(image, filters), outputs(y, grad(loss, filters))))));
    auto f = function(inputs(image, filters), outputs(y, grad(loss, image), grad(loss, filters)));
    if (image_too) CHECK(!has_windows(explain(f)));
    for (const i64 n : {0, 1, 3, 17}) compare(f, {{"n", n}}, {.tolerance = 1e3});
    for (const i64 n : {2, 9}) compare_threads(f, {{"n", n}});
}
TEST_CASE("convolutions in groups of channels", "[cpu][convolutions]") {   // the images of each behind one another
    static constexpr auto image = placeholder<"image", float, "n", 7, 9, 48>;
    static constexpr auto in_three = placeholder<"in_three", float, 3, 2, 16, 60>;
    static constexpr auto in_twelve = placeholder<"in_twelve", float, 3, 2, 4, 24>;
    static constexpr auto places_of_one = placeholder<"places_of_one", float, 1, 1, 16, 48>;
    static constexpr auto sound = placeholder<"sound", double, "n", 20, 32>;
    static constexpr auto pairs = placeholder<"pairs", double, 4, 16, 34>;
    static constexpr auto film = placeholder<"film", float, "n", 3, 4, 5, 6>;
    static constexpr auto cubes = placeholder<"cubes", float, 2, 2, 3, 3, 4>;
    static constexpr auto few_images = placeholder<"few_images", float, "n", 8, 21, 6>;
    static constexpr auto in_nine = placeholder<"in_nine", float, 3, 4, 2, 9>;
    in_groups(true, conv2d<same, groups<3>>(image, in_three), image, in_three);
    in_groups(true, relu(conv2d<valid, dilations<2, 3>, groups<3>>(image, in_three)), image, in_three);
    in_groups(false, conv2d<strides<2, 1>, same, groups<3>>(image, in_three), image, in_three);
    in_groups(true, conv2d<same, groups<12>>(image, in_twelve), image, in_twelve);
    in_groups(true, conv2d<groups<3>>(image, places_of_one), image, places_of_one);
    in_groups(true, conv1d<same, groups<2>>(sound, pairs), sound, pairs);
    in_groups(true, conv3d<same, groups<2>>(film, cubes), film, cubes);
    in_groups(true, tanh(conv2d<valid, groups<3>>(few_images, in_nine)), few_images, in_nine);
    static constexpr auto five = placeholder<"five", float, 5, 7, 9, 48>;   // a batch that is known
    const auto y = tanh(conv2d<same, groups<3>>(five, in_three));
    auto f = function(inputs(five, in_three), outputs(y, grad(sum(square(y)), five), grad(sum(square(y)), in_three)));
    compare(f, {}, {.tolerance = 1e3});
    compare_threads(f, {});
}
TEST_CASE("filters that the second cache does not hold", "[cpu][convolutions]") {   // some columns after the other
    static constexpr auto deep = placeholder<"deep", float, "n", 4, 5, 300>;
    static constexpr auto wide = placeholder<"wide", float, 3, 3, 300, 104>;
    static constexpr auto added = placeholder<"added", float, 104>;
    const auto y = relu(conv2d<same>(deep, wide) + added);
    auto f = function(inputs(deep, wide, added), outputs(y, sum<0, 1, 2>(y)));
    compare(f, {{"n", 2}}, {.tolerance = 1e3});
    compare_threads(f, {{"n", 3}});
}
// Few columns: as many images at a time as a vector has lanes, and what is left over in another way. 21 images are whole vectors and a
// rest for every instruction set.
template <class Y, class X, class W>
void of_many_images(Y y, X image, W filters) {
    const auto loss = sum(square(y));
    auto f = function(inputs(image, filters), outputs(y, grad(loss, image), grad(loss, filters)));
    for (const i64 n : {0, 2, 4, 5, 16, 21}) compare(f, {{"n", n}}, {.tolerance = 1e3});
    compare_threads(f, {{"n", 37}});
}
TEST_CASE("convolutions of few channels", "[cpu][convolutions]") {
    static constexpr auto three = placeholder<"three", float, "n", 9, 11, 3>;
    static constexpr auto to_one = placeholder<"to_one", float, 3, 4, 3, 1>;
    static constexpr auto to_five = placeholder<"to_five", float, 3, 4, 3, 5>;
    static constexpr auto to_ten = placeholder<"to_ten", float, 3, 4, 3, 10>;
    of_many_images(conv2d<same>(few, w5), few, w5);
    of_many_images(relu(conv2d<valid>(three, to_one)), three, to_one);
    of_many_images(conv2d<strides<2, 3>, same>(three, to_five), three, to_five);
    of_many_images(conv2d<same, dilations<2, 3>>(three, to_five), three, to_five);
    of_many_images(conv2d<same>(three, to_ten), three, to_ten);
    static constexpr auto to_sixteen = placeholder<"to_sixteen", float, 3, 4, 3, 16>;   // a vector of 64 bytes
    of_many_images(conv2d<same>(three, to_sixteen), three, to_sixteen);
    static constexpr auto narrow = placeholder<"narrow", float, "n", 7, 6, 1>;   // much of what windows see is padding
    of_many_images(conv2d<same>(narrow, w5), narrow, w5);
}
template <class T, int L>
bool strip_is_transposed() {
    T from[L][9], to[16 / sizeof(T)][L];
    for (int r = 0; r < L; ++r)
        for (int k = 0; k < 9; ++k) from[r][k] = static_cast<T>(10 * r + k);
    cpu::transposed_strip<T, L>(to[0], from[0] + 2, 9);
    bool all = true;
    for (int r = 0; r < L; ++r)
        for (int k = 0; k < static_cast<int>(16 / sizeof(T)); ++k) all = all && to[k][r] == from[r][k + 2];
    return all;
}
TEST_CASE("strips of 16 bytes of each line", "[cpu][convolutions]") {
    CHECK(strip_is_transposed<float, 4>());
    CHECK(strip_is_transposed<double, 2>());
#ifdef __AVX2__
    CHECK(strip_is_transposed<float, 8>());
    CHECK(strip_is_transposed<double, 4>());
#endif
#ifdef __AVX512F__
    CHECK(strip_is_transposed<float, 16>());
    CHECK(strip_is_transposed<double, 8>());
#endif
}
TEST_CASE("lines of images that are laid one after the other", "[cpu][convolutions]") {
    static constexpr auto wide = placeholder<"wide", float, "n", 9, 20, 2>;
    static constexpr auto to_three = placeholder<"to_three", float, 3, 4, 2, 3>;
    of_many_images(conv2d<same>(wide, to_three), wide, to_three);
    of_many_images(conv2d<valid, strides<2, 1>>(wide, to_three), wide, to_three);
    of_many_images(conv2d<same, strides<3, 1>>(wide, to_three), wide, to_three);
    of_many_images(conv2d<same, dilations<3, 1>>(wide, to_three), wide, to_three);   // lines that see fewer lines than those before and behind them
    static constexpr auto odd = placeholder<"odd", float, "n", 6, 21, 1>;   // lines that are no whole strips of 16 bytes, of the images and of slopes
    static constexpr auto odd_to_three = placeholder<"odd_to_three", float, 3, 4, 1, 3>;
    of_many_images(conv2d<same>(odd, odd_to_three), odd, odd_to_three);
    of_many_images(conv2d<valid>(odd, odd_to_three), odd, odd_to_three);
    static constexpr auto odd_doubles = placeholder<"odd_doubles", double, "n", 6, 19, 1>;
    static constexpr auto doubles_to_three = placeholder<"doubles_to_three", double, 2, 5, 1, 3>;
    of_many_images(conv2d<same>(odd_doubles, doubles_to_three), odd_doubles, doubles_to_three);
    static constexpr auto to_one = placeholder<"to_one", float, 3, 4, 2, 1>;
    static constexpr auto bias = placeholder<"bias", float, 1>;
    of_many_images(conv2d<same>(wide, to_one), wide, to_one);
    of_many_images(tanh(conv2d<valid, strides<2, 1>>(wide, to_one)), wide, to_one);
    of_many_images(conv2d<same, strides<3, 1>>(wide, to_one), wide, to_one);
    of_many_images(conv2d<same, dilations<3, 1>>(wide, to_one), wide, to_one);
    auto biased = function(inputs(wide, to_one, bias), outputs(relu(conv2d<same>(wide, to_one) + bias), grad(sum(square(conv2d<same>(wide, to_one) + bias)), bias)));
    for (const i64 n : {5, 21}) compare(biased, {{"n", n}}, {.tolerance = 1e3});
    static constexpr auto doubles = placeholder<"doubles", double, "n", 6, 17, 3>;
    static constexpr auto doubles_to_one = placeholder<"doubles_to_one", double, 4, 3, 3, 1>;
    of_many_images(conv2d<same>(doubles, doubles_to_one), doubles, doubles_to_one);
    static constexpr auto one_line = placeholder<"one_line", float, "n", 40, 2>;
    static constexpr auto line_to_one = placeholder<"line_to_one", float, 5, 2, 1>;
    of_many_images(conv1d<same>(one_line, line_to_one), one_line, line_to_one);
}
TEST_CASE("gradients of filters of many places to the channels of a vector", "[cpu][convolutions]") {
    static constexpr auto image = placeholder<"image", float, "n", 8, 9, 16>;
    static constexpr auto to_seven = placeholder<"to_seven", float, 5, 5, 16, 7>;
    static constexpr auto to_sixteen = placeholder<"to_sixteen", float, 5, 5, 16, 16>;
    const auto slope_of = [](auto y, auto of) { return grad(sum(square(y)), of); };
    auto seven = function(inputs(image, to_seven), slope_of(conv2d<valid>(image, to_seven), to_seven));
    auto sixteen = function(inputs(image, to_sixteen), slope_of(conv2d<valid>(image, to_sixteen), to_sixteen));
    for (const i64 n : {3, 16, 18}) {
        compare(seven, {{"n", n}}, {.tolerance = 1e3});
        compare(sixteen, {{"n", n}}, {.tolerance = 1e3});
    }
}
TEST_CASE("convolutions of few channels over one and three axes", "[cpu][convolutions]") {
    static constexpr auto sound = placeholder<"sound", double, "n", 50, 2>;
    static constexpr auto long_taps = placeholder<"long_taps", double, 17, 2, 3>;   // more places than registers
    static constexpr auto film = placeholder<"film", float, "n", 4, 5, 6, 2>;
    static constexpr auto cubes = placeholder<"cubes", float, 3, 2, 3, 2, 3>;
    of_many_images(conv1d<same>(sound, long_taps), sound, long_taps);
    of_many_images(conv1d<strides<2>, valid>(sound, long_taps), sound, long_taps);
    of_many_images(conv3d<same>(film, cubes), film, cubes);
    static constexpr auto long_sound = placeholder<"long_sound", float, "n", 1000, 1>;
    static constexpr auto echo = placeholder<"echo", float, 301, 1, 2>;
    auto echoes = function(inputs(long_sound, echo), conv1d<same>(long_sound, echo));
    compare(echoes, {{"n", 17}}, {.tolerance = 1e3});
}
TEST_CASE("gradients of filters that are too many for lanes of images", "[cpu][convolutions]") {
    static constexpr auto image = placeholder<"image", float, "n", 4, 4, 300>;
    static constexpr auto filters = placeholder<"filters", float, 3, 3, 300, 7>;
    auto f = function(inputs(image, filters), grad(sum(square(conv2d<same>(image, filters))), filters));
    compare(f, {{"n", 17}}, {.tolerance = 1e3});
}
TEST_CASE("what is computed with the results of few channels", "[cpu][convolutions]") {
    static constexpr auto bias = placeholder<"bias", float, 6>;
    static constexpr auto scale = placeholder<"scale", float, "n", 12, 12, 1>;
    const auto y = relu(conv2d<same>(few, w5) + bias);
    // sums of columns and of everything; values that rows have of their own
    auto sums = function(inputs(few, w5, bias), outputs(y, sum<0, 1, 2>(y), sum(y), max(y)));
    auto by_rows = function(inputs(few, w5, bias, scale), outputs(y * scale, softmax(y)));
    auto mixed = function(inputs(few, w5, bias), cast<double>(y) * 3_c);
    for (const i64 n : {1, 7, 16, 19}) {
        compare(sums, {{"n", n}}, {.tolerance = 1e3});
        compare(by_rows, {{"n", n}}, {.tolerance = 1e3});
        compare(mixed, {{"n", n}}, {.tolerance = 1e3, .as_float = true});
    }
}
// So many images that sums over their windows wait in memory, from a few of them to the next.
TEST_CASE("gradients of filters over many images", "[cpu][convolutions]") {
    static constexpr auto image = placeholder<"image", float, "n", 8, 8, 16>;
    static constexpr auto filters = placeholder<"filters", float, 3, 3, 16, 24>;
    const auto slope_of = [](auto y, auto of) { return grad(sum(square(y)), of); };
    const auto slope = slope_of(conv2d<same>(image, filters), filters);
    auto stored = function(inputs(image, filters), slope);
    auto updated = function(inputs(image, filters), outputs(filters - 0.5_c * slope, sum<0, 1, 2>(slope), sum(square(slope))));
    auto padding = function(inputs(image, filters), slope_of(conv2d<same, dilations<9, 2>>(image, filters), filters));   // lines that only padding sees
    auto strided = function(inputs(image, filters), slope_of(conv2d<same, strides<2, 1>>(image, filters), filters));
    for (const i64 n : {0, 1, 40, 43}) {
        compare(stored, {{"n", n}}, {.tolerance = 1e3});
        compare(updated, {{"n", n}}, {.tolerance = 1e3});
        compare(padding, {{"n", n}}, {.tolerance = 1e3});
        compare(strided, {{"n", 2 * n}}, {.tolerance = 1e3});
    }
    compare_threads(updated, {{"n", 43}});
    static constexpr auto grey = placeholder<"grey", float, "n", 9, 9, 1>;   // tiles of one row, as wide as can be
    static constexpr auto many = placeholder<"many", float, 3, 3, 1, 300>;
    auto of_grey = function(inputs(grey, many), outputs(slope_of(conv2d<same>(grey, many), many), many - slope_of(conv2d<same>(grey, many), many)));
    for (const i64 n : {1, 3}) compare(of_grey, {{"n", n}}, {.tolerance = 1e3});
    static constexpr auto deep = placeholder<"deep", float, 50, 6, 6, 256>;   // more rows than wait at once
    static constexpr auto deep_filters = placeholder<"deep_filters", float, 3, 3, 256, 20>;
    auto of_deep = function(inputs(deep, deep_filters), slope_of(conv2d<same>(deep, deep_filters), deep_filters));
    compare(of_deep, {}, {.tolerance = 1e3});
}
TEST_CASE("transposed convolutions with gradients", "[cpu][convolutions]") {
    static constexpr auto back = placeholder<"back", float, 3, 2, 20, 16>;
    with_gradients(conv2d_transpose<valid>(x, back), x, back);
}

}  // namespace
}  // namespace kiln::testing
