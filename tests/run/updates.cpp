// Updates see the old values and outputs are from before them, whatever the new value reads; givens put an expression in the
// place of another.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <vector>

using namespace kiln;

namespace {

constexpr auto inc = placeholder<"inc", int>;
constexpr auto state = variable<"state", int>(zeros);
constexpr auto v = placeholder<"v", float, "n">;
constexpr auto p = variable<"p", float, 40>(zeros);
constexpr auto q = variable<"q", float, 40>(ones);
constexpr auto w = variable<"w", float, 19, 19>(zeros);
constexpr auto wide = variable<"wide", float, 3, 5>(zeros);

template <class T>
void count_up(T&& to, float from = 0) {
    std::iota(to.begin(), to.end(), from);
}

TEST_CASE("an accumulator", "[updates]") {
    auto accumulate = function(inputs(inc), state, updates(assign(state, state + inc)));
    auto decrement = function(inputs(inc), state, updates(assign(state, state - inc)));
    session s(accumulate, decrement);
    s.initialize();
    CHECK(accumulate(s, 1) == 0);   // the value before the update
    CHECK(accumulate(s, 300) == 1);
    CHECK(s[state] == 301);
    s[state] = -1;
    CHECK(accumulate(s, 3) == -1);
    CHECK(decrement(s, 2) == 2);
    CHECK(s[state] == 0);
    CHECK(accumulate(s, inc = 5) == 0);
    CHECK(s[state] == 5);
}

TEST_CASE("an update without outputs, and an output of the new value", "[updates]") {
    auto set = function(inputs(inc), updates(assign(state, inc * 2_c)));
    auto step = function(inputs(inc), outputs(state, state + inc), updates(assign(state, state + inc)));
    session s(set, step);
    static_assert(std::is_void_v<decltype(set(s, 1))>);
    set(s, 21);   // not read, so it needs no value before
    CHECK(s[state] == 42);
    auto [before, after] = step(s, 8);
    CHECK(before == 42);
    CHECK(after == 50);
    CHECK(s[state] == 50);
}

TEST_CASE("assign_add and assign_sub", "[updates]") {
    constexpr auto n = variable<"n", std::int8_t>(full<100>);
    constexpr auto d = variable<"d", double, 2>(ones);
    auto f = function(inputs(), n, updates(assign_add(n, 100_c), assign_sub(d, 0.25_c)));
    session s(f);
    s.initialize();
    CHECK(f(s) == 100);   // outputs are from before the update
    CHECK(std::int8_t(s[n]) == -56);
    CHECK(s[d](1) == 0.75);
}

TEST_CASE("two variables that change places", "[updates]") {
    auto swap = function(inputs(), outputs(sum(p), sum(q)), updates(assign(p, q), assign(q, p)));
    session s(swap);
    s.initialize();
    count_up(s[p]);
    auto [sum_p, sum_q] = swap(s);
    CHECK(sum_p == 780);
    CHECK(sum_q == 40);
    for (int i = 0; i < 40; ++i) {
        CHECK(s[p](i) == 1);
        CHECK(s[q](i) == static_cast<float>(i));
    }
    swap(s);
    CHECK(s[p](39) == 39);
    CHECK(s[q](39) == 1);

    auto both = function(inputs(), updates(assign(p, q + 1_c), assign(q, p * 2_c)));
    both(s);
    for (int i = 0; i < 40; ++i) {
        CHECK(s[p](i) == 2);
        CHECK(s[q](i) == static_cast<float>(2 * i));
    }
    auto fibonacci = function(inputs(), updates(assign(p, q), assign(q, p + q)));
    s[p] = 0;
    s[q] = 1;
    for (int i = 0; i < 10; ++i) fibonacci(s);
    CHECK(s[p](17) == 55);
    CHECK(s[q](17) == 89);
}

TEST_CASE("a cycle of three", "[updates]") {
    constexpr auto r = variable<"r", float, 40>(zeros);
    auto turn = function(inputs(), updates(assign(p, q), assign(q, r), assign(r, p)));
    session s(turn);
    s[p] = 1;
    s[q] = 2;
    s[r] = 3;
    turn(s);
    CHECK(s[p](5) == 2);
    CHECK(s[q](5) == 3);
    CHECK(s[r](5) == 1);
}

TEST_CASE("a new value that reads the variable in another order", "[updates]") {
    auto turn = function(inputs(), updates(assign(w, transpose(w))));
    session s(turn);
    s[w] = 0;
    count_up(s[w]);
    turn(s);
    for (int i = 0; i < 19; ++i)
        for (int j = 0; j < 19; ++j) CHECK(s[w](i, j) == static_cast<float>(19 * j + i));
    turn(s);
    CHECK(s[w](0, 1) == 1);

    auto symmetric = function(inputs(), w, updates(assign(w, w + transpose(w))));
    const auto before = symmetric(s);
    for (int i = 0; i < 19; ++i)
        for (int j = 0; j < 19; ++j) {
            CHECK(before(i, j) == static_cast<float>(19 * i + j));
            CHECK(s[w](i, j) == static_cast<float>(20 * (i + j)));
        }
}

TEST_CASE("a new value that reads the whole variable", "[updates]") {
    auto square_of = function(inputs(), updates(assign(w, matmul(w, w))));
    auto centre = function(inputs(), updates(assign(wide, wide - mean(wide))));
    auto soft = function(inputs(), updates(assign(wide, softmax(wide))));
    auto shift = function(inputs(), updates(assign(wide, wide - expand_dims<0>(mean<0>(wide)))));
    session s(square_of, centre, soft, shift);
    s[w] = 0;
    count_up(s[w]);
    square_of(s);
    for (int i = 0; i < 19; ++i)
        for (int j = 0; j < 19; ++j) {
            double want = 0;
            for (int k = 0; k < 19; ++k) want += (19.0 * i + k) * (19.0 * k + j);
            CHECK(static_cast<double>(s[w](i, j)) == want);
        }
    s[wide] = 0;
    count_up(s[wide]);
    centre(s);
    CHECK(s[wide](0, 0) == -7);
    CHECK(s[wide](2, 4) == 7);
    count_up(s[wide]);
    shift(s);
    for (int j = 0; j < 5; ++j) {
        CHECK(s[wide](0, j) == -5);
        CHECK(s[wide](1, j) == 0);
        CHECK(s[wide](2, j) == 5);
    }
    soft(s);
    for (const float x : s[wide]) CHECK(x == Approx(0.2));
}

TEST_CASE("a matmul whose operands change", "[updates]") {
    constexpr auto left = variable<"left", float, 6, 6>(zeros);
    constexpr auto right = variable<"right", float, 6, 6>(zeros);
    auto step = function(inputs(), outputs(sum(matmul(left, right))),
                         updates(assign(left, matmul(left, right)), assign(right, right + left)));
    session s(step);
    std::vector<double> l(36), r(36), next(36);
    s[left] = 0;
    s[right] = 0;
    for (int i = 0; i < 36; ++i) {
        l[static_cast<std::size_t>(i)] = i % 3;
        r[static_cast<std::size_t>(i)] = i % 5 - 1;
        s[left].data()[i] = static_cast<float>(i % 3);
        s[right].data()[i] = static_cast<float>(i % 5 - 1);
    }
    for (int n = 0; n < 3; ++n) {
        double total = 0;
        for (std::size_t i = 0; i < 6; ++i)
            for (std::size_t j = 0; j < 6; ++j) {
                next[6 * i + j] = 0;
                for (std::size_t k = 0; k < 6; ++k) next[6 * i + j] += l[6 * i + k] * r[6 * k + j];
                total += next[6 * i + j];
            }
        for (std::size_t i = 0; i < 36; ++i) r[i] += l[i];
        l = next;
        CHECK(static_cast<double>(step(s)) == total);
        for (int i = 0; i < 36; ++i) {
            CHECK(static_cast<double>(s[left].data()[i]) == l[static_cast<std::size_t>(i)]);
            CHECK(static_cast<double>(s[right].data()[i]) == r[static_cast<std::size_t>(i)]);
        }
    }
}

TEST_CASE("a number, and what broadcasts, as a new value", "[updates]") {
    constexpr auto row = placeholder<"row", float, 5>;
    auto f = function(inputs(row), updates(assign(wide, row), assign(p, 2.5_c)));
    session s(f);
    f(s, tensor{1.f, 2.f, 3.f, 4.f, 5.f});
    CHECK(s[wide](0, 4) == 5);
    CHECK(s[wide](2, 1) == 2);
    CHECK(s[p](39) == 2.5f);
}

TEST_CASE("updates with extents of the call", "[updates]") {
    constexpr auto n_seen = variable<"n_seen", float>(zeros);
    constexpr auto mean_seen = variable<"mean_seen", float>(zeros);
    constexpr auto n = n_seen + sum(v * 0_c + 1_c);
    auto f = function(inputs(v), updates(assign(n_seen, n), assign(mean_seen, (mean_seen * n_seen + sum(v)) / n)));
    session s(f);
    s.initialize();
    f(s, std::vector{1.f, 2.f, 3.f});
    f(s, std::vector{6.f});
    f(s, std::vector{4.f, 8.f});
    CHECK(s[n_seen] == 6.f);
    CHECK(s[mean_seen] == Approx(4));
}

TEST_CASE("a variable assigned from the input and returned", "[updates]") {
    constexpr auto last = variable<"last", float, 4>(zeros);
    constexpr auto x = placeholder<"x", float, 4>;
    auto f = function(inputs(x), outputs(last, x), updates(assign(last, x)));
    session s(f);
    s.initialize();
    auto [before, given] = f(s, tensor{1.f, 2.f, 3.f, 4.f});
    CHECK(before(3) == 0);
    CHECK(given(3) == 4);
    CHECK(s[last](3) == 4);
    CHECK(std::get<0>(f(s, tensor<float, 4>()))(2) == 3);
}

TEST_CASE("givens", "[givens]") {
    constexpr auto x = placeholder<"x", double>;
    constexpr auto y = placeholder<"y", double>;
    constexpr auto z = placeholder<"z", double>;
    constexpr auto middle = x * y;
    constexpr auto out = exp(middle) + middle;

    auto of_variable = function(inputs(inc), state * 2_c + inc, givens(state = 3_c * inc));
    CHECK(of_variable(5) == 35);   // no session: there is no variable left
    auto of_placeholder = function(inputs(x), out, givens(y = x + 1_c));
    CHECK(of_placeholder(2.0) == Approx(std::exp(6) + 6));
    auto of_intermediate = function(inputs(z), out, givens(middle = z));   // x and y are needed no more
    CHECK(of_intermediate(1.5) == Approx(std::exp(1.5) + 1.5));
    auto of_both = function(inputs(z), x - y, givens(x = square(z), y = z + 1_c));
    CHECK(of_both(3.0) == 5);
    auto swapped = function(inputs(x, y), x - y, givens(x = y, y = x));    // at once, not one after the other
    CHECK(swapped(5, 3) == -2);
    auto in_update = function(inputs(inc), state, updates(assign(state, state + inc)), givens(inc = inc * 10_c));
    session s(in_update);
    s.initialize();
    in_update(s, 2);
    CHECK(s[state] == 20);
}

}  // namespace
