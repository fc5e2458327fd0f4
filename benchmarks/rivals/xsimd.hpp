// A loop as one writes it with xsimd's batches, for the widest registers of the machine.
#pragma once
#include "../side_by_side.hpp"

#if KILN_BENCH_XSIMD
#include <xsimd/xsimd.hpp>

namespace on_xsimd {

/// tanh(2x + 0.5) * 1.5 + x / (1 + x x)
template <long N>
[[gnu::noinline]] void chain(const float* in, float* out) {
    const auto of = [](auto x) {
        using value = decltype(x);
        using std::tanh, xsimd::tanh;
        return tanh(value(2.0f) * x + value(0.5f)) * value(1.5f) + x / (value(1.0f) + x * x);
    };
    using batch = xsimd::batch<float>;
    constexpr long width = static_cast<long>(batch::size);
    long k = 0;
    for (; k + width <= N; k += width) of(batch::load_unaligned(in + k)).store_unaligned(out + k);
    if constexpr (N % width != 0)
        for (; k < N; ++k) out[k] = of(in[k]);
}

}  // namespace on_xsimd
#endif
