// tanh(a x + b) c + x / (1 + x x) over n floats: kiln's one kernel, the loop written by hand on xsimd batches, Eigen's
// expression. Once with a, b, c as constants, once as arguments of the call.
#include "side_by_side.hpp"

#include <xsimd/xsimd.hpp>

using namespace kiln;

constexpr auto x = placeholder<"x", float, "n">;
constexpr auto slope = placeholder<"a", float>;
constexpr auto shift = placeholder<"b", float>;
constexpr auto factor = placeholder<"c", float>;
constexpr auto with_constants = tanh(2_c * x + 0.5_c) * 1.5_c + x / (1_c + x * x);
constexpr auto with_arguments = tanh(slope * x + shift) * factor + x / (1_c + x * x);

/// The last batch overlaps the one before it, so n is at least one batch.
[[gnu::noinline]] void by_hand(const float* in, float* out, i64 n, float a, float b, float c) {
    using batch = xsimd::batch<float>;
    constexpr auto size = static_cast<i64>(batch::size);
    const batch a_all(a), b_all(b), c_all(c), one(1.0f);
    const auto step = [&](i64 k) {
        const batch v = batch::load_unaligned(in + k);
        (xsimd::tanh(a_all * v + b_all) * c_all + v / (one + v * v)).store_unaligned(out + k);
    };
    i64 k = 0;
    for (; k + size <= n; k += size) step(k);
    if (k < n) step(n - size);
}

void add(i64 n) {
    static float three[] = {2.0f, 0.5f, 1.5f};   // no constants to the compiler
    float* const abc = three;
    benchmark::DoNotOptimize(abc);

    auto* in = new tensor<float, dynamic>(n);    // lives as long as the benchmarks that are registered below
    auto* out = new tensor<float, dynamic>(n);
    scatter(*in);
    auto* constants = new auto(function(inputs(x), with_constants));
    auto* arguments = new auto(function(inputs(x, slope, shift, factor), with_arguments));
    auto* eigen_in = new Eigen::ArrayXf(Eigen::Map<Eigen::ArrayXf>(in->data(), n));
    auto* eigen_out = new Eigen::ArrayXf(n);
    auto* hand_out = new tensor<float, dynamic>(n);

    const auto kiln_constants = [=] { constants->into(*out)(*in); };
    const auto kiln_arguments = [=] { arguments->into(*out)(*in, abc[0], abc[1], abc[2]); };
    const auto hand_constants = [=] { by_hand(in->data(), hand_out->data(), n, 2.0f, 0.5f, 1.5f); };
    const auto hand_arguments = [=] { by_hand(in->data(), hand_out->data(), n, abc[0], abc[1], abc[2]); };
    const auto eigen_arguments = [=] {
        const auto& v = *eigen_in;
        *eigen_out = (abc[0] * v + abc[1]).tanh() * abc[2] + v / (1.0f + v * v);
    };

    hand_arguments();
    eigen_arguments();
    kiln_constants();
    must_agree("fused_loop, constants, xsimd", *out, *hand_out);
    kiln_arguments();
    must_agree("fused_loop, arguments, xsimd", *out, *hand_out);
    must_agree("fused_loop, arguments, eigen", *out, *eigen_out);

    const work w{9.0 * static_cast<double>(n), 8.0 * static_cast<double>(n)};
    const std::string size = std::to_string(n);
    time_of("fused_loop/kiln/constants/" + size, w, kiln_constants);
    time_of("fused_loop/rival_xsimd/constants/" + size, w, hand_constants);
    time_of("fused_loop/kiln/arguments/" + size, w, kiln_arguments);
    time_of("fused_loop/rival_xsimd/arguments/" + size, w, hand_arguments);
    time_of("fused_loop/rival_eigen/arguments/" + size, w, eigen_arguments);
}

int main(int argc, char** argv) {
    for (const i64 n : {1'000, 10'000, 100'000}) add(n);
    return run_all(argc, argv);
}
