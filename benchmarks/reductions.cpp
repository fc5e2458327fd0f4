// Sums, sums of squares, maxima and inner products of n floats, sums of the columns of a matrix: kiln, AVX-512 or AVX2 by hand, Eigen. kiln's maximum is NaN
// where an element is, and so is that of its rivals here.
#include "rivals/eigen.hpp"
#if KILN_BENCH_HAND
#include "rivals/reductions.hpp"
#endif

using namespace kiln;

template <i64 N>
void add() {
    static constexpr auto x = placeholder<"x", float, N>;
    static auto sum_of = function(inputs(x), sum(x));
    static auto squares_of = function(inputs(x), sum(square(x)));
    static auto max_of = function(inputs(x), max(x));
    static constexpr auto y = placeholder<"y", float, N>;
    static auto dot_of = function(inputs(x, y), dot(x, y));
    static auto& in = lasting<tensor<float, N>>();
    static auto& second = lasting<tensor<float, N>>();
    static Eigen::Map<Eigen::ArrayXf> array(in.data(), N);
    static Eigen::Map<Eigen::VectorXf> left(in.data(), N), right(second.data(), N);
    static float one, other;
    scatter(in);
    scatter(second);
    const std::string size = std::to_string(N);

    row sums("sum", size, {1.0 * N, 4.0 * N});
    sums.within(1e-4).kiln([] { sum_of.into(one)(in); }, one);
    row squares("sum_of_squares", size, {2.0 * N, 4.0 * N});
    squares.within(1e-4).kiln([] { squares_of.into(one)(in); }, one);
    row maxima("max", size, {1.0 * N, 4.0 * N});
    maxima.within(0).kiln([] { max_of.into(one)(in); }, one);
#if KILN_BENCH_HAND
    sums.rival("hand", [] { other = hand::sum<N>(in.data()); }, other);
    squares.rival("hand", [] { other = hand::sum_of_squares<N>(in.data()); }, other);
    maxima.rival("hand", [] { other = hand::largest<N>(in.data()); }, other);
#endif
    row dots("dot", size, {2.0 * N, 8.0 * N});
    dots.within(1e-4).kiln([] { dot_of.into(one)(in, second); }, one);
    dots.rival("eigen", [] { other = left.dot(right); }, other);
    sums.rival("eigen", [] { other = array.sum(); }, other);
    squares.rival("eigen", [] { other = array.square().sum(); }, other);
    maxima.rival("eigen", [] { other = array.maxCoeff<Eigen::PropagateNaN>(); }, other);

    const float before = in.data()[N / 3];
    in.data()[N / 3] = std::numeric_limits<float>::quiet_NaN();
    max_of.into(one)(in);
    if (one == one) std::exit(std::fprintf(stderr, "max: kiln lost a NaN\n"));
#if KILN_BENCH_HAND
    other = hand::largest<N>(in.data());
    if (other == other) std::exit(std::fprintf(stderr, "max: the rival lost a NaN\n"));
#endif
    in.data()[N / 3] = before;
}

template <extent R, extent C, i64 Rows, i64 Columns>
void add_columns() {
    static constexpr auto x = placeholder<"x", float, R, C>;
    static auto f = function(inputs(x), sum<0>(x));
    static constexpr bool known = R.n_names() == 0;
    static auto in = [] {
        if constexpr (known) return tensor<float, Rows, Columns>();
        else return tensor<float, dynamic, dynamic>(Rows, Columns);
    }();
    static tensor<float, Columns> out, other;
    static Eigen::Map<matrix> as_eigen(in.data(), Rows, Columns);
    scatter(in);
    row r("sum_of_columns", std::to_string(Rows) + "x" + std::to_string(Columns) + (known ? "" : "_at_run_time"), {1.0 * Rows * Columns, 4.0 * Rows * Columns});
    r.within(1e-4).kiln([] { f.into(out)(in); }, out);
#if KILN_BENCH_HAND
    r.rival("hand", [] { hand::sum_of_columns<Rows, Columns>(in.data(), other.data()); }, other);
#endif
    r.rival("eigen", [] { Eigen::Map<row_vector>(other.data(), Columns).noalias() = as_eigen.colwise().sum(); }, other);
}

int main(int argc, char** argv) {
    add_columns<1'000, 10, 1'000, 10>();
    add_columns<1'000, 50, 1'000, 50>();
    add_columns<"n", "w", 10'000, 16>();
    add_columns<"n", "w", 64, 128>();
    add<777>();
    add<1'000>();
    add<10'000>();
    add<100'000>();
    return run_all(argc, argv);
}
