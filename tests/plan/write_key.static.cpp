// What a key says of the sizes that its kernel meets.
#include <kiln/kiln.hpp>

namespace kiln {
namespace {

template <class F>
constexpr bool any_large = [] {
    using L = typename F::L;
    bool any = false;
    for (int k = 0; k < L::result.n_kernels; ++k) any |= key_view{L::result.words + L::result.kernel[k].at, L::result.kernel[k].n}.header().large;
    return any;
}();
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

}  // namespace
}  // namespace kiln
