// Sessions: who has which variables, first values from a seed, reading, writing, refusing what has no value yet.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

using namespace kiln;

namespace {

constexpr auto x = placeholder<"x", float, "n", 8>;
constexpr auto kernel = variable<"model/kernel", float, 8, 50>(random_normal<1.0, 0.5>);
constexpr auto uniform = variable<"model/uniform", float, 1000>(random_uniform<-2.0, 3.0>);
constexpr auto cut = variable<"model/cut", double, 1000>(truncated_normal<0.0, 0.1>);
constexpr auto bias = variable<"model/bias", float, 50>(full<0.25>);
constexpr auto count = variable<"count", int>(zeros);
constexpr auto scale = variable<"scale", float>(ones);

template <class V>
std::vector<double> elements(const V& v) {
    std::vector<double> r;
    for (const auto e : v) r.push_back(static_cast<double>(e));
    return r;
}
template <class F>
std::string refused(F f) {
    try {
        f();
    } catch (const uninitialized_error& e) {
        return e.what();
    }
    return "not refused";
}

TEST_CASE("first values follow from the seed", "[session]") {
    auto f = function(inputs(), outputs(sum(kernel), sum(uniform), sum(cut), sum(bias)));
    session s(f), again(f), other(f);
    s.initialize(7);
    again.initialize(7);
    other.initialize(8);
    CHECK(elements(s[kernel]) == elements(again[kernel]));
    CHECK(elements(s[uniform]) == elements(again[uniform]));
    CHECK(elements(s[cut]) == elements(again[cut]));
    CHECK(elements(s[kernel]) != elements(other[kernel]));
    CHECK(elements(s[uniform]) != elements(other[uniform]));
    CHECK(elements(s[bias]) == std::vector<double>(50, 0.25));

    auto mean_of = [](const std::vector<double>& v) {
        double r = 0;
        for (const double e : v) r += e / static_cast<double>(v.size());
        return r;
    };
    CHECK(mean_of(elements(s[kernel])) == Approx(1).margin(0.1));
    CHECK(mean_of(elements(s[uniform])) == Approx(0.5).margin(0.2));
    const auto [low, high] = std::ranges::minmax(elements(s[uniform]));
    CHECK(low >= -2);
    CHECK(low < -1.9);
    CHECK(high < 3);
    CHECK(high > 2.9);
    const auto drawn = elements(s[cut]);
    CHECK(std::ranges::all_of(drawn, [](double e) { return std::abs(e) <= 0.2; }));
    CHECK(std::ranges::any_of(drawn, [](double e) { return std::abs(e) > 0.15; }));

    s[kernel] = 0;
    s.initialize(7);   // and again
    CHECK(elements(s[kernel]) == elements(again[kernel]));
    s.initialize();
    other.initialize(0);
    CHECK(elements(s[kernel]) == elements(other[kernel]));
}

TEST_CASE("a variable's first value is its own, whoever else is in the session", "[session]") {
    auto f = function(inputs(), outputs(sum(kernel)));
    auto g = function(inputs(), outputs(sum(uniform), sum(kernel), sum(cut)));
    session small(f);
    session large(g);
    small.initialize(3);
    large.initialize(3);
    CHECK(elements(small[kernel]) == elements(large[kernel]));

    constexpr auto one = variable<"one", float, 100>(random_uniform<>);
    constexpr auto two = variable<"two", float, 100>(random_uniform<>);   // the same but for the name
    auto h = function(inputs(), sum(one * two));
    session s(h);
    s.initialize(3);
    CHECK(elements(s[one]) != elements(s[two]));
}

TEST_CASE("first values that are expressions", "[session]") {
    constexpr auto two = variable<"two", float, 3, 4>(2_c);
    constexpr auto row = variable<"row", float, 3, 4>(iota<4, float> * 0.5_c);
    constexpr auto twice = variable<"twice", float, 3, 4>(2_c * row + two);            // of other variables
    constexpr auto of_that = variable<"of_that", float>(sum(twice));
    constexpr auto noisy = variable<"noisy", float, 8, 50>(kernel + 1_c);
    auto f = function(inputs(), outputs(of_that, noisy));
    session s(f);   // with the variables that first values need
    s.initialize(5);
    CHECK(s[two](2, 3) == 2);
    CHECK(s[row](2, 3) == 1.5f);
    CHECK(s[twice](1, 2) == 4);
    CHECK(s[of_that] == 42.f);
    for (int i = 0; i < 400; ++i) CHECK(s[noisy].data()[i] == s[kernel].data()[i] + 1);
    const auto [value_of, noise] = f(s);
    CHECK(value_of == 42);
    CHECK(noise(3, 3) == s[noisy](3, 3));
}

TEST_CASE("a chain of first values", "[session]") {
    constexpr auto v0 = variable<"v0", double>(ones);
    constexpr auto v1 = variable<"v1", double>(v0 * 2_c);
    constexpr auto v2 = variable<"v2", double>(v1 * 2_c);
    constexpr auto v3 = variable<"v3", double>(v2 * 2_c);
    constexpr auto v4 = variable<"v4", double>(v3 * 2_c);
    constexpr auto v5 = variable<"v5", double>(v4 * 2_c);
    constexpr auto v6 = variable<"v6", double>(v5 * 2_c);
    constexpr auto v7 = variable<"v7", double>(v6 * 2_c);
    constexpr auto v8 = variable<"v8", double>(v7 * 2_c);
    constexpr auto v9 = variable<"v9", double>(v8 * 2_c);
    constexpr auto v10 = variable<"v10", double>(v9 * 2_c);
    constexpr auto v11 = variable<"v11", double>(v10 * 2_c);
    auto f = function(inputs(), v11);
    session s(f);
    s.initialize();
    CHECK(f(s) == 2048);
    CHECK(s.get<"v0">() == 1.0);
    CHECK(s.get<"v7">() == 128.0);
}

TEST_CASE("some variables, and those that have no value yet", "[session]") {
    constexpr auto a = variable<"a", float, 3>(random_normal<>);
    constexpr auto b = variable<"b", float, 2>(random_normal<>);
    constexpr auto c = variable<"c", float, 3>(a * 2_c);
    auto f = function(inputs(), outputs(sum(a) + sum(b) + sum(c)));
    session all(f), some(f);
    CHECK(some.uninitialized() == std::vector<std::string>{"a", "b", "c"});
    all.initialize(7);
    CHECK(all.uninitialized().empty());
    some.initialize(7, c);
    CHECK(some.uninitialized() == std::vector<std::string>{"a", "b"});
    CHECK_THROWS_AS(f(some), uninitialized_error);
    some[a] = tensor{1.f, 2.f, 3.f};
    some.initialize(7, b, c);
    CHECK(some.uninitialized().empty());
    CHECK(some[a](2) == 3.f);   // stays
    for (i64 k = 0; k < 3; ++k) CHECK(some[c](k) == all[c](k));
    for (i64 k = 0; k < 2; ++k) CHECK(some[b](k) == all[b](k));
}

TEST_CASE("reading and writing", "[session]") {
    auto f = function(inputs(x), matmul(x, kernel) + bias * scale);
    session s(f);
    s.initialize(1);
    static_assert(std::is_same_v<decltype(s[kernel].view()), tensor_view<float, 8, 50>>);

    tensor<float, 8, 50> k;
    for (int i = 0; i < 400; ++i) k.data()[i] = static_cast<float>(i);
    s[kernel] = k;
    CHECK(s[kernel](7, 49) == 399);
    CHECK(s.get<"model/kernel">()(1, 0) == 50);
    s.get<"model/kernel">() = 0.5;
    CHECK(s[kernel](3, 3) == 0.5f);
    s[kernel](3, 3) = 2;
    CHECK(s.get<"model/kernel">()(3, 3) == 2);
    tensor<float, dynamic, dynamic> sized(8, 50);
    sized.fill(4);
    s[kernel] = sized;
    CHECK(s[kernel](7, 7) == 4);
    s[kernel] = k.view();
    CHECK(s[kernel](0, 7) == 7);
    s[bias] = std::vector<float>(50, 3);
    CHECK(s[bias](49) == 3);
    s[bias].fill(1);
    CHECK(s[bias](49) == 1);
    s[scale] = 10;
    const float number = s[scale];
    CHECK(number == 10);
    CHECK(s[scale] == 10.f);
    const tensor<float, 8, 50> out(s[kernel].view());
    CHECK(out(0, 7) == 7);
    CHECK(s[bias].size() == 50);
    CHECK(s[kernel].extent(1) == 50);

    tensor<float, 1, 8> in;
    in.fill(1);
    CHECK(f(s, in)(0, 0) == 350 * 4 + 10);   // 0 + 50 + ... + 350

    CHECK_THROWS_AS((s[kernel] = tensor<float, dynamic, dynamic>(50, 8)), shape_error);
    CHECK_THROWS_AS((s[bias] = std::vector<float>(49)), shape_error);
}

TEST_CASE("one session's variable from another's", "[session]") {
    auto f = function(inputs(), outputs(sum(kernel), sum(bias)));
    session s(f), t(f);
    s.initialize(1);
    t.initialize(2);
    t[kernel] = s[kernel];
    CHECK(elements(s[kernel]) == elements(t[kernel]));
    t[kernel](0, 0) = 100;
    CHECK(s[kernel](0, 0) != 100);
    s[bias] = tensor_view<const float, 50>(t[kernel].data());
    CHECK(s[bias](0) == 100);
}

TEST_CASE("a variable that has no value yet", "[session]") {
    auto f = function(inputs(), outputs(sum(kernel) * scale), updates(assign(count, count + 1_c)));
    auto set = function(inputs(), updates(assign(count, 5_c)));
    session s(f, set);
    const std::string text = "\" is used before it is initialised: call session.initialize() or assign it";
    s[scale] = 1;
    CHECK(refused([&] { f(s); }) == "kiln: the variable \"model/kernel" + text);
    s[kernel] = 2;
    CHECK(refused([&] { f(s); }) == "kiln: the variable \"count" + text);
    set(s);   // gives it a value
    CHECK(f(s) == 800);
    CHECK(s[count] == 6);
    float out = 0;
    session empty(f);
    CHECK(refused([&] { f.into(out)(empty); }).find("is used before") != std::string::npos);
    empty.initialize();
    f.into(out)(empty);
    CHECK(out != 0);
}

TEST_CASE("the union of several functions and expressions", "[session]") {
    constexpr auto loss = sum(square(kernel)) + scale;
    auto train = function(inputs(), loss, updates(assign(count, count + 1_c)));
    auto infer = function(inputs(x), matmul(x, kernel) + bias);
    session s(train, infer, uniform * 2_c);
    CHECK(s.size() == 5);
    std::vector<std::string> names;
    for (int k = 0; k < s.size(); ++k) names.push_back(s.name(k));
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"count", "model/bias", "model/kernel", "model/uniform", "scale"});
    s.initialize(1);
    train(s);
    s[kernel] = 1;
    tensor<float, 2, 8> in;
    in.fill(1);
    CHECK(infer(s, in)(1, 49) == 8.25f);
    CHECK(train(s) == 401);
    CHECK(s[count] == 2);

    session only_infer(infer);   // a function with two sessions, and with one that holds more than it needs
    only_infer.initialize(1);
    only_infer[kernel] = 2;
    CHECK(infer(only_infer, in)(0, 0) == 16.25f);
    CHECK(infer(s, in)(0, 0) == 8.25f);
    CHECK(infer(only_infer, x = in)(0, 0) == 16.25f);
}

TEST_CASE("copies of a function share no state but the session's", "[session]") {
    auto step = function(inputs(), count, updates(assign(count, count + 1_c)));
    session s(step), t(step);
    s.initialize();
    t.initialize();
    auto other = step;
    CHECK(step(s) == 0);
    CHECK(other(s) == 1);
    CHECK(other(t) == 0);
    CHECK(step(s) == 2);
    auto moved = std::move(s);   // a session moves with what it stores
    CHECK(step(moved) == 3);
}

TEST_CASE("run", "[session]") {
    auto f = function(inputs(x), matmul(x, kernel) + bias);
    session s(f);
    s.initialize(2);
    tensor<float, 3, 8> in;
    in.fill(1);
    const auto by_function = f(s, in);
    CHECK(std::ranges::equal(s.run(matmul(x, kernel) + bias, x = in), by_function));
    float total = 0;
    for (const float e : s[kernel]) total += e;
    CHECK(s.run(sum(kernel)) == Approx(total));
    CHECK(s.run(2_c + 3_c) == 5);
    auto [row, number] = s.run(outputs(sum<0>(kernel), sum(bias)));
    CHECK(row.size() == 50);
    CHECK(number == 12.5f);
    session empty(f);
    CHECK(refused([&] { empty.run(sum(bias)); }).find("model/bias") != std::string::npos);
}

TEST_CASE("what a session stores, and what a function gave, as arguments", "[session]") {
    constexpr auto row = placeholder<"row", float, 50>;
    auto f = function(inputs(), outputs(sum(kernel), sum(bias)));
    auto twice = function(inputs(row), row * 2_c);
    session s(f);
    s.initialize();
    CHECK(twice(s[bias])(49) == 0.5f);
    CHECK(twice(row = s[bias])(49) == 0.5f);
    CHECK(twice(twice(s[bias]))(0) == 1);
    s[bias] = twice(s[bias]);
    CHECK(s[bias](7) == 0.5f);
    twice.into(s[bias])(s[bias]);
    CHECK(s[bias](7) == 1);
}

TEST_CASE("a session without variables", "[session]") {
    constexpr auto a = placeholder<"a", int>;
    auto f = function(inputs(a), a + 1_c);
    session s(f);
    s.initialize();
    CHECK(s.size() == 0);
    CHECK(f(s, 2) == 3);
    CHECK(f(s, a = 2) == 3);
}

}  // namespace
