// The largest error of kiln's own elementary functions: with the widest registers one float in 17, otherwise fewer (the bits are
// the same), and doubles of all magnitudes. The bounds are those that include/kiln/ops/elementary.hpp and activations.hpp state; the errors over all
// floats are in docs/functions.md.
#include "backend/cpu/math/measure.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace kiln::cpu {
namespace {

using namespace testing;

constexpr std::uint64_t step = vector_bytes<default_arch> == 64 ? 17 : 1009;

void check(const char* name, const char* type, const worst& w, double bound) {
    INFO(name << " of " << type << ": " << w.ulp << " ULP at " << w.at << ": got " << w.got << ", want " << w.want);
    CHECK(w.ulp <= bound);
}
template <class F, class G>
void check_both(const char* name, F f, G exact, double bound, float largest = HUGE_VALF) {
    check(name, "float32", of_floats(f, exact, step, -largest, largest), bound);
    if (largest < HUGE_VALF) check(name, "float32", of_floats(f, exact, 5003), bound);
    check(name, "float64", of_doubles(f, exact, 2000000), bound);
}

#define FUNCTION(name, bound, ...)                                                                                     \
    TEST_CASE("the error of " #name, "[cpu][math]") {                                                                  \
        check_both(#name, [](auto v) KILN_INLINE_LAMBDA { return name(v); }, [](auto v) { return std::name(v); }, bound __VA_OPT__(,) __VA_ARGS__); \
    }
FUNCTION(exp, 1.25)
FUNCTION(exp2, 1.25)
FUNCTION(expm1, 1.5)
FUNCTION(log, 1.25)
FUNCTION(log2, 2)
FUNCTION(log10, 2)
FUNCTION(log1p, 1.25)
FUNCTION(sin, 1.75, 0x1p18f)   // beyond, it is the standard library's, which is slow there
FUNCTION(cos, 1.75, 0x1p18f)
FUNCTION(tan, 4, 0x1p18f)
FUNCTION(asin, 3)
FUNCTION(acos, 1.5)
FUNCTION(atan, 2.5)
FUNCTION(sinh, 3)
FUNCTION(cosh, 2)
FUNCTION(tanh, 2)
FUNCTION(asinh, 2.5)
FUNCTION(acosh, 2.5)
FUNCTION(atanh, 2.5)
TEST_CASE("the error of erf", "[cpu][math]") {   // of floats another formula
    const auto f = [](auto v) KILN_INLINE_LAMBDA { return erf(v); };
    const auto exact = [](auto v) { return std::erf(v); };
    check("erf", "float32", of_floats(f, exact, step), 2.75);
    check("erf", "float64", of_doubles(f, exact, 2000000), 2);
}
FUNCTION(erfc, 4)
FUNCTION(sqrt, 0.5)
FUNCTION(floor, 0)
FUNCTION(ceil, 0)
FUNCTION(trunc, 0)
TEST_CASE("the error of round", "[cpu][math]") {   // ties go to even
    check_both("round", [](auto v) KILN_INLINE_LAMBDA { return round(v); }, [](auto v) { return std::nearbyint(v); }, 0);
}

TEST_CASE("the error of the logistic function and its integral", "[cpu][math]") {
    check_both("logistic", [](auto v) KILN_INLINE_LAMBDA { return logistic(v); },
               [](auto v) { const auto e = std::exp(-std::fabs(v)); return (v < 0 ? e : 1) / (1 + e); }, 3);
    check_both("log_one_plus_exp", [](auto v) KILN_INLINE_LAMBDA { return log_one_plus_exp(v); },
               [](auto v) { return std::isnan(v) ? v : (v < 0 ? 0 : v) + std::log1p(std::exp(-std::fabs(v))); }, 4);
}
TEST_CASE("the error of log1p between 0 and 1", "[cpu][math]") {
    const auto f = [](auto v) KILN_INLINE_LAMBDA { return log1p_of_unit(v); };
    const auto exact = [](auto v) { return std::log1p(v); };
    check("log1p_of_unit", "float32", of_floats(f, exact, step, 0, 1), 2);
    check("log1p_of_unit", "float64", of_doubles(f, exact, 2000000, 0, 1), 2);
}
TEST_CASE("the error of pow", "[cpu][math]") {
    check("pow", "float32", of_powers<float>(4000000), 0.75);
    check("pow", "float64", of_powers<double>(2000000), 2);
}
TEST_CASE("the error of atan2", "[cpu][math]") {
    check("atan2", "float32", of_points<float>(4000000), 2.5);
    check("atan2", "float64", of_points<double>(2000000), 2.5);
}

}  // namespace
}  // namespace kiln::cpu
