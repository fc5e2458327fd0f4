// After the first call with given extents nothing is allocated: `operator new` is counted.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
long allocations = 0;
int aligned_to_huge_pages = 0;
std::size_t aligned_bytes = 0;   // of allocations with an alignment of their own
std::size_t most_aligned_bytes = SIZE_MAX;   // of one of them; there is no memory for more

void* counted_or_null(std::size_t n, std::size_t alignment) noexcept {
    ++allocations;
    if (alignment > alignof(std::max_align_t)) aligned_bytes += n;
    aligned_to_huge_pages += alignment == std::size_t{2} << 20;
    if (alignment > alignof(std::max_align_t) && n > most_aligned_bytes) return nullptr;
    n = (n + alignment - 1) / alignment * alignment;
    return alignment > alignof(std::max_align_t) ? std::aligned_alloc(alignment, n) : std::malloc(n > 0 ? n : 1);
}
void* counted(std::size_t n, std::size_t alignment) {
    void* p = counted_or_null(n, alignment);
    if (!p) throw std::bad_alloc();
    return p;
}
[[gnu::noinline]] void released(void* p) { std::free(p); }   // inlined, g++ warns of a pair that does not match
}  // namespace

void* operator new(std::size_t n) { return counted(n, 1); }
void* operator new[](std::size_t n) { return counted(n, 1); }
void* operator new(std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return counted_or_null(n, 1); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return counted_or_null(n, 1); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return counted_or_null(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return counted_or_null(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { released(p); }
void operator delete[](void* p) noexcept { released(p); }
void operator delete(void* p, std::size_t) noexcept { released(p); }
void operator delete[](void* p, std::size_t) noexcept { released(p); }
void operator delete(void* p, std::align_val_t) noexcept { released(p); }
void operator delete[](void* p, std::align_val_t) noexcept { released(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { released(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { released(p); }

using namespace kiln;

namespace {

template <class F>
long allocations_in(F f) {
    const long before = allocations;
    f();
    return allocations - before;
}

constexpr auto images = placeholder<"images", float, "batch", 20>;
constexpr auto labels = placeholder<"labels", int, "batch">;
constexpr auto logits = nn::dense<7, "readout">(tanh(nn::dense<33, "hidden">(images)));
constexpr auto loss = mean(softmax_cross_entropy(logits, labels));

TEST_CASE("the count counts", "[allocations]") {
    CHECK(allocations_in([] { tensor<float, 100> t; }) == 1);
    CHECK(allocations_in([] { std::vector<int> v(3); }) == 1);
}

TEST_CASE("into the caller's memory", "[allocations]") {
    constexpr auto x = placeholder<"x", float, "n", 9>;
    auto f = function(inputs(x), outputs(softmax(x), sum<0>(exp(x)), matmul(transpose(x), x), sum(x)));
    tensor<float, 50, 9> in;
    tensor<float, 50, 9> soft;
    tensor<float, 9> columns;
    tensor<float, 9, 9> product;
    float total = 0;
    auto call = [&](i64 n) {
        f.into(tensor_view<float, dynamic, 9>(soft.data(), n), columns, product, total)(tensor_view<const float, dynamic, 9>(in.data(), n));
    };
    CHECK(allocations_in([&] { call(50); }) > 0);
    CHECK(allocations_in([&] { call(50); }) == 0);
    CHECK(allocations_in([&] { for (int k = 0; k < 10; ++k) call(50); }) == 0);
    CHECK(allocations_in([&] { call(20); }) == 0);   // less needs no other arena
    CHECK(allocations_in([&] { call(50); }) == 0);
    CHECK(allocations_in([&] { call(0); }) == 0);

    auto g = function(inputs(x), sum(x));   // a number needs no memory either
    g(in);
    CHECK(allocations_in([&] { total = g(in); }) == 0);
    CHECK(allocations_in([&] { total = g(x = in); }) == 0);
}

TEST_CASE("a step of training", "[allocations]") {
    auto train = function(inputs(images, labels), loss, updates(nn::adam(loss)));
    auto classify = function(inputs(images), argmax<1>(logits));
    session s(train, classify);
    s.initialize(1);
    tensor<float, 64, 20> in;
    tensor<int, 64> answers;
    for (int i = 0; i < 64 * 20; ++i) in.data()[i] = static_cast<float>(i % 11) / 10;
    for (int i = 0; i < 64; ++i) answers(i) = i % 7;
    const tensor_view<const float, dynamic, 20> batch(in.data(), 64);
    const tensor_view<const int, dynamic> truth(answers.data(), 64);
    float cost = 0, first = 0;
    first = train(s, batch, truth);
    CHECK(allocations_in([&] { cost = train(s, batch, truth); }) == 0);
    CHECK(allocations_in([&] { cost = train(s, images = batch, labels = truth); }) == 0);
    CHECK(allocations_in([&] { train.into(cost)(s, batch, truth); }) == 0);
    CHECK(allocations_in([&] { for (int k = 0; k < 20; ++k) cost = train(s, batch, truth); }) == 0);
    CHECK(cost < first);
    using result = decltype(classify(s, batch))::value_type;
    tensor<result, 64> out;
    classify.into(out)(s, batch);
    CHECK(allocations_in([&] { classify.into(out)(s, batch); }) == 0);
    CHECK(allocations_in([&] { s.get<"readout/bias">() = 0; }) == 0);
}

template <class F, class... X>
long arena_allocated_in(F& f, const X&... x) {
    const std::size_t before = aligned_bytes;
    f(x...);
    return static_cast<long>(aligned_bytes - before);
}
TEST_CASE("the arena is what the plan says", "[allocations]") {
    constexpr auto x = placeholder<"x", float, 64, 300>;
    constexpr auto w = placeholder<"w", float, 300, 200>;
    constexpr auto graph = mean(logsumexp<1>(tanh(matmul(x, w))));
    const std::vector<float> xs(64 * 300, 0.5f), ws(300 * 200, 0.25f);
    const tensor_view<const float, 64, 300> data(xs.data());
    const tensor_view<const float, 300, 200> weights(ws.data());
    {   // results are the caller's: what is allocated with an alignment is the arena
        auto f = function(inputs(x, w), outputs(graph, sum(grad(graph, w)), sum(grad(graph, x))));
        constexpr plan_summary p = summary_of<typename decltype(f)::L>();
        CHECK(p.arena_bytes.at() > 64 * 200 * 4);
        CHECK(arena_allocated_in(f, data, weights) == p.arena_bytes.at());
        CHECK(f.arena_bytes() == p.arena_bytes.at());
        CHECK(arena_allocated_in(f, data, weights) == 0);
    }
    {   // at most, where extents have names
        constexpr auto y = placeholder<"y", float, "n", "k">;
        auto f = function(inputs(y), outputs(sum(softmax(matmul(y, transpose(y)))), sum(exp(y) / (1_c + sum<1, keepdims>(exp(y))))));
        auto without_products = function(inputs(y), sum(transpose(softmax(y)) * softmax(transpose(y))));
        constexpr plan_summary q = summary_of<typename decltype(without_products)::L>();
        constexpr plan_summary p = summary_of<typename decltype(f)::L>();
        for (const i64 n : {1, 7, 50, 300}) {
            f(tensor_view<const float, dynamic, dynamic>(xs.data(), n, i64{60}));
            CHECK(f.arena_bytes() <= p.arena_bytes.at(n, 60));
        }
        without_products(tensor_view<const float, dynamic, dynamic>(xs.data(), i64{300}, i64{60}));
        CHECK(without_products.arena_bytes() <= q.arena_bytes.at(300, 60));
        CHECK(without_products.arena_bytes() > q.arena_bytes.at(300, 60) * 9 / 10);
    }
    {   // a large one begins with a huge page
        constexpr auto y = placeholder<"y", double, 2000, 1000>;
        auto f = function(inputs(y), outputs(sum(matmul(transpose(y), y) * matmul(transpose(y), exp(y)))));
        constexpr plan_summary p = summary_of<typename decltype(f)::L>();
        CHECK(p.arena_bytes.at() > 2000 * 1000 * 8);
        const std::vector<double> ys(2000 * 1000, 0.5);
        CHECK(arena_allocated_in(f, tensor_view<const double, 2000, 1000>(ys.data())) == p.arena_bytes.at());
        CHECK(aligned_to_huge_pages == 1);
    }
}

TEST_CASE("without memory for an arena a call throws, and so does the next", "[run]") {
    constexpr auto x = placeholder<"x", float, "n", 60>;
    auto f = function(inputs(x), outputs(sum<1>(matmul(softmax(x), transpose(softmax(x))))));
    std::vector<float> xs(300 * 60, 0.5f), sums(300);
    const auto call = [&](i64 n) { f.into(tensor_view<float, dynamic>(sums.data(), n))(tensor_view<const float, dynamic, 60>(xs.data(), n)); };
    call(4);
    most_aligned_bytes = 16384;
    CHECK_THROWS_AS(call(300), std::bad_alloc);
    CHECK_THROWS_AS(call(300), std::bad_alloc);   // not in the arena of the first call
    most_aligned_bytes = SIZE_MAX;
    for (const i64 n : {4, 300}) {
        call(n);
        for (i64 k = 0; k < n; ++k) CHECK(sums[static_cast<std::size_t>(k)] == Approx(static_cast<double>(n) / 60));
    }
}

}  // namespace
