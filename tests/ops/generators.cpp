// Random numbers beyond the table's rows: what they are distributed like, and what they depend on.
#include "trial.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

constexpr i64 many = 20000;

template <class Initializer>
array drawn_by(Initializer, const char* name, dtype t, i64 n = many) {
    trial g;
    return g.run(Initializer::initial(g.b(), g.type_in(t, {n}), g.b().name(name)));
}
struct moments { real mean, variance, low, high; };
moments moments_of(const array& a) {
    moments m{0, 0, HUGE_VALL, -HUGE_VALL};
    for (const real v : a.at) {
        m.mean += v / static_cast<real>(a.at.size());
        m.low = std::min(m.low, v);
        m.high = std::max(m.high, v);
    }
    for (const real v : a.at) m.variance += (v - m.mean) * (v - m.mean) / static_cast<real>(a.at.size());
    return m;
}

TEST_CASE("distributions of the initializers", "[ops]") {
    for (const dtype t : {dtype::float32, dtype::float64}) {
        INFO(name_of(t));
        const moments u = moments_of(drawn_by(random_uniform<-1.0, 3.0>, "a", t));
        CHECK(std::fabs(u.mean - 1) < 0.04);
        CHECK(std::fabs(u.variance - 16.0L / 12) < 0.04);
        CHECK((u.low >= -1 && u.low < -0.99 && u.high < 3 && u.high > 2.99));
        const moments n = moments_of(drawn_by(random_normal<1.0, 0.5>, "a", t));
        CHECK(std::fabs(n.mean - 1) < 0.02);
        CHECK(std::fabs(n.variance - 0.25) < 0.01);
        CHECK((n.low < 1 - 1.5 && n.high > 1 + 1.5));
        const moments c = moments_of(drawn_by(truncated_normal<0.0, 0.1>, "a", t));
        CHECK(std::fabs(c.mean) < 0.004);
        CHECK(std::fabs(c.variance - 0.01L * 0.7737L) < 0.0004);   // of a normal cut at two deviations
        CHECK((c.low > -0.2 && c.high < 0.2));
    }
}

TEST_CASE("random numbers are a function of seed, name and position", "[ops]") {
    const array a = drawn_by(random_normal<>, "a", dtype::float64, 50);
    CHECK(drawn_by(random_normal<>, "a", dtype::float64, 50).at == a.at);
    CHECK(drawn_by(random_normal<>, "b", dtype::float64, 50).at != a.at);
    const array more = drawn_by(random_normal<>, "a", dtype::float64, 80);   // the first ones stay
    CHECK(std::equal(a.at.begin(), a.at.end(), more.at.begin()));
    // one node drawn from twice gives the same numbers
    trial g;
    const value u = random_uniform<>.initial(g.b(), g.type_in(dtype::float64, {4}), g.b().name("u"));
    const value v = random_uniform<>.initial(g.b(), g.type_in(dtype::float64, {4}), g.b().name("u"));
    CHECK(u.id == v.id);
    CHECK(g.run(u + v - 2 * u).at == std::vector<real>(4));
}

}  // namespace
}  // namespace kiln::testing
