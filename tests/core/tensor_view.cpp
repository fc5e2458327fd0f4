#include <kiln/core/tensor_view.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <span>
#include <type_traits>
#include <vector>

#include <kiln/core/tensor.hpp>

using namespace kiln;

namespace {

// The members by which Eigen's types are known.
template <class T, int Rows, int Cols, bool RowMajor>
struct matrix_like {
    enum { IsRowMajor = RowMajor, RowsAtCompileTime = Rows, ColsAtCompileTime = Cols };
    using PlainObject = matrix_like;
    T* elements;
    int n_rows, n_cols, inner = 1, outer = n_cols;
    T* data() { return elements; }
    const T* data() const { return elements; }
    int rows() const { return n_rows; }
    int cols() const { return n_cols; }
    int size() const { return n_rows * n_cols; }
    int innerStride() const { return inner; }
    int outerStride() const { return outer; }
};
template <class Matrix>
struct map_like : Matrix {
    using PlainObject = Matrix;
};

// The members by which mdspan is known.
template <class T, std::size_t... Static>
struct mdspan_like {
    struct extents_type {
        std::array<std::size_t, sizeof...(Static)> all;
        constexpr std::size_t extent(std::size_t axis) const { return all[axis]; }
    };
    T* elements;
    extents_type sizes;
    std::array<std::size_t, sizeof...(Static)> strides;
    static constexpr std::size_t rank() { return sizeof...(Static); }
    static constexpr std::size_t static_extent(std::size_t axis) { return std::array{Static...}[axis]; }
    constexpr T* data_handle() const { return elements; }
    constexpr const extents_type& extents() const { return sizes; }
    constexpr std::size_t stride(std::size_t axis) const { return strides[axis]; }
};

struct weights {
    tensor<float, 2, 2> kernel{{1, 2}, {3, 4}};
    auto view() { return kernel.view(); }
    auto view() const { return kernel.view(); }
};

constexpr std::array<int, 6> six{1, 2, 3, 4, 5, 6};

template <class X>
constexpr bool is_viewable = viewable<X>;

}  // namespace

static_assert(tensor_view<const int, 2, 3>(six.data())(1, 1) == 5);
static_assert(tensor_view<const int, dynamic, 3>(six.data(), 2)(1, 2) == 6);
static_assert(as_view(six)[5] == 6 && as_view(six).extents() == std::array<i64, 1>{6});
static_assert([] {
    int numbers[6] = {};
    tensor_view<int, 2, 3>(numbers).assign(tensor_view<const int, 2, 3>(six.data()));
    as_view(numbers)[0] = 9;
    return numbers[0] == 9 && numbers[5] == 6;
}());
static_assert([] {
    double x = 1.5;
    const tensor_view<double> number(&x);
    number() = 2.5;
    return number + 1.0;
}() == 3.5);

static_assert(sizeof(tensor_view<float, 2, 3>) == sizeof(float*));
static_assert(std::is_trivially_copyable_v<tensor_view<float, dynamic, 3>>);

// What converts by itself, what when asked for, and what never.
template <class From, class To>
constexpr bool implicit = std::is_convertible_v<From, To>;
template <class From, class To>
constexpr bool on_request = std::is_constructible_v<To, From> && !implicit<From, To>;
template <class From, class To>
constexpr bool never = !std::is_constructible_v<To, From>;

static_assert(implicit<tensor_view<float, 3>, tensor_view<const float, 3>>);
static_assert(implicit<tensor_view<float, 3>, tensor_view<const float, dynamic>>);
static_assert(on_request<tensor_view<float, dynamic>, tensor_view<float, 3>>);
static_assert(never<tensor_view<const float, 3>, tensor_view<float, 3>>);
static_assert(never<tensor_view<float, 4>, tensor_view<float, 3>>);
static_assert(never<tensor_view<float, 4>, tensor_view<float, 2, 2>>);
static_assert(never<tensor_view<float, 3>, tensor_view<const double, 3>>);
static_assert(implicit<tensor<float, 3>&, tensor_view<float, dynamic>>);
static_assert(implicit<const tensor<float, 3>&, tensor_view<const float, 3>>);
static_assert(never<const tensor<float, 3>&, tensor_view<float, 3>>);
static_assert(implicit<tensor<float, 3>, tensor_view<const float, 3>>);
static_assert(never<tensor<float, 3>, tensor_view<float, 3>>);   // what is written to a temporary is lost
static_assert(implicit<std::vector<float>&, tensor_view<float, dynamic>>);
static_assert(on_request<std::vector<float>&, tensor_view<float, 3>>);
static_assert(implicit<std::span<float>, tensor_view<float, dynamic>>);
static_assert(on_request<std::span<float>, tensor_view<float, 3>>);
static_assert(implicit<std::span<float, 3>, tensor_view<float, 3>>);
static_assert(implicit<std::array<float, 3>&, tensor_view<float, 3>>);
static_assert(implicit<float (&)[2][3], tensor_view<const float, 2, 3>>);
static_assert(implicit<weights&, tensor_view<float, 2, 2>> && never<const weights&, tensor_view<float, 2, 2>>);
static_assert(on_request<float*, tensor_view<float, 3>> && never<float*, tensor_view<float, dynamic>>);
static_assert(!is_viewable<float> && !is_viewable<float*> && !is_viewable<std::vector<bool>&> &&
              !is_viewable<std::vector<float*>&>);
static_assert(std::is_constructible_v<std::span<float>, tensor_view<float, dynamic>>);
static_assert(std::is_convertible_v<tensor_view<float, 3>, std::span<const float>>);

TEST_CASE("a view reads and writes through", "[tensor_view]") {
    std::vector<float> v(12);
    const tensor_view<float, 3, dynamic> view(v.data(), 4);
    CHECK(view.size() == 12);
    CHECK(view.rank() == 2);
    view.fill(2.0f);
    view(2, 3) = 5.0f;
    CHECK(v[0] == 2.0f);
    CHECK(v[11] == 5.0f);
    CHECK(view.end() - view.begin() == 12);
    const tensor_view<const float, dynamic, dynamic> other = view;
    CHECK(other == view);
    CHECK(other.data() == v.data());
    CHECK(tensor_view<float, dynamic, 3>().empty());
    CHECK_THROWS_AS((tensor_view<float, dynamic>(v.data(), -1)), shape_error);
}

TEST_CASE("an unknown extent that becomes a number is checked", "[tensor_view]") {
    std::vector<int> v{1, 2, 3, 4, 5, 6};
    const tensor_view<int, dynamic, dynamic> open(v.data(), 2, 3);
    CHECK(tensor_view<int, 2, 3>(open)(1, 0) == 4);
    CHECK_THROWS_WITH((tensor_view<int, 3, dynamic>(open)), "tensor: expected shape (3, ?), got (2, 3)");
    CHECK_THROWS_WITH((tensor_view<int, 5>(std::span(v))), "tensor: expected shape (5,), got (6,)");
    CHECK_THROWS_AS((tensor_view<int, 5>(v)), shape_error);
}

TEST_CASE("assign checks the shape", "[tensor_view]") {
    int a[2][3] = {}, b[2][3] = {{1, 2, 3}, {4, 5, 6}};
    as_view(a).assign(b);
    CHECK(a[1][2] == 6);
    const tensor_view<int, dynamic> open(&a[0][0], 3);
    open.assign(std::array{7, 8, 9});
    CHECK(a[0][2] == 9);
    CHECK_THROWS_WITH(open.assign(std::vector{1, 2}), "tensor: expected shape (3,), got (2,)");
}

TEST_CASE("spans, vectors and arrays are seen with the extents they know", "[tensor_view]") {
    std::vector<double> v{1, 2};
    const std::array<double, 2> a{1, 2};
    const double c[2][1][2] = {{{1, 2}}, {{3, 4}}};
    CHECK(std::is_same_v<decltype(as_view(v)), tensor_view<double, dynamic>>);
    CHECK(std::is_same_v<decltype(as_view(std::vector{1.0})), tensor_view<const double, dynamic>>);
    CHECK(std::is_same_v<decltype(as_view(std::span(v))), tensor_view<double, dynamic>>);
    CHECK(std::is_same_v<decltype(as_view(a)), tensor_view<const double, 2>>);
    CHECK(std::is_same_v<decltype(as_view(c)), tensor_view<const double, 2, 1, 2>>);
    CHECK(as_view(v) == as_view(a));
    CHECK(as_view(c)(1, 0, 1) == 4.0);
    CHECK(as_view(c).size() == 4);
    const std::span<const double> back = as_view(v);
    CHECK(back.size() == 2);
}

TEST_CASE("Eigen's matrices are seen by their members", "[tensor_view]") {
    float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    using matrix = matrix_like<float, -1, 4, true>;
    matrix m{x, 3, 4};
    CHECK(std::is_same_v<decltype(as_view(m)), tensor_view<float, dynamic, 4>>);
    CHECK(as_view(m)(2, 1) == 9.0f);
    CHECK(std::is_same_v<view_of<matrix>, tensor_view<const float, dynamic, 4>>);
    CHECK(std::is_same_v<view_of<map_like<matrix>>, tensor_view<float, dynamic, 4>>);

    matrix rows_apart{x, 2, 4, 1, 6}, one_row{x, 1, 4, 1, 6}, every_second{x, 3, 2, 2, 4};
    CHECK_THROWS_WITH(as_view(rows_apart), "tensor: the elements are not contiguous in row-major order");
    CHECK(as_view(one_row).size() == 4);
    CHECK_THROWS_AS(as_view(every_second), shape_error);

    matrix_like<float, -1, 1, false> column{x, 12, 1, 1, 12}, strided{x, 3, 1, 4, 12};
    CHECK(std::is_same_v<decltype(as_view(column)), tensor_view<float, dynamic>>);
    CHECK(as_view(column).extent(0) == 12);
    CHECK_THROWS_AS(as_view(strided), shape_error);
}

TEST_CASE("mdspan is seen by its members", "[tensor_view]") {
    int x[24] = {};
    x[23] = 7;
    const mdspan_like<int, std::size_t(-1), 3, 4> m{x, {{2, 3, 4}}, {12, 4, 1}};
    const auto view = as_view(m);
    CHECK(std::is_same_v<decltype(view), const tensor_view<int, dynamic, 3, 4>>);
    CHECK(view(1, 2, 3) == 7);
    using two = mdspan_like<int, std::size_t(-1), std::size_t(-1)>;
    CHECK_THROWS_AS(as_view(two{x, {{2, 3}}, {1, 2}}), shape_error);     // column-major
    CHECK_THROWS_AS(as_view(two{x, {{2, 3}}, {4, 1}}), shape_error);     // padded rows
    CHECK(as_view(two{x, {{1, 3}}, {99, 1}}).size() == 3);               // a single row has no next one
    CHECK(as_view(two{x, {{0, 3}}, {99, 99}}).empty());
    CHECK(as_view(mdspan_like<int>{x, {}, {}}) == 0);
}

TEST_CASE("a class may say itself how it is seen", "[tensor_view]") {
    weights w;
    as_view(w)(0, 1) = 5.0f;
    CHECK(w.kernel(0, 1) == 5.0f);
    CHECK(tensor<float, 2, 2>{{1, 5}, {3, 4}} == w);
}
