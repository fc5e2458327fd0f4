// What a key says of the sizes that its kernel meets.
#include <kiln/kiln.hpp>

namespace kiln {
namespace {

/// Has any kernel of the function this flag in its key?
template <class F, bool key_header::*Flag>
constexpr bool any = [] {
    using L = typename F::L;
    bool r = false;
    for (int k = 0; k < L::result.n_kernels; ++k) r |= key_view{L::result.words + L::result.kernel[k].at, L::result.kernel[k].n}.header().*Flag;
    return r;
}();
template <class F>
constexpr bool any_large = any<F, &key_header::large>;
template <class F>
constexpr bool any_slices = any<F, &key_header::slices>;
template <extent... E>
constexpr auto x = placeholder<"x", float, E...>;

/// Maps whose results may be more than the caches hold, of one axis once axes are merged.
template <extent... E>
constexpr bool large_map = any_large<decltype(function(inputs(x<E...>), x<E...> * 2_c))>;
static_assert(large_map<"n"> && large_map<"n", 10> && large_map<"n", "m">);
static_assert(!large_map<> && !large_map<1000> && !large_map<30, 40> && !large_map<8 << 20> && large_map<(8 << 20) + 1> && large_map<3000, 3000>);
static_assert(!any_large<decltype(function(inputs(x<8 << 20>), cast<float>(x<8 << 20> > 1_c)))>);
static_assert(any_large<decltype(function(inputs(x<8 << 20>), outputs(x<8 << 20> * 2_c, x<8 << 20> > 1_c)))>);   // what both results take
static_assert(!any_large<decltype(function(inputs(x<"n", 10>), softmax(x<"n", 10>)))> && !any_large<decltype(function(inputs(x<"n", 10>), matmul(x<"n", 10>, transpose(x<"n", 10>))))>);

/// Products whose inner axis threads may share: a few sums, and many steps or who knows how many.
template <extent M, extent K, extent N>
constexpr auto product = matmul(placeholder<"u", float, M, K>, placeholder<"v", float, K, N>);
template <extent M, extent K, extent N>
constexpr bool sliced_product = any_slices<decltype(function(inputs(placeholder<"u", float, M, K>, placeholder<"v", float, K, N>), product<M, K, N>))>;
template <extent M, extent K, extent N>
constexpr bool sliced_layer = any_slices<decltype(function(inputs(placeholder<"u", float, M, K>, placeholder<"v", float, K, N>), tanh(product<M, K, N>)))>;
static_assert(sliced_product<64, 5000, 16> && !sliced_product<64, 100, 16> && !sliced_product<64, 5000, 65>);
static_assert(sliced_product<64, "k", 16> && sliced_product<"m", "k", "n"> && !sliced_product<"m", 5000, 16> && !sliced_product<64, "k", 65>);
static_assert(sliced_layer<64, 5000, 16> && !sliced_layer<64, "k", 16>);

}  // namespace
}  // namespace kiln
