// A profile: the same results as of the function itself, counts as plan_of has them, times that fit into each other.
#include <kiln/kiln.hpp>
#include <kiln/run/profile.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "batch", 64>;
constexpr auto w = variable<"w", float, 64, 32>(random_normal<0.0, 0.1>);
constexpr auto b = variable<"b", float, 32>(ones);
constexpr auto rate = placeholder<"rate", float>;
constexpr auto hidden = relu(matmul(x, w) + b);
constexpr auto loss = mean(square(hidden));

tensor<float, dynamic, 64> batch_of(i64 n) {
    tensor<float, dynamic, 64> t(n);
    for (i64 k = 0; k < t.size(); ++k) t.data()[k] = static_cast<float>(k % 7) - 3;
    return t;
}
i64 total_of_kernels(const profile_results& p) {
    i64 r = 0;
    for (const profile_row& k : p.kernels()) r += k.total;
    return r;
}

TEST_CASE("what a profile returns and counts", "[profile]") {
    auto f = function(inputs(x), hidden);
    session s(f);
    s.initialize(1);
    const auto batch = batch_of(10);
    profile p(f);
    CHECK(p.call().calls == 0);
    const auto expected = f(s, batch);   // not through the profile: not counted
    for (int k = 0; k < 5; ++k) CHECK(std::ranges::equal(p(s, batch), expected));
    CHECK(std::ranges::equal(p(s, x = batch_of(20)), f(s, batch_of(20))));

    constexpr auto plan = plan_of(f);
    REQUIRE(static_cast<int>(p.kernels().size()) == plan.kernels);
    CHECK(p.call().calls == 6);
    CHECK(p.call().flops == 5 * plan.flops.at(10) + plan.flops.at(20));
    CHECK(p.call().bytes == 5 * plan.bytes_moved.at(10) + plan.bytes_moved.at(20));
    CHECK(p.arena_bytes() == f.arena_bytes());
    REQUIRE(plan.kernels == 1);
    const profile_row& only = p.kernels()[0];
    CHECK(only.name == "matmul + add + relu");
    CHECK(only.calls == 6);
    CHECK(only.spans.size() == 6);
    CHECK(only.flops == p.call().flops);
}

TEST_CASE("times fit into each other", "[profile]") {
    auto f = function(inputs(x, rate), loss, updates(nn::sgd(loss, rate)));
    session s(f);
    s.initialize(1);
    const auto batch = batch_of(2000);
    profile p(f);
    using clock = std::chrono::steady_clock;
    const auto from = clock::now();
    for (int k = 0; k < 20; ++k) p(s, batch, 0.01f);
    const i64 outside = std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - from).count();

    CHECK(p.call().total <= outside);
    CHECK(p.call().total > outside / 10);
    CHECK(total_of_kernels(p) <= p.call().total);
    CHECK(total_of_kernels(p) > p.call().total / 10);
    REQUIRE(p.kernels().size() > 1);
    const std::vector<time_span>& calls = p.call().spans;
    for (const profile_row& k : p.kernels()) {
        REQUIRE(k.spans.size() == 20);
        CHECK(k.calls == 20);
        CHECK(k.least > 0);
        CHECK(k.seconds() >= 20e-9 * static_cast<double>(k.least));
        CHECK(k.mean() <= 1e-9 * static_cast<double>(k.most));
        i64 total = 0;
        for (std::size_t i = 0; i < 20; ++i) {
            total += k.spans[i].duration;
            CHECK(k.spans[i].start >= calls[i].start);
            CHECK(k.spans[i].start + k.spans[i].duration <= calls[i].start + calls[i].duration);
        }
        CHECK(total == k.total);
        CHECK(k.gflops_per_second() * k.seconds() == Approx(1e-9 * static_cast<double>(k.flops)));
        CHECK(k.gigabytes_per_second() * k.seconds() == Approx(1e-9 * static_cast<double>(k.bytes)));
    }
    for (std::size_t i = 1; i < 20; ++i) CHECK(calls[i].start >= calls[i - 1].start + calls[i - 1].duration);
}

TEST_CASE("kernels of a branch that is not taken", "[profile]") {
    constexpr auto flag = placeholder<"flag", bool>;
    constexpr auto y = trace([](value t, value v) { return cond(t, [&] { return softmax(v); }, [&] { return exp(v); }); }, flag, x);
    auto f = function(inputs(flag, x), y);
    profile p(f);
    const auto batch = batch_of(3);
    p(true, batch);
    const auto ran = [&](i64 n) { return std::ranges::count_if(p.kernels(), [&](const profile_row& k) { return k.calls == n; }); };
    CHECK(ran(1) > 0);
    CHECK(ran(0) > 0);
    i64 flops = 0;
    for (const profile_row& k : p.kernels()) {
        CHECK((k.calls == 0) == (k.bytes == 0));
        flops += k.flops;
    }
    CHECK(flops == p.call().flops);
    CHECK(flops < plan_of(f).flops.at(3));
}

TEST_CASE("a call that throws is not counted", "[profile]") {
    auto f = function(inputs(x, rate = 2.0), sum(x) * rate);
    profile p(f);
    CHECK_THROWS_AS(p(tensor<float, 2, 63>()), shape_error);
    CHECK(p.call().calls == 0);
    CHECK(p(batch_of(1)) == 2 * eval(sum(x), x = batch_of(1)));   // defaults, as in a call of f
    CHECK(p.call().calls == 1);
}

TEST_CASE("a profile of threads", "[profile]") {
    auto f = function(inputs(x), exp(x));
    const auto batch = batch_of(3000);
    const auto expected = f(batch);
    f.threads(2);
    profile p(f);
    CHECK(std::ranges::equal(p(batch), expected));
    CHECK(p.kernels()[0].calls == 1);
}

TEST_CASE("updates alone, and nothing at all", "[profile]") {
    auto f = function(inputs(), outputs(), updates(assign(b, b + 1_c)));
    session s(f);
    s.initialize();
    profile p(f);
    static_assert(std::is_void_v<decltype(p(s))>);
    p(s);
    CHECK(p.call().calls == 1);
    CHECK(s[b](0) == 2);
}

TEST_CASE("a profile as a table", "[profile]") {
    auto f = function(inputs(x), hidden);
    session s(f);
    s.initialize(1);
    profile p(f);
    CHECK(p.table().find("0 calls") == 0);
    for (int k = 0; k < 3; ++k) p(s, batch_of(4));
    std::ostringstream out;
    out << p;
    CHECK(out.str() == p.table());
    std::istringstream lines(out.str());
    std::string first, second, head, row;
    std::getline(lines, first);
    std::getline(lines, second);
    std::getline(lines, head);
    std::getline(lines, row);
    CHECK(first.find("3 calls in ") == 0);
    CHECK(second == "a call: " + std::to_string(plan_of(f).flops.at(4)) + " flops, " + std::to_string(plan_of(f).bytes_moved.at(4)) +
                        " bytes moved; the arena: " + std::to_string(f.arena_bytes()) + " bytes");
    CHECK(row.ends_with("  0: matmul + add + relu"));
    CHECK(row[head.find("runs") + 3] == '3');   // columns stand below their heads
    CHECK(row.find("0: ") == head.find("kernel"));
    std::istringstream cells(row);
    double share, total, runs;
    char percent;
    cells >> share >> percent >> total >> runs;
    CHECK(percent == '%');
    CHECK(total == Approx(1e3 * p.kernels()[0].seconds()).margin(6e-4));
    CHECK(share == Approx(100.0 * p.kernels()[0].seconds() / p.call().seconds()).margin(0.06));
}

}  // namespace
