// The value of every operation against the table's reference: random numbers, special values, every dtype.
#include "trial.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

void check(const row& r, dtype t, const std::vector<array>& x) {
    trial g(r, t, x);
    const std::string what = title(r, t, x);
    INFO(what);
    REQUIRE(std::string(g.b().found.what.s) == "");
    const std::string wrong = difference(r, g.run(g.y), expected(r, t, x));
    if (!wrong.empty()) INFO(arguments(x));
    CHECK(wrong == "");
}

/// Every combination of special values.
std::vector<array> combinations(const row& r, dtype t) {
    std::vector<std::vector<real>> values;
    std::size_t n = 1;
    for (int k = 0; k < r.arity; ++k) {
        values.push_back(special_values(r, r.dtype_of_operand(k, t)));
        n *= values.back().size();
    }
    std::vector<array> x;
    std::size_t period = 1;
    for (int k = 0; k < r.arity; ++k) {
        const std::vector<real>& v = values[static_cast<std::size_t>(k)];
        x.push_back(zeros_of(r.dtype_of_operand(k, t), {static_cast<i64>(n)}));
        for (std::size_t i = 0; i < n; ++i) x.back().at[i] = v[i / period % v.size()];
        period *= v.size();
    }
    return x;
}

template <class F>
void for_each_dtype(F f) {
    for (const row& r : all_rows())
        for (const dtype t : every_dtype)
            if (accepts(r.takes, t)) f(r, t);
}

TEST_CASE("values of random numbers", "[ops]") {
    for_each_dtype([](const row& r, dtype t) {
        source random(1);
        if (r.elementwise()) {
            check(r, t, operands(r, t, std::vector<std::vector<i64>>(static_cast<std::size_t>(r.arity), {128}), random));
            return;
        }
        for (const auto& shape : shapes_of(r)) {
            i64 numbers = 0;
            int draws = 0;
            do {   // 100 numbers, where there are any
                const std::vector<array> x = operands(r, t, shape, random);
                for (const array& a : x) numbers += count(a.shape);
                check(r, t, x);
            } while (numbers > 0 && numbers < 100 && ++draws < 100);
        }
    });
}

TEST_CASE("values of special numbers", "[ops]") {
    for_each_dtype([](const row& r, dtype t) {
        if (r.elementwise()) {
            check(r, t, combinations(r, t));
            return;
        }
        source random(2);
        for (const auto& shape : shapes_of(r))
            for (const real v : special_values(r, t)) {
                std::vector<array> x = operands(r, t, shape, random);
                for (std::size_t k = 0; k < x.size(); ++k)
                    if (r.in[k].element == dtype::none)
                        for (std::size_t i = 0; i < x[k].at.size(); ++i)
                            if (i == 0 || random.chance(3)) x[k].at[i] = v;
                check(r, t, x);
            }
    });
}

TEST_CASE("values of every shape", "[ops]") {
    for_each_dtype([](const row& r, dtype t) {
        source random(3);
        if (r.elementwise())
            for (const auto& shape : shapes_of(r)) check(r, t, operands(r, t, shape, random));
    });
}

TEST_CASE("which operations spread NaN", "[ops]") {
    int found = 0;
    for (const row& r : all_rows()) {
        if (!r.elementwise() || !accepts(r.takes, dtype::float64)) continue;
        for (int k = 0; k < r.arity; ++k) {
            if (!is_floating(r.dtype_of_operand(k, dtype::float64))) continue;
            std::vector<array> x = combinations(r, dtype::float64);
            for (real& v : x[static_cast<std::size_t>(k)].at) v = NAN;
            trial g(r, dtype::float64, x);
            const node n = g.y.n();
            bool alone = n.op->spreads_nan && is_floating(n.type) && n.n_in == r.arity;   // not made of several
            for (int j = 0; alone && j < r.arity; ++j) alone = n.in[j] == g.x[static_cast<std::size_t>(j)].id;
            if (!alone) continue;
            ++found;
            INFO(title(r, dtype::float64) << ", operand " << k);
            for (const real v : g.run(g.y).at) REQUIRE(std::isnan(v));
        }
    }
    CHECK(found > 50);
}

}  // namespace
}  // namespace kiln::testing
