// Shapes of nests: short rows that are turned, so that lanes are rows: around one and two vectors, and last groups of fewer rows.
#include "compare.hpp"

#include <sys/mman.h>

namespace kiln::testing {
namespace {

constexpr value layer_norm(value v) {
    const value d = v - mean(v, -1, keepdims);
    return d * rsqrt(mean(square(d), -1, keepdims) + 1e-3);
}
/// Rows of C numbers that are folded, stored, summed over columns and all elements, with values of rows and of columns, labels, bytes and masks.
template <class T, i64 C>
struct turned_program {
    static constexpr auto x = placeholder<"x", T, "n", C>;
    static constexpr auto across = placeholder<"across", T, C, "n">;   // columns lie apart
    static constexpr auto gain = placeholder<"gain", T, C>;
    static constexpr auto scale = placeholder<"scale", T, "n", 1>;
    static constexpr auto label = placeholder<"label", std::int32_t, "n">;
    static constexpr auto bytes = placeholder<"bytes", std::uint8_t, "n", C>;
    static constexpr auto both(value v, value turned, value g, value by, value l, value b) {
        const value loss = mean(softmax_cross_entropy(v * by, l)), normal = sum(layer_norm(v) * g * turned);
        return values{loss, grad(loss, v), normal, grad(normal, v), grad(normal, g), softmax(v + turned) * g, logsumexp(v, -1), sum(v * v, -1), max(v * g, -1),
                      layer_norm(v + cast<T>(b)), v > logsumexp(v, -1, keepdims) - 1.5, sum(exp(v), 0), argmax(v * g, -1)};
    }
    static void check(std::initializer_list<i64> rows) {
        auto f = function(inputs(x, across, gain, scale, label, bytes), trace([](value v, value t, value g, value by, value l, value b) {
            return both(v, transpose(t), g, by, l, b);
        }, x, across, gain, scale, label, bytes));
        for (const i64 n : rows) compare(f, {{"n", n}}, {.tolerance = 1e5, .low_integer = 0, .high_integer = C - 1});
    }
};
TEST_CASE("rows of about one and two vectors", "[cpu][rows]") {
    turned_program<float, 8>::check({1, 7, 8, 9});
    turned_program<float, 10>::check({1, 5, 8, 16, 33});
    turned_program<float, 17>::check({2, 8, 19});
    turned_program<double, 6>::check({1, 3, 4, 5, 17});
    turned_program<double, 9>::check({2, 8, 11});
}
TEST_CASE("what a row gives does not depend on where it lies, and nothing beyond the rows is read or written", "[cpu][rows]") {
    const auto trial = [](auto columns, auto number) {
        constexpr i64 width = columns;
        using T = decltype(number);
        static constexpr auto rows = placeholder<"rows", T, "n", width>;
        static constexpr auto sm = softmax(rows);
        static constexpr auto l = logsumexp<-1>(rows);
        auto f = function(inputs(rows), outputs(sm, l, grad(sum(sm * square(rows)), rows)));
        const std::size_t page = 4096;
        const auto ending_at_a_page = [&](i64 n) {   // and what is behind it must not be touched
            char* const memory = static_cast<char*>(mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
            REQUIRE(memory != MAP_FAILED);
            REQUIRE(mprotect(memory + 2 * page, page, PROT_NONE) == 0);
            return reinterpret_cast<T*>(memory + 2 * page) - n;
        };
        for (const i64 n : {1, 3, 7, 8, 11, 20, 35}) {
            T *const in = ending_at_a_page(n * width), *const out = ending_at_a_page(n * width), *const slope = ending_at_a_page(n * width), *const logs = ending_at_a_page(n);
            T *const before = out - width;
            for (i64 k = 0; k < n * width; ++k) in[k] = static_cast<T>(k * 37 % 101) / 13;
            for (i64 k = 0; k < width; ++k) before[k] = 42;
            f.into(tensor_view<T, dynamic, width>(out, n), tensor_view<T, dynamic>(logs, n), tensor_view<T, dynamic, width>(slope, n))(tensor_view<const T, dynamic, width>(in, n));
            for (i64 row = 0; row < n; ++row) {
                tensor<T, 1, width> one;
                std::memcpy(one.data(), in + row * width, width * sizeof(T));
                const auto [p, s, d] = f(one);
                CHECK(std::memcmp(p.data(), out + row * width, width * sizeof(T)) == 0);
                CHECK(std::memcmp(s.data(), logs + row, sizeof(T)) == 0);
                CHECK(std::memcmp(d.data(), slope + row * width, width * sizeof(T)) == 0);
            }
            for (i64 k = 0; k < width; ++k) CHECK(before[k] == 42);
            for (T* const end : {in + n * width, out + n * width, slope + n * width, logs + n}) munmap(reinterpret_cast<char*>(end) - 2 * page, 3 * page);
        }
    };
    trial(std::integral_constant<i64, 3>{}, 0.0f);
    trial(std::integral_constant<i64, 7>{}, 0.0f);
    trial(std::integral_constant<i64, 9>{}, 0.0f);
    trial(std::integral_constant<i64, 10>{}, 0.0f);
    trial(std::integral_constant<i64, 16>{}, 0.0f);
    trial(std::integral_constant<i64, 18>{}, 0.0f);
    trial(std::integral_constant<i64, 24>{}, 0.0f);
    trial(std::integral_constant<i64, 33>{}, 0.0f);
    trial(std::integral_constant<i64, 4>{}, 0.0);
    trial(std::integral_constant<i64, 6>{}, 0.0);
    trial(std::integral_constant<i64, 9>{}, 0.0);
}
TEST_CASE("rows are written over by what is made of them", "[cpu][rows]") {
    static constexpr auto w = variable<"w", float, 19, 10>(ones);
    static constexpr auto up = placeholder<"up", float, 19, 10>;
    auto f = function(inputs(up), updates(assign(w, softmax(w * up) + w)));
    auto g = function(inputs(up, placeholder<"old", float, 19, 10>), softmax(placeholder<"old", float, 19, 10> * up) + placeholder<"old", float, 19, 10>);
    tensor<float, 19, 10> factors, want;
    for (i64 k = 0; k < factors.size(); ++k) factors.data()[k] = static_cast<float>(k * 29 % 83) / 17 - 2, want.data()[k] = 1;
    session s(f);
    s.initialize();
    for (int step = 0; step < 3; ++step) {
        f(s, factors);
        want = g(factors, want);
    }
    const auto& got = s[w];
    CHECK(std::memcmp(got.data(), want.data(), 190 * sizeof(float)) == 0);
}

}  // namespace
}  // namespace kiln::testing
