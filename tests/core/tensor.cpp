#include <kiln/core/tensor.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

using namespace kiln;

// A tensor can be a temporary of a constant evaluation.
static_assert(tensor<float, 2, 3>()(1, 2) == 0.0f);
static_assert(tensor<int, 2, 3>{{1, 2, 3}, {4, 5, 6}}(1, 0) == 4);
static_assert(tensor<int, dynamic, dynamic>{{1, 2, 3}, {4, 5, 6}}.extents() == std::array<i64, 2>{2, 3});
static_assert(tensor<int, 2, 1, 2>{{{1, 2}}, {{3, 4}}}(1, 0, 1) == 4);
static_assert(tensor<double>(2.5) == 2.5);
static_assert(tensor<int, dynamic>(4).size() == 4 && tensor<int, dynamic>{4}.size() == 1);
static_assert(tensor<int, 2>{1, 2} == tensor<int, dynamic>{1, 2} && tensor<int, 2>{1, 2} != tensor<int, 2>{1, 3});
static_assert([] {
    tensor<int, 2, dynamic> a{{1, 2, 3}, {4, 5, 6}};
    auto b = a.copy();
    b(0, 0) = 7;
    auto c = std::move(b);
    a.assign(c);
    auto d = std::move(a).reshape<dynamic>(6);
    return d[0] == 7 && d[5] == 6 && d.size() == 6 && a.size() == 0;
}());
static_assert([] {
    auto t = tensor<bool, 3>::uninitialized();
    t.fill(true);
    return t[0] && t[1] && t[2];
}());

static_assert(!std::is_copy_constructible_v<tensor<float, 2>> && !std::is_copy_assignable_v<tensor<float, 2>>);
static_assert(std::is_nothrow_move_constructible_v<tensor<float, 2>>);
static_assert(std::is_nothrow_move_assignable_v<tensor<float, dynamic>>);
static_assert(sizeof(tensor<float, 2, 3>) == sizeof(float*));
static_assert(sizeof(bool) == 1 && std::is_same_v<decltype(tensor<bool, 2>().data()), bool*>);
static_assert(!std::is_convertible_v<int, tensor<float, dynamic>>);            // an extent is not a value
static_assert(!std::is_constructible_v<tensor<float, 2>, tensor<float, 3>>);   // known to the compiler
static_assert(!std::is_constructible_v<tensor<float, 2>, tensor<double, 2>>);  // no cast that nobody wrote
static_assert(std::is_same_v<decltype(tensor{{1.0f, 2.0f}, {3.0f, 4.0f}}), tensor<float, dynamic, dynamic>>);
static_assert(std::is_same_v<decltype(tensor{1, 2}), tensor<int, dynamic>>);

TEST_CASE("a static tensor starts at zero and is aligned", "[tensor]") {
    const tensor<float, 3, 5> t;
    CHECK(t.size() == 15);
    CHECK(t.rank() == 2);
    CHECK(t.extent(0) == 3);
    CHECK(t.extent(1) == 5);
    CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0);
    for (const float x : t) CHECK(x == 0.0f);
}

TEST_CASE("large tensors do not begin near each other in their pages", "[tensor]") {
    const auto place = [](const auto& t) { return static_cast<int>(reinterpret_cast<std::uintptr_t>(t.data()) % 4096 / 64); };
    tensor<float, dynamic> nearly(4095), one(4096), two(100000), three(1 << 20);
    const tensor<double, 2048> fixed;
    for (const void* p : {static_cast<const void*>(nearly.data()), static_cast<const void*>(one.data()), static_cast<const void*>(two.data()), static_cast<const void*>(fixed.data())})
        CHECK(reinterpret_cast<std::uintptr_t>(p) % 64 == 0);
    for (const int apart : {place(two) - place(one), place(three) - place(two), place(fixed) - place(three)}) CHECK((apart + 64) % 64 == 19);
    two.fill(1.0f);
    const float* const elements = two.data();
    tensor<float, dynamic, 100> matrix = std::move(two).reshape<dynamic, 100>(1000);   // which gives it back as it was taken
    CHECK(matrix.data() == elements);
    CHECK(matrix(999, 99) == 1.0f);
    nearly = std::move(one);
}

TEST_CASE("dynamic extents are given in order", "[tensor]") {
    tensor<double, dynamic, 4, dynamic> t(2, std::size_t{3});
    CHECK(t.extents() == std::array<i64, 3>{2, 4, 3});
    CHECK(t.size() == 24);
    int next = 0;
    for (double& x : t) x = next++;
    CHECK(t(1, 2, 0) == 18.0);
    CHECK(&t(1, 3, 2) == t.end() - 1);
    CHECK(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0);

    CHECK(tensor<float, dynamic, 4>().empty());
    CHECK_THROWS_AS((tensor<float, dynamic>(-1)), shape_error);
    CHECK_THROWS_AS((tensor<float, dynamic>(-2)), shape_error);
}

TEST_CASE("nested lists give elements and extents", "[tensor]") {
    const tensor<float, 2, 3> fixed{{1, 2, 3}, {4, 5, 6}};
    const tensor<float, dynamic, dynamic> open{{1, 2, 3}, {4, 5, 6}};
    CHECK(open.extents() == fixed.extents());
    CHECK(open == fixed);
    CHECK(open(1, 1) == 5.0f);

    const tensor<i64, 2, dynamic, 2> deep{{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}};
    CHECK(deep.extents() == std::array<i64, 3>{2, 3, 2});
    CHECK(deep(1, 0, 1) == 8);

    CHECK_THROWS_AS((tensor<float, dynamic, dynamic>{{1, 2}, {3}}), shape_error);
    CHECK_THROWS_AS((tensor<float, 1, dynamic, dynamic>{{{1, 2}, {3}}}), shape_error);
    CHECK_THROWS_AS((tensor<float, 2, dynamic, dynamic>{{{1}, {3}}, {{1}}}), shape_error);
    CHECK_THROWS_WITH((tensor<float, 2, 2>{{1, 2, 3}, {4, 5, 6}}), "tensor: expected shape (2, 2), got (2, 3)");
    CHECK_THROWS_WITH((tensor<float, dynamic, 4>{{1, 2, 3}}), "tensor: expected shape (?, 4), got (1, 3)");
    CHECK_THROWS_WITH((tensor<int, 3>{1, 2}), "tensor: expected shape (3,), got (2,)");
}

TEST_CASE("moves hand the elements over, copies are asked for", "[tensor]") {
    tensor<int, dynamic> a{1, 2, 3};
    const int* elements = a.data();
    tensor<int, dynamic> b = std::move(a);
    CHECK(b.data() == elements);
    CHECK(a.size() == 0);   // NOLINT: a moved-from dynamic tensor is empty

    const auto c = b.copy();
    CHECK(c == b);
    CHECK(c.data() != b.data());

    a = std::move(b);
    CHECK(a.data() == elements);

    tensor<int, 2> s{1, 2}, t;
    t = std::move(s);
    CHECK(t[1] == 2);
    s = tensor<int, 2>{5, 6};
    CHECK(s[0] == 5);

    std::vector<tensor<int, dynamic>> many;
    for (int i = 0; i < 10; ++i) many.emplace_back(i);
    CHECK(many[7].size() == 7);
}

TEST_CASE("a tensor is a copy of what can be seen as one", "[tensor]") {
    const std::vector<float> v{1, 2, 3};
    const tensor<float, dynamic> a(v);
    CHECK(a == v);
    const tensor<float, 3> b(v);
    CHECK(b == a);
    CHECK_THROWS_AS((tensor<float, 4>(v)), shape_error);
    const tensor copied(b.view());
    CHECK(std::is_same_v<decltype(copied), const tensor<float, 3>>);
    CHECK(copied == b);
    CHECK(copied.data() != b.data());
}

TEST_CASE("equality is of shapes and of elements", "[tensor]") {
    const tensor<int, dynamic, dynamic> a{{1, 2, 3, 4}}, b{{1, 2}, {3, 4}};
    CHECK(a != b);
    CHECK(b == tensor<int, 2, 2>{{1, 2}, {3, 4}});
    CHECK(b.view() == b);
    CHECK_FALSE(b == tensor<int, 4>{1, 2, 3, 4});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(tensor<double, 1>{nan} == tensor<double, 1>{nan});
}

TEST_CASE("rank 0 and extents of zero", "[tensor]") {
    tensor<double> number = 2.5;
    CHECK(number.size() == 1);
    CHECK(number() == 2.5);
    number() = 3.0;
    const double plain = number;
    CHECK(plain == 3.0);
    CHECK(number.copy() == 3.0);

    const tensor<float, 0, 3> none;
    CHECK(none.size() == 0);
    CHECK(none.begin() == none.end());
    const tensor<float, dynamic, dynamic> open(0, 3);
    CHECK(open == none);
    CHECK(open.copy().extents() == open.extents());
    CHECK(open != tensor<float, dynamic, dynamic>(0, 4));
    CHECK((tensor<float, dynamic>{}).size() == 0);
}

TEST_CASE("a size that cannot be counted is refused", "[tensor]") {
    const i64 big = i64{1} << 32;
    CHECK_THROWS_AS((tensor<char, dynamic, dynamic>(big, big)), shape_error);
    CHECK_THROWS_AS((tensor<double, dynamic>(i64{1} << 61)), shape_error);   // countable, but not in bytes
    CHECK((tensor<char, dynamic, dynamic, dynamic>(big, big, 0)).size() == 0);
}

TEST_CASE("assign and reshape", "[tensor]") {
    tensor<int, dynamic, dynamic> a(2, 3);
    a.assign(tensor<int, 2, 3>{{1, 2, 3}, {4, 5, 6}});
    CHECK(a(1, 2) == 6);
    CHECK_THROWS_WITH(a.assign(tensor<int, 3, 2>()), "tensor: expected shape (2, 3), got (3, 2)");
    CHECK_THROWS_AS(std::move(a).reshape<4>(), shape_error);
    const int* elements = a.data();   // NOLINT: a refused reshape leaves it as it was
    const auto b = std::move(a).reshape<3, dynamic>(2);
    CHECK(b.data() == elements);
    CHECK(b == tensor<int, 3, 2>{{1, 2}, {3, 4}, {5, 6}});
}

TEST_CASE("every element type", "[tensor]") {
    const tensor<bool, dynamic> flags{true, false, true};
    CHECK(flags.data()[2]);
    CHECK_FALSE(flags[1]);
    CHECK(tensor<std::int8_t, 2>{-1, 2}[0] == -1);
    CHECK(tensor<std::uint64_t, 1>{~std::uint64_t{0}}[0] == ~std::uint64_t{0});
    CHECK(tensor<long long, 1>{-1}[0] == -1);
}
