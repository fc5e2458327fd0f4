// Layers: what they compute, what their variables are called, how first values are drawn.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "batch", 6>;
constexpr auto sequence = placeholder<"sequence", float, "batch", "time", 6>;

template <class S>
std::vector<std::string> names_of(const S& s) {
    std::vector<std::string> r;
    for (int k = 0; k < s.size(); ++k) r.push_back(s.name(k));
    std::ranges::sort(r);
    return r;
}

TEST_CASE("dense", "[layers]") {
    constexpr auto y = nn::dense<4, "readout">(x);
    auto f = function(inputs(x), y);
    session s(f);
    CHECK(names_of(s) == std::vector<std::string>{"readout/bias", "readout/kernel"});
    s.initialize(3);
    for (const float b : s.get<"readout/bias">()) CHECK(b == 0);
    s.get<"readout/bias">() = tensor{0.f, 1.f, 2.f, 3.f};
    tensor<float, 2, 6> in;
    for (int i = 0; i < 12; ++i) in.data()[i] = static_cast<float>(i) / 4;
    const auto out = f(s, in);
    REQUIRE(out.extent(0) == 2);
    REQUIRE(out.extent(1) == 4);
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j) {
            double want = j;
            for (int k = 0; k < 6; ++k) want += static_cast<double>(in(i, k)) * static_cast<double>(s.get<"readout/kernel">()(k, j));
            CHECK(static_cast<double>(out(i, j)) == Approx(want).epsilon(1e-5));
        }
}

TEST_CASE("dense on more than one leading axis", "[layers]") {
    constexpr auto y = nn::dense<4, "readout">(sequence);
    auto f = function(inputs(sequence), y);
    session s(f);
    s.initialize(3);
    tensor<float, 2, 3, 6> in;
    for (int i = 0; i < 36; ++i) in.data()[i] = static_cast<float>(i % 7) / 4;
    const auto out = f(s, in);
    REQUIRE(out.extent(0) == 2);
    REQUIRE(out.extent(1) == 3);
    for (int i = 0; i < 2; ++i)
        for (int t = 0; t < 3; ++t)
            for (int j = 0; j < 4; ++j) {
                double want = 0;
                for (int k = 0; k < 6; ++k) want += static_cast<double>(in(i, t, k)) * static_cast<double>(s.get<"readout/kernel">()(k, j));
                CHECK(static_cast<double>(out(i, t, j)) == Approx(want).epsilon(1e-5));
            }
}

TEST_CASE("a model in a trace", "[layers]") {
    constexpr auto model = trace([](value h) {
        for (int k = 0; k < 3; ++k) h = relu(nn::dense(h, 5 + k, {"hidden", k}, nn::he_normal));
        return nn::dense(0.5 * h, 2, "readout", random_normal<0.0, 0.1>, full<0.5>);
    }, x);
    auto f = function(inputs(x), model);
    session s(f);
    CHECK(names_of(s) == std::vector<std::string>{"hidden/0/bias", "hidden/0/kernel", "hidden/1/bias", "hidden/1/kernel", "hidden/2/bias",
                                                  "hidden/2/kernel", "readout/bias", "readout/kernel"});
    s.initialize(1);
    CHECK(s.get<"hidden/0/kernel">().extent(0) == 6);
    CHECK(s.get<"hidden/2/kernel">().extent(0) == 6);
    CHECK(s.get<"hidden/2/kernel">().extent(1) == 7);
    CHECK(s.get<"readout/bias">()(1) == 0.5f);

    std::vector<double> h{1, -1, 2, 0.5, 0, 3};   // one row through plain loops
    auto layer = [&](auto kernel, auto bias, bool last) {
        std::vector<double> next(static_cast<std::size_t>(bias.size()));
        for (std::size_t j = 0; j < next.size(); ++j) {
            double sum = static_cast<double>(bias(j));
            for (std::size_t k = 0; k < h.size(); ++k) sum += h[k] * static_cast<double>(kernel(k, j));
            next[j] = last ? sum : std::max(sum, 0.0);
        }
        h = next;
    };
    tensor<float, 1, 6> in;
    for (int k = 0; k < 6; ++k) in(0, k) = static_cast<float>(h[static_cast<std::size_t>(k)]);
    layer(s.get<"hidden/0/kernel">(), s.get<"hidden/0/bias">(), false);
    layer(s.get<"hidden/1/kernel">(), s.get<"hidden/1/bias">(), false);
    layer(s.get<"hidden/2/kernel">(), s.get<"hidden/2/bias">(), false);
    for (double& v : h) v *= 0.5;
    layer(s.get<"readout/kernel">(), s.get<"readout/bias">(), true);
    const auto out = f(s, in);
    CHECK(static_cast<double>(out(0, 0)) == Approx(h[0]).epsilon(1e-5));
    CHECK(static_cast<double>(out(0, 1)) == Approx(h[1]).epsilon(1e-5));
}

TEST_CASE("first values of kernels", "[layers]") {
    constexpr auto wide = placeholder<"wide", double, 60>;
    constexpr auto glorot = nn::dense<90, "glorot">(wide);
    constexpr auto he = trace([](value v) { return nn::dense(v, 90, "he", nn::he_normal); }, wide);
    auto f = function(inputs(wide), outputs(glorot, he));
    session s(f);
    s.initialize(9);
    const double limit = std::sqrt(6.0 / (60 + 90));
    double largest = 0, square_sum = 0, mean_of = 0;
    for (const double w : s.get<"glorot/kernel">()) {
        largest = std::max(largest, std::abs(w));
        mean_of += w / 5400;
    }
    CHECK(largest <= limit);
    CHECK(largest > 0.99 * limit);
    CHECK(std::abs(mean_of) < 0.02);
    for (const double w : s.get<"he/kernel">()) square_sum += w * w / 5400;
    CHECK(std::sqrt(square_sum) == Approx(std::sqrt(2.0 / 60)).epsilon(0.05));
}

TEST_CASE("two layers of one name share their variables", "[layers]") {
    constexpr auto twice = trace([](value h) { return nn::dense(tanh(nn::dense(h, 6, "shared")), 6, "shared"); }, x);
    auto f = function(inputs(x), twice);
    session s(f);
    CHECK(s.size() == 2);
}

TEST_CASE("variables of a loss", "[layers]") {
    constexpr auto loss = sum(square(nn::dense<3, "top">(tanh(nn::dense<4, "bottom">(x)))));
    constexpr auto all = variables(loss);
    static_assert(decltype(all)::size == 4);
    auto f = function(inputs(), all);
    session s(f);
    CHECK(names_of(s) == std::vector<std::string>{"bottom/bias", "bottom/kernel", "top/bias", "top/kernel"});
    s.initialize();
    const auto [kernel, bias, top_kernel, top_bias] = f(s);   // in the order of their first use
    CHECK(kernel.extent(0) == 6);
    CHECK(bias.size() == 4);
    CHECK(top_kernel.extent(1) == 3);
    CHECK(top_bias.size() == 3);
}

}  // namespace
