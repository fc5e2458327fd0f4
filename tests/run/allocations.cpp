// After the first call with given extents nothing is allocated: `operator new` is counted.
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <new>
#include <vector>

namespace {
long allocations = 0;

void* counted_or_null(std::size_t n, std::size_t alignment) noexcept {
    ++allocations;
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

}  // namespace
