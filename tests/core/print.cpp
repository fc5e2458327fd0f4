#include <kiln/core/print.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>

using namespace kiln;

TEST_CASE("vectors and matrices stand in brackets", "[print]") {
    CHECK(to_string(tensor<int, 3>{1, 2, 3}) == "[1 2 3]");
    CHECK(to_string(tensor<int, 2, 3>{{1, 2, 3}, {4, 5, 60}}) == "[[ 1  2  3]\n [ 4  5 60]]");
    CHECK(to_string(tensor<float, 2, 2>{{1, -2}, {0.5f, 0.1f}}) == "[[ 1. -2.]\n [0.5 0.1]]");
    CHECK(to_string(tensor<bool, 2>{true, false}) == "[ true false]");
    CHECK(to_string(tensor<std::int8_t, 2>{65, -1}) == "[65 -1]");
}

TEST_CASE("matrices of a tensor are apart", "[print]") {
    CHECK(to_string(tensor<int, 2, 2, 1>{{{1}, {2}}, {{3}, {4}}}) == "[[[1]\n  [2]]\n\n [[3]\n  [4]]]");
    tensor<int, 2, 1, 1, 1> deep;
    CHECK(to_string(deep) == "[[[[0]]]\n\n\n [[[0]]]]");
}

TEST_CASE("rank 0 and no elements", "[print]") {
    CHECK(to_string(tensor<double>(2.5)) == "2.5");
    CHECK(to_string(tensor<double, 0, 3>()) == "[]");
}

TEST_CASE("a number reads back as itself", "[print]") {
    const auto text = [](auto x) { return to_string(tensor<decltype(x)>(x)); };
    CHECK(text(1.0f) == "1.");
    CHECK(text(0.1f) == "0.1");
    CHECK(text(0.1) == "0.1");
    CHECK(text(-0.0) == "-0.");
    CHECK(text(100000.0) == "100000.");
    CHECK(text(1e8) == "1e+08");
    CHECK(text(1.5e-5) == "1.5e-05");
    CHECK(text(std::numeric_limits<float>::infinity()) == "inf");
    CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");
    CHECK(text(~std::uint64_t{0}) == "18446744073709551615");
    for (const double x : {1.0 / 3.0, 1e300, 123456.789, std::numeric_limits<double>::denorm_min()})
        CHECK(std::strtod(text(x).c_str(), nullptr) == x);
}

TEST_CASE("of a large tensor the edges are shown", "[print]") {
    tensor<int, dynamic> t(1001);
    for (int i = 0; i < 1001; ++i) t[i] = i;
    CHECK(to_string(t) == "[   0    1    2 ...  998  999 1000]");
    const tensor<int, 2, 501> wide;
    CHECK(to_string(wide) == "[[0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]]");
    const tensor<int, 501, 2> tall;
    CHECK(to_string(tall) == "[[0 0]\n [0 0]\n [0 0]\n ...\n [0 0]\n [0 0]\n [0 0]]");
}

TEST_CASE("tensors and views go to streams", "[print]") {
    std::ostringstream out;
    const tensor<int, 2> t{1, 2};
    double x = 1.0;
    out << t << ' ' << t.view() << ' ' << tensor_view<double>(&x);
    CHECK(out.str() == "[1 2] [1 2] 1.");
}
